import type { ChainCatalogue, ComponentDemand } from './catalogue';
import { own } from './lookup';
import { type Allocatable, allocatable, type MachineType, machineOf } from './machines';
import { fitsEmpty, machinesFor, type PackItem } from './packing';
import type { Cluster, Fleet, FleetNode, Pool } from './types';
import { FleetIndex } from './resolve';

type AgentDemand = ChainCatalogue['agentDemand'];
type Placed = Pick<FleetNode, 'zone' | 'reach' | 'pools'>;

/** How many machines one pool needs in one zone. */
export interface PoolSize {
  readonly pool: string;
  readonly zone: string;
  /** Headroom included. */
  readonly machines: number;
  readonly headroom: number;
  /** Components that were packed. */
  readonly components: number;
}

/**
 * The pool that a component runs on: the one its node names, or else the smallest machine it fits on. Smallest by
 * vCPUs, then by memory, then by the pool's name.
 *
 * A component reached on its machine's address (P2P by node port, host network) runs on machines that have one.
 * All others run on private machines; beside a component that is reached so, one that isn't may run on the same
 * public pool where no private one fits.
 *
 * @returns undefined where none fits; {@link refusals} says why.
 */
export function choosePool(cluster: Cluster, node: Placed, chain: string, component: ComponentDemand, agent: AgentDemand): Pool | undefined {
  const named = own(node.pools, component.name);
  const fitting = cluster.pools.filter(
    (pool) => (named === undefined || pool.name === named) && refusal(cluster, pool, node, chain, component, agent) === undefined,
  );
  const wanted = named === undefined ? fitting.filter(({ exposure }) => exposure === preferredExposure(node, component)) : fitting;
  return (wanted.length > 0 ? wanted : fitting).reduce<Pool | undefined>(
    (best, pool) => (best && !isSmaller(cluster, pool, best) ? best : pool),
    undefined,
  );
}

/** What {@link choosePool} chose, kept as long as what it was chosen for. Declarations are never changed in place: a fleet that is read anew has nodes and clusters of its own. */
const chosen = new WeakMap<Cluster, WeakMap<Placed, Map<string, Pool | undefined>>>();

/** The pool of a fleet's node and component: chosen once in a run, for whoever checks, sizes, renders or builds. */
export function poolOf(cluster: Cluster, node: FleetNode, chain: string, component: ComponentDemand, agent: AgentDemand): Pool | undefined {
  let ofCluster = chosen.get(cluster);
  if (!ofCluster) chosen.set(cluster, (ofCluster = new WeakMap()));
  let ofNode = ofCluster.get(node);
  if (!ofNode) ofCluster.set(node, (ofNode = new Map<string, Pool | undefined>()));
  if (!ofNode.has(component.name)) ofNode.set(component.name, choosePool(cluster, node, chain, component, agent));
  return ofNode.get(component.name);
}

/** Why a component can't run on the pools of its cluster, by pool; pools that it fits are left out. */
export function refusals(
  cluster: Cluster,
  node: Placed,
  chain: string,
  component: ComponentDemand,
  agent: AgentDemand,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    cluster.pools.flatMap((pool) => {
      const reason = refusal(cluster, pool, node, chain, component, agent);
      return reason === undefined ? [] : [[pool.name, reason]];
    }),
  );
}

/** What one component of a node asks of the pool that it was given. */
export interface PooledComponent {
  readonly node: string;
  readonly component: ComponentDemand;
  readonly pool: Pool;
  readonly zone: string;
}

/**
 * The machines of a cluster's pools, zone by zone: what the scheduler needs for all that is placed there, and the declared headroom,
 * which every zone of a pool gets. The order of the placements does not matter.
 *
 * @param count how many machines some items need
 */
export function packPools(cluster: Cluster, placements: readonly PooledComponent[], agent: AgentDemand, count: (items: readonly PackItem[], capacity: Allocatable) => number = machinesFor): PoolSize[] {
  const byZone = new Map<string, PackItem[]>();
  for (const { node, component, pool, zone } of placements) {
    const key = `${pool.name}/${zone}`;
    const items = byZone.get(key);
    const item = packItem(`${node}/${component.name}`, component, agent);
    if (items) items.push(item);
    else byZone.set(key, [item]);
  }
  return cluster.pools.flatMap((pool) =>
    zonesOf(cluster, pool).map((zone) => {
      const items = byZone.get(`${pool.name}/${zone}`) ?? [];
      const capacity = capacityOf(cluster, pool);
      const needed = items.length > 0 && capacity ? count(items, capacity) : 0;
      return { pool: pool.name, zone, machines: needed + pool.headroomMachines, headroom: pool.headroomMachines, components: items.length };
    }),
  );
}

/**
 * The pools of every cluster of a checked fleet. Components of stopped nodes count, since they must be able to come
 * back at any time; those of retired ones don't.
 */
