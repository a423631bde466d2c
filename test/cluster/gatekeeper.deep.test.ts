import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { nativeName, templateKind } from '../../apps/policies';
import { catalogue } from '../../chains';
import type { Manifest } from '../../constructs/manifest';
import { ANNOTATIONS, LABELS, networkNamespace } from '../../naming';
import { ApiError, type Api, type LiveObject } from './api';
import { applyAll, manifestsOf, quotasKnown, renderExample, type Example } from './example';
import { GATEKEEPER, haltGatekeeper, installGatekeeper, removeGatekeeper, runGatekeeper, violations } from './gatekeeper';
import { describePods, isReady, loseMachines, until, type PodObject } from './machines';
import { installNative, policiesOf, removeNative, withoutNative } from './policies';
import { describeCluster, useControlPlane, useMachines } from './suite';

const CLUSTER = 'gke-europe-west1';
const NAMESPACE = networkNamespace('ethereum-hoodi');
const { fleet } = checkFleetFolder(join(__dirname, '..', '..', 'fleet'), catalogue);
const cluster = fleet!.clusters[CLUSTER]!;
const policies = policiesOf(fleet!, CLUSTER);
const pod = (name: string): string => `/api/v1/namespaces/${NAMESPACE}/pods/${name}`;

describeCluster(`${CLUSTER} with Gatekeeper`, () => {
  const controlPlane = useControlPlane({ serviceRange: cluster.ranges.services });
  const cutOff = new Set<string>();
  const machines = useMachines(controlPlane, fleet!, CLUSTER, cutOff);
  let example: Example;
  let admin: Api;
  let builder: Api;
  let deployer: Api;
  let manifests: readonly Manifest[];

  const statefulSet = (): Manifest => manifests.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.labels![LABELS.signer] === 'true')!;
  const signer = (): string => `${statefulSet().metadata.name}-0`;
  const uidOf = async (name: string): Promise<string | undefined> => {
    const reply = await admin.request('GET', pod(name));
    return reply.status === 200 ? (reply.body as LiveObject).metadata.uid : undefined;
  };
  const anotherThan = (name: string, before: string | undefined): Promise<void> =>
    until('another pod took its place', async () => {
      const now = await uidOf(name);
      return now !== undefined && now !== before;
    });
  const running = async (): Promise<PodObject[]> => (await admin.list<PodObject>(`/api/v1/namespaces/${NAMESPACE}/pods`)).filter(isReady);
  const wanted = (): number => manifests.filter(({ kind }) => kind === 'StatefulSet').length;
  const allReady = (): Promise<void> => until('every pod is ready', async () => (await running()).length === wanted(), { describe: async () => describePods(await admin.list<PodObject>(`/api/v1/namespaces/${NAMESPACE}/pods`)) });

  beforeAll(async () => {
    example = await renderExample(CLUSTER);
    admin = controlPlane().admin;
    deployer = await controlPlane().as({ user: 'deployer@example.com', groups: fleet!.settings.access.deployers[cluster.cloud] });
    builder = await controlPlane().as({ user: 'platform@example.com', groups: [...fleet!.settings.access.platform[cluster.cloud], 'system:masters'] });
    const { platform, nodes } = manifestsOf(example, CLUSTER);
    manifests = nodes.filter(({ metadata }) => metadata.namespace === NAMESPACE);
    await applyAll(admin, platform);
    await quotasKnown(admin);
    await applyAll(admin, manifests);
    await allReady();
  });
  afterAll(() => example?.remove());

  describe('its audit', () => {
    const kindOf = (rule: string): Manifest => policies.gatekeeper.constraints.find(({ kind }) => kind === templateKind(rule))!;

    /** Nobody asks Gatekeeper meanwhile; its audit goes on. */
    const mend = async (): Promise<void> => {
      await removeGatekeeper(controlPlane(), policies.gatekeeper, { builder, keepConstraints: true });
      await admin.request('DELETE', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/second`);
      await applyAll(admin, [statefulSet()], { force: true });
      await until('the second pod is gone', async () => (await uidOf(`${statefulSet().metadata.name}-1`)) === undefined);
    };
    afterAll(mend);

    beforeAll(async () => {
      await installGatekeeper(controlPlane(), policies.gatekeeper, { binary: inject('binaries').gatekeeper, builder });
    });

    it('finds nothing wrong with what the fleet declares', async () => {
      const judged = policies.rules.filter(({ judges, nativeOnly }) => judges === 'object' && nativeOnly === undefined);
      // One audit for all of them.
      const found = await Promise.all(judged.map(async ({ name }) => [name, await violations(admin, kindOf(name))] as const));
      expect(found.length).toBeGreaterThan(5);
      expect(found.filter(([, some]) => some.length > 0)).toEqual([]);
    });

    it('finds what was there before the policies: a second replica, a weakened template, another workload', async () => {
      await removeGatekeeper(controlPlane(), policies.gatekeeper, { builder });
      const { name } = statefulSet().metadata;
      const path = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/${name}`;
      const { spec } = await admin.get<LiveObject & { spec: { template: { spec: { containers: { name: string; securityContext: object }[] } } } }>(path);
      const containers = spec.template.spec.containers.map((container) => ({ ...container, securityContext: { ...container.securityContext, readOnlyRootFilesystem: false } }));
      await admin.call('DELETE', `/api/v1/namespaces/${NAMESPACE}/resourcequotas/declared`);
      await admin.patch(path, { spec: { replicas: 2, template: { spec: { containers } } } });
      const template = { metadata: { labels: { app: 'second' } }, spec: { containers: [{ name: 'c', image: 'evil.example/x' }] } };
      await admin.call('POST', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'second' }, spec: { replicas: 0, selector: { matchLabels: { app: 'second' } }, template } });

      await installGatekeeper(controlPlane(), policies.gatekeeper, { binary: inject('binaries').gatekeeper, builder });
      const found = async (rule: string): Promise<string[]> => (await violations(admin, kindOf(rule))).map(({ kind, name: of, message }) => `${kind} ${of}: ${message}`);
      const [replicas, hardening, others] = await Promise.all(['single-replica', 'hardened-pods', 'no-other-workloads'].map(found));
      expect(replicas).toEqual([expect.stringMatching(new RegExp(`^StatefulSet ${name}: replicas: 2 would start a second signer`))]);
      expect(hardening).toContainEqual(expect.stringMatching(new RegExp(`^StatefulSet ${name}: .*read-only root`)));
      expect(others).toContainEqual(expect.stringMatching(/^Deployment second: a Deployment has no place/));

      // Mended, it finds nothing: what it reports is what is there.
      await mend();
      expect(await found('single-replica')).toEqual([]);
      await allReady();
    });
  });

  describe.each(['killed', 'hanging'] as const)('%s, with its webhook failing closed', (how) => {
    const stop = (): Promise<void> | void => (how === 'killed' ? haltGatekeeper(controlPlane()) : controlPlane().signal(GATEKEEPER, 'SIGSTOP'));
    const goOn = (): Promise<void> | void => (how === 'killed' ? runGatekeeper(controlPlane(), inject('binaries').gatekeeper) : controlPlane().signal(GATEKEEPER, 'SIGCONT'));

    beforeAll(async () => {
      await installGatekeeper(controlPlane(), policies.gatekeeper, { binary: inject('binaries').gatekeeper, builder });
      await installNative(admin, policies, builder);
      await stop();
    });
    afterAll(async () => {
      await goOn();
      await removeNative(admin, policies);
    });

    it('a person\'s change is refused, since nobody can judge it', async () => {
      const refusal = await deployer.apply(statefulSet(), { dryRun: true }).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(ApiError);
      expect((refusal as Error).message).toMatch(/failed calling webhook "staking\.gatekeeper\.stockade\.dev"/);
    });

    it('an operator\'s stop is not: it waits for nobody, and nothing else may be in it', async () => {
      const operator = await controlPlane().as({ user: 'operator@example.com', groups: fleet!.settings.access.operators[cluster.cloud] });
      const path = `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/${statefulSet().metadata.name}`;
      const patch = async (as: Api, body: object, subresource = ''): Promise<[number, string]> => {
        const reply = await as.request('PATCH', `${path}${subresource}?dryRun=All`, { body, contentType: 'application/merge-patch+json' });
        return [reply.status, JSON.stringify(reply.body)];
      };
      const stop = { metadata: { annotations: { [ANNOTATIONS.hold]: 'double vote suspected' } }, spec: { replicas: 0 } };
      expect(await patch(operator, stop)).toEqual([200, expect.anything()]);
      expect(await patch(operator, { spec: { replicas: 0 } }, '/scale')).toEqual([200, expect.anything()]);
      // Who may not stop is refused by the native policies; what is more than a stop, since nobody can judge it.
      expect(await patch(deployer, stop)).toEqual([expect.any(Number), expect.stringMatching(/failed calling webhook|stockade-(hold|workload-writers)/)]);
      expect((await patch(deployer, stop))[0]).not.toBe(200);
      for (const more of [{ spec: { replicas: 0, minReadySeconds: 5 } }, { metadata: { labels: { note: 'x' } }, spec: { replicas: 0 } }, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } }]) {
        const [status, said] = await patch(operator, more);
        expect(status, said).not.toBe(200);
        expect(said).toMatch(/failed calling webhook|stockade-workload-writers/);
      }
    });

    it('machines renew their leases, and kube-system\'s objects change', async () => {
      const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
      const renewals = async (): Promise<string[]> => (await admin.list<LiveObject & { spec: { renewTime: string } }>(lease)).map(({ spec }) => spec.renewTime);
      const before = await renewals();
      expect(before.length).toBe(machines.length);
      await until('every lease was renewed', async () => (await renewals()).every((time, index) => time !== before[index]));
      await admin.call('POST', '/api/v1/namespaces/kube-system/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `written-while-${how}` } });
      await admin.call('POST', '/apis/apps/v1/namespaces/default/deployments', {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: `started-while-${how}` },
        spec: { replicas: 1, selector: { matchLabels: { app: how } }, template: { metadata: { labels: { app: how } }, spec: { containers: [{ name: 'c', image: 'example.com/x:1' }] } } },
      });
      await until('an ordinary pod runs', async () => (await admin.list<PodObject>(`/api/v1/namespaces/default/pods?labelSelector=app=${how}`)).filter(isReady).length === 1);
    });

    it('a staking pod that its controller deletes is ended by its kubelet, made again and placed', async () => {
      const name = signer();
      const before = await uidOf(name);
      const controller = await controlPlane().controller('statefulset-controller');
      await controller.call('DELETE', pod(name));
      await anotherThan(name, before);
      await allReady();
    });

    it('the control: with Gatekeeper answering, the same change passes', async () => {
      await goOn();
      await until('Gatekeeper answers', async () => (await deployer.request('PATCH', `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/${statefulSet().metadata.name}?dryRun=All`, { body: {}, contentType: 'application/merge-patch+json' })).status === 200);
      await expect(deployer.apply(statefulSet(), { dryRun: true })).resolves.toBeDefined();
    });
  });

  describe('a machine that is gone for Kubernetes alone', () => {
    const lifecycle = (): Promise<Api> => controlPlane().controller('node-controller');
    const second = (): string => `${manifests.filter(({ kind, metadata }) => kind === 'StatefulSet' && metadata.labels![LABELS.signer] === 'true')[1]!.metadata.name}-0`;
    const outOfService = async (machine: string): Promise<object[]> => {
      const { spec } = await admin.get<LiveObject & { spec: { taints: object[] } }>(`/api/v1/nodes/${machine}`);
      return [...spec.taints, { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }];
    };
    const machineOf = async (name: string): Promise<string> => (await admin.get<PodObject>(pod(name))).spec.nodeName!;
    /** What the pod garbage collector tried and was refused, as the API server wrote it down. */
    const refusals = (name: string): number =>
      controlPlane()
        .audit()
        .filter(({ user, requestURI, responseStatus }) => user.username.endsWith(':pod-garbage-collector') && requestURI.startsWith(pod(name)) && responseStatus?.code === 403).length;

    beforeAll(async () => {
      await removeGatekeeper(controlPlane(), policies.gatekeeper, { builder });
      await installNative(admin, policies, builder);
    });

    it('K2: its Node object deleted, the signer\'s pod stays, and no second one is made', async () => {
      const name = signer();
      const uid = await uidOf(name);
      const machine = await machineOf(name);
      const ordinary = await ordinaryPodOn(admin, machine);
      await lifecycle().then((api) => api.call('DELETE', `/api/v1/nodes/${machine}`));
      await until('the garbage collector took the ordinary pod of that machine', async () => (await admin.request('GET', ordinary)).status === 404);
      await until('and was refused the signer\'s', () => Promise.resolve(refusals(name) > 0));
      expect(await uidOf(name)).toBe(uid);
      expect((await admin.get<PodObject>(pod(name))).status?.phase).toBe('Running');
    });

    it('K2, the control: without policies it is force-deleted, and a second one is made', async () => {
      const name = signer();
      const uid = await uidOf(name);
      await withoutNative(admin, policies, () => anotherThan(name, uid), builder);
    });

    it('K3: out-of-service on a machine that is only cut off: the signer\'s pod stays, and no second one is made', async () => {
      const name = second();
      const uid = await uidOf(name);
      const machine = await machineOf(name);
      const taints = await outOfService(machine);
      const breakGlass = await controlPlane().as({ user: 'somebody@example.com', groups: fleet!.settings.access.breakGlass[cluster.cloud] });
      const refused = await breakGlass.patch(`/api/v1/nodes/${machine}`, { spec: { taints } }).catch((error: unknown) => error);
      expect((refused as Error).message).toContain(nativeName('machines'));

      // The cloud's controller is believed. It marks the pod for deletion; the machine hears nothing, so the collector would finish it.
      await loseMachines(admin, [machine], cutOff, (one) => controlPlane().kubelet(one));
      await lifecycle().then((api) => api.patch(`/api/v1/nodes/${machine}`, { spec: { taints } }));
      await until('the collector was refused', () => Promise.resolve(refusals(name) > 0));
      expect(await uidOf(name)).toBe(uid);
      expect((await admin.get<PodObject>(pod(name))).metadata.deletionTimestamp).toBeDefined();
    });

    it('K3, the control: without policies it is force-deleted, and a second one is made', async () => {
      const name = second();
      const uid = await uidOf(name);
      await withoutNative(admin, policies, () => anotherThan(name, uid), builder);
    });
  });
});

async function ordinaryPodOn(admin: Api, machine: string): Promise<string> {
  const spec = { nodeName: machine, tolerations: [{ operator: 'Exists' }], containers: [{ name: 'c', image: 'example.com/x:1' }] };
  await admin.call('POST', '/api/v1/namespaces/default/pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'on-that-machine' }, spec });
  return '/api/v1/namespaces/default/pods/on-that-machine';
}
