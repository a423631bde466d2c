import type { Problem, ProblemCode } from '../../model/errors';
import { checkAgainstFleet } from '../../model/keys/agreement';
import { declarationsOf, type Declarations } from '../../model/keys/declarations';
import type { DraftEntry, KeysLock } from '../../model/keys/journal';
import { type PlanInput, planPlacement } from '../../model/keys/plan-placement';
import { planRetirement } from '../../model/keys/plan-retirement';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import { checkTransition, type TransitionRules, transitionRules } from '../../model/keys/transitions';
import { catalogue, fleetOf, locate, lockOf, place, retire, type TinyNode } from './fixtures';

/** One thing that is wrong with the journal, and what differs from it in the one point that makes it right. What is said of it stands in `mistakes.txt`. */
export interface JournalMistake {
  readonly code: ProblemCode;
  readonly what: string;
  readonly wrong: () => readonly Problem[];
  readonly right: () => readonly Problem[];
}

const at = (minutes: number): string => new Date(Date.UTC(2026, 10, 22, 12, minutes)).toISOString();
const LATE = new Date(at(600));
const [A, B, C] = [place('0xaa', 'eu/a'), place('0xbb', 'eu/b'), place('0xcc', 'eu/c')];
/** A's key at `eu/a`, and later retired from there. */
const placed = lockOf([at(0), A]);
const retired = lockOf([at(0), A], [at(10), retire('0xaa', 'eu/a')]);
/** Both of its nodes are stopped, so keys may leave them. */
const merged = declarationsOf(fleetOf([{ at: 'eu/a', keys: ['0xaa'], state: 'stopped' }, { at: 'us/b', keys: [], state: 'stopped' }]));

// The file
const THREE = lockOf([at(0), A, B, C]).text;
const lines = THREE.split('\n').slice(0, -1);
const text = (...changed: readonly (string | undefined)[]): string => changed.map((line) => `${line}\n`).join('');
const [HEAD, FIRST, SECOND, THIRD] = lines;
const read = (file: string) => (): readonly Problem[] => parse(file).problems;
const intact = read(THREE);
/** The second line of another history: whole in itself, and at its place by its number. */
const FOREIGN = lockOf([at(0), A, place('0xdd', 'eu/d')]).text.split('\n')[2];
const wrote = (...steps: readonly (readonly [time: string, ...drafts: DraftEntry[]])[]) => (): readonly Problem[] => lockOf(...steps).problems;
/** A journal whose time runs back; {@link append} would not write it. */
const backwards = append({ ...lockOf([at(5), A]), entries: lockOf([at(5), A]).entries.map((entry) => ({ ...entry, at: at(0) })) }, [B], new Date(at(0)));

const DAMAGE: readonly JournalMistake[] = [
  { code: 'keys-lock-line-endings', what: 'line endings of Windows', wrong: read(THREE.replaceAll('\n', '\r\n')), right: intact },
  { code: 'keys-lock-conflict', what: 'an unresolved merge', wrong: read(text(HEAD, FIRST, '<<<<<<< HEAD', SECOND, '=======', '>>>>>>> other')), right: intact },
  { code: 'keys-lock-header', what: 'another first line', wrong: read(THREE.replace('version 1', 'version 2')), right: intact },
  { code: 'keys-lock-header', what: 'an empty file', wrong: read(''), right: read(EMPTY_KEYS_LOCK) },
  { code: 'keys-lock-truncated', what: 'no newline at the end', wrong: read(THREE.slice(0, -1)), right: intact },
  { code: 'keys-lock-duplicate', what: 'a line that is there twice', wrong: read(text(...lines, THIRD)), right: intact },
  { code: 'keys-lock-entry', what: 'a comment', wrong: read(text(...lines, '# moved by Bob')), right: intact },
  { code: 'keys-lock-edited', what: 'a last line edited by hand', wrong: read(THREE.replace('"node":"c"', '"node":"a"')), right: intact },
  { code: 'keys-lock-chain', what: 'a removed line', wrong: read(text(HEAD, FIRST, THIRD)), right: read(text(HEAD, FIRST, SECOND)) },
  { code: 'keys-lock-chain', what: 'a line of another history', wrong: read(text(HEAD, FIRST, FOREIGN, THIRD)), right: read(text(HEAD, FIRST, FOREIGN)) },
  { code: 'keys-lock-clock', what: 'a line dated before an earlier one', wrong: read(backwards), right: wrote([at(5), A], [at(5), B]) },
  { code: 'keys-lock-order', what: 'a key placed at a second node', wrong: wrote([at(0), A], [at(9), place('0xaa', 'us/b')]), right: wrote([at(0), A], [at(9), place('0xbb', 'us/b')]) },
  { code: 'keys-lock-order', what: 'a key retired from where it is not', wrong: wrote([at(0), A], [at(9), retire('0xaa', 'us/b')]), right: wrote([at(0), A], [at(9), retire('0xaa', 'eu/a')]) },
  { code: 'keys-lock-order', what: 'a key retired twice', wrong: wrote([at(0), A], [at(9), retire('0xaa', 'eu/a')], [at(10), retire('0xaa', 'eu/a')]), right: wrote([at(0), A], [at(9), retire('0xaa', 'eu/a')]) },
  { code: 'keys-lock-order', what: 'a key retired for another network', wrong: wrote([at(0), A], [at(9), retire('0xaa', 'eu/a', 'slow')]), right: wrote([at(0), A], [at(9), retire('0xaa', 'eu/a')]) },
];

