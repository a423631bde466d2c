import { availableParallelism, cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { inWorkers } from '../../apps/render/pool';
import { runSynth } from '../../apps/synth';
import { generateFleet } from './generate-fleet';
import { profileOneThread } from './profile';

/** What one fresh process is asked to measure. */
export type Task =
  | { readonly kind: 'generate'; readonly fleet: string; readonly nodes: number }
  | { readonly kind: 'synth'; readonly fleet: string; readonly out: string }
  | { readonly kind: 'workers' }
  | { readonly kind: 'profile'; readonly fleet: string; readonly out: string };

export interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
}

export interface SynthSample extends Cost {
  /** Starting Node and importing the program, before the clock starts. */
  readonly loading: Cost;
  /** Cores that other processes kept busy meanwhile: they stretch the wall time, and on shared cores the CPU time too. */
  readonly othersCores: number;
  readonly maxRssMiB: number;
  readonly nodes: number;
  readonly objects: number;
  readonly bytes: number;
}

void main(JSON.parse(process.argv[2]!) as Task);

async function main(task: Task): Promise<void> {
  switch (task.kind) {
    case 'generate':
      return answer(generateFleet(task.fleet, task.nodes));
    case 'synth':
      return answer(await synth(task.fleet, task.out));
    case 'workers':
      return answer(await startWorkers());
    case 'profile':
      return answer(await profileOneThread(task.fleet, task.out));
  }
}

/** One run of the body of `npm run synth`: from YAML on disk to files on disk, in as many threads as it takes itself. */
async function synth(fleet: string, out: string): Promise<SynthSample> {
  const loading = since({ user: 0, system: 0 }, 0);
  const busy = machineBusyMs();
  const cpu = process.cpuUsage();
  const wall = performance.now();
  let printed = '';
  let complaints = '';
  const exitCode = await runSynth(
    { fleet, out, format: 'plain', json: true },
    { stdout: { write: (text) => (printed += text) }, stderr: { write: (text) => (complaints += text) } },
  );
  const cost = since(cpu, wall);
  const othersCores = Math.max(0, (machineBusyMs() - busy - cost.cpuMs) / cost.wallMs);
  if (exitCode !== 0) throw new Error(`synth of ${fleet} ended with exit code ${exitCode}:\n${printed}${complaints}`.slice(0, 4000));
  const { nodes, objects, bytes } = JSON.parse(printed) as { nodes: { running: number }; objects: number; bytes: number };
  return { ...cost, loading, othersCores, maxRssMiB: process.resourceUsage().maxRSS / 1024, nodes: nodes.running, objects, bytes };
}

/** Threads that start, load the program and find nothing to do: the part of a run that is the same for any fleet. */
async function startWorkers(): Promise<Cost & { readonly workers: number }> {
  const workers = availableParallelism();
  const nothing = { settings: {}, clusters: {}, networks: {}, nodes: [], observed: {} } as unknown as Parameters<typeof inWorkers>[0];
  const cpu = process.cpuUsage();
  const wall = performance.now();
  await inWorkers(nothing, [], '.', 'plain', workers);
  return { ...since(cpu, wall), workers };
}

/** CPU of all threads of this process, and the time that passed. */
function since(cpu: NodeJS.CpuUsage, wall: number): Cost {
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, wallMs: performance.now() - wall };
}

function machineBusyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

function answer(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
