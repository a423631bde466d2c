import { ANNOTATIONS } from '../../../naming';
import { merge, remove, replace, type Act, type ApiRequest, type Identity, type Live, type World } from './act';

const NOBODY: readonly Identity[] = [];
const FIRERS: readonly Identity[] = ['operator', 'rolloutEngine', 'breakGlass'];
const EVERYBODY: readonly Identity[] = ['viewer', 'operator', 'deployer', 'rolloutEngine', 'breakGlass', 'dataCustodian', 'platform', 'editor'];
const SHAPES = ['single-replica', 'workload-identity', 'hardened-pods', 'signing-state-kept'];
/** Whom they refuse for what is written, and whom for who writes. */
const OTHERS = ['hold', 'workload-writers', ...SHAPES];
const hold = (text: string | null) => ({ annotations: { [ANNOTATIONS.hold]: text } });
const EVIL = 'evil.example/other:v1';
/** A PUT of the whole object, whatever its controller wrote into it meanwhile. */
const rewritten = (object: Live, change: (copy: Live) => void, subresource = ''): ApiRequest =>
  replace(object, (copy) => { delete (copy.metadata as { resourceVersion?: string }).resourceVersion; change(copy); }, subresource);
const changed = (of: (world: World) => Live, change: (copy: Live) => void) => (world: World): ApiRequest => rewritten(of(world), change);

