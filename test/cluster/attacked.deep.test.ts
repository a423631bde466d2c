import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkFleetFolder } from '../../fleet/check-folder';
import { nativeName } from '../../apps/policies';
import { catalogue } from '../../constructs/chains';
import type { Manifest } from '../../constructs/manifest';
import { ANNOTATIONS, LABELS, networkNamespace, ROLLOUT_ENGINE_SERVICE_ACCOUNT, SYSTEM_NAMESPACE } from '../../naming';
import { ACTS, CONTROL_PLANE, IDENTITIES, ROLES, type Act, type Identity, type Live, type World } from './acts';
import type { Api, Reply } from './api';
import { applyAll, manifestsOf, quotasKnown, renderExample, type Example } from './example';
import { installGatekeeper, removeGatekeeper } from './gatekeeper';
import { describePods, isReady, until, type PodObject } from './machines';
import { installNative, policiesOf, removeNative } from './policies';
import type { Subject } from './pki';
import { describeCluster, useControlPlane, useMachines } from './suite';

const CLUSTER = 'gke-europe-west1';
const NETWORK = 'ethereum-hoodi';
const NAMESPACE = networkNamespace(NETWORK);
const { fleet } = checkFleetFolder(join(__dirname, '..', '..', 'fleet'), catalogue);
const cluster = fleet!.clusters[CLUSTER]!;
const policies = policiesOf(fleet!, CLUSTER);
const nativeOnly = new Set(policies.rules.filter((rule) => rule.nativeOnly !== undefined).map(({ name }) => name));

/** The pinned minor's API server, and the next one's. */
const SERVERS = ['kube-apiserver', 'kube-apiserver-next'] as const;

/**
 * Every act by every identity, against the same live objects, layer by layer. Whatever has a dry run is one: admission judges it, and
 * nothing changes for the next act.
 */
