import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ComponentDemand } from '../../model/catalogue';
import { parseFleet } from '../../model/load';
import { type Allocatable, allocatable, MACHINE_TYPES, machineOf, SYSTEM_ALLOWANCE } from '../../model/machines';
import type { Cluster, Fleet, Pool } from '../../model/types';
import { machinesFor, pack, type PackItem, spread } from '../../model/packing';
import { choosePool, packPools, refusals, sizePools } from '../../model/sizing';
import { baseFiles, replaced } from './base';
import { fakeCatalogue } from './fake-catalogue';

const SEED = 20260301;
const AGENT = fakeCatalogue.agentDemand;

const { fleet } = parseFleet(baseFiles(), fakeCatalogue) as { fleet: Fleet };
const gke = fleet.clusters['gke-a'] as Cluster;

const demand = (over: Partial<ComponentDemand> = {}): ComponentDemand => ({
  name: 'engine',
  client: 'oak',
  signs: false,
  resources: { cpuMillis: 1000, memoryMiB: 1024, ephemeralMiB: 128 },
  volumes: [{ name: 'data', kind: 'chain-data', sizeGiB: 1 }],
  hostNetwork: false,
  machineFeatures: [],
  ports: [{ port: 9000, protocol: 'TCP', purpose: 'p2p' }],
  ...over,
});
const placed = (over: Partial<Parameters<typeof choosePool>[1]> = {}): Parameters<typeof choosePool>[1] => ({
  zone: 'europe-west1-b',
  reach: { via: 'outbound' },
  pools: {},
  ...over,
});
const withPools = (...pools: Partial<Pool>[]): Cluster => ({ ...gke, pools: pools.map((pool) => ({ ...(gke.pools[0] as Pool), ...pool })) });

describe('what pods can ask of a machine', () => {
  it('is what GKE leaves: its published reservations, the kernel, eviction and the allowance taken off', () => {
    const left = allocatable({ cloud: 'gcp', podsPerMachine: 64 }, { cpus: 4, memoryGiB: 16, attachableVolumes: 127 }, 100);
    // https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes: 60 + 10 + 5 + 5 of 4 cores, and
    // 1024 + 819.2 + 819.2 MiB of 16 GiB; the kernel's 256 + 80 + 28.672 MiB; 41 GiB (35 % and 6) and 10 % of the disk.
    expect(left).toEqual({
      cpuMillis: 4000 - 80 - SYSTEM_ALLOWANCE.cpuMillis,
      memoryMiB: Math.floor(16384 - 364.672 - 2662.4 - 100) - SYSTEM_ALLOWANCE.memoryMiB,
      ephemeralMiB: Math.floor(102400 - 41 * 1024 - 10240) - SYSTEM_ALLOWANCE.ephemeralMiB,
      volumes: 127,
      pods: 64 - SYSTEM_ALLOWANCE.pods,
    });
  });

  it('is what EKS leaves: 255 MiB and 11 for each pod, 1 GiB of disk', () => {
    const left = allocatable({ cloud: 'aws', podsPerMachine: 58 }, { cpus: 8, memoryGiB: 32, attachableVolumes: 23 }, 100);
    expect(left).toEqual({
      cpuMillis: 8000 - 90 - SYSTEM_ALLOWANCE.cpuMillis,
      memoryMiB: Math.floor(32768 * 0.925 - 255 - 638 - 100) - SYSTEM_ALLOWANCE.memoryMiB,
      ephemeralMiB: Math.floor(102400 - 1024 - 10240) - SYSTEM_ALLOWANCE.ephemeralMiB,
      volumes: 23,
      pods: 58 - SYSTEM_ALLOWANCE.pods,
    });
  });

  it('grows with the machine, in every family of the catalogue', () => {
    for (const cloud of ['gcp', 'aws'] as const) {
      const machines = Object.entries(MACHINE_TYPES[cloud]);
      const family = (name: string) => name.replace(/[-.][^-.]+$/, '');
      for (const of of new Set(machines.map(([name]) => family(name)))) {
        const sizes = machines.filter(([name]) => family(name) === of).map(([, machine]) => allocatable({ cloud, podsPerMachine: 64 }, machine, 100));
        expect(sizes.length).toBeGreaterThan(3);
        sizes.slice(1).forEach((size, index) => {
          expect(size.cpuMillis).toBeGreaterThan(sizes[index]?.cpuMillis ?? 0);
          expect(size.memoryMiB).toBeGreaterThan(sizes[index]?.memoryMiB ?? 0);
        });
      }
    }
  });

  it.each([
    ['gcp', 'n2-highmem-64', { cpus: 64, memoryGiB: 512 }],
    ['gcp', 'n2-highmem-80', { cpus: 80, memoryGiB: 640 }],
    ['gcp', 'n2-highmem-128', { cpus: 128, memoryGiB: 864 }],
    ['gcp', 'c3d-standard-30', { cpus: 30, memoryGiB: 120 }],
    ['aws', 'r6i.16xlarge', { cpus: 64, memoryGiB: 512, attachableVolumes: 12 }],
    ['aws', 'm7i.48xlarge', { cpus: 192, memoryGiB: 768 }],
    ['aws', 'i4i.8xlarge', { cpus: 32, memoryGiB: 256, attachableVolumes: 17 }],
  ] as const)('knows %s %s', (cloud, machineType, expected) => {
    expect(machineOf(cloud, { machineType })).toMatchObject(expected);
  });

  it('of a declared machine goes before the catalogue', () => {
    const machine = { cpus: 64, memoryGiB: 512, attachableVolumes: 31 };
    expect(machineOf('aws', { machineType: 'r7i.16xlarge', machine })).toEqual(machine);
    expect(machineOf('aws', { machineType: 'constructor' })).toBeUndefined();
  });
});

