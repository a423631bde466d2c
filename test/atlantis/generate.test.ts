import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderFleet } from '../../apps/render/render-fleet';
import { catalogue } from '../../chains';
import { ATLANTIS_FILE, atlantisFiles, differences, listedProjects, lostProjects, writeAtlantis } from '../../infra/atlantis/generate';
import { projectsOf } from '../../infra/atlantis/projects';
import { stacksOf } from '../../infra/stacks';
import type { StackContext } from '../../infra/context';
import { readTree } from '../golden/trees';
import { contextOf, edited, exampleFiles, isTouched, ROOT, terraformOf, type Files } from './fleets';

const BEFORE = exampleFiles();
const context = contextOf(BEFORE);
const committed = readFileSync(join(ROOT, ATLANTIS_FILE), 'utf8');

interface Listed {
  readonly name: string;
  readonly dir: string;
  readonly workflow: string;
  readonly execution_order_group: number;
  readonly depends_on?: readonly string[];
  readonly autoplan: { readonly when_modified: readonly string[] };
}
const listed = (parse(committed) as { projects: Listed[] }).projects;

describe('atlantis.yaml', () => {
  it('is what the fleet comes to, as are the folders of its projects', () => {
    expect(differences(ROOT, atlantisFiles(context))).toEqual([]);
  });

  it('has dropped nothing that it listed', () => {
    expect(lostProjects(listedProjects(committed), context, ATLANTIS_FILE)).toEqual([]);
  });

  it('lists every stack, the manifests of every cluster, and the keys, each once, in a folder of its own that is in git', () => {
    const expected = ['keys', ...stacksOf(context.fleet).map(({ id }) => id), ...Object.keys(context.fleet.clusters).map((name) => `${name}-manifests`)];
    expect(listed.map(({ name }) => name).sort()).toEqual(expected.sort());
    expect(listed.map(({ dir }) => dir)).toEqual(listed.map(({ name }) => `infra/projects/${name}`));
  });

  it('orders them: keys, network before cluster before add-ons, manifests last; nothing depends on what comes later', () => {
    const group = (name: string): number => listed.find((one) => one.name === name)!.execution_order_group;
    for (const cluster of Object.keys(context.fleet.clusters)) {
      const order = ['keys', `${cluster}-network`, `${cluster}-cluster`, `${cluster}-add-ons`, `${cluster}-manifests`].map(group);
      expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
    }
    expect(listed.flatMap(({ name, depends_on = [] }) => depends_on.filter((needed) => group(needed) >= group(name)))).toEqual([]);
    expect(parse(committed)).toMatchObject({ abort_on_execution_order_fail: true, parallel_apply: false });
  });

  it('names workflows and defines none', () => {
    expect(parse(committed)).not.toHaveProperty('workflows');
    expect(new Set(listed.map(({ workflow }) => workflow))).toEqual(new Set(['keys', 'terraform', 'manifests']));
    expect(committed).not.toMatch(/apply_requirements|\brun:|custom_policy_check/);
  });
});

/** Projects that a pull request with this edit plans: its own change of the fleet, and what `npm run atlantis` then writes. */
function touched(after: Files): string[] {
  const next = contextOf(after);
  const files = atlantisFiles(next);
  const before = atlantisFiles(context);
  const changed = [
    ...[...new Set([...BEFORE.keys(), ...after.keys()])].filter((path) => BEFORE.get(path) !== after.get(path)).map((path) => `fleet/${path}`),
    ...[...new Set([...before.keys(), ...files.keys()])].filter((path) => before.get(path) !== files.get(path)),
  ];
  return projectsOf(next)
    .filter((project) => isTouched(project, changed))
    .map(({ name }) => name)
    .sort();
}

const NODES = 'nodes/gke-europe-west1/ethereum-mainnet.yaml';
const CLUSTER = 'clusters/gke-europe-west1.yaml';
const node = context.fleet.nodes.find(({ cluster, network, keys }) => cluster === 'gke-europe-west1' && network === 'ethereum-mainnet' && keys.length > 0)!;

