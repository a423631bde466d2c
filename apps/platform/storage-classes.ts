import { KubeStorageClass } from 'cdk8s-plus-27/lib/imports/k8s';
import { manifestOf, type Manifest } from '../../constructs/manifest';
import type { VolumeKind } from '../../model/catalogue';
import type { Cluster } from '../../model/types';
import { diskKeyName, keyRingName, PLATFORM_LABELS, storageClassName } from '../../naming';
import { diskTypeNone, machineSeriesUnknown } from './errors';
import { KEPT } from './model';

/** Every kind of volume, and with it every StorageClass that is ours. */
export const VOLUME_KINDS: readonly VolumeKind[] = ['chain-data', 'signing-state', 'signing-chain', 'scratch'];

/**
 * One StorageClass for each kind of volume: encrypted under the cluster's own key, growable, bound only where the pod is
 * placed, and kept when its PVC goes.
 *
 * A StorageClass can't be changed once it is there (only deleted and made anew), and a disk keeps the type that it was born
 * with: a change here is for new disks only, and fails on apply until someone replaced the class.
 *
 * The file system is ext4 everywhere. Both drivers format it without reserved blocks, it grows while mounted, and a disk
 * made from another's snapshot mounts beside it on one machine, which XFS refuses without `nouuid` because both carry one UUID.
 *
 * @throws PlatformError `machine-series-unknown`, `disk-type-none`
 */
export function storageClasses(cluster: Cluster): readonly Manifest[] {
  return VOLUME_KINDS.map((kind) =>
    manifestOf(KubeStorageClass, {
      metadata: { name: storageClassName(kind), labels: { ...PLATFORM_LABELS }, annotations: { ...KEPT } },
      provisioner: cluster.cloud === 'gcp' ? 'pd.csi.storage.gke.io' : 'ebs.csi.aws.com',
      parameters: {
        'csi.storage.k8s.io/fstype': 'ext4',
        ...(cluster.cloud === 'gcp' ? googleDisk(cluster, kind) : amazonDisk(cluster, kind)),
      },
      allowVolumeExpansion: true,
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    }),
  );
}

/** What a volume that holds a client's working set is given: figures of geth with lighthouse in production. */
const FAST = { iops: 8000, throughputMiB: 700 } as const;

/**
 * Scratch is a working set as well, one that can be synced again, and a signing chain is one that can't; signing state alone is a few
 * megabytes, for which each cloud's base performance is plenty.
 */
const isFast = (kind: VolumeKind): boolean => kind !== 'signing-state';

/**
 * gp3 can be attached to every machine that EKS offers, and gives these figures at 16 GiB and up (at most 500 IOPS for
 * each GiB). The key is named by its alias, since its id exists only after apply: the driver hands `kmsKeyId` on as it is,
 * and EC2's CreateVolume takes an alias ARN. EC2 looks the key up later, though: with a missing one a volume is accepted,
 * then vanishes, and its PVC stays pending.
 */
function amazonDisk(cluster: Cluster & { cloud: 'aws' }, kind: VolumeKind): Record<string, string> {
  return {
    type: 'gp3',
    ...(isFast(kind) ? { iops: String(FAST.iops), throughput: String(FAST.throughputMiB) } : {}),
    encrypted: 'true',
    kmsKeyId: `arn:aws:kms:${cluster.region}:${cluster.account}:alias/${diskKeyName(cluster.name)}`,
  };
}

/**
 * Hyperdisk Balanced where all machines of the cluster take it: its speed belongs to the volume, while Persistent Disk's
 * belongs to the machine and grows with size. Else Persistent Disk, SSD for what must be fast. One answer for the whole
 * cluster, because a disk outlives the pool that it was made in: on any other pool of the cluster it must attach too. Hyperdisk
 * Balanced volumes have at least 4 GiB, and 16 GiB where they are fast. (The driver's `dynamic` type would choose machine by
 * machine; GKE doesn't offer it in all supported versions, and it would leave disks that half the cluster can't attach.)
 */
function googleDisk(cluster: Cluster & { cloud: 'gcp' }, kind: VolumeKind): Record<string, string> {
  const key = `projects/${cluster.project}/locations/${cluster.region}/keyRings/${keyRingName(cluster.name)}/cryptoKeys/${diskKeyName(cluster.name)}`;
  const encryption = { 'disk-encryption-kms-key': key };
  if (googleDiskFamily(cluster) === 'persistent') return { type: isFast(kind) ? 'pd-ssd' : 'pd-balanced', ...encryption };
  return {
    type: 'hyperdisk-balanced',
    ...(isFast(kind)
      ? { 'provisioned-iops-on-create': String(FAST.iops), 'provisioned-throughput-on-create': `${FAST.throughputMiB}Mi` }
      : {}),
    ...encryption,
  };
}

type DiskFamily = 'hyperdisk' | 'persistent';

const BOTH: readonly DiskFamily[] = ['hyperdisk', 'persistent'];

/**
 * Which disks each machine series takes: Hyperdisk Balanced without confidential computing, and Persistent Disk (SSD and
 * balanced), after `deploy/disk_type_labels.sh` of the driver (kubernetes-sigs/gcp-compute-persistent-disk-csi-driver). For N4
 * and C4A, where that list is wider than Compute Engine's pages on the series, the pages hold.
 */
const SERIES: Readonly<Record<string, readonly DiskFamily[]>> = {
  c2: ['persistent'],
  c2d: ['persistent'],
  c3: BOTH,
  c3d: BOTH,
  c4: ['hyperdisk'],
  c4a: ['hyperdisk'],
  c4d: ['hyperdisk'],
  e2: ['persistent'],
  m1: BOTH,
  m2: BOTH,
  m3: BOTH,
  n1: ['persistent'],
  n2: ['persistent'],
  n2d: ['persistent'],
  n4: ['hyperdisk'],
  t2a: ['persistent'],
  t2d: ['persistent'],
  z3: BOTH,
};

function googleDiskFamily(cluster: Cluster & { cloud: 'gcp' }): DiskFamily {
  const pools = cluster.pools.map(({ name, machineType }) => {
    const families = SERIES[machineType.split('-')[0]!];
    if (families === undefined) throw machineSeriesUnknown(cluster.name, name, machineType, Object.keys(SERIES));
    return { name, machineType, families };
  });
  const common = BOTH.find((family) => pools.every(({ families }) => families.includes(family)));
  if (common === undefined) {
    throw diskTypeNone(
      cluster.name,
      pools.map(({ name, machineType, families }) => `${name} (${machineType}) takes ${families.join(' or ')}`),
    );
  }
  return common;
}
