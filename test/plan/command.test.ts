import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planSchema, type Plan } from '../../apps/plan/model';
import { key, ScratchRepository } from '../keys/scratch-repository';
import { ROOMS } from '../rooms';
import { ROOT, stockade, type Ran } from '../run';

const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
const placed = (cluster: string, node: string, digit: string) => ({ act: 'place', key: key(digit), network: 'hoodi', cluster, node }) as const;

/** A repository with a fleet and the code that renders it, as a clone of ours is. */
const repository = new ScratchRepository();
const revisions: Record<string, string> = {};
const commit = (name: string): void => {
  repository.commit(name);
  revisions[name] = repository.git('rev-parse', 'HEAD').trim();
};
const edit = (file: string, from: string, to: string): void => {
  const text = readFileSync(join(repository.folder, file), 'utf8');
  expect(text).toContain(from);
  repository.write(file, text.replaceAll(from, to));
};

beforeAll(() => {
  for (const part of [...ROOMS, 'rooms.json', 'package.json', 'package-lock.json', 'tsconfig.json']) cpSync(join(ROOT, part), join(repository.folder, part), { recursive: true });
  cpSync(join(ROOT, 'fleet'), join(repository.folder, 'fleet'), { recursive: true, filter: (path) => !/\.(yaml|lock)$/.test(path) });
  symlinkSync(join(ROOT, 'node_modules'), join(repository.folder, 'node_modules'), 'dir');
  repository.write('.gitignore', 'node_modules\ndist\n');

  repository.history([minutesAgo(300), placed('eu', 'hoodi-0', '1'), placed('us', 'hoodi-1', '2')]).declare({ 'eu/hoodi-0': { keys: [key('1')] }, 'us/hoodi-1': { keys: [key('2')] } });
  commit('base');
  edit('fleet/networks/hoodi.yaml', 'v1.16.7', 'v1.16.8');
  commit('release');
  edit('constructs/stateful-set.ts', 'revisionHistoryLimit: 10', 'revisionHistoryLimit: 11');
  edit('constructs/stateful-set.ts', 'enableServiceLinks: false', 'enableServiceLinks: true');
  commit('code');
  repository.git('checkout', '--quiet', revisions['base']!);
  repository
    .history([minutesAgo(300), placed('eu', 'hoodi-0', '1'), placed('us', 'hoodi-1', '2')], [minutesAgo(200), { ...placed('eu', 'hoodi-0', '1'), act: 'retire', proof: 'the pod is gone, ana looked' }], [minutesAgo(100), placed('us', 'hoodi-2', '1')])
    .declare({ 'eu/hoodi-0': { keys: [], state: 'retired' }, 'us/hoodi-1': { keys: [key('2')] }, 'us/hoodi-2': { keys: [key('1')] } });
  commit('move');
  repository.git('checkout', '--quiet', revisions['base']!);
  edit('fleet/nodes/eu/hoodi.yaml', 'role: validator', 'role: validater');
  commit('broken');
  repository.git('checkout', '--quiet', revisions['base']!);
  repository.git('rm', '-r', '--quiet', 'fleet');
  commit('no fleet');
  repository.git('checkout', '--quiet', revisions['base']!);
  repository.write('.gitattributes', 'fleet/networks/*.yaml text working-tree-encoding=UTF-16\n*.ts ident\n');
  repository.git('add', '--', '.gitattributes');
  repository.git('commit', '--quiet', '--message', 'Attributes');
  revisions['attributes'] = repository.git('rev-parse', 'HEAD').trim();
  repository.git('checkout', '--quiet', '--force', 'main');
  repository.git('checkout', '--quiet', 'main');
});
afterAll(() => repository.remove());

const run = (...args: string[]): Promise<Ran> => stockade(['plan', ...args], { cwd: repository.folder });
const json = (text: string): Plan => planSchema.parse(JSON.parse(text));

it('renders every file of a revision as it is committed, whatever its attributes say', async () => {
  // The control: what git writes by them is not YAML that a fleet could be.
  repository.git('checkout', '--quiet', '--force', revisions['attributes']!);
  repository.git('checkout-index', '--force', 'fleet/networks/hoodi.yaml');
  const written = readFileSync(join(repository.folder, 'fleet/networks/hoodi.yaml'));
  expect(written.includes(0)).toBe(true);
  repository.git('checkout', '--quiet', '--force', 'main');
  const { code, stdout, stderr } = await run('--base', revisions['base']!, '--head', revisions['attributes']!, '--format', 'json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(json(stdout).raw.objects).toBe(0);
});
const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('stockade-plan-') && existsSync(join(tmpdir(), name, 'base')));

