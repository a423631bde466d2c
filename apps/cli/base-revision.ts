import { execFile } from 'node:child_process';
import { EMPTY_KEYS_LOCK, KEYS_LOCK_FILE } from '../../fleet/keys-lock';

/** The lock as it was merged. */
export interface BaseLock {
  /** Undefined where that revision has no lock yet. */
  readonly text: string | undefined;
  /** For messages: the revision as it was asked for, and what it was resolved to. */
  readonly name: string;
}

/** There is no merged version to compare with. */
export class BaseError extends Error {
  override readonly name = 'BaseError';

  constructor(
    message: string,
    readonly next: string,
  ) {
    super(message);
  }
}

/** What counts as merged unless `--base` says otherwise, the first that exists. */
export const DEFAULT_BASES = ['refs/remotes/origin/main', 'refs/heads/main'] as const;

/**
 * The lock at a git revision; by default that of {@link DEFAULT_BASES}. `HEAD` is no default: a retirement that is
 * committed on a branch would count as merged, and a move could be made in one step. A repository without any
 * commit has merged nothing.
 * @throws BaseError
 */
export async function baseLock(folder: string, revision: string | undefined): Promise<BaseLock> {
  return fileAtBase(folder, KEYS_LOCK_FILE, revision);
}

/**
 * A file of the folder at a git revision, by the same rules.
 * @throws BaseError
 */
export async function fileAtBase(folder: string, file: string, revision: string | undefined): Promise<BaseLock> {
  const commit = await resolveCommit(folder, revision);
  if (commit === undefined) return { text: undefined, name: 'the empty repository' };
  const name = nameOf(commit);
  const listed = await git(folder, ['ls-tree', '--name-only', commit.id, '--', file]);
  if (!listed) return { text: undefined, name };
  const text = await git(folder, ['cat-file', 'blob', `${commit.id}:./${file}`]);
  if (text === undefined) throw new BaseError(`${file} of ${name} can't be read`, 'Check the repository with `git fsck`; a partial clone has to fetch it first.');
  return { text, name };
}

export const textOf = (base: BaseLock): string => base.text ?? EMPTY_KEYS_LOCK;

/** Who commits here, for the journal. */
export async function committer(folder: string): Promise<string | undefined> {
  return (await git(folder, ['config', 'user.email']))?.trim() || undefined;
}

/** A revision as it was asked for, and its commit. */
export interface Commit {
  readonly name: string;
  readonly id: string;
}

/** For messages. */
export const nameOf = ({ name, id }: Commit): string => `${name} (${id.slice(0, 10)})`;

/**
 * The commit of a revision; by default of the first of {@link DEFAULT_BASES} that exists. Undefined: a repository without any commit.
 * @throws BaseError
 */
export async function resolveCommit(folder: string, revision: string | undefined): Promise<Commit | undefined> {
  if ((await git(folder, ['rev-parse', '--git-dir'])) === undefined) {
    throw new BaseError(`"${folder}" is in no git repository, so nothing shows what was merged`, 'Run the command in the repository that holds the fleet.');
  }
  for (const candidate of revision === undefined ? DEFAULT_BASES : [revision]) {
    // --end-of-options: a revision that starts with a dash is a revision nevertheless.
    const id = (await git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${candidate}^{commit}`]))?.trim();
    if (id) return { name: candidate.replace(/^refs\/(remotes|heads)\//, ''), id };
  }
  if (revision !== undefined) {
    throw new BaseError(`git knows no revision "${revision}" here`, 'Fetch it, or correct --base.');
  }
  const anything = await git(folder, ['rev-list', '--all', '--max-count=1']);
  if (anything === undefined || anything.trim() !== '') {
    throw new BaseError('There is neither origin/main nor main, so nothing shows what was merged', 'Fetch the main branch, or name the revision with --base.');
  }
  return undefined;
}

/** Standard output, or undefined when git fails. Arguments go to git as they are, through no shell. */
export function git(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string | undefined> {
  return new Promise((settle, reject) => {
    execFile('git', ['--no-replace-objects', '-C', folder, ...args], { maxBuffer: 2 ** 30, encoding: 'utf8', env: { ...process.env, ...env } }, (error, stdout) => {
      if (!error) settle(stdout);
      else if (error.code === 'ENOENT') reject(new BaseError('git is not installed', 'Install git.'));
      else settle(undefined);
    });
  });
}
