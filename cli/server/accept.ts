import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { wrongInLock, wrongInRendered } from '../../infra/atlantis/accept';
import { printable } from '../../naming/printable';

/** Run by Atlantis from its own copy of this repository, on what a pull request's code rendered or declares. */
const program = new Command('accept').description("Refuse what a pull request's own code must not hand to a step that holds credentials.");

program
  .command('rendered <folder>')
  .option('--buckets <name...>', 'that may hold the state of Terraform')
  .option('--projects <name...>', "Google's, that clusters may be in")
  .action((folder: string, bounds: { buckets?: string[]; projects?: string[] }) => answer(wrongInRendered(folder, bounds)));

program
  .command('lock <file>')
  .requiredOption('--registry <url>', 'the one registry')
  .action((file: string, { registry }: { registry: string }) => answer(wrongInLock(readFileSync(file, 'utf8'), registry)));

/** Of what is wrong: more is nobody's to read. */
const MOST = 50;

function answer(wrong: readonly string[]): void {
  for (const text of wrong.slice(0, MOST)) process.stderr.write(`error: ${printable(text)}\n`);
  if (wrong.length > MOST) process.stderr.write(`error: and ${wrong.length - MOST} more\n`);
  if (wrong.length === 0) return;
  process.stderr.write('  next: Nothing of this pull request reaches a step with credentials. If it is meant, change infra/atlantis/accept.ts in a pull request of its own first.\n');
  process.exitCode = 1;
}

program.parse();
