import { performance } from 'node:perf_hooks';
import { catalogue } from '../../chains';
import { formatProblems } from '../../model/errors';
import { loadFleet } from '../../model/load';
import { stackContext, synthStacks } from '../../infra/synth';

/** What one fresh process measured. */
export interface InfraSample {
  readonly stacks: number;
  /** Starting Node and loading modules. */
  readonly loadingMs: number;
  /** From a checked fleet to written stacks: what nodes ask for, CDKTF's constructs, JSON, files. */
  readonly synthMs: number;
  /** Peak memory of the process, reading the fleet included, less what it had once modules were loaded. */
  readonly addedMiB: number;
}

const { fleet: folder, out } = JSON.parse(process.argv[2]!) as { fleet: string; out: string };
const loadingMs = performance.now();
const before = process.memoryUsage().rss;
const { fleet, problems } = loadFleet(folder, catalogue);
if (fleet === undefined) throw new Error(formatProblems(problems, folder));
const started = performance.now();
const stacks = synthStacks(stackContext(fleet, folder), out);
const sample: InfraSample = { stacks, loadingMs, synthMs: performance.now() - started, addedMiB: process.resourceUsage().maxRSS / 1024 - before / 2 ** 20 };
process.stdout.write(JSON.stringify(sample));
