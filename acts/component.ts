import { refuse } from '../errors/user-error';
import type { Kube } from '../kube/kube';
import type { Live } from '../kube/objects';
import { pathTo, PODS, STATEFUL_SETS } from '../kube/paths';
import { ANNOTATIONS, LABELS, networkNamespace, podName } from '../naming';

/** One named node of one network, as somebody acts on it; with `component`, that alone. */
export interface NodeTarget {
  readonly network: string;
  readonly node: string;
  readonly component?: string;
}

/** For every act. */
export interface ActOptions {
  /** For each wait. */
  readonly timeoutSeconds: number;
  /** Ends the waiting; what has to be put back is put back. */
  readonly signal?: AbortSignal;
}

/** One component of a node: its StatefulSet, with at most one pod. */
export interface Component extends Live {
  readonly metadata: Live['metadata'] & { readonly namespace: string };
  readonly spec: { readonly replicas: number; readonly updateStrategy: { readonly rollingUpdate?: { readonly partition?: number } } };
  readonly status?: { readonly observedGeneration?: number; readonly replicas?: number; readonly currentRevision?: string; readonly updateRevision?: string; readonly readyReplicas?: number };
}

/** A component by its names, as events and outcomes tell of it. */
export interface ComponentName {
  readonly namespace: string;
  readonly name: string;
}

/** Who owns what an act writes. */
const ACTOR = 'stockade-operator';

/** What acts name in a cluster, signers last. @throws UserError where there is no such node or component */
export async function componentsOf(kube: Kube, { network, node, component }: NodeTarget): Promise<readonly Component[]> {
  const { items } = await kube.list<Component>(pathTo(STATEFUL_SETS, { namespace: networkNamespace(network) }));
  const all = items.filter(({ metadata }) => metadata.labels?.[LABELS.node] === node);
  const found = component === undefined ? all : all.filter(({ metadata }) => metadata.labels?.[LABELS.component] === component);
  if (found.length > 0) return [...found].sort(signersLast);
  const there = all.map(({ metadata }) => metadata.labels?.[LABELS.component]).join(', ');
  return refuse(all.length === 0 ? `there is no node "${node}" of network "${network}" in this cluster` : `node "${node}" has no component "${component}": ${there}`, 'Correct --network, --node or --component.');
}

/** As it is now. @throws UserError where it is gone */
export const read = async (kube: Kube, name: ComponentName): Promise<Component> => (await find(kube, name)) ?? refuse(`StatefulSet ${name.namespace}/${name.name} is gone`, 'Apply the fleet.');

export const find = (kube: Kube, name: ComponentName): Promise<Component | undefined> => kube.find<Component>(pathOf(name));

/** Writes into it, as whoever acts. */
export const write = (kube: Kube, name: ComponentName, body: { readonly metadata?: object; readonly spec?: object }): Promise<Component> => kube.patch<Component>(pathOf(name), body, { fieldManager: ACTOR });

/** Disarmed (0), a new template replaces the pod; armed (1), nothing does. */
export const setPartition = (kube: Kube, name: ComponentName, partition: 0 | 1): Promise<Component> => write(kube, name, { spec: { updateStrategy: { rollingUpdate: { partition } } } });

export const isArmed = ({ spec }: Component): boolean => (spec.updateStrategy.rollingUpdate?.partition ?? 0) >= 1;

/** Its one pod; undefined while there is none. */
export const podOf = (kube: Kube, component: Component): Promise<Live | undefined> => kube.find(podPath(component));

export const podPath = ({ metadata }: Component): string => pathTo(PODS, { namespace: metadata.namespace, name: nameOfPod(metadata) });

export const nameOfPod = ({ labels }: Live['metadata']): string => podName(labels![LABELS.node]!, labels![LABELS.component]!);

/** The template that a pod was made of. */
export const revisionOf = (pod: Live | undefined): string | undefined => pod?.metadata.labels?.['controller-revision-hash'];

/** Its controller has seen what it is now: until then its status tells of what it was. */
export const isSeen = ({ metadata, status }: Component): boolean => status?.observedGeneration === metadata.generation;

/** By whom and why it was stopped; undefined where nobody holds it. */
export const holdOf = (live: Live | undefined): string | undefined => live?.metadata.annotations?.[ANNOTATIONS.hold];

export const isSigner = ({ metadata }: Live): boolean => metadata.labels?.[LABELS.signer] === 'true';

export const nameOf = ({ metadata: { namespace, name } }: Component): ComponentName => ({ namespace, name });

const pathOf = ({ namespace, name }: ComponentName): string => pathTo(STATEFUL_SETS, { namespace, name });

/** Signers come last, when all that they ask is there. */
const signersLast = (a: Component, b: Component): number => Number(isSigner(a)) - Number(isSigner(b)) || (a.metadata.name < b.metadata.name ? -1 : 1);
