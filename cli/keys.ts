import { join } from 'node:path';
import { Command } from 'commander';
import { EXIT, explained } from '../errors/user-error';
import { catalogue } from '../chains';
import { formatProblems, isError, sortProblems, type Problem } from '../model/errors';
import { planRetirement } from '../model/keys/plan-retirement';
import { planPlacement, type JournalPlan } from '../model/keys/plan-placement';
import { checkTransition, transitionRules } from '../model/keys/transitions';
import { checkAgainstFleet } from '../model/keys/agreement';
import { append, EMPTY_KEYS_LOCK, parse, state } from '../model/keys/text';
import { KEYS_LOCK_FILE, type DraftEntry, type KeysLock } from '../model/keys/journal';
import { loadFleet, type LoadedFleet } from '../model/load';
import type { Fleet } from '../model/types';
import { declarationsOf, readDeclarations, type Declarations } from '../model/keys/declarations';
import { asDeclared, keyNames, type KeyNames } from '../model/keys/names';
import { fleetOnDisk } from '../model/keys/on-disk';
import { quote, type MachineProof } from '../model/keys/machine-proof';
import { askCloud } from '../apps/keys/ask-cloud';
import { askAboutMachine, placeOf, type MachinePlace, type Verdict } from '../apps/keys/machines';
import type { Obstacle } from '../apps/keys/signers';
import { committer, mergeTimes, nameOf, resolveCommit } from '../workspace/base-revision';
import { fleetAt } from '../model/keys/at-commit';
import { readIfThere, replaceFile } from '../workspace/replace-file';

const program = new Command('keys')
  .description('Where each validator key is placed, over time: the journal fleet/keys.lock.')
  .addHelpText('after', `
A move is two merged changes: retire here, merge, wait (keyMoveWaitMinutes of the network), then place there.
What is merged is read from git: --base, or else origin/main, or else main. Fetch it first.`);

const fleetOption = ['--fleet <folder>', 'where the fleet is declared', 'fleet'] as const;
const baseOption = ['--base <revision>', 'what was merged; default: origin/main, else main'] as const;
const byOption = ['--by <who>', 'who does this; default: the user.email of git'] as const;
const dryRunOption = ['--dry-run', 'say what would be added, write nothing'] as const;

program
  .command('status')
  .description('Where keys are placed, and where that differs from the fleet.')
  .option(...fleetOption)
  .option('--json', 'for other programs')
  .allowExcessArguments(false)
  .action((options: { fleet: string; json?: true }) => run(() => status(options)));

program
  .command('place')
  .description('Place the keys that nodes declare and the journal lacks.')
  .option(...fleetOption)
  .option('--node <cluster/node>', 'the keys of this node')
  .option('--all-new', 'the keys of all nodes that were never placed')
  .option(...baseOption)
  .option(...byOption)
  .option(...dryRunOption)
  .allowExcessArguments(false)
  .action((options: PlaceOptions) => run(() => place(options)));

program
  .command('retire [key]')
  .description('Retire a key, or all keys of a node, once their signer has stopped for good.')
  .option(...fleetOption)
  .option('--node <cluster/node>', 'all keys that are placed at this node')
  .requiredOption('--proof <text>', 'how you know that the signer has stopped, for those who review it; the cluster is asked besides')
  .option('--machine <cloud id>', 'a machine that the signer ran on and that the cloud calls gone for good, where the cluster can never be asked again; repeatable', (id: string, ids: readonly string[] = []) => [...ids, id])
  .option(...baseOption)
  .option(...byOption)
  .option(...dryRunOption)
  .allowExcessArguments(false)
  .action((key: string | undefined, options: RetireOptions) => run(() => retire(key, options)));

program
  .command('verify')
  .description('Whether the journal is intact, only adds to what was merged, and agrees with the fleet.')
  .option(...fleetOption)
  .option(...baseOption)
  .allowExcessArguments(false)
  .action((options: { fleet: string; base?: string }) => run(() => verify(options)));

