import { InfraError, loadStacks, synthStacks } from './synth';

/** The CDKTF app, as `cdktf.json` names it. The CLI names the output folder in `CDKTF_OUTDIR`. */
try {
  synthStacks(loadStacks('fleet'), process.env['CDKTF_OUTDIR'] ?? 'cdktf.out');
} catch (error) {
  if (!(error instanceof InfraError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
