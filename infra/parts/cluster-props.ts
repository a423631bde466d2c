import type { MachineFeature, Pool } from '../../model/schema/cluster';
import type { Cluster, Infrastructure, Maintenance } from '../../model/types';
import { LABELS, SYSTEM_POOL } from '../../naming';
import { machinePoolName } from '../../naming/clouds';
import { machinePools, type ClusterDemand } from '../context/demand';

/**
 * What a cluster is made from, where the clouds agree. `GkeCluster` and `EksCluster` extend it by what they don't agree on:
 *
 * | | GKE | EKS |
 * | --- | --- | --- |
 * | how keys are named | by resource id, in a ring | by alias |
 * | who gets in | IAM says who connects, authorized networks from where | access entries, and the control plane's security group |
 * | machines' addresses | a subnet for the region, with secondary ranges | a subnet for each zone |
 * | maintenance | windows, exclusions, a release channel | none: nothing is upgraded unasked |
 * | machine features | a node pool's Linux and kubelet settings | the launch template's user data |
 *
 * Nothing in it is another stack's output: names come from `naming/`, what a cloud assigned from `fleet/observed/`.
 */
export interface ClusterProps {
  readonly name: string;
  readonly region: string;
  readonly zones: readonly string[];
  /** Minor version of the control plane: `1.34`. */
  readonly kubernetesVersion: string;
  readonly podsPerMachine: number;
  /** One for each pool and zone. The system pool is among them. */
  readonly pools: readonly MachinePool[];
  /** Labels or tags for cost and owner, those of the fleet included. */
  readonly labels: Readonly<Record<string, string>>;
  readonly maintenance: Maintenance;
  /** Ranges that the private control plane lets in: the management networks first, then what the fleet declares. */
  readonly authorizedNetworks: readonly NamedRange[];
}

export interface NamedRange {
  readonly name: string;
  readonly range: string;
}

/** The machines of one pool in one zone: alike, as many as the fleet's nodes need there, upgraded one at a time. */
export interface MachinePool {
  /** Name of the node pool (GKE) or managed node group (EKS). */
  readonly name: string;
  /** The pool's name in the fleet. */
  readonly pool: string;
  readonly zone: string;
  readonly machineType: string;
  /** Headroom included. */
  readonly machines: number;
  /** Public machines have an address each, a firewall of their own, and a role that may only join and pull. */
  readonly exposure: Pool['exposure'];
  readonly features: readonly MachineFeature[];
  readonly taints: readonly Taint[];
  /** Labels of the Node objects, by which pods choose their pool. */
  readonly labels: Readonly<Record<string, string>>;
  readonly bootDiskGiB: number;
  /**
   * Exact version of the machines: a GKE version or a release of the EKS machine image. A change moves each pod once.
   *
   * @default - what the cloud chose when the pool was made, until somebody declares another
   */
  readonly machineVersion?: string;
}

export type Taint = Pool['taints'][number];

/** The part of a cluster's props that follows from the fleet alone. */
export function clusterProps(cluster: Cluster, demand: ClusterDemand, infrastructure: Infrastructure, fleetLabels: Readonly<Record<string, string>>): ClusterProps {
  return {
    name: cluster.name,
    region: cluster.region,
    zones: cluster.zones,
    kubernetesVersion: cluster.kubernetesVersion,
    podsPerMachine: cluster.podsPerMachine,
    pools: [...systemPools(cluster, infrastructure), ...stakingPools(cluster, demand)],
    labels: { ...fleetLabels, ...cluster.labels },
    maintenance: infrastructure.maintenance,
    authorizedNetworks: [
      { name: 'management-gcp', range: infrastructure.gcp.management.range },
      { name: 'management-aws', range: infrastructure.aws.management.range },
      ...infrastructure.authorizedNetworks,
    ],
  };
}

/** Whether a pool's machines have public addresses anywhere in the cluster. */
export const hasPublicPools = (cluster: Pick<Cluster, 'pools'>): boolean => cluster.pools.some(({ exposure }) => exposure === 'public');

/**
 * Staking pools are tainted, so that nothing else lands on them: DNS, Gatekeeper, the secret manager and monitoring need machines of
 * their own. Private, untainted, in each zone of the cluster.
 */
function systemPools(cluster: Cluster, infrastructure: Infrastructure): MachinePool[] {
  const { machineType, machinesPerZone, bootDiskGiB, machineVersion } = infrastructure[cluster.cloud].systemPool;
  return cluster.zones.map((zone) => ({
    name: machinePoolName(SYSTEM_POOL, zone),
    pool: SYSTEM_POOL,
    zone,
    machineType,
    machines: machinesPerZone,
    exposure: 'private',
    features: [],
    taints: [],
    labels: { [LABELS.pool]: SYSTEM_POOL },
    bootDiskGiB,
    ...(machineVersion === undefined ? {} : { machineVersion }),
  }));
}

function stakingPools(cluster: Cluster, demand: ClusterDemand): MachinePool[] {
  return machinePools(cluster, demand).map(({ pool, zone, machines, declared }) => ({
    name: machinePoolName(pool, zone),
    pool,
    zone,
    machineType: declared.machineType,
    machines,
    exposure: declared.exposure,
    features: declared.features,
    taints: declared.taints,
    labels: { [LABELS.pool]: pool },
    bootDiskGiB: declared.bootDiskGiB,
    ...(declared.machineVersion === undefined ? {} : { machineVersion: declared.machineVersion }),
  }));
}