interface PlaceOptions {
  readonly fleet: string;
  readonly node?: string;
  readonly allNew?: true;
  readonly base?: string;
  readonly by?: string;
  readonly dryRun?: true;
}

interface RetireOptions {
  readonly fleet: string;
  readonly node?: string;
  readonly proof: string;
  readonly machine?: readonly string[];
  readonly base?: string;
  readonly by?: string;
  readonly dryRun?: true;
}

async function status({ fleet: folder, json }: { fleet: string; json?: true }): Promise<number> {
  const { lock } = await readLock(folder);
  const loaded = readFleet(folder);
  const problems = [...lock.problems, ...loaded.problems.filter(isError), ...differences(lock, loaded)];
  const placements = lock.problems.length > 0 ? [] : [...state(lock.entries)].map(([key, placement]) => ({ key, ...placement }));
  if (json) {
    say(JSON.stringify({ entries: lock.entries.length, placements, problems }, null, 2));
    return problems.length > 0 ? 1 : 0;
  }
  const names = namesIn(folder);
  const placed = placements.filter((placement) => placement.status === 'placed');
  for (const { key, network, cluster, node, at } of placed) say(`${network}  ${cluster}/${node}  ${names(key)}  since ${at}`);
  for (const { key, network, cluster, node, at } of placements.filter((placement) => placement.status === 'retired')) {
    say(`${network}  retired from ${cluster}/${node}  ${names(key)}  at ${at}`);
  }
  if (lock.problems.length === 0) say(`${placed.length} placed, ${placements.length - placed.length} retired, ${lock.entries.length} entries.`);
  return problems.length > 0 ? refuse(problems, folder) : 0;
}

async function place(options: PlaceOptions): Promise<number> {
  if ((options.node === undefined) === (options.allNew === undefined)) return misused('give either --node <cluster/node> or --all-new');
  const select = options.node === undefined ? ('all-new' as const) : nodeName(options.node);
  const { lock, text } = await readLock(options.fleet);
  const { fleet, locate, problems } = readFleet(options.fleet);
  if (!fleet) return refuse([...problems.filter(isError), ...lock.problems], options.fleet);

  const merged = await readMerged(options.fleet, options.base);
  if (merged.lock.problems.length > 0) return refuse(merged.lock.problems, options.fleet);
  const now = new Date();
  const by = options.by ?? (await committer(options.fleet));
  const plan = planPlacement({ lock, base: merged.lock, merged: merged.declarations, baseName: merged.name, mergedAt: merged.at, fleet, catalogue, locate, now, by, select });
  const code = await carryOut(plan, { lock, text, now, folder: options.fleet, dryRun: options.dryRun === true, merged, check: judgedBy(merged, fleet, now) });
  if (code === 0 && plan.leftOut.length > 0) {
    say(`${plan.leftOut.length} declared keys are retired and were left alone; to place them again, name their nodes with --node: ${plan.leftOut.slice(0, 5).map(namesIn(options.fleet, merged)).join(', ')}${plan.leftOut.length > 5 ? ', ...' : ''}`);
  }
  return code;
}

async function retire(key: string | undefined, options: RetireOptions): Promise<number> {
  if ((options.node === undefined) === (key === undefined)) return misused('give either a key or --node <cluster/node>');
  const select = key === undefined ? nodeName(options.node ?? '') : { key };
  const { lock, text } = await readLock(options.fleet);
  const { fleet, locate, problems } = readFleet(options.fleet);
  if (!fleet) return refuse([...problems.filter(isError), ...lock.problems], options.fleet);

  const merged = await readMerged(options.fleet, options.base);
  const now = new Date();
  const by = options.by ?? (await committer(options.fleet));
  const plan = planRetirement({ lock, base: merged.lock, merged: merged.declarations, baseName: merged.name, fleet, catalogue, locate, now, by, proof: options.proof, select });
  const proven = plan.problems.length > 0 ? plan : await withMachines(plan, options.machine ?? [], merged);
  return carryOut(proven, { lock, text, now, folder: options.fleet, dryRun: options.dryRun === true, merged, check: judgedBy(merged, fleet, now) });
}

