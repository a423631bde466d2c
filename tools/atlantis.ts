import { Command } from 'commander';
import { EXIT, explained } from '../errors/user-error';
import { InfraError } from '../infra/error';
import type { Asked } from '../infra/atlantis/projects';
import { withTerraform } from '../infra/terraform-packages';
import type * as files from './atlantis-files';

/**
 * `npm run atlantis`: writes `atlantis.yaml` and `infra/projects/`, which are committed. It drops no project that still has something to destroy,
 * whether the working tree or a merged revision lists it.
 */
const program = new Command('atlantis').description('Write atlantis.yaml and infra/projects/ from the fleet.').allowExcessArguments(false);

program
  .command('write', { isDefault: true })
  .option('--root <folder>', 'of the repository that holds the fleet and these files', '.')
  .option('--check', 'write nothing; fail where what is committed is not current')
  .option('--base <revision>', 'what was merged: its projects may not be dropped either; default: origin/main, else main, where there is one')
  .action((options: files.WriteOptions) => exit(({ write }) => write(options)));

program
  .command('known')
  .description('Whether the fleet comes to a project: asked by each step of Atlantis before it does anything, of the copy that is trusted.')
  .requiredOption('--root <folder>', 'of the repository that holds the fleet')
  .requiredOption('--workflow <name>', 'that the step is of')
  .requiredOption('--name <name>', 'as Atlantis says')
  .requiredOption('--dir <folder>', 'as Atlantis says')
  .requiredOption('--workspace <name>', 'as Atlantis says')
  .action(({ root, ...asked }: Asked & { readonly root: string }) => exit(({ known }) => known(root, asked)));

/** Stacks say what there is to plan, so even a list of them takes CDKTF. */
async function exit(run: (of: typeof files) => number | Promise<number>): Promise<void> {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    process.exitCode = await run(withTerraform(() => require('./atlantis-files') as typeof files));
  } catch (error) {
    const { text, code } = error instanceof InfraError ? { text: error.message, code: EXIT.refused } : explained(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = code;
  }
}

void program.parseAsync();
