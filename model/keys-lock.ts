import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ChainCatalogue } from './catalogue';
import { nearest, type Place, type Problem } from './errors';
import { declarationsOf, type Declarations } from './keys/declarations';
import { earlierEntries, firstStartAgain } from './keys/first-start';
import { movedClusters } from './keys/moved-clusters';
import { retirementProblem, shortened } from './keys/retirement';
import { waits, type Waits } from './keys/waits';
import type { Fleet, FleetNode, Source } from './types';
import { KEYS_LOCK_FILE, type LockEntry, type ReadEntry, type KeysLock, type Placement, type DraftEntry } from './keys/journal';

/** First line of the file. Part of the chain. */
export const KEYS_LOCK_HEADER =
  '# Stockade keys.lock, version 1: where each validator key is placed, over time. Changed by `npm run keys` only; append-only, hash chained.';

/** A lock that no key was ever placed in. */
export const EMPTY_KEYS_LOCK = `${KEYS_LOCK_HEADER}\n`;

/** How far an entry's time may lie ahead of the clock of whoever reads it. */
export const CLOCK_TOLERANCE_MINUTES = 5;

/** Turns a declaration's source into a line and column, which only whoever read the file knows. */
export type Locate = (source: Source) => Place;

/** Reads a lock and checks what it can by itself: form, chain, order of times, and that nothing is placed twice. */
export function parse(text: string): KeysLock {
  const whole = wholeFileProblem(text);
  if (whole) return { text, entries: [], problems: [whole] };

  const lines = text.split('\n');
  const truncated = lines.at(-1) !== '';
  if (!truncated) lines.pop();
  const problems: Problem[] = [];
  const entries: ReadEntry[] = [];
  let before = { hash: sha256(lines[0] ?? ''), seq: 0, at: '', text: lines[0] ?? '', broken: false };
  for (let index = 1; index < lines.length; index += 1) {
    const content = lines[index] ?? '';
    const line = index + 1;
    const hash = sha256(content);
    const cut = truncated && index === lines.length - 1;
    const entry = cut ? undefined : readLine(content);
    const fault = cut ? truncatedLine(line) : lineFault(content, entry, line, before);
    if (fault) problems.push(fault);
    if (entry) entries.push({ ...entry, line, hash });
    before = {
      hash,
      seq: entry?.seq ?? before.seq + 1,
      at: entry && entry.at > before.at ? entry.at : before.at,
      text: content,
      broken: fault !== undefined,
    };
  }
  // Judged only on an intact journal: behind a damaged line every later one would look wrong.
  return { text, entries, problems: problems.length > 0 ? problems : orderProblems(entries) };
}

/** Where every key is, or last was. */
export function state(entries: readonly ReadEntry[]): Map<string, Placement> {
  const placements = new Map<string, Placement>();
  for (const { act, key, network, cluster, node, at, line } of entries) {
    placements.set(key, { status: act === 'place' ? 'placed' : 'retired', network, cluster, node, at, line });
  }
  return placements;
}

/**
 * The lock with further entries at its end.
 *
 * A retirement's minute is rounded up and a placement's down, so what lies between them is never less than it looks.
 * Time in the journal doesn't run backwards: an entry is at least as late as the one before.
 *
 * @throws TypeError when the lock has problems: what is broken isn't built on
 */
export function append(lock: KeysLock, drafts: readonly DraftEntry[], now: Date): string {
  if (lock.problems.length > 0) throw new TypeError(`${KEYS_LOCK_FILE} has ${lock.problems.length} problems; nothing can be added to it`);
  const last = lock.entries.at(-1);
  let prev = last?.hash ?? sha256(KEYS_LOCK_HEADER);
  let seq = last?.seq ?? 0;
  let at = last?.at ?? '';
  let text = lock.text;
  for (const draft of drafts) {
    const own = draft.act === 'retire' ? minute(now, Math.ceil) : minute(now, Math.floor);
    at = own > at ? own : at;
    seq += 1;
    const line = writeLine({ seq, act: draft.act, key: draft.key, network: draft.network, cluster: draft.cluster, node: draft.node, at, by: draft.by, proof: draft.proof, prev });
    prev = sha256(line);
    text += `${line}\n`;
  }
  return text;
}

/**
 * Whether the lock and the fleet agree: every key of every node that isn't retired is placed exactly there, and no
 * key is placed where nothing declares it. A key that was placed before starts on no empty volume.
 */