describe('the pool of a component', () => {
  it('is the smallest machine it fits: vCPUs, then memory, then name', () => {
    const cluster = withPools(
      { name: 'c', machineType: 'n2-standard-16' },
      { name: 'b', machineType: 'n2-standard-8' },
      { name: 'a', machineType: 'n2-highmem-8' },
      { name: 'd', machineType: 'n2-standard-8' },
      { name: 'e', machineType: 'n2-standard-2' },
    );
    const pool = (cpuMillis: number, memoryMiB = 1024) => choosePool(cluster, placed(), 'otter', demand({ resources: { cpuMillis, memoryMiB, ephemeralMiB: 1 } }), AGENT)?.name;

    expect(pool(1000)).toBe('e');
    expect(pool(4000)).toBe('b');
    expect(pool(4000, 40_000)).toBe('a');
    expect(pool(9000)).toBe('c');
    expect(pool(40_000)).toBeUndefined();
  });

  it('counts the agent', () => {
    const cluster = withPools({ name: 'a', machineType: 'n2-standard-8' });
    const { cpuMillis } = allocatable(gke, MACHINE_TYPES.gcp['n2-standard-8']!, 100);
    const exact = (millis: number) => choosePool(cluster, placed(), 'otter', demand({ resources: { cpuMillis: millis, memoryMiB: 1, ephemeralMiB: 1 } }), AGENT);

    expect(exact(cpuMillis - AGENT.cpuMillis)?.name).toBe('a');
    expect(exact(cpuMillis - AGENT.cpuMillis + 1)).toBeUndefined();
  });

  it('is public for what is reached on its machine, private for everything else', () => {
    const cluster = withPools({ name: 'public', exposure: 'public' }, { name: 'secret', exposure: 'private', machineType: 'n2-standard-32' });
    const nodePort = placed({ reach: { via: 'nodePort', address: 'discovered' } });
    const inner = demand({ name: 'signer', ports: [] });

    expect(choosePool(cluster, nodePort, 'otter', demand(), AGENT)?.name).toBe('public');
    expect(choosePool(cluster, nodePort, 'otter', inner, AGENT)?.name).toBe('secret');
    expect(choosePool(withPools({ name: 'public', exposure: 'public' }), nodePort, 'otter', inner, AGENT)?.name).toBe('public');
    for (const via of ['outbound', 'loadBalancer'] as const) {
      expect(choosePool(cluster, placed({ reach: { via } }), 'otter', demand(), AGENT)?.name).toBe('secret');
      expect(choosePool(withPools({ name: 'public', exposure: 'public' }), placed({ reach: { via } }), 'otter', inner, AGENT)).toBeUndefined();
    }
  });

  it('is the one that the node names, when it fits', () => {
    const cluster = withPools({ name: 'small', machineType: 'n2-standard-4' }, { name: 'big', machineType: 'n2-standard-32' });
    const named = placed({ pools: { engine: 'big' } });

    expect(choosePool(cluster, named, 'otter', demand(), AGENT)?.name).toBe('big');
    expect(choosePool(cluster, named, 'otter', demand({ name: 'signer' }), AGENT)?.name).toBe('small');
    expect(choosePool(cluster, placed({ pools: { engine: 'small' } }), 'otter', demand({ resources: { cpuMillis: 8000, memoryMiB: 1, ephemeralMiB: 1 } }), AGENT)).toBeUndefined();
  });

  it('is refused with the reason', () => {
    const cluster = withPools(
      { name: 'heron', chains: ['heron'] },
      { name: 'elsewhere', zones: ['europe-west1-c'] },
      { name: 'open', exposure: 'public' },
      { name: 'plain' },
      { name: 'unheard', machineType: 'z9-mega-1', features: ['io-uring'] },
      { name: 'tiny', machineType: 'e2-standard-2', features: ['io-uring'] },
    );
    const needs = demand({ machineFeatures: ['io-uring'], resources: { cpuMillis: 4000, memoryMiB: 1024, ephemeralMiB: 1 } });

    expect(refusals(cluster, placed(), 'otter', needs, AGENT)).toEqual({
      heron: 'it is for heron',
      elsewhere: 'it is in europe-west1-c',
      open: 'its machines have public addresses',
      plain: 'it lacks io-uring',
      unheard: 'machine type "z9-mega-1" is unknown',
      tiny: 'of one e2-standard-2, pods can have 1.43 CPU, 4.8 GiB memory, 39 GiB boot disk, 127 volumes',
    });
  });
});

