import { execFile } from 'node:child_process';
import { refusal, type UserError } from '../../errors/user-error';
import { IS_DECLARED } from './on-disk';
import { git, nameOf, type Commit } from '../../workspace/base-revision';

/**
 * A fleet's texts at a commit, by their paths below its folder; what is not a regular file there is left out. Nothing where that commit has no such folder.
 * @throws UserError
 */
export async function fleetAt(folder: string, commit: Commit): Promise<ReadonlyMap<string, string>> {
  const listed = await git(folder, ['ls-tree', '-r', '-z', commit.id, '--', '.']);
  if (listed === undefined) throw unreadable(commit);
  const blobs = listed.split('\0').flatMap((line) => {
    const [, mode = '', id = '', path = ''] = /^([0-9]{6}) blob ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
    return mode.startsWith('100') && IS_DECLARED.test(path) ? [{ id, path }] : [];
  });
  const contents = await contentsOf(folder, blobs.map(({ id }) => id));
  if (contents === undefined) throw unreadable(commit);
  return new Map(blobs.map(({ path }, index) => [path, contents[index]!]));
}

const unreadable = (commit: Commit): UserError => refusal(`The fleet of ${nameOf(commit)} can't be read`, 'Check the repository with `git fsck`; a partial clone has to fetch it first.');

/** In their order, by one process. */
function contentsOf(folder: string, ids: readonly string[]): Promise<string[] | undefined> {
  return new Promise((settle) => {
    const child = execFile('git', ['--no-replace-objects', '-C', folder, 'cat-file', '--batch'], { maxBuffer: 2 ** 30, encoding: 'buffer' }, (error, stdout) => settle(error ? undefined : split(stdout, ids.length)));
    // It may end before it has read all.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(ids.map((id) => `${id}\n`).join(''));
  });
}

/** `<id> blob <size>`, the content, a newline; another first line where there is no such object. */
function split(output: Buffer, count: number): string[] | undefined {
  const contents: string[] = [];
  for (let at = 0; contents.length < count;) {
    const end = output.indexOf('\n', at);
    const size = /^[0-9a-f]+ blob ([0-9]+)$/.exec(output.subarray(at, Math.max(end, at)).toString('utf8'))?.[1];
    if (end < 0 || size === undefined) return undefined;
    contents.push(output.subarray(end + 1, end + 1 + Number(size)).toString('utf8'));
    at = end + 1 + Number(size) + 1;
  }
  return contents;
}