export function checkAgainstFleet(
  entries: readonly ReadEntry[],
  fleet: Fleet,
  catalogue: ChainCatalogue,
  locate: Locate,
): Problem[] {
  const placements = state(entries);
  const findings = new Map<string, Finding>();
  const found = (kind: Finding['kind'], subject: string, key: string, source: Source | undefined, placement: Placement | undefined): void => {
    const id = `${kind} ${subject} ${placement ? `${placement.network} ${at(placement)} ${placement.status}` : ''}`;
    const known = findings.get(id);
    if (known) known.keys.push(key);
    else findings.set(id, { kind, subject, keys: [key], source, placement });
  };

  const declaredAt = new Map<string, string>();
  const earlier = earlierEntries(entries);
  const again: Problem[] = [];
  for (const { key, node, source } of declaredKeys(fleet, catalogue)) {
    if (node.state === 'retired') continue;
    const first = node.firstStart === 'approved' ? earlier.get(key) : undefined;
    if (first) again.push(firstStartAgain(key, node, locate({ file: node.source.file, path: [...node.source.path, 'firstStart'] }), first));
    declaredAt.set(key, at(placeOf(node)));
    const placement = placements.get(key);
    if (placement === undefined) found('unplaced', at(placeOf(node)), key, source, undefined);
    else if (at(placement) !== at(placeOf(node))) found('elsewhere', at(placeOf(node)), key, source, placement);
    else if (placement.network !== node.network) found('other-network', at(placeOf(node)), key, source, placement);
    else if (placement.status === 'retired') found('elsewhere', at(placeOf(node)), key, source, placement);
  }
  const nodes = new Map(fleet.nodes.map((node) => [at(placeOf(node)), node]));
  for (const [key, placement] of placements) {
    if (placement.status === 'retired' || declaredAt.has(key)) continue;
    found('undeclared', at(placement), key, nodes.get(at(placement))?.source, placement);
  }
  return [...again, ...[...findings.values()].map((finding) => findingProblem(finding, nodes.get(finding.subject), locate))];
}

/** What a change of the lock is judged by, beyond the two versions of it. */
export interface TransitionRules {
  readonly waits: Waits;
  /** What was merged, and what is judged. */
  readonly base: Declarations;
  readonly head: Declarations;
  readonly now: Date;
  /** What the base is called in messages, such as `origin/main`. */
  readonly baseName: string;
  /** When a line of the merged journal was merged. An entry's own time is what its change said: it may be days old by then, or made up. @default - its own time alone counts */
  readonly mergedAt?: (line: number) => Date | undefined;
}

/** The rules that both revisions give: nothing that a change edits of its own rules makes them looser. */
export const transitionRules = (of: Omit<TransitionRules, 'waits'>, catalogue: ChainCatalogue): TransitionRules => ({ ...of, waits: waits(of.base, of.head, of.baseName, catalogue) });

/**
 * Whether one change may turn the merged lock into this one: what was merged stays as it is, and a key is placed
 * only if it never was, or if its retirement **was merged before** and the network's waiting time has passed since. It is retired
 * only where its node was stopped in what was merged.
 * Placing a key where it already was is no exception: between the two its disk, with the signing state, may have
 * been lost, restored or replaced, and waiting costs little.
 */
export function checkTransition(base: readonly ReadEntry[], head: readonly ReadEntry[], rules: TransitionRules): Problem[] {
  const { baseName } = rules;
  const rewritten = firstDifference(base, head);
  if (rewritten !== undefined) return [historyRewritten(rewritten, base, head, baseName)];

  const merged = state(base);
  const changed = new Map<string, ReadEntry>();
  const problems: Problem[] = movedClusters(merged.values(), rules.base, rules.head, baseName);
  for (const entry of head.slice(base.length)) {
    const earlier = changed.get(entry.key);
    changed.set(entry.key, entry);
    if (minutesBetween(rules.now.toISOString(), entry.at) > CLOCK_TOLERANCE_MINUTES) problems.push(fromTheFuture(entry, rules.now));
    if (entry.act === 'retire') {
      const problem = retirementProblem(entry, { ...rules, placements: merged });
      if (problem) problems.push(problem);
      continue;
    }
    if (earlier?.act === 'retire') problems.push(moveInOneStep(earlier, entry, baseName));
    else if (earlier === undefined) {
      const problem = waitProblem(entry, merged.get(entry.key), rules, entry.at, lockPlace(entry.line, 'placed here'));
      if (problem) problems.push(problem);
    }
  }
  return problems;
}

/** What to do about a request to change the lock: entries to add, or the reasons why not. */
export interface Plan {
  readonly drafts: readonly DraftEntry[];
  readonly problems: readonly Problem[];
  /** Declared keys that `all-new` left alone: they were placed before and are retired, so a person has to name the node. */
  readonly leftOut: readonly string[];
}