/** Quotes in each proof what the cloud says of the machines, asked as whoever runs this; whoever plans the change asks again. */
async function withMachines(plan: JournalPlan, machines: readonly string[], { declarations }: Merged): Promise<JournalPlan> {
  const drafts: DraftEntry[] = [];
  const problems: Problem[] = [];
  for (const draft of plan.drafts) {
    const place = machines.length > 0 ? placeOf(declarations, { ...draft, keys: [draft.key] }) : undefined;
    const proofs: MachineProof[] = [];
    for (const id of machines) {
      const verdict = place === undefined ? undefined : await askOnce(place, id);
      if (verdict && 'proof' in verdict) proofs.push(verdict.proof);
      else problems.push(machineProblem(id, draft, verdict?.obstacle));
    }
    drafts.push({ ...draft, proof: quote(draft.proof ?? '', proofs) });
  }
  return { ...plan, drafts: problems.length > 0 ? [] : drafts, problems };
}

/** Many keys of one node are one question. */
const verdicts = new Map<string, Promise<Verdict>>();
function askOnce(place: MachinePlace, id: string): Promise<Verdict> {
  const question = JSON.stringify([place, id]);
  const asked = verdicts.get(question) ?? askAboutMachine(place, id, askCloud(), new Date());
  verdicts.set(question, asked);
  return asked;
}

const machineProblem = (id: string, { cluster, node }: DraftEntry, obstacle?: Obstacle): Problem => ({
  code: 'keys-machine',
  level: 'error',
  message: obstacle?.message ?? `machine ${JSON.stringify(id)} proves nothing: what was merged does not say in which cloud and zone ${cluster}/${node} is`,
  places: [{ file: `clusters/${cluster}.yaml`, line: 1, column: 1 }],
  value: id,
  allowed: 'a machine of that cluster and zone that EC2 calls terminated, or that Compute Engine has deleted, with no other machine of the cluster left in the zone',
  next: obstacle?.next ?? 'Declare the cluster and the node again, stopped, and have that merged.',
});

async function verify(options: { fleet: string; base?: string }): Promise<number> {
  const { lock } = await readLock(options.fleet);
  const loaded = readFleet(options.fleet);
  const merged = await readMerged(options.fleet, options.base);
  const intact = lock.problems.length === 0 && merged.lock.problems.length === 0;
  const problems = [
    ...loaded.problems.filter(isError),
    ...lock.problems,
    ...merged.lock.problems,
    ...(intact && loaded.fleet ? judgedBy(merged, loaded.fleet, new Date())(lock) : []),
    ...differences(lock, loaded),
  ];
  if (problems.length > 0) return refuse(problems, options.fleet, merged);
  say(`${KEYS_LOCK_FILE} is intact: ${lock.entries.length} entries, ${lock.entries.length - merged.lock.entries.length} of them new since ${merged.name}; every declared key is placed where it is declared.`);
  return 0;
}

interface Writing {
  readonly lock: KeysLock;
  /** What the file held; undefined: there was none. */
  readonly text: string | undefined;
  readonly now: Date;
  readonly folder: string;
  readonly dryRun: boolean;
  readonly merged: Merged;
  /** What is wrong with the lock as it would become. */
  readonly check: (next: KeysLock) => readonly Problem[];
}

async function carryOut(plan: JournalPlan, { lock, text, now, folder, dryRun, merged, check }: Writing): Promise<number> {
  if (plan.problems.length > 0) return refuse(plan.problems, folder, merged);
  if (plan.drafts.length === 0) {
    say('Nothing to do: the journal says so already.');
    return 0;
  }
  const next = parse(append(lock, plan.drafts, now));
  // Judged by the same rules that `verify` will apply, on the very text that is going to be written.
  const wrong = [...next.problems, ...check(next)];
  if (wrong.length > 0) return refuse(wrong, folder, merged);
  if (!dryRun) await replaceFile(join(folder, KEYS_LOCK_FILE), next.text, text);
  const names = namesIn(folder, merged);
  for (const { act, key, network, cluster, node, at } of next.entries.slice(lock.entries.length)) {
    say(`${dryRun ? 'would ' : ''}${act} ${names(key)} (${network}) ${act === 'place' ? 'at' : 'from'} ${cluster}/${node}, ${at}`);
  }
  say(dryRun ? 'Nothing was written.' : `Commit ${join(folder, KEYS_LOCK_FILE)} with the change of the fleet that it belongs to.`);
  return 0;
}