export function sizePools(fleet: Fleet, catalogue: ChainCatalogue, index = new FleetIndex(fleet, catalogue)): Readonly<Record<string, readonly PoolSize[]>> {
  const placed = placeAll(fleet, catalogue, index);
  return Object.fromEntries(
    Object.values(fleet.clusters).map((cluster) => [cluster.name, packPools(cluster, placed.get(cluster.name) ?? [], catalogue.agentDemand)]),
  );
}

/** Every component of every node that isn't retired, on the pool that it is given, by cluster. One that fits on none is left out. */
export function placeAll(fleet: Fleet, catalogue: ChainCatalogue, index = new FleetIndex(fleet, catalogue)): ReadonlyMap<string, readonly (PooledComponent & { readonly reach: FleetNode['reach'] })[]> {
  const placements = new Map<string, (PooledComponent & { readonly reach: FleetNode['reach'] })[]>(Object.keys(fleet.clusters).map((name) => [name, []]));
  for (const node of fleet.nodes) {
    const cluster = own(fleet.clusters, node.cluster);
    const chain = index.chain(node);
    if (node.state === 'retired' || !cluster || !chain) continue;
    for (const component of chain.components(index.resolve(node))) {
      const pool = poolOf(cluster, node, chain.name, component, catalogue.agentDemand);
      if (pool) placements.get(node.cluster)?.push({ node: node.name, component, pool, zone: node.zone, reach: node.reach });
    }
  }
  return placements;
}

/** What a component and the agent beside it ask for, in words. */
export function demandText(component: ComponentDemand, agent: AgentDemand): string {
  const { cpuMillis, memoryMiB, volumes } = packItem(component.name, component, agent);
  const features = component.machineFeatures.length > 0 ? `, ${component.machineFeatures.join(', ')}` : '';
  return `${cpuMillis / 1000} CPU, ${gib(memoryMiB)} GiB memory, ${volumes} volumes${features}`;
}

const packItem = (id: string, component: ComponentDemand, agent: AgentDemand): PackItem => ({
  id,
  cpuMillis: component.resources.cpuMillis + agent.cpuMillis,
  memoryMiB: component.resources.memoryMiB + agent.memoryMiB,
  ephemeralMiB: component.resources.ephemeralMiB + agent.ephemeralMiB,
  volumes: component.volumes.length,
  hostPorts: component.hostNetwork ? component.ports.map(({ protocol, port }) => `${protocol}/${port}`) : [],
});

const isReachedOnMachine = (node: Placed, component: ComponentDemand): boolean =>
  component.hostNetwork || (node.reach.via === 'nodePort' && component.ports.some(({ purpose }) => purpose === 'p2p'));

const preferredExposure = (node: Placed, component: ComponentDemand): Pool['exposure'] => (isReachedOnMachine(node, component) ? 'public' : 'private');

const zonesOf = (cluster: Cluster, pool: Pool): readonly string[] => pool.zones ?? cluster.zones;

function refusal(cluster: Cluster, pool: Pool, node: Placed, chain: string, component: ComponentDemand, agent: AgentDemand): string | undefined {
  if (!pool.chains.includes(chain)) return `it is for ${pool.chains.join(', ')}`;
  if (!zonesOf(cluster, pool).includes(node.zone)) return `it is in ${zonesOf(cluster, pool).join(', ')}`;
  if (isReachedOnMachine(node, component) && pool.exposure !== 'public') return 'its machines have no public address';
  if (pool.exposure === 'public' && node.reach.via !== 'nodePort' && node.reach.via !== 'hostNetwork') return 'its machines have public addresses';
  const missing = component.machineFeatures.filter((feature) => !pool.features.includes(feature));
  if (missing.length > 0) return `it lacks ${missing.join(', ')}`;
  const capacity = capacityOf(cluster, pool);
  if (!capacity) return `machine type "${pool.machineType}" is unknown`;
  if (fitsEmpty(packItem(component.name, component, agent), capacity)) return undefined;
  return `of one ${pool.machineType}, pods can have ${capacity.cpuMillis / 1000} CPU, ${gib(capacity.memoryMiB)} GiB memory, ${gib(capacity.ephemeralMiB)} GiB boot disk, ${capacity.volumes} volumes`;
}

function isSmaller(cluster: Cluster, a: Pool, b: Pool): boolean {
  const [x, y] = [machineOf(cluster.cloud, a), machineOf(cluster.cloud, b)] as [MachineType, MachineType];
  return (x.cpus - y.cpus || x.memoryGiB - y.memoryGiB || (a.name < b.name ? -1 : 1)) < 0;
}

/** A pool belongs to one cluster, so what can be allocated of its machines is worked out once. */
const capacities = new WeakMap<Pool, Allocatable | null>();

function capacityOf(cluster: Cluster, pool: Pool): Allocatable | undefined {
  let capacity = capacities.get(pool);
  if (capacity === undefined) {
    const machine = machineOf(cluster.cloud, pool);
    capacity = machine ? allocatable(cluster, machine, pool.bootDiskGiB) : null;
    capacities.set(pool, capacity);
  }
  return capacity ?? undefined;
}

const gib = (mebibytes: number): number => Math.floor((mebibytes / 1024) * 10) / 10;
