import { describe, expect, it } from 'vitest';
import { chains } from '../../chains';
import { loadFleet } from '../../model/load';
import { readDeclarations } from '../../model/keys/declarations';
import { asDeclared, keyNames } from '../../model/keys/names';
import { waits } from '../../model/keys/waits';
import { planPlacement } from '../../model/keys/plan-placement';
import { checkTransition, transitionRules } from '../../model/keys/transitions';
import { checkAgainstFleet } from '../../model/keys/agreement';
import { append, parse } from '../../model/keys/text';
import { catalogue as real } from '../../chains';
import { catalogue, fleetOf, locate, lockOf, place, retire } from './fixtures';

/** A revision, by its files; the catalogue's one chain is `example`, with a floor of 20 minutes. */
const HOODI = 'chain: example\nkeyMoveWaitMinutes: 120\n';
const STOPPED = 'defaults: { state: running }\nnodes: [{ name: a, state: stopped, keys: ["0xaa"] }, { name: b, keys: ["0xbb"] }]\n';
type Files = Readonly<Record<string, string | undefined>>;
const MERGED: Files = { 'networks/hoodi.yaml': HOODI, 'networks/other.yaml': 'chain: example\nkeyMoveWaitMinutes: 30\n', 'nodes/eu/hoodi.yaml': STOPPED };
const revision = (files: Files) => readDeclarations(new Map(Object.entries(files).flatMap(([path, text]) => (text === undefined ? [] : [[path, text] as const]))));
const AT = '2026-11-22T12:00:00Z';
const after = (minutes: number): string => new Date(Date.parse(AT) + minutes * 60_000).toISOString();

describe('the wait for a retired key', () => {
  const merged = lockOf([AT, place('0xaa', 'eu/a')], [AT, retire('0xaa', 'eu/a')]);
  const refused = (head: Files, minutes: number, network = 'hoodi', base = MERGED): string[] => {
    const next = parse(append(merged, [place('0xaa', 'us/b', network)], new Date(after(minutes))));
    const rules = transitionRules({ base: revision(base), head: revision({ ...base, ...head }), now: new Date(after(10_000)), baseName: 'main' }, catalogue);
    return checkTransition(merged.entries, next.entries, rules).map(({ code, message }) => `${code} ${message}`);
  };

  it('is what was merged, where nothing changes', () => {
    expect(refused({}, 119)).toEqual([expect.stringContaining('119 of the 120 minutes that hoodi waits')]);
    expect(refused({}, 120)).toEqual([]);
  });

  it.each<[string, Files, string?]>([
    ['lowers it', { 'networks/hoodi.yaml': 'chain: example\nkeyMoveWaitMinutes: 20\n' }],
    ['leaves it out', { 'networks/hoodi.yaml': 'chain: example\n' }],
    ['makes it text', { 'networks/hoodi.yaml': 'chain: example\nkeyMoveWaitMinutes: "20"\n' }],
    ['removes the network', { 'networks/hoodi.yaml': undefined }, 'other'],
    ['renames the network', { 'networks/hoodi.yaml': undefined, 'networks/new.yaml': 'chain: example\nkeyMoveWaitMinutes: 20\n' }, 'new'],
    ['gives the network to another chain', { 'networks/hoodi.yaml': 'chain: elsewhere\nkeyMoveWaitMinutes: 20\n' }],
    ['breaks the file', { 'networks/hoodi.yaml': '[' }],
  ])('is the merged one for a change that %s', (_, head, network) => {
    expect(refused(head, 119, network).join()).toMatch(/119 of the 120 minutes that hoodi waits .*networks\/hoodi.yaml in main/);
    expect(refused(head, 120, network)).toEqual([]);
  });

  it('is the longer one for a change that raises it', () => {
    const longer = { 'networks/hoodi.yaml': 'chain: example\nkeyMoveWaitMinutes: 200\n' };
    expect(refused(longer, 199).join()).toContain('199 of the 200 minutes');
    expect(refused(longer, 200)).toEqual([]);
  });

  it('is never below the floor of the chain, nor of any chain where nothing says which', () => {
    const low = { ...MERGED, 'networks/hoodi.yaml': 'chain: example\nkeyMoveWaitMinutes: 1\n' };
    expect(refused({}, 19, 'hoodi', low).join()).toContain('19 of the 20 minutes that hoodi waits had passed at 2026-11-22T12:19:00Z (the floor of example: two epochs and a margin)');
    expect(refused({}, 20, 'hoodi', low)).toEqual([]);
    const gone = revision({ 'networks/other.yaml': 'chain: example\nkeyMoveWaitMinutes: 5\n' });
    expect(waits(gone, gone, 'main', catalogue).of('hoodi')).toEqual({ minutes: 20, because: 'the floor of example, the slowest chain, since nothing says which chain it is of' });
    expect(refused({}, 19, 'other', { 'networks/other.yaml': 'chain: example\nkeyMoveWaitMinutes: 5\n' }).join()).toContain('19 of the 20 minutes');
  });
});

