import { ANNOTATIONS, LABELS } from '../../../naming';
import { create, jsonPatch, merge, pathOf, remove, replace, type Act, type ApiRequest, type Identity, type Live, type World } from './act';

const NOBODY: readonly Identity[] = [];
const EVICTORS: readonly Identity[] = ['operator', 'rolloutEngine', 'breakGlass'];
const OTHERS = ['hardened-pods', 'pod-changes', 'pod-deletion', 'pod-status'];

/** A pod as the StatefulSet controller would make it, under a name that is free; dry runs never take it. */
function newPod({ pod, fresh }: World, change: (copy: Live) => void): ApiRequest {
  const owner = fresh.metadata.name;
  const copy = structuredClone(pod);
  copy.metadata = {
    name: `${owner}-0`,
    namespace: pod.metadata.namespace,
    labels: { ...fresh.spec.template.metadata.labels },
    annotations: {},
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: owner, uid: '00000000-0000-4000-8000-000000000000', controller: true, blockOwnerDeletion: true }],
  } as Live['metadata'];
  copy.spec = structuredClone(fresh.spec.template.spec);
  delete copy.status;
  change(copy);
  return create(`/api/v1/namespaces/${pod.metadata.namespace}/pods`, copy);
}
const bare = (copy: Live): void => void delete copy.metadata.ownerReferences;
const eviction = ({ pod }: World, deleteOptions?: object): ApiRequest =>
  create(pathOf(pod, 'eviction'), { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace }, ...(deleteOptions ? { deleteOptions } : {}) });
const bindingOf = ({ unbound, machine }: World) => ({ apiVersion: 'v1', kind: 'Binding', metadata: { name: unbound.metadata.name }, target: { apiVersion: 'v1', kind: 'Node', name: machine.metadata.name } });

