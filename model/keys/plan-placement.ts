import type { ChainCatalogue } from '../catalogue';
import { type Problem, problems as known } from '../errors';
import type { Fleet, Source } from '../types';
import { declaredKeys, findingProblem, type Locate } from './agreement';
import { type Declarations, declarationsOf } from './declarations';
import { firstStartAgain } from './first-start';
import type { DraftEntry, KeysLock } from './journal';
import { state } from './text';
import { checkTransition, clockBehind, moveInOneStep, type TransitionRules, transitionRules, waitProblem } from './transitions';
import { at, lockPlace, minute, placeOf } from './words';

/** What to do about a request to change the lock: entries to add, or the reasons why not. */
export interface JournalPlan {
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
): JournalPlan {
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
    else if (node.state === 'retired') problems.push(known.keysNodeRetired(locate(node.source), { at: at(select), state: node.state }));
  }

  const placements = state(lock.entries);
  const merged = state(base.entries);
  const drafts: DraftEntry[] = [];
  const leftOut: string[] = [];
  const declared = new Map<string, Source>();
  for (const { key, node, source } of declaredKeys(fleet, catalogue)) {
    if (node.state === 'retired' || (select !== 'all-new' && at(select) !== at(placeOf(node)))) continue;
    const twin = declared.get(key);
    if (twin) problems.push(known.keysDeclaredTwice([locate(twin), locate(source)], { key }));
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

function noSuchNode(select: { cluster: string; node: string }, fleet: Fleet): Problem {
  const near = fleet.nodes.filter((node) => node.name === select.node || node.cluster === select.cluster).map((node) => at(placeOf(node)));
  return known.keysUnknownNode(lockPlace(1), { at: at(select), near });
}
