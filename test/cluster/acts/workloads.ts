import { ANNOTATIONS, LABELS } from '../../../naming';
import { create, fresh, jsonPatch, merge, remove, replace, serverSideApply, strategic, type Act, type Identity, type Live, type World } from './act';

const NOBODY: readonly Identity[] = [];
const APPLIERS: readonly Identity[] = ['deployer', 'rolloutEngine', 'breakGlass', 'platform'];
const FIRERS: readonly Identity[] = ['operator', 'rolloutEngine', 'breakGlass'];
const scaleOf = (object: Live, replicas: number) => ({ apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: object.metadata.name, namespace: object.metadata.namespace }, spec: { replicas } });
const plain = (kind: string, apiVersion: string, name: string, spec: object) => ({ apiVersion, kind, metadata: { name }, spec });
const POD = { securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } }, containers: [{ name: 'c', image: 'registry.example.com/staking/x:1', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }, resources: { limits: { memory: '1Mi' } } }] };
const template = { metadata: { labels: { app: 'second' } }, spec: POD };
const selector = { matchLabels: { app: 'second' } };
const OTHERS = ['hold', 'workload-writers', 'workload-identity', 'hardened-pods', 'signing-state-kept', 'single-replica'];

/** A merge patch replaces lists whole, so the changed list is sent. */
const template_ = (change: (spec: Live['spec']) => void) => ({ statefulSet }: World) => replace(statefulSet, ({ spec }) => change(spec.template.spec));

