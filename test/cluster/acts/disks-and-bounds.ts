import { ANNOTATIONS, LABELS } from '../../../naming';
import { create, merge, pathOf, remove, replace, serverSideApply, type Act, type ApiRequest, type Identity, type Live, type World } from './act';

const NOBODY: readonly Identity[] = [];
const APPLIERS: readonly Identity[] = ['deployer', 'rolloutEngine', 'breakGlass', 'platform'];
const APPLY_TABLE: readonly Identity[] = ['deployer', 'rolloutEngine', 'breakGlass'];
const EVERYBODY: readonly Identity[] = ['viewer', 'operator', 'deployer', 'rolloutEngine', 'breakGlass', 'dataCustodian', 'platform', 'editor'];

function newClaim({ claim, fresh }: World, change: (copy: Live) => void): ApiRequest {
  const copy = structuredClone(claim);
  copy.metadata = { name: `${fresh.metadata.name}-signing-state`, uid: '', namespace: claim.metadata.namespace!, labels: { ...claim.metadata.labels, [LABELS.node]: fresh.metadata.labels![LABELS.node]! } };
  delete copy.spec.volumeName;
  delete copy.status;
  change(copy);
  return create(`/api/v1/namespaces/${claim.metadata.namespace}/persistentvolumeclaims`, copy);
}
function newVolume({ volume }: World, change: (copy: Live) => void): ApiRequest {
  const copy = structuredClone(volume);
  copy.metadata = { name: 'second-volume' } as Live['metadata'];
  delete copy.spec.claimRef;
  delete copy.status;
  change(copy);
  return create('/api/v1/persistentvolumes', copy);
}
const snapshotOf = ({ namespace }: World, source: object): ApiRequest =>
  create(`/apis/snapshot.storage.k8s.io/v1/namespaces/${namespace}/volumesnapshots`, { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot', metadata: { name: 'second' }, spec: { source } });
const OUT_OF_SERVICE = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' };
const RBAC = 'rbac.authorization.k8s.io';
const role = ({ namespace }: World) => create(`/apis/${RBAC}/v1/namespaces/${namespace}/roles`, { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name: 'wide' }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] });