async function readLock(folder: string): Promise<{ lock: KeysLock; text: string | undefined }> {
  const text = await readIfThere(join(folder, KEYS_LOCK_FILE));
  return { lock: parse(text ?? EMPTY_KEYS_LOCK), text };
}

/** What was merged: the journal, and what is declared beside it. */
interface Merged {
  readonly lock: KeysLock;
  readonly declarations: Declarations;
  readonly name: string;
  /** When a line of the journal came into it. */
  readonly at: (line: number) => Date | undefined;
}

async function readMerged(folder: string, revision: string | undefined): Promise<Merged> {
  const commit = await resolveCommit(folder, revision);
  if (commit?.stale !== undefined) process.stderr.write(`warning: ${commit.stale}\n`);
  const texts = commit === undefined ? new Map<string, string>() : await fleetAt(folder, commit);
  const name = commit === undefined ? 'the empty repository' : nameOf(commit);
  const lock = parse(texts.get(KEYS_LOCK_FILE) ?? EMPTY_KEYS_LOCK);
  // Only a retirement's time is ever asked.
  const times = commit !== undefined && lock.entries.some(({ act }) => act === 'retire') ? await mergeTimes(folder, KEYS_LOCK_FILE, commit) : new Map<number, Date>();
  return { lock: { ...lock, problems: ofBase(lock.problems, name) }, declarations: readDeclarations(texts), name, at: (line) => times.get(line) };
}

/** The rules of a change, as `verify` applies them. */
const judgedBy = ({ lock, declarations, name, at }: Merged, fleet: Fleet, now: Date) => (next: KeysLock): Problem[] =>
  checkTransition(lock.entries, next.entries, transitionRules({ base: declarations, head: declarationsOf(fleet), now, baseName: name, mergedAt: at }, catalogue));

/** The fleet by itself: whether it agrees with the journal is this command's to say. */
const readFleet = (folder: string): LoadedFleet => loadFleet(folder, catalogue);

function differences(lock: KeysLock, { fleet, locate }: LoadedFleet): Problem[] {
  const judged: Fleet | undefined = lock.problems.length > 0 ? undefined : fleet;
  return judged ? checkAgainstFleet(lock.entries, judged, catalogue, locate) : [];
}

const ofBase = (problems: readonly Problem[], name: string): Problem[] =>
  problems.map((problem) => ({ ...problem, message: `In ${name}: ${problem.message}`, next: 'What was merged is damaged: find the change that did it and restore the file as it was before, by an exceptional, reviewed merge.' }));

function nodeName(value: string): { cluster: string; node: string } {
  const [cluster, node, more] = value.split('/');
  if (!cluster || !node || more !== undefined) throw new UsageError(`--node is cluster/node, got "${value}"`);
  return { cluster, node };
}

class UsageError extends Error {}

function misused(message: string): never {
  throw new UsageError(message);
}

async function run(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    const { text, code } = error instanceof UsageError ? { text: `error: ${error.message}`, code: EXIT.misused } : explained(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = code;
  }
}

function refuse(problems: readonly Problem[], folder: string, merged?: Merged): number {
  const names = namesIn(folder, merged);
  process.stderr.write(`${formatProblems(sortProblems(problems.map((problem) => asDeclared(problem, names))), folder)}\n`);
  return 1;
}

/** As the fleet's files spell keys now, or spelled them when they were merged. */
const namesIn = (folder: string, merged?: Merged): KeyNames => keyNames([readDeclarations(fleetOnDisk(folder)), ...(merged ? [merged.declarations] : [])], catalogue);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

void program.parseAsync();
