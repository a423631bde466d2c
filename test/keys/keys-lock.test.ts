import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRetirement } from '../../model/keys/plan-retirement';
import { planPlacement } from '../../model/keys/plan-placement';
import { checkTransition, transitionRules } from '../../model/keys/transitions';
import { checkAgainstFleet } from '../../model/keys/agreement';
import { append, EMPTY_KEYS_LOCK, KEYS_LOCK_HEADER, parse, state } from '../../model/keys/text';
import { declarationsOf } from '../../model/keys/declarations';
import { catalogue, fleetOf, locate, lockOf, place, retire } from './fixtures';

const NOW = '2026-11-22T12:00:00Z';
const LATER = '2026-11-22T12:30:00Z';
/** What was merged, and is left so: two nodes that were stopped. */
const stopped = declarationsOf(fleetOf([{ at: 'eu/a', keys: [], state: 'stopped' }, { at: 'us/b', keys: [], state: 'stopped' }]));
const rulesAt = (now: Date): ReturnType<typeof transitionRules> => transitionRules({ base: stopped, head: stopped, now, baseName: 'origin/main' }, catalogue);
const codes = (problems: readonly { code: string }[]): string[] => problems.map(({ code }) => code);

describe('the journal', () => {
  it('chains every line to the one before, the first to the header', () => {
    const { text } = lockOf([NOW, place('0xaa', 'eu/a')], [LATER, place('0xbb', 'eu/b')]);
    const [header, first = '', second = '', end] = text.split('\n');
    const sha = (line: string): string => createHash('sha256').update(line).digest('hex');

    expect(header).toBe(KEYS_LOCK_HEADER);
    expect(end).toBe('');
    expect(JSON.parse(first)).toEqual({
      seq: 1, act: 'place', key: '0xaa', network: 'hoodi', cluster: 'eu', node: 'a', at: NOW,
      prev: sha(KEYS_LOCK_HEADER), sum: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(JSON.parse(second)).toMatchObject({ seq: 2, key: '0xbb', at: LATER, prev: sha(first) });
  });

  it('keeps the last word on every key', () => {
    const lock = lockOf([NOW, place('0xaa', 'eu/a'), place('0xbb', 'eu/a')], [LATER, retire('0xaa', 'eu/a')]);
    expect(lock.problems).toEqual([]);
    expect(Object.fromEntries(state(lock.entries))).toEqual({
      '0xaa': { status: 'retired', network: 'hoodi', cluster: 'eu', node: 'a', at: LATER, line: 4 },
      '0xbb': { status: 'placed', network: 'hoodi', cluster: 'eu', node: 'a', at: NOW, line: 3 },
    });
  });

  it('rounds a retirement up and a placement down, and never runs backwards', () => {
    const lock = lockOf(
      ['2026-11-22T12:00:40Z', place('0xaa', 'eu/a')],
      ['2026-11-22T12:01:20Z', retire('0xaa', 'eu/a')],
      ['2026-11-22T12:01:50Z', place('0xbb', 'eu/a')],
    );
    expect(lock.entries.map(({ at }) => at)).toEqual(['2026-11-22T12:00:00Z', '2026-11-22T12:02:00Z', '2026-11-22T12:02:00Z']);
  });

  it('refuses to build on a broken lock', () => {
    expect(() => append(parse('nonsense\n'), [], new Date(NOW))).toThrow('keys.lock has 1 problems; nothing can be added to it');
  });

  it('reads 100,000 entries and checks them', () => {
    const nodes = Array.from({ length: 1000 }, (_, node) => ({
      at: `eu/n${node}`,
      keys: Array.from({ length: 100 }, (_, key) => `0x${(node * 100 + key).toString(16).padStart(96, '0')}`),
    }));
    const text = append(parse(EMPTY_KEYS_LOCK), nodes.flatMap(({ at, keys }) => keys.map((key) => place(key, at))), new Date(NOW));
    const fleet = fleetOf(nodes);
    const lock = parse(text);
    expect(lock.entries).toHaveLength(100_000);
    expect(checkAgainstFleet(lock.entries, fleet, catalogue, locate)).toEqual([]);
    expect(checkTransition(lock.entries.slice(0, 99_000), lock.entries, rulesAt(new Date(NOW)))).toEqual([]);
  }, 60_000);
});

describe('damage is found and named by its line', () => {
  const { text } = lockOf([NOW, place('0xaa', 'eu/a'), place('0xbb', 'eu/b'), place('0xcc', 'eu/c')]);
  const lines = text.split('\n').slice(0, -1);
  const join = (changed: readonly string[]): string => `${changed.join('\n')}\n`;
  const found = (damaged: string): { code: string; line: number | undefined }[] =>
    parse(damaged).problems.map(({ code, places }) => ({ code, line: places[0]?.line }));

  it.each([
    ['an edit inside', join(lines.map((line, index) => (index === 2 ? line.replace('eu/b', 'eu/a').replace('"node":"b"', '"node":"a"') : line))), 'keys-lock-edited', 3],
    ['an edit of the last line', join(lines.map((line, index) => (index === 3 ? line.replace('"node":"c"', '"node":"a"') : line))), 'keys-lock-edited', 4],
    ['an edit of the first entry', join(lines.map((line, index) => (index === 1 ? line.replace('0xaa', '0xab') : line))), 'keys-lock-edited', 2],
    ['a removed line', join(lines.filter((_, index) => index !== 2)), 'keys-lock-chain', 3],
    ['a repeated line', join([...lines.slice(0, 3), lines[2]!, ...lines.slice(3)]), 'keys-lock-duplicate', 4],
    ['swapped lines', join([lines[0]!, lines[2]!, lines[1]!, lines[3]!]), 'keys-lock-chain', 2],
    ['a cut inside the last line', text.slice(0, -20), 'keys-lock-truncated', 4],
    ['a cut of the last newline', text.slice(0, -1), 'keys-lock-truncated', 4],
    ['a changed header', text.replace('version 1', 'version 2'), 'keys-lock-header', 1],
    ['nothing at all', '', 'keys-lock-header', 1],
    ['a comment added', join([...lines.slice(0, 2), '# moved by Bob', ...lines.slice(2)]), 'keys-lock-entry', 3],
    ['Windows line endings', text.replaceAll('\n', '\r\n'), 'keys-lock-line-endings', 1],
    ['an unresolved merge', join([...lines.slice(0, 3), '<<<<<<< HEAD', lines[3]!, '=======', '>>>>>>> other']), 'keys-lock-conflict', 4],
  ])('%s', (_, damaged, code, line) => {
    expect(damaged).not.toBe(text);
    expect(found(damaged)[0]).toEqual({ code, line });
  });

  it('says one edit once', () => {
    expect(found(join(lines.map((line, index) => (index === 2 ? line.replace('0xbb', '0xbd') : line))))).toHaveLength(1);
  });

  it('a line forged with its own checksum still breaks the chain', () => {
    const forged = append(lockOf([NOW, place('0xaa', 'eu/a')]), [place('0xbb', 'eu/other')], new Date(NOW)).split('\n')[2]!;
    const [problem] = parse(join([...lines.slice(0, 2), forged, ...lines.slice(3)])).problems;
    expect(problem?.message).toBe('Line 3 of keys.lock was changed after line 4 was written: the chain breaks between them');
    expect(problem?.next).toContain('git checkout -- fleet/keys.lock');
  });

  it('no single changed, removed or added character goes unseen', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('change', 'remove', 'add'), fc.constantFrom('0', 'x', '"', '\n', ' '), (position, how, character) => {
        const damaged = text.slice(0, position) + (how === 'remove' ? '' : character) + text.slice(how === 'add' ? position : position + 1);
        fc.pre(damaged !== text);
        return parse(damaged).problems.length > 0;
      }),
      { seed: 20261122, numRuns: 2000 },
    );
  });

  it('a key placed twice, or retired from elsewhere, is no history', () => {
    const twice = parse(append(lockOf([NOW, place('0xaa', 'eu/a')]), [place('0xaa', 'us/b')], new Date(NOW)));
    expect(twice.problems).toMatchObject([
      { code: 'keys-lock-order', message: 'Line 3 of keys.lock places Key 0xaa at us/b, but line 2 placed it at eu/a and nothing retired it', places: [{ line: 3 }, { line: 2 }] },
    ]);
    const elsewhere = parse(append(lockOf([NOW, place('0xaa', 'eu/a')]), [retire('0xaa', 'us/b')], new Date(NOW)));
    expect(elsewhere.problems).toMatchObject([{ code: 'keys-lock-order', message: "Line 3 of keys.lock retires Key 0xaa from us/b, where it isn't placed" }]);
  });
});

