import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { accessSync, constants } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Cost } from './child';

export interface HelmResult {
  readonly helm: string;
  readonly version: string;
  readonly nodes: number;
  /** Three charts each. */
  readonly perNode: Cost;
  readonly objectsPerNode: number;
  readonly bytesPerNode: number;
}

/** The helm that the environment names (`HELM`), or the first on the PATH. */
export function findHelm(): string | undefined {
  const named = process.env['HELM'];
  if (named) return named;
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'helm'))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

const CHARTS = ['execution', 'consensus', 'validator'] as const;

/**
 * What rendering costs with one templated chart per component and one release of each per node, the usual way of running nodes
 * with Helm: `helm template` once for each release, with the node's own values.
 */
export function measureHelm(helm: string, folder: string, nodes: number): HelmResult {
  mkdirSync(folder, { recursive: true });
  const costs: Cost[] = [];
  let objects = 0;
  let bytes = 0;
  // The first warms the page cache and isn't counted.
  for (let node = -1; node < nodes; node += 1) {
    const name = `eth-${node + 1}`;
    const outputs = CHARTS.map((chart) => join(folder, `${name}-${chart}.out.yaml`));
    const commands = CHARTS.map((chart, index) => {
      const values = join(folder, `${name}-${chart}.yaml`);
      writeFileSync(values, valuesOf(chart, name, node + 1));
      return `${quote(helm)} template ${name}-${chart} ${quote(join(__dirname, 'charts', chart))} --namespace staking-ethereum-mainnet --values ${quote(values)} > ${quote(outputs[index]!)}`;
    });
    const started = performance.now();
    // `times` of the shell is what tells the CPU of processes that have ended.
    const printed = execFileSync('sh', ['-ec', `${commands.join('\n')}\ntimes`], { encoding: 'utf8' });
    const wallMs = performance.now() - started;
    if (node < 0) continue;
    costs.push({ wallMs, cpuMs: childrenCpuMs(printed) });
    for (const output of outputs) {
      const text = readFileSync(output, 'utf8');
      objects += text.match(/^kind: /gm)?.length ?? 0;
      bytes += Buffer.byteLength(text);
    }
  }
  const version = execFileSync(helm, ['version', '--short'], { encoding: 'utf8' }).trim();
  const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  return {
    helm,
    version,
    nodes,
    perNode: { cpuMs: middle(costs.map(({ cpuMs }) => cpuMs)), wallMs: middle(costs.map(({ wallMs }) => wallMs)) },
    objectsPerNode: Math.round(objects / nodes),
    bytesPerNode: Math.round(bytes / nodes),
  };
}

/** The second line of POSIX `times`: user and system time of the children, as `0m0.123000s`. */
function childrenCpuMs(printed: string): number {
  const line = printed.trim().split('\n').at(-1) ?? '';
  const times = [...line.matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, seconds]) => Number(minutes) * 60_000 + Number(seconds) * 1000);
  if (times.length !== 2) throw new Error(`can't read the shell's times: ${JSON.stringify(printed)}`);
  return times[0]! + times[1]!;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Clients take turns, as in the generated fleets. */
const CLIENTS = {
  execution: ['geth', 'nethermind', 'reth', 'besu', 'erigon'],
  consensus: ['lighthouse', 'prysm', 'teku', 'nimbus', 'lodestar'],
  validator: ['lighthouse', 'prysm', 'teku', 'nimbus', 'lodestar'],
} as const;

function valuesOf(chart: (typeof CHARTS)[number], node: string, index: number): string {
  const port = 30_000 + index * 8;
  const own = {
    execution: ['p2p:', `  port: ${port}`],
    consensus: ['p2p:', `  port: ${port + 1}`, `  quicPort: ${port + 2}`, `executionEndpoint: http://${node}-execution-engine:8551`],
    validator: [
      `beaconEndpoint: http://${node}-consensus:5052`,
      'feeRecipient: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"',
      'keys:',
      ...[0, 1].map((key) => `  - "0xa${String(index * 2 + key).padStart(95, '0')}"`),
    ],
  }[chart];
  return `${[
    `client: ${CLIENTS[chart][index % 5]}`,
    'network: mainnet',
    `node: ${node}`,
    ...own,
    'scheduling:',
    `  zone: europe-west1-${'bcd'[index % 3]}`,
    '  pool: ethereum',
    'podLabels:',
    `  example.com/ring: ${index % 5 === 0 ? 'canary' : 'main'}`,
  ].join('\n')}\n`;
}
