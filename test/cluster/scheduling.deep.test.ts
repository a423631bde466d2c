import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { appliedBy } from '../../apps/platform';
import { catalogue } from '../../chains';
import { ANNOTATIONS, LABELS, networkNamespace } from '../../naming';
import type { Api, LiveObject } from './api';
import { applyAll, manifestsOf, quotasKnown, renderExample, type ClusterManifests, type Example } from './example';
import { addMachines, describeNodes, describePods, isReady, loseMachines, until, type Condition, type NodeObject, type PodObject } from './machines';
import { installNative, policiesOf, withoutNative } from './policies';
import { describeCluster, useControlPlane, useMachines } from './suite';

const CLUSTER = 'gke-europe-west1';
const NAMESPACE = networkNamespace('ethereum-hoodi');
const { fleet } = checkFleetFolder(join(__dirname, '..', '..', 'fleet'), catalogue);
const cluster = fleet!.clusters[CLUSTER]!;
const ZONE_LABEL = 'topology.kubernetes.io/zone';

/** What docs/runbooks/machines.md says of lost zones, drained machines and full pools, step by step. */
describeCluster(`${CLUSTER} and its machines`, () => {
  const controlPlane = useControlPlane({ serviceRange: cluster.ranges.services });
  const cutOff = new Set<string>();
  const machines = useMachines(controlPlane, fleet!, CLUSTER, cutOff);
  let example: Example;
  let manifests: ClusterManifests;
  let admin: Api;
  let operator: Api;
  let deployer: Api;

  const nodes = (): Promise<NodeObject[]> => admin.list<NodeObject>('/api/v1/nodes');
  const stakingPods = async (): Promise<PodObject[]> => (await admin.list<PodObject>(`/api/v1/pods?labelSelector=${LABELS.node}`)).filter(({ metadata }) => metadata.namespace!.startsWith('staking-'));
  const lives = async (): Promise<Record<string, string>> => Object.fromEntries((await stakingPods()).map(({ metadata, spec }) => [`${metadata.namespace}/${metadata.name}`, `${metadata.uid} on ${spec.nodeName}`]));
  const wanted = async (): Promise<number> => (await admin.list<LiveObject & { spec: { replicas: number } }>('/apis/apps/v1/statefulsets')).reduce((sum, { spec }) => sum + spec.replicas, 0);
  const stateNow = async (): Promise<string> => `${await wanted()} pods are declared; ${describePods(await stakingPods())}\n${describeNodes(await nodes())}`;
  const allReady = (): Promise<void> =>
    until('every staking pod is ready', async () => (await stakingPods()).filter(isReady).length === (await wanted()), { describe: stateNow });

  beforeAll(async () => {
    example = await renderExample(CLUSTER);
    manifests = manifestsOf(example, CLUSTER);
    admin = controlPlane().admin;
    const { access } = fleet!.settings;
    operator = await controlPlane().as({ user: 'operator@example.com', groups: access.operators[cluster.cloud] });
    deployer = await controlPlane().as({ user: 'deployer@example.com', groups: access.deployers[cluster.cloud] });
    await applyAll(admin, manifests.platform);
    await quotasKnown(admin);
    await applyAll(admin, manifests.nodes);
    await allReady();
  });
  afterAll(() => example?.remove());

  describe('two copies of one component', () => {
    const signer = async (): Promise<PodObject & { spec: Record<string, unknown> }> => (await stakingPods()).find(({ metadata }) => metadata.labels![LABELS.signer] === 'true') as PodObject & { spec: Record<string, unknown> };
    /** The pod again, by hand, in another namespace, meant for the very machine of the first. */
    const copyOf = async (name: string, apart: boolean, labelled = true): Promise<string> => {
      const { metadata, spec } = await signer();
      const container = { name: 'c', image: 'example.com/x:1' };
      const copy = { affinity: apart ? spec['affinity'] : undefined, tolerations: spec['tolerations'], nodeSelector: { 'kubernetes.io/hostname': spec.nodeName }, containers: [container] };
      await admin.call('POST', '/api/v1/namespaces/elsewhere/pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...(labelled ? { labels: metadata.labels } : {}) }, spec: copy });
      return `/api/v1/namespaces/elsewhere/pods/${name}`;
    };

    beforeAll(async () => {
      await admin.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere' } });
      await until('its service account is there', async () => (await admin.request('GET', '/api/v1/namespaces/elsewhere/serviceaccounts/default')).status === 200);
    });
    afterAll(() => admin.call('DELETE', '/api/v1/namespaces/elsewhere'));

    it('are never on one machine, in whatever namespace the second one is', async () => {
      const copy = await copyOf('copy', true);
      await until('the scheduler turned it down', async () => unschedulable(await admin.get<PodObject>(copy)) !== undefined);
      expect(unschedulable(await admin.get<PodObject>(copy))).toContain("didn't match pod anti-affinity rules");
    });

    it('the control: the first one\'s anti-affinity holds a copy off that has none; what is no copy is placed', async () => {
      const copy = await copyOf('copy-without-rules', false);
      await until('the scheduler turned it down', async () => unschedulable(await admin.get<PodObject>(copy)) !== undefined);
      expect(unschedulable(await admin.get<PodObject>(copy))).toContain('anti-affinity rules');
      const stranger = await copyOf('stranger', false, false);
      await until('what is no copy is placed', async () => (await admin.get<PodObject>(stranger)).spec.nodeName !== undefined);
    });
  });

  describe('a lost zone', () => {
    it('its pods stay where they are, nothing is started elsewhere, and they go on when it is back', async () => {
      const before = await lives();
      const inZone = (zone: string): string[] => machines.filter((machine) => machine.zone === zone).map(({ name }) => name);
      const placed = new Set((await stakingPods()).map(({ spec }) => spec.nodeName!));
      const lost = cluster.zones.map(inZone).find((names) => names.some((name) => placed.has(name)))!;
      const onLost = async (): Promise<PodObject[]> => (await stakingPods()).filter(({ spec }) => lost.includes(spec.nodeName!));
      // The control: a pod that does not stay is driven out by the same loss.
      const impatient = await impatientPodOn(admin, lost[0]!);

      const bringBack = await loseMachines(admin, lost, cutOff, (machine) => controlPlane().kubelet(machine));
      await until('the zone\'s machines are taken for lost', async () => (await nodes()).filter(({ metadata }) => lost.includes(metadata.name)).every((node) => !isReady(node)), { describe: stateNow });
      await until('and their pods for not ready', async () => !(await onLost()).some(isReady), { describe: stateNow });
      await until('the impatient pod was driven out', async () => {
        const { status, body } = await admin.request('GET', impatient);
        return status === 404 || (body as LiveObject).metadata.deletionTimestamp !== undefined;
      });
      expect((await nodes()).filter(({ metadata }) => !lost.includes(metadata.name)).every(isReady)).toBe(true);
      expect(await lives()).toEqual(before);
      expect((await stakingPods()).filter(({ metadata }) => metadata.deletionTimestamp !== undefined)).toEqual([]);

      await bringBack();
      await allReady();
      expect(await lives()).toEqual(before);
    });
  });

  describe('a drained machine, and a full pool, with the admission policies in force', () => {
    let machine: string;
    let moved: PodObject[];
    const kubectl = async (...args: string[]): Promise<string> => {
      const kubeconfig = await controlPlane().kubeconfigFor('break-glass', { user: 'break-glass@example.com', groups: fleet!.settings.access.breakGlass[cluster.cloud] });
      const { stdout, stderr } = await promisify(execFile)(inject('binaries').kubectl, ['--kubeconfig', kubeconfig, ...args]).catch((error: unknown) => error as { stdout: string; stderr: string });
      return `${stdout}${stderr}`;
    };
    const drain = (seconds: number): Promise<string> => kubectl('drain', machine, '--ignore-daemonsets', '--delete-emptydir-data', `--timeout=${seconds}s`);
    const budgetOf = ({ metadata }: PodObject): string => `/apis/policy/v1/namespaces/${metadata.namespace}/poddisruptionbudgets/${metadata.name.replace(/-0$/, '')}`;
    const on = async (name: string): Promise<PodObject[]> => (await stakingPods()).filter(({ spec }) => spec.nodeName === name);

    beforeAll(async () => {
      await installNative(admin, policiesOf(fleet!, CLUSTER));
      const signer = (await stakingPods()).find(({ metadata }) => metadata.namespace === NAMESPACE && metadata.labels![LABELS.signer] === 'true')!;
      machine = signer.spec.nodeName!;
      moved = await on(machine);
    });

    it('a signer is not moved while its budget stands', async () => {
      const signers = moved.filter(({ metadata }) => metadata.labels![LABELS.signer] === 'true');
      expect(signers.length).toBeGreaterThan(0);
      expect(await drain(5)).toMatch(/Cannot evict pod as it would violate the pod's disruption budget/);
      const uids = (await on(machine)).map(({ metadata }) => metadata.uid);
      for (const { metadata } of signers) expect(uids).toContain(metadata.uid);
    });

    it('R8: with each budget lifted by an operator it is moved, or waits where the pool is full: nothing of it goes to another pool or zone', async () => {
      for (const pod of moved) if (pod.metadata.labels![LABELS.signer] === 'true') await operator.patch(budgetOf(pod), { spec: { maxUnavailable: 1 } });
      await until('the machine is empty', async () => /drained|evicted/.test(await drain(60)) && (await on(machine)).length === 0);
      const untainted = machines.filter(({ pool }) => pool === undefined).map(({ name }) => name);
      await until('each of them is made again, and placed or turned down', async () => {
        const now = (await stakingPods()).filter(({ metadata }) => moved.some((one) => one.metadata.name === metadata.name));
        return now.length === moved.length && now.every((pod) => pod.spec.nodeName !== undefined || unschedulable(pod) !== undefined);
      });
      const now = (await stakingPods()).filter(({ metadata }) => moved.some((one) => one.metadata.name === metadata.name));
      for (const pod of now) {
        const before = moved.find(({ metadata }) => metadata.name === pod.metadata.name)!;
        expect(pod.metadata.uid).not.toBe(before.metadata.uid);
        expect(pod.metadata.labels!['controller-revision-hash']).toBe(before.metadata.labels!['controller-revision-hash']);
        expect(pod.spec.nodeName).not.toBe(machine);
        if (pod.spec.nodeName === undefined) expect(unschedulable(pod)).toMatch(/nodes are available: .*(Insufficient|unschedulable|didn't match)/);
        else expect(untainted).not.toContain(pod.spec.nodeName);
      }
    });

    it('another machine in the pool takes what waits, in its zone', async () => {
      const old = machines.find(({ name }) => name === machine)!;
      await addMachines(admin, cluster, [{ ...old, name: `${machine}-more` }]);
      await allReady();
      const zones = new Map((await nodes()).map(({ metadata }) => [metadata.name, metadata.labels![ZONE_LABEL]]));
      for (const pod of (await stakingPods()).filter(({ metadata }) => moved.some((one) => one.metadata.name === metadata.name))) expect(zones.get(pod.spec.nodeName!)).toBe(old.zone);
    });

    it('the next apply puts the budgets back', async () => {
      const lifted = moved.filter(({ metadata }) => metadata.labels![LABELS.signer] === 'true');
      await applyAll(deployer, manifests.nodes.filter((object) => object.kind === 'PodDisruptionBudget' && appliedBy(object) === 'deployer'), { force: true });
      for (const pod of lifted) expect((await admin.get<LiveObject & { spec: { maxUnavailable: number } }>(budgetOf(pod))).spec.maxUnavailable).toBe(0);
      expect(await kubectl('uncordon', machine)).toContain('uncordoned');
    });

    it('a force-drain is refused, and so is taking the machine\'s Node away', async () => {
      const signer = (await stakingPods()).find(({ metadata }) => metadata.labels![LABELS.signer] === 'true')!;
      const its = signer.spec.nodeName!;
      const before = await lives();
      const said = await kubectl('drain', its, '--ignore-daemonsets', '--delete-emptydir-data', '--disable-eviction', '--grace-period=0', '--force', '--timeout=5s');
      expect(said).toContain("ValidatingAdmissionPolicy 'stockade-pod-deletion'");
      expect(said).toContain(ANNOTATIONS.machineEnded);
      expect(await kubectl('uncordon', its)).toContain('uncordoned');
      const forced = await kubectl('delete', 'pod', signer.metadata.name, '-n', signer.metadata.namespace!, '--grace-period=0', '--force');
      expect(forced).toContain("ValidatingAdmissionPolicy 'stockade-pod-deletion'");
      expect(forced).toContain(ANNOTATIONS.machineEnded);
      const editor = await controlPlane().as({ user: 'editor@example.com', groups: ['system:masters'] });
      await expect(editor.call('DELETE', `/api/v1/nodes/${its}`)).rejects.toThrow("ValidatingAdmissionPolicy 'stockade-machines'");
      expect(await lives()).toEqual(before);
    });

    it('the control: without the policies the same force-drain takes every pod of the machine', async () => {
      const signer = (await stakingPods()).find(({ metadata }) => metadata.labels![LABELS.signer] === 'true')!;
      const its = signer.spec.nodeName!;
      const ended = (await on(its)).map(({ metadata }) => metadata.uid);
      await withoutNative(admin, policiesOf(fleet!, CLUSTER), async () => {
        expect(await kubectl('drain', its, '--ignore-daemonsets', '--delete-emptydir-data', '--disable-eviction', '--grace-period=0', '--force', '--timeout=60s')).toContain(`node/${its} drained`);
      });
      const now = (await stakingPods()).map(({ metadata }) => metadata.uid);
      expect(ended.filter((uid) => now.includes(uid))).toEqual([]);
    });
  });
});

/** The scheduler's reason for not placing a pod. */
function unschedulable({ status }: PodObject): string | undefined {
  const placed = status?.conditions?.find(({ type, status: holds }: Condition) => type === 'PodScheduled' && holds === 'False');
  return placed?.reason === 'Unschedulable' ? placed.message : undefined;
}

/** A pod that tolerates a machine out of reach for a second, no longer. */
async function impatientPodOn(admin: Api, machine: string): Promise<string> {
  const away = ['not-ready', 'unreachable'].map((state) => ({ key: `node.kubernetes.io/${state}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 }));
  const tolerations = [...away, { operator: 'Exists', effect: 'NoSchedule' }];
  await admin.call('POST', '/api/v1/namespaces/default/pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'impatient' }, spec: { nodeSelector: { 'kubernetes.io/hostname': machine }, tolerations, containers: [{ name: 'c', image: 'example.com/x:1' }] } });
  const path = '/api/v1/namespaces/default/pods/impatient';
  await until('the impatient pod is ready', async () => isReady(await admin.get<PodObject>(path)));
  return path;
}