/** What lowers a risk passes whatever else is wrong with the object; what starts, raises or changes anything is judged in full. */
export const stopActs: readonly Act[] = [
  ...(
    [
      ['stopped', ({ outdated }) => merge(outdated, { spec: { replicas: 0 } })],
      ['stopped by the scale', ({ outdated }) => merge(outdated, { spec: { replicas: 0 } }, 'scale')],
      ['stopped, with another hold', ({ outdated }) => merge(outdated, { metadata: hold('double vote suspected'), spec: { replicas: 0 } })],
      ['stopped in part', ({ outdated }) => merge(outdated, { spec: { replicas: 1 } })],
      ['stopped in part, by the scale', ({ outdated }) => merge(outdated, { spec: { replicas: 1 } }, 'scale')],
      ['held', ({ disarmed }) => merge(disarmed, { metadata: hold('double vote suspected') })],
      ['let go of its hold', ({ outdated }) => merge(outdated, { metadata: hold(null) })],
      ['stopped and armed', ({ outdated }) => merge(outdated, { spec: { replicas: 0, updateStrategy: { rollingUpdate: { partition: 1 } } } })],
    ] as readonly (readonly [string, Act['request']])[]
  ).map(([title, request]): Act => ({ title: `what no rule would let in is ${title}`, rule: 'workload-writers', or: ['hold'], request, allowed: FIRERS, table: FIRERS })),
  // No role of ours has the verb.
  { title: 'what no rule would let in is stopped by a write of the whole object', rule: 'workload-writers', or: ['hold'], request: changed(({ outdated }) => outdated, (copy) => (copy.spec.replicas = 0)), allowed: FIRERS },
  { title: 'what no rule would let in is armed', rule: 'workload-writers', request: ({ disarmed }) => merge(disarmed, { spec: { updateStrategy: { rollingUpdate: { partition: 1 } } } }), allowed: [...FIRERS, 'deployer', 'platform'], table: [...FIRERS, 'deployer'] },
  { title: 'what no rule would let in is annotated by a controller', rule: 'workload-writers', request: ({ outdated }) => merge(outdated, { metadata: { annotations: { note: 'x' } } }), allowed: ['deployer', 'platform', 'rolloutEngine', 'breakGlass', 'statefulSetController', 'garbageCollector'], also: ['statefulSetController', 'garbageCollector'], table: ['deployer', 'rolloutEngine', 'breakGlass'] },
  { title: 'what no rule would let in gets its finalizer from a controller', rule: 'workload-writers', request: ({ outdated }) => merge(outdated, { metadata: { finalizers: ['foregroundDeletion'] } }), allowed: ['garbageCollector'], also: ['garbageCollector'] },
  { title: 'what no rule would let in has its status written', rule: 'hold', request: ({ outdated }) => merge(outdated, { status: { observedGeneration: 9 } }, 'status'), allowed: ['statefulSetController'], also: ['statefulSetController'] },
  { title: 'another revision to come back at, by the status', rule: 'hold', request: ({ statefulSet }) => merge(statefulSet, { status: { currentRevision: 'x' } }, 'status'), allowed: ['statefulSetController'], also: ['statefulSetController', 'ownKubelet'] },
  { title: 'an owner that is gone, by the status', rule: 'hold', request: ({ statefulSet }) => merge(statefulSet, { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '00000000-0000-4000-8000-000000000000' }] } }, 'status'), allowed: [], also: ['ownKubelet'] },

  // The same, with something else in it.
  ...(
    [
      ['another image', changed(({ outdated }) => outdated, ({ spec }) => { spec.replicas = 0; spec.template.spec.containers[0].image = EVIL; })],
      ['another label', ({ outdated }) => merge(outdated, { metadata: { labels: { note: 'x' } }, spec: { replicas: 0 } })],
      ['an owner', ({ outdated, configMap }) => merge(outdated, { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: configMap.metadata.name, uid: configMap.metadata.uid }] }, spec: { replicas: 0 } })],
      ['its partition taken away', ({ outdated }) => merge(outdated, { spec: { replicas: 0, updateStrategy: { rollingUpdate: null } } })],
      ['another first ordinal', ({ outdated }) => merge(outdated, { spec: { replicas: 0, ordinals: { start: 2 } } })],
    ] as readonly (readonly [string, Act['request']])[]
  ).map(([title, request]): Act => ({ title: `a stop with ${title}`, rule: 'workload-identity', or: OTHERS, request, allowed: NOBODY })),
  ...(
    [
      ['started', ({ disarmed }) => merge(disarmed, { spec: { replicas: 1 } })],
      ['started by leaving its replicas out', ({ disarmed }) => merge(disarmed, { spec: { replicas: null } })],
      ['fired', ({ outdated }) => merge(outdated, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } })],
      ['run once more', ({ outdated }) => merge(outdated, { spec: { replicas: 3 } })],
      ['armed against nothing', ({ disarmed }) => merge(disarmed, { spec: { updateStrategy: { rollingUpdate: { partition: 2 } } } })],
    ] as readonly (readonly [string, Act['request']])[]
  ).map(([title, request]): Act => ({ title: `what no rule would let in is ${title}`, rule: 'hardened-pods', or: OTHERS, request, allowed: NOBODY, also: ['statefulSetController'] })),
  { title: 'what no rule would let in is run once more, by the scale', rule: 'single-replica', or: OTHERS, request: ({ outdated }) => merge(outdated, { spec: { replicas: 3 } }, 'scale'), allowed: NOBODY },
  { title: 'starting under a hold, by leaving the replicas out', rule: 'hold', or: ['workload-writers'], request: ({ held }) => merge(held, { spec: { replicas: null } }), allowed: ['breakGlass'], table: ['breakGlass'] },

  // What else makes pods, and was there before.
  ...(
    [
      ['a Deployment run less', ({ intruder }) => merge(intruder, { spec: { replicas: 1 } })],
      ['a Deployment stopped', ({ intruder }) => merge(intruder, { spec: { replicas: 0 } })],
      ['a Deployment stopped by the scale', ({ intruder }) => merge(intruder, { spec: { replicas: 0 } }, 'scale')],
      ['a Deployment that is let go', ({ intruder }) => merge(intruder, { metadata: { finalizers: ['foregroundDeletion'] } })],
      ['its ReplicaSet stopped by its controller', ({ intruders }) => merge(intruders, { metadata: { annotations: { 'deployment.kubernetes.io/desired-replicas': '0' } }, spec: { replicas: 0 } })],
      ['a CronJob suspended', ({ cron }) => merge(cron, { spec: { suspend: true } })],
    ] as readonly (readonly [string, Act['request']])[]
  ).map(([title, request]): Act => ({ title, rule: 'no-other-workloads', request, allowed: [...EVERYBODY, 'garbageCollector'], also: ['garbageCollector'] })),
  ...(
    [
      ['a Deployment run more', ({ intruder }) => merge(intruder, { spec: { replicas: 3 } })],
      ['a Deployment run more, by the scale', ({ intruder }) => merge(intruder, { spec: { replicas: 3 } }, 'scale')],
      ['a Deployment stopped, with another image', changed(({ intruder }) => intruder, ({ spec }) => { spec.replicas = 0; spec.template.spec.containers[0].image = EVIL; })],
      ['a Deployment that goes on with its rollout', ({ intruder }) => merge(intruder, { spec: { paused: null } })],
      ['a CronJob at another time', ({ cron }) => merge(cron, { spec: { suspend: true, schedule: '1 1 1 1 *' } })],
    ] as readonly (readonly [string, Act['request']])[]
  ).map(([title, request]): Act => ({ title, rule: 'no-other-workloads', request, allowed: NOBODY, also: ['garbageCollector'] })),
];

