import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Command, InvalidArgumentError } from 'commander';
import { checkFleetFolder } from '../../../model/check-folder';
import { renderFleet } from '../../../apps/render/render-fleet';
import { catalogue } from '../../../chains';
import type { Manifest } from '../../../constructs/manifest';
import { formatProblems } from '../../../model/errors';
import { LABELS } from '../../../naming';
import { generateFleet } from '../../bench/generate-fleet';
import type { Api } from '../api';
import { findBinaries } from '../binaries';
import { ControlPlane } from '../control-plane';
import { applyAll, manifestsOf } from '../example';
import { installGatekeeper, removeGatekeeper } from '../gatekeeper';
import { describePods, isReady, joinMachines, machinesOf, simulateMachines, until, type PodObject } from '../machines';
import { installNative, policiesOf, removeNative } from '../policies';

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 12) throw new InvalidArgumentError('a whole number, 12 or more.');
  return value;
};
const program = new Command('bench:cluster')
  .description('Apply a generated fleet to a control plane with simulated machines: time, API requests and memory; and what the admission policies cost.')
  .option('--nodes <count>', 'staking nodes, of three components each', whole, 1000)
  .option('--samples <count>', 'requests for each latency', whole, 400)
  .option('--quick', 'a small fleet and few samples: shows that the benchmark works, not what things cost')
  .option('--no-pods', 'leave the machines out, so that no pod runs')
  .option('--json', 'print JSON')
  .allowExcessArguments(false);

interface Options {
  readonly nodes: number;
  readonly samples: number;
  readonly quick?: boolean;
  readonly pods: boolean;
  readonly json?: boolean;
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
}

interface Report {
  readonly nodes: number;
  readonly objects: number;
  readonly machines: number;
  readonly processor: string;
  readonly created: { readonly seconds: number; readonly objectsPerSecond: number; readonly requests: number };
  readonly running?: { readonly pods: number; readonly secondsAfterApply: number };
  /** Re-applying the same files, in turns: medians. */
  readonly again: { readonly objects: number; readonly rounds: number; readonly ourSeconds: number; readonly kubectlSeconds: number; readonly ratio: number };
  /** Milliseconds, beside the same requests to a namespace without protection, in turns. */
  readonly admission: Readonly<Record<'native' | 'gatekeeper' | 'both', { readonly judged: Latency; readonly unjudged: Latency; readonly added: Latency }>>;
  readonly peakMiB: Readonly<Record<string, number>>;
}

