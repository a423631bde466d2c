import { readDeclarations } from '../../model/keys/declarations';
import { fleetOnDisk } from '../../model/keys/on-disk';
import { EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import { KEYS_LOCK_FILE } from '../../model/keys/journal';
import { nameOf, type Commit } from '../../workspace/base-revision';
import { fleetAt } from '../../model/keys/at-commit';
import type { KeyHistory } from './rules/keys';

/** What both revisions say of where keys are placed, and what that is judged by, read from git, or from the disk for the working tree. */
export async function keyHistory(fleet: string, base: Commit, head: Commit | undefined, now: Date): Promise<KeyHistory> {
  const [before, after] = [await fleetAt(fleet, base), head ? await fleetAt(fleet, head) : fleetOnDisk(fleet)];
  const lock = (texts: ReadonlyMap<string, string>): KeyHistory['base'] => parse(texts.get(KEYS_LOCK_FILE) ?? EMPTY_KEYS_LOCK);
  return { base: lock(before), head: lock(after), declared: { base: readDeclarations(before), head: readDeclarations(after) }, now, baseName: nameOf(base) };
}
