import type { Rule } from '../policy';

export const boundsOfTheCluster: Rule = {
  purpose: 'Our roles, StorageClasses and PriorityClasses say who may do what and how disks are kept; nobody changes them in passing.',
  scope: 'cluster',
  judges: 'request',
  resources: [
    { group: 'rbac.authorization.k8s.io', resources: ['clusterrolebindings', 'clusterroles'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'scheduling.k8s.io', resources: ['priorityclasses'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'storage.k8s.io', resources: ['storageclasses'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
  ],
  variables: {
    any: `object == null ? oldObject : object`,
  },
  validations: [
    {
      expression: `!variables.any.metadata.?name.orValue('').startsWith('stockade-') || variables.isPlatform`,
      message: `variables.user + ' may not write ' + variables.any.metadata.?name.orValue('') + '. It follows from the fleet, and is applied by the identity that builds clusters.'`,
    },
  ],
};