// The journal, held against the fleet
const held = (lock: KeysLock, ...nodes: readonly TinyNode[]) => (): readonly Problem[] => checkAgainstFleet(lock.entries, fleetOf(nodes), catalogue, locate);
const moved = lockOf([at(0), A], [at(10), retire('0xaa', 'eu/a')], [at(300), place('0xaa', 'us/b')]);
const approving = (lock: KeysLock) => (): readonly Problem[] => {
  const fleet = fleetOf([{ at: 'us/b', keys: ['0xaa'] }]);
  return checkAgainstFleet(lock.entries, { ...fleet, nodes: fleet.nodes.map((node) => ({ ...node, firstStart: 'approved' })) }, catalogue, locate);
};

const DISAGREEMENT: readonly JournalMistake[] = [
  { code: 'keys-lock-unplaced', what: 'keys that were never placed', wrong: held(lockOf(), { at: 'eu/a', keys: ['0xaa', '0xab', '0xac'] }), right: held(lockOf(), { at: 'eu/a', keys: ['0xaa'], state: 'retired' }) },
  { code: 'keys-lock-elsewhere', what: 'a key that is placed at another node', wrong: held(placed, { at: 'us/b', keys: ['0xaa'] }), right: held(placed, { at: 'eu/a', keys: ['AA'], state: 'stopped' }) },
  { code: 'keys-lock-network', what: 'a key that is placed for another network', wrong: held(placed, { at: 'eu/a', keys: ['0xaa'], network: 'slow' }), right: held(placed, { at: 'eu/a', keys: ['0xaa'] }) },
  { code: 'keys-lock-retired', what: 'a key that was retired from this node', wrong: held(retired, { at: 'eu/a', keys: ['0xaa'] }), right: held(retired, { at: 'eu/a', keys: [] }) },
  { code: 'keys-lock-retired', what: 'a key that was retired from another node', wrong: held(retired, { at: 'us/b', keys: ['0xaa'] }), right: held(moved, { at: 'us/b', keys: ['0xaa'] }) },
  { code: 'keys-lock-undeclared', what: 'a placed key of no node', wrong: held(placed), right: held(retired) },
  { code: 'keys-lock-undeclared', what: 'a placed key of a node that is retired', wrong: held(placed, { at: 'eu/a', keys: ['0xaa'], state: 'retired' }), right: held(placed, { at: 'eu/a', keys: ['0xaa'], state: 'stopped' }) },
  { code: 'keys-lock-undeclared', what: 'a placed key that its node left out', wrong: held(placed, { at: 'eu/a', keys: [] }), right: held(retired, { at: 'eu/a', keys: [] }) },
  { code: 'keys-first-start-again', what: 'a first start with a key that signed elsewhere', wrong: approving(moved), right: approving(lockOf([at(0), place('0xaa', 'us/b')])) },
];