describe('lock and fleet', () => {
  const check = (lock: ReturnType<typeof lockOf>, ...nodes: Parameters<typeof fleetOf>[0]) =>
    checkAgainstFleet(lock.entries, fleetOf(nodes), catalogue, locate);

  it('agree when every key is where it is declared, however it is spelled', () => {
    expect(check(lockOf([NOW, place('0xaa', 'eu/a')]), { at: 'eu/a', keys: ['AA'] })).toEqual([]);
    expect(check(lockOf([NOW, place('0xaa', 'eu/a')]), { at: 'eu/a', keys: ['0xAa'], state: 'stopped' })).toEqual([]);
  });

  it('name both places of a key that is declared elsewhere', () => {
    expect(check(lockOf([NOW, place('0xaa', 'eu/a')]), { at: 'us/b', keys: ['0xaa'] })).toMatchObject([
      {
        code: 'keys-lock-elsewhere',
        message: 'Key 0xaa is declared at us/b, but placed at eu/a since 2026-11-22T12:00:00Z',
        places: [{ file: 'nodes/us/hoodi.yaml', line: 11, label: 'declared here' }, { file: 'keys.lock', line: 2, label: 'placed here' }],
        next: expect.stringContaining('A move is two merged changes'),
      },
    ]);
  });

  it('say once per node what its keys lack', () => {
    const problems = check(lockOf(), { at: 'eu/a', keys: ['0xaa', '0xbb', '0xcc'] }, { at: 'eu/b', keys: ['0xdd'] });
    expect(problems.map(({ code, message, next }) => ({ code, message, next }))).toEqual([
      { code: 'keys-lock-unplaced', message: "Key 0xaa and 2 more are declared at eu/a, but keys.lock doesn't place them anywhere", next: 'Run `npm run keys -- place --node eu/a` and commit the lock with the node.' },
      { code: 'keys-lock-unplaced', message: "Key 0xdd is declared at eu/b, but keys.lock doesn't place it anywhere", next: 'Run `npm run keys -- place --node eu/b` and commit the lock with the node.' },
    ]);
  });

  it('want proof for a key that nothing declares any more', () => {
    const lock = lockOf([NOW, place('0xaa', 'eu/a')]);
    expect(check(lock)[0]?.message).toBe('Key 0xaa is placed at eu/a, but no such node is declared');
    expect(check(lock, { at: 'eu/a', keys: [] })[0]?.message).toBe("Key 0xaa is placed at eu/a, but the node doesn't declare it");
    expect(check(lock, { at: 'eu/a', keys: ['0xaa'], state: 'retired' })).toMatchObject([
      { code: 'keys-lock-undeclared', message: 'Key 0xaa is placed at eu/a, but the node is retired', places: [{ file: 'keys.lock', line: 2 }, { line: 10, label: 'the node' }] },
    ]);
  });

  it('tell networks apart, and a retired key from a placed one', () => {
    expect(codes(check(lockOf([NOW, place('0xaa', 'eu/a')]), { at: 'eu/a', keys: ['0xaa'], network: 'slow' }))).toEqual(['keys-lock-network']);
    const retired = lockOf([NOW, place('0xaa', 'eu/a')], [LATER, retire('0xaa', 'eu/a')]);
    expect(codes(check(retired, { at: 'eu/a', keys: ['0xaa'], state: 'stopped' }))).toEqual(['keys-lock-retired']);
    expect(codes(check(retired, { at: 'us/b', keys: ['0xaa'] }))).toEqual(['keys-lock-retired']);
    expect(codes(check(retired, { at: 'eu/a', keys: ['0xaa'], state: 'retired' }))).toEqual([]);
  });

  it('refuse a fleet whose keys nobody validated', () => {
    expect(() => check(lockOf(), { at: 'eu/a', keys: ['zz'] })).toThrow(/"zz"; validate the fleet first/);
  });
});