export interface PlanInput {
  readonly lock: KeysLock;
  readonly fleet: Fleet;
  readonly catalogue: ChainCatalogue;
  readonly locate: Locate;
  readonly now: Date;
  readonly by?: string;
  /** What was merged. */
  readonly base: KeysLock;
  readonly merged: Declarations;
  readonly baseName: string;
  readonly mergedAt?: TransitionRules['mergedAt'];
}

/** Places the keys that nodes declare and the lock lacks. */
export function planPlacement(
  input: PlanInput & { readonly select: 'all-new' | { readonly cluster: string; readonly node: string } },
): Plan {
  const { lock, base, fleet, catalogue, locate, now, by, select, baseName } = input;
  const rules = transitionRules({ base: input.merged, head: declarationsOf(fleet), now, baseName, mergedAt: input.mergedAt }, catalogue);
  const broken = [...lock.problems, ...base.problems];
  if (broken.length > 0) return { drafts: [], problems: broken, leftOut: [] };

  const problems: Problem[] = checkTransition(base.entries, lock.entries, rules);
  const skewed = clockBehind(lock, now);
  if (skewed) problems.push(skewed);
  if (select !== 'all-new') {
    const node = fleet.nodes.find((candidate) => at(placeOf(candidate)) === at(select));
    if (!node) problems.push(noSuchNode(select, fleet));
    else if (node.state === 'retired') problems.push(nodeIsRetired(node, locate));
  }

  const placements = state(lock.entries);
  const merged = state(base.entries);
  const drafts: DraftEntry[] = [];
  const leftOut: string[] = [];
  const declared = new Map<string, Source>();
  for (const { key, node, source } of declaredKeys(fleet, catalogue)) {
    if (node.state === 'retired' || (select !== 'all-new' && at(select) !== at(placeOf(node)))) continue;
    const twin = declared.get(key);
    if (twin) problems.push(declaredTwice(key, locate(twin), locate(source)));
    declared.set(key, source);

    const placement = placements.get(key);
    if (placement?.status === 'placed') {
      if (at(placement) !== at(placeOf(node)) || placement.network !== node.network) {
        problems.push(findingProblem({ kind: 'elsewhere', subject: at(placeOf(node)), keys: [key], source, placement }, node, locate));
      }
      continue;
    }
    if (placement?.status === 'retired') {
      if (select === 'all-new') {
        leftOut.push(key);
        continue;
      }
      const first = node.firstStart === 'approved' && lock.entries.find((entry) => entry.key === key);
      if (first) problems.push(firstStartAgain(key, node, locate({ file: node.source.file, path: [...node.source.path, 'firstStart'] }), first));
      const there = { ...locate(source), label: 'declared here' };
      const entry = { key, network: node.network, cluster: node.cluster, node: node.name };
      const problem =
        merged.get(key)?.status === 'retired'
          ? waitProblem(entry, placement, rules, minute(now, Math.floor), there)
          : moveInOneStep({ ...placement, key }, { ...entry, place: there }, baseName);
      if (problem) {
        problems.push(problem);
        continue;
      }
    }
    drafts.push({ act: 'place', key, network: node.network, cluster: node.cluster, node: node.name, by });
  }
  return { drafts: problems.length > 0 ? [] : drafts, problems, leftOut };
}

