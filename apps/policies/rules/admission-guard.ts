import { celString, type Rule } from '../policy';
import { GATEKEEPER_NAMESPACE } from '../../../naming';

/**
 * What Gatekeeper goes by. Admission sees neither native policies nor their bindings (kubernetes: they are exempt, so that a bad one can be
 * taken away): nobody's role writes those, and RBAC alone says so.
 */
export const admissionGuard: Rule = {
  purpose: 'Whoever edits a constraint has edited every rule.',
  scope: 'cluster',
  judges: 'request',
  resources: [
    { group: 'templates.gatekeeper.sh', resources: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'constraints.gatekeeper.sh', resources: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'config.gatekeeper.sh', resources: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'mutations.gatekeeper.sh', resources: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'expansion.gatekeeper.sh', resources: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'apiextensions.k8s.io', resources: ['customresourcedefinitions'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
  ],
  variables: {
    any: `object == null ? oldObject : object`,
    name: `variables.any.metadata.?name.orValue('')`,
    isGatekeepers: `request.resource.group != 'apiextensions.k8s.io' || variables.name.endsWith('.gatekeeper.sh')`,
  },
  validations: [
    {
      expression: `!variables.isGatekeepers || variables.isPlatform || variables.isControlPlane || variables.user.startsWith(${celString(`system:serviceaccount:${GATEKEEPER_NAMESPACE}:gatekeeper-`)})`,
      message: `variables.user + ' may not write ' + variables.any.kind + ' ' + variables.name + ': the admission policies follow from apps/policies, and are applied by the identity that builds clusters.'`,
    },
  ],
};
