import { run } from '../cli/stockade';

/**
 * The path by which Atlantis' server renders a pull request, inside its checkout (`infra/atlantis/server/bin/render`): servers of earlier images go on calling it. The command
 * is `cli/synth.ts`.
 */
const { stdout, stderr, env } = process;
void run(['synth', ...process.argv.slice(2)], { stdout, stderr, env, cwd: process.cwd() }).then((code) => {
  process.exitCode = code;
});
