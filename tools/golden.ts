/** `npm run golden`: renders the golden fleet anew into the tree that tests compare with, and says what that changed. */
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { runSynth } from '../apps/synth';
import { GOLDEN, readTree, treeDifferences, type Tree } from '../test/golden/trees';

const tree = (): Tree => (existsSync(GOLDEN.dist) ? readTree(GOLDEN.dist) : new Map());

async function rewrite(): Promise<number> {
  const before = tree();
  const exitCode = await runSynth({ fleet: GOLDEN.fleet, out: GOLDEN.dist, format: 'plain' }, { stdout: { write: () => true }, stderr: process.stderr });
  if (exitCode !== 0) return exitCode;
  const differences = treeDifferences(before, tree());
  process.stdout.write([...differences, `${differences.length} files of ${relative(process.cwd(), GOLDEN.dist)} changed. Read the difference before you commit it.`, ''].join('\n'));
  return 0;
}

rewrite().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${String(error instanceof Error ? (error.stack ?? error.message) : error)}\n`);
    process.exitCode = 70;
  },
);
