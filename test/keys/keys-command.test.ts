import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { append, parse, state } from '../../model/keys/text';
import type { DraftEntry } from '../../model/keys/journal';
import { key, ScratchRepository } from './scratch-repository';

const PROOF = 'StatefulSet at 0 replicas, pod gone, machine deleted';
const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
const draft = (act: DraftEntry['act'], digit: string, at: string): DraftEntry => {
  const [cluster = '', node = ''] = at.split('/');
  return { act, key: key(digit), network: 'hoodi', cluster, node, ...(act === 'retire' ? { proof: PROOF } : {}) };
};

let repository: ScratchRepository;
beforeEach(() => {
  repository = new ScratchRepository();
});
afterEach(() => repository.remove());

/** A merged fleet with key `a` at eu/eth-0 and `b` at us/eth-1. */
function merged(): ScratchRepository {
  return repository
    .declare({ 'eu/eth-0': { keys: [key('a')] }, 'us/eth-1': { keys: [key('b')] } })
    .history([minutesAgo(600), draft('place', 'a', 'eu/eth-0'), draft('place', 'b', 'us/eth-1')])
    .commit('Two nodes');
}

/** eu/eth-0 stopped by a change of its own. */
const stoppedAndMerged = (): unknown => repository.declare({ 'eu/eth-0': { keys: [key('a')], state: 'stopped' }, 'us/eth-1': { keys: [key('b')] } }).commit('Stop');

/** Leaves `main` where it is. */
function branch(name: string): void {
  repository.git('checkout', '--quiet', '-b', name);
}

const placements = (): Record<string, string> =>
  Object.fromEntries([...state(parse(repository.lock).entries)].map(([name, { status, cluster, node }]) => [name, `${status} ${cluster}/${node}`]));

