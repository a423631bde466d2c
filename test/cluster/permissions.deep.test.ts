import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { appliedBy } from '../../apps/platform';
import { PERMISSIONS, PLATFORM_ROLES, type PlatformRole, type PolicyRule, type Scope } from '../../apps/platform/permissions';
import { catalogue } from '../../chains';
import type { Manifest } from '../../constructs/manifest';
import { nodeOperatorRules } from '../../constructs/node-role';
import { LABELS, ROLLOUT_ENGINE_SERVICE_ACCOUNT, SYSTEM_NAMESPACE } from '../../naming';
import { ApiError, type Api } from './api';
import { applyAll, manifestsOf, quotasKnown, renderExample, type ClusterManifests, type Example } from './example';
import { until } from './machines';
import type { Subject } from './pki';
import { describeCluster, useControlPlane } from './suite';

const { fleet } = checkFleetFolder(join(__dirname, '..', '..', 'fleet'), catalogue);

/** Beyond the verbs that resources offer: those by which one gets powers that one doesn't hold. */
const HIDDEN_POWER = ['impersonate', 'bind', 'escalate', 'approve', 'attest', 'sign', 'use', '*'] as const;
const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection', 'proxy', ...HIDDEN_POWER] as const;
/** Requests by these verbs have a name in their path. */
const NAMED: ReadonlySet<string> = new Set(['get', 'update', 'patch', 'delete', 'proxy', ...HIDDEN_POWER]);

/** What can be allowed or refused and isn't served as a resource of its own. */
const UNSERVED: readonly (readonly [group: string, resource: string])[] = [
  ...['users', 'groups', 'uids', 'userextras', 'nodes/log', 'nodes/metrics', 'nodes/stats', 'nodes/pods', 'nodes/configz', 'nodes/checkpoint', 'nodes/healthz', '*', '*/*'].map((resource) => ['', resource] as const),
  ['authentication.k8s.io', 'userextras/scopes'],
  ['certificates.k8s.io', 'signers'],
  ['metrics.k8s.io', 'nodes'],
  ['metrics.k8s.io', 'pods'],
  ['snapshot.storage.k8s.io', 'volumesnapshots'],
  ['*', '*'],
];

/** Kubernetes lets every authenticated user ask about itself (ClusterRole system:basic-user). */
const OF_EVERYONE: ReadonlySet<string> = new Set([
  'create authorization.k8s.io/selfsubjectaccessreviews',
  'create authorization.k8s.io/selfsubjectrulesreviews',
  'create authentication.k8s.io/selfsubjectreviews',
]);

interface Question {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name?: string;
  readonly namespace?: string;
}

type Who = PlatformRole | 'stranger' | 'otherServiceAccount';

