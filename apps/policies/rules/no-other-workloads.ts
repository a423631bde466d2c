import { type Rule } from '../policy';

/** In the namespaces of staking nodes StatefulSets run, and nothing else that could make a pod or change how many there are. */
export const noOtherWorkloads: Rule = {
  purpose: 'A workload of another kind could mount a node\'s volumes, use its identity, or raise its replicas.',
  scope: 'protected',
  judges: 'object',
  // A PodTemplate has no spec.
  shape: ['spec', 'template'],
  resources: [
    { group: 'apps', resources: ['daemonsets', 'deployments', 'deployments/scale', 'replicasets', 'replicasets/scale'], operations: ['CREATE', 'UPDATE'] },
    { group: 'batch', resources: ['cronjobs', 'jobs'], operations: ['CREATE', 'UPDATE'] },
    { group: 'autoscaling', resources: ['horizontalpodautoscalers'], operations: ['CREATE', 'UPDATE'] },
    { group: '', resources: ['podtemplates', 'replicationcontrollers', 'replicationcontrollers/scale'], operations: ['CREATE', 'UPDATE'] },
  ],
  validations: [
    {
      expression: `false`,
      message: `'a ' + object.kind + ' has no place among staking nodes: it could start a second signer. Run it in another namespace; what belongs to a node is declared in the fleet.'`,
    },
  ],
};
