import { Command } from 'commander';
import { watched } from '../../infra/atlantis/watch';

/** Run by the sandbox, around what it runs. */
const program = new Command('watch')
  .description('Run a command within bounds on its time, its processes and its memory.')
  .requiredOption('--seconds <n>', 'that it may take', Number)
  .requiredOption('--tasks <n>', 'processes and threads that it may have', Number)
  .requiredOption('--bytes <n>', 'of memory that it may have', Number)
  .argument('<command...>')
  .passThroughOptions()
  .parse();

const { seconds, tasks, bytes } = program.opts<{ seconds: number; tasks: number; bytes: number }>();
watched(program.args as [string, ...string[]], { seconds, tasks, bytes }, (line) => process.stderr.write(`${line}\n`)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  },
);
