import { Command, Option } from 'commander';
import { runSynth, type SynthOptions } from '../synth';

/** `npm run synth`: the fleet's manifests, from YAML to files. */
const program = new Command('synth')
  .description('Validate the fleet and render its manifests, one folder per cluster and node.')
  .option('--fleet <folder>', 'where the fleet is declared', 'fleet')
  .option('--out <folder>', 'where to write; a full run replaces it', process.env['CDK8S_OUTDIR'] ?? 'dist')
  .option('--cluster <name...>', 'only these clusters')
  .option('--network <name...>', 'only nodes of these networks')
  .option('--node <name...>', 'only these nodes, by name or cluster/name')
  .addOption(new Option('--format <format>', 'plain manifests, or a Helm chart per cluster and namespace').choices(['plain', 'helm']).default('plain'))
  .option('--json', 'print the summary, or the problems, as JSON')
  .allowExcessArguments(false);

program.parse();
runSynth(program.opts<SynthOptions>(), process).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${String(error instanceof Error ? (error.stack ?? error.message) : error)}\n`);
    process.exitCode = 70;
  },
);
