import { KEYS_LOCK_FILE, shortened } from '../keys/journal';
import { kind } from './kind';
import { nearest } from './words';

const RESTORE = 'Restore the file from git (`git checkout -- fleet/keys.lock`); change it with `npm run keys` only.';

/** What is wrong with the journal of keys, by itself and held against the fleet. Places that are given as `at` are `cluster/node`. */
export const journalProblems = {
  // The file
  keysLockLineEndings: kind('keys-lock-line-endings', () => ({
    message: `${KEYS_LOCK_FILE} has carriage returns: something rewrote its line endings`,
    next: 'Restore the file from git, and keep "fleet/keys.lock -text" in .gitattributes.',
  })),
  keysLockConflict: kind('keys-lock-conflict', () => ({
    message: `${KEYS_LOCK_FILE} holds an unresolved merge: two branches changed where keys are placed`,
    next: 'Take the version of the branch you merge into, whole, and run your own `npm run keys` command again; never keep both sides.',
  })),
  keysLockHeader: kind('keys-lock-header', (input: { text: string }) => ({
    message: `${KEYS_LOCK_FILE} doesn't start with its header line`,
    value: input.text.slice(0, 80),
    next: RESTORE,
  })),

  // A line, and the line before it
  keysLockTruncated: kind('keys-lock-truncated', (input: { line: number }) => ({
    message: `Line ${input.line} of ${KEYS_LOCK_FILE} is cut off: the file doesn't end in a newline`,
    next: RESTORE,
  })),
  keysLockDuplicate: kind('keys-lock-duplicate', (input: { line: number }) => ({
    message: `Line ${input.line} of ${KEYS_LOCK_FILE} repeats the line before it`,
    next: RESTORE,
  })),
  keysLockEntry: kind('keys-lock-entry', (input: { line: number; text: string }) => ({
    message: `Line ${input.line} of ${KEYS_LOCK_FILE} is not an entry`,
    value: input.text.slice(0, 80),
    next: RESTORE,
  })),
  keysLockEdited: kind('keys-lock-edited', (input: { line: number; key: string }) => ({
    message: `Line ${input.line} of ${KEYS_LOCK_FILE} was changed by hand: its checksum doesn't fit`,
    value: input.key,
    next: RESTORE,
  })),
  /** With `seq` where a line's number doesn't follow the one before it, and without where only the hash of that line differs. */
  keysLockChain: kind('keys-lock-chain', (input: { line: number; key: string; seq?: { is: number; before: number } }) => ({
    message: input.seq
      ? `Line ${input.line} of ${KEYS_LOCK_FILE} has number ${input.seq.is} after ${input.seq.before}: lines were removed, repeated or reordered before it`
      : `Line ${input.line - 1} of ${KEYS_LOCK_FILE} was changed after line ${input.line} was written: the chain breaks between them`,
    value: input.key,
    next: RESTORE,
  })),
  /** Before an earlier line, or after the clock of whoever reads it. */
  keysLockClock: kind('keys-lock-clock', (input: { line: number; time: string } & ({ earlier: string } | { now: Date })) => ({
    message:
      'earlier' in input
        ? `Line ${input.line} of ${KEYS_LOCK_FILE} is dated ${input.time}, before an earlier line (${input.earlier})`
        : `Line ${input.line} of ${KEYS_LOCK_FILE} is dated ${input.time}, but it is ${input.now.toISOString().slice(0, 16)}Z`,
    value: input.time,
    next:
      'earlier' in input
        ? RESTORE
        : 'Correct the clock of the machine that wrote it (or of this one), then take the base version of the lock and run the command again.',
  })),
  /** A placement of a key that is `placed` already, or a retirement from where it isn't. */
  keysLockOrder: kind('keys-lock-order', (input: { line: number; key: string; at: string; placed?: { line: number; at: string } }) => ({
    message: input.placed
      ? `Line ${input.line} of ${KEYS_LOCK_FILE} places ${shortKey(input.key)} at ${input.at}, but line ${input.placed.line} placed it at ${input.placed.at} and nothing retired it`
      : `Line ${input.line} of ${KEYS_LOCK_FILE} retires ${shortKey(input.key)} from ${input.at}, where it isn't placed`,
    value: input.key,
    next: RESTORE,
  })),

  // Journal and fleet
  keysLockUnplaced: kind('keys-lock-unplaced', (input: { keys: readonly string[]; at: string }) => ({
    message: `${listed(input.keys)} declared at ${input.at}, but ${KEYS_LOCK_FILE} doesn't place ${them(input.keys)} anywhere`,
    value: input.keys[0],
    next: `Run \`npm run keys -- place --node ${input.at}\` and commit the lock with the node.`,
  })),
  keysLockUndeclared: kind('keys-lock-undeclared', (input: { keys: readonly string[]; at: string; node: 'missing' | 'retired' | 'without-keys' }) => ({
    message: `${listed(input.keys)} placed at ${input.at}, but ${input.node === 'missing' ? 'no such node is declared' : input.node === 'retired' ? 'the node is retired' : `the node doesn't declare ${them(input.keys)}`}`,
    value: input.keys[0],
    next: `Prove that the signer there has stopped, then \`npm run keys -- retire --node ${input.at} --proof "..."\` (or one key by its name).`,
  })),
  keysLockNetwork: kind('keys-lock-network', (input: { keys: readonly string[]; at: string; declared: string | undefined; status: string; recorded: string }) => ({
    message: `${listed(input.keys)} declared at ${input.at} for network ${input.declared}, but ${input.status} there for network ${input.recorded}`,
    value: input.keys[0],
    next: 'A key stays with its network: declare new keys for the other one, or set the network back.',
  })),
  keysLockRetired: kind('keys-lock-retired', (input: { keys: readonly string[]; at: string; from: string; since: string }) => ({
    message: `${listed(input.keys)} declared at ${input.at}, but retired from ${input.from === input.at ? 'it' : input.from} since ${input.since} and not placed again`,
    value: input.keys[0],
    next:
      input.from === input.at
        ? `Take ${them(input.keys)} out of the node. To sign there again: once the retirement is merged and the waiting time has passed, \`npm run keys -- place --node ${input.at}\`.`
        : `Once the retirement is merged and the network's waiting time has passed: \`npm run keys -- place --node ${input.at}\`.`,
  })),
  keysLockElsewhere: kind('keys-lock-elsewhere', (input: { keys: readonly string[]; at: string; placed: string; since: string }) => ({
    message: `${listed(input.keys)} declared at ${input.at}, but placed at ${input.placed} since ${input.since}`,
    value: input.keys[0],
    next: `A move is two merged changes: take ${them(input.keys)} out of ${input.placed}, prove that its signer has stopped, \`npm run keys -- retire\`, merge; after the waiting time declare and place ${them(input.keys)} at ${input.at}.`,
  })),
  keysFirstStartAgain: kind('keys-first-start-again', (input: { key: string; at: string; earlier: string }) => ({
    message: `${shortKey(input.key)} was placed at ${input.earlier} before, but ${input.at} approves a first start: it would sign with an empty signing volume`,
    value: 'approved',
    allowed: 'firstStart: refused, for a key that the journal has known elsewhere or before',
    next: 'Set firstStart: refused. Nothing imports signing state onto a new volume yet: take a new key, or put this one back on its own disk (docs/runbooks/move-a-key.md).',
  })),

  // A change of the journal, and what was merged
  keysLockHistory: kind('keys-lock-history', (input: { line: number; key: string | undefined; baseName: string } & ({ missing: number } | { was: string; is: string })) => ({
    message:
      'missing' in input
        ? `${KEYS_LOCK_FILE} ends before line ${input.line}, but in ${input.baseName} it has ${input.missing} more: merged history is missing`
        : `Line ${input.line} of ${KEYS_LOCK_FILE} isn't what was merged: ${input.baseName} has ${input.was}, here it is ${input.is}`,
    value: input.key,
    next:
      'missing' in input
        ? `Bring the branch up to date with ${input.baseName}, take its version of the lock, and run your own \`npm run keys\` command again.`
        : `Take the lock of ${input.baseName} and run your own \`npm run keys\` command again; merged history is never rewritten.`,
  })),
  keysLockWait: kind('keys-lock-wait', (input: { key: string } & (TooEarly | { at: string; undeclared: string })) =>
    'undeclared' in input
      ? {
          message: `${shortKey(input.key)} can't be placed at ${input.at}: the fleet has no network "${input.undeclared}" to take the waiting time from`,
          value: input.undeclared,
          next: 'Declare the network, with its keyMoveWaitMinutes.',
        }
      : {
          message: `${shortKey(input.key)} was retired from ${input.from} at ${input.retired}${input.merged === undefined ? ',' : `, merged at ${input.merged},`} and ${input.passed} of the ${input.minutes} minutes that ${input.network} waits had passed at ${input.placed} (${input.because})`,
          value: input.key,
          next: `Place it at ${input.until} or later.`,
        },
  ),
  keysLockMoveInOneStep: kind('keys-lock-move-in-one-step', (input: { key: string; from: string; to: string; baseName: string }) => ({
    message: `${shortKey(input.key)} is retired from ${input.from} and placed at ${input.to} in one change: ${input.baseName} doesn't have the retirement yet`,
    value: input.key,
    next: 'Retire here, merge, wait, then place there: clusters are applied one by one, so one change could leave both signing.',
  })),
  keysClusterMoved: kind('keys-cluster-moved', (input: { cluster: string; is: string; was: string; keys: number; baseName: string }) => ({
    message: `Cluster ${input.cluster} is declared in ${input.is}, but ${input.baseName} has it in ${input.was}, where its signers run: ${input.keys} ${input.keys === 1 ? 'key is' : 'keys are'} placed in it`,
    value: input.is,
    allowed: input.was,
    next: 'Declare the new cluster under a name of its own, and move its keys there: docs/runbooks/move-a-key.md.',
  })),
  keysNotMerged: kind('keys-not-merged', (input: { key: string; at: string; baseName: string }) => ({
    message: `${shortKey(input.key)} can't be retired from ${input.at}: ${input.baseName} does not have it placed there, so there is nothing to retire`,
    value: input.key,
    allowed: STOPPED_WHEN_MERGED,
    next: `Take ${KEYS_LOCK_FILE} as ${input.baseName} has it, and run the command again.`,
  })),
  /** Without a node where what was merged declares none of that name. */
  keysNotStopped: kind('keys-not-stopped', (input: { key: string; at: string; network: string; baseName: string; node?: { state: string | undefined } }) => ({
    message: `${shortKey(input.key)} can't be retired from ${input.at}: ${input.baseName} ${input.node ? `has it ${input.node.state ?? NO_STATE}` : `declares no such node of ${input.network}, so nothing says that it was stopped`}`,
    value: input.key,
    allowed: STOPPED_WHEN_MERGED,
    next: input.node ? STOP_FIRST : `Declare the node again with state: stopped. ${STOP_FIRST}`,
  })),
  /** With `change` where what was merged had the node stopped, and the change that retires the key starts it. */
  keysStillRunning: kind('keys-still-running', (input: { key: string; at: string; change?: { state: string | undefined } }) =>
    input.change
      ? {
          message: `${shortKey(input.key)} can't be retired from ${input.at}: this change has it ${input.change.state ?? NO_STATE}`,
          value: input.key,
          allowed: STOPPED_WHEN_MERGED,
          next: 'Leave the node stopped in this change, and start it in a later one.',
        }
      : {
          message: `${shortKey(input.key)} can't be retired: ${input.at} is running`,
          value: input.key,
          next: 'Stop the node (state: stopped), have that merged and applied, see its pod gone, then retire: docs/runbooks/move-a-key.md.',
        },
  ),

  // What a command is asked for
  keysUnknownNode: kind('keys-unknown-node', (input: { at: string; near: readonly string[] }) => ({
    message: `No node ${input.at} is declared`,
    value: input.at,
    allowed: input.near.length > 0 ? input.near : undefined,
    suggestion: nearest(input.at, input.near),
    next: 'Name a declared node as cluster/node.',
  })),
  keysNodeRetired: kind('keys-node-retired', (input: { at: string; state: string }) => ({
    message: `${input.at} is retired: no key can be placed there`,
    value: input.state,
    next: 'Place the keys at a node that is running or stopped.',
  })),
  keysDeclaredTwice: kind('keys-declared-twice', (input: { key: string }) => ({
    message: `${shortKey(input.key)} is declared twice`,
    value: input.key,
    next: 'Remove one of the two declarations.',
  })),
  keysNoProof: kind('keys-no-proof', (input: { proof: string }) => ({
    message: 'A retirement says how it was proven that the old signer has stopped',
    value: input.proof,
    allowed: 'one line of 10 to 500 characters',
    next: 'Give --proof, such as --proof "StatefulSet at 0 replicas, pod gone since 14:02, machine deleted (INC-4711)".',
  })),
  keysNothingPlaced: kind('keys-nothing-placed', (input: { at: string } | { key: string; retired?: { from: string; since: string } }) => ({
    message:
      'at' in input
        ? `No key is placed at ${input.at}`
        : input.retired
          ? `${shortKey(input.key)} is retired already, from ${input.retired.from} since ${input.retired.since}`
          : `${shortKey(input.key)} was never placed`,
    value: 'at' in input ? input.at : input.key,
    next: 'See `npm run keys -- status` for where keys are placed.',
  })),
  keysDeclaredElsewhere: kind('keys-declared-elsewhere', (input: { key: string; at: string; elsewhere: string }) => ({
    message: `${shortKey(input.key)} can't be retired from ${input.at}: ${input.elsewhere} declares it already`,
    value: input.key,
    next: 'Take it out there: a move is two merged changes, and that declaration belongs to the second.',
  })),
} as const;

/** A key that has not waited long enough since its retirement, or since that was merged. */
export interface TooEarly {
  readonly from: string;
  readonly retired: string;
  /** Where the wait counts from the merge. */
  readonly merged?: string;
  readonly passed: number;
  readonly minutes: number;
  readonly network: string;
  readonly placed: string;
  readonly because: string;
  readonly until: string;
}

const NO_STATE = 'in no state that can be read';
const STOPPED_WHEN_MERGED = 'state: stopped, or retired, in what was merged';
const STOP_FIRST = 'Stop the node (state: stopped) in a change of its own, have that merged and applied, and see its pod gone; then retire: docs/runbooks/move-a-key.md.';

const shortKey = (key: string): string => `Key ${shortened(key)}`;
const them = (keys: readonly string[]): string => (keys.length === 1 ? 'it' : 'them');

/** Keys of one node, and their verb: they are usually many, and have one cause. */
function listed(keys: readonly string[]): string {
  const [first = ''] = keys;
  return keys.length === 1 ? `${shortKey(first)} is` : `${shortKey(first)} and ${keys.length - 1} more are`;
}
