/** Every rule of `rules/`, by its name; without what it says, so that permissions can go by it. */
export const RULE_NAMES = [
  'single-replica',
  'no-other-workloads',
  'workload-identity',
  'pods-from-statefulsets',
  'pod-binding',
  'workload-writers',
  'hold',
  'workload-deletion',
  'hardened-pods',
  'signing-state-kept',
  'pod-changes',
  'pod-status',
  'pod-deletion',
  'budgets',
  'sessions',
  'volume-claims',
  'volume-snapshots',
  'persistent-volumes',
  'surroundings',
  'bounds',
  'bounds-of-the-cluster',
  'namespaces',
  'machines',
  'admission-guard',
  'webhook-guard',
  'dry-runs-only',
] as const;

/** What Gatekeeper calls the constraints of a rule in paths: their kind in lower case. */
export const constraintPlural = (rule: string): string => `stockade${rule.replaceAll('-', '')}`;
