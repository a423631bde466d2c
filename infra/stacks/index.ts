import type { App, TerraformStack } from 'cdktf';
import type { Infrastructure, Tombstone } from '../../model/types';
import { CLUSTER_STACKS, clusterStackName, FLEET_STACKS, fleetStackName, type ClusterStackKind, type FleetStackKind } from '../../naming/clouds';
import { AWS_CLUSTER_STACKS, AWS_FLEET_STACKS } from './aws';
import { GCP_CLUSTER_STACKS, GCP_FLEET_STACKS } from './gcp';
import type { AwsCluster, GcpCluster, StackContext } from '../context';
import { AwsTombstoneStack, GcpTombstoneStack } from './tombstone';

/** One Terraform stack: small, with a state of its own, so that a change plans only what it touches. */
export interface StackDescription {
  /** Also the name of its folder below `cdktf.out/stacks/` and of its project in Atlantis. */
  readonly id: string;
  readonly kind: ClusterStackKind | FleetStackKind;
  readonly cloud: 'gcp' | 'aws';
  /** Absent where the stack is the whole fleet's. */
  readonly cluster?: string;
  /**
   * Stacks of a lower number are applied first. Those of one number don't need each other, but where a fleet begins: then the home cloud's `automation` comes before the other's,
   * which looks for the machine's account (docs/starting.md).
   */
  readonly order: number;
  /** What was made for a cluster that is no more: the stack is empty, and applying it destroys what it had. */
  readonly tombstone: boolean;
}

/**
 * What has to be applied before: bootstrap makes the buckets that every other state is in, networks come before what is in them, keys
 * before what they encrypt, and identities after the clusters whose issuers they trust.
 */
export const NEEDS: Readonly<Record<StackDescription['kind'], readonly StackDescription['kind'][]>> = {
  bootstrap: [],
  foundation: ['bootstrap'],
  // What is new to the fleet, a region say, Atlantis may only make once its own permissions say so.
  management: ['foundation', 'automation'],
  network: ['management'],
  storage: ['foundation', 'automation'],
  snapshots: ['foundation', 'automation'],
  // It has an address in the networks of the home region's clusters.
  'secret-manager': ['management', 'network'],
  automation: ['foundation'],
  // EKS lets in roles that are there.
  cluster: ['network', 'storage', 'automation'],
  identities: ['cluster', 'snapshots', 'secret-manager'],
  'add-ons': ['cluster'],
  atlantis: ['management', 'automation'],
};

const orderOf = (kind: StackDescription['kind']): number => NEEDS[kind].reduce((order, needed) => Math.max(order, orderOf(needed) + 1), 0);

/** Every stack of a fleet, in the order in which they are applied, then by name. */
export function stacksOf(fleet: StackContext['fleet']): StackDescription[] {
  const { infrastructure } = fleet;
  const shared = (['gcp', 'aws'] as const).flatMap((cloud) =>
    FLEET_STACKS.filter((kind) => isMade(kind, cloud, infrastructure.home.cloud)).map((kind) => describe(fleetStackName(cloud, kind), kind, cloud)),
  );
  const ofClusters = Object.values(fleet.clusters).flatMap(({ name, cloud }) => CLUSTER_STACKS.map((kind) => describe(clusterStackName(name, kind), kind, cloud, name)));
  const gone = buried(infrastructure).flatMap(({ cluster, cloud }) => CLUSTER_STACKS.map((kind) => ({ ...describe(clusterStackName(cluster, kind), kind, cloud, cluster), tombstone: true })));
  return [...shared, ...ofClusters, ...gone].sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
}

/** Makes the stacks of a fleet in a CDKTF app, and tells its CLI their order. */
export function addStacks(app: App, context: StackContext): void {
  const made = stacksOf(context.fleet).map((description) => ({ description, stack: addStack(app, context, description) }));
  for (const { description, stack } of made) {
    const needed = made.filter(({ description: { kind, cloud, cluster } }) => cloud === description.cloud && NEEDS[description.kind].includes(kind) && (cluster === undefined || description.cluster === undefined || cluster === description.cluster));
    for (const { stack: before } of needed) stack.addDependency(before);
  }
}

function addStack(app: App, context: StackContext, { id, kind, cloud, cluster, tombstone }: StackDescription): TerraformStack {
  const { infrastructure, clusters } = context.fleet;
  if (cluster === undefined) {
    return cloud === 'gcp' ? new GCP_FLEET_STACKS[kind as keyof typeof GCP_FLEET_STACKS](app, id, context) : new AWS_FLEET_STACKS[kind as keyof typeof AWS_FLEET_STACKS](app, id, context);
  }
  if (tombstone) {
    const place = buried(infrastructure).find((one) => one.cluster === cluster)!;
    return place.cloud === 'gcp' ? new GcpTombstoneStack(app, id, context, place) : new AwsTombstoneStack(app, id, context, place);
  }
  const declared = clusters[cluster]!;
  const demand = context.demands[cluster]!;
  return isGcp(declared)
    ? new GCP_CLUSTER_STACKS[kind as ClusterStackKind](app, id, { ...context, cluster: declared, demand })
    : new AWS_CLUSTER_STACKS[kind as ClusterStackKind](app, id, { ...context, cluster: declared, demand });
}

/** The secret manager's database and Atlantis' machine are in the home cloud alone. */
const isMade = (kind: FleetStackKind, cloud: StackDescription['cloud'], home: StackDescription['cloud']): boolean => (kind !== 'secret-manager' && kind !== 'atlantis') || cloud === home;

/** Clusters whose stacks still have something to destroy. */
const buried = ({ tombstones }: Infrastructure): readonly Tombstone[] => tombstones.filter(({ destroyed }) => !destroyed);

const isGcp = (cluster: GcpCluster | AwsCluster): cluster is GcpCluster => cluster.cloud === 'gcp';

const describe = (id: string, kind: StackDescription['kind'], cloud: StackDescription['cloud'], cluster?: string): StackDescription => ({
  id,
  kind,
  cloud,
  ...(cluster === undefined ? {} : { cluster }),
  order: orderOf(kind),
  tombstone: false,
});
