import type { Allocatable } from './machines';

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

/** Whether a machine of its own would hold it. */
export const fitsEmpty = (item: PackItem, capacity: Allocatable): boolean => new Machine(capacity).takes(item);

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
