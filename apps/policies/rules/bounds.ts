import type { Rule } from '../policy';

export const bounds: Rule = {
  purpose: 'Who may widen a role or a quota may do everything that they bound.',
  scope: 'protected',
  judges: 'request',
  resources: [
    { group: 'rbac.authorization.k8s.io', resources: ['rolebindings', 'roles'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: '', resources: ['limitranges', 'resourcequotas'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
  ],
  validations: [
    {
      expression: `variables.isPlatform`,
      message: `variables.user + ' may not write roles and quotas among staking nodes. They follow from the fleet, and are applied by the identity that builds clusters.'`,
    },
  ],
};
