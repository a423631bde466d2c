import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { renderFleet } from '../../apps/render/render-fleet';
import type { Summary } from '../../apps/render/summary';
import { runSynth, type SynthOptions } from '../../apps/synth';
import { catalogue } from '../../chains';
import { explained } from '../../errors/user-error';
import { GOLDEN, readTree, treeDifferences, type Tree } from '../golden/trees';
import { ROOT, synth } from './command';

let folder: string;
/** What one run in this process makes; whether that is right is the golden test's to say. */
let whole: Tree;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-synth-'));
  out = join(folder, 'whole');
  expect((await run()).status).toBe(0);
  whole = readTree(out);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
let out: string;
beforeEach(() => {
  out = join(folder, `out-${(count += 1)}`);
});

const put = (path: string, text: string): void => {
  mkdirSync(join(out, path, '..'), { recursive: true });
  writeFileSync(join(out, path), text);
};

/** The same command in this process: its parsing of arguments has tests of its own below. */
async function run(options: Partial<SynthOptions> = {}): Promise<{ status: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const status = await runSynth(
    { fleet: GOLDEN.fleet, out, format: 'plain', ...options },
    { stdout: { write: (text) => (said.stdout += text) }, stderr: { write: (text) => (said.stderr += text) } },
  ).catch((error: unknown) => {
    const { text, code } = explained(error);
    said.stderr += `${text}\n`;
    return code;
  });
  return { status, ...said };
}

/** The golden fleet with a mistake in each of three files. */
function brokenFleet(): string {
  const broken = join(folder, 'broken');
  cpSync(GOLDEN.fleet, broken, { recursive: true });
  const change = (file: string, from: string, to: string): void => {
    const text = readFileSync(join(broken, file), 'utf8');
    expect(text).toContain(from);
    writeFileSync(join(broken, file), text.replace(from, to));
  };
  change('settings.yaml', 'requireDigest: false', 'requireDigests: false');
  change('clusters/gke-golden.yaml', 'podsPerMachine: 64', 'podsPerMachine: many');
  change('nodes/eks-golden/hoodi.yaml', 'role: beacon', 'role: beakon');
  return broken;
}

