import type { ChainCatalogue, ComponentDemand } from './catalogue';
import { own } from './lookup';
import { type Allocatable, allocatable, type MachineType, machineOf } from './machines';
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
      const pool = choosePool(cluster, node, chain.name, component, catalogue.agentDemand);
      if (pool) placements.get(node.cluster)?.push({ node: node.name, component, pool, zone: node.zone, reach: node.reach });
    }
  }
  return placements;
}

/** What has to fit on one machine as a whole. */
export interface PackItem {
  readonly id: string;
  readonly cpuMillis: number;
  readonly memoryMiB: number;
  readonly ephemeralMiB: number;
  readonly volumes: number;
  /** Ports that it takes on the machine itself, as `TCP/8000`. */
  readonly hostPorts: readonly string[];
}

/**
 * First-fit decreasing: each item, the largest first, goes on the first machine that has room. Never worse than 11/9
 * of the best packing plus one machine in one dimension (Dósa 2007), close to it in practice with more.
 *
 * Items are ordered by size and then by id, so the result does not depend on the order they come in.
 *
 * @throws RangeError for an item that is larger than an empty machine.
 */
export function pack(items: readonly PackItem[], capacity: Allocatable): PackItem[][] {
  const machines: Machine[] = [];
  // What did not fit on a machine once never will, so equal items need not try it again.
  const firstToTry = new Map<string, number>();
  for (const { item } of [...items].map((item) => ({ item, share: largestShare(item, capacity) })).sort(largestFirst)) {
    const shape = `${item.cpuMillis} ${item.memoryMiB} ${item.ephemeralMiB} ${item.volumes} ${item.hostPorts.join(' ')}`;
    let at = firstToTry.get(shape) ?? 0;
    while (at < machines.length && !machines[at]?.takes(item)) at++;
    let machine = machines[at];
    if (!machine) {
      machine = new Machine(capacity);
      if (!machine.takes(item)) throw new RangeError(`${item.id} is larger than an empty machine: ${JSON.stringify(item)} on ${JSON.stringify(capacity)}`);
      machines.push(machine);
    }
    machine.add(item);
    firstToTry.set(shape, at);
  }
  return machines.map(({ items: packed }) => packed);
}

/**
 * So many machines that all items land, as kube-scheduler places them: it doesn't know what is still to come, and gives each pod, as they come, to the machine that is left
 * emptiest and evenest by it ({@link Machine.score}). Small pods then lie where a large one would have fitted, and of what {@link pack} counts, a large one may
 * wait for ever. The smallest first is tried, and orders that the items' names give, so that nothing hangs on chance. What none of them shows is the headroom's, and so is what makes the
 * scheduler choose otherwise: images that a machine has already, and, where a hundred machines of all pools or more could take a pod, that it looks at a part of them. From fifty machines on, a fiftieth more is tried at a time.
 *
 * Where large and small components share machines, this is well above the best packing: pools of their own for the large ones need fewer.
 *
 * Two items of one component never meet, since a node has each component once: the anti-affinity between them costs nothing here.
 *
 * @throws RangeError for an item that is larger than an empty machine.
 */
export function machinesFor(items: readonly PackItem[], capacity: Allocatable): number {
  const smallestFirst = items.map((item) => ({ item, share: largestShare(item, capacity) })).sort((a, b) => largestFirst(b, a)).map(({ item }) => item);
  const orders = [smallestFirst, ...Array.from({ length: ORDERS }, (_, salt) => shuffled(smallestFirst, salt))];
  let count = pack(items, capacity).length;
  for (;;) {
    const failing = orders.findIndex((order) => !spread(order, count, capacity));
    if (failing < 0) return count;
    // It will fail again soonest.
    orders.unshift(...orders.splice(failing, 1));
    count += Math.max(1, Math.floor(count / 50));
  }
}

const ORDERS = 16;