export const diskActs: readonly Act[] = [
  { title: 'a PVC, as it is rendered', rule: 'volume-claims', request: (world) => newClaim(world, () => undefined), allowed: APPLIERS, table: APPLY_TABLE },
  { title: 'a PVC cloned from signing state', rule: 'volume-claims', request: (world) => newClaim(world, (copy) => (copy.spec.dataSource = { kind: 'PersistentVolumeClaim', name: world.claim.metadata.name })), allowed: NOBODY },
  { title: 'a PVC restored from a snapshot of signing state', rule: 'volume-claims', request: (world) => newClaim(world, (copy) => (copy.spec.dataSourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'old' })), allowed: NOBODY },
  { title: 'a PVC that names its disk', rule: 'volume-claims', request: (world) => newClaim(world, (copy) => (copy.spec.volumeName = world.volume.metadata.name)), allowed: NOBODY },
  { title: 'a PVC that many pods may mount', rule: 'volume-claims', request: (world) => newClaim(world, (copy) => (copy.spec.accessModes = ['ReadWriteMany'])), allowed: NOBODY },
  { title: 'a PVC of another StorageClass', rule: 'volume-claims', request: (world) => newClaim(world, (copy) => (copy.spec.storageClassName = 'stockade-scratch')), allowed: NOBODY },
  { title: 'a PVC of another kind than its volume', rule: 'volume-claims', request: (world) => newClaim(world, (copy) => { copy.metadata.labels![LABELS.volumeKind] = 'chain-data'; copy.spec.storageClassName = 'stockade-chain-data'; copy.spec.dataSourceRef = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'old' }; }), allowed: NOBODY },
  { title: 'a PVC that nothing declares', rule: 'volume-claims', request: (world) => newClaim(world, (copy) => (copy.metadata.name = 'mine')), allowed: NOBODY },
  { title: 'growing a PVC', rule: 'volume-claims', request: ({ claim }) => merge(claim, { spec: { resources: { requests: { storage: '20Gi' } } } }), allowed: ['deployer', 'platform', 'breakGlass'], table: ['deployer', 'breakGlass'] },
  { title: 'a label taken off a PVC', rule: 'volume-claims', request: ({ claim }) => merge(claim, { metadata: { labels: { [LABELS.volumeKind]: null } } }), allowed: NOBODY, also: ['provisioner'] },
  { title: 'the protection taken off a PVC', rule: 'volume-claims', request: ({ claim }) => merge(claim, { metadata: { finalizers: null } }), allowed: ['garbageCollector'], also: ['garbageCollector'] },
  { title: 'an owner for a PVC', rule: 'volume-claims', request: ({ claim, configMap }) => merge(claim, { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: configMap.metadata.name, uid: configMap.metadata.uid }] } }), allowed: NOBODY },
  { title: 'deleting a PVC', rule: 'volume-claims', request: ({ claim }) => remove(claim), allowed: ['dataCustodian'], also: ['garbageCollector', 'statefulSetController'], table: ['dataCustodian'] },

  { title: 'a snapshot of signing state', rule: 'volume-snapshots', request: (world) => snapshotOf(world, { persistentVolumeClaimName: world.claim.metadata.name }), allowed: NOBODY },
  { title: 'a snapshot of something unnamed', rule: 'volume-snapshots', request: (world) => snapshotOf(world, { volumeSnapshotContentName: 'content' }), allowed: NOBODY },
  { title: 'a snapshot of chain data', rule: 'volume-snapshots', request: (world) => snapshotOf(world, { persistentVolumeClaimName: world.claim.metadata.name.replace('validator-signing-state', 'execution-chain-data') }), allowed: EVERYBODY },

  { title: 'a second volume of the same disk', rule: 'persistent-volumes', request: (world) => newVolume(world, () => undefined), allowed: ['provisioner'], also: ['provisioner', 'stakingAccount'] },
  { title: 'the same for a PVC of somebody\'s own', rule: 'persistent-volumes', request: (world) => newVolume(world, (copy) => { copy.spec.storageClassName = 'mine'; copy.spec.claimRef = { namespace: 'default', name: 'mine' }; }), allowed: ['provisioner'], also: ['provisioner'] },
  { title: 'a volume of another driver', rule: 'persistent-volumes', request: (world) => newVolume(world, (copy) => { copy.spec.storageClassName = 'mine'; copy.spec.csi.driver = 'nfs.example.com'; }), allowed: EVERYBODY },
  { title: 'another reclaim policy', rule: 'persistent-volumes', request: ({ volume }) => merge(volume, { spec: { persistentVolumeReclaimPolicy: 'Delete' } }), allowed: ['dataCustodian', 'provisioner'], also: ['provisioner'], table: ['dataCustodian'] },
  { title: 'a volume let go by its PVC', rule: 'persistent-volumes', request: ({ volume }) => merge(volume, { spec: { claimRef: null } }), allowed: ['provisioner'], also: ['provisioner'] },
  { title: 'deleting a volume', rule: 'persistent-volumes', request: ({ volume }) => remove(volume), allowed: ['dataCustodian', 'provisioner'], also: ['provisioner'], table: ['dataCustodian'] },
  { title: 'a snapshot\'s content by hand', rule: 'persistent-volumes', request: ({ volume }) => create('/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents', { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshotContent', metadata: { name: 'second' }, spec: { source: { volumeHandle: volume.spec.csi.volumeHandle }, driver: volume.spec.csi.driver, deletionPolicy: 'Retain', volumeSnapshotRef: { name: 'x', namespace: 'default' } } }), allowed: ['provisioner'], also: ['provisioner'] },
];

export const boundActs: readonly Act[] = [
  { title: 'a ConfigMap that can be changed', rule: 'surroundings', request: ({ namespace }) => create(`/api/v1/namespaces/${namespace}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine' }, data: {} }), allowed: ['garbageCollector'], also: ['garbageCollector'] },
  { title: 'a ConfigMap of fixed content', rule: 'surroundings', request: ({ namespace }) => create(`/api/v1/namespaces/${namespace}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine' }, immutable: true, data: {} }), allowed: APPLIERS, table: APPLY_TABLE },
  { title: 'a ConfigMap deleted', rule: 'surroundings', request: ({ configMap }) => remove(configMap), allowed: ['rolloutEngine', 'breakGlass'], table: ['rolloutEngine', 'breakGlass'] },
  { title: 'a Secret', rule: 'surroundings', request: ({ namespace }) => create(`/api/v1/namespaces/${namespace}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' }, stringData: { key: 'x' } }), allowed: NOBODY },
  { title: 'a record of a Helm release', rule: 'surroundings', request: ({ namespace }) => create(`/api/v1/namespaces/${namespace}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sh.helm.release.v1.x.v1' }, type: 'helm.sh/release.v1', stringData: { release: 'x' } }), allowed: ['platform'] },
  { title: 'default-deny opened', rule: 'surroundings', request: ({ namespace }) => ({ method: 'PATCH', path: `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/default-deny`, body: { spec: { egress: [{}] } }, contentType: 'application/merge-patch+json' }), allowed: ['platform'] },
  { title: 'a NetworkPolicy deleted', rule: 'surroundings', request: ({ namespace, signer }) => ({ method: 'DELETE', path: `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${signer}` }), allowed: ['rolloutEngine', 'breakGlass'], table: ['rolloutEngine', 'breakGlass'] },
  { title: 'an Ingress', rule: 'surroundings', request: ({ namespace }) => create(`/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`, { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'rpc' }, spec: { defaultBackend: { service: { name: 'x', port: { number: 1 } } } } }), allowed: NOBODY },
  { title: 'a Service that stands for another host', rule: 'surroundings', request: ({ namespace }) => create(`/api/v1/namespaces/${namespace}/services`, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'engine' }, spec: { type: 'ExternalName', externalName: 'evil.example' } }), allowed: NOBODY },
  { title: 'an EndpointSlice', rule: 'surroundings', request: ({ namespace }) => create(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'mine', labels: { 'kubernetes.io/service-name': 'x' } }, addressType: 'IPv4', endpoints: [] }), allowed: ['garbageCollector'], also: ['garbageCollector'] },
  { title: 'another revision of a StatefulSet', rule: 'surroundings', request: ({ namespace }) => create(`/apis/apps/v1/namespaces/${namespace}/controllerrevisions`, { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name: 'mine' }, revision: 9, data: {} }), allowed: ['statefulSetController'], also: ['statefulSetController'] },
  { title: 'a service account that mounts its token', rule: 'surroundings', request: ({ namespace, signer }) => ({ method: 'PATCH', path: `/api/v1/namespaces/${namespace}/serviceaccounts/${signer}`, body: { automountServiceAccountToken: true }, contentType: 'application/merge-patch+json' }), allowed: NOBODY },

  { title: 'a wide role', rule: 'bounds', request: role, allowed: ['platform'], also: ['stakingAccount'] },
  { title: 'a role bound to somebody', rule: 'bounds', request: ({ namespace }) => create(`/apis/${RBAC}/v1/namespaces/${namespace}/rolebindings`, { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: 'wide' }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'edit' }, subjects: [{ apiGroup: RBAC, kind: 'Group', name: 'anybody' }] }), allowed: ['platform'] },
  { title: 'a quota', rule: 'bounds', request: ({ namespace }) => create(`/api/v1/namespaces/${namespace}/resourcequotas`, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'more' }, spec: { hard: { pods: '1k' } } }), allowed: ['platform'] },

  { title: 'our role widened', rule: 'bounds-of-the-cluster', request: () => ({ method: 'PATCH', path: `/apis/${RBAC}/v1/clusterroles/stockade-viewer`, body: { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }, contentType: 'application/merge-patch+json' }), allowed: ['platform'] },
  { title: 'a StorageClass that deletes', rule: 'bounds-of-the-cluster', request: () => ({ method: 'DELETE', path: '/apis/storage.k8s.io/v1/storageclasses/stockade-signing-state' }), allowed: ['platform'] },
  { title: 'a StorageClass of somebody\'s own', rule: 'bounds-of-the-cluster', request: () => create('/apis/storage.k8s.io/v1/storageclasses', { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'mine' }, provisioner: 'example.com/none' }), allowed: EVERYBODY },

  { title: 'the protection taken off a namespace', rule: 'namespaces', request: ({ namespaceObject }) => merge(namespaceObject, { metadata: { labels: { [LABELS.protection]: null } } }), allowed: NOBODY },
  { title: 'the same by the status', rule: 'namespaces', request: ({ namespaceObject }) => merge(namespaceObject, { metadata: { labels: { [LABELS.protection]: null } } }, 'status'), allowed: NOBODY },
  { title: 'the same by server-side apply', rule: 'namespaces', request: ({ namespaceObject }) => serverSideApply(namespaceObject, { metadata: { name: namespaceObject.metadata.name, labels: { [LABELS.protection]: 'none' } } }), allowed: NOBODY },
  { title: 'Gatekeeper told to look away', rule: 'namespaces', request: ({ namespaceObject }) => merge(namespaceObject, { metadata: { labels: { 'admission.gatekeeper.sh/ignore': 'x' } } }), allowed: NOBODY },
  { title: 'Pod Security lowered', rule: 'namespaces', request: ({ namespaceObject }) => merge(namespaceObject, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } }), allowed: ['platform'] },
  { title: 'a namespace of staking nodes without protection', rule: 'namespaces', request: () => create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'staking-mine' } }), allowed: NOBODY },
  { title: 'a namespace of another kind', rule: 'namespaces', request: () => create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mine' } }), allowed: EVERYBODY },
  { title: 'deleting a namespace of staking nodes', rule: 'namespaces', request: ({ namespaceObject }) => remove(namespaceObject), allowed: NOBODY, also: ['garbageCollector'] },

  { title: 'cordoning a staking machine', rule: 'machines', request: ({ machine }) => merge(machine, { spec: { unschedulable: true } }), allowed: ['breakGlass'], also: ['stakingAccount'], table: ['breakGlass'] },
  { title: 'a machine declared out of service', rule: 'machines', request: ({ machine }) => replace(machine, (copy) => (copy.spec.taints = [...(copy.spec.taints ?? []), OUT_OF_SERVICE])), allowed: ['garbageCollector'], also: ['garbageCollector'] },
  { title: 'the same with a proof in the same request', rule: 'machines', request: ({ machine }) => replace(machine, (copy) => { copy.spec.taints = [...copy.spec.taints, OUT_OF_SERVICE]; copy.metadata.annotations = { ...copy.metadata.annotations, [ANNOTATIONS.machineEnded]: `${copy.metadata.name}: instance terminated` }; }), allowed: NOBODY },
  { title: 'a proof that a machine ended', rule: 'machines', request: ({ machine }) => merge(machine, { metadata: { annotations: { [ANNOTATIONS.machineEnded]: `${machine.metadata.name}: instance terminated by the cloud` } } }), allowed: ['breakGlass'], also: ['ownKubelet', 'garbageCollector'], table: ['breakGlass'] },
  { title: 'a machine opened to others', rule: 'machines', request: ({ machine }) => merge(machine, { spec: { taints: null } }), allowed: NOBODY },
  { title: 'a machine moved to another pool', rule: 'machines', request: ({ machine }) => merge(machine, { metadata: { labels: { [LABELS.pool]: 'other' } } }), allowed: NOBODY, also: ['ownKubelet'] },
  { title: 'the same by its status', rule: 'machines', request: ({ machine }) => merge(machine, { metadata: { labels: { [LABELS.pool]: 'other' } } }, 'status'), allowed: NOBODY, also: ['ownKubelet'] },
  { title: 'deleting a staking machine', rule: 'machines', request: ({ machine }) => remove(machine), allowed: ['garbageCollector'], also: ['garbageCollector'] },
  { title: 'the proxy to a machine\'s kubelet', rule: 'machines', request: ({ machine }) => ({ method: 'GET', path: `${pathOf(machine)}/proxy/pods` }), allowed: NOBODY, connects: true },

  { title: 'a ConstraintTemplate deleted', rule: 'admission-guard', request: () => ({ method: 'DELETE', path: '/apis/templates.gatekeeper.sh/v1/constrainttemplates/stockadesinglereplica' }), allowed: ['platform', 'gatekeeper'], also: ['gatekeeper', 'stakingAccount'] },
  { title: 'a constraint that only warns', rule: 'admission-guard', request: () => ({ method: 'PATCH', path: '/apis/constraints.gatekeeper.sh/v1beta1/stockadesinglereplica/stockade-single-replica', body: { spec: { enforcementAction: 'dryrun' } }, contentType: 'application/merge-patch+json' }), allowed: ['platform', 'gatekeeper'], also: ['gatekeeper'] },
  { title: 'the webhook taken away', rule: 'webhook-guard', request: () => ({ method: 'DELETE', path: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/stockade-gatekeeper' }), allowed: ['platform', 'gatekeeper'], also: ['gatekeeper'] },
  { title: 'somebody else\'s webhook', rule: 'webhook-guard', request: () => create('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'mine' } }), allowed: EVERYBODY },
];