describe('packing', () => {
  const capacity: Allocatable = { cpuMillis: 8000, memoryMiB: 32_000, ephemeralMiB: 50_000, volumes: 8, pods: 10 };
  const items = fc
    .array(
      fc.record({
        cpuMillis: fc.constantFrom(50, 500, 1000, 3000, 8000),
        memoryMiB: fc.integer({ min: 1, max: 32_000 }),
        ephemeralMiB: fc.integer({ min: 0, max: 50_000 }),
        volumes: fc.integer({ min: 0, max: 8 }),
        hostPorts: fc.uniqueArray(fc.constantFrom('TCP/8000', 'UDP/8000', 'TCP/9000'), { maxLength: 2 }),
      }),
      { maxLength: 60 },
    )
    .map((list) => list.map((item, index): PackItem => ({ ...item, id: `node-${index}` })));
  const sum = (machine: readonly PackItem[], of: 'cpuMillis' | 'memoryMiB' | 'ephemeralMiB' | 'volumes') => machine.reduce((total, item) => total + item[of], 0);

  it(`never overfills a machine, and places every item once (seed ${SEED})`, () => {
    fc.assert(
      fc.property(items, (list) => {
        const machines = pack(list, capacity);
        for (const machine of machines) {
          expect(machine.length).toBeGreaterThan(0);
          expect(machine.length).toBeLessThanOrEqual(capacity.pods);
          for (const of of ['cpuMillis', 'memoryMiB', 'ephemeralMiB', 'volumes'] as const) expect(sum(machine, of)).toBeLessThanOrEqual(capacity[of]);
          const ports = machine.flatMap(({ hostPorts }) => hostPorts);
          expect(new Set(ports).size).toBe(ports.length);
        }
        expect(machines.flat().map(({ id }) => id).sort()).toEqual(list.map(({ id }) => id).sort());
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it(`gives the same machines for every order of the items (seed ${SEED})`, () => {
    const shuffled = items.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(pack(other, capacity)).toEqual(pack(list, capacity));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it(`leaves no item on a later machine that had room on an earlier one (seed ${SEED})`, () => {
    fc.assert(
      fc.property(items, (list) => {
        const machines = pack(list, capacity);
        machines.forEach((machine, at) => {
          const first = machine[0] as PackItem;
          // The first item of a machine opened it: together with what an earlier machine holds, it needs two.
          for (const earlier of machines.slice(0, at)) expect(pack([...earlier, first], capacity).length).toBeGreaterThan(1);
        });
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('refuses what is larger than a machine', () => {
    const item: PackItem = { id: 'big', cpuMillis: 8001, memoryMiB: 1, ephemeralMiB: 1, volumes: 0, hostPorts: [] };
    expect(() => pack([item], capacity)).toThrow(/^big is larger than an empty machine/);
  });

  it('takes ten thousand unlike items', () => {
    const many = Array.from({ length: 10_000 }, (_, index): PackItem => ({ id: `${index}`, cpuMillis: 500 + (index % 40), memoryMiB: 1000 + (index % 50), ephemeralMiB: 1, volumes: 1, hostPorts: [] }));
    expect(pack(many, capacity).length).toBeGreaterThanOrEqual(1250);
  });
});

describe('the machines that a scheduler needs', () => {
  const capacity: Allocatable = { cpuMillis: 15_390, memoryMiB: 57_581, ephemeralMiB: 50_000, volumes: 24, pods: 64 };
  const item = (id: string, cpuMillis: number, memoryMiB: number): PackItem => ({ id, cpuMillis, memoryMiB, ephemeralMiB: 1, volumes: 1, hostPorts: [] });
  /** Of an Ethereum node: execution, consensus, validator; and smaller ones. */
  const shapes = [[4050, 32_864], [2050, 16_480], [1050, 8288], [550, 2144], [300, 608]] as const;
  const lists = fc.array(fc.constantFrom(...shapes), { minLength: 1, maxLength: 80 }).map((list) => list.map(([cpu, memory], index) => item(`node-${index}`, cpu, memory)));

  it('are more than the best packing has, where small pods lie in the way of a large one', () => {
    const tight = [...Array.from({ length: 3 }, (_, index) => item(`large-${index}`, 1000, 50_000)), ...Array.from({ length: 4 }, (_, index) => item(`small-${index}`, 1000, 14_000))];
    expect(pack(tight, capacity)).toHaveLength(4);
    expect(spread([...tight.slice(3), ...tight.slice(0, 3)], 4, capacity)).toBe(false);
    expect(machinesFor(tight, capacity)).toBe(7);
  });

  it(`are never fewer than the best packing, nor hang on the order of the items (seed ${SEED})`, () => {
    const shuffled = lists.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        const machines = machinesFor(list, capacity);
        expect(machines).toBeGreaterThanOrEqual(pack(list, capacity).length);
        expect(machinesFor(other, capacity)).toBe(machines);
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  it(`are enough for nearly every order in which pods come, where the best packing is often not (seed ${SEED})`, () => {
    const waiting = { sized: 0, packed: 0 };
    let tried = 0;
    for (const list of fc.sample(lists, { seed: SEED, numRuns: 100 })) {
      const counts = { sized: machinesFor(list, capacity), packed: pack(list, capacity).length };
      for (const order of fc.sample(fc.shuffledSubarray(list, { minLength: list.length }), { seed: SEED, numRuns: 10 })) {
        tried += 1;
        for (const which of ['sized', 'packed'] as const) if (!spread(order, counts[which], capacity)) waiting[which] += 1;
      }
    }
    expect(waiting.sized / tried).toBeLessThan(0.02);
    expect(waiting.packed / tried).toBeGreaterThan(0.1);
  });
});

describe('the machines of a cluster', () => {
  it('are what its components need in each zone, and headroom in all of them', () => {
    expect(sizePools(fleet, fakeCatalogue)['gke-a']).toEqual([
      { pool: 'private', zone: 'europe-west1-b', machines: 1, headroom: 0, components: 5 },
      { pool: 'private', zone: 'europe-west1-c', machines: 0, headroom: 0, components: 0 },
      { pool: 'public', zone: 'europe-west1-b', machines: 2, headroom: 1, components: 1 },
    ]);
  });

  it('count stopped nodes, and not retired ones', () => {
    const file = 'nodes/gke-a/heron-test.yaml';
    const components = (state: string, keys = '["bbbb0000"]') => {
      const files = replaced(replaced(baseFiles(), file, 'state: running', `state: ${state}`), file, '["bbbb0000"]', keys);
      return sizePools(parseFleet(files, fakeCatalogue).fleet as Fleet, fakeCatalogue)['gke-a']?.find(({ pool }) => pool === 'public')?.components;
    };
    expect(components('stopped')).toBe(1);
    expect(components('retired', '[]')).toBe(0);
  });

  it('hold one host network component for each set of ports', () => {
    const pool = gke.pools.find(({ name }) => name === 'public') as Pool;
    const onHost = (node: string, port: number) => ({ node, component: demand({ hostNetwork: true, ports: [{ port, protocol: 'UDP', purpose: 'p2p' }] }), pool, zone: 'europe-west1-b' });
    const machines = (...ports: number[]) => packPools(gke, ports.map((port, index) => onHost(`n-${index}`, port)), AGENT).find(({ pool: of }) => of === 'public')?.machines;

    expect(machines(8000, 8100, 8200)).toBe(1 + pool.headroomMachines);
    expect(machines(8000, 8000, 8100)).toBe(2 + pool.headroomMachines);
  });
});
