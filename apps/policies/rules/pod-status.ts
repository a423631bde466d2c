import { ANNOTATIONS } from '../../../naming';
import { say, type Rule } from '../policy';
import { annotationKept, containersKept, identityKept, metadataKept, someContainerRuns } from '../vocabulary';

/**
 * The StatefulSet controller replaces a pod whose phase is Failed or Succeeded, at once and without any grace, and `pod-deletion` lets it. Only the
 * kubelet that ran it knows that it ended; the pod garbage collector writes `Failed` for a machine whose Node object is gone or is tainted
 * out-of-service (kubernetes: pkg/controller/podgc, markFailedAndDeletePod), whether or not the machine still runs.
 *
 * No other route writes a status: a new pod starts Pending, and a write of the pod, its ephemeral containers or its size keeps the status that was
 * there (kubernetes 1.34: pkg/registry/core/pod/strategy.go); a binding adds a condition (setPodNodeAndMetadata).
 */
export const podStatus: Rule = {
  purpose: 'A pod that is called ended while it runs is replaced by a second one.',
  scope: 'protected',
  judges: 'request',
  nativeOnly: 'Every machine writes its pods\' status all the time: with Gatekeeper down none could, and every pod would look lost.',
  resources: [{ group: '', resources: ['pods/status'], operations: ['UPDATE'] }],
  variables: {
    phase: `object.?status.?phase.orValue('')`,
    oldPhase: `oldObject.?status.?phase.orValue('')`,
  },
  validations: [
    {
      // A pod that is deleted before it was placed is placed no more, and held by a finalizer alone: the garbage collector calls it Failed.
      expression: `variables.phase == variables.oldPhase || ![variables.phase, variables.oldPhase].exists(phase, phase in ['Failed', 'Succeeded']) || variables.isOwnKubelet || (variables.machine == '' && has(oldObject.metadata.deletionTimestamp) && variables.isControlPlane)`,
      message: `(variables.machine == '' ? 'a pod that was never placed has not ended.' : 'only the kubelet of ' + variables.machine + ' knows whether the pod ended.') + ' Once it is proven that its machine did, break-glass deletes the pod.'`,
    },
    {
      expression: `variables.isOwnKubelet || ${containersKept} || !(${someContainerRuns('oldObject')})`,
      message: `'only the kubelet of ' + variables.machine + ' knows that a container no longer runs: a pod that ended goes without grace.'`,
    },
    {
      expression: `${identityKept} && ${metadataKept('ownerReferences')} && ${metadataKept('finalizers')} && ${annotationKept(ANNOTATIONS.machineEnded)}`,
      message: say('labels, owners, finalizers and proofs are not a status.'),
    },
  ],
};