export const podActs: readonly Act[] = [
  { title: 'a pod by the StatefulSet controller', rule: 'pods-from-statefulsets', request: (world) => newPod(world, () => undefined), allowed: ['statefulSetController'], also: ['statefulSetController', 'garbageCollector', 'ownKubelet', 'stakingAccount'], or: OTHERS },
  { title: 'a bare pod', rule: 'pods-from-statefulsets', request: (world) => newPod(world, bare), allowed: NOBODY, also: ['statefulSetController', 'stakingAccount'], or: OTHERS },
  { title: 'a pod under a signer\'s account', rule: 'pods-from-statefulsets', request: (world) => newPod(world, (copy) => (copy.spec.serviceAccountName = world.signer)), allowed: NOBODY, also: ['statefulSetController'], or: OTHERS },
  { title: 'a pod on a signer\'s PVC', rule: 'pods-from-statefulsets', request: (world) => newPod(world, (copy) => (copy.spec.volumes.find((volume: { persistentVolumeClaim?: object }) => volume.persistentVolumeClaim)!.persistentVolumeClaim.claimName = world.claim.metadata.name)), allowed: NOBODY, also: ['statefulSetController'], or: OTHERS },
  { title: 'a pod on a machine of its choice', rule: 'pods-from-statefulsets', request: (world) => newPod(world, (copy) => (copy.spec.nodeName = world.machine.metadata.name)), allowed: NOBODY, also: ['statefulSetController'], or: OTHERS },
  { title: 'a second pod of a StatefulSet', rule: 'pods-from-statefulsets', request: (world) => newPod(world, (copy) => (copy.metadata.name = `${world.fresh.metadata.name}-1`)), allowed: NOBODY, also: ['statefulSetController'], or: OTHERS },
  { title: 'a pod that looks like a machine\'s own', rule: 'pods-from-statefulsets', request: (world) => newPod(world, (copy) => { bare(copy); copy.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' }; copy.spec.nodeName = world.machine.metadata.name; copy.spec.volumes = copy.spec.volumes.filter((volume: { emptyDir?: object }) => volume.emptyDir); for (const container of [...copy.spec.containers, ...copy.spec.initContainers]) container.volumeMounts = []; delete copy.spec.serviceAccountName; }), allowed: NOBODY, or: OTHERS },

  { title: 'a binding', rule: 'pod-binding', request: (world) => create(pathOf(world.unbound, 'binding'), bindingOf(world)), allowed: ['scheduler'], also: ['scheduler', 'statefulSetController', 'ownKubelet'] },
  { title: 'a binding, by the collection', rule: 'pod-binding', request: (world) => create(`/api/v1/namespaces/${world.namespace}/bindings`, bindingOf(world)), allowed: ['scheduler'], also: ['scheduler'] },

  { title: 'a label taken off a pod', rule: 'pod-changes', request: ({ pod }) => merge(pod, { metadata: { labels: { [LABELS.node]: null } } }), allowed: NOBODY, also: ['statefulSetController', 'garbageCollector'] },
  { title: 'a label that nothing goes by', rule: 'pod-changes', request: ({ pod }) => merge(pod, { metadata: { labels: { note: 'x' } } }), allowed: ['statefulSetController'], also: ['statefulSetController'] },
  { title: 'an owner taken off a pod', rule: 'pod-changes', request: ({ pod }) => merge(pod, { metadata: { ownerReferences: null } }), allowed: NOBODY, also: ['garbageCollector'] },
  { title: 'another image for a running pod', rule: 'pod-changes', request: ({ pod }) => jsonPatch(pod, [{ op: 'replace', path: '/spec/containers/0/image', value: 'docker.io/sigp/lighthouse:v0' }]), allowed: NOBODY, also: ['statefulSetController'] },
  { title: 'a finalizer put on a pod', rule: 'pod-changes', request: ({ pod }) => merge(pod, { metadata: { finalizers: ['example.com/keep'] } }), allowed: ['garbageCollector'], also: ['garbageCollector'] },
  { title: 'a finalizer taken off a pod', rule: 'pod-changes', request: ({ unbound }) => merge(unbound, { metadata: { finalizers: null } }), allowed: ['garbageCollector'], also: ['garbageCollector'] },
  { title: 'a finalizer taken off a pod, with proof', rule: 'pod-changes', request: ({ proven }) => merge(proven, { metadata: { finalizers: null } }), allowed: ['breakGlass'], table: ['breakGlass'] },
  { title: 'a proof that the machine ended', rule: 'pod-changes', request: ({ pod }) => merge(pod, { metadata: { annotations: { [ANNOTATIONS.machineEnded]: `${pod.spec.nodeName}: instance terminated by the cloud at 03:12` } } }), allowed: ['breakGlass'], also: ['podGarbageCollector'], table: ['breakGlass'] },
  { title: 'a proof of another machine', rule: 'pod-changes', request: ({ pod }) => merge(pod, { metadata: { annotations: { [ANNOTATIONS.machineEnded]: 'machine-7: instance terminated by the cloud at 03:12' } } }), allowed: NOBODY },
  { title: 'a proof without evidence', rule: 'pod-changes', request: ({ pod }) => merge(pod, { metadata: { annotations: { [ANNOTATIONS.machineEnded]: `${pod.spec.nodeName}: ` } } }), allowed: NOBODY },
  { title: 'another annotation', rule: 'pod-changes', request: ({ pod }) => merge(pod, { metadata: { annotations: { note: 'x' } } }), allowed: ['statefulSetController'], also: ['statefulSetController'] },
  { title: 'a debugging container', rule: 'pod-changes', request: ({ pod }) => ({ method: 'PATCH', path: pathOf(pod, 'ephemeralcontainers'), body: { spec: { ephemeralContainers: [{ name: 'debug', image: 'registry.example.com/staking/tools:1', securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: ['ALL'] } } }] } }, contentType: 'application/strategic-merge-patch+json' }), allowed: ['breakGlass'], table: ['breakGlass'] },
  { title: 'a debugging container from elsewhere', rule: 'pod-changes', request: ({ pod }) => ({ method: 'PATCH', path: pathOf(pod, 'ephemeralcontainers'), body: { spec: { ephemeralContainers: [{ name: 'debug', image: 'docker.io/library/busybox', securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: ['ALL'] } } }] } }, contentType: 'application/strategic-merge-patch+json' }), allowed: NOBODY },
  { title: 'other resources for a pod', rule: 'pod-changes', request: ({ unbound }) => ({ method: 'PATCH', path: pathOf(unbound, 'resize'), body: { spec: { containers: [{ name: 'client', resources: { requests: { cpu: '300m' } } }] } }, contentType: 'application/strategic-merge-patch+json' }), allowed: NOBODY, also: ['statefulSetController'] },

  { title: 'Failed, written on a running pod', rule: 'pod-status', request: ({ pod }) => merge(pod, { status: { phase: 'Failed' } }, 'status'), allowed: ['ownKubelet'], also: ['ownKubelet', 'otherKubelet', 'podGarbageCollector', 'statefulSetController'] },
  { title: 'Succeeded, written on a running pod', rule: 'pod-status', request: ({ pod }) => merge(pod, { status: { phase: 'Succeeded' } }, 'status'), allowed: ['ownKubelet'], also: ['ownKubelet', 'otherKubelet'] },
  { title: 'a condition of a running pod', rule: 'pod-status', request: ({ pod }) => merge(pod, { status: { message: 'x' } }, 'status'), allowed: ['viewer', 'operator', 'deployer', 'rolloutEngine', 'breakGlass', 'dataCustodian', 'platform', 'editor', 'ownKubelet'], also: ['ownKubelet'] },
  { title: 'a label, by the status', rule: 'pod-status', request: ({ pod }) => merge(pod, { metadata: { labels: { [LABELS.component]: 'x' } } }, 'status'), allowed: NOBODY, also: ['ownKubelet', 'statefulSetController'] },

  { title: 'deleting a pod with its full grace', rule: 'pod-deletion', request: ({ pod }) => remove(pod), allowed: [...EVICTORS, 'ownKubelet', 'statefulSetController', 'podGarbageCollector'], also: ['ownKubelet', 'otherKubelet', 'statefulSetController', 'podGarbageCollector', 'stakingAccount'], table: EVICTORS },
  { title: 'deleting a pod without grace', rule: 'pod-deletion', request: ({ pod }) => remove(pod, { gracePeriodSeconds: 0 }), allowed: ['ownKubelet'], also: ['ownKubelet', 'otherKubelet', 'podGarbageCollector', 'statefulSetController', 'garbageCollector', 'scheduler'] },
  { title: 'deleting a pod without grace, by the query', rule: 'pod-deletion', request: ({ pod }) => ({ method: 'DELETE', path: `${pathOf(pod)}?gracePeriodSeconds=0` }), allowed: ['ownKubelet'], also: ['ownKubelet', 'podGarbageCollector'] },
  { title: 'deleting a pod with a second of grace', rule: 'pod-deletion', request: ({ pod }) => remove(pod, { gracePeriodSeconds: 1 }), allowed: ['ownKubelet'], also: ['ownKubelet', 'podGarbageCollector'] },
  { title: 'deleting all pods of a node without grace', rule: 'pod-deletion', request: ({ pod, namespace }) => ({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(`${LABELS.node}=${pod.metadata.labels![LABELS.node]}`)}`, body: { apiVersion: 'v1', kind: 'DeleteOptions', dryRun: ['All'], gracePeriodSeconds: 0 } }), allowed: NOBODY, also: ['podGarbageCollector'] },
  { title: 'deleting a pod without grace, with proof', rule: 'pod-deletion', request: ({ proven }) => remove(proven, { gracePeriodSeconds: 0 }), allowed: ['breakGlass', 'ownKubelet'], also: ['podGarbageCollector'], table: ['breakGlass'] },
  { title: 'an eviction', rule: 'pod-deletion', request: (world) => eviction(world), allowed: [...EVICTORS, 'garbageCollector'], also: ['garbageCollector', 'ownKubelet', 'stakingAccount'], table: EVICTORS },
  { title: 'an eviction without grace', rule: 'pod-deletion', request: (world) => eviction(world, { gracePeriodSeconds: 0 }), allowed: NOBODY, also: ['garbageCollector', 'podGarbageCollector'] },
  { title: 'an eviction with little grace', rule: 'pod-deletion', request: (world) => eviction(world, { gracePeriodSeconds: 5 }), allowed: NOBODY, also: ['garbageCollector'] },

  { title: 'a budget lifted', rule: 'budgets', request: ({ budget }) => merge(budget, { spec: { maxUnavailable: 1 } }), allowed: EVICTORS, table: EVICTORS },
  { title: 'a budget lifted in percent', rule: 'budgets', request: ({ budget }) => merge(budget, { spec: { maxUnavailable: '100%' } }), allowed: EVICTORS, table: EVICTORS },
  { title: 'a budget as it is declared', rule: 'budgets', request: ({ budget }) => merge(budget, { spec: { maxUnavailable: 0 } }), allowed: [...EVICTORS, 'deployer', 'platform'], table: ['operator', 'deployer', 'rolloutEngine', 'breakGlass'] },
  { title: 'a budget of other pods', rule: 'budgets', request: ({ budget }) => merge(budget, { spec: { selector: { matchLabels: { app: 'x' } } } }), allowed: NOBODY },
  { title: 'a budget deleted', rule: 'budgets', request: ({ budget }) => remove(budget), allowed: ['rolloutEngine', 'breakGlass'], table: ['rolloutEngine', 'breakGlass'] },
  { title: 'a budget that says it allows one, by its status', rule: 'budgets', request: ({ budget }) => replace(budget, (copy) => (copy.status = { ...copy.status, disruptionsAllowed: 5 }), 'status'), allowed: ['garbageCollector'], also: ['garbageCollector'] },

  ...(['exec?command=id&stdout=true', 'attach?stdout=true', 'portforward?ports=1'] as const).map(
    (path): Act => ({ title: path.split('?')[0]!, rule: 'sessions', request: ({ pod }) => ({ method: 'POST', path: pathOf(pod, path) }), allowed: ['breakGlass'], table: ['breakGlass'], connects: true }),
  ),
  { title: 'the proxy to a pod', rule: 'sessions', request: ({ pod }) => ({ method: 'GET', path: pathOf(pod, 'proxy/') }), allowed: NOBODY, connects: true },
  { title: 'a token of a signer, as the agent has it', rule: 'sessions', request: ({ namespace, signer }) => create(`/api/v1/namespaces/${namespace}/serviceaccounts/${signer}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['stockade-secret-manager'], expirationSeconds: 600 } }), allowed: ['breakGlass', 'ownKubelet'], also: ['ownKubelet', 'statefulSetController', 'stakingAccount'], table: ['breakGlass'] },
  { title: 'a token of a signer for the API server', rule: 'sessions', request: ({ namespace, signer }) => create(`/api/v1/namespaces/${namespace}/serviceaccounts/${signer}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } }), allowed: NOBODY },
  { title: 'a long-lived token of a signer', rule: 'sessions', request: ({ namespace, signer }) => create(`/api/v1/namespaces/${namespace}/serviceaccounts/${signer}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['stockade-secret-manager'], expirationSeconds: 86400 } }), allowed: NOBODY },
];
