import { createHash } from 'node:crypto';
import type { KubeObject, Live } from '../../kube/objects';
import type { World } from './world';

/** How the controllers and machines of a cluster behave. One tick goes by with each request. */
export interface Pace {
  /** Ticks until the StatefulSet controller sees a change. */
  lag: number;
  /** Ticks until a new pod is ready; for some revisions perhaps never. */
  readyAfter: number | ((pod: Pod) => number);
  /** Ticks that a pod takes to end; Infinity: its machine does not answer. */
  endsAfter: number;
}

export interface StatefulSet extends Live {
  readonly spec: { replicas: number; template: { metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }; spec?: object }; updateStrategy?: { rollingUpdate?: { partition?: number } } };
  readonly status?: { observedGeneration?: number; replicas?: number; readyReplicas?: number; currentRevision?: string; updateRevision?: string };
}

export interface Pod extends Live {
  readonly status?: { phase?: string; conditions?: { type: string; status: string }[] };
}

/**
 * The StatefulSet controller and the kubelets, for at most one replica, `Parallel`: what was seen of the real one stands in the conformance suite. Written after
 * `pkg/controller/statefulset/stateful_set_control.go` of Kubernetes 1.34.
 */
export function tick(world: World, pace: Pace): void {
  world.ticks += 1;
  for (const pod of world.of<Pod>('Pod')) kubelet(world, pod, pace);
  for (const quota of world.of<Live & { spec: { hard: object }; status?: { hard?: object } }>('ResourceQuota')) world.save({ ...quota, status: { ...quota.status, hard: quota.spec.hard } } as Live);
  for (const set of world.of<StatefulSet>('StatefulSet')) control(world, set, pace);
  for (const pod of world.of<Pod>('Pod')) if (ownerOf(pod) !== undefined && !world.of('StatefulSet').some(({ metadata }) => metadata.uid === ownerOf(pod))) end(world, pod);
}

function control(world: World, set: StatefulSet, { lag }: Pace): void {
  const { uid, generation = 1, namespace } = set.metadata;
  const update = revisionOf(set);
  world.templates[update] ??= structuredClone(set.spec.template);
  if (generation !== (set.status?.observedGeneration ?? 0) && world.since(`${uid} ${generation}`) < lag) return;
  const current = set.status?.currentRevision ?? update;
  const name = `${set.metadata.name}-0`;
  let pod = world.of<Pod>('Pod').find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (pod === undefined && set.spec.replicas > 0) pod = world.save(newPod(set, name, partition > 0 ? current : update, world));
  else if (pod !== undefined && isEnding(pod)) pod = undefined;
  else if (pod !== undefined && (set.spec.replicas === 0 || (partition === 0 && hashOf(pod) !== update))) end(world, pod);
  const there = world.of<Pod>('Pod').filter(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  const [mine] = there;
  const ready = there.filter(isReady).length;
  const updated = mine !== undefined && !isEnding(mine) && hashOf(mine) === update ? 1 : 0;
  // `completeRollingUpdate`: also of a set that is stopped, and of an armed one whose pod is at the new revision.
  const complete = updated === set.spec.replicas && there.length === set.spec.replicas && ready === set.spec.replicas;
  world.save({ ...set, status: { observedGeneration: generation, replicas: there.length, readyReplicas: ready, currentRevision: complete ? update : current, updateRevision: update } } as Live);
}

function kubelet(world: World, pod: Pod, { readyAfter, endsAfter }: Pace): void {
  const age = world.since(`${pod.metadata.uid} ${isEnding(pod) ? 'ends' : 'starts'}`);
  if (isEnding(pod)) {
    if (age >= endsAfter) world.remove(pod);
  } else if (!isReady(pod) && age >= (typeof readyAfter === 'number' ? readyAfter : readyAfter(pod))) {
    world.save({ ...pod, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } } as Live);
  }
}

/** Asks a pod to end: it is there until its kubelet says that it ended. */
export function end(world: World, pod: Live): void {
  if (!isEnding(pod)) world.save({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date().toISOString() } } as Live);
}

const newPod = (set: StatefulSet, name: string, revision: string, world: World): KubeObject => {
  const template = world.templates[revision] as StatefulSet['spec']['template'];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: set.metadata.namespace,
      labels: { ...template.metadata?.labels, 'controller-revision-hash': revision, 'statefulset.kubernetes.io/pod-name': name },
      annotations: template.metadata?.annotations,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: set.metadata.name, uid: set.metadata.uid, controller: true }],
    },
    spec: template.spec,
    status: { phase: 'Pending' },
  } as KubeObject;
};

const revisionOf = ({ metadata, spec }: StatefulSet): string => `${metadata.name}-${createHash('sha256').update(JSON.stringify(spec.template)).digest('hex').slice(0, 10)}`;
const hashOf = ({ metadata }: Live): string | undefined => metadata.labels?.['controller-revision-hash'];
const isReady = ({ status }: Pod): boolean => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
const isEnding = ({ metadata }: Live): boolean => metadata.deletionTimestamp !== undefined;
const ownerOf = ({ metadata }: Live): string | undefined => (metadata as { ownerReferences?: { uid: string }[] }).ownerReferences?.[0]?.uid;
