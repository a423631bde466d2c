import { type Command, InvalidArgumentError } from 'commander';
import { EXIT } from '../../errors/user-error';
import { Shown, type ShownOptions } from '../../infra/atlantis/shown';
import { command } from '../io';

/** What a pull request's code, or Terraform, prints passes through it. */
export const shown = command<ShownOptions>({
  define: (one: Command) => one.option('--terraform', "it is Terraform's: the sentence that nothing changes is the caller's to say").option('--limit <bytes>', 'that are let through', bytesOf, 2 ** 20),
  body: async (options, { stdin, stdout }) => {
    const through = new Shown(options);
    if (stdin) for await (const chunk of stdin) stdout.write(through.write(Buffer.from(chunk)));
    stdout.write(through.end());
    return EXIT.done;
  },
});

function bytesOf(value: string): number {
  const bytes = Number(value);
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw new InvalidArgumentError('give whole bytes.');
  return bytes;
}
