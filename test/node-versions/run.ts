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
 * same; and fast tests on both.
 */
const program = new Command('test:node-versions')
  .description('Render the example fleet on the oldest and the newest Node.js that is supported, compare, and run fast tests on both.')
  .option('--all', 'run every fast test, those that start processes too')
  .allowExcessArguments(false)
  .parse();

const ROOT = resolve(__dirname, '../..');
const versions = pinned();
const programs = installVersions();
const folder = mkdtempSync(join(tmpdir(), 'stockade-node-versions-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

for (const name of VERSIONS) run(name, '--require', 'tsx/cjs', 'tools/synth.ts', '--out', join(folder, name, 'dist'), '--terraform-out', join(folder, name, 'cdktf.out'));
const different = differences(join(folder, 'oldest'), join(folder, 'image'));
if (different.length > 0) fail(`rendered otherwise by Node.js ${versions.image} than by ${versions.oldest}:\n${different.join('\n')}`);
process.stdout.write(`Node.js ${versions.oldest} and ${versions.image} render the same, byte for byte.\n`);

const files = program.opts<{ all?: true }>().all ? [] : withoutProcesses(sources(ROOT, [...ROOMS, 'test']));
for (const name of VERSIONS) {
  process.stdout.write(`Node.js ${versions[name]}: ${files.length || 'all'} files of fast tests\n`);
  run(name, 'node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', ...files);
}

/** What is started from there is this version, too. */
function run(name: VersionName, ...args: string[]): void {
  const { status, signal } = spawnSync(programs[name], args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, PATH: `${dirname(programs[name])}${delimiter}${process.env['PATH']}` } });
  if (status !== 0) fail(`Node.js ${versions[name]}: ${args.find((arg) => /\.(ts|mjs)$/.test(arg))} ended with ${status ?? signal}`);
}

function fail(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(1);
}
