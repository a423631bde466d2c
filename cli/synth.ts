import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Option } from 'commander';
import { runSynth, type SynthOptions } from '../apps/synth';
import { catalogue } from '../chains';
import { EXIT, UserError } from '../errors/user-error';
import type * as infra from '../infra/synth';
import { withTerraform } from '../infra/terraform-packages';
import { checkFleetFolder } from '../model/check-folder';
import type { LoadedFleet } from '../model/load';
import { command, fleetOption, type Io, say } from './io';

type Options = SynthOptions & { readonly terraform: boolean; readonly terraformOut: string };

/**
 * `npm run synth`: from YAML to files. Manifests go to `dist/`, Terraform to `cdktf.out/`; the two apps know nothing of each other, and
 * `npx cdk8s synth` and `npx cdktf synth` run one of them each.
 */
export const synth = command<Options>({
  define: (one, { env }) =>
    one
      .option(...fleetOption)
      .option('--out <folder>', 'where to write manifests; a full run replaces it', env['CDK8S_OUTDIR'] ?? 'dist')
      .option('--terraform-out <folder>', 'where to write Terraform; replaced as a whole', env['CDKTF_OUTDIR'] ?? 'cdktf.out')
      .option('--cluster <name...>', 'only the manifests of these clusters')
      .option('--network <name...>', 'only the manifests of nodes of these networks')
      .option('--node <name...>', 'only the manifests of these nodes, by name or cluster/name')
      .addOption(new Option('--format <format>', 'plain manifests, or a Helm chart per cluster and namespace').choices(['plain', 'helm']).default('plain'))
      .option('--json', 'print the summary, or the problems, as JSON')
      .option('--no-terraform', 'render manifests alone'),
  body,
});

async function body({ terraform, terraformOut, ...options }: Options, io: Io): Promise<number> {
  const whole = !options.cluster && !options.network && !options.node;
  if (!terraform || !whole) return runSynth(options, io);
  const told = (text: string): void => (options.json ? undefined : say(io, text));
  if (!existsSync(join(options.fleet, 'infrastructure.yaml'))) {
    const exitCode = await runSynth(options, io);
    if (exitCode === EXIT.done) told(`${options.fleet}/infrastructure.yaml is not there: no Terraform was rendered`);
    return exitCode;
  }
  let stacks: typeof infra;
  try {
    // Loaded only here, so that a filtered run stays quick; and before anything is written, since it may not be there.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    stacks = withTerraform(() => require('../infra/synth') as typeof infra);
    stacks.checkTerraformOut(terraformOut);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const refused = new UserError(error.failures.map(({ next, ...failure }) => ({ ...failure, next: `${next}, or render manifests alone: npm run synth -- --no-terraform` })));
    if (!options.json) throw refused;
    say(io, JSON.stringify({ ok: false, problems: [{ level: 'error', message: refused.message }] }, null, 2));
    return EXIT.refused;
  }
  // Read once, for both.
  let loaded: LoadedFleet | undefined;
  const load = (): LoadedFleet => (loaded ??= checkFleetFolder(options.fleet, catalogue));
  const exitCode = await runSynth(options, io, load);
  const { fleet } = load();
  if (exitCode !== EXIT.done || fleet === undefined) return exitCode;
  const context = stacks.stackContext(fleet, options.fleet);
  const count = stacks.synthStacks(context, terraformOut);
  if (!options.json) for (const warning of stacks.stackWarnings(context, options.fleet)) io.stderr.write(`${warning}\n`);
  told(`${count} Terraform stacks in ${terraformOut}/stacks`);
  return EXIT.done;
}