/** Retires one key, or all that are placed at a node, once nothing running declares them. */
export function planRetirement(
  input: PlanInput & { readonly proof: string; readonly select: { readonly key: string } | { readonly cluster: string; readonly node: string } },
): Plan {
  const { lock, base, fleet, catalogue, locate, now, by, select } = input;
  const broken = [...lock.problems, ...base.problems];
  if (broken.length > 0) return { drafts: [], problems: broken, leftOut: [] };
  const held = { base: input.merged, head: declarationsOf(fleet), baseName: input.baseName, placements: state(base.entries) };

  const problems: Problem[] = [];
  const proof = input.proof.trim();
  if (!isProof(proof)) problems.push(noProof(input.proof));
  const skewed = clockBehind(lock, now);
  if (skewed) problems.push(skewed);

  const placements = state(lock.entries);
  const wanted = 'key' in select ? findKey(select.key, placements, catalogue) : keysAt(select, placements);
  if (wanted.length === 0) problems.push(nothingToRetire(select, placements, catalogue));

  const declarations = new Map<string, { node: FleetNode; source: Source }[]>();
  for (const { key, node, source } of declaredKeys(fleet, catalogue)) {
    declarations.set(key, [...(declarations.get(key) ?? []), { node, source }]);
  }
  const drafts: DraftEntry[] = [];
  for (const key of wanted) {
    const placement = placements.get(key);
    if (!placement) continue;
    const signer = fleet.nodes.find((node) => at(placeOf(node)) === at(placement));
    // Without its key in the YAML too: an armed pod keeps the revision that has the key, and comes back with it.
    if (signer?.state === 'running') {
      problems.push(stillRunning(key, placement, locate(signer.source)));
      continue;
    }
    const elsewhere = declarations.get(key)?.find(({ node }) => at(placeOf(node)) !== at(placement) && node.state !== 'retired');
    if (elsewhere) {
      problems.push(declaredElsewhere(key, placement, elsewhere.node, locate(elsewhere.source)));
      continue;
    }
    const problem = retirementProblem({ ...placement, key }, held);
    if (problem) {
      problems.push(problem);
      continue;
    }
    drafts.push({ act: 'retire', key, network: placement.network, cluster: placement.cluster, node: placement.node, by, proof });
  }
  return { drafts: problems.length > 0 ? [] : drafts, problems, leftOut: [] };
}

// The file's form

const rfc3339Minute = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:00Z$/;
// One line of text: what git and a reviewer see is then what is there.
const isLine = (value: string, most = 500): boolean => value.trim().length > 0 && value.length <= most && !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(value);
const isProof = (proof: string, most = 500): boolean => isLine(proof, most) && proof.length >= 10;
/** With the machines that it quotes. */
const MOST_OF_PROOF = 4000;

const named = z.string().min(1).max(253);
const common = {
  seq: z.number().int().min(1),
  key: z.string().min(1).max(512),
  network: named,
  cluster: named,
  node: named,
  at: z.string().regex(rfc3339Minute).refine((value) => !Number.isNaN(Date.parse(value))),
  by: z.string().refine((by) => isLine(by)).optional(),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  sum: z.string().regex(/^[0-9a-f]{16}$/),
};
const entrySchema = z.discriminatedUnion('act', [
  z.strictObject({ ...common, act: z.literal('place') }),
  z.strictObject({ ...common, act: z.literal('retire'), proof: z.string().refine((proof) => isProof(proof, MOST_OF_PROOF)) }),
]);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
/** Enough to notice a change; the chain carries the whole hash. */
const checksum = (body: string): string => sha256(body).slice(0, 16);

/** `sum` comes last: it is the checksum of all before it. Without it a change of the last line would go unseen, since no `prev` follows. */
function writeLine(entry: LockEntry): string {
  const body = JSON.stringify(entry).slice(0, -1);
  return `${body},"sum":"${checksum(body)}"}`;
}

function readLine(content: string): LockEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return undefined;
  }
  const parsed = entrySchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

const SUM_LENGTH = ',"sum":"0123456789abcdef"}'.length;

function sumHolds(content: string): boolean {
  const body = content.slice(0, -SUM_LENGTH);
  return content.slice(-SUM_LENGTH) === `,"sum":"${checksum(body)}"}`;
}

function wholeFileProblem(text: string): Problem | undefined {
  if (text.includes('\r')) {
    return lockProblem('keys-lock-line-endings', 1, `${KEYS_LOCK_FILE} has carriage returns: something rewrote its line endings`, 'Restore the file from git, and keep "fleet/keys.lock -text" in .gitattributes.');
  }
  const conflict = /^(<{7}|={7}|>{7})( |$)/m.exec(text);
  if (conflict) {
    return lockProblem(
      'keys-lock-conflict',
      text.slice(0, conflict.index).split('\n').length,
      `${KEYS_LOCK_FILE} holds an unresolved merge: two branches changed where keys are placed`,
      'Take the version of the branch you merge into, whole, and run your own `npm run keys` command again; never keep both sides.',
    );
  }
  const end = text.indexOf('\n');
  if ((end < 0 ? text : text.slice(0, end)) !== KEYS_LOCK_HEADER || end < 0) {
    return lockProblem('keys-lock-header', 1, `${KEYS_LOCK_FILE} doesn't start with its header line`, RESTORE, text.slice(0, 80));
  }
  return undefined;
}

const RESTORE = 'Restore the file from git (`git checkout -- fleet/keys.lock`); change it with `npm run keys` only.';

function truncatedLine(line: number): Problem {
  return lockProblem('keys-lock-truncated', line, `Line ${line} of ${KEYS_LOCK_FILE} is cut off: the file doesn't end in a newline`, RESTORE);
}

