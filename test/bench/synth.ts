import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Command, InvalidArgumentError } from 'commander';
import type { Cost, SynthSample, Task } from './child';
import type { GeneratedFleet } from './generate-fleet';
import { findHelm, measureHelm, type HelmResult } from './helm';
import type { Phases } from './profile';

/**
 * `npm run bench:synth`: what rendering costs per node, from YAML text to written files, held against the limits that Stockade
 * set itself. docs/benchmarks.md says how it measures and what it found.
 */
interface Options {
  readonly nodes: number[];
  readonly runs?: number;
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly enforce?: boolean;
  readonly exampleNode: string;
}

const program = new Command('bench:synth')
  .description('Measure synthesis of generated fleets: CPU, wall time, memory, growth; and against helm template, if there is a helm.')
  .option('--nodes <counts>', 'sizes of the generated fleets, by commas', counts, [100, 1000, 10_000])
  .option('--runs <count>', 'runs of each size (default: 5, and 3 from 10,000 nodes on)', (text) => counts(text)[0]!)
  .option('--quick', 'for CI: 100 and 1,000 nodes, 3 runs each')
  .option('--json', 'print everything measured as JSON')
  .option('--enforce', 'end with exit code 1 when a limit is not met')
  .option('--example-node <name>', 'the node of the example fleet that is rendered alone', 'eth-ew1-0')
  .allowExcessArguments(false);

const LIMITS = { cpuMsPerNode: 6, growth: 1.2, cores: 1.5, memoryMB: 1500, oneNodeSeconds: 2, helmRatio: 20 } as const;
/** The sizes that the limits name. */
const JUDGED = { cost: 1000, scale: 10_000 } as const;
const HELM_NODES = 15;
/** Above this, the machine isn't the benchmark's own. */
const QUIET_CORES = 0.2;
const ONE_NODE_RUNS = 5;
const REPOSITORY = join(__dirname, '..', '..');

interface SizeResult {
  readonly fleet: GeneratedFleet;
  readonly runs: readonly SynthSample[];
  readonly perNode: Cost;
  readonly cores: number;
  readonly othersCores: number;
  readonly maxRssMB: number;
  readonly loading: Cost;
}

interface Verdict {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  readonly met: boolean | 'not measured';
}

interface Report {
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly loadBefore: readonly number[];
  readonly loadAfter: readonly number[];
  readonly sizes: readonly SizeResult[];
  readonly workers: Cost & { readonly workers: number };
  readonly phases: Phases & { readonly nodes: number };
  readonly oneNodeSeconds: readonly number[];
  readonly helm: HelmResult | { readonly skipped: string };
  readonly verdicts: readonly Verdict[];
}