describe('an edit touches', () => {
  it('of a node what only manifests show: its cluster\'s manifests', () => {
    expect(touched(edited(BEFORE, [NODES, /feeRecipient: "?0x[0-9a-fA-F]{40}"?/, 'feeRecipient: "0x1212121212121212121212121212121212121212"']))).toEqual(['gke-europe-west1-manifests']);
  });

  it('of a node\'s size: its cluster\'s stack too', () => {
    const after = edited(BEFORE, [NODES, `name: ${node.name}\n`, `name: ${node.name}\n    resources: { execution: { cpus: 12, memoryGiB: 40 } }\n`]);
    expect(touched(after)).toEqual(['gke-europe-west1-cluster', 'gke-europe-west1-manifests']);
  });

  it('of a node\'s ports: the network where they are open to the world', () => {
    const open = context.demands['gke-us-east4']!.ports[0]!;
    const reached = context.fleet.nodes.find((one) => one.cluster === 'gke-us-east4' && one.name === open.node)!;
    const after = edited(BEFORE, [reached.source.file, `base: ${reached.ports.base}`, `base: ${reached.ports.base + 2000}`]);
    expect(touched(after)).toEqual(expect.arrayContaining(['gke-us-east4-manifests', 'gke-us-east4-network']));
    expect(touched(after).filter((name) => name.endsWith('-storage') || name.endsWith('-add-ons') || name.startsWith('eks-'))).toEqual([]);
  });

  it('of a pool: its cluster\'s stack alone', () => {
    const pool = context.fleet.clusters['gke-europe-west1']!.pools[0]!;
    const headroom = edited(BEFORE, [CLUSTER, `headroomMachines: ${pool.headroomMachines}`, `headroomMachines: ${pool.headroomMachines + 1}`]);
    expect(touched(headroom)).toEqual(['gke-europe-west1-cluster']);
    expect(touched(edited(BEFORE, [CLUSTER, `bootDiskGiB: ${pool.bootDiskGiB}`, `bootDiskGiB: ${pool.bootDiskGiB + 50}`]))).toEqual(['gke-europe-west1-cluster']);
  });

  it('of a key: the one fleet-wide project too, whose lock lasts until the change is merged', () => {
    const after = edited(BEFORE, [NODES, new RegExp(`${node.keys[0]!.slice(2, 12)}[0-9a-f]+`), 'b'.repeat(96)]);
    expect(touched(after)).toEqual(['gke-europe-west1-manifests', 'keys']);
  });

  it('of a network: the manifests of the clusters that run it', () => {
    const clusters = [...new Set(context.fleet.nodes.filter(({ network }) => network === 'osmosis').map(({ cluster }) => cluster))];
    expect(touched(edited(BEFORE, ['networks/osmosis.yaml', /keyMoveWaitMinutes: \d+/, 'keyMoveWaitMinutes: 600']))).toEqual(clusters.map((name) => `${name}-manifests`).sort());
  });

  it('of a cloud\'s own code: the stacks of that cloud', () => {
    const of = (file: string): string[] => projectsOf(context).filter((project) => isTouched(project, [file])).map(({ name }) => name);
    expect(of('infra/stacks/gcp/network.ts').every((name) => name.startsWith('g'))).toBe(true);
    expect(of('infra/stacks/gcp/network.ts')).toContain('gke-us-east4-network');
    expect(of('infra/stacks/stack.ts')).toEqual(stacksOf(context.fleet).map(({ id }) => id));
    expect(of('infra/atlantis/generate.ts')).toEqual([]);
    expect(of('docs/architecture.md')).toEqual([]);
    expect(of('apps/render/yaml.ts')).toEqual(Object.keys(context.fleet.clusters).map((name) => `${name}-manifests`).sort());
  });
});

describe('nothing that an edit changes is left unplanned', () => {
  const before = terraformOf(context);
  const EDITS: readonly (readonly [string, Files])[] = [
    ['a pool\'s headroom', edited(BEFORE, [CLUSTER, 'headroomMachines: 1', 'headroomMachines: 0'])],
    ['a pool\'s taint', edited(BEFORE, [CLUSTER, /value: [a-z]+,/, 'value: other,'])],
    ['the Kubernetes version', edited(BEFORE, [CLUSTER, /kubernetesVersion: "[0-9.]+"/, 'kubernetesVersion: "1.35"'])],
    ['most pods of a machine', edited(BEFORE, [CLUSTER, /podsPerMachine: \d+/, 'podsPerMachine: 70'])],
    ['a cluster\'s range', edited(BEFORE, [CLUSTER, /services: 10\.\d+\.16\.0\/20/, 'services: 10.199.16.0/20'])],
    ['a node\'s ports', edited(BEFORE, [NODES, /base: \d+/, 'base: 31800'])],
    ['a node that is stopped', edited(BEFORE, [NODES, `name: ${node.name}\n`, `name: ${node.name}\n    state: stopped\n`])],
    ['a client\'s release', edited(BEFORE, ['networks/ethereum-mainnet.yaml', 'rings: { canary: v1.17.5, early: v1.17.4', 'rings: { canary: v1.17.4, early: v1.17.4'])],
  ];

  it.each(EDITS)('%s', async (_what, after) => {
    const next = contextOf(after);
    const planned = touched(after);
    const stacks = terraformOf(next);
    const changedStacks = [...stacks].filter(([id, json]) => before.get(id) !== json).map(([id]) => id);
    expect(changedStacks.filter((id) => !planned.includes(id))).toEqual([]);
    const changedClusters = differing(await renderedOf(context), await renderedOf(next));
    expect(changedClusters.filter((name) => !planned.includes(`${name}-manifests`))).toEqual([]);
  });
});

