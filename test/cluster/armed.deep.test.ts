import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFleetFolder } from '../../apps/check-fleet';
import { appliedBy } from '../../apps/platform';
import { catalogue } from '../../constructs/chains';
import type { Manifest } from '../../constructs/manifest';
import type { FleetNode } from '../../fleet/model';
import { LABELS, networkNamespace } from '../../naming';
import type { Api, LiveObject } from './api';
import { applyAll, manifestsOf, quotasKnown, renderExample, type ClusterManifests, type Example } from './example';
import { isReady, until, type NodeObject, type PodObject } from './machines';
import { describeCluster, useControlPlane, useMachines } from './suite';

const CLUSTER = 'gke-europe-west1';
const { fleet } = checkFleetFolder(join(__dirname, '..', '..', 'fleet'), catalogue);
const cluster = fleet!.clusters[CLUSTER]!;

interface StatefulSet extends LiveObject {
  readonly spec: { readonly replicas: number; readonly updateStrategy: { readonly rollingUpdate: { readonly partition: number } } };
  readonly status: { readonly observedGeneration: number; readonly currentRevision: string; readonly updateRevision: string; readonly readyReplicas?: number };
}

describeCluster(`${CLUSTER} on simulated machines`, () => {
  const controlPlane = useControlPlane({ serviceRange: cluster.ranges.services });
  const machines = useMachines(controlPlane, fleet!, CLUSTER);
  let example: Example;
  let manifests: ClusterManifests;
  let admin: Api;
  let deployer: Api;

  const statefulSets = (): Promise<StatefulSet[]> => admin.list<StatefulSet>('/apis/apps/v1/statefulsets');
  const stakingPods = async (): Promise<PodObject[]> =>
    (await admin.list<PodObject>(`/api/v1/pods?labelSelector=${LABELS.node}`)).filter(({ metadata }) => metadata.namespace!.startsWith('staking-'));
  /** Of every staking pod: who it is, in which life. */
  const lives = async (): Promise<Record<string, string>> => Object.fromEntries((await stakingPods()).map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.uid]));
  const workloads = (): Manifest[] => manifests.nodes.filter((object) => appliedBy(object) === 'deployer');

  /** Until the controller acted on the newest specification of every StatefulSet, and all their pods are ready. */
  const settled = (): Promise<void> =>
    until(
      'every StatefulSet was looked at and has its pods ready',
      async () => (await statefulSets()).every(({ metadata, spec, status }) => status.observedGeneration === metadata.generation && (status.readyReplicas ?? 0) === spec.replicas),
      { describe: async () => JSON.stringify((await stakingPods()).filter((pod) => !isReady(pod)).map(({ metadata, status }) => [metadata.name, status?.phase, status?.conditions])) },
    );

  beforeAll(async () => {
    example = await renderExample(CLUSTER);
    manifests = manifestsOf(example, CLUSTER);
    admin = controlPlane().admin;
    deployer = await controlPlane().as({ user: 'deployer@example.com', groups: fleet!.settings.access.deployers[cluster.cloud] });
    await applyAll(admin, manifests.platform);
    await quotasKnown(admin);
    await applyAll(admin, manifests.nodes.filter((object) => appliedBy(object) === 'platform'));
    await applyAll(deployer, workloads());
    await settled();
  });
  afterAll(() => example?.remove());

  describe('scheduling', () => {
    it('finds room on the machines that the sizing asks for, in the declared zone, on a pool for its chain', async () => {
      const pods = await stakingPods();
      const nodes = new Map((await admin.list<NodeObject>('/api/v1/nodes')).map((node) => [node.metadata.name, node]));
      const placed = pods.map(({ metadata, spec }) => {
        const machine = nodes.get(spec.nodeName!)!;
        const pool = cluster.pools.find(({ name }) => name === machine.metadata.labels![LABELS.pool]);
        return { pod: metadata.name, zone: machine.metadata.labels!['topology.kubernetes.io/zone'], ofChain: pool?.chains.includes(metadata.labels![LABELS.chain]!) };
      });
      const declared = runningNodes().flatMap((node) =>
        pods.filter(({ metadata }) => metadata.namespace === networkNamespace(node.network) && metadata.labels![LABELS.node] === node.name).map(({ metadata }) => ({ pod: metadata.name, zone: node.zone, ofChain: true })),
      );
      expect(declared.length).toBeGreaterThanOrEqual(runningNodes().length);
      expect(placed.sort(byPod)).toEqual(declared.sort(byPod));
    });

    it('puts nothing that stakes on an untainted machine, which takes whatever is not held off it', async () => {
      const untainted = machines.filter(({ taints }) => taints.length === 0).map(({ name }) => name);
      expect(untainted.length).toBe(cluster.zones.length);
      expect((await stakingPods()).filter(({ spec }) => untainted.includes(spec.nodeName!))).toEqual([]);
      await admin.call('POST', '/api/v1/namespaces/default/pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'ordinary' }, spec: { containers: [{ name: 'c', image: 'example.com/x:1' }] } });
      const ordinary = (): Promise<PodObject> => admin.get<PodObject>('/api/v1/namespaces/default/pods/ordinary');
      await until('an ordinary pod was placed', async () => (await ordinary()).spec.nodeName !== undefined);
      expect(untainted).toContain((await ordinary()).spec.nodeName);
    });

    it('gives every pod disks of its own, bound in its zone', async () => {
      const claims = await admin.list<LiveObject & { spec: { volumeName?: string }; status: { phase: string } }>('/api/v1/persistentvolumeclaims');
      const used = (await stakingPods()).flatMap(({ metadata, spec }) => (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: pvc }) => (pvc ? [`${metadata.namespace}/${pvc.claimName}`] : [])));
      expect(new Set(used).size).toBe(used.length);
      const bound = claims.filter(({ status }) => status.phase === 'Bound').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      expect(bound.sort()).toEqual(used.sort());
    });
  });

  describe('armed', () => {
    const TEMPLATE_MARK = 'stockade.dev/test-revision';
    /** Every workload, with another template; as a reviewed change of a client's settings would have it. */
    const changed = (mark: string, partition = 1): Manifest[] =>
      workloads().map((object) => {
        if (object.kind !== 'StatefulSet') return object;
        const copy = structuredClone(object) as Manifest & { spec: { updateStrategy: { rollingUpdate: { partition: number } }; template: { metadata: { annotations?: Record<string, string> } } } };
        copy.spec.template.metadata.annotations = { ...copy.spec.template.metadata.annotations, [TEMPLATE_MARK]: mark };
        copy.spec.updateStrategy.rollingUpdate.partition = partition;
        return copy;
      });
    const one = async (): Promise<StatefulSet> => (await statefulSets()).find(({ metadata }) => metadata.labels?.[LABELS.signer] === 'true')!;
    const pathOf = ({ metadata }: StatefulSet): string => `/apis/apps/v1/namespaces/${metadata.namespace}/statefulsets/${metadata.name}`;
    const podOf = ({ metadata }: StatefulSet): Promise<PodObject> => admin.get<PodObject>(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}-0`);
    const fire = (statefulSet: StatefulSet, partition: number): Promise<unknown> => admin.patch(pathOf(statefulSet), { spec: { updateStrategy: { rollingUpdate: { partition } } } });
    const replaced = async (statefulSet: StatefulSet, uid: string): Promise<PodObject> => {
      await until('the pod was replaced and is ready', async () => {
        const pod = await podOf(statefulSet).catch(() => undefined);
        return pod !== undefined && pod.metadata.uid !== uid && isReady(pod);
      });
      return podOf(statefulSet);
    };

    it('is rendered so: every StatefulSet has partition 1', async () => {
      expect(new Set((await statefulSets()).map(({ spec }) => spec.updateStrategy.rollingUpdate.partition))).toEqual(new Set([1]));
    });

    it('applying everything again restarts nothing', async () => {
      const before = await lives();
      await applyAll(deployer, workloads());
      await settled();
      expect(await lives()).toEqual(before);
    });

    it('a new template for every StatefulSet restarts nothing', async () => {
      const before = await lives();
      await applyAll(deployer, changed('2'));
      await settled();
      const all = await statefulSets();
      expect(all.filter(({ spec, status }) => spec.replicas > 0 && status.updateRevision === status.currentRevision).map(({ metadata }) => metadata.name)).toEqual([]);
      expect(await lives()).toEqual(before);
    });

    it('a deleted pod comes back at the revision that it had; firing replaces it; arming again changes nothing', async () => {
      const statefulSet = await one();
      const { currentRevision, updateRevision } = statefulSet.status;
      const first = await podOf(statefulSet);
      expect(first.metadata.labels!['controller-revision-hash']).toBe(currentRevision);

      await admin.call('DELETE', `/api/v1/namespaces/${first.metadata.namespace}/pods/${first.metadata.name}`);
      const second = await replaced(statefulSet, first.metadata.uid);
      expect(second.metadata.labels!['controller-revision-hash']).toBe(currentRevision);
      expect(second.metadata.annotations?.[TEMPLATE_MARK]).toBeUndefined();

      const others = await lives();
      await fire(statefulSet, 0);
      const third = await replaced(statefulSet, second.metadata.uid);
      expect(third.metadata.labels!['controller-revision-hash']).toBe(updateRevision);
      expect(third.metadata.annotations?.[TEMPLATE_MARK]).toBe('2');

      await fire(statefulSet, 1);
      await settled();
      expect((await podOf(statefulSet)).metadata.uid).toBe(third.metadata.uid);
      expect(await lives()).toEqual({ ...others, [`${third.metadata.namespace}/${third.metadata.name}`]: third.metadata.uid });

      await admin.call('DELETE', `/api/v1/namespaces/${third.metadata.namespace}/pods/${third.metadata.name}`);
      const fourth = await replaced(statefulSet, third.metadata.uid);
      expect(fourth.metadata.labels!['controller-revision-hash']).toBe(updateRevision);
    });

    it('a restart of the whole control plane restarts nothing', async () => {
      const before = await lives();
      for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const) await controlPlane().restart(name);
      await settled();
      expect(await lives()).toEqual(before);
    });

    it('is what holds them: disarmed beforehand, the same change restarts every pod', async () => {
      const before = await lives();
      await applyAll(deployer, changed('3', 0), { force: true });
      await until('every pod was replaced', async () => {
        const now = await lives();
        return Object.keys(now).length === Object.keys(before).length && Object.entries(now).every(([pod, uid]) => before[pod] !== uid);
      });
      await settled();
      expect(Object.keys(await lives()).sort()).toEqual(Object.keys(before).sort());
    });
  });
});

const runningNodes = (): FleetNode[] => fleet!.nodes.filter((node) => node.cluster === CLUSTER && node.state === 'running');

const byPod = (a: { pod: string }, b: { pod: string }): number => (a.pod < b.pod ? -1 : 1);
