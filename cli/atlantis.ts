import { withTerraform } from '../infra/terraform-packages';
import type * as bodies from './atlantis-files';
import type { KnownOptions, WriteOptions } from './atlantis-files';
import { command, fleetOption } from './io';

/** The pull-request path reads the fleet in the repository that it judges. */
const fleetInRoot = ['--fleet <folder>', 'where the fleet is declared, from the root', fleetOption[2]] as const;

/**
 * `npm run atlantis`: writes `atlantis.yaml` and `infra/projects/`, which are committed. It drops no project that still has something to destroy,
 * whether the working tree or a merged revision lists it.
 */
export const write = command<WriteOptions>({
  define: (one) =>
    one
      .option('--root <folder>', 'of the repository that holds the fleet and these files', '.')
      .option(...fleetInRoot)
      .option('--check', 'write nothing; fail where what is committed is not current')
      .option('--base <revision>', 'what was merged: its projects may not be dropped either; default: origin/main, else main, where there is one'),
  body: (options, io) => files().write(options, io),
});

export const known = command<KnownOptions>({
  define: (one) =>
    one
      .requiredOption('--root <folder>', 'of the repository that holds the fleet')
      .option(...fleetInRoot)
      .requiredOption('--workflow <name>', 'that the step is of')
      .requiredOption('--name <name>', 'as Atlantis says')
      .requiredOption('--dir <folder>', 'as Atlantis says')
      .requiredOption('--workspace <name>', 'as Atlantis says'),
  body: (options, io) => files().known(options, io),
});

/** Stacks say what there is to plan, so even a list of them takes CDKTF. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const files = (): typeof bodies => withTerraform(() => require('./atlantis-files') as typeof bodies);