function lineFault(
  content: string,
  entry: LockEntry | undefined,
  line: number,
  before: { hash: string; seq: number; at: string; text: string; broken: boolean },
): Problem | undefined {
  if (content === before.text) {
    return lockProblem('keys-lock-duplicate', line, `Line ${line} of ${KEYS_LOCK_FILE} repeats the line before it`, RESTORE);
  }
  if (!entry) {
    return lockProblem('keys-lock-entry', line, `Line ${line} of ${KEYS_LOCK_FILE} is no entry`, RESTORE, content.slice(0, 80));
  }
  if (!sumHolds(content)) {
    return lockProblem('keys-lock-edited', line, `Line ${line} of ${KEYS_LOCK_FILE} was changed by hand: its checksum doesn't fit`, RESTORE, entry.key);
  }
  // After a line that was found broken the chain is bound to break too; one edit is one problem.
  if (before.broken) return undefined;
  if (entry.seq !== before.seq + 1) {
    return lockProblem(
      'keys-lock-chain',
      line,
      `Line ${line} of ${KEYS_LOCK_FILE} has number ${entry.seq} after ${before.seq}: lines were removed, repeated or reordered before it`,
      RESTORE,
      entry.key,
    );
  }
  if (entry.prev !== before.hash) {
    return lockProblem('keys-lock-chain', line - 1, `Line ${line - 1} of ${KEYS_LOCK_FILE} was changed after line ${line} was written: the chain breaks between them`, RESTORE, entry.key);
  }
  if (entry.at < before.at) {
    return lockProblem('keys-lock-clock', line, `Line ${line} of ${KEYS_LOCK_FILE} is dated ${entry.at}, before an earlier line (${before.at})`, RESTORE, entry.at);
  }
  return undefined;
}

/** Every placement needs a free key, and every retirement the place that the key is at. */
function orderProblems(entries: readonly ReadEntry[]): Problem[] {
  const problems: Problem[] = [];
  const last = new Map<string, ReadEntry>();
  for (const entry of entries) {
    const earlier = last.get(entry.key);
    last.set(entry.key, entry);
    if (entry.act === 'place' && earlier?.act === 'place') {
      problems.push({
        code: 'keys-lock-order',
        level: 'error',
        message: `Line ${entry.line} of ${KEYS_LOCK_FILE} places ${short(entry.key)} at ${at(entry)}, but line ${earlier.line} placed it at ${at(earlier)} and nothing retired it`,
        places: [lockPlace(entry.line, 'placed again'), lockPlace(earlier.line, 'placed first')],
        value: entry.key,
        next: RESTORE,
      });
    }
    if (entry.act === 'retire' && (earlier?.act !== 'place' || at(earlier) !== at(entry) || earlier.network !== entry.network)) {
      problems.push({
        code: 'keys-lock-order',
        level: 'error',
        message: `Line ${entry.line} of ${KEYS_LOCK_FILE} retires ${short(entry.key)} from ${at(entry)}, where it isn't placed`,
        places: [lockPlace(entry.line, 'retired'), ...(earlier ? [lockPlace(earlier.line, `last ${earlier.act === 'place' ? 'placed' : 'retired'}: ${at(earlier)}`)] : [])],
        value: entry.key,
        next: RESTORE,
      });
    }
  }
  return problems;
}

// Findings against the fleet

interface Finding {
  readonly kind: 'unplaced' | 'elsewhere' | 'other-network' | 'undeclared';
  /** `cluster/node` that declares the keys, or that the lock names. */
  readonly subject: string;
  /** Of one node usually many, and with one cause: one problem says it once. */
  readonly keys: string[];
  readonly source: Source | undefined;
  readonly placement: Placement | undefined;
}