const renderings = new WeakMap<StackContext, Promise<ReadonlyMap<string, string>>>();
/** All that is rendered for a cluster, as one text. */
function renderedOf(of: StackContext): Promise<ReadonlyMap<string, string>> {
  const known = renderings.get(of);
  if (known) return known;
  const rendering = (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stockade-rendered-'));
    try {
      await renderFleet(of.fleet, catalogue, { out: join(folder, 'dist'), format: 'plain', version: '0.0.0', selection: {} });
      return new Map(Object.keys(of.fleet.clusters).map((name) => [name, JSON.stringify([...readTree(join(folder, 'dist', name))])]));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  })();
  renderings.set(of, rendering);
  return rendering;
}

const differing = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] => [...b].filter(([name, text]) => a.get(name) !== text).map(([name]) => name);

describe('a removed cluster', () => {
  const NAME = 'gke-asia-southeast1';
  const GONE: Files = new Map(
    [...edited(BEFORE, ['infrastructure.yaml', 'tombstones: []', `tombstones:\n  - { cluster: ${NAME}, cloud: gcp, project: example-staking-prod, region: asia-southeast1, destroyed: false }`])].filter(([path]) => !path.includes(NAME)),
  );
  const without: Files = new Map([...BEFORE].filter(([path]) => !path.includes(NAME)));
  const destroyed: Files = edited(GONE, ['infrastructure.yaml', 'destroyed: false', 'destroyed: true']);
  const names = (of: Files): string[] => projectsOf(contextOf(of)).map(({ name }) => name);

  it('stays listed, emptied, until it is destroyed; its manifests don\'t', () => {
    const kept = names(GONE).filter((name) => name.startsWith(NAME));
    expect(kept.sort()).toEqual(['add-ons', 'cluster', 'network', 'storage'].map((kind) => `${NAME}-${kind}`));
    expect(lostProjects(names(BEFORE), contextOf(GONE), 'atlantis.yaml of main')).toEqual([]);
    expect(touched(GONE)).toEqual(expect.arrayContaining(kept));
    const stacks = terraformOf(contextOf(GONE));
    for (const id of kept) expect(JSON.parse(stacks.get(id)!)).not.toHaveProperty('resource');
  });

  it('is refused without a tombstone, by its name, its file and the next step', () => {
    const [lost, ...more] = lostProjects(names(BEFORE), contextOf(without), 'atlantis.yaml of main');
    expect(more).toEqual([]);
    expect(lost!.projects).toHaveLength(5);
    expect(lost!.message).toContain(`cluster "${NAME}" (fleet/clusters/${NAME}.yaml) is gone without a tombstone: atlantis.yaml of main lists `);
    expect(lost!.next).toContain('add the cluster to tombstones in fleet/infrastructure.yaml with destroyed: false');
  });

  it('is refused when it is called destroyed in the same change, and let go in a later one', () => {
    expect(lostProjects(names(BEFORE), contextOf(destroyed), 'main')[0]!.message).toContain('is called destroyed in the change that removes it');
    expect(lostProjects(names(GONE), contextOf(destroyed), 'main')).toEqual([]);
    expect(names(destroyed).filter((name) => name.startsWith(NAME))).toEqual([]);
  });

  it('is refused when its tombstone goes before it says destroyed', () => {
    expect(lostProjects(names(GONE), contextOf(without), 'main')[0]!.message).toContain('is gone without a tombstone');
  });

  it('is noticed when the home cloud moves: stacks of the whole fleet have no tombstone', () => {
    const moved = edited(
      BEFORE,
      ['infrastructure.yaml', 'cloud: gcp\n  region: europe-west1', 'cloud: aws\n  region: eu-central-1'],
      ['infrastructure.yaml', 'zone: europe-west1-b', 'zone: eu-central-1a'],
      ['infrastructure.yaml', 'projects/cos-cloud/global/images/family/cos-stable', 'ami-00000000'],
    );
    expect(lostProjects(names(BEFORE), contextOf(moved), 'main')[0]!.projects).toEqual(['gcp-atlantis', 'gcp-secret-manager']);
  });

  it('has its folders removed with it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'stockade-atlantis-'));
    try {
      writeAtlantis(folder, atlantisFiles(context));
      expect(writeAtlantis(folder, atlantisFiles(context))).toEqual([]);
      writeAtlantis(folder, atlantisFiles(contextOf(destroyed)));
      expect(differences(folder, atlantisFiles(contextOf(destroyed)))).toEqual([]);
      expect([...readTree(join(folder, 'infra/projects')).keys()].filter((path) => path.startsWith(NAME))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
