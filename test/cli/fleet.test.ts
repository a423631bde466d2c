import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/stockade';
import { ROOT, stockade } from '../run';

/** A repository whose fleet is in `staking/eu`, and whose one mistake is in a cluster's file. Nothing is called `fleet` there. */
const root = mkdtempSync(join(tmpdir(), 'stockade-elsewhere-'));
const fleet = join(root, 'staking/eu');
const CLUSTER = 'gke-europe-west1';
beforeAll(() => {
  mkdirSync(join(root, 'staking'));
  cpSync(join(ROOT, 'fleet'), fleet, { recursive: true });
  const file = join(fleet, `clusters/${CLUSTER}.yaml`);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^podsPerMachine: .*$/m, 'podsPerMachine: many'));
  const git = (...args: string[]): void => void execFileSync('git', ['-C', root, '-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args]);
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'x');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;

const there = ['--fleet', 'FLEET'];
/** Each command that reads a fleet, with what else it has to be given, and what it says of the mistake. */
const READS: Readonly<Record<string, { readonly args: readonly string[]; readonly says?: RegExp }>> = {
  synth: { args: [...there, '--out', 'OUT'] },
  'keys status': { args: there },
  'keys place': { args: [...there, '--all-new'] },
  'keys retire': { args: [...there, '--proof', 'x', '--node', 'a/b'] },
  'keys verify': { args: there },
  'manifests plan': { args: [...there, '--cluster', CLUSTER, '--manifests', 'OUT', '--out', 'OUT'] },
  'atlantis write': { args: ['--root', 'ROOT', '--fleet', 'staking/eu', '--check'] },
  'atlantis known': { args: ['--root', 'ROOT', '--fleet', 'staking/eu', '--workflow', 'keys', '--name', 'keys', '--dir', 'x', '--workspace', 'default'] },
  record: { args: [...there, '--cluster', CLUSTER], says: new RegExp(`^error: FLEET/clusters/${CLUSTER}.yaml can not be read\n`) },
  'server kubeconfig': { args: [...there, '--as', 'plan', '--cluster', CLUSTER, '--out', 'OUT'], says: new RegExp(`^error: FLEET/clusters/${CLUSTER}.yaml can not be read\n`) },
  pin: { args: [...there, '--network', 'nope'], says: /^FLEET\/networks:1:1: error: / },
  // Each revision's own code says it: see test/plan/command.test.ts.
  plan: { args: ['--root', 'ROOT', '--fleet', 'staking/us'], says: /^error: There is no folder "staking\/us" in ROOT\n/ },
  // These need a plan, or a cluster: what they have of the fleet is a sentence.
  'manifests apply': { args: [...there, '--cluster', CLUSTER, '--plan', 'OUT/nope'], says: /OUT\/nope/ },
  'manifests fire': { args: [...there, '--network', 'n', '--node', 'x', '--kubeconfig', 'OUT/nope'], says: /OUT\/nope/ },
  'manifests stop': { args: [...there, '--network', 'n', '--node', 'x', '--why', 'x', '--kubeconfig', 'OUT/nope'], says: /OUT\/nope/ },
  'manifests resume': { args: [...there, '--network', 'n', '--node', 'x', '--kubeconfig', 'OUT/nope'], says: /OUT\/nope/ },
  'server retirements': { args: [...there, '--base', 'main', '--plan', 'OUT/nope'], says: /^error: there is no readable plan of this tree\n/ },
};

describe('--fleet', () => {
  it('is an option of every command but those that read no fleet', async () => {
    const options = await Promise.all(Object.keys(COMMANDS).map(async (name) => [name, (await stockade([...name.split(' '), '--help'])).stdout.includes('--fleet <folder>')] as const));
    expect(options.filter(([, has]) => has).map(([name]) => name).sort()).toEqual(Object.keys(READS).sort());
    expect(options.filter(([name, has]) => !has && !name.startsWith('server ')).map(([name]) => name)).toEqual(['schema']);
  });

  it.each(Object.entries(READS))('%s names what is wrong by the path that it was given', async (name, { args, says }) => {
    const given = (text: string): string => text.replaceAll('FLEET', fleet).replaceAll('ROOT', root).replaceAll('OUT', join(root, 'out'));
    const { code, stderr } = await stockade([...name.split(' '), ...args.map(given)], { cwd: tmpdir() });
    const hidden = stderr.replaceAll(fleet, 'FLEET').replaceAll(join(root, 'out'), 'OUT').replaceAll(root, 'ROOT');
    expect({ code, hidden }).toEqual({ code: 1, hidden: expect.stringMatching(says ?? /^ *FLEET\/clusters\/gke-europe-west1\.yaml:\d+:\d+: error: "podsPerMachine"/m) });
  });

  it('a folder that is not there is said, and is no fault of ours', async () => {
    const { code, stderr } = await stockade(['keys', 'status', '--fleet', join(root, 'nope')]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `error: there is no folder ${JSON.stringify(join(root, 'nope'))}, so no fleet\n  next: Name the folder of the fleet with --fleet, or run the command beside it.\n` });
  });

  it.each(['a file', 'a path through a file', 'a circle of links', 'a link to nothing'])('%s is no folder', async (what) => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    for (const [name, target] of [['circle', 'circle'], ['nothing', 'nope']] as const) if (!isLink(join(root, name))) symlinkSync(target, join(root, name));
    const folder = { 'a file': file, 'a path through a file': join(file, 'x'), 'a circle of links': join(root, 'circle'), 'a link to nothing': join(root, 'nothing') }[what]!;
    for (const argv of [['keys', 'status'], ['keys', 'verify'], ['synth', '--no-terraform', '--out', join(root, 'unwritten')]]) {
      expect(await stockade([...argv, '--fleet', folder])).toMatchObject({ code: 1, stderr: expect.stringContaining('so no fleet\n  next: ') });
    }
  });

  it('a link to a folder is one; a journal that is a link or a folder is not one', async () => {
    const copy = join(root, 'linked');
    cpSync(join(ROOT, 'fleet'), copy, { recursive: true });
    symlinkSync('linked', join(root, 'link'));
    const status = (): ReturnType<typeof stockade> => stockade(['keys', 'status', '--fleet', join(root, 'link')]);
    const render = (): ReturnType<typeof stockade> => stockade(['synth', '--no-terraform', '--fleet', copy, '--out', join(root, 'rendered')]);
    expect(await status()).toMatchObject({ code: 0, stderr: '' });
    const journal = join(copy, 'keys.lock');
    for (const replace of [() => symlinkSync(join(ROOT, 'fleet/keys.lock'), journal), () => symlinkSync('nope', journal), () => mkdirSync(journal)]) {
      rmSync(journal, { recursive: true, force: true });
      replace();
      for (const act of [status, render]) expect(await act()).toMatchObject({ code: 1, stderr: expect.stringContaining('keys.lock is not a regular file\n  next: ') });
    }
    expect(existsSync(join(root, 'rendered'))).toBe(false);
  });

  it("atlantis.yaml's patterns lead to it, and never out of the repository", async () => {
    const mended = join(root, 'staking/mended');
    cpSync(join(ROOT, 'fleet'), mended, { recursive: true });
    expect(await stockade(['atlantis', '--root', root, '--fleet', 'staking/mended'])).toMatchObject({ code: 0, stderr: '' });
    const written = readFileSync(join(root, 'atlantis.yaml'), 'utf8');
    expect(written).toContain('../../../staking/mended/keys.lock');
    expect(written).not.toContain('../../../fleet/');
    expect((await stockade(['atlantis', '--root', root, '--fleet', '../elsewhere'])).code).toBe(1);
  });
});
