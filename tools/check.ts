import { spawn } from 'node:child_process';
import { join } from 'node:path';

/**
 * `npm run check`: what a change wants after every few lines. Types, lint and format look again at what changed alone (their caches are in `.cache/`),
 * and those tests run that import a file which differs from the last commit. It sees less than `npm test`: a test that starts a program, and
 * what a changed type means to the lint of another file.
 */
const CHECKS: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  types: ['typescript/bin/tsc', '-p', '.', '--incremental', '--tsBuildInfoFile', '.cache/types.tsbuildinfo'],
  lint: ['eslint/bin/eslint.js', '--cache', '--cache-strategy', 'content', '--cache-location', '.cache/lint', '.'],
  format: ['eslint/bin/eslint.js', '--config', 'format.config.mjs', '--cache', '--cache-strategy', 'content', '--cache-location', '.cache/format', '.'],
  tests: ['vitest/vitest.mjs', 'run', '--changed', '--passWithNoTests'],
};

const ROOT = join(__dirname, '..');

async function main(): Promise<void> {
  const failed: string[] = [];
  for (const [name, [program, ...args]] of Object.entries(CHECKS)) {
    const started = performance.now();
    const passed = (await run(join(ROOT, 'node_modules', program), args)) === 0;
    if (!passed) failed.push(name);
    process.stdout.write(`${name}: ${passed ? 'passed' : 'FAILED'} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  }
  process.stdout.write(failed.length === 0 ? 'Nothing found. Before you commit: npm test.\n' : `Found something: ${failed.join(', ')}.\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    spawn(process.execPath, [program, ...args], { cwd: ROOT, stdio: 'inherit' }).once('error', reject).once('close', (code) => resolve(code ?? 1));
  });
}

void main();
