import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { catalogue } from '../chains';
import { checkFleetFolder } from '../model/check-folder';
import type { LoadedFleet } from '../model/load';
import type * as infra from '../infra/synth';
import { runSynth, type SynthOptions } from '../apps/synth';

/**
 * `npm run synth`: from YAML to files. Manifests go to `dist/`, Terraform to `cdktf.out/`; the two apps know nothing of each other, and
 * `npx cdk8s synth` and `npx cdktf synth` run one of them each.
 */
const program = new Command('synth')
  .description('Validate the fleet and render its manifests, one folder per cluster and node, and its Terraform, one folder per stack.')
  .option('--fleet <folder>', 'where the fleet is declared', 'fleet')
  .option('--out <folder>', 'where to write manifests; a full run replaces it', process.env['CDK8S_OUTDIR'] ?? 'dist')
  .option('--terraform-out <folder>', 'where to write Terraform; replaced as a whole', process.env['CDKTF_OUTDIR'] ?? 'cdktf.out')
  .option('--cluster <name...>', 'only the manifests of these clusters')
  .option('--network <name...>', 'only the manifests of nodes of these networks')
  .option('--node <name...>', 'only the manifests of these nodes, by name or cluster/name')
  .addOption(new Option('--format <format>', 'plain manifests, or a Helm chart per cluster and namespace').choices(['plain', 'helm']).default('plain'))
  .option('--json', 'print the summary, or the problems, as JSON')
  .option('--no-terraform', 'render manifests alone')
  .allowExcessArguments(false);

type Options = SynthOptions & { readonly terraform: boolean; readonly terraformOut: string };

async function run({ terraform, terraformOut, ...options }: Options): Promise<number> {
  const whole = !options.cluster && !options.network && !options.node;
  if (!terraform || !whole) return runSynth(options, process);
  // Loaded only here, so that a filtered run stays quick.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { InfraError, stackContext, stackWarnings, synthStacks } = require('../infra/synth') as typeof infra;
  // Read once, for both.
  let loaded: LoadedFleet | undefined;
  const load = (): LoadedFleet => (loaded ??= checkFleetFolder(options.fleet, catalogue));
  const exitCode = await runSynth(options, process, load);
  const { fleet } = load();
  if (exitCode !== 0 || fleet === undefined) return exitCode;
  try {
    const say = (text: string): void => void (options.json || process.stdout.write(`${text}\n`));
    if (!existsSync(join(options.fleet, 'infrastructure.yaml'))) {
      say(`${options.fleet}/infrastructure.yaml is not there: no Terraform was rendered`);
      return 0;
    }
    const context = stackContext(fleet, options.fleet);
    const stacks = synthStacks(context, terraformOut);
    if (!options.json) for (const warning of stackWarnings(context, options.fleet)) process.stderr.write(`${warning}\n`);
    say(`${stacks} Terraform stacks in ${terraformOut}/stacks`);
    return 0;
  } catch (error) {
    if (!(error instanceof InfraError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

program.parse();
run(program.opts<Options>()).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${String(error instanceof Error ? (error.stack ?? error.message) : error)}\n`);
    process.exitCode = 70;
  },
);
