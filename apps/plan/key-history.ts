import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { EMPTY_KEYS_LOCK, KEYS_LOCK_FILE, parse } from '../../fleet/keys-lock';
import { git, nameOf, type Commit } from '../cli/base-revision';
import { readIfThere } from '../cli/replace-file';
import { PlanError } from './model';
import type { KeyHistory } from './rules/keys';

/** What both revisions say of where keys are placed, read from git, or from the disk for the working tree. */
export async function keyHistory(fleet: string, base: Commit, head: Commit | undefined, now: Date): Promise<KeyHistory> {
  return {
    base: parse((await read(fleet, base, KEYS_LOCK_FILE)) ?? EMPTY_KEYS_LOCK),
    head: parse((await read(fleet, head, KEYS_LOCK_FILE)) ?? EMPTY_KEYS_LOCK),
    waits: { base: await waits(fleet, base), head: await waits(fleet, head) },
    now,
    baseName: nameOf(base),
  };
}

/** `keyMoveWaitMinutes` of each network, read without a schema: each revision has its own. */
async function waits(fleet: string, commit: Commit | undefined): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const file of await networkFiles(fleet, commit)) {
    const declared = parseYaml((await read(fleet, commit, file)) ?? '') as { keyMoveWaitMinutes?: unknown } | null;
    if (typeof declared?.keyMoveWaitMinutes === 'number') found[file.slice('networks/'.length).replace(/\.yaml$/, '')] = declared.keyMoveWaitMinutes;
  }
  return found;
}

async function networkFiles(fleet: string, commit: Commit | undefined): Promise<string[]> {
  const names = commit
    ? ((await git(fleet, ['ls-tree', '-z', '--name-only', commit.id, 'networks/'])) ?? '').split('\0').map((path) => path.split('/').at(-1)!)
    : safely(() => readdirSync(join(fleet, 'networks')));
  return names.filter((name) => name.endsWith('.yaml')).map((name) => `networks/${name}`);
}

/** Undefined where the revision has no such file. */
async function read(fleet: string, commit: Commit | undefined, file: string): Promise<string | undefined> {
  if (!commit) return readIfThere(join(fleet, file));
  if (!(await git(fleet, ['ls-tree', '--name-only', commit.id, '--', file]))) return undefined;
  const text = await git(fleet, ['cat-file', 'blob', `${commit.id}:./${file}`]);
  if (text === undefined) throw new PlanError(`${file} of ${nameOf(commit)} can't be read`, 'Check the repository with `git fsck`; a partial clone has to fetch it first.');
  return text;
}

function safely(list: () => string[]): string[] {
  try {
    return list();
  } catch {
    return [];
  }
}
