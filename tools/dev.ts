import { spawn, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { Command } from 'commander';

/** `npm run dev`: renders again after every change of the fleet or of code, and checks types beside it, until Ctrl-C. */
const program = new Command('dev')
  .description('Render again after every change of the fleet or of code, and check types beside it. Ctrl-C ends it.')
  .option('--fleet <folder>', 'where the fleet is declared', 'fleet')
  .option('--out <folder>', 'where to write manifests', 'dist')
  .option('--terraform-out <folder>', 'where to write Terraform', 'cdktf.out')
  .option('--no-terraform', 'render manifests alone')
  .option('--no-types', 'do not check types')
  .allowExcessArguments(false)
  .parse();
const { fleet, out, terraformOut, terraform, types } = program.opts<{ fleet: string; out: string; terraformOut: string; terraform: boolean; types: boolean }>();

const ROOT = join(__dirname, '..');
const bin = (path: string): string => join(ROOT, 'node_modules', path);

const watchers: ChildProcess[] = [
  start(bin('tsx/dist/cli.mjs'), [
    'watch', '--clear-screen=false', '--include', join(resolve(fleet), '**', '*'),
    join(ROOT, 'tools', 'synth.ts'), '--fleet', fleet, '--out', out, ...(terraform ? ['--terraform-out', terraformOut] : ['--no-terraform']),
  ]),
  ...(types ? [start(bin('typescript/bin/tsc'), ['-p', ROOT, '--watch', '--preserveWatchOutput', '--incremental', '--tsBuildInfoFile', join(ROOT, '.cache', 'types.tsbuildinfo')])] : []),
];

// Where one of them ends, by itself or by Ctrl-C, the other one ends too.
for (const watcher of watchers) watcher.once('close', end);
process.once('SIGINT', end).once('SIGTERM', end);

function end(): void {
  for (const watcher of watchers) watcher.kill('SIGTERM');
}

function start(script: string, args: readonly string[]): ChildProcess {
  // Enter renders again: tsx listens to its input.
  return spawn(process.execPath, [script, ...args], { stdio: ['inherit', 'inherit', 'inherit'] });
}