describe('the floors of the chains', () => {
  it.each([
    ['ethereum', {}, 20],
    ['cosmos', {}, 15],
    ['solana', {}, 15],
    ['avalanche', {}, 10],
    ['polkadot', { relayChain: 'polkadot' }, 1680],
    ['polkadot', { relayChain: 'kusama' }, 420],
    ['polkadot', { relayChain: 'polkadot', parachain: 'asset-hub-polkadot' }, 360],
    ['polkadot', { relayChain: 'nonsense', parachain: 'x' }, 1680],
    ['polkadot', {}, 1680],
    ['polkadot', { relayChain: 'constructor' }, 1680],
  ])('%s %o: %i minutes', (chain, options, minutes) => {
    const { keyMoveFloor } = chains[chain]!;
    expect(keyMoveFloor.minutes(options)).toBe(minutes);
    expect(keyMoveFloor.longestMinutes).toBeGreaterThanOrEqual(minutes);
    expect(keyMoveFloor.reason).toMatch(/\w+ \w+/);
  });

  it('are kept by a relay chain that the change calls a parachain', () => {
    const network = (options: string) => revision({ 'networks/dot.yaml': `chain: polkadot\nkeyMoveWaitMinutes: 1\noptions: ${options}\n` });
    const [relay, parachain] = [network('{ relayChain: polkadot }'), network('{ relayChain: polkadot, parachain: asset-hub-polkadot }')];
    expect(waits(relay, parachain, 'main', real).of('dot').minutes).toBe(1680);
    expect(waits(parachain, parachain, 'main', real).of('dot').minutes).toBe(360);
  });
});

