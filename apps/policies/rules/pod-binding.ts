import type { Rule } from '../policy';

export const podBinding: Rule = {
  purpose: 'The scheduler keeps two copies of a node off one machine and honours ReadWriteOncePod; a binding by hand goes past it.',
  scope: 'protected',
  judges: 'request',
  resources: [{ group: '', resources: ['bindings', 'pods/binding'], operations: ['CREATE'] }],
  validations: [
    {
      expression: `variables.user == 'system:kube-scheduler'`,
      message: `variables.user + ' may not choose a pod\\'s machine: the scheduler does. If it stays Pending, see the runbook machines.'`,
    },
  ],
};
