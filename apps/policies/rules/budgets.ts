import { LABELS } from '../../../naming';
import { celString, say, type Rule } from '../policy';
import { identityKept } from '../vocabulary';

/** A signer's budget is what makes moving it somebody's deliberate act. */
export const budgets: Rule = {
  purpose: 'Without its budget a signer is moved by whoever drains its machine, at any time.',
  scope: 'protected',
  judges: 'request',
  resources: [
    { group: 'policy', resources: ['poddisruptionbudgets'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'policy', resources: ['poddisruptionbudgets/status'], operations: ['UPDATE'] },
  ],
  variables: {
    mayApply: `variables.isDeployer || variables.isPlatform || variables.isRolloutEngine || variables.isBreakGlass`,
    isUpdate: `request.operation == 'UPDATE' && variables.subresource == ''`,
    // A percentage is no number of pods: it counts as lifted.
    allowed: `object == null || !has(object.spec.maxUnavailable) ? 1 : (type(object.spec.maxUnavailable) == int ? int(object.spec.maxUnavailable) : 1)`,
    oldAllowed: `oldObject == null ? 0 : (!has(oldObject.spec.maxUnavailable) ? 1 : (type(oldObject.spec.maxUnavailable) == int ? int(oldObject.spec.maxUnavailable) : 1))`,
    signer: `object != null && object.metadata.?labels[?${celString(LABELS.signer)}].orValue('') == 'true'`,
  },
  validations: [
    {
      expression: `request.operation == 'DELETE' ? variables.isRolloutEngine || variables.isBreakGlass : (variables.subresource == 'status' ? variables.isControlPlane : variables.mayApply || (variables.isUpdate && variables.isOperator))`,
      message: `variables.user + ' may not write a budget. It follows from the fleet; an operator of the node lifts it for a drain.'`,
    },
    {
      expression: `request.operation != 'CREATE' || !variables.signer || variables.allowed == 0`,
      message: say('a signer\'s budget is maxUnavailable: 0. It is lifted for a drain, by an operator.'),
    },
    {
      expression: `!variables.isUpdate || !variables.signer || variables.allowed <= variables.oldAllowed || variables.mayFire`,
      message: `variables.user + ' may not lift a signer\\'s budget: a drain is an operator\\'s deliberate act (runbook machines).'`,
    },
    {
      expression: `!variables.isUpdate || (object.spec.?selector == oldObject.spec.?selector && object.spec.?minAvailable == oldObject.spec.?minAvailable && object.spec.?unhealthyPodEvictionPolicy == oldObject.spec.?unhealthyPodEvictionPolicy && ${identityKept})`,
      message: say('of a budget only maxUnavailable changes: with another selector it guards another pod.'),
    },
  ],
};