describe('a retirement', () => {
  const merged = lockOf([AT, place('0xaa', 'eu/a'), place('0xbb', 'eu/b')]);
  const refused = (base: Files, head: Files, entry = retire('0xaa', 'eu/a')): string[] => {
    const next = parse(append(merged, [entry], new Date(after(10))));
    const rules = transitionRules({ base: revision({ ...MERGED, ...base }), head: revision({ ...MERGED, ...base, ...head }), now: new Date(after(20)), baseName: 'main' }, catalogue);
    return checkTransition(merged.entries, next.entries, rules).map(({ code, message }) => `${code} ${message}`);
  };
  const nodes = (text: string): Files => ({ 'nodes/eu/hoodi.yaml': text });

  it.each<[string, Files, Files]>([
    ['stopped', {}, {}],
    ['retired', nodes('nodes: [{ name: a, state: retired, keys: [] }]'), {}],
    ['stopped by its defaults', nodes('defaults: { state: stopped }\nnodes: [{ name: a, keys: ["0xaa"] }]'), {}],
    ['stopped, and the change deletes it', {}, nodes('nodes: []')],
    ['stopped, and the change renames it', {}, nodes('nodes: [{ name: z, state: stopped, keys: [] }]')],
  ])('passes where the merged node is %s', (_, base, head) => expect(refused(base, head)).toEqual([]));

  it.each<[string, Files, Files, string]>([
    ['running, and the change stops it', nodes('nodes: [{ name: a, state: running, keys: ["0xaa"] }]'), nodes(STOPPED), 'keys-not-stopped Key 0xaa can\'t be retired from eu/a: main has it running'],
    ['running, and the change retires it', nodes('nodes: [{ name: a, state: running, keys: ["0xaa"] }]'), nodes('nodes: [{ name: a, state: retired, keys: [] }]'), 'keys-not-stopped'],
    ['running, and the change deletes it', nodes('nodes: [{ name: a, state: running, keys: ["0xaa"] }]'), nodes('nodes: []'), 'keys-not-stopped'],
    ['running, and the change deletes its file', nodes('nodes: [{ name: a, state: running, keys: ["0xaa"] }]'), { 'nodes/eu/hoodi.yaml': undefined }, 'keys-not-stopped'],
    ['running, and the change deletes its network', nodes('nodes: [{ name: a, state: running, keys: ["0xaa"] }]'), { 'nodes/eu/hoodi.yaml': undefined, 'networks/hoodi.yaml': undefined }, 'keys-not-stopped'],
    ['running, and the change renames it', nodes('nodes: [{ name: a, state: running, keys: ["0xaa"] }]'), nodes('nodes: [{ name: z, state: stopped, keys: ["0xaa"] }]'), 'keys-not-stopped'],
    ['running by its defaults', nodes('defaults: { state: running }\nnodes: [{ name: a, keys: ["0xaa"] }]'), nodes(STOPPED), 'main has it running'],
    ['in no state', nodes('nodes: [{ name: a, keys: ["0xaa"] }]'), nodes(STOPPED), 'in no state that can be read'],
    ['in a state that is none', nodes('nodes: [{ name: a, state: Stopped, keys: ["0xaa"] }]'), nodes(STOPPED), 'main has it Stopped'],
    ['declared twice, and once running', nodes('nodes: [{ name: a, state: stopped, keys: [] }, { name: a, state: running, keys: [] }]'), nodes(STOPPED), 'main has it running'],
    ['in no file that can be read', nodes('['), nodes(STOPPED), 'declares no such node'],
    ['nowhere', nodes('nodes: []'), nodes(STOPPED), 'declares no such node'],
    ['stopped, and the change starts it without the key', {}, nodes('nodes: [{ name: a, state: running, keys: [] }]'), 'keys-still-running'],
  ])('is refused where the merged node is %s', (_, base, head, said) => expect(refused(base, head).join()).toContain(said));

  it('is refused of a placement that was never merged', () => {
    const next = parse(append(merged, [place('0xcc', 'eu/a'), retire('0xcc', 'eu/a')], new Date(after(10))));
    const rules = transitionRules({ base: revision(MERGED), head: revision(MERGED), now: new Date(after(20)), baseName: 'main' }, catalogue);
    expect(checkTransition(merged.entries, next.entries, rules).map(({ code }) => code)).toEqual(['keys-not-merged']);
  });
});

describe('a cluster', () => {
  const CLUSTER = { 'clusters/eu.yaml': 'cloud: gcp\nproject: staking\nregion: europe-west1\n', 'clusters/us.yaml': 'cloud: aws\naccount: "111122223333"\nregion: us-east-2\n' };
  const merged = lockOf([AT, place('0xaa', 'eu/a')]);
  const moved = (head: Files, lock = merged): string[] => {
    const rules = transitionRules({ base: revision({ ...MERGED, ...CLUSTER }), head: revision({ ...MERGED, ...CLUSTER, ...head }), now: new Date(after(20)), baseName: 'main' }, catalogue);
    return checkTransition(lock.entries, lock.entries, rules).map(({ code, message }) => `${code} ${message}`);
  };

  it('stays where it is', () => expect(moved({})).toEqual([]));
  it.each([
    ['region', 'cloud: gcp\nproject: staking\nregion: us-east4\n'],
    ['project', 'cloud: gcp\nproject: another\nregion: europe-west1\n'],
    ['cloud', 'cloud: aws\naccount: "111122223333"\nregion: europe-west1\n'],
  ])('is not declared in another %s while a key is placed in it', (_, text) => {
    expect(moved({ 'clusters/eu.yaml': text }).join()).toMatch(/^keys-cluster-moved Cluster eu is declared in .*, but main has it in gcp staking europe-west1, where its signers run: 1 key is placed in it$/);
  });
  it('is declared elsewhere where no key is placed in it', () => {
    expect(moved({ 'clusters/us.yaml': 'cloud: aws\naccount: "111122223333"\nregion: us-west-2\n' })).toEqual([]);
    expect(moved({ 'clusters/eu.yaml': 'cloud: gcp\nproject: staking\nregion: us-east4\n' }, lockOf([AT, place('0xaa', 'eu/a')], [AT, retire('0xaa', 'eu/a')]))).toEqual([]);
  });
});

