import { refuse, UserError } from '../../errors/user-error';
import { ANNOTATIONS, LABELS, networkNamespace, podName } from '../../naming';
import { deadlineIn, until } from './apply';
import { getRaw, patch, type Live } from './kubectl';
import type { Access } from './access';
import { holdOf, listOf } from './read';

/** One named node of one network, as an operator acts on it; with `component`, that alone. */
export interface NodeTarget {
  readonly network: string;
  readonly node: string;
  readonly component?: string;
}

export interface OperateOptions {
  readonly say: (line: string) => void;
  readonly timeoutSeconds: number;
  /** Ends the waiting; what has to be put back is put back. */
  readonly signal?: AbortSignal;
}

interface StatefulSet extends Live {
  readonly spec: { readonly replicas: number; readonly updateStrategy: { readonly rollingUpdate?: { readonly partition?: number } } };
  readonly status?: { readonly observedGeneration?: number; readonly replicas?: number; readonly currentRevision?: string; readonly updateRevision?: string; readonly readyReplicas?: number };
}

/**
 * Lets a node take what was applied: disarms one component after the other, waits until its pod has the new revision and is ready, and arms it
 * again whatever happens. Signers come last, when all that they ask is there.
 */
export async function fire(access: Access, target: NodeTarget, { say, timeoutSeconds, signal }: OperateOptions): Promise<void> {
  const workloads = await componentsOf(access, target);
  const problems = workloads.flatMap((one) => {
    const held = holdOf(one);
    if (held !== undefined) return [{ message: `${one.metadata.name} is held (${held}): nothing starts it`, next: 'Find out why, then: npm run manifests -- resume.' }];
    if (one.spec.replicas === 0) return [{ message: `${one.metadata.name} is stopped, so there is nothing to fire`, next: 'It takes what was applied when it is started.' }];
    return [];
  });
  if (problems.length > 0) throw new UserError(problems);
  for (const { metadata } of [...workloads].sort(signersLast)) {
    // Until its controller has seen what was applied, its status tells of what was there before.
    await until(deadlineIn(timeoutSeconds), `the controller has seen what was applied of ${metadata.name}`, async () => isSeen(await one(access, metadata)), signal);
    const { status } = await one(access, metadata);
    const revision = status?.updateRevision;
    // After a change that went wrong was taken back, both revisions are the one before, and the pod is still at the one that went wrong.
    if (status?.currentRevision === revision && [undefined, revision].includes(revisionOf(await podOf(access, metadata)))) {
      say(`${metadata.name} runs what was applied`);
      continue;
    }
    const arm = (partition: 0 | 1): Promise<void> => patch(access, idOf(metadata), { spec: { updateStrategy: { rollingUpdate: { partition } } } });
    say(`firing ${metadata.name}`);
    try {
      await arm(0);
      await until(deadlineIn(timeoutSeconds), `${metadata.name} runs ${revision} and is ready`, async () => {
        const now = await one(access, metadata);
        return isSeen(now) && now.status?.currentRevision === revision && now.status?.readyReplicas === 1 && revisionOf(await podOf(access, metadata)) === revision;
      }, signal);
    } finally {
      await arm(1);
    }
    say(`${metadata.name} runs ${revision}, and is armed`);
  }
}

/** Sets a hold and stops, in one change: nothing starts it again until the hold is lifted. The signer first, others only if asked. */
export async function stop(access: Access, target: NodeTarget, { say, timeoutSeconds, why, all }: OperateOptions & { readonly why: string; readonly all: boolean }): Promise<void> {
  const workloads = await componentsOf(access, target);
  const signers = workloads.filter(isSigner);
  const chosen = target.component !== undefined || all || signers.length === 0 ? [...workloads].sort(signersLast).reverse() : signers;
  for (const { metadata } of chosen) {
    await patch(access, idOf(metadata), { metadata: { annotations: { [ANNOTATIONS.hold]: why } }, spec: { replicas: 0 } });
    say(`${metadata.name} is held and stops`);
  }
  for (const { metadata } of chosen) {
    const pod = nameOfPod(metadata);
    // A pod that ended by itself may be made again by a controller that has not seen the stop yet: it has to count none.
    const counted = async (): Promise<number> => {
      const now = await getRaw<StatefulSet>(access, pathOf(metadata));
      return now === undefined ? 0 : isSeen(now) ? (now.status?.replicas ?? 0) : 1;
    };
    try {
      await until(deadlineIn(timeoutSeconds), `pod ${pod} is gone`, async () => (await counted()) === 0 && (await podOf(access, metadata)) === undefined);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refuse(`pod ${pod} is still there after ${timeoutSeconds} s: it may be signing`, 'Wait; if its machine does not answer, see docs/runbooks/machines.md. Prove that it ended before you believe it.');
    }
    say(`pod ${pod} is gone`);
  }
}