describe('npm run keys', () => {
  it('starts a journal before the first commit, and then has nothing to do', async () => {
    repository.declare({ 'eu/eth-0': { keys: [key('A'), key('b')] }, 'us/eth-1': { keys: [key('c').slice(2)], state: 'stopped' } });
    expect((await repository.keys('status')).stderr).toContain("doesn't place them anywhere [keys-lock-unplaced]");

    const dry = await repository.keys('place', '--all-new', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining(`would place ${key('A')} (hoodi) at eu/eth-0, `) });
    expect(repository.hasLock).toBe(false);

    expect(await repository.keys('place', '--all-new')).toMatchObject({ code: 0, stderr: '' });
    expect(placements()).toEqual({ [key('a')]: 'placed eu/eth-0', [key('b')]: 'placed eu/eth-0', [key('c')]: 'placed us/eth-1' });
    expect(parse(repository.lock).entries.map(({ by }) => by)).toEqual(Array(3).fill('ana@example.com'));
    expect(repository.fleetFiles).toEqual(['clusters', 'keys.lock', 'networks', 'nodes', 'settings.yaml']);
    const before = repository.lock;
    expect((await repository.keys('place', '--all-new')).stdout).toBe('Nothing to do: the journal says so already.\n');
    expect(repository.lock).toBe(before);

    repository.commit('First');
    expect(await repository.keys('verify')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^keys\.lock is intact: 3 entries, 0 of them new since main \([0-9a-f]{10}\)/) });
    expect(JSON.parse((await repository.keys('status', '--json')).stdout)).toMatchObject({ entries: 3, problems: [], placements: [{ key: key('a'), cluster: 'eu', node: 'eth-0' }, {}, {}] });
  });

  it('refuses a move in one step at every stage of it', async () => {
    merged();
    stoppedAndMerged();
    branch('move');
    repository.declare({ 'eu/eth-0': { keys: [key('c')], state: 'stopped' }, 'us/eth-1': { keys: [key('b'), key('a')] } });
    const stolen = await repository.keys('place', '--node', 'us/eth-1');
    expect(stolen.code).toBe(1);
    expect(stolen.stderr).toMatch(/^fleet\/nodes\/us\/hoodi\.yaml:\d+:\d+: error: Key 0x8aaaaaaaaaaa\.\.\.aaaaaa is declared at us\/eth-1, but placed at eu\/eth-0 since /);
    expect(stolen.stderr).toContain('  and fleet/keys.lock:2:1: placed here');
    const early = await repository.keys('retire', key('a'), '--proof', PROOF);
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining("can't be retired from eu/eth-0: us/eth-1 declares it already") });

    repository.declare({ 'eu/eth-0': { keys: [key('c')], state: 'stopped' }, 'us/eth-1': { keys: [key('b')] } });
    expect((await repository.keys('retire', key('a'), '--proof', PROOF)).code).toBe(0);
    repository.declare({ 'eu/eth-0': { keys: [key('c')], state: 'stopped' }, 'us/eth-1': { keys: [key('b'), key('a')] } }).commit('Retire and declare');
    const before = repository.lock;
    const placed = await repository.keys('place', '--node', 'us/eth-1');
    expect(placed).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('[keys-lock-move-in-one-step]') });
    expect(placed.stderr).toContain('next: Retire here, merge, wait, then place there');
    expect(repository.lock).toBe(before);
  });

  it('counts the wait from when a retirement was merged, whatever time it says itself and its author committed at', async () => {
    merged();
    stoppedAndMerged();
    repository.git('checkout', '--quiet', '-b', 'retire');
    repository
      .declare({ 'eu/eth-0': { keys: [key('c')], state: 'stopped' }, 'us/eth-1': { keys: [key('b')] } })
      .history(
        [minutesAgo(600), draft('place', 'a', 'eu/eth-0'), draft('place', 'b', 'us/eth-1')],
        [minutesAgo(300), draft('retire', 'a', 'eu/eth-0'), draft('place', 'c', 'eu/eth-0')],
      )
      .commit('Retire');
    repository.git('checkout', '--quiet', 'main');
    repository.git('merge', '--quiet', '--no-ff', '--message', 'Merge retire', 'retire');
    branch('place');
    repository.declare({ 'eu/eth-0': { keys: [key('c')], state: 'stopped' }, 'us/eth-1': { keys: [key('b'), key('a')] } });
    expect(await repository.keys('place', '--node', 'us/eth-1')).toMatchObject({ code: 1, stderr: expect.stringMatching(/, merged at [0-9TZ:-]+, and 0 of the 30 minutes that hoodi waits had passed/) });
    // As somebody who computes the hashes writes it.
    const before = repository.lock;
    repository.lock = append(parse(before), [draft('place', 'a', 'us/eth-1')], new Date());
    expect(await repository.keys('verify')).toMatchObject({ code: 1, stderr: expect.stringContaining('[keys-lock-wait]') });
    repository.lock = before;

    // The control: the same, merged when it says that it was.
    repository.git('checkout', '--quiet', '--force', 'retire');
    repository.git('branch', '--force', 'main', 'retire');
    repository.declare({ 'eu/eth-0': { keys: [key('c')], state: 'stopped' }, 'us/eth-1': { keys: [key('b'), key('a')] } });
    expect((await repository.keys('place', '--node', 'us/eth-1')).code).toBe(0);
    expect((await repository.keys('verify')).code).toBe(0);
  });

  it('moves a key in two merged changes, and not before the waiting time', async () => {
    merged();
    const moved = { 'eu/eth-0': { keys: [key('c')] }, 'us/eth-1': { keys: [key('b'), key('a')] } };
    const retiredAt = (minutes: number): ScratchRepository =>
      repository.history(
        [minutesAgo(600), draft('place', 'a', 'eu/eth-0'), draft('place', 'b', 'us/eth-1')],
        [minutesAgo(minutes), draft('retire', 'a', 'eu/eth-0'), draft('place', 'c', 'eu/eth-0')],
      );
    retiredAt(28).declare(moved).commit('Retire, merged too recently');
    const early = await repository.keys('place', '--node', 'us/eth-1');
    expect(early).toMatchObject({ code: 1, stderr: expect.stringMatching(/2[67] of the 30 minutes that hoodi waits had passed/) });
    expect((await repository.keys('place', '--all-new')).stdout).toContain('1 declared keys are retired and were left alone');

    retiredAt(32).commit('Retire, merged in time');
    branch('place');
    expect(await repository.keys('place', '--node', 'us/eth-1')).toMatchObject({ code: 0, stderr: '' });
    expect(placements()[key('a')]).toBe('placed us/eth-1');
    expect(await repository.keys('verify')).toMatchObject({ code: 0, stdout: expect.stringContaining('5 entries, 1 of them new since main') });
  });

  it('verify refuses a move in one change whose hashes and times are right', async () => {
    merged();
    stoppedAndMerged();
    branch('forged');
    repository
      .declare({ 'us/eth-1': { keys: [key('b'), key('a')] } })
      .history(
        [new Date(parse(repository.lock).entries[0]!.at), draft('place', 'a', 'eu/eth-0'), draft('place', 'b', 'us/eth-1')],
        [minutesAgo(400), draft('retire', 'a', 'eu/eth-0')],
        [minutesAgo(1), draft('place', 'a', 'us/eth-1')],
      )
      .commit('Move');
    const ran = await repository.keys('verify');
    expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('[keys-lock-move-in-one-step]') });
    expect(ran.stderr).toContain('fleet/keys.lock:5:1: error: ');
    expect(ran.stderr).toContain('  and fleet/keys.lock:4:1: retired here');
    expect(ran.stderr).toContain('1 error, 0 warnings');
  });

  it('two branches that place one key conflict in git, and only one of them can win', async () => {
    merged();
    branch('one');
    repository.declare({ 'eu/eth-0': { keys: [key('a'), key('c')] }, 'us/eth-1': { keys: [key('b')] } });
    expect((await repository.keys('place', '--all-new')).code).toBe(0);
    repository.commit('Place c in eu');
    repository.git('checkout', '--quiet', 'main');
    branch('two');
    repository.declare({ 'eu/eth-0': { keys: [key('a')] }, 'us/eth-1': { keys: [key('b'), key('c')] } });
    expect((await repository.keys('place', '--all-new')).code).toBe(0);
    repository.commit('Place c in us');

    repository.git('checkout', '--quiet', 'main');
    repository.git('merge', '--quiet', '--no-edit', 'one');
    repository.git('checkout', '--quiet', 'two');
    expect(() => repository.git('merge', '--quiet', '--no-edit', 'main')).toThrow();
    expect(repository.git('diff', '--name-only', '--diff-filter=U').split('\n')).toContain('fleet/keys.lock');
    expect(await repository.keys('verify')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('keys.lock holds an unresolved merge: two branches changed where keys are placed [keys-lock-conflict]'),
    });

    // Both sides kept by hand: the chain breaks, and the line is named.
    repository.declare({ 'eu/eth-0': { keys: [key('a')] }, 'us/eth-1': { keys: [key('b'), key('c')] } });
    repository.lock = repository.lock.split('\n').filter((line) => !/^[<=>]{7}/.test(line)).join('\n');
    expect((await repository.keys('verify')).stderr).toMatch(/fleet\/keys\.lock:5:1: error: .* \[keys-lock-chain\]/);

    // As told: the merged version, and the command once more.
    repository.git('checkout', 'main', '--', 'fleet/keys.lock');
    const again = await repository.keys('place', '--all-new');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is declared at us/eth-1, but placed at eu/eth-0') });
  }, 240_000);

  it('finds a hand edit, a cut, a repeated line, and history that was rewritten', async () => {
    merged();
    branch('damage');
    const { lock } = repository;
    const lines = lock.split('\n');
    const verify = async (text: string): Promise<string> => {
      repository.lock = text;
      const ran = await repository.keys('verify');
      expect(ran).toMatchObject({ code: 1, stdout: '' });
      return ran.stderr;
    };
    expect(await verify(lock.replace('"cluster":"us"', '"cluster":"eu"'))).toContain('fleet/keys.lock:3:1: error: Line 3 of keys.lock was changed by hand');
    expect(await verify(lock.slice(0, -30))).toContain('fleet/keys.lock:3:1: error: Line 3 of keys.lock is cut off');
    expect(await verify(`${lines.slice(0, 2).join('\n')}\n`)).toMatch(/keys\.lock ends before line 3, but in main \([0-9a-f]{10}\) it has 1 more: merged history is missing/);
    expect(await verify(`${[lines[0], lines[1], lines[1], lines[2]].join('\n')}\n`)).toContain('fleet/keys.lock:3:1: error: Line 3 of keys.lock repeats the line before it');
    // What is damaged is not built on, either.
    const before = repository.lock;
    expect(await repository.keys('place', '--all-new')).toMatchObject({ code: 1, stdout: '' });
    expect(repository.lock).toBe(before);

    repository.history([minutesAgo(500), draft('place', 'a', 'eu/eth-0'), draft('place', 'b', 'us/eth-1')]);
    expect((await repository.keys('verify')).stderr).toContain("Line 2 of keys.lock isn't what was merged");
    // A lock that was removed and started again would forget where keys are.
    repository.git('rm', '--quiet', '-f', 'fleet/keys.lock');
    expect(await repository.keys('place', '--all-new')).toMatchObject({ code: 1, stderr: expect.stringContaining('merged history is missing') });
    expect(repository.hasLock).toBe(false);
  });

  it('retires only what has stopped, with a proof', async () => {
    merged();
    const before = repository.lock;
    expect(await repository.keys('retire', '--node', 'eu/eth-0', '--proof', PROOF)).toMatchObject({
      code: 1, stderr: expect.stringContaining("can't be retired: eu/eth-0 is running [keys-still-running]"),
    });
    expect(await repository.keys('retire', '--node', 'eu/eth-0')).toMatchObject({ code: 2, stderr: expect.stringContaining("required option '--proof <text>' not specified") });
    expect(await repository.keys('retire', '--proof', PROOF)).toMatchObject({ code: 2, stderr: 'error: give either a key or --node <cluster/node>\n' });
    stoppedAndMerged();
    expect(await repository.keys('retire', '--node', 'eu/eth-0', '--proof', 'gone')).toMatchObject({ code: 1, stderr: expect.stringContaining('[keys-no-proof]') });
    expect(repository.lock).toBe(before);

    expect(await repository.keys('retire', key('A').toUpperCase().replace('0X', ''), '--proof', PROOF)).toMatchObject({ code: 0, stderr: '' });
    expect(parse(repository.lock).entries.at(-1)).toMatchObject({ act: 'retire', key: key('a'), cluster: 'eu', node: 'eth-0', proof: PROOF, by: 'ana@example.com' });
    expect((await repository.keys('status')).stderr).toContain('is declared at eu/eth-0, but retired from it since');
    repository.declare({ 'eu/eth-0': { keys: [], state: 'retired' }, 'us/eth-1': { keys: [key('b')] } });
    expect(await repository.keys('status')).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('1 placed, 1 retired, 3 entries.') });
  });

  it('writes nothing while the fleet has errors, and shows them all', async () => {
    merged();
    repository.declare({ 'eu/eth-0': { keys: [key('a')] }, 'us/eth-1': { keys: [key('b'), key('a'), 'nonsense'] } });
    const before = repository.lock;
    const ran = await repository.keys('place', '--all-new');
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(/\[[a-z-]*key[a-z-]*\]/);
    expect(ran.stderr).toContain('nonsense');
    expect(repository.lock).toBe(before);
  });

  it('takes as merged what it is told to, origin/main by default, and never a mere commit', async () => {
    merged();
    branch('work');
    repository.git('branch', '--quiet', '-D', 'main');
    expect(await repository.keys('verify')).toMatchObject({ code: 1, stderr: expect.stringContaining('There is neither origin/main nor main') });
    expect(await repository.keys('verify', '--base', 'HEAD')).toMatchObject({ code: 0, stdout: expect.stringContaining('since HEAD (') });
    expect(await repository.keys('verify', '--base', '--output=x')).toMatchObject({ code: 1, stderr: expect.stringContaining('git knows no revision "--output=x" here') });
    expect(await repository.keys('verify', '--base', 'HEAD; touch stolen')).toMatchObject({ code: 1, stderr: expect.stringContaining('git knows no revision "HEAD; touch stolen"') });
    repository.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    expect(await repository.keys('verify')).toMatchObject({ code: 0, stdout: expect.stringContaining('since origin/main (') });
    repository.git('checkout', '--quiet', '-b', 'main');
    repository.commit('Later');
    expect((await repository.keys('verify')).stdout).toContain('since origin/main (');
  });

  it('refuses while another run is writing, and cleans up after itself', async () => {
    merged();
    repository.declare({ 'eu/eth-0': { keys: [key('a'), key('c')] }, 'us/eth-1': { keys: [key('b')] } });
    const both = await Promise.all([repository.keys('place', '--all-new'), repository.keys('place', '--node', 'eu/eth-0')]);
    // Whichever came second either found the key placed, or was refused; the journal is whole in any case.
    expect(both.map(({ code }) => code).sort()).not.toEqual([1, 1]);
    expect(parse(repository.lock).problems).toEqual([]);
    expect(parse(repository.lock).entries).toHaveLength(3);
    expect(repository.fleetFiles).toEqual(['clusters', 'keys.lock', 'networks', 'nodes', 'settings.yaml']);

    repository.declare({ 'eu/eth-0': { keys: [key('a'), key('c'), key('d')] }, 'us/eth-1': { keys: [key('b')] } });
    repository.write('fleet/.keys.lock.new', 'half');
    const ran = await repository.keys('place', '--all-new');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('.keys.lock.new');
    expect(parse(repository.lock).entries).toHaveLength(3);
  });
});