export const workloadActs: readonly Act[] = [
  // More replicas, by every route.
  ...(
    [
      ['merge patch', ({ statefulSet }: World) => merge(statefulSet, { spec: { replicas: 2 } })],
      ['JSON patch', ({ statefulSet }: World) => jsonPatch(statefulSet, [{ op: 'replace', path: '/spec/replicas', value: 2 }])],
      ['strategic merge patch', ({ statefulSet }: World) => strategic(statefulSet, { spec: { replicas: 2 } })],
      ['replace', ({ statefulSet }: World) => replace(statefulSet, ({ spec }) => (spec.replicas = 2))],
      ['server-side apply', ({ statefulSet }: World) => serverSideApply(statefulSet, { spec: { replicas: 2 } })],
      ['patch of the scale', ({ statefulSet }: World) => merge(statefulSet, { spec: { replicas: 2 } }, 'scale')],
      ['replace of the scale', ({ statefulSet }: World) => ({ method: 'PUT' as const, path: `/apis/apps/v1/namespaces/${statefulSet.metadata.namespace}/statefulsets/${statefulSet.metadata.name}/scale`, body: scaleOf(statefulSet, 3) })],
      ['a new StatefulSet', (world: World) => fresh(world, (spec) => (spec.replicas = 2))],
      ['the first ordinal moved', ({ statefulSet }: World) => merge(statefulSet, { spec: { ordinals: { start: 1 } } })],
    ] as const
  ).map(([title, request]): Act => ({ title: `more replicas, by ${title}`, rule: 'single-replica', request, allowed: NOBODY, or: OTHERS })),
  { title: 'as many replicas as there are', rule: 'single-replica', request: ({ statefulSet }) => merge(statefulSet, { spec: { replicas: 1 } }), allowed: [...APPLIERS, 'operator'], or: ['workload-writers'], table: ['operator', 'deployer', 'rolloutEngine', 'breakGlass'] },

  // Anything else that makes pods.
  ...(
    [
      ['Deployment', 'apps/v1', '/apis/apps/v1/namespaces/NS/deployments', { replicas: 1, selector, template }],
      ['ReplicaSet', 'apps/v1', '/apis/apps/v1/namespaces/NS/replicasets', { replicas: 1, selector, template }],
      ['DaemonSet', 'apps/v1', '/apis/apps/v1/namespaces/NS/daemonsets', { selector, template }],
      ['Job', 'batch/v1', '/apis/batch/v1/namespaces/NS/jobs', { template: { spec: { ...POD, restartPolicy: 'Never' } } }],
      ['CronJob', 'batch/v1', '/apis/batch/v1/namespaces/NS/cronjobs', { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: { ...POD, restartPolicy: 'Never' } } } } }],
      ['ReplicationController', 'v1', '/api/v1/namespaces/NS/replicationcontrollers', { replicas: 1, selector: { app: 'second' }, template }],
    ] as const
  ).map(([kind, apiVersion, path, spec]): Act => ({ title: `a ${kind}`, rule: 'no-other-workloads', request: ({ namespace }) => create(path.replace('NS', namespace), plain(kind, apiVersion, 'second', spec)), allowed: NOBODY })),
  { title: 'a PodTemplate', rule: 'no-other-workloads', request: ({ namespace }) => create(`/api/v1/namespaces/${namespace}/podtemplates`, { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'second' }, template }), allowed: NOBODY },
  { title: 'an autoscaler of the signer', rule: 'no-other-workloads', request: ({ namespace, signer }) => create(`/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`, plain('HorizontalPodAutoscaler', 'autoscaling/v2', 'second', { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: signer }, maxReplicas: 3 })), allowed: NOBODY },
  { title: 'a Deployment outside the protected namespaces', rule: 'no-other-workloads', request: () => create('/apis/apps/v1/namespaces/default/deployments', plain('Deployment', 'apps/v1', 'second', { replicas: 3, selector, template })), allowed: ['viewer', 'operator', 'deployer', 'rolloutEngine', 'breakGlass', 'dataCustodian', 'platform', 'editor'] },

  // Its identity.
  ...(
    [
      ['a new workload, as it is rendered', (world: World) => fresh(world, () => undefined), APPLIERS, ['deployer', 'rolloutEngine', 'breakGlass'] as readonly Identity[]],
      ['the same under another name', (world: World) => fresh(world, (_, copy) => (copy.metadata.name = 'second-validator')), NOBODY],
      ['with another one\'s service account', (world: World) => fresh(world, (spec) => (spec.template.spec.serviceAccountName = world.signer)), NOBODY],
      ['with another one\'s PVC', (world: World) => fresh(world, (spec) => (spec.template.spec.volumes.find((volume: { persistentVolumeClaim?: object }) => volume.persistentVolumeClaim)!.persistentVolumeClaim.claimName = world.claim.metadata.name)), NOBODY],
      ['with a selector of other pods', (world: World) => fresh(world, (spec) => { delete spec.selector.matchLabels[LABELS.node]; }), NOBODY],
      ['with a pod that wears no component', (world: World) => fresh(world, (spec) => { spec.selector.matchLabels = { app: 'x' }; spec.template.metadata.labels = { app: 'x' }; }), NOBODY],
      ['with volumes made for each pod', (world: World) => fresh(world, (spec) => (spec.volumeClaimTemplates = [{ metadata: { name: 'extra' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }])), NOBODY],
      ['with an ephemeral volume', (world: World) => fresh(world, (spec) => spec.template.spec.volumes.push({ name: 'extra', ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } } })), NOBODY],
      ['in order, pod by pod', (world: World) => fresh(world, (spec) => (spec.podManagementPolicy = 'OrderedReady')), NOBODY],
      ['replaced on deletion', (world: World) => fresh(world, (spec) => (spec.updateStrategy = { type: 'OnDelete' })), NOBODY],
      ['owned by something that can be deleted', (world: World) => fresh(world, (_, copy) => (copy.metadata.ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: world.configMap.metadata.name, uid: world.configMap.metadata.uid }])), NOBODY],
    ] as readonly (readonly [string, Act['request'], readonly Identity[], (readonly Identity[])?])[]
  ).map(([title, request, allowed, table]): Act => ({ title: `a StatefulSet: ${title}`, rule: 'workload-identity', request, allowed, or: OTHERS, ...(table ? { table } : {}) })),
  { title: 'a PVC of another signer in a running workload', rule: 'workload-identity', request: ({ statefulSet, claim }) => replace(statefulSet, ({ spec }) => (spec.template.spec.volumes.find((volume: { persistentVolumeClaim?: object }) => volume.persistentVolumeClaim)!.persistentVolumeClaim.claimName = claim.metadata.name.replace('-0-', '-1-'))), allowed: NOBODY, or: OTHERS },
  { title: 'a stripped signer label', rule: 'workload-writers', request: ({ statefulSet }) => merge(statefulSet, { metadata: { labels: { [LABELS.signer]: null } }, spec: { template: { metadata: { labels: { [LABELS.signer]: null } } } } }), allowed: NOBODY, or: OTHERS },
  { title: 'a node label changed', rule: 'workload-identity', request: ({ statefulSet }) => merge(statefulSet, { metadata: { labels: { [LABELS.node]: 'other' } } }), allowed: NOBODY, or: OTHERS },

  // Writing.
  { title: 'a new template, armed', rule: 'workload-writers', request: ({ statefulSet }) => merge(statefulSet, { spec: { template: { metadata: { annotations: { 'stockade.dev/test': '1' } } } } }), allowed: APPLIERS, table: ['deployer', 'rolloutEngine', 'breakGlass'] },
  { title: 'a new template, fired at once', rule: 'workload-writers', request: ({ statefulSet }) => merge(statefulSet, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } }, template: { metadata: { annotations: { 'stockade.dev/test': '1' } } } } }), allowed: ['rolloutEngine', 'breakGlass'], table: ['rolloutEngine', 'breakGlass'] },
  { title: 'firing', rule: 'workload-writers', request: ({ statefulSet }) => merge(statefulSet, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } }), allowed: FIRERS, table: FIRERS },
  { title: 'a StatefulSet that is made fired', rule: 'workload-writers', request: (world) => fresh(world, (spec) => (spec.updateStrategy.rollingUpdate.partition = 0)), allowed: NOBODY, or: OTHERS },
  { title: 'stopping, with a hold', rule: 'workload-writers', request: ({ statefulSet }) => merge(statefulSet, { metadata: { annotations: { [ANNOTATIONS.hold]: 'double vote suspected' } }, spec: { replicas: 0 } }), allowed: FIRERS, or: ['hold'], table: FIRERS },
  { title: 'stopping, by the scale', rule: 'workload-writers', request: ({ statefulSet }) => merge(statefulSet, { spec: { replicas: 0 } }, 'scale'), allowed: FIRERS, table: FIRERS },
  { title: 'starting what is stopped', rule: 'workload-writers', request: ({ stopped }) => merge(stopped, { spec: { replicas: 1 } }), allowed: [...APPLIERS, 'operator'], table: ['operator', 'deployer', 'rolloutEngine', 'breakGlass'] },
  { title: 'a finalizer put on', rule: 'workload-writers', request: ({ statefulSet }) => merge(statefulSet, { metadata: { finalizers: ['orphan'] } }), allowed: NOBODY },
  { title: 'a rewrite of the control plane', rule: 'workload-writers', request: ({ statefulSet }) => merge(statefulSet, { spec: { template: { spec: { schedulerName: 'default-scheduler' } }, minReadySeconds: 0 } }), allowed: [...APPLIERS, 'operator', 'garbageCollector'], also: ['garbageCollector'], table: ['operator', 'deployer', 'rolloutEngine', 'breakGlass'] },
  { title: 'replicas raised or fired by a controller', rule: 'workload-writers', request: ({ statefulSet }) => merge(statefulSet, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } }), allowed: FIRERS, also: ['garbageCollector', 'statefulSetController'], table: FIRERS },

  // Hold.
  { title: 'starting under a hold, by patch', rule: 'hold', request: ({ held }) => merge(held, { spec: { replicas: 1 } }), allowed: ['breakGlass'], or: ['workload-writers'], table: ['breakGlass'] },
  { title: 'starting under a hold, by server-side apply', rule: 'hold', request: ({ held }) => serverSideApply(held, { spec: { replicas: 1 } }), allowed: ['breakGlass'], or: ['workload-writers'], table: ['breakGlass'] },
  { title: 'starting under a hold, by the scale', rule: 'hold', request: ({ held }) => merge(held, { spec: { replicas: 1 } }, 'scale'), allowed: ['breakGlass'], or: ['workload-writers'], table: ['breakGlass'] },
  { title: 'starting by the scale, which shows no hold', rule: 'hold', request: ({ stopped }) => merge(stopped, { spec: { replicas: 1 } }, 'scale'), allowed: ['breakGlass'], also: ['garbageCollector'], or: ['workload-writers'], table: ['breakGlass'] },
  { title: 'lifting a hold and starting in one request', rule: 'hold', request: ({ held }) => merge(held, { metadata: { annotations: { [ANNOTATIONS.hold]: null } }, spec: { replicas: 1 } }), allowed: ['breakGlass'], or: ['workload-writers'], table: ['breakGlass'] },
  { title: 'lifting a hold', rule: 'hold', request: ({ held }) => merge(held, { metadata: { annotations: { [ANNOTATIONS.hold]: null } } }), allowed: FIRERS, or: ['workload-writers'], table: FIRERS },
  { title: 'lifting a hold by the status', rule: 'hold', request: ({ held }) => merge(held, { metadata: { annotations: { [ANNOTATIONS.hold]: null } } }, 'status'), allowed: NOBODY, also: ['statefulSetController'] },
  { title: 'deleting what is held', rule: 'hold', request: ({ held }) => remove(held), allowed: ['breakGlass'], or: ['workload-deletion'], table: ['breakGlass'] },

  // Deleting.
  { title: 'deleting a stopped StatefulSet', rule: 'workload-deletion', request: ({ stopped }) => remove(stopped), allowed: ['rolloutEngine', 'breakGlass'], also: ['garbageCollector', 'gatekeeper'], table: ['rolloutEngine', 'breakGlass'] },
  { title: 'deleting a running StatefulSet', rule: 'workload-deletion', request: ({ statefulSet }) => remove(statefulSet), allowed: NOBODY },
  { title: 'deleting a StatefulSet and leaving its pod', rule: 'workload-deletion', request: ({ stopped }) => remove(stopped, { propagationPolicy: 'Orphan' }), allowed: NOBODY },
  { title: 'deleting a StatefulSet and leaving its pod, the old way', rule: 'workload-deletion', request: ({ stopped }) => remove(stopped, { orphanDependents: true }), allowed: NOBODY },

  // Signing state.
  { title: 'signing state in memory', rule: 'signing-state-kept', request: template_((spec) => (spec.volumes = spec.volumes.map((volume: { name: string; persistentVolumeClaim?: object }) => (volume.persistentVolumeClaim ? { name: volume.name, emptyDir: {} } : volume)))), allowed: NOBODY, or: OTHERS },
  { title: 'signing state mounted elsewhere', rule: 'signing-state-kept', request: template_((spec) => { for (const mount of spec.containers[0].volumeMounts) if (mount.name === 'signing-state') mount.mountPath = '/elsewhere'; }), allowed: NOBODY, or: OTHERS },
  { title: 'signing state in a subfolder', rule: 'signing-state-kept', request: template_((spec) => { for (const mount of spec.containers[0].volumeMounts) if (mount.name === 'signing-state') mount.subPath = 'new'; }), allowed: NOBODY, or: OTHERS },
  { title: 'a signer without its guard', rule: 'signing-state-kept', request: template_((spec) => (spec.initContainers = spec.initContainers.filter(({ name }: { name: string }) => name !== 'signing-state-guard'))), allowed: NOBODY, or: OTHERS },
  { title: 'a guard that does nothing', rule: 'signing-state-kept', request: template_((spec) => (spec.initContainers[0].command = ['/bin/true'])), allowed: NOBODY, or: OTHERS },
  { title: 'a signer without its agent', rule: 'signing-state-kept', request: template_((spec) => (spec.initContainers = spec.initContainers.filter(({ name }: { name: string }) => name !== 'secret-agent'))), allowed: NOBODY, or: OTHERS },
  { title: 'another program in the agent\'s place', rule: 'signing-state-kept', request: template_((spec) => (spec.initContainers[0].image = 'docker.io/sigp/lighthouse:v8.0.1')), allowed: NOBODY, or: OTHERS },
  { title: 'another argument for the client', rule: 'signing-state-kept', request: template_((spec) => spec.containers[0].args.push('--verbose')), allowed: APPLIERS, or: ['workload-writers'] },

  // Confinement.
  ...(
    [
      ['an image from elsewhere', (spec) => (spec.containers[0].image = 'evil.example/lighthouse:v8')],
      ['a registry\'s name as a prefix', (spec) => (spec.containers[0].image = 'docker.io/sigp-evil/lighthouse:v8')],
      ['privileges', (spec) => (spec.containers[0].securityContext = { privileged: true })],
      ['a writable root', (spec) => (spec.containers[0].securityContext.readOnlyRootFilesystem = false)],
      ['escalation', (spec) => (spec.containers[0].securityContext.allowPrivilegeEscalation = true)],
      ['a capability', (spec) => (spec.containers[0].securityContext.capabilities = { drop: ['ALL'], add: ['SYS_PTRACE'] })],
      ['capabilities not dropped', (spec) => delete spec.containers[0].securityContext.capabilities],
      ['another user', (spec) => (spec.containers[0].securityContext.runAsUser = 0)],
      ['root for the pod', (spec) => { spec.securityContext.runAsNonRoot = false; spec.securityContext.runAsUser = 0; }],
      ['no seccomp', (spec) => (spec.securityContext.seccompProfile = { type: 'Unconfined' })],
      ['no seccomp for the client', (spec) => (spec.containers[0].securityContext.seccompProfile = { type: 'Unconfined' })],
      ['the host\'s network', (spec) => (spec.hostNetwork = true)],
      ['the host\'s processes', (spec) => { spec.hostPID = true; spec.shareProcessNamespace = false; }],
      ['the host\'s IPC', (spec) => (spec.hostIPC = true)],
      ['a port of the host', (spec) => (spec.containers[0].ports = [{ containerPort: 9000, hostPort: 9000 }])],
      ['a folder of the host', (spec) => spec.volumes.push({ name: 'host', hostPath: { path: '/' } })],
      ['a Secret as a volume', (spec) => spec.volumes.push({ name: 'keys', secret: { secretName: 'keys' } })],
      ['a Secret, projected', (spec) => spec.volumes.push({ name: 'keys', projected: { sources: [{ secret: { name: 'keys' } }] } })],
      ['a token for the API server', (spec) => spec.volumes.push({ name: 'api', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } })],
      ['a secret in the environment', (spec) => spec.containers[0].env.push({ name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'key' } } })],
      ['an environment of secrets', (spec) => (spec.containers[0].envFrom = [{ secretRef: { name: 'keys' } }])],
      ['a mounted service account token', (spec) => (spec.automountServiceAccountToken = true)],
      ['no grace', (spec) => (spec.terminationGracePeriodSeconds = 0)],
      ['no grace by a probe', (spec) => (spec.containers[0].livenessProbe.terminationGracePeriodSeconds = 1)],
      ['no memory limit', (spec) => (spec.containers[0].resources = {})],
      ['no anti-affinity', (spec) => delete spec.affinity],
      ['anti-affinity in its own namespace only', (spec) => delete spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespaceSelector],
      ['anti-affinity by zone of nothing', (spec) => (spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey = 'nothing')],
      ['anti-affinity against another node', (spec) => (spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchLabels[LABELS.node] = 'other')],
      ['any pool', (spec) => delete spec.nodeSelector[LABELS.pool]],
      ['a machine of its choice', (spec) => (spec.nodeName = 'general-europe-west1-b-0')],
      ['another scheduler', (spec) => (spec.schedulerName = 'mine')],
      ['a toleration of everything', (spec) => spec.tolerations.push({ operator: 'Exists' })],
      ['a toleration of a machine out of service', (spec) => spec.tolerations.push({ key: 'node.kubernetes.io/out-of-service', operator: 'Exists' })],
      ['another priority', (spec) => (spec.priorityClassName = 'system-node-critical')],
    ] as readonly (readonly [string, (spec: Live['spec']) => unknown])[]
  ).map(([title, change]): Act => ({ title: `a template with ${title}`, rule: 'hardened-pods', request: template_((spec) => void change(spec)), allowed: NOBODY, or: OTHERS })),
  { title: 'a template with more memory', rule: 'hardened-pods', request: template_((spec) => (spec.containers[0].resources.limits.memory = spec.containers[0].resources.requests.memory = '2Gi')), allowed: APPLIERS, or: ['workload-writers'] },
];
