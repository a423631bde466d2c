import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { EXIT, explained, refusal } from '../errors/user-error';
import { fileAtBase, git, nameOf, resolveCommit } from '../workspace/base-revision';
import { ATLANTIS_FILE, atlantisFiles, differences, listedProjects, lostProjects, writeAtlantis, type Lost } from '../infra/atlantis/generate';
import { projectsOf, PROJECTS_FOLDER, whyUnknown, type Asked } from '../infra/atlantis/projects';
import { InfraError, loadStacks } from '../infra/synth';
import { printable } from '../naming/printable';

/**
 * `npm run atlantis`: writes `atlantis.yaml` and `infra/projects/`, which are committed. It drops no project that still has something to destroy,
 * whether the working tree or a merged revision lists it.
 */
const program = new Command('atlantis').description('Write atlantis.yaml and infra/projects/ from the fleet.').allowExcessArguments(false);

interface Options {
  readonly root: string;
  readonly check?: true;
  readonly base?: string;
}

program
  .command('write', { isDefault: true })
  .option('--root <folder>', 'of the repository that holds the fleet and these files', '.')
  .option('--check', 'write nothing; fail where what is committed is not current')
  .option('--base <revision>', 'what was merged: its projects may not be dropped either; default: origin/main, else main, where there is one')
  .action((options: Options) => exit(write(options)));

program
  .command('known')
  .description('Whether the fleet comes to a project: asked by each step of Atlantis before it does anything, of the copy that is trusted.')
  .requiredOption('--root <folder>', 'of the repository that holds the fleet')
  .requiredOption('--workflow <name>', 'that the step is of')
  .requiredOption('--name <name>', 'as Atlantis says')
  .requiredOption('--dir <folder>', 'as Atlantis says')
  .requiredOption('--workspace <name>', 'as Atlantis says')
  .action(({ root, ...asked }: Asked & { readonly root: string }) => exit(Promise.resolve().then(() => known(root, asked))));

function known(root: string, asked: Asked): number {
  const why = whyUnknown(projectsOf(loadStacks(join(root, 'fleet'))), asked);
  return why === undefined ? 0 : failed(why, `Run npm run atlantis and commit what it writes; then name a project of ${ATLANTIS_FILE}.`);
}

async function write({ root, check, base }: Options): Promise<number> {
  const context = loadStacks(join(root, 'fleet'));
  const files = atlantisFiles(context);
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
  if (lost.size > 0) return [...lost.values()].map(({ message, next }) => failed(message, next))[0]!;
  if (!check) {
    const changed = writeAtlantis(root, files);
    return said(changed.length === 0 ? `${ATLANTIS_FILE} was current: ${files.size - 1} projects.` : `Wrote ${changed.map(printable).join(', ')}`);
  }
  const stale = differences(root, files);
  if (stale.length === 0) return said(`${ATLANTIS_FILE} is current: ${files.size - 1} projects.`);
  const { generator, fleet, own } = await changes(root, base);
  if (generator && !fleet && !own) return said(`${ATLANTIS_FILE} is as merged, and this change is of what generates it: merge it, build Atlantis' image anew, then run npm run atlantis and commit what it writes, in a change of its own.`);
  return failed(
    `not what the fleet comes to: ${stale.map(printable).join(', ')}`,
    generator
      ? `This change is of what generates them, too. Leave ${ATLANTIS_FILE}, ${PROJECTS_FOLDER}/ and the fleet as merged; once it is merged and Atlantis' image is built anew, run npm run atlantis in a change of its own.`
      : "Run npm run atlantis and commit what it writes. Where Atlantis says this and npm run atlantis changes nothing, its image is older than what is merged: build it anew.",
  );
}

/** What a change touches: the code that generates, what the fleet declares, or what is generated. Untracked files count as nothing yet. */
async function changes(root: string, base: string | undefined): Promise<{ generator: boolean; fleet: boolean; own: boolean }> {
  const commit = await resolveCommit(root, base);
  const names = commit && (await git(root, ['diff', '--name-only', '--no-renames', '--no-ext-diff', '-z', '--relative', commit.id, '--']));
  if (commit && names === undefined) throw refusal(`git does not say what differs from ${nameOf(commit)}`, 'Check the repository with `git fsck`.');
  const paths = (names ?? '').split('\0').filter((path) => path !== '');
  const own = (path: string): boolean => path === ATLANTIS_FILE || path.startsWith(`${PROJECTS_FOLDER}/`);
  return {
    own: paths.some(own),
    generator: paths.some((path) => !own(path) && (/^(infra|naming|constructs\/chains|fleet|tools)\/.*\.ts$/.test(path) || path === 'package-lock.json')),
    fleet: paths.some((path) => path.startsWith('fleet/') && !path.endsWith('.ts')),
  };
}

function said(line: string): number {
  process.stdout.write(`${line}\n`);
  return 0;
}

function failed(message: string, next: string): number {
  process.stderr.write(`error: ${message}\n  next: ${next}\n`);
  return 1;
}

async function exit(done: Promise<number>): Promise<void> {
  process.exitCode = await done.catch((error: unknown) => {
    const { text, code } = error instanceof InfraError ? { text: error.message, code: EXIT.refused } : explained(error);
    process.stderr.write(`${text}\n`);
    return code;
  });
}

program.parseAsync().catch((error: unknown) => void exit(Promise.reject(error as Error)));
