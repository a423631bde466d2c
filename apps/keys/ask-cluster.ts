import { isKubeError, type Reason } from '../../kube/errors';
import type { Kube } from '../../kube/kube';
import { pathTo, PODS, STATEFUL_SETS } from '../../kube/paths';
import { networkNamespace } from '../../naming';
import type { ConfigMap, ControllerRevision, Pod, SignerReading, StatefulSet } from './signers';

/** What a cluster answered; or that it did not; or that it did, and not to us. */
export type Answer = { readonly kind: 'read'; readonly reading: SignerReading } | { readonly kind: 'unreachable' | 'refused'; readonly why: string };

/**
 * Asks a cluster what it has of a network's signers. StatefulSets before pods: a pod that one of them makes in between is seen.
 * A server that answers that we may not look is reached: machines that ended prove nothing then.
 */
export async function askCluster(kube: Kube, network: string): Promise<Answer> {
  const namespace = networkNamespace(network);
  try {
    const statefulSets = await list<StatefulSet>(kube, pathTo(STATEFUL_SETS, { namespace }));
    const revisions = await list<ControllerRevision>(kube, pathTo({ apiVersion: 'apps/v1', plural: 'controllerrevisions' }, { namespace }));
    const configMaps = await list<ConfigMap>(kube, pathTo({ apiVersion: 'v1', plural: 'configmaps' }, { namespace }));
    const pods = await list<Pod>(kube, pathTo(PODS, { namespace }));
    return { kind: 'read', reading: { statefulSets, revisions, configMaps, pods } };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return { kind: 'refused', why: `what it answers is not a list of Kubernetes' (${error.message})` };
    if (!isKubeError(error)) throw error;
    // What the server itself said is the detail.
    const [why = ''] = error.failures.map(({ message, detail = '' }) => `${message} ${detail}`.trim().replaceAll(/\s+/g, ' '));
    return { kind: REFUSED.has(error.reason) ? 'refused' : 'unreachable', why };
  }
}

/** A server that says this is there, and may have signers. */
const REFUSED: ReadonlySet<Reason> = new Set<Reason>(['forbidden', 'unauthorized', 'not-found', 'not-understood', 'invalid', 'gone']);

async function list<T extends { readonly metadata: { readonly name: string } }>(kube: Kube, path: string): Promise<readonly T[]> {
  const { items } = await kube.list<T>(path);
  for (const { metadata } of items) if (typeof metadata.name !== 'string') throw new TypeError(`an object of ${path} has no name`);
  return items;
}
