import { readFileSync } from 'node:fs';
import { EXIT } from '../../errors/user-error';
import { wrongInLock, wrongInRendered } from '../../infra/atlantis/accept';
import { printable } from '../../naming/printable';
import { command, type Io } from '../io';

/* Run from what is merged, on what a pull request's code rendered or declares. */

export const rendered = command<{ readonly buckets?: string[]; readonly projects?: string[] }, [folder: string]>({
  define: (one) => one.argument('<folder>').option('--buckets <name...>', 'that may hold the state of Terraform').option('--projects <name...>', "Google's, that clusters may be in"),
  body: (bounds, io, folder) => answer(io, wrongInRendered(folder, bounds)),
});

export const lock = command<{ readonly registry: string }, [file: string]>({
  define: (one) => one.argument('<file>').requiredOption('--registry <url>', 'the one registry'),
  body: ({ registry }, io, file) => answer(io, wrongInLock(readFileSync(file, 'utf8'), registry)),
});

/** Of what is wrong: more is nobody's to read. */
const MOST = 50;

function answer({ stderr }: Io, wrong: readonly string[]): number {
  for (const text of wrong.slice(0, MOST)) stderr.write(`error: ${printable(text)}\n`);
  if (wrong.length > MOST) stderr.write(`error: and ${wrong.length - MOST} more\n`);
  if (wrong.length === 0) return EXIT.done;
  stderr.write('  next: Nothing of this pull request reaches a step with credentials. If it is meant, change infra/atlantis/accept.ts in a pull request of its own first.\n');
  return EXIT.refused;
}
