import { watched } from '../../infra/atlantis/watch';
import { command } from '../io';

/** Run by the sandbox, around what it runs. */
export const watch = command<{ readonly seconds: number; readonly tasks: number; readonly bytes: number }, [words: [string, ...string[]]]>({
  define: (one) =>
    one
      .requiredOption('--seconds <n>', 'that it may take', Number)
      .requiredOption('--tasks <n>', 'processes and threads that it may have', Number)
      .requiredOption('--bytes <n>', 'of memory that it may have', Number)
      .argument('<command...>')
      .passThroughOptions(),
  body: (bounds, { stderr }, words) => watched(words, bounds, (line) => void stderr.write(`${line}\n`)),
});