/** Pods that ended, and what could make one look so. */
const ENDERS: readonly Identity[] = [...FIRERS, 'ownKubelet', 'statefulSetController', 'podGarbageCollector', 'garbageCollector'];
const asked: readonly Identity[] = ['ownKubelet', 'otherKubelet', 'statefulSetController', 'podGarbageCollector', 'garbageCollector', 'stakingAccount'];
const said = (phase: string) => (pod: (world: World) => Live) => (world: World): ApiRequest => merge(pod(world), { status: { phase } }, 'status');

export const endedActs: readonly Act[] = [
  // Without a grace of its own: the API server makes it 0.
  { title: 'deleting a pod that its kubelet calls Failed', rule: 'pod-deletion', request: ({ ended }) => remove(ended), allowed: ENDERS, also: asked, table: FIRERS },
  { title: 'the same, by a request that says so', rule: 'pod-deletion', request: ({ ended }) => remove(ended, { gracePeriodSeconds: 0 }), allowed: ENDERS, also: asked, table: FIRERS },
  { title: 'deleting a pod that its kubelet refused', rule: 'pod-deletion', request: ({ rejected }) => remove(rejected), allowed: ENDERS, also: asked, table: FIRERS },
  { title: 'deleting a pod that is called Failed while a container runs', rule: 'pod-deletion', request: ({ unended }) => remove(unended), allowed: ['ownKubelet'], also: asked },

  { title: 'Failed, written on a pod that was never placed', rule: 'pod-status', request: said('Failed')(({ unbound }) => unbound), allowed: NOBODY, also: ['podGarbageCollector', 'otherKubelet', 'scheduler'] },
  { title: 'Failed, written by a replaced status', rule: 'pod-status', request: ({ pod }) => rewritten(pod, (copy) => { copy.status.phase = 'Failed'; for (const one of copy.status.containerStatuses) one.state = { terminated: { exitCode: 0 } }; }, 'status'), allowed: ['ownKubelet'], also: ['ownKubelet', 'otherKubelet', 'podGarbageCollector'] },
  { title: 'Running, written on a pod that ended', rule: 'pod-status', request: said('Running')(({ ended }) => ended), allowed: ['ownKubelet'], also: ['ownKubelet', 'otherKubelet', 'podGarbageCollector'] },
  { title: 'a container said to have ended', rule: 'pod-status', request: ({ unended }) => merge(unended, { status: { containerStatuses: null } }, 'status'), allowed: ['ownKubelet'], also: ['ownKubelet', 'otherKubelet', 'podGarbageCollector', 'statefulSetController'] },
  { title: 'an agent said to have ended', rule: 'pod-status', request: ({ pod }) => merge(pod, { status: { initContainerStatuses: null } }, 'status'), allowed: ['ownKubelet'], also: ['ownKubelet', 'garbageCollector'] },
];