describe('from merged to proposed', () => {
  const placed = lockOf([NOW, place('0xaa', 'eu/a')]);
  const retired = lockOf([NOW, place('0xaa', 'eu/a')], ['2026-11-22T12:10:00Z', retire('0xaa', 'eu/a')]);
  const then = (lock: typeof placed, time: string, ...drafts: Parameters<typeof append>[1]) => parse(append(lock, drafts, new Date(time)));
  const check = (base: typeof placed, head: typeof placed, now = '2027-01-01T00:00:00Z') => {
    expect([...base.problems, ...head.problems]).toEqual([]);
    return checkTransition(base.entries, head.entries, rulesAt(new Date(now)));
  };

  it('nothing, a first placement and a retirement are fine', () => {
    expect(check(placed, placed)).toEqual([]);
    expect(check(placed, then(placed, LATER, place('0xbb', 'eu/b')))).toEqual([]);
    expect(check(placed, then(placed, LATER, retire('0xaa', 'eu/a')))).toEqual([]);
  });

  it('refuses a move in one step, however long it waits', () => {
    const move = then(then(placed, LATER, retire('0xaa', 'eu/a')), '2026-12-22T12:00:00Z', place('0xaa', 'us/b'));
    expect(check(placed, move)).toMatchObject([
      {
        code: 'keys-lock-move-in-one-step',
        message: "Key 0xaa is retired from eu/a and placed at us/b in one change: origin/main doesn't have the retirement yet",
        places: [{ line: 4 }, { line: 3 }],
        next: expect.stringMatching(/^Retire here, merge, wait, then place there/),
      },
    ]);
  });

  it('waits to the minute, at the same node too', () => {
    for (const there of ['us/b', 'eu/a']) {
      expect(check(retired, then(retired, '2026-11-22T12:39:59Z', place('0xaa', there)))).toMatchObject([
        {
          code: 'keys-lock-wait',
          message: 'Key 0xaa was retired from eu/a at 2026-11-22T12:10:00Z, and 29 of the 30 minutes that hoodi waits had passed at 2026-11-22T12:39:00Z (networks/hoodi.yaml here)',
          next: 'Place it at 2026-11-22T12:40:00Z or later.',
        },
      ]);
      expect(check(retired, then(retired, '2026-11-22T12:40:00Z', place('0xaa', there)))).toEqual([]);
    }
  });

  it('takes the longer wait of two networks', () => {
    const slow = then(then(lockOf(), NOW, place('0xaa', 'eu/a', 'slow')), '2026-11-22T12:10:00Z', retire('0xaa', 'eu/a', 'slow'));
    expect(codes(check(slow, then(slow, '2026-11-22T14:09:00Z', place('0xaa', 'us/b'))))).toEqual(['keys-lock-wait']);
    expect(check(slow, then(slow, '2026-11-22T14:10:00Z', place('0xaa', 'us/b')))).toEqual([]);
  });

  it('refuses a place whose network the fleet does not know', () => {
    expect(check(retired, then(retired, '2026-12-22T12:40:00Z', place('0xaa', 'us/b', 'gone')))[0]?.message).toContain('the fleet has no network "gone"');
  });

  it('refuses entries from the future: they would end a wait early', () => {
    const head = then(retired, '2026-11-22T12:40:00Z', place('0xaa', 'us/b'));
    expect(codes(check(retired, head, '2026-11-22T12:34:00Z'))).toEqual(['keys-lock-clock']);
    expect(codes(check(retired, head, '2026-11-22T12:35:00Z'))).toEqual([]);
  });

  it('refuses a rewritten, shortened or forked history', () => {
    const other = lockOf([NOW, place('0xaa', 'us/b')]);
    expect(check(placed, other)).toMatchObject([
      { code: 'keys-lock-history', places: [{ line: 2 }], message: expect.stringContaining('origin/main has "place 0xaa at eu/a, 2026-11-22T12:00:00Z", here it is "place 0xaa at us/b') },
    ]);
    expect(check(retired, placed)).toMatchObject([{ code: 'keys-lock-history', message: 'keys.lock ends before line 3, but in origin/main it has 1 more: merged history is missing' }]);
    expect(codes(check(retired, then(placed, LATER, place('0xbb', 'eu/b'))))).toEqual(['keys-lock-history']);
  });

  it('no accepted sequence of changes ever has a key in two places, or in a second one before the wait', () => {
    const step = fc.record({
      minutes: fc.integer({ min: 0, max: 45 }),
      drafts: fc.array(fc.tuple(fc.constantFrom('place', 'retire'), fc.constantFrom('0xaa', '0xbb'), fc.constantFrom('eu/a', 'us/b')), { minLength: 1, maxLength: 2 }),
    });
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 12 }), (steps) => {
        let merged = lockOf();
        let clock = Date.parse(NOW);
        const signing = new Map<string, string>();
        const left = new Map<string, number>();
        for (const { minutes, drafts } of steps) {
          clock += minutes * 60_000;
          const head = parse(append(merged, drafts.map(([act, key, at]) => (act === 'place' ? place(key, at) : retire(key, at))), new Date(clock)));
          if (head.problems.length > 0) continue;
          if (checkTransition(merged.entries, head.entries, rulesAt(new Date(clock))).length > 0) continue;
          for (const [act, key, at] of drafts) {
            if (act === 'place') {
              expect(signing.get(key)).toBeUndefined();
              const retiredAt = left.get(key);
              if (retiredAt !== undefined) {
                expect(clock - retiredAt).toBeGreaterThanOrEqual(30 * 60_000);
                accepted += 1;
              }
              signing.set(key, at);
            } else {
              expect(signing.get(key)).toBe(at);
              signing.delete(key);
              left.set(key, clock);
            }
          }
          merged = head;
        }
      }),
      { seed: 20261122, numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(20); // moves did happen, or nothing was shown
  });
});

