import { Command, InvalidArgumentError } from 'commander';
import { Shown, type ShownOptions } from '../../infra/atlantis/shown';

/** Run by Atlantis from its own copy of this repository: what a pull request's code, or Terraform, prints passes through it. */
const options = new Command('shown')
  .description('Copy standard input to standard output as it may be shown.')
  .option('--terraform', "it is Terraform's: the sentence that nothing changes is the caller's to say")
  .option('--limit <bytes>', 'that are let through', bytesOf, 2 ** 20)
  .parse()
  .opts<ShownOptions>();

function bytesOf(value: string): number {
  const bytes = Number(value);
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw new InvalidArgumentError('give whole bytes.');
  return bytes;
}

async function main(): Promise<void> {
  const shown = new Shown(options);
  for await (const chunk of process.stdin) process.stdout.write(shown.write(chunk as Buffer));
  process.stdout.write(shown.end());
}

main().catch((error: unknown) => {
  process.stderr.write(`error: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
