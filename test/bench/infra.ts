import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { generateFleet } from './generate-fleet';
import type { InfraSample } from './infra-child';

/**
 * `npm run bench:infra`: what CDKTF costs, from a checked fleet to written stacks, for 6, 12 and 24 clusters, and what the type check
 * of the whole repository costs. Each run is a fresh process; loading modules is stated apart. docs/benchmarks.md has what it found.
 */
const LIMITS = { seconds: 3, memoryMB: 400, growth: 1.2, typeCheckSeconds: 20 } as const;
const JUDGED_CLUSTERS = 12;
/** The generator makes a pair of clusters for each so many nodes. */
const NODES_PER_CLUSTER = 200;
const REPOSITORY = join(__dirname, '..', '..');

const program = new Command('bench:infra')
  .description('Measure the synthesis of Terraform for generated fleets, and the type check of the repository.')
  .option('--runs <count>', 'runs of each size', Number, 5)
  .option('--json', 'print everything measured as JSON')
  .option('--enforce', 'end with exit code 1 when a limit is not met')
  .allowExcessArguments(false);

interface Size {
  readonly clusters: number;
  readonly runs: readonly InfraSample[];
  /** Medians. */
  readonly wallMs: number;
  readonly memoryMB: number;
}

program.parse();
main(program.opts<{ runs: number; json?: boolean; enforce?: boolean }>());

function main({ runs, json, enforce }: { readonly runs: number; readonly json?: boolean; readonly enforce?: boolean }): void {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const loadBefore = loadavg();
  const sizes = [6, 12, 24].map((clusters) => measure(clusters, runs, folder));
  const typeCheck = measureTypeCheck();
  const [small, judged, large] = sizes as [Size, Size, Size];
  const growth = large.wallMs / large.clusters / (judged.wallMs / judged.clusters);
  const verdicts = [
    verdict(`synthesis of ${JUDGED_CLUSTERS} clusters`, `within ${LIMITS.seconds} s`, `${(judged.wallMs / 1000).toFixed(2)} s`, judged.wallMs <= LIMITS.seconds * 1000),
    verdict('memory that it adds', `within ${LIMITS.memoryMB} MB`, `${judged.memoryMB.toFixed(0)} MB`, judged.memoryMB <= LIMITS.memoryMB),
    verdict('time per cluster at 24, against 12', `at most ${LIMITS.growth} times`, `${growth.toFixed(2)} times`, growth <= LIMITS.growth),
    verdict('type check of the repository', `under ${LIMITS.typeCheckSeconds} s`, `${typeCheck.seconds.toFixed(1)} s`, typeCheck.seconds < LIMITS.typeCheckSeconds),
  ];
  const report = { date: new Date().toISOString(), machine: `${cpus()[0]?.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, node ${process.version}, linux ${release()}`, loadBefore, loadAfter: loadavg(), sizes, typeCheck, verdicts };
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : format(report, small));
  process.exitCode = enforce && verdicts.some(({ met }) => !met) ? 1 : 0;
}

function measure(clusters: number, count: number, folder: string): Size {
  const fleet = join(folder, `fleet-${clusters}`);
  mkdirSync(fleet);
  const generated = generateFleet(fleet, clusters * NODES_PER_CLUSTER);
  if (generated.clusters !== clusters) throw new Error(`the generator made ${generated.clusters} clusters, ${clusters} were asked for`);
  writeFileSync(join(fleet, 'infrastructure.yaml'), sharedInfrastructure());
  const runs = Array.from({ length: count }, (_, run) => {
    process.stderr.write(`${clusters} clusters, run ${run + 1} of ${count}\n`);
    const task = JSON.stringify({ fleet, out: join(folder, `out-${clusters}-${run}`) });
    return JSON.parse(execFileSync(process.execPath, ['--require', require.resolve('tsx/cjs'), join(__dirname, 'infra-child.ts'), task], { cwd: REPOSITORY, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })) as InfraSample;
  });
  return { clusters, runs, wallMs: median(runs.map(({ synthMs }) => synthMs)), memoryMB: median(runs.map(({ addedMiB }) => addedMiB)) };
}

/** The example fleet's, in ranges that no generated cluster has, and with a NAT for as many machines as generated pools may have. */
function sharedInfrastructure(): string {
  return readFileSync(join(REPOSITORY, 'fleet', 'infrastructure.yaml'), 'utf8').replaceAll(/\b10\.(250|251)\.(\d+)\./g, (_, network: string, part: string) => `192.168.${Number(part) + (network === '251' ? 64 : 0)}.`).replace(/natAddresses: \d+/, 'natAddresses: 16').replace(/natPortsPerMachine: \d+/, 'natPortsPerMachine: 2048');
}

function measureTypeCheck(): { readonly seconds: number } {
  process.stderr.write('type check\n');
  const started = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], { cwd: REPOSITORY, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the type check failed:\n${stdout}`);
  return { seconds: (performance.now() - started) / 1000 };
}

interface Verdict {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  readonly met: boolean;
}

function verdict(what: string, limit: string, measured: string, met: boolean): Verdict {
  return { what, limit, measured, met };
}

function format(report: { readonly date: string; readonly machine: string; readonly loadBefore: number[]; readonly loadAfter: number[]; readonly sizes: readonly Size[]; readonly verdicts: readonly Verdict[] }, { runs }: Size): string {
  const load = (averages: readonly number[]): string => averages.map((average) => average.toFixed(1)).join(' ');
  const rows = report.sizes.map(({ clusters, runs: samples, wallMs, memoryMB }) =>
    [String(clusters).padStart(8), String(samples[0]?.stacks).padStart(8), `${wallMs.toFixed(0)} ms`.padStart(10), `${(wallMs / clusters).toFixed(0)} ms`.padStart(12), `${memoryMB.toFixed(0)} MB`.padStart(10)].join(''),
  );
  return [
    `${report.date}  ${report.machine}`,
    `load average ${load(report.loadBefore)} before, ${load(report.loadAfter)} after`,
    '',
    `From a checked fleet to written stacks; medians of ${runs.length} fresh processes. Not in these figures: loading modules (${median(runs.map(({ loadingMs }) => loadingMs)).toFixed(0)} ms) and reading the fleet.`,
    '',
    'clusters  stacks      wall per cluster    memory',
    ...rows,
    '',
    ...report.verdicts.map(({ what, limit, measured, met }) => `${what.padEnd(40)}${limit.padEnd(20)}${measured.padEnd(14)}${met ? 'met' : 'NOT met'}`),
    '',
  ].join('\n');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
