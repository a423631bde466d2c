import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalize } from 'node:path/posix';
import { EXIT, refusal } from '../errors/user-error';
import { ATLANTIS_FILE, atlantisFiles, differences, listedProjects, lostProjects, writeAtlantis, type Lost } from '../infra/atlantis/generate';
import { projectsOf, PROJECTS_FOLDER, whyUnknown, type Asked } from '../infra/atlantis/projects';
import { loadStacks } from '../infra/synth';
import { printable } from '../naming/printable';
import { fileAtBase, git, nameOf, resolveCommit } from '../workspace/base-revision';
import { type Io, say } from './io';

/* The bodies of `atlantis`; loaded once CDKTF is known to be there. */

export interface WriteOptions {
  readonly root: string;
  readonly fleet: string;
  readonly check?: true;
  readonly base?: string;
}

export interface KnownOptions extends Asked {
  readonly root: string;
  readonly fleet: string;
}

/** @returns the exit code, with what there is to say printed; so does {@link write} */
export function known({ root, fleet, ...asked }: KnownOptions, io: Io): number {
  const why = whyUnknown(projectsOf(loadStacks(join(root, fleet))), asked);
  return why === undefined ? EXIT.done : failed(io, why, `Run npm run atlantis and commit what it writes; then name a project of ${ATLANTIS_FILE}.`);
}

export async function write({ root, fleet, check, base }: WriteOptions, io: Io): Promise<number> {
  const context = loadStacks(join(root, fleet));
  const files = atlantisFiles(context, fleetPath(fleet));
  const committed = join(root, ATLANTIS_FILE);
  const lists: { readonly text: string | undefined; readonly name: string }[] = [
    { text: existsSync(committed) ? readFileSync(committed, 'utf8') : undefined, name: `${ATLANTIS_FILE} of the working tree` },
  ];
  const merged = await fileAtBase(root, ATLANTIS_FILE, base);
  lists.push({ text: merged.text, name: `${ATLANTIS_FILE} of ${merged.name}` });
  const lost = new Map<string, Lost>();
  for (const { text, name } of lists) {
    if (text === undefined) continue;
    for (const one of lostProjects(listedProjects(text), context, name)) lost.set(one.projects.join(), one);
  }
  if (lost.size > 0) return [...lost.values()].map(({ message, next }) => failed(io, message, next))[0]!;
  if (!check) {
    const changed = writeAtlantis(root, files);
    return said(io, changed.length === 0 ? `${ATLANTIS_FILE} was current: ${files.size - 1} projects.` : `Wrote ${changed.map(printable).join(', ')}`);
  }
  const stale = differences(root, files);
  if (stale.length === 0) return said(io, `${ATLANTIS_FILE} is current: ${files.size - 1} projects.`);
  const { generator, declared, own } = await changes(root, fleetPath(fleet), base);
  if (generator && !declared && !own) return said(io, `${ATLANTIS_FILE} is as merged, and this change is of what generates it: merge it, build Atlantis' image anew, then run npm run atlantis and commit what it writes, in a change of its own.`);
  return failed(io,
    `not what the fleet comes to: ${stale.map(printable).join(', ')}`,
    generator
      ? `This change is of what generates them, too. Leave ${ATLANTIS_FILE}, ${PROJECTS_FOLDER}/ and the fleet as merged; once it is merged and Atlantis' image is built anew, run npm run atlantis in a change of its own.`
      : 'Run npm run atlantis and commit what it writes. Where Atlantis says this and npm run atlantis changes nothing, its image is older than what is merged: build it anew.',
  );
}

/** As a pattern begins: a fleet outside of the repository can touch nothing in it. */
function fleetPath(fleet: string): string {
  const path = normalize(fleet).replace(/\/$/, '');
  if (path.startsWith('/') || path === '.' || path.split('/')[0] === '..') throw refusal(`${JSON.stringify(fleet)} is not a folder below the root of the repository`, 'Name the folder by its path from --root.');
  return path;
}

/** Code that what is generated depends on. */
const GENERATOR = /^(naming|errors|workspace|model|chains|infra|cli)\/.*\.ts$/;

/** What a change touches: the code that generates, what the fleet declares, or what is generated. Untracked files count as nothing yet. */
async function changes(root: string, fleet: string, base: string | undefined): Promise<{ generator: boolean; declared: boolean; own: boolean }> {
  const commit = await resolveCommit(root, base);
  const names = commit && (await git(root, ['diff', '--name-only', '--no-renames', '--no-ext-diff', '-z', '--relative', commit.id, '--']));
  if (commit && names === undefined) throw refusal(`git does not say what differs from ${nameOf(commit)}`, 'Check the repository with `git fsck`.');
  const paths = (names ?? '').split('\0').filter((path) => path !== '');
  const own = (path: string): boolean => path === ATLANTIS_FILE || path.startsWith(`${PROJECTS_FOLDER}/`);
  return {
    own: paths.some(own),
    generator: paths.some((path) => !own(path) && (GENERATOR.test(path) || path === 'package-lock.json')),
    declared: paths.some((path) => path.startsWith(`${fleet}/`)),
  };
}

function said(io: Io, line: string): number {
  say(io, line);
  return EXIT.done;
}

function failed({ stderr }: Io, message: string, next: string): number {
  stderr.write(`error: ${message}\n  next: ${next}\n`);
  return EXIT.refused;
}