describe('what the command adds', () => {
  const input = { catalogue, locate, now: new Date('2026-11-22T13:00:00Z'), by: 'ana@example.com', merged: stopped, baseName: 'origin/main' };
  const empty = lockOf();

  it('places what is declared and unplaced, in canonical form', () => {
    const plan = planPlacement({ ...input, lock: empty, base: empty, fleet: fleetOf([{ at: 'eu/a', keys: ['AA', '0xbb'] }, { at: 'eu/old', keys: ['0xcc'], state: 'retired' }]), select: 'all-new' });
    expect(plan).toEqual({
      problems: [],
      leftOut: [],
      drafts: ['0xaa', '0xbb'].map((key) => ({ act: 'place', key, network: 'hoodi', cluster: 'eu', node: 'a', by: 'ana@example.com' })),
    });
  });

  it('leaves retired keys to a person, and refuses the whole when one key is elsewhere', () => {
    const lock = lockOf([NOW, place('0xaa', 'eu/a'), place('0xdd', 'eu/d')], ['2026-11-22T12:10:00Z', retire('0xaa', 'eu/a')]);
    const fleet = fleetOf([{ at: 'us/b', keys: ['0xaa', '0xbb'] }, { at: 'eu/d', keys: ['0xdd'] }]);
    expect(planPlacement({ ...input, lock, base: lock, fleet, select: 'all-new' })).toMatchObject({ problems: [], leftOut: ['0xaa'], drafts: [{ key: '0xbb' }] });
    expect(planPlacement({ ...input, lock, base: lock, fleet, select: { cluster: 'us', node: 'b' } })).toMatchObject({ problems: [], leftOut: [], drafts: [{ key: '0xaa' }, { key: '0xbb' }] });
    const stolen = fleetOf([{ at: 'us/b', keys: ['0xbb', '0xdd'] }]);
    const refused = planPlacement({ ...input, lock, base: lock, fleet: stolen, select: 'all-new' });
    expect(refused.drafts).toEqual([]);
    expect(codes(refused.problems)).toEqual(['keys-lock-elsewhere']);
  });

  it('refuses a key whose retirement nobody merged, or that has not waited', () => {
    const base = lockOf([NOW, place('0xaa', 'eu/a')]);
    const lock = lockOf([NOW, place('0xaa', 'eu/a')], ['2026-11-22T12:10:00Z', retire('0xaa', 'eu/a')]);
    const fleet = fleetOf([{ at: 'us/b', keys: ['0xaa'] }]);
    const select = { cluster: 'us', node: 'b' };
    expect(codes(planPlacement({ ...input, lock, base, fleet, select }).problems)).toEqual(['keys-lock-move-in-one-step']);
    expect(codes(planPlacement({ ...input, lock, base: lock, fleet, select, now: new Date('2026-11-22T12:39:59Z') }).problems)).toEqual(['keys-lock-wait']);
    expect(planPlacement({ ...input, lock, base: lock, fleet, select, now: new Date('2026-11-22T12:40:00Z') }).drafts).toHaveLength(1);
  });

  it('refuses unknown and retired nodes, one key declared twice, and a clock behind the journal', () => {
    const fleet = fleetOf([{ at: 'eu/a', keys: ['0xaa'] }, { at: 'us/b', keys: ['AA'] }, { at: 'eu/old', keys: ['0xcc'], state: 'retired' }]);
    const plan = (select: Parameters<typeof planPlacement>[0]['select']) => planPlacement({ ...input, lock: empty, base: empty, fleet, select });
    expect(plan({ cluster: 'eu', node: 'zz' }).problems).toMatchObject([{ code: 'keys-unknown-node', value: 'eu/zz', allowed: ['eu/a', 'eu/old'] }]);
    expect(codes(plan({ cluster: 'eu', node: 'old' }).problems)).toEqual(['keys-node-retired']);
    expect(plan('all-new')).toMatchObject({ drafts: [], problems: [{ code: 'keys-declared-twice', places: [{ line: 11 }, { line: 21 }] }] });
    const ahead = lockOf(['2026-11-22T14:00:00Z', place('0xee', 'eu/e')]);
    expect(codes(planPlacement({ ...input, lock: ahead, base: ahead, fleet, select: { cluster: 'eu', node: 'a' } }).problems)).toEqual(['keys-lock-clock']);
  });

  it('retires what has stopped or is no longer declared, with a proof', () => {
    const lock = lockOf([NOW, place('0xaa', 'eu/a'), place('0xbb', 'eu/a')]);
    const proof = 'pod gone, machine deleted';
    const still = fleetOf([{ at: 'eu/a', keys: ['0xaa', '0xbb'], state: 'stopped' }]);
    expect(planRetirement({ ...input, lock, base: lock, fleet: still, proof, select: { cluster: 'eu', node: 'a' } }).drafts).toEqual(
      ['0xaa', '0xbb'].map((key) => ({ act: 'retire', key, network: 'hoodi', cluster: 'eu', node: 'a', by: 'ana@example.com', proof })),
    );
    expect(planRetirement({ ...input, lock, base: lock, fleet: fleetOf([{ at: 'eu/a', keys: ['0xbb'], state: 'stopped' }]), proof, select: { key: 'AA' } }).drafts).toMatchObject([{ key: '0xaa' }]);
    expect(planRetirement({ ...input, lock, base: lock, fleet: fleetOf([]), proof, select: { key: '0xaa' } }).drafts).toHaveLength(1);
  });

  it('refuses to retire from a running node, into a next place, without proof or without cause', () => {
    const lock = lockOf([NOW, place('0xaa', 'eu/a')], ['2026-11-22T12:05:00Z', place('0xff', 'eu/f')], [LATER, retire('0xff', 'eu/f')]);
    const plan = (fleet: ReturnType<typeof fleetOf>, select: Parameters<typeof planRetirement>[0]['select'], proof = 'pod gone, machine deleted') =>
      planRetirement({ ...input, lock, base: lock, fleet, proof, select });
    expect(plan(fleetOf([{ at: 'eu/a', keys: ['0xaa'] }]), { key: '0xaa' })).toMatchObject({
      drafts: [],
      problems: [{ code: 'keys-still-running', message: "Key 0xaa can't be retired: eu/a is running" }],
    });
    expect(plan(fleetOf([{ at: 'us/b', keys: ['0xaa'] }]), { key: '0xaa' }).problems).toMatchObject([
      { code: 'keys-declared-elsewhere', message: "Key 0xaa can't be retired from eu/a: us/b declares it already" },
    ]);
    for (const proof of ['', '   ', 'gone', 'two\nlines of proof']) {
      expect(plan(fleetOf([]), { key: '0xaa' }, proof)).toMatchObject({ drafts: [], problems: [{ code: 'keys-no-proof', value: proof }] });
    }
    expect(plan(fleetOf([]), { key: '0xff' }).problems[0]?.message).toBe('Key 0xff is retired already, from eu/f since 2026-11-22T12:30:00Z');
    expect(plan(fleetOf([]), { key: '0x01' }).problems[0]?.message).toBe('Key 0x01 was never placed');
    expect(plan(fleetOf([]), { cluster: 'eu', node: 'zz' }).problems[0]?.message).toBe('No key is placed at eu/zz');
  });
});
