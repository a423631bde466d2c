import { explained } from '../errors/user-error';
import type * as synth from './synth';
import { withTerraform } from './terraform-packages';

/** The CDKTF app, as `cdktf.json` names it. The CLI names the output folder in `CDKTF_OUTDIR`; `STOCKADE_FLEET` names another fleet than `fleet/`. */
const fleet = process.env['STOCKADE_FLEET'] ?? 'fleet';
try {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { loadStacks, stackWarnings, synthStacks } = withTerraform(() => require('./synth') as typeof synth);
  const context = loadStacks(fleet);
  synthStacks(context, process.env['CDKTF_OUTDIR'] ?? 'cdktf.out');
  for (const warning of stackWarnings(context, fleet)) process.stderr.write(`${warning}\n`);
} catch (error) {
  const { text, code } = explained(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = code;
}