// A change of the journal, held against what was merged
const rules = (differs: Partial<TransitionRules> = {}): TransitionRules => ({ ...transitionRules({ base: merged, head: merged, now: LATE, baseName: 'origin/main' }, catalogue), ...differs });
const changed = (base: KeysLock, minutes: number, drafts: readonly DraftEntry[], differs?: Partial<TransitionRules>) => (): readonly Problem[] =>
  checkTransition(base.entries, parse(append(base, drafts, new Date(at(minutes)))).entries, rules(differs));
const replaced = (base: KeysLock, head: KeysLock) => (): readonly Problem[] => checkTransition(base.entries, head.entries, rules());
const nodes = (...of: readonly TinyNode[]): Declarations => declarationsOf(fleetOf(of));
const leaving = (base: Declarations, head: Declarations) => changed(placed, 20, [retire('0xaa', 'eu/a')], { base, head });
const stopped = nodes({ at: 'eu/a', keys: ['0xaa'], state: 'stopped' });
const inRegion = (region: string, lock = placed) => (): readonly Problem[] => {
  const cluster = { cloud: 'gcp', home: 'staking', region: 'europe-west1' };
  return checkTransition(lock.entries, lock.entries, rules({ base: { ...merged, clusters: new Map([['eu', cluster]]) }, head: { ...merged, clusters: new Map([['eu', { ...cluster, region }]]) } }));
};

const CHANGES: readonly JournalMistake[] = [
  { code: 'keys-lock-history', what: 'a line that was rewritten', wrong: replaced(placed, lockOf([at(0), place('0xaa', 'us/b')])), right: replaced(placed, retired) },
  { code: 'keys-lock-history', what: 'a line that is missing at the end', wrong: replaced(retired, placed), right: replaced(retired, retired) },
  { code: 'keys-lock-move-in-one-step', what: 'a key that is retired and placed in one change', wrong: changed(placed, 30, [retire('0xaa', 'eu/a'), place('0xaa', 'us/b')]), right: changed(retired, 40, [place('0xaa', 'us/b')]) },
  { code: 'keys-lock-wait', what: 'a minute too early', wrong: changed(retired, 39, [place('0xaa', 'us/b')]), right: changed(retired, 40, [place('0xaa', 'us/b')]) },
  { code: 'keys-lock-wait', what: 'a minute too early, where it was', wrong: changed(retired, 39, [place('0xaa', 'eu/a')]), right: changed(retired, 40, [place('0xaa', 'eu/a')]) },
  { code: 'keys-lock-wait', what: 'too early after the merge', wrong: changed(retired, 40, [place('0xaa', 'us/b')], { mergedAt: () => new Date(at(15)) }), right: changed(retired, 45, [place('0xaa', 'us/b')], { mergedAt: () => new Date(at(15)) }) },
  {
    code: 'keys-lock-wait',
    what: 'too early for the network that it comes from',
    wrong: changed(lockOf([at(0), place('0xaa', 'eu/a', 'slow')], [at(10), retire('0xaa', 'eu/a', 'slow')]), 129, [place('0xaa', 'us/b')]),
    right: changed(lockOf([at(0), place('0xaa', 'eu/a', 'slow')], [at(10), retire('0xaa', 'eu/a', 'slow')]), 130, [place('0xaa', 'us/b')]),
  },
  { code: 'keys-lock-wait', what: 'a network that is not declared', wrong: changed(retired, 500, [place('0xaa', 'us/b', 'gone')]), right: changed(retired, 500, [place('0xaa', 'us/b', 'slow')]) },
  { code: 'keys-lock-clock', what: 'a line from the future', wrong: changed(placed, 606, [B]), right: changed(placed, 605, [B]) },
  { code: 'keys-not-merged', what: 'a placement and its retirement in one change', wrong: changed(placed, 20, [place('0xbb', 'us/b'), retire('0xbb', 'us/b')]), right: changed(placed, 20, [retire('0xaa', 'eu/a')]) },
  { code: 'keys-not-stopped', what: 'a node that ran when it was merged', wrong: leaving(nodes({ at: 'eu/a', keys: ['0xaa'] }), stopped), right: leaving(stopped, nodes()) },
  { code: 'keys-not-stopped', what: 'a node that was not there when it was merged', wrong: leaving(nodes(), stopped), right: leaving(nodes({ at: 'eu/a', keys: [], state: 'retired' }), nodes()) },
  { code: 'keys-still-running', what: 'a node that the same change starts', wrong: leaving(stopped, nodes({ at: 'eu/a', keys: [] })), right: leaving(stopped, stopped) },
  { code: 'keys-cluster-moved', what: 'a cluster in another region while a key is placed in it', wrong: inRegion('us-east4'), right: inRegion('us-east4', retired) },
];

