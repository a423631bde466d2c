#!/usr/bin/env node
/**
 * `stockade`: in the repository the sources, by tsx's hook; in the package what was built of them. Plain JavaScript, because nothing may be installed yet.
 * Required by a program, it offers `run` and runs nothing.
 */
const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const sources = existsSync(join(__dirname, 'stockade.ts'));
if (sources) {
  if (!existsSync(join(__dirname, '..', 'node_modules', 'tsx'))) {
    const { status } = spawnSync(process.execPath, [join(__dirname, '..', 'tools', 'ensure-installed.cjs')], { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }
  // Of this repository, not of the folder that somebody stands in; nor is it handed on.
  const { TSX_TSCONFIG_PATH: before } = process.env;
  process.env.TSX_TSCONFIG_PATH = join(__dirname, '..', 'tsconfig.json');
  require('tsx/cjs');
  if (before === undefined) delete process.env.TSX_TSCONFIG_PATH;
  else process.env.TSX_TSCONFIG_PATH = before;
}
const { run } = require(sources ? './stockade.ts' : '../lib/cli/stockade.js');
module.exports = { run };

if (require.main === module) {
  const { stdout, stderr, stdin, env } = process;
  // Whoever read may be gone (`| head`, a closed terminal): that ends no act half-way, such as one that has a node to arm again. What is lost otherwise was not done.
  let lost;
  for (const stream of [stdout, stderr]) stream.on('error', (error) => (lost ??= error.code === 'EPIPE' ? undefined : error));
  process.once('exit', (code) => {
    if (lost === undefined || code !== 0) return;
    process.exitCode = 1;
    stderr.write(`error: what the command said can not be written (${lost.code})\n  next: Make room where its output goes, and run it again.\n`);
  });
  void run(process.argv.slice(2), { stdout, stderr, stdin, env, cwd: process.cwd() }).then((code) => {
    process.exitCode = code;
  });
}