function findingProblem(finding: Finding, node: FleetNode | undefined, locate: Locate): Problem {
  const { kind, subject, keys, source, placement } = finding;
  const what = listed(keys);
  const [is, them] = keys.length === 1 ? ['is', 'it'] : ['are', 'them'];
  const declared = source ? [{ ...locate(source), label: kind === 'undeclared' ? 'the node' : 'declared here' }] : [];
  const recorded = placement ? [lockPlace(placement.line, placement.status === 'placed' ? 'placed here' : 'retired here')] : [];
  const base = { level: 'error' as const, places: [...declared, ...recorded], value: keys[0] };

  if (kind === 'unplaced' || !placement) {
    return {
      ...base,
      code: 'keys-lock-unplaced',
      message: `${what} ${is} declared at ${subject}, but ${KEYS_LOCK_FILE} doesn't place ${them} anywhere`,
      next: `Run \`npm run keys -- place --node ${subject}\` and commit the lock with the node.`,
    };
  }
  if (kind === 'undeclared') {
    const why = node === undefined ? 'no such node is declared' : node.state === 'retired' ? 'the node is retired' : "the node doesn't declare " + them;
    return {
      ...base,
      places: [...recorded, ...declared],
      code: 'keys-lock-undeclared',
      message: `${what} ${is} placed at ${subject}, but ${why}`,
      next: `Prove that the signer there has stopped, then \`npm run keys -- retire --node ${subject} --proof "..."\` (or one key by its name).`,
    };
  }
  if (kind === 'other-network') {
    return {
      ...base,
      code: 'keys-lock-network',
      message: `${what} ${is} declared at ${subject} for network ${node?.network}, but ${placement.status} there for network ${placement.network}`,
      next: 'A key stays with its network: declare new keys for the other one, or set the network back.',
    };
  }
  if (placement.status === 'retired') {
    const here = at(placement) === subject;
    return {
      ...base,
      code: 'keys-lock-retired',
      message: `${what} ${is} declared at ${subject}, but retired from ${here ? 'it' : at(placement)} since ${placement.at} and not placed again`,
      next: here
        ? `Take ${them} out of the node. To sign there again: once the retirement is merged and the waiting time has passed, \`npm run keys -- place --node ${subject}\`.`
        : `Once the retirement is merged and the network's waiting time has passed: \`npm run keys -- place --node ${subject}\`.`,
    };
  }
  return {
    ...base,
    code: 'keys-lock-elsewhere',
    message: `${what} ${is} declared at ${subject}, but placed at ${at(placement)} since ${placement.at}`,
    next: `A move is two merged changes: take ${them} out of ${at(placement)}, prove that its signer has stopped, \`npm run keys -- retire\`, merge; after the waiting time declare and place ${them} at ${subject}.`,
  };
}

/** Every declared key in its chain's canonical form. Meant for a fleet that was validated. */
export function* declaredKeys(fleet: Fleet, catalogue: ChainCatalogue): Generator<{ key: string; node: FleetNode; source: Source }> {
  for (const node of fleet.nodes) {
    const chain = fleet.networks[node.network]?.chain;
    const entry = chain === undefined ? undefined : catalogue.chains[chain];
    for (const [index, declared] of node.keys.entries()) {
      const parsed = entry?.parseKey(declared);
      // Going on with a spelling that isn't canonical could hide that two are one key.
      if (parsed === undefined || !('canonical' in parsed)) {
        throw new TypeError(`The keys of ${at(placeOf(node))} can't be read, got "${declared}"; validate the fleet first`);
      }
      yield { key: parsed.canonical, node, source: { file: node.source.file, path: [...node.source.path, 'keys', index] } };
    }
  }
}

// Transitions

function firstDifference(base: readonly ReadEntry[], head: readonly ReadEntry[]): number | undefined {
  const last = base.at(-1);
  // Both chains were checked, so equal hashes at one height mean equal histories below it.
  if (last === undefined || head[base.length - 1]?.hash === last.hash) return undefined;
  const index = base.findIndex((entry, position) => head[position]?.hash !== entry.hash);
  return index < 0 ? undefined : index;
}

function historyRewritten(index: number, base: readonly ReadEntry[], head: readonly ReadEntry[], baseName: string): Problem {
  const line = index + 2;
  if (head.length === index) {
    return {
      code: 'keys-lock-history',
      level: 'error',
      message: `${KEYS_LOCK_FILE} ends before line ${line}, but in ${baseName} it has ${base.length - index} more: merged history is missing`,
      places: [lockPlace(Math.max(1, line - 1), 'ends here')],
      value: base[index]?.key,
      next: `Bring the branch up to date with ${baseName}, take its version of the lock, and run your own \`npm run keys\` command again.`,
    };
  }
  return {
    code: 'keys-lock-history',
    level: 'error',
    message: `Line ${line} of ${KEYS_LOCK_FILE} isn't what was merged: ${baseName} has ${describe(base[index])}, here it is ${describe(head[index])}`,
    places: [lockPlace(line, 'differs from here on')],
    value: head[index]?.key,
    next: `Take the lock of ${baseName} and run your own \`npm run keys\` command again; merged history is never rewritten.`,
  };
}

