/** `npm run golden`: renders the golden fleet, and one cluster's Terraform for each cloud, anew into the trees that tests compare with, and says what that changed. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { runSynth } from '../../apps/synth';
import { GOLDEN, GOLDEN_STACKS, goldenStacks, readTree, treeDifferences, type Tree } from './trees';
import { exampleStacks } from '../infra/stacks';

const tree = (folder: string): Tree => (existsSync(folder) ? readTree(folder) : new Map());

async function rewrite(): Promise<number> {
  const before = tree(GOLDEN.dist);
  const exitCode = await runSynth({ fleet: GOLDEN.fleet, out: GOLDEN.dist, format: 'plain' }, { stdout: { write: () => true }, stderr: process.stderr });
  if (exitCode !== 0) return exitCode;
  say(GOLDEN.dist, before);
  const stacksBefore = tree(GOLDEN_STACKS.folder);
  const { files, stacks } = exampleStacks();
  rmSync(GOLDEN_STACKS.folder, { recursive: true, force: true });
  for (const [path, text] of goldenStacks(files, stacks)) {
    mkdirSync(dirname(join(GOLDEN_STACKS.folder, path)), { recursive: true });
    writeFileSync(join(GOLDEN_STACKS.folder, path), text);
  }
  say(GOLDEN_STACKS.folder, stacksBefore);
  return 0;
}

function say(folder: string, before: Tree): void {
  const differences = treeDifferences(before, tree(folder));
  process.stdout.write([...differences, `${differences.length} files of ${relative(process.cwd(), folder)} changed. Read the difference before you commit it.`, ''].join('\n'));
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
