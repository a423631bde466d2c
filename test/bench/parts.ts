import { availableParallelism, cpus, loadavg } from 'node:os';
import { Command } from 'commander';
import { chains } from '../../chains';
import { pack, type PackItem } from '../../model/packing';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import { checkAgainstFleet } from '../../model/keys/agreement';
import { declarationsOf } from '../../model/keys/declarations';
import { checkTransition, transitionRules } from '../../model/keys/transitions';
import { everySample } from '../chains/every-chain';
import { catalogue, fleetOf, locate, place } from '../keys/fixtures';

/** `npm run bench:parts`: CPU time of single parts, whose work must not grow faster than what they are given. Tests show that they are right. */
const { enforce } = new Command('bench:parts').option('--enforce', 'exit with 1 where a limit is not met').allowExcessArguments(false).parse().opts<{ enforce?: true }>();

interface Part {
  readonly what: string;
  readonly limitMs: number;
  /** How often the measured work is done in one call of `work`. */
  readonly times: number;
  readonly work: () => void;
}

const parts: readonly Part[] = [packing(), components('components of a sample of every chain', Object.values(chains), 1), components('components of an Ethereum node', [chains.ethereum], 0.5), journal()];

process.stdout.write(`${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)} before\n`);
for (const { what, limitMs, times, work } of parts) {
  // Once before, so that what is compiled is not measured.
  work();
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000 / times;
  const met = ms < limitMs;
  process.stdout.write(`${what}: ${ms.toPrecision(3)} ms of CPU (limit ${limitMs} ms: ${met ? 'met' : 'NOT met'})\n`);
  if (enforce && !met) process.exitCode = 1;
}

function packing(): Part {
  const capacity = { cpuMillis: 8000, memoryMiB: 32_000, ephemeralMiB: 50_000, volumes: 8, pods: 10 };
  const items = Array.from({ length: 10_000 }, (_, index): PackItem => ({ id: `${index}`, cpuMillis: 500 + (index % 40), memoryMiB: 1000 + (index % 50), ephemeralMiB: 1, volumes: 1, hostPorts: [] }));
  return { what: 'packing 10,000 unlike items', limitMs: 2000, times: 1, work: () => void pack(items, capacity) };
}

function components(what: string, of: readonly (typeof chains)[keyof typeof chains][], limitMs: number): Part {
  const samples = everySample().filter(({ chain }) => of.some(({ name }) => name === chain.name));
  return { what, limitMs, times: samples.length, work: () => samples.forEach(({ chain, node }) => chain.components(node)) };
}

function journal(): Part {
  const now = new Date('2026-11-22T12:00:00Z');
  const nodes = Array.from({ length: 1000 }, (_, node) => ({
    at: `eu/n${node}`,
    keys: Array.from({ length: 100 }, (_, key) => `0x${(node * 100 + key).toString(16).padStart(96, '0')}`),
  }));
  const text = append(parse(EMPTY_KEYS_LOCK), nodes.flatMap(({ at, keys }) => keys.map((key) => place(key, at))), now);
  const fleet = fleetOf(nodes);
  const none = declarationsOf(fleetOf([]));
  const rules = transitionRules({ base: none, head: none, now, baseName: 'origin/main' }, catalogue);
  const work = (): void => {
    const { entries } = parse(text);
    if (checkAgainstFleet(entries, fleet, catalogue, locate).length > 0) throw new Error('the generated journal does not fit its fleet: nothing was measured');
    checkTransition(entries.slice(0, 99_000), entries, rules);
  };
  return { what: 'reading and checking a journal of 100,000 entries', limitMs: 8000, times: 1, work };
}