describe('a first start', () => {
  const approved = (at: string, key: string) => {
    const fleet = fleetOf([{ at, keys: [key] }]);
    return { ...fleet, nodes: fleet.nodes.map((node) => ({ ...node, firstStart: 'approved' as const })) };
  };
  const again = (lock: ReturnType<typeof lockOf>, fleet: ReturnType<typeof approved>): string[] => checkAgainstFleet(lock.entries, fleet, catalogue, locate).map(({ code }) => code);
  const moved = lockOf([AT, place('0xaa', 'eu/a')], [after(10), retire('0xaa', 'eu/a')], [after(300), place('0xaa', 'us/b')]);

  it('may be approved for a key that was never placed before', () => expect(again(lockOf([AT, place('0xaa', 'us/b')]), approved('us/b', '0xaa'))).toEqual([]));
  it('is refused for one that was, whenever it is approved', () => expect(again(moved, approved('us/b', '0xaa'))).toEqual(['keys-first-start-again']));
  it('is refused in another spelling', () => expect(again(moved, approved('us/b', 'AA'))).toEqual(['keys-first-start-again']));
  it('is refused where the node is only renamed', () => expect(again(lockOf([AT, place('0xaa', 'eu/a')], [after(10), retire('0xaa', 'eu/a')], [after(300), place('0xaa', 'eu/renamed')]), approved('eu/renamed', '0xaa'))).toEqual(['keys-first-start-again']));
  it('is refused back where it was', () => expect(again(lockOf([AT, place('0xaa', 'eu/a')], [after(10), retire('0xaa', 'eu/a')], [after(300), place('0xaa', 'eu/a')]), approved('eu/a', '0xaa'))).toEqual(['keys-first-start-again']));
  it('is not refused for the same key without an approval', () => expect(again(moved, { ...fleetOf([{ at: 'us/b', keys: ['0xaa'] }]) } as ReturnType<typeof approved>)).toEqual([]));
  it('is refused by `place`, in the change that places and approves', () => {
    const retired = lockOf([AT, place('0xaa', 'eu/a')], [after(10), retire('0xaa', 'eu/a')]);
    const plan = (fleet: ReturnType<typeof fleetOf>) =>
      planPlacement({ lock: retired, base: retired, merged: revision(MERGED), baseName: 'main', fleet, catalogue, locate, now: new Date(after(600)), select: { cluster: 'us', node: 'b' } });
    expect(plan(approved('us/b', 'AA')).problems).toMatchObject([{ code: 'keys-first-start-again', places: [{ label: 'approved here' }, { line: 2 }] }]);
    expect(plan(fleetOf([{ at: 'us/b', keys: ['AA'] }])).drafts).toHaveLength(1);
  });
});

describe('a key in messages', () => {
  const KEY = `gran:0x${'ab'.repeat(32)}`;
  const canonical = (real.chains.polkadot.parseKey(KEY) as { canonical: string }).canonical;
  const files = { 'networks/dot.yaml': 'chain: polkadot\n', 'nodes/eu/dot.yaml': `nodes: [{ name: a, state: running, keys: ["${KEY}"] }]\n` };

  it('is spelled as it is declared, now or when it was merged', () => {
    const problem = { code: 'x', level: 'error' as const, message: `Key ${canonical.slice(0, 14)}...${canonical.slice(-6)} is twice`, places: [], value: canonical, next: '' };
    for (const revisions of [[revision(files)], [revision({}), revision(files)]]) {
      expect(asDeclared(problem, keyNames(revisions, real))).toMatchObject({ message: 'Key gran:0xabababa...ababab is twice', value: KEY });
    }
    expect(asDeclared(problem, keyNames([], real))).toBe(problem);
  });
});

it('the example fleet keeps to the floors', () => {
  const { fleet } = loadFleet('fleet', real);
  for (const { chain, options, keyMoveWaitMinutes } of Object.values(fleet!.networks)) expect(keyMoveWaitMinutes).toBeGreaterThanOrEqual(real.chains[chain]!.keyMoveFloor.minutes(options));
});
