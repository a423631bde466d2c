import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import type { Plan } from '../../apps/plan/model';
import { generateFleet } from './generate-fleet';
import { ROOMS } from '../rooms';

/** `npm run bench:plan`: a plan between two committed revisions of a generated fleet, as a user waits for it, rendering both included. */
const program = new Command('bench:plan')
  .option('--nodes <count>', 'nodes of the fleet', Number, 1000)
  .option('--runs <count>', 'how often', Number, 3)
  .option('--enforce', 'exit with 1 where the limit is not met')
  .allowExcessArguments(false)
  .parse();
const { nodes, runs, enforce } = program.opts<{ nodes: number; runs: number; enforce?: true }>();

const ROOT = resolve(__dirname, '../..');
const LIMIT_SECONDS = 15;
const LIMIT_NODES = 1000;

const folder = mkdtempSync(join(tmpdir(), 'stockade-bench-plan-'));
try {
  const git = (...args: string[]): string => execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com', ...args], { cwd: folder, encoding: 'utf8' });
  for (const part of [...ROOMS, 'rooms.json', 'package.json', 'package-lock.json', 'tsconfig.json']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  mkdirSync(join(folder, 'fleet'));
  cpSync(join(ROOT, 'fleet'), join(folder, 'fleet'), { recursive: true, filter: (path) => !/\.(yaml|lock)$/.test(path) });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  writeFileSync(join(folder, '.gitignore'), 'node_modules\n');
  const fleet = generateFleet(join(folder, 'fleet'), nodes);
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'base');
  for (const network of ['ethereum-mainnet', 'ethereum-hoodi']) {
    const file = join(folder, 'fleet/networks', `${network}.yaml`);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('main: "v1.16.5"', 'main: "v1.16.7"'));
  }
  git('commit', '--quiet', '--all', '--message', 'release');

  const seconds: number[] = [];
  let plan: Plan | undefined;
  const load = loadavg()[0]!;
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', '--ignore-scripts', 'plan', '--', '--base', 'HEAD~1', '--head', 'HEAD', '--format', 'json'], { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 });
    if (status !== 0) throw new Error(`npm run plan ended with exit code ${status}: ${stderr}`);
    seconds.push((performance.now() - started) / 1000);
    plan = JSON.parse(stdout) as Plan;
  }
  const restarts = plan!.risks['restart when fired'];
  if (restarts === 0 || plan!.head.nodes !== nodes) throw new Error(`the plan saw ${plan!.head.nodes} of ${nodes} nodes, and ${restarts} restarts: nothing was measured`);
  const sorted = [...seconds].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  const judged = nodes === LIMIT_NODES;
  process.stdout.write(
    `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, Node ${process.version}, load ${load.toFixed(1)} before\n` +
    `plan between two revisions of ${fleet.nodes} nodes in ${fleet.clusters} clusters, ${restarts} of which change: ${seconds.map((value) => value.toFixed(1)).join(', ')} s, median ${median.toFixed(1)} s` +
    `${judged ? ` (limit ${LIMIT_SECONDS} s: ${median < LIMIT_SECONDS ? 'met' : 'NOT met'})` : ''}\n`,
  );
  if (enforce && judged && median >= LIMIT_SECONDS) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
