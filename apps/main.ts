import { explained } from '../errors/user-error';
import { runSynth } from './synth';

/**
 * The cdk8s app, as `cdk8s.yaml` names it: `npx cdk8s synth` empties the output folder, names it in `CDK8S_OUTDIR` and runs
 * this; `STOCKADE_FLEET` names another fleet than `fleet/`. The tree is the one that `npm run synth` makes.
 */
runSynth({ fleet: process.env['STOCKADE_FLEET'] ?? 'fleet', out: process.env['CDK8S_OUTDIR'] ?? 'dist', format: 'plain' }, process).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    const { text, code } = explained(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = code;
  },
);