program.parse();
main(program.opts<Options>()).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${String(error instanceof Error ? (error.stack ?? error.message) : error)}\n`);
    process.exitCode = 70;
  },
);

async function main(options: Options): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-bench-'));
  // Hundreds of megabytes: they go even when somebody loses patience.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const report = await measure(options, folder);
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : format(report));
  return options.enforce && report.verdicts.some(({ met }) => met === false) ? 1 : 0;
}

async function measure(options: Options, folder: string): Promise<Report> {
  const loadBefore = loadavg();
  const sizes: SizeResult[] = [];
  for (const nodes of options.quick ? [100, 1000] : options.nodes) {
    const runs = options.runs ?? (options.quick ? 3 : nodes >= JUDGED.scale ? 3 : 5);
    sizes.push(await measureSize(nodes, runs, folder));
  }
  say('starting workers with nothing to do');
  const workers = await child<Report['workers']>({ kind: 'workers' });

  const judged = sizes.find(({ fleet }) => fleet.nodes === JUDGED.cost) ?? sizes.at(-1)!;
  say(`profiling one thread at ${judged.fleet.nodes} nodes`);
  const phases = await child<Phases>({ kind: 'profile', fleet: fleetFolder(folder, judged.fleet.nodes), out: join(folder, 'profiled') });

  const oneNodeSeconds: number[] = [];
  for (let run = 1; run <= ONE_NODE_RUNS; run += 1) {
    say(`npm run synth -- --node ${options.exampleNode}, run ${run} of ${ONE_NODE_RUNS}`);
    oneNodeSeconds.push(oneNode(options.exampleNode, join(folder, `one-node-${run}`)));
  }

  const helm = await helmResult(folder);
  return {
    date: new Date().toISOString(),
    machine: machine(),
    loadBefore,
    loadAfter: loadavg(),
    sizes,
    workers,
    phases: { ...phases, nodes: judged.fleet.nodes },
    oneNodeSeconds,
    helm,
    verdicts: judge({ sizes, oneNodeSeconds, helm }),
  };
}

async function measureSize(nodes: number, count: number, folder: string): Promise<SizeResult> {
  const fleet = await child<GeneratedFleet>({ kind: 'generate', fleet: fleetFolder(folder, nodes), nodes });
  const runs: SynthSample[] = [];
  for (let run = 1; run <= count; run += 1) {
    say(`${nodes} nodes, run ${run} of ${count}`);
    const out = join(folder, `out-${nodes}`);
    const sample = await child<SynthSample>({ kind: 'synth', fleet: fleetFolder(folder, nodes), out });
    if (sample.nodes !== nodes) throw new Error(`${sample.nodes} of ${nodes} nodes were rendered`);
    runs.push(sample);
    rmSync(out, { recursive: true });
  }
  const of = (value: (sample: SynthSample) => number): number => median(runs.map(value));
  return {
    fleet,
    runs,
    perNode: { cpuMs: of(({ cpuMs }) => cpuMs) / nodes, wallMs: of(({ wallMs }) => wallMs) / nodes },
    cores: of(({ cpuMs, wallMs }) => cpuMs / wallMs),
    othersCores: of(({ othersCores }) => othersCores),
    maxRssMB: of(({ maxRssMiB }) => maxRssMiB * 1.048576),
    loading: { cpuMs: of(({ loading }) => loading.cpuMs), wallMs: of(({ loading }) => loading.wallMs) },
  };
}

function fleetFolder(folder: string, nodes: number): string {
  return join(folder, `fleet-${nodes}`);
}

/** A fresh process with the flags of this one, which are those that tsx gives any command here: nothing is warm, nothing left over. */
function child<Result>(task: Task): Promise<Result> {
  return new Promise((resolve, reject) => {
    const started = spawn(process.execPath, [...process.execArgv, join(__dirname, 'child.ts'), JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    started.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    started.on('error', reject);
    started.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(printed) as Result);
      else reject(new Error(`measuring ${JSON.stringify(task)} ended with exit code ${code}`));
    });
  });
}

/** Seconds that a user waits, npm and the start of Node included. */
function oneNode(node: string, out: string): number {
  mkdirSync(out);
  const started = performance.now();
  execFileSync('npm', ['run', 'synth', '--', '--node', node, '--out', out], { cwd: REPOSITORY, stdio: ['ignore', 'ignore', 'inherit'] });
  const seconds = (performance.now() - started) / 1000;
  if (readdirSync(out).length < 1) throw new Error(`npm run synth -- --node ${node} wrote nothing`);
  return seconds;
}

async function helmResult(folder: string): Promise<Report['helm']> {
  const helm = findHelm();
  if (helm === undefined) return { skipped: 'no helm on the PATH, and HELM names none' };
  say(`helm template of three charts for ${HELM_NODES} nodes`);
  return measureHelm(helm, join(folder, 'helm'), HELM_NODES);
}

/** A limit is judged at the size that it names, and at no other. */
function judge({ sizes, oneNodeSeconds, helm }: Pick<Report, 'sizes' | 'oneNodeSeconds' | 'helm'>): Verdict[] {
  const at = (nodes: number): SizeResult | undefined => sizes.find(({ fleet }) => fleet.nodes === nodes);
  const [cost, scale] = [at(JUDGED.cost), at(JUDGED.scale)];
  const verdict = (what: string, limit: string, measured: number | undefined, met: (value: number) => boolean, text: (value: number) => string): Verdict => ({
    what,
    limit,
    measured: measured === undefined ? '-' : text(measured),
    met: measured === undefined ? 'not measured' : met(measured),
  });
  const largest = scale ?? cost;
  const ratios = 'skipped' in helm || !cost ? undefined : helmRatios(helm, cost);
  const growth = cost && scale ? scale.perNode.cpuMs / cost.perNode.cpuMs : undefined;
  return [
    verdict(`CPU per node at ${JUDGED.cost} nodes`, `at most ${LIMITS.cpuMsPerNode} ms`, cost?.perNode.cpuMs, (ms) => ms <= LIMITS.cpuMsPerNode, (ms) => `${ms.toFixed(2)} ms`),
    verdict(`CPU per node at ${JUDGED.scale}, against ${JUDGED.cost}`, `at most ${LIMITS.growth} times`, growth, (ratio) => ratio <= LIMITS.growth, (ratio) => `${ratio.toFixed(2)} times`),
    verdict(`cores busy at ${largest?.fleet.nodes ?? JUDGED.scale} nodes`, `at least ${LIMITS.cores}`, largest?.cores, (cores) => cores >= LIMITS.cores, (cores) => cores.toFixed(2)),
    verdict(`peak memory at ${JUDGED.scale} nodes`, `under ${LIMITS.memoryMB} MB`, scale?.maxRssMB, (mb) => mb < LIMITS.memoryMB, (mb) => `${mb.toFixed(0)} MB`),
    verdict('one node of the example fleet', `under ${LIMITS.oneNodeSeconds} s`, median(oneNodeSeconds), (s) => s < LIMITS.oneNodeSeconds, (s) => `${s.toFixed(2)} s`),
    verdict(
      'helm template against ours, per node',
      `at least ${LIMITS.helmRatio} times`,
      ratios && Math.min(...ratios),
      (ratio) => ratio >= LIMITS.helmRatio,
      () => ratios!.map((ratio, index) => `${ratio.toFixed(0)} times ${['wall', 'CPU'][index]}`).join(', '),
    ),
  ];
}

/** Wall time and CPU: ours has two cores, a helm has one release. */
function helmRatios(helm: HelmResult, ours: SizeResult): [wall: number, cpu: number] {
  return [helm.perNode.wallMs / ours.perNode.wallMs, helm.perNode.cpuMs / ours.perNode.cpuMs];
}

function format(report: Report): string {
  const { machine: host, sizes, workers, phases, helm, verdicts } = report;
  const loads = (load: readonly number[]): string => load.map((value) => value.toFixed(1)).join(' ');
  const busy = sizes.some(({ othersCores }) => othersCores > QUIET_CORES);
  const lines = [
    `${report.date}  ${Object.entries(host).map(([name, value]) => `${name} ${value}`).join(', ')}`,
    `load average ${loads(report.loadBefore)} before, ${loads(report.loadAfter)} after${busy ? ': MEASURED UNDER LOAD, figures are worse than on an idle machine' : ''}`,
    '',
    'From YAML text on disk to written files, per Ethereum validator node of three components; medians of fresh processes.',
    '',
    table([
      ['nodes', 'runs', 'clusters', 'CPU ms/node', 'lowest', 'highest', 'wall ms/node', 'cores', 'others use', 'peak MB', 'objects', 'MiB written'],
      ...sizes.map(({ fleet, runs, perNode, cores, othersCores, maxRssMB }) => {
        const cpu = runs.map(({ cpuMs }) => cpuMs / fleet.nodes);
        return [
          fleet.nodes,
          runs.length,
          fleet.clusters,
          perNode.cpuMs.toFixed(2),
          Math.min(...cpu).toFixed(2),
          Math.max(...cpu).toFixed(2),
          perNode.wallMs.toFixed(2),
          cores.toFixed(2),
          othersCores.toFixed(2),
          maxRssMB.toFixed(0),
          runs[0]!.objects,
          (runs[0]!.bytes / 1024 / 1024).toFixed(1),
        ];
      }),
    ]),
    '',
    'Not in these figures: starting Node and loading the program, ' +
    `${sizes.at(-1)!.loading.cpuMs.toFixed(0)} ms of CPU, ${sizes.at(-1)!.loading.wallMs.toFixed(0)} ms.`,
    `In them, where workers are used: starting ${workers.workers} workers, which load it again, ${workers.cpuMs.toFixed(0)} ms of CPU, ${workers.wallMs.toFixed(0)} ms.`,
    '',
    `Where the CPU goes, ${phases.nodes} nodes in one thread, profiled:`,
    '',
    table([
      ['phase', 'ms/node', 'share'],
      ...Object.entries(phases.phases).map(([name, ms]) => [name, (ms / phases.nodes).toFixed(3), `${((100 * ms) / phases.cpuMs).toFixed(1)} %`]),
      ['all', (phases.cpuMs / phases.nodes).toFixed(3), '100.0 %'],
    ]),
    ...(phases.unmatched.length > 0 ? ['', `Not found in the profile, so counted elsewhere: ${phases.unmatched.join('; ')}.`] : []),
    '',
    'Most time of their own:',
    ...phases.hot.slice(0, 12).map(({ name, where, phase, ms }) => `  ${(ms / phases.nodes).toFixed(3)} ms/node  ${name}  ${where}  (${phase})`),
    '',
    'skipped' in helm
      ? `helm template: skipped, ${helm.skipped}.`
      : `helm template (${helm.version}): ${helm.perNode.wallMs.toFixed(0)} ms, ${helm.perNode.cpuMs.toFixed(0)} ms of CPU per node (three charts, median of ${helm.nodes} nodes); ` +
        `${helm.objectsPerNode} objects, ${(helm.bytesPerNode / 1024).toFixed(1)} KiB per node.`,
    '',
    table([['limit', 'allowed', 'measured', ''], ...verdicts.map(({ what, limit, measured, met }) => [what, limit, measured, met === true ? 'met' : met ? met : 'NOT met'])]),
  ];
  return `${lines.join('\n')}\n`;
}

function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  return rows
    .map((row) => `  ${row.map((cell, column) => (column === 0 ? String(cell).padEnd(widths[0]!) : String(cell).padStart(widths[column]!))).join('  ')}`.trimEnd())
    .join('\n');
}

function machine(): Report['machine'] {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    'memory GiB': Math.round(totalmem() / 2 ** 30),
    node: process.version,
    [process.platform]: release(),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function counts(text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (!numbers.every((number) => Number.isInteger(number) && number >= 1)) throw new InvalidArgumentError('give whole numbers from 1 on, by commas.');
  return numbers;
}

function say(what: string): void {
  process.stderr.write(`${what}\n`);
}
