import type { Manifest } from '../../constructs/manifest';
import { LABELS, SYSTEM_NAMESPACE } from '../../naming';
import { painted } from './painter';

const CLAIM = '{"identity":{"cluster":"gke-golden"},"secrets":[{"source":"networks/hoodi/keys/0x8f","claim":"0x8f"}]}';
const named = (object: Manifest): Manifest => ({ ...object, metadata: { ...object.metadata, name: 'attack' } });
const elsewhere = (kind: string, namespace: string | undefined): Manifest => painted(kind, ({ metadata }) => void (namespace === undefined ? delete metadata.namespace : (metadata.namespace = namespace)));

/** What somebody may try to have applied as a program, each with what is said of it. */
export const ATTACKS: readonly (readonly [what: string, object: Manifest, said: string])[] = [
  ['a Deployment among the nodes of a network', elsewhere('Deployment', 'staking-hoodi'), 'is in namespace "staking-hoodi"'],
  ['a StatefulSet among the nodes of a network', elsewhere('StatefulSet', 'staking-hoodi'), 'is in namespace "staking-hoodi"'],
  ['a DaemonSet of the system', elsewhere('DaemonSet', 'kube-system'), 'is in namespace "kube-system"'],
  ['a Job in a namespace that is only called like ours', elsewhere('Job', 'stockade-evil'), 'is in namespace "stockade-evil"'],
  ['a CronJob of no namespace', elsewhere('CronJob', undefined), 'is in no namespace'],
  ['a Role of another namespace', elsewhere('Role', 'staking-hoodi'), 'is in namespace "staking-hoodi"'],
  ['a namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'stockade-evil' } }, 'is of a kind that no program is made of'],
  ['a Secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'painter', namespace: SYSTEM_NAMESPACE }, data: {} }, 'is of a kind that no program is made of'],
  ['a bare pod', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'painter', namespace: SYSTEM_NAMESPACE }, spec: {} }, 'is of a kind that no program is made of'],
  ['a ClusterRole', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'painter' }, rules: [] }, 'is of a kind that no program is made of'],
  ['a Deployment labelled as a signer', painted('Deployment', ({ metadata }) => (metadata.labels![LABELS.signer] = 'true')), `bears the label ${LABELS.signer}`],
  ['pods labelled as a signer\'s', painted('Deployment', (_, { template }) => (template.metadata.labels = { ...template.metadata.labels, [LABELS.signer]: 'true' })), `bears the label ${LABELS.signer}`],
  ['pods of a CronJob labelled as a node\'s', painted('CronJob', (_, { jobTemplate }) => (jobTemplate.spec.template.metadata.labels = { [LABELS.node]: 'eth-0' })), `bears the label ${LABELS.node}`],
  ['runs of a CronJob labelled as a node\'s', painted('CronJob', (_, { jobTemplate }) => (jobTemplate.metadata = { labels: { [LABELS.component]: 'validator' } })), `bears the label ${LABELS.component}`],
  ['a Deployment on a signer\'s disk', painted('Deployment', (_, { template }) => void template.spec.volumes.push({ name: 'x', persistentVolumeClaim: { claimName: 'eth-gke-0-validator-signing-state' } })), 'mounts the PVC "eth-gke-0-validator-signing-state", which no program declares'],
  ['a CronJob on a signer\'s disk', painted('CronJob', (_, { jobTemplate }) => void jobTemplate.spec.template.spec.volumes.push({ name: 'x', persistentVolumeClaim: { claimName: 'eth-gke-0-validator-signing-state' } })), 'which no program declares'],
  ['a PVC that names a released disk', named(painted('PersistentVolumeClaim', (_, spec) => (spec['volumeName'] = 'pvc-of-a-signer'))), 'asks for a disk that is there already (volumeName)'],
  ['a PVC that finds a released disk by its labels', named(painted('PersistentVolumeClaim', (_, spec) => (spec['selector'] = { matchLabels: {} }))), 'asks for a disk that is there already (selector)'],
  ['a PVC that is a copy', named(painted('PersistentVolumeClaim', (_, spec) => (spec['dataSourceRef'] = { kind: 'VolumeSnapshot', name: 'x' }))), 'asks for a disk that is there already (dataSourceRef)'],
  ['a PVC of the class of signing state', named(painted('PersistentVolumeClaim', (_, spec) => (spec['storageClassName'] = 'stockade-signing-state'))), 'asks for a disk of class "stockade-signing-state"'],
  ['a volume of the class of signing chains, made for a pod', painted('Deployment', (_, { template }) => void template.spec.volumes.push({ name: 'x', ephemeral: { volumeClaimTemplate: { spec: { storageClassName: 'stockade-signing-chain' } } } })), 'asks for a disk of class "stockade-signing-chain"'],
  ['a disk named by the template of a StatefulSet', painted('StatefulSet', (_, spec) => (spec['volumeClaimTemplates'] = [{ metadata: { name: 'x' }, spec: { volumeName: 'pvc-of-a-signer' } }])), 'asks for a disk that is there already (volumeName)'],
  ['a disk of a StatefulSet labelled as a node\'s', painted('StatefulSet', (_, spec) => (spec['volumeClaimTemplates'] = [{ metadata: { name: 'x', labels: { [LABELS.volumeKind]: 'signing-state' } }, spec: {} }])), `bears the label ${LABELS.volumeKind}`],
  ['a disk made for a pod, labelled as a node\'s', painted('Deployment', (_, { template }) => void template.spec.volumes.push({ name: 'x', ephemeral: { volumeClaimTemplate: { metadata: { labels: { [LABELS.node]: 'eth-0' } }, spec: {} } } })), `bears the label ${LABELS.node}`],
  ['a ConfigMap by which an agent would ask for a key', painted('ConfigMap', (object) => (object['data'] = { 'agent.json': CLAIM })), 'claims validator keys'],
  ['the same under another name', painted('ConfigMap', (object) => (object['data'] = { 'colours.json': CLAIM })), 'claims validator keys'],
];
