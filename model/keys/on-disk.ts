import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '../../errors/user-error';
import { KEYS_LOCK_FILE } from './journal';

/** The journal, and what people declare; not what was recorded, nor code beside it. */
export const IS_DECLARED = /^(keys\.lock|settings\.yaml|infrastructure\.yaml|(clusters|networks)\/[^/]+\.yaml|nodes\/[^/]+\/[^/]+\.yaml)$/;

/** A fleet's texts as they lie on the disk, by their paths below its folder. */
export function fleetOnDisk(folder: string): ReadonlyMap<string, string> {
  const paths = listing(folder, '').flatMap((name) => (['clusters', 'networks'].includes(name) ? listing(folder, name) : name === 'nodes' ? listing(folder, name).flatMap((cluster) => listing(folder, cluster)) : [name]));
  return new Map(paths.filter((path) => IS_DECLARED.test(path) && lstatSync(join(folder, path)).isFile()).map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

/**
 * The text of a folder's journal; undefined where there is none.
 * @throws UserError where something else has its name: a link would lead out of what was reviewed, and be gone where it leads nowhere
 */
export function journalOnDisk(folder: string): string | undefined {
  const path = join(folder, KEYS_LOCK_FILE);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isFile()) throw refusal(`${path} is not a regular file`, `Put the journal itself there: restore it from git (\`git checkout -- ${path}\`).`);
  return readFileSync(path, 'utf8');
}

function listing(folder: string, below: string): string[] {
  try {
    return readdirSync(join(folder, below)).map((name) => (below === '' ? name : `${below}/${name}`));
  } catch {
    return [];
  }
}
