/** `npm run golden`: renders the golden fleet and the golden stacks anew into the trees that tests compare with, and says what that changed. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runSynth } from '../apps/synth';
import { GOLDEN_STACKS, goldenStacks, type GoldenCloud } from '../test/golden/stacks';
import { GOLDEN, readTree, treeDifferences, type Tree } from '../test/golden/trees';
import { exampleStacks } from '../test/infra/stacks';

const tree = (folder: string = GOLDEN.dist): Tree => (existsSync(folder) ? readTree(folder) : new Map());

async function rewrite(): Promise<number> {
  const before = tree();
  const exitCode = await runSynth({ fleet: GOLDEN.fleet, out: GOLDEN.dist, format: 'plain' }, { stdout: { write: () => true }, stderr: process.stderr });
  if (exitCode !== 0) return exitCode;
  const differences = treeDifferences(before, tree());
  process.stdout.write([...differences, `${differences.length} files of ${relative(process.cwd(), GOLDEN.dist)} changed. Read the difference before you commit it.`, ''].join('\n'));
  for (const cloud of Object.keys(GOLDEN_STACKS) as GoldenCloud[]) rewriteStacks(cloud);
  return 0;
}

function rewriteStacks(cloud: GoldenCloud): void {
  const { folder } = GOLDEN_STACKS[cloud];
  const [before, after] = [tree(folder), goldenStacks(cloud, exampleStacks().files)];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of after) writeFileSync(join(folder, path), text);
  const differences = treeDifferences(before, after);
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
