import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { nativeName } from '../../apps/policies';
import { catalogue } from '../../chains';
import type { Manifest } from '../../constructs/manifest';
import { networkNamespace, ROLLOUT_ENGINE_SERVICE_ACCOUNT, SYSTEM_NAMESPACE } from '../../naming';
import { ACTS, CONTROL_PLANE, IDENTITIES, ROLES, type Act, type Identity, type Live, type World } from './acts';
import type { Api, Reply } from './api';
import { applyAll, manifestsOf, quotasKnown, renderExample, type Example } from './example';
import { installGatekeeper, removeGatekeeper } from './gatekeeper';
import { until } from './machines';
import { installNative, policiesOf, removeNative } from './policies';
import type { Subject } from './pki';
import { describeCluster, useControlPlane, useMachines } from './suite';
import { prepareWorld, snapshotKind } from './acts/prepare';

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
    world = await prepareWorld(admin, nodes.filter(network), NAMESPACE, fleet!.nodes.filter((node) => node.cluster === CLUSTER && node.network === NETWORK).map(({ name }) => name) as [string, string]);
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

/** A session on a simulated machine can't be read: whatever is said of it but a refusal means that it was let through. */
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
