import type { ChainCatalogue } from '../catalogue';
import type { Place, Problem } from '../errors';
import type { Declarations } from './declarations';
import { KEYS_LOCK_FILE, type KeysLock, type LockEntry, type Placement, type ReadEntry } from './journal';
import { movedClusters } from './moved-clusters';
import { retirementProblem } from './retirement';
import { state } from './text';
import { type Waits, waits } from './waits';
import { at, describe, lockPlace, lockProblem, minute, minutesBetween, short } from './words';

/** How far an entry's time may lie ahead of the clock of whoever reads it. */
const CLOCK_TOLERANCE_MINUTES = 5;

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

export function waitProblem(
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

export function moveInOneStep(
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

export function clockBehind(lock: KeysLock, now: Date): Problem | undefined {
  const last = lock.entries.at(-1);
  return last && minutesBetween(now.toISOString(), last.at) > CLOCK_TOLERANCE_MINUTES ? fromTheFuture(last, now) : undefined;
}
