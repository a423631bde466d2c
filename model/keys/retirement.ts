import { type Problem, problems } from '../errors';
import { type Declarations, nodesAt } from './declarations';
import type { Placement } from './journal';
import { at, lockPlace } from './words';

interface Retirement {
  readonly key: string;
  readonly network: string;
  readonly cluster: string;
  readonly node: string;
  /** Of the entry, or of the placement that it would end. */
  readonly line: number;
}

/** What a retirement is held against. */
export interface Merged {
  /** Where keys were, when the change began. */
  readonly placements: ReadonlyMap<string, Placement>;
  readonly base: Declarations;
  readonly head: Declarations;
  readonly baseName: string;
}

const STOPPED: readonly (string | undefined)[] = ['stopped', 'retired'];

/**
 * A key is retired only where the node was stopped before this change: a change that stops a signer and gives its key away is applied in no certain order, and
 * one that deletes or renames the node stops nothing at all.
 */
export function retirementProblem(retirement: Retirement, { placements, base, head, baseName }: Merged): Problem | undefined {
  const { key, network, cluster, node, line } = retirement;
  const [place, where] = [lockPlace(line), { key, at: at(retirement) }];
  const before = placements.get(key);
  if (before?.status !== 'placed' || before.cluster !== cluster || before.node !== node || before.network !== network) return problems.keysNotMerged(place, { ...where, baseName });
  const merged = nodesAt(base, retirement);
  if (merged.length === 0) return problems.keysNotStopped(place, { ...where, network, baseName });
  const running = merged.find(({ state }) => !STOPPED.includes(state));
  if (running) return problems.keysNotStopped(place, { ...where, network, baseName, node: running });
  // An armed pod would come back at the revision that has the key.
  const started = nodesAt(head, retirement).find(({ state }) => !STOPPED.includes(state));
  return started && problems.keysStillRunning(place, { ...where, change: started });
}
