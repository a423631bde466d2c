import type { Policy } from '../policy';
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

/** Every rule, one a file. */
export function policies(facts: PolicyFacts): readonly Policy[] {
  return [
    // How many, and as whom.
    singleReplica,
    noOtherWorkloads,
    workloadIdentity(facts),
    podsFromStatefulSets(facts),
    podBinding,
    // How a workload is written, started, stopped and removed.
    workloadWriters,
    hold,
    workloadDeletion,
    hardenedPods(facts),
    signingStateKept(facts),
    // What becomes of its pod.
    podChanges(facts),
    podStatus,
    podDeletion,
    budgets,
    sessions,
    // Disks.
    volumeClaims(facts),
    volumeSnapshots(facts),
    persistentVolumes(facts),
    // What all of it stands on.
    surroundings,
    bounds,
    boundsOfTheCluster,
    namespaces,
    machines(facts),
    admissionGuard,
    webhookGuard,
    dryRunsOnly(facts),
  ];
}
