import { ANNOTATIONS } from '../../../naming';
import { say, type Policy } from '../policy';
import { annotationKept, identityKept, metadataKept } from '../vocabulary';

/**
 * The StatefulSet controller replaces a pod whose phase is Failed or Succeeded, at once and without any grace. Only the kubelet that
 * ran it knows that it ended; the pod garbage collector writes `Failed` for a machine whose Node object is gone or is tainted
 * out-of-service (kubernetes: pkg/controller/podgc, markFailedAndDeletePod), whether or not the machine still runs.
 */
export const podStatus: Policy = {
  name: 'pod-status',
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
      expression: `variables.phase == variables.oldPhase || !(variables.phase in ['Failed', 'Succeeded']) || variables.machine == '' || variables.user == 'system:node:' + variables.machine`,
      message: `'only the kubelet of ' + variables.machine + ' knows that the pod ended. Once it is proven that the machine did, break-glass deletes the pod.'`,
    },
    {
      expression: `${identityKept} && ${metadataKept('ownerReferences')} && ${metadataKept('finalizers')} && ${annotationKept(ANNOTATIONS.machineEnded)}`,
      message: say('labels, owners, finalizers and proofs are not a status.'),
    },
  ],
};