describe.each(SERVERS)('%s', (apiServer) => describeCluster(`${CLUSTER} under attack`, () => {
  const controlPlane = useControlPlane({ serviceRange: cluster.ranges.services, apiServer });
  useMachines(controlPlane, fleet!, CLUSTER);
  let example: Example;
  let admin: Api;
  let world: World;
  let apis: Record<Identity, Api>;

  beforeAll(async () => {
    example = await renderExample(CLUSTER);
    admin = controlPlane().admin;
    const { platform, nodes } = manifestsOf(example, CLUSTER);
    const network = (object: Manifest): boolean => object.metadata.namespace === NAMESPACE;
    await applyAll(admin, platform);
    await quotasKnown(admin);
    await admin.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', snapshotKind('VolumeSnapshot', 'Namespaced'));
    await admin.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', snapshotKind('VolumeSnapshotContent', 'Cluster'));
    await applyAll(admin, nodes.filter(network));
    await admin.call('DELETE', `/api/v1/namespaces/${NAMESPACE}/resourcequotas/declared`);
    world = await prepare(admin, nodes.filter(network));
    // Pod Security refuses some of these acts too. It is another layer: here the policies stand alone.
    await admin.patch(`/api/v1/namespaces/${NAMESPACE}`, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged', 'pod-security.kubernetes.io/warn': 'privileged' } } });
    world = { ...world, namespaceObject: await admin.get<Live>(`/api/v1/namespaces/${NAMESPACE}`) };
    apis = Object.fromEntries(await Promise.all(IDENTITIES.map(async (identity) => [identity, await controlPlane().as(subjectOf(identity, world))]))) as Record<Identity, Api>;
    // Gatekeeper's kinds are there from the start, so that acts on them are valid requests in every phase.
    await installGatekeeper(controlPlane(), policies.gatekeeper, { binary: inject('binaries').gatekeeper });
    await removeGatekeeper(controlPlane(), policies.gatekeeper, { keepConstraints: true });
  });
  afterAll(() => example?.remove());

  describe('with nothing in the way', () => {
    beforeAll(() => everybodyMayDoEverything(admin, true));

    it.each(ACTS)('control: $rule: $title', async (act) => {
      expect(outcome(await attempt(apis.editor, act, world))).toEqual({ passed: true });
    });
  });

  describe('with the native policies alone, and rights for everybody', () => {
    beforeAll(async () => {
      await everybodyMayDoEverything(admin, true);
      await installNative(admin, policies);
    });

    it.each(ACTS)('$rule: $title', async (act) => {
      for (const identity of [...ROLES, ...(act.also ?? [])]) judge(act, identity, outcome(await attempt(apis[identity], act, world)), 'ValidatingAdmissionPolicy');
    });
  });

  // The other layers don't depend on the API server's minor as the expressions of policies do.
  const everyLayer = apiServer === 'kube-apiserver';

  describe.runIf(everyLayer)('with the native policies and the roles that people have', () => {
    beforeAll(async () => {
      await installNative(admin, policies);
      await everybodyMayDoEverything(admin, false);
    });

    it.each(ACTS)('$rule: $title', async (act) => {
      const passed: Identity[] = [];
      for (const identity of ROLES) if (outcome(await attempt(apis[identity], act, world)).passed) passed.push(identity);
      expect(passed.sort()).toEqual([...(act.table ?? []), ...(act.allowed.includes('editor') ? ['editor'] : [])].sort());
    });

    it('the policies and their bindings, which admission does not see, are written by none of the roles', async () => {
      for (const identity of ROLES.filter((one) => one !== 'editor')) {
        for (const kind of ['validatingadmissionpolicies', 'validatingadmissionpolicybindings']) {
          const path = `/apis/admissionregistration.k8s.io/v1/${kind}/${nativeName('single-replica')}`;
          const replies = [await apis[identity].request('DELETE', `${path}?dryRun=All`), await apis[identity].request('PATCH', `${path}?dryRun=All`, { body: { metadata: { labels: { x: 'y' } } }, contentType: 'application/merge-patch+json' })];
          expect(replies.map(({ status }) => status), `${identity} on ${kind}`).toEqual([403, 403]);
        }
      }
      // The control: it is RBAC alone that holds it.
      const reply = await apis.editor.request('DELETE', `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/${nativeName('single-replica')}?dryRun=All`);
      expect(reply.status).toBe(200);
    });
  });

  describe.runIf(everyLayer)('with Gatekeeper alone, and rights for everybody', () => {
    beforeAll(async () => {
      await everybodyMayDoEverything(admin, true);
      await removeNative(admin, policies);
      await installGatekeeper(controlPlane(), policies.gatekeeper, { binary: inject('binaries').gatekeeper });
    });
    afterAll(() => removeGatekeeper(controlPlane(), policies.gatekeeper));

    it.each(ACTS.filter(({ rule }) => !nativeOnly.has(rule)))('$rule: $title', async (act) => {
      // Gatekeeper isn't asked about the control plane and kubelets, nor does it judge its own account.
      for (const identity of [...ROLES, ...(act.also ?? [])]) {
        if (CONTROL_PLANE.includes(identity) || identity === 'gatekeeper') continue;
        judge(act, identity, outcome(await attempt(apis[identity], act, world)), 'admission webhook');
      }
    });
  });
}));

interface Outcome {
  readonly passed: boolean;
  readonly said?: string;
}

async function attempt(api: Api, { request, connects, real }: Act, world: World): Promise<Reply & { connects?: true }> {
  const { method, path, body, contentType } = request(world);
  const dry = connects || real ? path : `${path}${path.includes('?') ? '&' : '?'}dryRun=All`;
  const reply = await api.request(method, dry, { body, ...(contentType ? { contentType } : {}) });
  return { ...reply, ...(connects ? { connects } : {}) };
}

/** A session on a simulated machine can't be had: whatever is said of it but a refusal means that it was let through. */
function outcome({ status, body, connects }: Reply & { connects?: true }): Outcome {
  const said = typeof body === 'string' ? body : ((body as { message?: string } | null)?.message ?? JSON.stringify(body));
  // The eviction's own answer, once it was admitted: the budget allows none.
  const passed = status < 300 || (status === 429 && said.includes('disruption budget')) || (connects === true && !(status === 403 && (body as { kind?: string } | null)?.kind === 'Status' && /cannot|denied the request|denied request/.test(said)));
  return passed ? { passed } : { passed, said: `${status} ${said}` };
}

function judge(act: Act, identity: Identity, { passed, said }: Outcome, by: string): void {
  const what = `${act.title}, by ${identity}${said === undefined ? '' : `: ${said}`}`;
  expect(passed, what).toBe(act.allowed.includes(identity));
  if (passed) return;
  expect(said, what).toContain(by);
  expect(said, what).not.toMatch(/resulted in error|no such key|no such overload|failed expression|evaluation/);
  const rules = [act.rule, ...(act.or ?? [])];
  expect(rules.some((rule) => said!.includes(nativeName(rule))), `${what}\n(expected ${rules.join(' or ')})`).toBe(true);
}

async function everybodyMayDoEverything(admin: Api, may: boolean): Promise<void> {
  const name = 'everybody';
  const path = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
  const RBAC = 'rbac.authorization.k8s.io';
  const subjects = [{ apiGroup: RBAC, kind: 'Group', name: may ? 'system:authenticated' : 'editors' }];
  await admin.request('DELETE', `${path}/${name}`);
  await admin.call('POST', path, { apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata: { name }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'cluster-admin' }, subjects });
  // The authorizer sees bindings come and go in its own time.
  const allowed = async (groups: readonly string[]): Promise<boolean> => {
    const spec = { user: 'somebody@example.com', groups: [...groups, 'system:authenticated'], resourceAttributes: { verb: '*', group: '*', resource: '*' } };
    return (await admin.call<{ status: { allowed: boolean } }>('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec })).status.allowed;
  };
  await until(may ? 'everybody may do everything' : 'editors alone may do everything', async () => (await allowed([])) === may && (await allowed(['editors'])));
}

function subjectOf(identity: Identity, { pod }: World): Subject {
  const { access } = fleet!.settings;
  const cloud = cluster.cloud;
  const serviceAccount = (namespace: string, name: string): Subject => ({ user: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`] });
  const person = (groups: readonly string[]): Subject => ({ user: `${identity}@example.com`, groups: [...groups] });
  switch (identity) {
    case 'viewer':
      return person(access.viewers[cloud]);
    case 'operator':
      return person(access.operators[cloud]);
    case 'deployer':
      return person(access.deployers[cloud]);
    case 'breakGlass':
      return person(access.breakGlass[cloud]);
    case 'planner':
      return person(access.planners[cloud]);
    case 'dataCustodian':
      return person(access.dataCustodians[cloud]);
    case 'platform':
      return person(access.platform[cloud]);
    case 'editor':
      return person(['editors']);
    case 'rolloutEngine':
      return serviceAccount(SYSTEM_NAMESPACE, ROLLOUT_ENGINE_SERVICE_ACCOUNT);
    // Outside the group of machines, so that NodeRestriction, another layer, does not answer in the policy's place.
    case 'ownKubelet':
      return { user: `system:node:${pod.spec.nodeName}`, groups: [] };
    case 'otherKubelet':
      return { user: 'system:node:another-machine', groups: [] };
    case 'statefulSetController':
      return serviceAccount('kube-system', 'statefulset-controller');
    case 'podGarbageCollector':
      return serviceAccount('kube-system', 'pod-garbage-collector');
    case 'garbageCollector':
      return serviceAccount('kube-system', 'generic-garbage-collector');
    case 'scheduler':
      return { user: 'system:kube-scheduler', groups: [] };
    case 'provisioner':
      return serviceAccount('kube-system', 'csi-provisioner');
    case 'stakingAccount':
      return serviceAccount(NAMESPACE, 'default');
    case 'gatekeeper':
      return serviceAccount('gatekeeper-system', 'gatekeeper-admin');
  }
}

const FINALIZER = 'example.com/keep';
/** A node that is declared nowhere. */
const FRESH = 'hoodi-fresh';

/** Node 0 runs; of node 1 the validator is held, the consensus client stopped, and the execution client's pod carries a proof. */
async function prepare(admin: Api, nodes: readonly Manifest[]): Promise<World> {
  const [zero, one] = fleet!.nodes.filter((node) => node.cluster === CLUSTER && node.network === NETWORK).map(({ name }) => name) as [string, string];
  const statefulSet = (name: string): string => `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/${name}`;
  const pod = (name: string): string => `/api/v1/namespaces/${NAMESPACE}/pods/${name}-0`;
  const wanted = nodes.filter(({ kind }) => kind === 'StatefulSet').length;
  const pods = (): Promise<PodObject[]> => admin.list<PodObject>(`/api/v1/namespaces/${NAMESPACE}/pods`);
  await until(`${wanted} pods are ready`, async () => (await pods()).filter(isReady).length === wanted, { timeoutMs: 180_000, describe: async () => describePods(await pods()) });
  await admin.patch(statefulSet(`${one}-validator`), { metadata: { annotations: { [ANNOTATIONS.hold]: 'double vote suspected' } }, spec: { replicas: 0 } });
  await admin.patch(statefulSet(`${one}-consensus`), { spec: { replicas: 0 } });
  await until('the stopped pods are gone', async () => (await admin.list(`/api/v1/namespaces/${NAMESPACE}/pods`)).length === wanted - 2);
  await until('their StatefulSets know', async () => ((await admin.get<Live>(statefulSet(`${one}-consensus`))).status?.replicas ?? 0) === 0 && ((await admin.get<Live>(statefulSet(`${one}-validator`))).status?.replicas ?? 0) === 0);
  const proven = await admin.get<Live>(pod(`${one}-execution`));
  await admin.patch(pod(`${one}-execution`), { metadata: { finalizers: [FINALIZER], annotations: { [ANNOTATIONS.machineEnded]: `${proven.spec.nodeName}: instance terminated by the cloud at 03:12` } } });
  const signer = `${zero}-validator`;
  await admin.call('POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: `${FRESH}-validator` } });
  const template = nodes.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === signer)!['spec'] as { template: { spec: object } };
  await admin.call('POST', `/api/v1/namespaces/${NAMESPACE}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'unbound', finalizers: [FINALIZER] }, spec: { ...template.template.spec, schedulerName: 'none' } });
  const running = await admin.get<Live>(pod(signer));
  // Under names that the fleet declares, since roles go by them.
  for (const component of ['consensus', 'execution']) {
    await admin.call('DELETE', statefulSet(`${zero}-${component}`));
    await until(`the pod of ${component} is gone`, async () => (await admin.request('GET', pod(`${zero}-${component}`))).status === 404);
  }
  const ended = await Promise.all(
    [`${zero}-consensus-0`, `${zero}-execution-0`, `${one}-consensus-0`].map(async (name, index) => {
      const containerStatuses = ENDED[index];
      await admin.call('POST', `/api/v1/namespaces/${NAMESPACE}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...template.template.spec, nodeName: running.spec.nodeName } });
      const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}`;
      await until(`the pod ${name} ran`, async () => isReady(await admin.get<PodObject>(path)));
      await admin.call('PATCH', `${path}/status`, { status: { phase: 'Failed', initContainerStatuses: null, containerStatuses } }, 'application/merge-patch+json');
      return admin.get<Live>(path);
    }),
  );
  const claim = await admin.get<Live>(`/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/${signer}-signing-state`);
  const live = <T = Live>(path: string): Promise<T> => admin.get<T>(path);
  const withKind = (object: Live, kind: string, apiVersion: string): Live => ({ ...object, kind, apiVersion });
  const rendered = nodes.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === signer)!;
  const before = (component: string, change: (copy: Live) => void): Promise<Live> => admin.call<Live>('POST', `/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets`, outdatedOf(rendered, `${zero}-${component}`, change));
  const outdated = await before('consensus', (copy) => { copy.metadata.annotations = { [ANNOTATIONS.hold]: 'an older one' }; copy.spec.replicas = 2; });
  const disarmed = await before('execution', (copy) => { copy.spec.replicas = 0; copy.spec.updateStrategy.rollingUpdate.partition = 0; });
  await admin.call<Live>('POST', `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'intruder' }, spec: { replicas: 2, selector: { matchLabels: INTRUDER.metadata.labels }, template: INTRUDER } });
  const replicaSets = (): Promise<Live[]> => admin.list<Live>(`/apis/apps/v1/namespaces/${NAMESPACE}/replicasets`);
  await until('the Deployment has its ReplicaSet', async () => (await replicaSets()).length === 1);
  await admin.patch(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/intruder`, { spec: { paused: true } });
  const cron = await admin.call<Live>('POST', `/apis/batch/v1/namespaces/${NAMESPACE}/cronjobs`, { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'intruder' }, spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: { spec: { ...INTRUDER.spec, restartPolicy: 'Never' } } } } } });
  const configMap = (await admin.list<Live>(`/api/v1/namespaces/${NAMESPACE}/configmaps`)).find(({ metadata }) => metadata.name.startsWith(signer))!;
  return {
    namespace: NAMESPACE,
    signer,
    statefulSet: await live(statefulSet(signer)),
    pod: running,
    claim,
    budget: await live(`/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets/${signer}`),
    configMap: withKind(configMap, 'ConfigMap', 'v1'),
    machine: await live(`/api/v1/nodes/${running.spec.nodeName}`),
    volume: await live(`/api/v1/persistentvolumes/${claim.spec.volumeName}`),
    namespaceObject: await live(`/api/v1/namespaces/${NAMESPACE}`),
    held: await live(statefulSet(`${one}-validator`)),
    stopped: await live(statefulSet(`${one}-consensus`)),
    proven: await live(pod(`${one}-execution`)),
    unbound: await live(`/api/v1/namespaces/${NAMESPACE}/pods/unbound`),
    fresh: freshOf(rendered, zero),
    ended: ended[0]!,
    rejected: ended[1]!,
    unended: ended[2]!,
    outdated,
    disarmed,
    intruder: await live(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/intruder`),
    intruders: withKind((await replicaSets())[0]!, 'ReplicaSet', 'apps/v1'),
    cron,
  };
}

/** The rendered signer under the name of a node that isn't there. */
function freshOf(rendered: Manifest, node: string): Live {
  const copy = JSON.parse(JSON.stringify(rendered).replaceAll(node, FRESH)) as Live;
  copy.metadata.labels![LABELS.node] = FRESH;
  return copy;
}

/** Pods that are called Failed, by what is said of their container: it ended, nothing, it runs. */
const ENDED: readonly (readonly object[] | null)[] = [
  [{ name: 'client', image: 'x', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode: 137, reason: 'Error' } } }],
  null,
  [{ name: 'client', image: 'x', imageID: '', ready: true, restartCount: 0, state: { running: {} } }],
];

/** The rendered signer as no rule would have it. Its account isn't there, so that it has no pods. */
function outdatedOf(rendered: Manifest, name: string, change: (copy: Live) => void): Live {
  const copy = structuredClone(rendered) as unknown as Live;
  copy.metadata.name = name;
  copy.metadata.labels = { [LABELS.signer]: 'true' };
  const { spec } = copy.spec.template;
  Object.assign(copy.spec, { ordinals: { start: 1 }, podManagementPolicy: 'OrderedReady', selector: { matchLabels: { app: name } } });
  copy.spec.template.metadata.labels = { app: name };
  Object.assign(spec, { serviceAccountName: 'nobody', initContainers: [], affinity: {}, nodeSelector: {}, tolerations: [{ operator: 'Exists' }], priorityClassName: 'system-node-critical', terminationGracePeriodSeconds: 1 });
  Object.assign(spec.containers[0], { image: 'old.example/lighthouse:v1', securityContext: {}, resources: {} });
  change(copy);
  return copy;
}

const INTRUDER = {
  metadata: { labels: { app: 'intruder' } },
  spec: { securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } }, containers: [{ name: 'c', image: 'example.com/x:1', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }, resources: { limits: { memory: '1Mi' } } }] },
};

/** The API server asks policies about kinds that it serves; the real definitions are the snapshot controller's. */
function snapshotKind(kind: string, scope: string): object {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    // The group is protected: its definitions must name their approval.
    metadata: { name: `${plural}.snapshot.storage.k8s.io`, annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-csi/external-snapshotter/pull/814' } },
    spec: { group: 'snapshot.storage.k8s.io', scope, names: { kind, plural, singular: kind.toLowerCase() }, versions: [{ name: 'v1', served: true, storage: true, schema }] },
  };
}
