import { join } from 'node:path';
import { catalogue } from '../../chains';
import { EXIT } from '../../errors/user-error';
import { checkAgainstFleet } from '../../model/keys/agreement';
import { fleetAt } from '../../model/keys/at-commit';
import { declarationsOf, readDeclarations, type Declarations } from '../../model/keys/declarations';
import { KEYS_LOCK_FILE, type KeysLock } from '../../model/keys/journal';
import { asDeclared, keyNames, type KeyNames } from '../../model/keys/names';
import { fleetOnDisk, journalOnDisk } from '../../model/keys/on-disk';
import type { JournalPlan } from '../../model/keys/plan-placement';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import { checkTransition, transitionRules } from '../../model/keys/transitions';
import { formatProblems, sortProblems, type Problem } from '../../model/errors';
import { checkFolder, loadFleet, type LoadedFleet } from '../../model/load';
import type { Fleet } from '../../model/types';
import { mergeTimes, nameOf, resolveCommit } from '../../workspace/base-revision';
import { replaceFile } from '../../workspace/replace-file';
import { type Io, misused, say } from '../io';

/* What the commands about keys share: the journal as it lies there, as it is merged, and as it may become. */

export const baseOption = ['--base <revision>', 'what was merged; default: origin/main, else main'] as const;
export const byOption = ['--by <who>', 'who does this; default: the user.email of git'] as const;
export const dryRunOption = ['--dry-run', 'say what would be added, write nothing'] as const;

export function readLock(folder: string): { lock: KeysLock; text: string | undefined } {
  checkFolder(folder);
  const text = journalOnDisk(folder);
  return { lock: parse(text ?? EMPTY_KEYS_LOCK), text };
}

/** What was merged: the journal, and what is declared beside it. */
export interface Merged {
  readonly lock: KeysLock;
  readonly declarations: Declarations;
  readonly name: string;
  /** When a line of the journal came into it. */
  readonly at: (line: number) => Date | undefined;
}

export async function readMerged(folder: string, revision: string | undefined, { stderr }: Io): Promise<Merged> {
  const commit = await resolveCommit(folder, revision);
  if (commit?.stale !== undefined) stderr.write(`warning: ${commit.stale}\n`);
  const texts = commit === undefined ? new Map<string, string>() : await fleetAt(folder, commit);
  const name = commit === undefined ? 'the empty repository' : nameOf(commit);
  const lock = parse(texts.get(KEYS_LOCK_FILE) ?? EMPTY_KEYS_LOCK);
  // Only a retirement's time is ever asked.
  const times = commit !== undefined && lock.entries.some(({ act }) => act === 'retire') ? await mergeTimes(folder, KEYS_LOCK_FILE, commit) : new Map<number, Date>();
  return { lock: { ...lock, problems: ofBase(lock.problems, name) }, declarations: readDeclarations(texts), name, at: (line) => times.get(line) };
}

/** The rules of a change, as `verify` applies them. */
export const judgedBy = ({ lock, declarations, name, at }: Merged, fleet: Fleet, now: Date) => (next: KeysLock): Problem[] =>
  checkTransition(lock.entries, next.entries, transitionRules({ base: declarations, head: declarationsOf(fleet), now, baseName: name, mergedAt: at }, catalogue));

/** The fleet by itself: whether it agrees with the journal is this command's to say. */
export const readFleet = (folder: string): LoadedFleet => loadFleet(folder, catalogue);

export function differences(lock: KeysLock, { fleet, locate }: LoadedFleet): Problem[] {
  const judged: Fleet | undefined = lock.problems.length > 0 ? undefined : fleet;
  return judged ? checkAgainstFleet(lock.entries, judged, catalogue, locate) : [];
}

const ofBase = (problems: readonly Problem[], name: string): Problem[] =>
  problems.map((problem) => ({ ...problem, message: `In ${name}: ${problem.message}`, next: 'What was merged is damaged: find the change that did it and restore the file as it was before, by an exceptional, reviewed merge.' }));

export function nodeName(value: string): { cluster: string; node: string } {
  const [cluster, node, more] = value.split('/');
  if (!cluster || !node || more !== undefined) return misused(`--node is cluster/node, got "${value}"`);
  return { cluster, node };
}

export interface Writing {
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

export async function carryOut(plan: JournalPlan, io: Io, { lock, text, now, folder, dryRun, merged, check }: Writing): Promise<number> {
  if (plan.problems.length > 0) return refuse(io, plan.problems, folder, merged);
  if (plan.drafts.length === 0) {
    say(io, 'Nothing to do: the journal says so already.');
    return EXIT.done;
  }
  const next = parse(append(lock, plan.drafts, now));
  // Judged by the same rules that `verify` will apply, on the very text that is going to be written.
  const wrong = [...next.problems, ...check(next)];
  if (wrong.length > 0) return refuse(io, wrong, folder, merged);
  if (!dryRun) await replaceFile(join(folder, KEYS_LOCK_FILE), next.text, text);
  const names = namesIn(folder, merged);
  for (const { act, key, network, cluster, node, at } of next.entries.slice(lock.entries.length)) {
    say(io, `${dryRun ? 'would ' : ''}${act} ${names(key)} (${network}) ${act === 'place' ? 'at' : 'from'} ${cluster}/${node}, ${at}`);
  }
  say(io, dryRun ? 'Nothing was written.' : `Commit ${join(folder, KEYS_LOCK_FILE)} with the change of the fleet that it belongs to.`);
  return EXIT.done;
}

export function refuse({ stderr }: Io, problems: readonly Problem[], folder: string, merged?: Merged): number {
  const names = namesIn(folder, merged);
  stderr.write(`${formatProblems(sortProblems(problems.map((problem) => asDeclared(problem, names))), folder)}\n`);
  return EXIT.refused;
}

/** As the fleet's files spell keys now, or spelled them when they were merged. */
export const namesIn = (folder: string, merged?: Merged): KeyNames => keyNames([readDeclarations(fleetOnDisk(folder)), ...(merged ? [merged.declarations] : [])], catalogue);
