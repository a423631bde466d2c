import { ANNOTATIONS } from '../../../naming';
import { say, type Rule } from '../policy';
import { someContainerRuns } from '../vocabulary';

/**
 * A pod object that vanishes before its process has ended makes room for a second one. With its full grace the object stays until
 * the kubelet says that the process is gone; with a shorter one a signer is killed in the middle of a write, with none nobody waits.
 *
 * Of a pod that ended the API server itself makes the grace 0 (kubernetes 1.34: pkg/registry/core/pod/strategy.go, CheckGracefulDelete), whoever
 * deletes it: the StatefulSet controller, the pod garbage collector, an operator. That its own kubelet alone says so is held by `pod-status`.
 * The kubelet writes a terminal phase, be it for an eviction, a shutdown or a preemption, only once no container of the pod can run
 * (pkg/kubelet/status/status_manager.go, mergePodStatus; pkg/kubelet/pod_workers.go, CouldHaveRunningContainers). A pod that it refuses when it
 * starts has no container statuses; one that it ran before its own restart is taken to be ended a moment before the runtime was asked
 * (SyncKnownPods). Hence a container that is said to run outweighs the phase; what no status says, nobody here can know.
 */
export const podDeletion: Rule = {
  purpose: 'A pod is gone when its machine says so, not when somebody is in a hurry.',
  scope: 'protected',
  judges: 'request',
  resources: [
    { group: '', resources: ['pods'], operations: ['DELETE'] },
    { group: '', resources: ['pods/eviction'], operations: ['CREATE'] },
  ],
  variables: {
    isEviction: `request.operation == 'CREATE'`,
    ended: `oldObject != null && oldObject.?status.?phase.orValue('') in ['Failed', 'Succeeded'] && !(${someContainerRuns('oldObject')})`,
    grace: `oldObject == null ? 0 : oldObject.spec.?terminationGracePeriodSeconds.orValue(30)`,
    asked: `has(request.options) && has(request.options.gracePeriodSeconds) ? int(request.options.gracePeriodSeconds) : variables.grace`,
  },
  validations: [
    {
      expression: `variables.isOperator || variables.isRolloutEngine || variables.isBreakGlass || variables.isControlPlane || (!variables.isEviction && variables.isOwnKubelet)`,
      message: `variables.user + ' may not end a staking pod. An operator of the node may: see the runbook stop-a-node.'`,
    },
    {
      expression: `variables.isEviction || variables.machine == '' || variables.isOwnKubelet || variables.ended || variables.proven || variables.asked >= variables.grace`,
      message:
        `'a grace of ' + string(variables.asked) + ' s is less than the ' + string(variables.grace) + ' s that this client needs, and 0 lets a second signer start while this one runs. ' + ` +
        `'Delete it without --grace-period and --force. If its machine ended: break-glass, with the annotation ${ANNOTATIONS.machineEnded}: "' + variables.machine + ': <evidence>" on the pod.'`,
    },
    {
      expression: `!variables.isEviction || !has(object.deleteOptions) || !has(object.deleteOptions.gracePeriodSeconds)`,
      message: say('an eviction may name no grace of its own: the client\'s full grace holds. Drain without --grace-period.'),
    },
  ],
};
