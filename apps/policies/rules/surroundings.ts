import { say, type Rule } from '../policy';

/** What a node stands on, besides its workload: its configuration, its addresses, its account, what may reach it. */
export const surroundings: Rule = {
  purpose: 'A changed file, address or network policy reaches a running signer past its armed partition.',
  scope: 'protected',
  judges: 'request',
  shape: ['automountServiceAccountToken', 'metadata.annotations', 'spec'],
  resources: [
    { group: '', resources: ['configmaps', 'endpoints', 'secrets', 'serviceaccounts', 'services'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'apps', resources: ['controllerrevisions'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'discovery.k8s.io', resources: ['endpointslices'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: 'networking.k8s.io', resources: ['ingresses', 'networkpolicies'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
  ],
  variables: {
    any: `object == null ? oldObject : object`,
    kind: `variables.any.kind`,
    name: `variables.any.metadata.?name.orValue('')`,
    mayApply: `variables.isDeployer || variables.isPlatform || variables.isRolloutEngine || variables.isBreakGlass`,
    isOurs: `!(variables.kind in ['ControllerRevision', 'Endpoints', 'EndpointSlice', 'Ingress', 'Secret'])`,
  },
  validations: [
    {
      expression: `variables.isControlPlane || !variables.isOurs || (request.operation == 'DELETE' ? variables.isRolloutEngine || variables.isBreakGlass : variables.mayApply)`,
      message: `variables.user + ' may not ' + (request.operation == 'DELETE' ? 'delete' : 'write') + ' the ' + variables.kind + ' ' + variables.name + ': a running signer stands on it. Change the fleet by a reviewed pull request.'`,
    },
    {
      expression: `!(variables.kind in ['ControllerRevision', 'Endpoints', 'EndpointSlice']) || variables.isControlPlane`,
      message: `'a ' + variables.kind + ' is the control plane\\'s own: an edited one sends a node elsewhere, or brings back another revision.'`,
    },
    {
      judges: 'object',
      expression: `variables.kind != 'Ingress' || request.operation == 'DELETE'`,
      message: say('nothing of a staking node is on the web. Declare a consumer in the fleet.'),
    },
    {
      expression: `variables.kind != 'Secret' || (variables.isPlatform && (request.operation == 'DELETE' || object.?type.orValue('') == 'helm.sh/release.v1'))`,
      message: say('no secret of a staking node is a Kubernetes Secret: keys come from the secret manager, through the agent. Helm may keep its release records, as the identity that builds clusters.'),
    },
    {
      expression: `variables.kind != 'ConfigMap' || request.operation != 'CREATE' || variables.isControlPlane || object.?immutable.orValue(false)`,
      message: say('a ConfigMap is immutable and named by its content: changed in place it would reach the node at its next crash. Apply what synth rendered.'),
    },
    {
      expression: `variables.kind != 'NetworkPolicy' || variables.name != 'default-deny' || variables.isPlatform`,
      message: say('default-deny is the wall that every opening is cut into. It is applied by the identity that builds clusters.'),
    },
    {
      judges: 'object',
      expression: `variables.kind != 'Service' || request.operation == 'DELETE' || (!has(object.spec.externalIPs) && object.spec.?type.orValue('ClusterIP') != 'ExternalName')`,
      message: say('a Service with external addresses or names sends traffic for a node elsewhere. How it is reached is declared in the fleet.'),
    },
    {
      judges: 'object',
      expression: `variables.kind != 'ServiceAccount' || request.operation == 'DELETE' || variables.isControlPlane || object.?automountServiceAccountToken.orValue(true) == false`,
      message: say('a service account here mounts no token by itself (automountServiceAccountToken: false): the agent has one of its own.'),
    },
  ],
};
