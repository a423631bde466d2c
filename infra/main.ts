import { InfraError, loadStacks, stackWarnings, synthStacks } from './synth';

/** The CDKTF app, as `cdktf.json` names it. The CLI names the output folder in `CDKTF_OUTDIR`. */
try {
  const context = loadStacks('fleet');
  synthStacks(context, process.env['CDKTF_OUTDIR'] ?? 'cdktf.out');
  for (const warning of stackWarnings(context, 'fleet')) process.stderr.write(`${warning}\n`);
} catch (error) {
  if (!(error instanceof InfraError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