describe.each(['gke-europe-west1', 'eks-eu-central-1'])('%s', (name) => {
  const cluster = fleet!.clusters[name]!;

  describeCluster('who may do what', () => {
    const controlPlane = useControlPlane({ serviceRange: cluster.ranges.services });
    let example: Example;
    let manifests: ClusterManifests;
    let admin: Api;
    /** The node that an operator's Role names, with its components; and any other of its namespace. */
    let own: { readonly node: string; readonly components: readonly string[]; readonly namespace: string };

    const { access } = fleet!.settings;
    const person = (user: string, groups: readonly string[]): Subject => ({ user: `${user}@example.com`, groups });
    const subjects: Record<Who, Subject> = {
      viewer: person('viewer', access.viewers[cluster.cloud]),
      operator: person('operator', access.operators[cluster.cloud]),
      deployer: person('deployer', access.deployers[cluster.cloud]),
      rolloutEngine: serviceAccount(SYSTEM_NAMESPACE, ROLLOUT_ENGINE_SERVICE_ACCOUNT),
      breakGlass: person('break-glass', access.breakGlass[cluster.cloud]),
      planner: person('planner', access.planners[cluster.cloud]),
      dataCustodian: person('data-custodian', access.dataCustodians[cluster.cloud]),
      stranger: person('stranger', ['somebody-else']),
      otherServiceAccount: serviceAccount(SYSTEM_NAMESPACE, 'default'),
    };
    const EVERYONE = Object.keys(subjects) as Who[];

    const may = async (who: Who, { verb, group, resource, name: object, namespace }: Question): Promise<boolean> => {
      const [plural, subresource] = resource.split('/');
      const { user, groups } = subjects[who];
      const { status } = await admin.call<{ status: { allowed: boolean } }>('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user, groups: [...groups, 'system:authenticated'], resourceAttributes: { verb, group, resource: plural, subresource, name: object, namespace } },
      });
      return status.allowed;
    };

    beforeAll(async () => {
      example = await renderExample(name);
      manifests = manifestsOf(example, name);
      admin = controlPlane().admin;
      await applyAll(admin, manifests.platform);
      await applyAll(admin, manifests.nodes.filter((object) => appliedBy(object) === 'platform'));
      const signer = manifests.nodes.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.labels?.[LABELS.signer] === 'true')!;
      const node = signer.metadata.labels![LABELS.node]!;
      own = { node, namespace: signer.metadata.namespace!, components: componentsOf(manifests, node, signer.metadata.namespace!) };
      await rolesKnown(admin, subjects.stranger);
    });
    afterAll(() => example?.remove());

    it('asked of every verb on every resource, is the declared table and nothing more', { timeout: 900_000 }, async () => {
      const served = (await admin.resources()).flatMap(({ group, plural, namespaced, subresources }) => ['', ...subresources.map((sub) => `/${sub.name}`)].map((below) => ({ group, resource: `${plural}${below}`, namespaced })));
      const unserved = UNSERVED.map(([group, resource]) => ({ group, resource, namespaced: true }));
      const resources = [...new Map([...served, ...unserved].map((one) => [`${one.group} ${one.resource}`, one])).values()];
      expect(resources.length).toBeGreaterThan(120);
      const places = [own.namespace, 'kube-system', SYSTEM_NAMESPACE, undefined];
      let asked = 0;
      for (const who of EVERYONE) {
        for (const namespace of places) {
          // What is in no namespace is asked about once: no request for it names one.
          const here = resources.filter(({ namespaced }) => namespaced || namespace === undefined);
          const questions = here.flatMap(({ group, resource }) => VERBS.map((verb): Question => ({ verb, group, resource, namespace, name: NAMED.has(verb) ? 'some-name' : undefined })));
          const answers = await inParallel(questions, async (question) => ((await may(who, question)) ? [asText(question)] : []));
          asked += questions.length;
          const expected = questions.filter((question) => isDeclared(who, question, namespace === own.namespace ? 'namespaced' : namespace === SYSTEM_NAMESPACE ? 'programs' : 'cluster')).map(asText);
          expect({ who, namespace, may: answers.flat().sort() }).toEqual({ who, namespace, may: expected.sort() });
        }
      }
      process.stderr.write(`${name}: ${asked} access reviews\n`);
    });

    it('notices one verb too many', async () => {
      const binding = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: access.viewers[cluster.cloud][0] };
      const question: Question = { verb: 'create', group: '', resource: 'pods/exec', namespace: own.namespace };
      expect(await may('viewer', question)).toBe(false);
      const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${own.namespace}`;
      const meta = { name: 'too-much', namespace: own.namespace };
      await admin.call('POST', `${path}/roles`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: meta, rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }] });
      await admin.call('POST', `${path}/rolebindings`, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: meta, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'too-much' }, subjects: [binding] });
      await until('the authorizer saw it', () => may('viewer', question));
      expect(isDeclared('viewer', question, 'namespaced')).toBe(false);
      for (const kind of ['rolebindings', 'roles']) await admin.call('DELETE', `${path}/${kind}/too-much`);
    });

    it('lets operators act on nodes by name, in their namespaces alone', async () => {
      const rules = nodeOperatorRules(own.node, own.components);
      for (const { apiGroups, resources, resourceNames, verbs } of rules) {
        for (const resource of resources) {
          for (const verb of verbs) {
            for (const object of resourceNames) {
              const question = { verb, group: apiGroups[0]!, resource, name: object };
              expect([question, await may('operator', { ...question, namespace: own.namespace })]).toEqual([question, true]);
              for (const namespace of ['kube-system', undefined]) expect(await may('operator', { ...question, namespace })).toBe(false);
              for (const who of ['viewer', 'stranger', 'dataCustodian', 'otherServiceAccount'] as const) expect(await may(who, { ...question, namespace: own.namespace })).toBe(false);
            }
          }
        }
      }
    });

    describe('in real requests', () => {
      const as = new Map<Who, Api>();
      let signer: string;
      beforeAll(async () => {
        await quotasKnown(admin);
        for (const who of ['viewer', 'operator', 'deployer', 'breakGlass', 'dataCustodian', 'stranger'] as const) as.set(who, await controlPlane().as(subjects[who]));
        as.set('rolloutEngine', await controlPlane().asServiceAccount(SYSTEM_NAMESPACE, ROLLOUT_ENGINE_SERVICE_ACCOUNT));
        signer = manifests.nodes.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.labels?.[LABELS.signer] === 'true' && metadata.labels[LABELS.node] === own.node)!.metadata.name;
      });
      const patchOf = (statefulSet: string, body: object) => (api: Api): Promise<unknown> => api.patch(`/apis/apps/v1/namespaces/${own.namespace}/statefulsets/${statefulSet}`, body);
      const outcome = (who: Who, act: (api: Api) => Promise<unknown>): Promise<string> =>
        act(as.get(who)!).then(
          () => 'done',
          (error: unknown) => (error instanceof ApiError && error.status === 403 ? 'forbidden' : String(error)),
        );
      const outcomes = async (act: (api: Api) => Promise<unknown>): Promise<Record<string, string>> =>
        Object.fromEntries(await Promise.all([...as.keys()].map(async (who) => [who, await outcome(who, act)] as const)));

      it('the deployer applies every workload, and no Role; nobody else but the engine and break-glass may', async () => {
        const workloads = manifests.nodes.filter((object) => appliedBy(object) === 'deployer');
        await applyAll(as.get('deployer')!, workloads);
        const role = manifests.nodes.find(({ kind }) => kind === 'Role')!;
        expect(new Set(Object.values(await outcomes((api) => api.apply(role, { dryRun: true }))))).toEqual(new Set(['forbidden']));
        const statefulSet = workloads.find(({ kind }) => kind === 'StatefulSet')!;
        expect(await outcomes((api) => api.apply(statefulSet, { dryRun: true }))).toEqual({
          ...{ viewer: 'forbidden', deployer: 'done', rolloutEngine: 'done', breakGlass: 'done', dataCustodian: 'forbidden', stranger: 'forbidden' },
          // The first node's Role lets them patch it, by name; which fields is for admission to say.
          operator: 'done',
        });
      });

      it('reads: everyone with a role but the custodian; nobody reads Secrets but break-glass', async () => {
        expect(await outcomes((api) => api.list(`/api/v1/namespaces/${own.namespace}/pods`))).toEqual({
          ...{ viewer: 'done', operator: 'done', deployer: 'done', rolloutEngine: 'done', breakGlass: 'done' },
          ...{ dataCustodian: 'forbidden', stranger: 'forbidden' },
        });
        expect(await outcomes((api) => api.list(`/api/v1/namespaces/${own.namespace}/secrets`))).toEqual({
          ...{ viewer: 'forbidden', operator: 'forbidden', deployer: 'forbidden', rolloutEngine: 'forbidden', breakGlass: 'done' },
          ...{ dataCustodian: 'forbidden', stranger: 'forbidden' },
        });
      });

      it('stops: operators, the engine and break-glass scale to zero, by the scale subresource as well', async () => {
        const scale = (api: Api): Promise<unknown> => api.patch(`/apis/apps/v1/namespaces/${own.namespace}/statefulsets/${signer}/scale?dryRun=All`, { spec: { replicas: 0 } });
        expect(await outcomes(scale)).toEqual({
          ...{ operator: 'done', rolloutEngine: 'done', breakGlass: 'done' },
          ...{ viewer: 'forbidden', deployer: 'forbidden', dataCustodian: 'forbidden', stranger: 'forbidden' },
        });
      });

      it('fires: the partition is patched by those who may', async () => {
        const disarm = patchOf(`${signer}?dryRun=All`, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
        expect(await outcomes(disarm)).toEqual({
          ...{ operator: 'done', rolloutEngine: 'done', breakGlass: 'done' },
          // RBAC knows no fields: that the deployer's patch leaves the partition alone is for admission to say.
          deployer: 'done',
          ...{ viewer: 'forbidden', dataCustodian: 'forbidden', stranger: 'forbidden' },
        });
      });

      it('nobody makes a pod, an autoscaler, a token of the rollout engine, or a right of their own', async () => {
        const makes: readonly (readonly [string, object])[] = [
          [`/api/v1/namespaces/${own.namespace}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'second' }, spec: { containers: [{ name: 'c', image: 'x' }] } }],
          [`/apis/autoscaling/v2/namespaces/${own.namespace}/horizontalpodautoscalers`, { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'more' }, spec: { maxReplicas: 2, scaleTargetRef: { kind: 'StatefulSet', name: signer } } }],
          [`/api/v1/namespaces/${SYSTEM_NAMESPACE}/serviceaccounts/${ROLLOUT_ENGINE_SERVICE_ACCOUNT}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }],
          ['/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'mine' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [] }],
        ];
        for (const [path, body] of makes) {
          expect([path, new Set(Object.values(await outcomes((api) => api.call('POST', `${path}?dryRun=All`, body))))]).toEqual([path, new Set(['forbidden'])]);
        }
      });
    });
  });
});

/** Whether the table grants it: in a staking namespace, or anywhere. Node by node rights don't come into it: nothing is called so. */
function isDeclared(who: Who, { verb, group, resource }: Question, place: Scope): boolean {
  if (OF_EVERYONE.has(`${verb} ${group}/${resource}`)) return true;
  if (!PLATFORM_ROLES.includes(who as PlatformRole)) return false;
  const holds = ({ apiGroups, resources, verbs }: PolicyRule): boolean => apiGroups.includes(group) && resources.includes(resource) && verbs.includes(verb);
  return PERMISSIONS.flatMap(({ grants }) => grants)
    .filter(({ to }) => to.includes(who as PlatformRole))
    .some((grant) => [...(grant.cluster ?? []), ...(grant[place] ?? [])].some(holds));
}

/**
 * Waits until the authorizer has seen every role and binding so far. It watches each of their four kinds, in the order of their making, so a last one
 * of each is waited for: something that is granted to nobody else, and taken back.
 */
async function rolesKnown(admin: Api, { user, groups }: Subject): Promise<void> {
  const RBAC = 'rbac.authorization.k8s.io';
  const rules = [{ apiGroups: ['canary.stockade.dev'], resources: ['canaries'], verbs: ['get'] }];
  const places = [
    { kind: 'Role', path: `/apis/${RBAC}/v1/namespaces/default/roles`, bindings: `/apis/${RBAC}/v1/namespaces/default/rolebindings`, namespace: 'default' },
    { kind: 'ClusterRole', path: `/apis/${RBAC}/v1/clusterroles`, bindings: `/apis/${RBAC}/v1/clusterrolebindings`, namespace: undefined },
  ];
  for (const { kind, path, bindings, namespace } of places) {
    const allowed = async (): Promise<boolean> => {
      const spec = { user, groups: [...groups, 'system:authenticated'], resourceAttributes: { verb: 'get', group: 'canary.stockade.dev', resource: 'canaries', namespace } };
      return (await admin.call<{ status: { allowed: boolean } }>('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec })).status.allowed;
    };
    await admin.call('POST', path, { apiVersion: `${RBAC}/v1`, kind, metadata: { name: 'canary' }, rules });
    await admin.call('POST', bindings, { apiVersion: `${RBAC}/v1`, kind: `${kind}Binding`, metadata: { name: 'canary' }, roleRef: { apiGroup: RBAC, kind, name: 'canary' }, subjects: [{ apiGroup: RBAC, kind: 'User', name: user }] });
    await until(`the authorizer saw the ${kind}`, allowed);
    for (const collection of [bindings, path]) await admin.call('DELETE', `${collection}/canary`);
    await until(`the authorizer saw that the ${kind} is gone`, async () => !(await allowed()));
  }
}

function componentsOf({ nodes }: ClusterManifests, node: string, namespace: string): string[] {
  const ofNode = ({ kind, metadata }: Manifest): boolean => kind === 'StatefulSet' && metadata.namespace === namespace && metadata.labels?.[LABELS.node] === node;
  return nodes.filter(ofNode).map(({ metadata }) => metadata.labels![LABELS.component]!);
}

function serviceAccount(namespace: string, name: string): Subject {
  return { user: `system:serviceaccount:${namespace}:${name}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`] };
}

const asText = ({ verb, group, resource }: Question): string => `${verb} ${group}/${resource}`;

/** A few at a time, as many as the client has connections. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]!);
    }),
  );
  return results;
}
