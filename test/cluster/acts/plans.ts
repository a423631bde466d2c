import { create, merge, type Act, type ApiRequest, type Identity } from './act';

const OTHERS: readonly Identity[] = ['viewer', 'operator', 'deployer', 'rolloutEngine', 'breakGlass', 'dataCustodian', 'platform', 'editor'];
const APPLIERS: readonly Identity[] = ['operator', 'deployer', 'rolloutEngine', 'breakGlass', 'platform'];
/** In a namespace that nothing else protects, and under a name that is free each time. */
const anywhere = (): ApiRequest => create('/api/v1/namespaces/default/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'planned-' } });

/** What the identity that plans pull requests may do, beside what it may try. */
export const planActs: readonly Act[] = [
  { title: 'a write, carried out', rule: 'dry-runs-only', request: anywhere, allowed: OTHERS, real: true },
  { title: 'a write, tried', rule: 'dry-runs-only', request: anywhere, allowed: [...OTHERS, 'planner'] },
  { title: 'a patch of a signer that changes nothing, carried out', rule: 'dry-runs-only', request: ({ statefulSet }) => merge(statefulSet, { spec: { replicas: 1 } }), allowed: APPLIERS, or: ['workload-writers'], table: ['operator', 'deployer', 'rolloutEngine', 'breakGlass'], real: true },
  { title: 'a patch of a signer that changes nothing, tried', rule: 'dry-runs-only', request: ({ statefulSet }) => merge(statefulSet, { spec: { replicas: 1 } }), allowed: [...APPLIERS, 'planner'], or: ['workload-writers'], table: ['operator', 'deployer', 'planner', 'rolloutEngine', 'breakGlass'] },
];