/** An order that looks like none, the same each time: by a hash of names (FNV-1a), which `salt` turns into another. */
function shuffled(items: readonly PackItem[], salt: number): PackItem[] {
  const hash = ({ id }: PackItem): number => {
    let value = 0x811c9dc5 ^ salt;
    for (let at = 0; at < id.length; at += 1) value = Math.imul(value ^ id.charCodeAt(at), 0x01000193);
    // The last characters, in which names differ, have to reach the first bits.
    return Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 0;
  };
  return items.map((item) => ({ item, by: hash(item) })).sort((a, b) => a.by - b.by || (a.item.id < b.item.id ? -1 : 1)).map(({ item }) => item);
}

/** Whether each item finds room, in this order, on the machines that the scheduler would choose. */
export function spread(items: readonly PackItem[], count: number, capacity: Allocatable): boolean {
  const machines = Array.from({ length: count }, () => new Machine(capacity));
  return items.every((item) => {
    let [best, bestScore] = [undefined as Machine | undefined, -1];
    for (const machine of machines) {
      const score = machine.score(item);
      if (score > bestScore && machine.takes(item)) [best, bestScore] = [machine, score];
    }
    best?.add(item);
    return best !== undefined;
  });
}

/** What a component and the agent beside it ask for, in words. */
export function demandText(component: ComponentDemand, agent: AgentDemand): string {
  const { cpuMillis, memoryMiB, volumes } = packItem(component.name, component, agent);
  const features = component.machineFeatures.length > 0 ? `, ${component.machineFeatures.join(', ')}` : '';
  return `${cpuMillis / 1000} CPU, ${gib(memoryMiB)} GiB memory, ${volumes} volumes${features}`;
}

class Machine {
  readonly items: PackItem[] = [];
  private cpuMillis: number;
  private memoryMiB: number;
  private ephemeralMiB: number;
  private volumes: number;
  private pods: number;
  private readonly hostPorts = new Set<string>();

  constructor(private readonly capacity: Allocatable) {
    ({ cpuMillis: this.cpuMillis, memoryMiB: this.memoryMiB, ephemeralMiB: this.ephemeralMiB, volumes: this.volumes, pods: this.pods } = capacity);
  }

  takes(item: PackItem): boolean {
    return (
      this.pods >= 1 &&
      item.cpuMillis <= this.cpuMillis &&
      item.memoryMiB <= this.memoryMiB &&
      item.ephemeralMiB <= this.ephemeralMiB &&
      item.volumes <= this.volumes &&
      !item.hostPorts.some((port) => this.hostPorts.has(port))
    );
  }

  /**
   * How well kube-scheduler likes it for an item, 0 to 2: the mean free part of CPU and memory that would be left (`NodeResourcesFit`, `LeastAllocated`), and how alike the two would be
   * used (`NodeResourcesBalancedAllocation`), each with weight 1, as they are by default. The other scores are the same for machines of a pool and zone, but for images that are there (`ImageLocality`).
   */
  score({ cpuMillis, memoryMiB }: PackItem): number {
    const cpu = (this.cpuMillis - cpuMillis) / this.capacity.cpuMillis;
    const memory = (this.memoryMiB - memoryMiB) / this.capacity.memoryMiB;
    return (cpu + memory) / 2 + 1 - Math.abs(cpu - memory) / 2;
  }

  add(item: PackItem): void {
    this.items.push(item);
    this.pods -= 1;
    this.cpuMillis -= item.cpuMillis;
    this.memoryMiB -= item.memoryMiB;
    this.ephemeralMiB -= item.ephemeralMiB;
    this.volumes -= item.volumes;
    for (const port of item.hostPorts) this.hostPorts.add(port);
  }
}

interface Sized {
  readonly item: PackItem;
  readonly share: number;
}

/** A total order, so that the reverse of it is one, too. */
const largestFirst = (a: Sized, b: Sized): number =>
  b.share - a.share || b.item.cpuMillis - a.item.cpuMillis || b.item.memoryMiB - a.item.memoryMiB || (a.item.id < b.item.id ? -1 : 1);

const largestShare = (item: PackItem, capacity: Allocatable): number =>
  Math.max(item.cpuMillis / capacity.cpuMillis, item.memoryMiB / capacity.memoryMiB, item.ephemeralMiB / capacity.ephemeralMiB, item.volumes / capacity.volumes);

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
  if (new Machine(capacity).takes(packItem(component.name, component, agent))) return undefined;
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
