import type { ChainCatalogue } from '../catalogue';
import { type Place, type Problem, problems as known } from '../errors';
import type { Declarations } from './declarations';
import type { KeysLock, LockEntry, Placement, ReadEntry } from './journal';
import { movedClusters } from './moved-clusters';
import { retirementProblem } from './retirement';
import { state } from './text';
import { type Waits, waits } from './waits';
import { at, describe, lockPlace, minute, minutesBetween } from './words';

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
    return known.keysLockHistory(lockPlace(Math.max(1, line - 1), 'ends here'), { line, key: base[index]?.key, baseName, missing: base.length - index });
  }
  const [was, is] = [describe(base[index]), describe(head[index])];
  return known.keysLockHistory(lockPlace(line, 'differs from here on'), { line, key: head[index]?.key, baseName, was, is });
}

export function waitProblem(
  entry: Pick<LockEntry, 'key' | 'network' | 'cluster' | 'node'>,
  retired: Placement | undefined,
  rules: TransitionRules,
  placedAt: string,
  place: Place,
): Problem | undefined {
  if (retired === undefined) return undefined; // never placed
  const { key, network } = entry;
  const places = [place, lockPlace(retired.line, 'retired here')];
  if (!rules.waits.isDeclared(network)) return known.keysLockWait(places, { key, at: at(entry), undeclared: network });
  // The key may have signed for the network that it was retired from, so that one's time counts as well.
  const [here, there] = [rules.waits.of(network), rules.waits.of(retired.network)];
  const { minutes, because } = there.minutes > here.minutes ? there : here;
  // Until it was merged, nobody had judged whether its signer had ended.
  const merge = rules.mergedAt?.(retired.line);
  const merged = merge === undefined ? '' : minute(merge, Math.ceil);
  const since = merged > retired.at ? merged : retired.at;
  const passed = minutesBetween(since, placedAt);
  if (passed >= minutes) return undefined;
  return known.keysLockWait(places, {
    key,
    from: at(retired),
    retired: retired.at,
    merged: since === merged ? merged : undefined,
    passed: Math.max(0, passed),
    minutes,
    network: there.minutes > here.minutes ? retired.network : network,
    placed: placedAt,
    because,
    until: minute(new Date(Date.parse(since) + minutes * 60_000), Math.ceil),
  });
}

export function moveInOneStep(
  retired: Pick<ReadEntry, 'key' | 'cluster' | 'node' | 'line'>,
  placed: Pick<LockEntry, 'cluster' | 'node'> & ({ readonly line: number } | { readonly place: Place }),
  baseName: string,
): Problem {
  const places = ['place' in placed ? placed.place : lockPlace(placed.line, 'placed here'), lockPlace(retired.line, 'retired here')];
  return known.keysLockMoveInOneStep(places, { key: retired.key, from: at(retired), to: at(placed), baseName });
}

const fromTheFuture = ({ line, at: time }: ReadEntry, now: Date): Problem => known.keysLockClock(lockPlace(line), { line, time, now });

export function clockBehind(lock: KeysLock, now: Date): Problem | undefined {
  const last = lock.entries.at(-1);
  return last && minutesBetween(now.toISOString(), last.at) > CLOCK_TOLERANCE_MINUTES ? fromTheFuture(last, now) : undefined;
}
