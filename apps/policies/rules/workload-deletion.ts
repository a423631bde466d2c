import { say, type Rule } from '../policy';

export const workloadDeletion: Rule = {
  purpose: 'A StatefulSet that goes before its pod leaves a signer that nothing counts, or makes room for a second one.',
  scope: 'protected',
  judges: 'request',
  resources: [{ group: 'apps', resources: ['statefulsets'], operations: ['DELETE'] }],
  validations: [
    {
      expression: `variables.isRolloutEngine || variables.isBreakGlass`,
      message: `variables.user + ' may not delete a staking workload. Declare the node retired; the rollout engine removes it once it has stopped.'`,
    },
    {
      expression: `variables.oldReplicas == 0 && oldObject.?status.?replicas.orValue(0) == 0`,
      message: say('it still has its pod. Stop the node first (runbook stop-a-node), and delete its StatefulSet when the pod is gone.'),
    },
    {
      expression:
        `!has(request.options) || ((!has(request.options.propagationPolicy) || request.options.propagationPolicy != 'Orphan') && ` +
        `(!has(request.options.orphanDependents) || request.options.orphanDependents != true))`,
      message: say('an orphaned pod runs on while a new StatefulSet starts a second one. Delete without --cascade=orphan.'),
    },
  ],
};
