import { ContainerNodePool, type ContainerNodePoolNodeConfigLinuxNodeConfig } from '@cdktf/provider-google/lib/container-node-pool';
import type { Construct } from 'constructs';
import { machinesTag, publicPoolTag } from '../../naming/clouds';
import type { MachinePool } from './cluster-props';

export interface GkeNodePoolProps {
  readonly project: string;
  readonly region: string;
  /** The cluster, by a reference that waits for it, and by its plain name. */
  readonly cluster: string;
  readonly clusterName: string;
  readonly pool: MachinePool;
  readonly podsPerMachine: number;
  /** Service account of the machines, by its e-mail address. */
  readonly machineAccount: string;
  /** KMS key of the boot disks, by resource id. */
  readonly bootDiskKey: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a node pool of GKE can't be told; somebody or something has to set it up on the machine. */
export const NOT_ON_GKE = {
  'memlock-2g': 'GKE has no setting for the locked memory that containers may have',
  'io-uring': 'GKE installs no seccomp profile of ours (`stockade/io-uring.json`), without which containers have no io_uring',
} as const;

/**
 * The machines of one pool in one zone: private or public as declared, shielded, their boot disks encrypted with a key of ours, as many as
 * the fleet asks for. Upgraded one at a time: a new machine is there before an old one is drained.
 */
export function gkeNodePool(scope: Construct, id: string, { project, region, cluster, clusterName, pool, podsPerMachine, machineAccount, bootDiskKey, labels }: GkeNodePoolProps): ContainerNodePool {
  const isPublic = pool.exposure === 'public';
  const linux = linuxConfig(pool);
  return new ContainerNodePool(scope, id, {
    project,
    cluster,
    location: region,
    name: pool.name,
    nodeLocations: [pool.zone],
    // No autoscaler: a pool is as large as what the fleet declares, or its plan says otherwise.
    nodeCount: pool.machines,
    maxPodsPerNode: podsPerMachine,
    ...(pool.machineVersion === undefined ? {} : { version: pool.machineVersion }),
    // A release channel asks for both. When machines are upgraded is held by the cluster's exclusions.
    management: { autoUpgrade: true, autoRepair: true },
    upgradeSettings: { strategy: 'SURGE', maxSurge: 1, maxUnavailable: 0 },
    networkConfig: { enablePrivateNodes: !isPublic },
    nodeConfig: {
      machineType: pool.machineType,
      imageType: 'COS_CONTAINERD',
      bootDisk: { sizeGb: pool.bootDiskGiB, diskType: bootDiskType(pool.machineType) },
      bootDiskKmsKey: bootDiskKey,
      serviceAccount: machineAccount,
      oauthScopes: [...(isPublic ? PULL_SCOPES : ['https://www.googleapis.com/auth/cloud-platform'])],
      labels: { ...pool.labels },
      taint: pool.taints.map(({ key, value, effect }) => ({ key, value, effect: TAINT_EFFECTS[effect] })),
      tags: [machinesTag(clusterName), ...(isPublic ? [publicPoolTag(clusterName, pool.pool)] : [])],
      resourceLabels: { ...labels, pool: pool.pool },
      metadata: { 'disable-legacy-endpoints': 'true' },
      shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
      workloadMetadataConfig: { mode: 'GKE_METADATA' },
      kubeletConfig: { insecureKubeletReadonlyPortEnabled: 'FALSE' },
      gvnic: { enabled: true },
      ...(linux ? { linuxNodeConfig: linux } : {}),
    },
    timeouts: { create: '60m', update: '120m', delete: '120m' },
  });
}

/** What pulling asks for: Artifact Registry takes this scope for reading. A pod on the host's network has the machine's token, so it is all there is. */
const PULL_SCOPES = ['https://www.googleapis.com/auth/devstorage.read_only'] as const;

const TAINT_EFFECTS = { NoSchedule: 'NO_SCHEDULE', NoExecute: 'NO_EXECUTE' } as const;

/** Series that boot from Hyperdisk alone (https://cloud.google.com/compute/docs/disks/hyperdisks). */
const HYPERDISK_ONLY = ['c4', 'c4a', 'c4d', 'n4'];

const bootDiskType = (machineType: string): string => (HYPERDISK_ONLY.includes(machineType.split('-')[0]!) ? 'hyperdisk-balanced' : 'pd-balanced');

/**
 * What agave's documentation asks of a machine ("System Tuning", docs.anza.xyz). GKE lets a node pool set all of them
 * (https://cloud.google.com/kubernetes-engine/docs/how-to/node-system-config). Neither was tried.
 */
export const SOLANA_SYSCTLS: Readonly<Record<string, string>> = {
  'net.core.rmem_default': '134217728',
  'net.core.rmem_max': '134217728',
  'net.core.wmem_default': '134217728',
  'net.core.wmem_max': '134217728',
  'vm.max_map_count': '1000000',
  'fs.nr_open': '1000000',
};

function linuxConfig({ features }: MachinePool): ContainerNodePoolNodeConfigLinuxNodeConfig | undefined {
  return features.includes('solana-sysctls') ? { sysctls: { ...SOLANA_SYSCTLS } } : undefined;
}