/** Lifts the hold, in a change of its own, and with `start` starts the node again, signers last. */
export async function resume(access: Access, target: NodeTarget, { say, start }: OperateOptions & { readonly start: boolean }): Promise<void> {
  const workloads = [...(await componentsOf(access, target))].sort(signersLast);
  if (!start && workloads.every((one) => holdOf(one) === undefined)) refuse(`node "${target.node}" is not held`, 'To start it in Git, declare state: running. To start it now: --start.');
  for (const workload of workloads) {
    const held = holdOf(workload);
    if (held === undefined) continue;
    await patch(access, idOf(workload.metadata), { metadata: { annotations: { [ANNOTATIONS.hold]: null } } });
    say(`${workload.metadata.name} is no longer held (${held})`);
  }
  if (!start) return;
  for (const { metadata, spec } of workloads) {
    if (spec.replicas === 1) continue;
    await patch(access, idOf(metadata), { spec: { replicas: 1 } });
    say(`${metadata.name} starts`);
  }
}

/** @throws UserError where there is no such node or component */
async function componentsOf(access: Access, { network, node, component }: NodeTarget): Promise<readonly StatefulSet[]> {
  const namespace = networkNamespace(network);
  const all = (await listOf<StatefulSet>(access, `/apis/apps/v1/namespaces/${namespace}/statefulsets`)).filter(({ metadata }) => metadata.labels?.[LABELS.node] === node);
  const found = component === undefined ? all : all.filter(({ metadata }) => metadata.labels?.[LABELS.component] === component);
  if (found.length > 0) return found;
  const there = all.map(({ metadata }) => metadata.labels?.[LABELS.component]).join(', ');
  return refuse(all.length === 0 ? `there is no node "${node}" of network "${network}" in this cluster` : `node "${node}" has no component "${component}": ${there}`, 'Correct --network, --node or --component.');
}

const idOf = ({ namespace, name }: Live['metadata']): { plural: string; namespace: string; name: string } => ({ plural: 'statefulsets', namespace: namespace!, name });

const pathOf = ({ namespace, name }: Live['metadata']): string => `/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`;

async function one(access: Access, metadata: Live['metadata']): Promise<StatefulSet> {
  return (await getRaw<StatefulSet>(access, pathOf(metadata))) ?? refuse(`StatefulSet ${metadata.namespace}/${metadata.name} is gone`, 'Apply the fleet.');
}

const nameOfPod = ({ labels }: Live['metadata']): string => podName(labels![LABELS.node]!, labels![LABELS.component]!);
const podOf = (access: Access, metadata: Live['metadata']): Promise<Live | undefined> => getRaw<Live>(access, `/api/v1/namespaces/${metadata.namespace}/pods/${nameOfPod(metadata)}`);
const revisionOf = (pod: Live | undefined): string | undefined => pod?.metadata.labels?.['controller-revision-hash'];
/** Its controller has seen what it is now. */
const isSeen = ({ metadata, status }: StatefulSet): boolean => status?.observedGeneration === metadata.generation;

const isSigner = ({ metadata }: StatefulSet): boolean => metadata.labels?.[LABELS.signer] === 'true';
const signersLast = (a: StatefulSet, b: StatefulSet): number => Number(isSigner(a)) - Number(isSigner(b)) || (a.metadata.name < b.metadata.name ? -1 : 1);
