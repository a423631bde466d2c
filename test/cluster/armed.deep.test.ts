import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { appliedBy } from '../../apps/platform';
import { catalogue } from '../../chains';
import type { Manifest } from '../../constructs/manifest';
import type { FleetNode } from '../../model/types';
import { ANNOTATIONS, LABELS, networkNamespace } from '../../naming';
import type { Api, LiveObject } from './api';
import { applyAll, manifestsOf, quotasKnown, renderExample, type ClusterManifests, type Example } from './example';
import { describePods, isReady, until, type NodeObject, type PodObject } from './machines';
import { installNative, policiesOf, removeNative, withoutNative } from './policies';
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
      { describe: async () => describePods(await stakingPods()) },
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
      // The controller looks at every StatefulSet when it starts, and at this one after them.
      const template = { metadata: { labels: { app: 'later' } }, spec: { containers: [{ name: 'c', image: 'example.com/x:1' }] } };
      const spec = { replicas: 1, serviceName: 'later', selector: { matchLabels: { app: 'later' } }, template };
      await admin.call('POST', '/apis/apps/v1/namespaces/default/statefulsets', { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'later' }, spec });
      await settled();
      expect(isReady(await admin.get<PodObject>('/api/v1/namespaces/default/pods/later-0'))).toBe(true);
      await admin.call('DELETE', '/apis/apps/v1/namespaces/default/statefulsets/later');
      expect(await lives()).toEqual(before);
    });

    it('R7: a control plane that writes down a new default in every StatefulSet restarts nothing', async () => {
      const before = await lives();
      await settled();
      const migrator = await controlPlane().controller('storage-version-migrator');
      // A template with one more field is another revision (kubernetes/kubernetes#134773).
      for (const statefulSet of await statefulSets()) await migrator.patch(pathOf(statefulSet), { spec: { template: { spec: { hostUsers: true } } } });
      await settled();
      const rewritten = (await statefulSets()).filter(({ spec }) => spec.replicas > 0);
      expect(rewritten.filter(({ status }) => status.updateRevision === status.currentRevision).map(({ metadata }) => metadata.name)).toEqual([]);
      expect(await lives()).toEqual(before);
      await applyAll(deployer, workloads(), { force: true });
    });

    it('a changed file reaches a node when it is fired, and until then the old one is there', async () => {
      const statefulSet = await one();
      const rendered = workloads().find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === statefulSet.metadata.name)!;
      const file = workloads().find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith(`${statefulSet.metadata.name}-`) && metadata.namespace === statefulSet.metadata.namespace)!;
      const name = `${statefulSet.metadata.name}-0123456789`;
      const changedFile = { ...file, metadata: { ...file.metadata, name }, data: { ...(file['data'] as object), 'new.txt': 'x' } } as Manifest;
      const changedSet = JSON.parse(JSON.stringify(rendered).replaceAll(file.metadata.name, name)) as Manifest;
      const used = async (): Promise<unknown[]> => ((await podOf(statefulSet)).spec.volumes as { configMap?: { name: string } }[]).flatMap(({ configMap }) => (configMap ? [configMap.name] : []));
      const before = await podOf(statefulSet);
      await applyAll(deployer, [changedFile, changedSet], { force: true });
      await settled();
      expect((await podOf(statefulSet)).metadata.uid).toBe(before.metadata.uid);
      expect(new Set(await used())).toEqual(new Set([file.metadata.name]));
      expect((await admin.get(await admin.pathOf(file))).metadata.name).toBe(file.metadata.name);
      await fire(statefulSet, 0);
      await replaced(statefulSet, before.metadata.uid);
      expect(new Set(await used())).toEqual(new Set([name]));
      await applyAll(deployer, [rendered], { force: true });
      await settled();
    });

    describe('stopped by an operator, under the admission policies', () => {
      const policies = policiesOf(fleet!, CLUSTER);
      let operator: Api;
      const stopOf = (): object => ({ metadata: { annotations: { [ANNOTATIONS.hold]: 'double vote suspected' } }, spec: { replicas: 0 } });
      const renderedOf = ({ metadata }: StatefulSet): Manifest => workloads().find((object) => object.kind === 'StatefulSet' && object.metadata.name === metadata.name)!;
      const refusalOf = async (work: Promise<unknown>): Promise<string> => {
        const error = await work.then(() => undefined, (refused: unknown) => refused);
        return String(error);
      };
      const gone = (statefulSet: StatefulSet): Promise<void> => until('its pod is gone', async () => (await podOf(statefulSet).catch(() => undefined)) === undefined);

      beforeAll(async () => {
        operator = await controlPlane().as({ user: 'operator@example.com', groups: fleet!.settings.access.operators[cluster.cloud] });
        await applyAll(deployer, workloads(), { force: true });
        await settled();
        await installNative(admin, policies);
      });
      afterAll(() => removeNative(admin, policies));

      it('R7, R8: it stays stopped through every apply, forced or not, until the hold is lifted and it is started', async () => {
        const statefulSet = await one();
        await operator.patch(pathOf(statefulSet), stopOf());
        await gone(statefulSet);
        expect(await refusalOf(deployer.apply(renderedOf(statefulSet)))).toMatch(/409 Conflict/);
        expect(await refusalOf(deployer.apply(renderedOf(statefulSet), { force: true }))).toMatch(/'stockade-hold'.* the node is held \(double vote suspected\): nothing starts it/);
        expect(await refusalOf(operator.patch(`${pathOf(statefulSet)}/scale`, { spec: { replicas: 1 } }))).toContain('stockade-hold');
        expect(await refusalOf(operator.patch(pathOf(statefulSet), { metadata: { annotations: { [ANNOTATIONS.hold]: null } }, spec: { replicas: 1 } }))).toContain('lift the hold in a change of its own');
        // Everything else of the fleet goes on being applied.
        await applyAll(deployer, workloads().filter((object) => object !== renderedOf(statefulSet)), { force: true });
        expect((await statefulSets()).find(({ metadata }) => metadata.uid === statefulSet.metadata.uid)!.spec.replicas).toBe(0);

        await operator.patch(pathOf(statefulSet), { metadata: { annotations: { [ANNOTATIONS.hold]: null } } });
        await operator.patch(pathOf(statefulSet), { spec: { replicas: 1 } });
        await settled();
        expect(isReady(await podOf(statefulSet))).toBe(true);
        await deployer.apply(renderedOf(statefulSet), { force: true });
      });

      it('the control: without the policies the next forced apply starts it', async () => {
        const statefulSet = await one();
        await operator.patch(pathOf(statefulSet), stopOf());
        try {
          await gone(statefulSet);
          await withoutNative(admin, policies, async () => {
            await deployer.apply(renderedOf(statefulSet), { force: true });
            await settled();
          });
          expect(isReady(await podOf(statefulSet))).toBe(true);
        } finally {
          await operator.patch(pathOf(statefulSet), { metadata: { annotations: { [ANNOTATIONS.hold]: null } } });
        }
      });
    });

    describe('ended by its own kubelet, under the admission policies', () => {
      const policies = policiesOf(fleet!, CLUSTER);
      const clients = (state: object): object[] => [{ name: 'client', image: 'x', imageID: '', ready: false, restartCount: 0, state }];
      /** What a kubelet writes of a pod that it evicted or ended at its shutdown, or that it refused: then it knows of no container. */
      const ENDED = {
        evicted: { phase: 'Failed', reason: 'Evicted', initContainerStatuses: null, containerStatuses: clients({ terminated: { exitCode: 137 } }) },
        completed: { phase: 'Succeeded', initContainerStatuses: null, containerStatuses: clients({ terminated: { exitCode: 0 } }) },
        refused: { phase: 'Failed', reason: 'OutOfmemory', initContainerStatuses: null, containerStatuses: null },
      };
      const say = async ({ metadata, spec }: PodObject, status: object): Promise<unknown> => (await controlPlane().kubelet(spec.nodeName!)).patch(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`, { status });
      const refusals = ({ metadata }: PodObject): number =>
        controlPlane()
          .audit()
          .filter(({ user, requestURI, responseStatus }) => user.username.endsWith(':statefulset-controller') && requestURI.startsWith(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`) && responseStatus?.code === 403).length;

      beforeAll(async () => {
        await applyAll(deployer, workloads(), { force: true });
        await settled();
        await installNative(admin, policies);
      });
      afterAll(() => removeNative(admin, policies));

      it.each(Object.keys(ENDED) as (keyof typeof ENDED)[])('%s, it is replaced without a person', async (how) => {
        const statefulSet = await one();
        const pod = await podOf(statefulSet);
        await say(pod, ENDED[how]);
        await replaced(statefulSet, pod.metadata.uid);
        await settled();
      });

      it('the control: while one of its containers is said to run it stays, and is replaced once that has ended', async () => {
        const statefulSet = await one();
        const pod = await podOf(statefulSet);
        const before = refusals(pod);
        await say(pod, { ...ENDED.evicted, containerStatuses: clients({ running: {} }) });
        await until('the controller was refused', () => Promise.resolve(refusals(pod) > before));
        expect((await podOf(statefulSet)).metadata.uid).toBe(pod.metadata.uid);
        await say(pod, ENDED.evicted);
        await replaced(statefulSet, pod.metadata.uid);
        await settled();
      });

      it('by whatever other way, nobody writes how a pod ended: the API server keeps what was there', async () => {
        const { metadata } = await podOf(await one());
        const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
        const pod = await admin.get<LiveObject & { status: { containerStatuses: object[] } }>(path);
        const controller = await controlPlane().controller('statefulset-controller');
        const written = await controller.call<typeof pod>('PUT', path, { ...pod, status: { ...pod.status, phase: 'Failed', containerStatuses: null } });
        expect(written.status).toMatchObject({ phase: 'Running', containerStatuses: pod.status.containerStatuses });
      });
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
