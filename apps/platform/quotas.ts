import { KubeResourceQuota, Quantity } from 'cdk8s-plus-27/lib/imports/k8s';
import { manifestOf, type Manifest } from '../../constructs/manifest';
import type { Cluster } from '../../model/types';
import { PLATFORM_LABELS, storageClassName } from '../../naming';
import type { NetworkFacts } from './model';
import { VOLUME_KINDS } from './storage-classes';

/**
 * Room for what is declared, and for nothing else. A component has one replica and is replaced in its place (its pod counts
 * until it is gone, and only then is the next one made), so no surge is added: a second copy of a running node finds no
 * StatefulSet left to be, no pod, no CPU and no disk. Not the layer to rely on, as quota knows no node by name: an identity
 * that made one pod fewer may make another.
 *
 * - PVCs of retired nodes count as long as their disks are there. A node leaves the fleet after its disks were deleted, not
 *   before: otherwise the next node's PVCs are refused.
 * - A quota below what is used deletes nothing. It refuses what comes after.
 */
export function networkQuota(cluster: Cluster, namespace: string, facts: NetworkFacts, helm: boolean): Manifest {
  const hard: Record<string, string> = {
    pods: String(facts.running.pods),
    'requests.cpu': cpu(facts.running.cpuMillis),
    'requests.memory': `${facts.running.memoryMiB}Mi`,
    'limits.memory': `${facts.running.memoryMiB}Mi`,
    'services.loadbalancers': String(facts.loadBalancers),
    'services.nodeports': String(facts.nodePorts),
    'count/statefulsets.apps': String(facts.statefulSets),
    ...storage(cluster, facts),
    ...Object.fromEntries(NEVER_HERE.map((resource) => [`count/${resource}`, '0'])),
    'count/secrets': helm ? HELM_SECRETS : '0',
  };
  return manifestOf(KubeResourceQuota, {
    metadata: { name: 'declared', namespace, labels: { ...PLATFORM_LABELS } },
    spec: { hard: Object.fromEntries(Object.entries(hard).map(([name, value]) => [name, Quantity.fromString(value)])) },
  });
}

/** Whatever else could run a pod, change how many there are, or put an RPC port on the web. */
const NEVER_HERE: readonly string[] = [
  'cronjobs.batch',
  'daemonsets.apps',
  'deployments.apps',
  'horizontalpodautoscalers.autoscaling',
  'ingresses.networking.k8s.io',
  'jobs.batch',
  'podtemplates',
  'replicasets.apps',
  'replicationcontrollers',
];

/**
 * Validator keys, JWTs and node keys come from the agent, images are pulled by the machine, and service account tokens are
 * projected: nothing of ours is a Secret. Helm keeps each revision of a release as one: at most `--history-max`, 10 unless told
 * otherwise (helm: `storage.Create` makes room before it adds), and there is one release in a namespace. Room is not permission: of the
 * roles in `permissions.ts` none writes Secrets, so a Helm release is installed by the identity that builds clusters.
 */
const HELM_SECRETS = '10';

/** StorageClasses that the clouds set up: not under our key, and gone with their PVC. */
const FOREIGN_CLASSES: Readonly<Record<Cluster['cloud'], readonly string[]>> = {
  gcp: ['standard', 'standard-rwo', 'premium-rwo', 'standard-rwx', 'premium-rwx', 'enterprise-rwx', 'zonal-rwx'],
  aws: ['gp2', 'gp3'],
};

/** The totals bar classes that nobody thought of, in as far as every declared PVC is there. */
function storage(cluster: Cluster, facts: NetworkFacts): Record<string, string> {
  const classes = VOLUME_KINDS.map((kind) => ({ name: storageClassName(kind), ...(facts.volumes[kind] ?? NO_VOLUMES) }));
  const limits: Record<string, string> = {
    persistentvolumeclaims: String(classes.reduce((sum, { count }) => sum + count, 0)),
    'requests.storage': `${classes.reduce((sum, { storageGiB }) => sum + storageGiB, 0)}Gi`,
  };
  for (const { name, count, storageGiB } of [...classes, ...FOREIGN_CLASSES[cluster.cloud].map((name) => ({ name, ...NO_VOLUMES }))]) {
    limits[`${name}.storageclass.storage.k8s.io/persistentvolumeclaims`] = String(count);
    limits[`${name}.storageclass.storage.k8s.io/requests.storage`] = `${storageGiB}Gi`;
  }
  return limits;
}

const NO_VOLUMES = { count: 0, storageGiB: 0 } as const;

const cpu = (millis: number): string => (millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`);
