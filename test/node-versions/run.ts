import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { sources } from '../layout/imports';
import { ROOMS } from '../rooms';
import { differences, installVersions, pinned, VERSIONS, withoutProcesses, type VersionName } from './versions';

/**
 * `npm run test:node-versions`: the example fleet rendered by the oldest Node.js that `engines` allows and by the one that images run, byte for byte the
 * same; then the fast tests that start no process, on the version whose major `npm test` does not run here. With `--all`, every fast test on both.
 */
const program = new Command('test:node-versions')
  .description('Render the example fleet on the oldest and the newest Node.js that is supported, compare, and run fast tests on the other one than here.')
  .option('--all', 'run every fast test, those that start processes too, on both')
  .allowExcessArguments(false)
  .parse();

const ROOT = resolve(__dirname, '../..');
const versions = pinned();
const programs = installVersions();
const folder = mkdtempSync(join(tmpdir(), 'stockade-node-versions-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

for (const name of VERSIONS) run(name, 'pipe', '--require', 'tsx/cjs', 'tools/synth.ts', '--out', join(folder, name, 'dist'), '--terraform-out', join(folder, name, 'cdktf.out'));
const different = differences(join(folder, 'oldest'), join(folder, 'image'));
if (different.length > 0) fail(`rendered otherwise by Node.js ${versions.image} than by ${versions.oldest}:\n${different.join('\n')}`);
process.stdout.write(`Node.js ${versions.oldest} and ${versions.image} render the same, byte for byte.\n`);

const { all } = program.opts<{ all?: true }>();
const major = (version: string): string => version.split('.')[0]!;
const files = all ? [] : withoutProcesses(sources(ROOT, [...ROOMS, 'test']));
for (const name of VERSIONS.filter((one) => all || major(versions[one]) !== major(process.versions.node))) {
  process.stdout.write(`Node.js ${versions[name]}: ${files.length || 'all'} files of fast tests\n`);
  run(name, 'inherit', 'node_modules/vitest/vitest.mjs', 'run', '--silent=passed-only', ...files);
}

/** What is started from there is this version, too. */
function run(name: VersionName, output: 'inherit' | 'pipe', ...args: string[]): void {
  const env = { ...process.env, PATH: `${dirname(programs[name])}${delimiter}${process.env['PATH']}` };
  const { status, signal, stderr } = spawnSync(programs[name], args, { cwd: ROOT, stdio: ['ignore', output, output], encoding: 'utf8', env, maxBuffer: 2 ** 28 });
  if (status !== 0) fail(`Node.js ${versions[name]}: ${args.find((arg) => /\.(ts|mjs)$/.test(arg))} ended with ${status ?? signal}\n${stderr ?? ''}`);
}

function fail(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}
