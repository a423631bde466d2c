import type { Manifest } from '../../../constructs/manifest';
import { ANNOTATIONS, LABELS } from '../../../naming';
import type { Live, World } from './act';
import type { Api } from '../api';
import { describePods, isReady, until, type PodObject } from '../machines';

const FINALIZER = 'example.com/keep';
/** A node that is declared nowhere. */
const FRESH = 'hoodi-fresh';

/** Node 0 runs; of node 1 the validator is held, the consensus client stopped, and the execution client's pod carries a proof. */
export async function prepareWorld(admin: Api, nodes: readonly Manifest[], namespace: string, [zero, one]: readonly [string, string]): Promise<World> {
  const statefulSet = (name: string): string => `/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`;
  const pod = (name: string): string => `/api/v1/namespaces/${namespace}/pods/${name}-0`;
  const wanted = nodes.filter(({ kind }) => kind === 'StatefulSet').length;
  const pods = (): Promise<PodObject[]> => admin.list<PodObject>(`/api/v1/namespaces/${namespace}/pods`);
  await until(`${wanted} pods are ready`, async () => (await pods()).filter(isReady).length === wanted, { describe: async () => describePods(await pods()) });
  await admin.patch(statefulSet(`${one}-validator`), { metadata: { annotations: { [ANNOTATIONS.hold]: 'double vote suspected' } }, spec: { replicas: 0 } });
  await admin.patch(statefulSet(`${one}-consensus`), { spec: { replicas: 0 } });
  await until('the stopped pods are gone', async () => (await admin.list(`/api/v1/namespaces/${namespace}/pods`)).length === wanted - 2);
  await until('their StatefulSets know', async () => ((await admin.get<Live>(statefulSet(`${one}-consensus`))).status?.replicas ?? 0) === 0 && ((await admin.get<Live>(statefulSet(`${one}-validator`))).status?.replicas ?? 0) === 0);
  const proven = await admin.get<Live>(pod(`${one}-execution`));
  await admin.patch(pod(`${one}-execution`), { metadata: { finalizers: [FINALIZER], annotations: { [ANNOTATIONS.machineEnded]: `${proven.spec.nodeName}: instance terminated by the cloud at 03:12` } } });
  const signer = `${zero}-validator`;
  await admin.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: `${FRESH}-validator` } });
  const template = nodes.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === signer)!['spec'] as { template: { spec: object } };
  await admin.call('POST', `/api/v1/namespaces/${namespace}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'unbound', finalizers: [FINALIZER] }, spec: { ...template.template.spec, schedulerName: 'none' } });
  const running = await admin.get<Live>(pod(signer));
  // Under names that the fleet declares, since roles go by them.
  for (const component of ['consensus', 'execution']) {
    await admin.call('DELETE', statefulSet(`${zero}-${component}`));
    await until(`the pod of ${component} is gone`, async () => (await admin.request('GET', pod(`${zero}-${component}`))).status === 404);
  }
  const ended = await Promise.all(
    [`${zero}-consensus-0`, `${zero}-execution-0`, `${one}-consensus-0`].map(async (name, index) => {
      const containerStatuses = ENDED[index];
      await admin.call('POST', `/api/v1/namespaces/${namespace}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...template.template.spec, nodeName: running.spec.nodeName } });
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      await until(`the pod ${name} ran`, async () => isReady(await admin.get<PodObject>(path)));
      await admin.call('PATCH', `${path}/status`, { status: { phase: 'Failed', initContainerStatuses: null, containerStatuses } }, 'application/merge-patch+json');
      return admin.get<Live>(path);
    }),
  );
  const claim = await admin.get<Live>(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${signer}-signing-state`);
  const live = <T = Live>(path: string): Promise<T> => admin.get<T>(path);
  const withKind = (object: Live, kind: string, apiVersion: string): Live => ({ ...object, kind, apiVersion });
  const rendered = nodes.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === signer)!;
  const before = (component: string, change: (copy: Live) => void): Promise<Live> => admin.call<Live>('POST', `/apis/apps/v1/namespaces/${namespace}/statefulsets`, outdatedOf(rendered, `${zero}-${component}`, change));
  const outdated = await before('consensus', (copy) => { copy.metadata.annotations = { [ANNOTATIONS.hold]: 'an older one' }; copy.spec.replicas = 2; });
  const disarmed = await before('execution', (copy) => { copy.spec.replicas = 0; copy.spec.updateStrategy.rollingUpdate.partition = 0; });
  await admin.call<Live>('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'intruder' }, spec: { replicas: 2, selector: { matchLabels: INTRUDER.metadata.labels }, template: INTRUDER } });
  const replicaSets = (): Promise<Live[]> => admin.list<Live>(`/apis/apps/v1/namespaces/${namespace}/replicasets`);
  await until('the Deployment has its ReplicaSet', async () => (await replicaSets()).length === 1);
  await admin.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/intruder`, { spec: { paused: true } });
  const cron = await admin.call<Live>('POST', `/apis/batch/v1/namespaces/${namespace}/cronjobs`, { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'intruder' }, spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: { spec: { ...INTRUDER.spec, restartPolicy: 'Never' } } } } } });
  const configMap = (await admin.list<Live>(`/api/v1/namespaces/${namespace}/configmaps`)).find(({ metadata }) => metadata.name.startsWith(signer))!;
  return {
    namespace,
    signer,
    statefulSet: await live(statefulSet(signer)),
    pod: running,
    claim,
    budget: await live(`/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/${signer}`),
    configMap: withKind(configMap, 'ConfigMap', 'v1'),
    machine: await live(`/api/v1/nodes/${running.spec.nodeName}`),
    volume: await live(`/api/v1/persistentvolumes/${claim.spec.volumeName}`),
    namespaceObject: await live(`/api/v1/namespaces/${namespace}`),
    held: await live(statefulSet(`${one}-validator`)),
    stopped: await live(statefulSet(`${one}-consensus`)),
    proven: await live(pod(`${one}-execution`)),
    unbound: await live(`/api/v1/namespaces/${namespace}/pods/unbound`),
    fresh: freshOf(rendered, zero),
    ended: ended[0]!,
    rejected: ended[1]!,
    unended: ended[2]!,
    outdated,
    disarmed,
    intruder: await live(`/apis/apps/v1/namespaces/${namespace}/deployments/intruder`),
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
export function snapshotKind(kind: string, scope: string): object {
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