async function bench({ nodes, samples, pods }: Options, say: (line: string) => void): Promise<Report> {
  const root = mkdtempSync(join(tmpdir(), 'stockade-bench-cluster-'));
  const stop = new AbortController();
  let controlPlane: ControlPlane | undefined;
  try {
    // The generator takes no chance: the same count gives the same fleet.
    generateFleet(join(root, 'fleet'), 2 * nodes);
    const { fleet, problems } = checkFleetFolder(join(root, 'fleet'), catalogue);
    if (fleet === undefined) throw new Error(formatProblems(problems, join(root, 'fleet')));
    await renderFleet(fleet, catalogue, { out: join(root, 'dist'), format: 'plain', version: '0.0.0' });
    // One cloud's half of it: a control plane has one cloud's StorageClasses.
    const names = Object.keys(fleet.clusters).filter((name) => fleet.clusters[name]!.cloud === 'gcp');
    const rendered = names.map((name) => manifestsOf({ fleet, folder: join(root, 'dist'), remove: () => undefined }, name));
    // All clusters' nodes on one: its own quotas would have no room for them.
    const platform = rendered[0]!.platform.filter(({ kind }) => kind !== 'ResourceQuota');
    const workloads = rendered.flatMap((cluster) => cluster.nodes);
    const statefulSets = workloads.filter(({ kind }) => kind === 'StatefulSet');

    const binaries = await findBinaries({ progress: say, without: ['helm', 'kube-apiserver-next'] });
    controlPlane = await ControlPlane.start(binaries);
    const { admin } = controlPlane;
    const plane = controlPlane;
    const cluster = fleet.clusters[names[0]!]!;
    const builder = await plane.as({ user: 'platform@example.com', groups: [...fleet.settings.access.platform[cluster.cloud], 'system:masters'] });
    const machines = pods ? names.map((name) => ({ cluster: fleet.clusters[name]!, machines: machinesOf(fleet, fleet.clusters[name]!) })) : [];
    const provisioner = await plane.controller('csi-provisioner');
    for (const one of machines) await joinMachines(admin, one.cluster, one.machines);
    // One for all of them, which are of one cloud.
    const simulation = pods ? simulateMachines(provisioner, cluster, (machine) => plane.kubelet(machine), stop.signal) : Promise.resolve();
    await applyAll(builder, platform);

    const counted = new Set(workloads.map(({ metadata }) => metadata.labels?.[LABELS.node])).size;
    say(`applying ${workloads.length} objects of ${counted} nodes`);
    const before = plane.audit().length;
    const [seconds] = await timed(() => applyAll(builder, workloads));
    const requests = plane.audit().slice(before).filter(({ user }) => user.username === 'platform@example.com').length;
    let running: Report['running'];
    if (pods) {
      say(`waiting until ${statefulSets.length} pods are ready`);
      // Seldom: a list of thousands is work for the API server, which is what is measured.
      const all = (): Promise<PodObject[]> => admin.list<PodObject>(`/api/v1/pods?labelSelector=${LABELS.node}`);
      const [more] = await timed(() =>
        until(`${statefulSets.length} pods are ready`, async () => (await all()).filter(isReady).length === statefulSets.length, { timeoutMs: 1_800_000, everyMs: 2000, describe: async () => describePods(await all()).slice(0, 2000) }),
      );
      running = { pods: statefulSets.length, secondsAfterApply: more };
    }

    say('applying again, by us and by kubectl, in turns');
    const again = await applyAgain(root, names[0]!, rendered[0]!.nodes, builder, binaries.kubectl, await plane.kubeconfigFor('bench', { user: 'platform@example.com', groups: ['system:masters'] }));

    const policies = policiesOf(fleet, names[0]!);
    const deployer = await plane.as({ user: 'deployer@example.com', groups: [...fleet.settings.access.deployers[cluster.cloud], 'system:masters'] });
    const requestsOf = await twins(admin, workloads);
    const measure = async (what: string): Promise<Report['admission']['native']> => {
      say(`latency with ${what}: ${samples} requests, and as many unjudged`);
      return latencies(deployer, requestsOf, samples);
    };
    await installNative(admin, policies, builder);
    const native = await measure('native policies');
    await removeNative(admin, policies);
    await installGatekeeper(plane, policies.gatekeeper, { binary: binaries.gatekeeper, builder });
    const gatekeeper = await measure('Gatekeeper');
    await installNative(admin, policies, builder);
    const both = await measure('both');
    const peakMiB = Object.fromEntries(Object.entries(plane.pids()).map(([name, pid]) => [name, peakOf(pid)]));
    await removeGatekeeper(plane, policies.gatekeeper, { builder });
    stop.abort();
    await simulation;
    return {
      nodes: counted,
      objects: workloads.length,
      machines: machines.reduce((sum, one) => sum + one.machines.length, 0),
      processor: `${cpus()[0]?.model ?? 'unknown'} x ${availableParallelism()}`,
      created: { seconds, objectsPerSecond: workloads.length / seconds, requests },
      ...(running ? { running } : {}),
      again,
      admission: { native, gatekeeper, both },
      peakMiB,
    };
  } finally {
    stop.abort();
    await controlPlane?.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

const ROUNDS = 3;

/** The nodes of one cluster, up to forty: once more by us, once more by kubectl, three times, so that noise meets both. */
async function applyAgain(root: string, cluster: string, nodes: readonly Manifest[], api: Api, kubectl: string, kubeconfig: string): Promise<Report['again']> {
  const chosen = new Set([...new Set(nodes.map(({ metadata }) => metadata.labels?.[LABELS.node] ?? ''))].slice(0, 40));
  const objects = nodes.filter(({ metadata }) => chosen.has(metadata.labels?.[LABELS.node] ?? ''));
  const folder = join(root, 'again');
  mkdirSync(folder);
  for (const namespace of new Set(objects.map(({ metadata }) => metadata.namespace!))) {
    for (const node of chosen) {
      const from = join(root, 'dist', cluster, namespace, node);
      if (existsSync(from)) cpSync(from, join(folder, node), { recursive: true });
    }
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push((await timed(() => applyAll(api, objects)))[0]);
    theirs.push((await timed(() => promisify(execFile)(kubectl, ['--kubeconfig', kubeconfig, 'apply', '--server-side', '--field-manager=stockade', '--recursive', '--filename', folder], { maxBuffer: 1 << 26 })))[0]);
  }
  const [ourSeconds, kubectlSeconds] = [median(ours), median(theirs)];
  return { objects: objects.length, rounds: ROUNDS, ourSeconds, kubectlSeconds, ratio: kubectlSeconds / ourSeconds };
}

interface Twin {
  readonly judged: Manifest;
  readonly unjudged: Manifest;
}

/** Objects of protected namespaces, and the same in one that no policy looks at. */
async function twins(admin: Api, workloads: readonly Manifest[]): Promise<readonly Twin[]> {
  const namespace = 'unprotected';
  await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const chosen = (['StatefulSet', 'PersistentVolumeClaim', 'ConfigMap'] as const).flatMap((kind) => workloads.filter((object) => object.kind === kind).slice(0, 4));
  const pairs = chosen.map((judged): Twin => ({ judged, unjudged: { ...judged, metadata: { ...judged.metadata, namespace } } }));
  for (const { unjudged } of pairs) {
    // Stopped, so that no pod of it comes into the way.
    const still = unjudged.kind === 'StatefulSet' ? { ...unjudged, spec: { ...(unjudged['spec'] as object), replicas: 0 } } : unjudged;
    await admin.apply(still);
  }
  return pairs.map(({ judged, unjudged }) => ({ judged, unjudged: unjudged.kind === 'StatefulSet' ? { ...unjudged, spec: { ...(unjudged['spec'] as object), replicas: 0 } } : unjudged }));
}

/** Dry-run server-side applies, one at a time, judged and unjudged in turns, whose order turns too. */
async function latencies(api: Api, pairs: readonly Twin[], samples: number): Promise<Report['admission']['native']> {
  const judged: number[] = [];
  const unjudged: number[] = [];
  const WARM_UP = 24;
  for (let index = 0; index < samples + WARM_UP; index++) {
    const pair = pairs[index % pairs.length]!;
    const order = index % 2 === 0 ? ([['judged', judged], ['unjudged', unjudged]] as const) : ([['unjudged', unjudged], ['judged', judged]] as const);
    for (const [which, into] of order) {
      const [seconds] = await timed(() => api.apply(pair[which], { dryRun: true, force: true }));
      if (index >= WARM_UP) into.push(seconds * 1000);
    }
  }
  const [a, b] = [summary(judged), summary(unjudged)];
  return { judged: a, unjudged: b, added: { p50: a.p50 - b.p50, p99: a.p99 - b.p99 } };
}

const summary = (values: readonly number[]): Latency => ({ p50: percentile(values, 0.5), p99: percentile(values, 0.99) });
const median = (values: readonly number[]): number => percentile(values, 0.5);
function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [seconds: number, result: T]> {
  const started = process.hrtime.bigint();
  const result = await work();
  return [Number(process.hrtime.bigint() - started) / 1e9, result];
}

/** The most memory that a process ever had, by the kernel's account (`VmHWM`, proc(5)); elsewhere than on Linux not known. */
function peakOf(pid: number): number {
  try {
    return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
  } catch {
    return Number.NaN;
  }
}

function print(report: Report): string {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const row = (name: string, { judged, unjudged, added }: Report['admission']['native']): string =>
    `  ${name.padEnd(12)} p50 ${ms(judged.p50)} beside ${ms(unjudged.p50)}: ${ms(added.p50)} added;  p99 ${ms(judged.p99)} beside ${ms(unjudged.p99)}: ${ms(added.p99)} added`;
  return [
    `${report.nodes} nodes, ${report.objects} objects, ${report.machines} simulated machines; ${report.processor}`,
    `created in ${report.created.seconds.toFixed(1)} s: ${report.created.objectsPerSecond.toFixed(0)} objects a second, ${report.created.requests} requests that change something`,
    ...(report.running ? [`${report.running.pods} pods ready ${report.running.secondsAfterApply.toFixed(1)} s after that`] : []),
    `applied again: ${report.again.objects} objects in ${report.again.ourSeconds.toFixed(2)} s; kubectl apply --server-side ${report.again.kubectlSeconds.toFixed(2)} s: ${report.again.ratio.toFixed(2)} times ours (medians of ${report.again.rounds}, in turns)`,
    'admission, dry-run applies:',
    ...Object.entries(report.admission).map(([name, latency]) => row(name, latency)),
    `peak memory: ${Object.entries(report.peakMiB).map(([name, mib]) => `${name} ${mib} MiB`).join(', ')}`,
    '',
  ].join('\n');
}

program.parse();
const options = program.opts<Options>();
const chosen = options.quick ? { ...options, nodes: 24, samples: 60 } : options;
bench(chosen, (line) => process.stderr.write(`${line}\n`)).then(
  (report) => {
    process.stdout.write(chosen.json ? `${JSON.stringify(report, null, 2)}\n` : print(report));
    process.exit(0);
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
