import { ANNOTATIONS } from '../../../naming';
import { say, type Policy } from '../policy';

/**
 * A pod object that vanishes before its process has ended makes room for a second one. With its full grace the object stays until
 * the kubelet says that the process is gone; with a shorter one a signer is killed in the middle of a write, with none nobody waits.
 */
export const podDeletion: Policy = {
  name: 'pod-deletion',
  purpose: 'A pod is gone when its machine says so, not when somebody is in a hurry.',
  scope: 'protected',
  judges: 'request',
  resources: [
    { group: '', resources: ['pods'], operations: ['DELETE'] },
    { group: '', resources: ['pods/eviction'], operations: ['CREATE'] },
  ],
  variables: {
    isEviction: `request.operation == 'CREATE'`,
    ownKubelet: `variables.machine != '' && variables.user == 'system:node:' + variables.machine`,
    grace: `oldObject == null ? 0 : oldObject.spec.?terminationGracePeriodSeconds.orValue(30)`,
    asked: `has(request.options) && has(request.options.gracePeriodSeconds) ? int(request.options.gracePeriodSeconds) : variables.grace`,
  },
  validations: [
    {
      expression: `variables.isOperator || variables.isRolloutEngine || variables.isBreakGlass || variables.isControlPlane || (!variables.isEviction && variables.ownKubelet)`,
      message: `variables.user + ' may not end a staking pod. An operator of the node may: see the runbook stop-a-node.'`,
    },
    {
      expression: `variables.isEviction || variables.machine == '' || variables.ownKubelet || variables.proven || variables.asked >= variables.grace`,
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