describe('synth as a process', () => {
  it('renders the fleet, says what it did and ends with 0', () => {
    const { status, stdout, stderr } = synth(['--fleet', GOLDEN.fleet, '--out', out]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Rendered 11 nodes \(11 running, 0 stopped, 0 retired\) of 2 clusters into /);
    expect(stdout).toContain('Declared exceptions from the hardening:\n  host-network, 2 of solana:');
    expect(stdout).toMatch(/1 warnings?:\n {2}nodes\/eks-golden\/hoodi\.yaml:12:17: /);
    expect(treeDifferences(whole, readTree(out)).join('\n')).toBe('');
  });

  it('renders the same in another folder, time zone and language', () => {
    const env = { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' };
    mkdirSync(join(folder, 'elsewhere'), { recursive: true });
    cpSync(GOLDEN.fleet, join(folder, 'elsewhere', 'fleet'), { recursive: true });
    // Both folders by their defaults, so that nothing of where they are is in the arguments.
    const { status, stderr } = synth(['--json'], { cwd: join(folder, 'elsewhere'), env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(treeDifferences(whole, readTree(join(folder, 'elsewhere', 'dist'))).join('\n')).toBe('');
  });

  it('takes several names for a filter, and prints JSON alone', () => {
    const { status, stdout, stderr } = synth(['--fleet', GOLDEN.fleet, '--out', out, '--json', '--node', 'eks-golden/sol-validator', 'hub-validator', '--format', 'helm']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, format: 'helm', nodes: { running: 2, stopped: 0, retired: 0 } });
  });

  it('reports the mistakes of all files at once, ends with 1 and writes nothing', () => {
    const { status, stdout, stderr } = synth(['--fleet', brokenFleet(), '--out', out]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    const heads = stderr.split('\n').filter((line) => line.startsWith(`${folder}/broken/`));
    expect(heads.map((line) => line.slice(`${folder}/broken/`.length))).toEqual([
      'clusters/gke-golden.yaml:11:17: error: "podsPerMachine" must be a number, but is text [wrong-type]',
      'nodes/eks-golden/hoodi.yaml:12:17: warning: "eks-golden/eth-eks-0" may start with an empty signing volume [first-start-approved]',
      'nodes/eks-golden/hoodi.yaml:18:29: error: node "eth-eks-0" can not refer to "eth-eks-beacon": its role is "beakon" [wrong-peer]',
      'nodes/eks-golden/hoodi.yaml:20:11: error: role "beakon" is unknown in chain "ethereum" [unknown-role]',
      'settings.yaml:3:1: error: settings.yaml lacks "requireDigest" [missing-key]',
      'settings.yaml:4:1: error: "requireDigests" is not a key of settings.yaml [unknown-key]',
    ]);
    expect(stderr).toContain('\n  did you mean "beacon"?\n');
    expect(stderr).toMatch(/\n5 errors, 1 warning\n$/);
    expect(existsSync(out)).toBe(false);
  });

  it('refuses arguments that it does not know', () => {
    const { status, stderr } = synth(['--fleat', GOLDEN.fleet, '--out', out]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("error: unknown option '--fleat'") });
    expect(existsSync(out)).toBe(false);
  });

  it('gives the same tree through `cdk8s synth`', () => {
    const project = join(folder, 'cdk8s');
    mkdirSync(project);
    for (const name of ['apps', 'node_modules', 'package.json', 'tsconfig.json', 'cdk8s.yaml']) symlinkSync(join(ROOT, name), join(project, name));
    cpSync(GOLDEN.fleet, join(project, 'fleet'), { recursive: true });
    mkdirSync(join(project, 'dist'));
    writeFileSync(join(project, 'dist', 'stale.yaml'), 'from an earlier run\n');
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules', 'cdk8s-cli', 'bin', 'cdk8s'), 'synth'], { cwd: project, encoding: 'utf8' });
    expect(status, `${stdout}${stderr}`).toBe(0);
    expect(treeDifferences(whole, readTree(join(project, 'dist'))).join('\n')).toBe('');
  });
});

describe('a wrong fleet', () => {
  it('leaves the tree of an earlier run as it was', async () => {
    await run();
    const { status } = await run({ fleet: brokenFleet() });
    expect(status).toBe(1);
    expect(treeDifferences(whole, readTree(out))).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  it('is reported as JSON too, each problem with its place and what to do', async () => {
    const { status, stdout, stderr } = await run({ fleet: brokenFleet(), json: true });
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    const report = JSON.parse(stdout) as { ok: boolean; errors: number; problems: { code: string; level: string; places: { file: string }[]; next: string }[] };
    expect(report.ok).toBe(false);
    expect(report.problems.filter(({ level }) => level === 'error')).toHaveLength(report.errors);
    expect([...new Set(report.problems.flatMap(({ places }) => places.map(({ file }) => file)))]).toEqual(
      expect.arrayContaining(['clusters/gke-golden.yaml', 'nodes/eks-golden/hoodi.yaml', 'settings.yaml']),
    );
    for (const { next } of report.problems) expect(next).toMatch(/\.$/);
  });
});

describe('the summary', () => {
  it('holds as JSON what a run did', async () => {
    const { stdout } = await run({ json: true });
    const { milliseconds, bytes, objects, ...summary } = JSON.parse(stdout) as Summary;
    expect(milliseconds).toBeGreaterThan(0);
    expect(bytes).toBe([...whole].filter(([path]) => /\/staking-/.test(path)).reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0));
    expect(objects).toBe([...whole].filter(([path]) => path.endsWith('.yaml')).reduce((sum, [, text]) => sum + text.split(/^---$/m).length, 0));
    expect(summary).toMatchObject({
      ok: true,
      out,
      format: 'plain',
      clusters: [
        { name: 'eks-golden', cloud: 'aws', region: 'eu-central-1', nodes: 6 },
        { name: 'gke-golden', cloud: 'gcp', region: 'europe-west1', nodes: 5 },
      ],
      nodes: { running: 11, stopped: 0, retired: 0 },
      warnings: [{ level: 'warning', places: [{ file: 'nodes/eks-golden/hoodi.yaml' }] }],
    });
    expect(summary.exceptions.map(({ what, nodes }) => [what, nodes])).toContainEqual(['host-network', { solana: 2 }]);
    expect(summary.unverified.length).toBeGreaterThan(0);
  });
});

describe('a filter', () => {
  const STALE = 'eks-golden/staking-hoodi/gone/validator.yaml';
  const INSIDE = 'gke-golden/staking-hoodi/eth-gke-0/stale.yaml';
  const CHANGED = 'gke-golden/staking-hoodi/eth-gke-0/validator.yaml';

  /** A full tree with a stale folder, a stale file in a node's folder, and a file that was changed by hand. */
  async function dirtyTree(): Promise<void> {
    await run();
    for (const path of [STALE, INSIDE, CHANGED]) put(path, 'stale\n');
  }
  const differences = (): string[] => treeDifferences(whole, readTree(out)).map((difference) => difference.split('\n')[0]!);

  it.each<[string, Partial<SynthOptions>]>([
    ['a node', { node: ['eth-gke-0'] }],
    ['a node of a cluster', { node: ['gke-golden/eth-gke-0'] }],
    ['a network', { network: ['hoodi'] }],
    ['a cluster', { cluster: ['gke-golden'] }],
    ['a cluster and a network', { cluster: ['gke-golden'], network: ['hoodi'] }],
  ])('for %s replaces the folders of what it names and leaves the rest alone', async (_, filter) => {
    await dirtyTree();
    expect((await run(filter)).status).toBe(0);
    expect(differences()).toEqual([`extra: ${STALE}`]);
    expect(leftovers()).toEqual([]);
  });

  it('that names something else touches nothing of this', async () => {
    await dirtyTree();
    const before = readTree(out);
    expect((await run({ network: ['solana'], node: ['sol-rpc'] })).status).toBe(0);
    expect(treeDifferences(before, readTree(out))).toEqual([]);
  });

  it('is what keeps stale folders: a full run removes them', async () => {
    await dirtyTree();
    put('gone-cluster/platform/00-namespaces.yaml', 'stale\n');
    expect((await run()).status).toBe(0);
    expect(differences()).toEqual([]);
  });

  it('for a cluster replaces its platform; one for a node does not touch it', async () => {
    await run();
    put('gke-golden/platform/stale.yaml', 'stale\n');
    await run({ node: ['eth-gke-0'] });
    expect(differences()).toEqual(['extra: gke-golden/platform/stale.yaml']);
    await run({ cluster: ['gke-golden'] });
    expect(differences()).toEqual([]);
  });

  it('makes the folder where there is none, with what it names alone', async () => {
    expect((await run({ node: ['eth-gke-0'] })).status).toBe(0);
    expect([...readTree(out).keys()].filter((path) => path !== '.stockade')).toEqual(
      ['consensus', 'execution', 'rbac', 'validator'].map((name) => `gke-golden/staking-hoodi/eth-gke-0/${name}.yaml`),
    );
  });

  it('that names what is not in the fleet is refused, with what it may have meant', async () => {
    await dirtyTree();
    const before = readTree(out);
    const { status, stdout, stderr } = await run({ cluster: ['gke-goldn'], network: ['hodi', 'solana'], node: ['gke-golden/eth-gke-1', 'zzzzzz'] });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual([
      '--cluster "gke-goldn" is not in the fleet. Did you mean "gke-golden"?',
      '--network "hodi" is not in the fleet. Did you mean "hoodi"?',
      '--node "gke-golden/eth-gke-1" is not in the fleet. Did you mean "gke-golden/eth-gke-0"?',
      '--node "zzzzzz" is not in the fleet.',
    ]);
    expect(treeDifferences(before, readTree(out))).toEqual([]);
    expect(JSON.parse((await run({ node: ['zzzzzz'], json: true })).stdout)).toEqual({
      ok: false,
      problems: [{ level: 'error', message: '--node "zzzzzz" is not in the fleet.' }],
    });
  });
});

describe('a folder that was not made by Stockade', () => {
  it.each<[string, Partial<SynthOptions>]>([['a full run', {}], ['a filtered run', { node: ['eth-gke-0'] }]])('is refused by %s', async (_, filter) => {
    put('precious.txt', 'mine\n');
    const { status, stderr } = await run(filter);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `error: output folder ${JSON.stringify(out)} is not empty and was not made by Stockade: a full run would delete what it holds\n  next: Choose another --out, or empty it.\n`,
    });
    expect([...readTree(out)]).toEqual([['precious.txt', 'mine\n']]);
    expect(leftovers()).toEqual([]);
  });

  it('is taken while it is empty', async () => {
    mkdirSync(out);
    expect((await run()).status).toBe(0);
    expect(treeDifferences(whole, readTree(out))).toEqual([]);
  });
});

describe('a filter', () => {
  it('that matches no node says so and writes nothing', async () => {
    expect(await run({ cluster: ['gke-golden'], node: ['eth-eks-0'] })).toEqual({
      status: 1,
      stdout: '',
      stderr: 'no node matches all of --cluster, --network and --node: nothing would be rendered.\n',
    });
    expect(existsSync(out)).toBe(false);
  });

  it('is refused in another format than the folder holds', async () => {
    expect((await run()).status).toBe(0);
    const { status, stderr } = await run({ format: 'helm', node: ['eth-gke-0'] });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `error: output folder ${JSON.stringify(out)} holds another format than helm: replacing a part of it would mix the two\n  next: Render the whole fleet, or choose another --out.\n`,
    });
    expect(treeDifferences(whole, readTree(out))).toEqual([]);
  });
});

describe('workers', () => {
  it('render the same tree as this thread alone, and report the same', async () => {
    const { fleet } = checkFleetFolder(GOLDEN.fleet, catalogue);
    const alone = await renderFleet(fleet!, catalogue, { out: `${out}-alone`, format: 'plain', version: '0.0.0', workers: 1 });
    const shared = await renderFleet(fleet!, catalogue, { out, format: 'plain', version: '0.0.0', workers: 2 });
    expect(treeDifferences(whole, readTree(`${out}-alone`)).join('\n')).toBe('');
    expect(treeDifferences(whole, readTree(out)).join('\n')).toBe('');
    expect(shared).toEqual(alone);
  });
});

/** What runs write beside the output folder, and have to take away again. */
const leftovers = (): string[] => readdirSync(folder).filter((name) => name.startsWith('.'));