function waitProblem(
  entry: Pick<LockEntry, 'key' | 'network' | 'cluster' | 'node'>,
  retired: Placement | undefined,
  rules: TransitionRules,
  placedAt: string,
  place: Place,
): Problem | undefined {
  if (retired === undefined) return undefined; // never placed
  const places = [place, lockPlace(retired.line, 'retired here')];
  if (!rules.waits.isDeclared(entry.network)) {
    return {
      code: 'keys-lock-wait',
      level: 'error',
      message: `${short(entry.key)} can't be placed at ${at(entry)}: the fleet has no network "${entry.network}" to take the waiting time from`,
      places,
      value: entry.network,
      next: 'Declare the network, with its keyMoveWaitMinutes.',
    };
  }
  // The key may have signed for the network that it was retired from, so that one's time counts as well.
  const [here, there] = [rules.waits.of(entry.network), rules.waits.of(retired.network)];
  const { minutes: wait, because } = there.minutes > here.minutes ? there : here;
  // Until it was merged, nobody had judged whether its signer had ended.
  const merge = rules.mergedAt?.(retired.line);
  const merged = merge === undefined ? '' : minute(merge, Math.ceil);
  const since = merged > retired.at ? merged : retired.at;
  const passed = minutesBetween(since, placedAt);
  if (passed >= wait) return undefined;
  const until = new Date(Date.parse(since) + wait * 60_000).toISOString().replace('.000Z', 'Z');
  return {
    code: 'keys-lock-wait',
    level: 'error',
    message: `${short(entry.key)} was retired from ${at(retired)} at ${retired.at}${since === merged ? `, merged at ${merged},` : ','} and ${Math.max(0, passed)} of the ${wait} minutes that ${there.minutes > here.minutes ? retired.network : entry.network} waits had passed at ${placedAt} (${because})`,
    places,
    value: entry.key,
    next: `Place it at ${until} or later.`,
  };
}

function moveInOneStep(
  retired: Pick<ReadEntry, 'key' | 'cluster' | 'node' | 'line'>,
  placed: Pick<LockEntry, 'cluster' | 'node'> & ({ readonly line: number } | { readonly place: Place }),
  baseName: string,
): Problem {
  return {
    code: 'keys-lock-move-in-one-step',
    level: 'error',
    message: `${short(retired.key)} is retired from ${at(retired)} and placed at ${at(placed)} in one change: ${baseName} doesn't have the retirement yet`,
    places: ['place' in placed ? placed.place : lockPlace(placed.line, 'placed here'), lockPlace(retired.line, 'retired here')],
    value: retired.key,
    next: 'Retire here, merge, wait, then place there: clusters are applied one by one, so one change could leave both signing.',
  };
}

function fromTheFuture(entry: ReadEntry, now: Date): Problem {
  return lockProblem(
    'keys-lock-clock',
    entry.line,
    `Line ${entry.line} of ${KEYS_LOCK_FILE} is dated ${entry.at}, but it is ${now.toISOString().slice(0, 16)}Z`,
    'Correct the clock of the machine that wrote it (or of this one), then take the base version of the lock and run the command again.',
    entry.at,
  );
}

function clockBehind(lock: KeysLock, now: Date): Problem | undefined {
  const last = lock.entries.at(-1);
  return last && minutesBetween(now.toISOString(), last.at) > CLOCK_TOLERANCE_MINUTES ? fromTheFuture(last, now) : undefined;
}

// Requests that can't be met

function noSuchNode(select: { cluster: string; node: string }, fleet: Fleet): Problem {
  const near = fleet.nodes.filter((node) => node.name === select.node || node.cluster === select.cluster).map((node) => at(placeOf(node)));
  return {
    code: 'keys-unknown-node',
    level: 'error',
    message: `No node ${at(select)} is declared`,
    places: [lockPlace(1)],
    value: at(select),
    allowed: near.length > 0 ? near : undefined,
    suggestion: nearest(at(select), near),
    next: 'Name a declared node as cluster/node.',
  };
}

function nodeIsRetired(node: FleetNode, locate: Locate): Problem {
  return {
    code: 'keys-node-retired',
    level: 'error',
    message: `${at(placeOf(node))} is retired: no key can be placed there`,
    places: [locate(node.source)],
    value: node.state,
    next: 'Place the keys at a node that is running or stopped.',
  };
}

function declaredTwice(key: string, first: Place, second: Place): Problem {
  return {
    code: 'keys-declared-twice',
    level: 'error',
    message: `${short(key)} is declared twice`,
    places: [first, second],
    value: key,
    next: 'Remove one of the two declarations.',
  };
}

