import type { Problem } from '../errors';
import { KEYS_LOCK_FILE, type Placement } from './journal';
import { nodesAt, type Declarations } from './declarations';

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
const STOP_FIRST = 'Stop the node (state: stopped) in a change of its own, have that merged and applied, and see its pod gone; then retire: docs/runbooks/move-a-key.md.';

/**
 * A key is retired only where the node was stopped before this change: a change that stops a signer and gives its key away is applied in no certain order, and
 * one that deletes or renames the node stops nothing at all.
 */
export function retirementProblem(retirement: Retirement, { placements, base, head, baseName }: Merged): Problem | undefined {
  const { key, network, cluster, node, line } = retirement;
  const at = `${cluster}/${node}`;
  const refuse = (code: string, why: string, next: string): Problem => ({
    code,
    level: 'error',
    message: `Key ${shortened(key)} can't be retired from ${at}: ${why}`,
    places: [{ file: KEYS_LOCK_FILE, line, column: 1 }],
    value: key,
    allowed: 'state: stopped, or retired, in what was merged',
    next,
  });
  const before = placements.get(key);
  if (before?.status !== 'placed' || before.cluster !== cluster || before.node !== node || before.network !== network) {
    return refuse('keys-not-merged', `${baseName} does not have it placed there, so there is nothing to retire`, `Take ${KEYS_LOCK_FILE} as ${baseName} has it, and run the command again.`);
  }
  const merged = nodesAt(base, retirement);
  if (merged.length === 0) return refuse('keys-not-stopped', `${baseName} declares no such node of ${network}, so nothing says that it was stopped`, `Declare the node again with state: stopped. ${STOP_FIRST}`);
  const running = merged.find(({ state }) => !STOPPED.includes(state));
  if (running) return refuse('keys-not-stopped', `${baseName} has it ${running.state ?? 'in no state that can be read'}`, STOP_FIRST);
  // An armed pod would come back at the revision that has the key.
  const started = nodesAt(head, retirement).find(({ state }) => !STOPPED.includes(state));
  return started && refuse('keys-still-running', `this change has it ${started.state ?? 'in no state that can be read'}`, 'Leave the node stopped in this change, and start it in a later one.');
}

/** Enough of a public key to recognise it. */
export const shortened = (key: string): string => (key.length <= 24 ? key : `${key.slice(0, 14)}...${key.slice(-6)}`);
