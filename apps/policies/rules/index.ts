import type { Policy, Rule } from '../policy';
import type { PolicyFacts } from '../vocabulary';
import { admissionGuard } from './admission-guard';
import { bounds } from './bounds';
import { boundsOfTheCluster } from './bounds-of-the-cluster';
import { budgets } from './budgets';
import { dryRunsOnly } from './dry-runs-only';
import { hardenedPods } from './hardened-pods';
import { hold } from './hold';
import { machines } from './machines';
import { namespaces } from './namespaces';
import { noOtherWorkloads } from './no-other-workloads';
import { persistentVolumes } from './persistent-volumes';
import { podBinding } from './pod-binding';
import { podChanges } from './pod-changes';
import { podDeletion } from './pod-deletion';
import { podStatus } from './pod-status';
import { podsFromStatefulSets } from './pods-from-statefulsets';
import { sessions } from './sessions';
import { signingStateKept } from './signing-state-kept';
import { singleReplica } from './single-replica';
import { surroundings } from './surroundings';
import { volumeClaims } from './volume-claims';
import { volumeSnapshots } from './volume-snapshots';
import { webhookGuard } from './webhook-guard';
import { workloadDeletion } from './workload-deletion';
import { workloadIdentity } from './workload-identity';
import { workloadWriters } from './workload-writers';

/** Every rule by its name, one a file of that name. */
const RULES = {
  // How many, and as whom.
  'single-replica': singleReplica,
  'no-other-workloads': noOtherWorkloads,
  'workload-identity': workloadIdentity,
  'pods-from-statefulsets': podsFromStatefulSets,
  'pod-binding': podBinding,
  // How a workload is written, started, stopped and removed.
  'workload-writers': workloadWriters,
  hold,
  'workload-deletion': workloadDeletion,
  'hardened-pods': hardenedPods,
  'signing-state-kept': signingStateKept,
  // What becomes of its pod.
  'pod-changes': podChanges,
  'pod-status': podStatus,
  'pod-deletion': podDeletion,
  budgets,
  sessions,
  // Disks.
  'volume-claims': volumeClaims,
  'volume-snapshots': volumeSnapshots,
  'persistent-volumes': persistentVolumes,
  // What all of it stands on.
  surroundings,
  bounds,
  'bounds-of-the-cluster': boundsOfTheCluster,
  namespaces,
  machines,
  'admission-guard': admissionGuard,
  'webhook-guard': webhookGuard,
  'dry-runs-only': dryRunsOnly,
} satisfies Readonly<Record<string, Rule | ((facts: PolicyFacts) => Rule)>>;

export const RULE_NAMES: readonly string[] = Object.keys(RULES);

/** What the rules come to in one cluster. */
export function policies(facts: PolicyFacts): readonly Policy[] {
  return Object.entries(RULES).map(([name, rule]) => ({ name, ...(typeof rule === 'function' ? rule(facts) : rule) }));
}