function noProof(proof: string): Problem {
  return {
    code: 'keys-no-proof',
    level: 'error',
    message: 'A retirement says how it was proven that the old signer has stopped',
    places: [lockPlace(1)],
    value: proof,
    allowed: 'one line of 10 to 500 characters',
    next: 'Give --proof, such as --proof "StatefulSet at 0 replicas, pod gone since 14:02, machine deleted (INC-4711)".',
  };
}

function nothingToRetire(select: { key: string } | { cluster: string; node: string }, placements: ReadonlyMap<string, Placement>, catalogue: ChainCatalogue): Problem {
  if (!('key' in select)) {
    return {
      code: 'keys-nothing-placed',
      level: 'error',
      message: `No key is placed at ${at(select)}`,
      places: [lockPlace(1)],
      value: at(select),
      next: 'See `npm run keys -- status` for where keys are placed.',
    };
  }
  const retired = spellings(select.key, catalogue).map((key) => placements.get(key)).find((placement) => placement !== undefined);
  return {
    code: 'keys-nothing-placed',
    level: 'error',
    message: retired ? `${short(select.key)} is retired already, from ${at(retired)} since ${retired.at}` : `${short(select.key)} was never placed`,
    places: retired ? [lockPlace(retired.line, 'retired here')] : [lockPlace(1)],
    value: select.key,
    next: 'See `npm run keys -- status` for where keys are placed.',
  };
}

function stillRunning(key: string, placement: Placement, place: Place): Problem {
  return {
    code: 'keys-still-running',
    level: 'error',
    message: `${short(key)} can't be retired: ${at(placement)} is running`,
    places: [{ ...place, label: 'the node' }, lockPlace(placement.line, 'placed here')],
    value: key,
    next: 'Stop the node (state: stopped), have that merged and applied, see its pod gone, then retire: docs/runbooks/move-a-key.md.',
  };
}

function declaredElsewhere(key: string, placement: Placement, node: FleetNode, place: Place): Problem {
  return {
    code: 'keys-declared-elsewhere',
    level: 'error',
    message: `${short(key)} can't be retired from ${at(placement)}: ${at(placeOf(node))} declares it already`,
    places: [{ ...place, label: 'declared here' }, lockPlace(placement.line, 'placed here')],
    value: key,
    next: 'Take it out there: a move is two merged changes, and that declaration belongs to the second.',
  };
}

function findKey(key: string, placements: ReadonlyMap<string, Placement>, catalogue: ChainCatalogue): string[] {
  const found = spellings(key, catalogue).filter((spelling) => placements.get(spelling)?.status === 'placed');
  return found.slice(0, 1);
}

/** A key as it was typed, and as each chain would write it. */
function spellings(key: string, catalogue: ChainCatalogue): string[] {
  const canonical = Object.values(catalogue.chains).flatMap((chain) => {
    const parsed = chain.parseKey(key);
    return 'canonical' in parsed ? [parsed.canonical] : [];
  });
  return [...new Set([key, ...canonical])];
}

const keysAt = (place: { cluster: string; node: string }, placements: ReadonlyMap<string, Placement>): string[] =>
  [...placements].filter(([, placement]) => placement.status === 'placed' && at(placement) === at(place)).map(([key]) => key);

// Words and times

const at = ({ cluster, node }: { readonly cluster: string; readonly node: string }): string => `${cluster}/${node}`;
const placeOf = (node: FleetNode): { cluster: string; node: string } => ({ cluster: node.cluster, node: node.name });
const short = (key: string): string => `Key ${shortened(key)}`;

function listed(keys: readonly string[]): string {
  const [first = ''] = keys;
  return keys.length === 1 ? short(first) : `${short(first)} and ${keys.length - 1} more`;
}

function describe(entry: ReadEntry | undefined): string {
  return entry ? `"${entry.act} ${short(entry.key).slice(4)} at ${at(entry)}, ${entry.at}"` : 'nothing';
}

/** From the first to the second; negative when the second comes first. */
const minutesBetween = (first: string, second: string): number => Math.floor((Date.parse(second) - Date.parse(first)) / 60_000);

const minute = (time: Date, round: (minutes: number) => number): string =>
  new Date(round(time.getTime() / 60_000) * 60_000).toISOString().replace('.000Z', 'Z');

const lockPlace = (line: number, label?: string): Place => ({ file: KEYS_LOCK_FILE, line, column: 1, ...(label === undefined ? {} : { label }) });

const lockProblem = (code: string, line: number, message: string, next: string, value?: string): Problem => ({
  code,
  level: 'error',
  message,
  places: [lockPlace(line)],
  ...(value === undefined ? {} : { value }),
  next,
});
