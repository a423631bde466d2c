import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '../errors/user-error';

/**
 * What counts as merged unless `--base` says otherwise, the first that exists. `HEAD` is none of them: a retirement that is committed on a branch would count
 * as merged, and a move could be made in one step.
 */
export const DEFAULT_BASES = ['refs/remotes/origin/main', 'refs/heads/main'] as const;

/**
 * A file of the folder at a git revision; by default that of {@link DEFAULT_BASES}. A repository without any commit has merged nothing.
 * @throws UserError
 */
export async function fileAtBase(folder: string, file: string, revision: string | undefined): Promise<{ readonly text: string | undefined; readonly name: string }> {
  const commit = await resolveCommit(folder, revision);
  if (commit === undefined) return { text: undefined, name: 'the empty repository' };
  const name = nameOf(commit);
  if (!(await git(folder, ['ls-tree', '--name-only', commit.id, '--', file]))) return { text: undefined, name };
  const text = await git(folder, ['cat-file', 'blob', `${commit.id}:./${file}`]);
  if (text === undefined) throw refusal(`${file} of ${name} can't be read`, 'Check the repository with `git fsck`; a partial clone has to fetch it first.');
  return { text, name };
}

/**
 * When each line of a file, counted from 1, came to a branch: by the commits of the branch itself, never of one that was merged into it, whose times are its author's. Where a
 * clone is shallow its oldest commit counts, which is later.
 * @throws UserError
 */
export async function mergeTimes(folder: string, file: string, commit: Commit): Promise<ReadonlyMap<number, Date>> {
  const blamed = await git(folder, ['-c', 'blame.ignoreRevsFile=', 'blame', '--first-parent', '--porcelain', commit.id, '--', file]);
  if (blamed === undefined) throw refusal(`git can't say when the lines of ${file} came to ${nameOf(commit)}`, 'Check the repository with `git fsck`; a partial clone has to fetch them first.');
  const times = new Map<string, Date>();
  const lines: [line: number, id: string][] = [];
  for (const text of blamed.split('\n')) {
    const [, id = '', line] = /^([0-9a-f]{40,64}) [0-9]+ ([0-9]+)/.exec(text) ?? [];
    if (line !== undefined) lines.push([Number(line), id]);
    const seconds = /^committer-time ([0-9]+)$/.exec(text)?.[1];
    if (seconds !== undefined) times.set(lines.at(-1)![1], new Date(Number(seconds) * 1000));
  }
  return new Map(lines.flatMap(([line, id]) => (times.has(id) ? [[line, times.get(id)!] as const] : [])));
}

/** Who commits here, for the journal. */
export async function committer(folder: string): Promise<string | undefined> {
  return (await git(folder, ['config', 'user.email']))?.trim() || undefined;
}

/** A revision as it was asked for, and its commit. */
export interface Commit {
  readonly name: string;
  readonly id: string;
  /** Where it is a copy of what another repository has, and that was last asked for more than a day ago: how to say so. */
  readonly stale?: string;
}

/** For messages. */
export const nameOf = ({ name, id }: Commit): string => `${name} (${id.slice(0, 10)})`;

/**
 * The commit of a revision; by default of the first of {@link DEFAULT_BASES} that exists. Undefined: a repository without any commit.
 * @throws UserError
 */
export async function resolveCommit(folder: string, revision: string | undefined): Promise<Commit | undefined> {
  if ((await git(folder, ['rev-parse', '--git-dir'])) === undefined) {
    throw refusal(`"${folder}" is in no git repository, so nothing shows what was merged`, 'Run the command in the repository that holds the fleet.');
  }
  for (const candidate of revision === undefined ? DEFAULT_BASES : [revision]) {
    // --end-of-options: a revision that starts with a dash is a revision nevertheless.
    const id = (await git(folder, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${candidate}^{commit}`]))?.trim();
    if (id) return { name: candidate.replace(/^refs\/(remotes|heads)\//, ''), id, ...(await staleness(folder, candidate)) };
  }
  if (revision !== undefined) {
    throw refusal(`git knows no revision "${revision}" here`, 'Fetch it, or correct --base.');
  }
  const anything = await git(folder, ['rev-list', '--all', '--max-count=1']);
  if (anything === undefined || anything.trim() !== '') {
    throw refusal('There is neither origin/main nor main, so nothing shows what was merged', 'Fetch the main branch, or name the revision with --base.');
  }
  return undefined;
}

const DAY = 24 * 60 * 60_000;

/** A remote's branch is what it was when it was last fetched: by the time of FETCH_HEAD, where that is of this branch, and of the branch's own log. */
async function staleness(folder: string, revision: string): Promise<Pick<Commit, 'stale'>> {
  const [, remote, branch] = /^(?:refs\/remotes\/)?(origin)\/(.+)$/.exec(revision) ?? [];
  if (remote === undefined || branch === undefined) return {};
  const paths = ((await git(folder, ['rev-parse', '--path-format=absolute', '--git-path', 'FETCH_HEAD', '--git-common-dir', '--git-path', `logs/refs/remotes/${remote}/${branch}`])) ?? '').trim().split('\n');
  const [own, common, log] = paths;
  const times = [own, common && join(common, 'FETCH_HEAD')].map((path) => timeOf(path, `branch '${branch}' of `)).concat(timeOf(log, ''));
  const newest = Math.max(...times.map((time) => time ?? 0));
  const days = Math.floor((Date.now() - newest) / DAY);
  return newest === 0 || days < 1 ? {} : { stale: `${remote}/${branch} was last fetched ${days} ${days === 1 ? 'day' : 'days'} ago, and what was merged since is not looked at; git fetch ${remote}` };
}

/** When a file was written, if it is there and says this. */
function timeOf(path: string | undefined, says: string): number | undefined {
  try {
    return path !== undefined && readFileSync(path, 'utf8').includes(says) ? statSync(path).mtimeMs : undefined;
  } catch {
    return undefined;
  }
}

/** Standard output, or undefined when git fails. Arguments go to git as they are, through no shell. */
export function git(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string | undefined> {
  return new Promise((settle, reject) => {
    execFile('git', ['--no-replace-objects', '-C', folder, ...args], { maxBuffer: 2 ** 30, encoding: 'utf8', env: { ...process.env, ...env } }, (error, stdout) => {
      if (!error) settle(stdout);
      else if (error.code === 'ENOENT') reject(refusal('git is not installed', 'Install git.'));
      else settle(undefined);
    });
  });
}