describe('npm run plan', () => {
  it('compares two revisions, and leaves the repository as it was', async () => {
    const before = leftovers();
    const { code, stdout, stderr } = await run('--base', revisions['base']!, '--head', revisions['release']!, '--format', 'json');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(json(stdout).releases).toMatchObject([{ component: 'execution', version: { from: 'v1.16.7', to: 'v1.16.8' }, nodes: 2, restarts: 2, places: { eu: ['hoodi-0'], us: ['hoodi-1'] } }]);
    expect(json(stdout)).toMatchObject({ refused: false, findings: [], base: { revision: revisions['base'], nodes: 2 } });
    expect(repository.git('status', '--porcelain')).toBe('');
    expect(repository.git('worktree', 'list').trim().split('\n')).toHaveLength(1);
    expect(leftovers()).toEqual(before);
  });

  it('renders each revision by its own code', async () => {
    const { code, stdout } = await run('--base', revisions['release']!, '--head', revisions['code']!, '--format', 'json');
    expect(code).toBe(0);
    const plan = json(stdout);
    expect(plan.findings.map(({ code: kind }) => kind)).toEqual(expect.arrayContaining(['weakened', 'stateful-set-bookkeeping']));
    expect(plan.releases.flatMap(({ changes }) => changes)).toContain('enableServiceLinks false to true');
  });

  it('takes the working tree by default, committed or not, and a merged revision for the base', async () => {
    edit('fleet/nodes/eu/hoodi.yaml', 'state: running\n    ports', 'state: stopped\n    ports');
    const { code, stdout } = await run('--format', 'markdown', '--out', 'plan.md');
    const written = readFileSync(join(repository.folder, 'plan.md'), 'utf8');
    repository.git('checkout', '--quiet', '.');
    repository.git('clean', '--quiet', '--force', 'plan.md');
    expect(code).toBe(0);
    expect(stdout).toBe('');
    expect(written).toContain('From main');
    expect(written).toContain('**interrupting**: hoodi: running signer is declared stopped: applying this does not stop it');
  });

  it('refuses a key that moves in one step, and prints the plan all the same', async () => {
    const { code, stdout, stderr } = await run('--base', revisions['base']!, '--head', revisions['move']!);
    expect(code).toBe(1);
    expect(stdout, stderr).toMatch(/REFUSED \[second-signer risk\] .*would move here from eu\/hoodi-0 in one change/);
    expect(stdout.match(/REFUSED \[second-signer risk\]/g)!.length).toBe(5); // by the journal: moved, and its signer runs; by what is rendered: moved, retired while it runs, and started unmerged
    expect(stdout).toMatch(/keys\.lock\/line \d/);
    expect(stderr).toMatch(/error: \d findings are refused/);
  });

  it('takes a base without a fleet for empty, and says so', async () => {
    const { code, stdout } = await run('--base', revisions['no fleet']!, '--head', revisions['base']!, '--format', 'json');
    // Nothing is merged yet, so no key may sign yet: a fleet begins with its signers declared stopped.
    expect(code).toBe(1);
    expect(json(stdout).findings.filter(({ refused }) => refused)).toMatchObject([{ code: 'node-unmerged', count: 2 }]);
    expect(json(stdout).notes).toEqual([expect.stringContaining('has no folder "fleet": it is older than the fleet, so everything counts as new')]);
    expect(json(stdout).findings.filter(({ code: kind }) => kind === 'node-new')).toMatchObject([{ count: 2, risk: 'second-signer risk' }]);
  });

  it('fails with what the code of a revision says where that can not be rendered', async () => {
    const { code, stdout, stderr } = await run('--base', revisions['broken']!, '--head', revisions['base']!);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain("can't be rendered by its own code: its manifests failed (exit code 1)");
    expect(stderr).toMatch(/fleet\/nodes\/eu\/hoodi\.yaml:\d+:\d+: error: .*validater/);
  });

  it('fails where git knows no such revision, or there is no such fleet', async () => {
    expect(await run('--base', 'nowhere')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('git knows no revision "nowhere"') });
    expect(await run('--fleet', 'elsewhere')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no folder "elsewhere"') });
  });

  it('compares what was rendered before, without running code of either revision', async () => {
    const manifest = (value: number): string => `apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: { name: p }\nvalue: ${value}\n`;
    for (const [side, value] of [['one', 1], ['two', 2]] as const) {
      mkdirSync(join(repository.folder, 'dist', side, 'dist/eu/platform'), { recursive: true });
      writeFileSync(join(repository.folder, 'dist', side, 'dist/eu/platform/p.yaml'), manifest(value));
    }
    const { code, stdout } = await run('--base', revisions['broken']!, '--base-output', 'dist/one', '--head-output', 'dist/two');
    expect(code).toBe(1);
    expect(stdout).toContain('value of PriorityClass "p" goes from "1" to "2": no API server accepts that');
    expect(await run('--base-output', 'nowhere', '--head-output', 'dist/two')).toMatchObject({ code: 1, stderr: expect.stringMatching(/nowhere" holds no dist/) });
  });
});