// What a command is asked for
const input = (lock: KeysLock, of: readonly TinyNode[]): PlanInput => ({ catalogue, locate, now: LATE, merged, baseName: 'origin/main', lock, base: lock, fleet: fleetOf(of) });
const place1 = (select: Parameters<typeof planPlacement>[0]['select'], lock: KeysLock, ...of: readonly TinyNode[]) => (): readonly Problem[] => planPlacement({ ...input(lock, of), select }).problems;
const retire1 = (select: Parameters<typeof planRetirement>[0]['select'], lock: KeysLock, of: readonly TinyNode[], proof = 'pod gone, machine deleted') => (): readonly Problem[] => planRetirement({ ...input(lock, of), select, proof }).problems;
const EU_A = { cluster: 'eu', node: 'a' };
const KEY = { key: '0xaa' };
const STOPPED_A: TinyNode = { at: 'eu/a', keys: ['0xaa'], state: 'stopped' };

const REQUESTS: readonly JournalMistake[] = [
  { code: 'keys-unknown-node', what: 'a node that is not declared', wrong: place1({ cluster: 'eu', node: 'aa' }, lockOf(), { at: 'eu/a', keys: ['0xaa'] }), right: place1(EU_A, lockOf(), { at: 'eu/a', keys: ['0xaa'] }) },
  { code: 'keys-node-retired', what: 'a node that is retired', wrong: place1(EU_A, lockOf(), { at: 'eu/a', keys: [], state: 'retired' }), right: place1(EU_A, lockOf(), STOPPED_A) },
  { code: 'keys-declared-twice', what: 'a key at two nodes', wrong: place1('all-new', lockOf(), { at: 'eu/a', keys: ['0xaa'] }, { at: 'us/b', keys: ['AA'] }), right: place1('all-new', lockOf(), { at: 'eu/a', keys: ['0xaa'] }, { at: 'us/b', keys: ['AB'] }) },
  { code: 'keys-lock-clock', what: 'a journal ahead of the clock', wrong: place1(EU_A, lockOf([at(606), B]), STOPPED_A), right: place1(EU_A, lockOf([at(605), B]), STOPPED_A) },
  { code: 'keys-lock-elsewhere', what: 'a key that another node holds', wrong: place1('all-new', placed, { at: 'us/b', keys: ['0xaa'] }), right: place1('all-new', placed, STOPPED_A) },
  { code: 'keys-no-proof', what: 'a retirement without proof', wrong: retire1(KEY, placed, [STOPPED_A], 'gone'), right: retire1(KEY, placed, [STOPPED_A], 'pod is gone') },
  { code: 'keys-nothing-placed', what: 'a node without keys', wrong: retire1({ cluster: 'us', node: 'b' }, placed, [STOPPED_A]), right: retire1(EU_A, placed, [STOPPED_A]) },
  { code: 'keys-nothing-placed', what: 'a key that was never placed', wrong: retire1({ key: '0xab' }, placed, [STOPPED_A]), right: retire1({ key: 'AA' }, placed, [STOPPED_A]) },
  { code: 'keys-nothing-placed', what: 'a key that is retired already', wrong: retire1(KEY, retired, [STOPPED_A]), right: retire1(KEY, placed, [STOPPED_A]) },
  { code: 'keys-still-running', what: 'a node that runs', wrong: retire1(KEY, placed, [{ at: 'eu/a', keys: [] }]), right: retire1(KEY, placed, [{ at: 'eu/a', keys: [], state: 'stopped' }]) },
  { code: 'keys-declared-elsewhere', what: 'a key that its next node declares', wrong: retire1(KEY, placed, [{ at: 'us/b', keys: ['0xaa'] }]), right: retire1(KEY, placed, [{ at: 'us/b', keys: ['0xaa'], state: 'retired' }]) },
];

export const JOURNAL_MISTAKES = [...DAMAGE, ...DISAGREEMENT, ...CHANGES, ...REQUESTS];
