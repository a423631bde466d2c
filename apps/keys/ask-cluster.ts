import { UserError } from '../../errors/user-error';
import { networkNamespace } from '../../naming';
import type { Access } from '../deploy/access';
import { listOf, NoList } from '../deploy/read';
import type { ConfigMap, ControllerRevision, Pod, SignerReading, StatefulSet } from './signers';

/** What a cluster answered; or that it did not; or that it did, and not to us. */
export type Answer = { readonly kind: 'read'; readonly reading: SignerReading } | { readonly kind: 'unreachable' | 'refused'; readonly why: string };

/**
 * Asks a cluster what it has of a network's signers. StatefulSets before pods: a pod that one of them makes in between is seen.
 * A server that answers that we may not look is reached: machines that ended prove nothing then.
 */
export async function askCluster(access: Access, network: string): Promise<Answer> {
  const namespace = networkNamespace(network);
  try {
    const statefulSets = await list<StatefulSet>(access, `/apis/apps/v1/namespaces/${namespace}/statefulsets`);
    const revisions = await list<ControllerRevision>(access, `/apis/apps/v1/namespaces/${namespace}/controllerrevisions`);
    const configMaps = await list<ConfigMap>(access, `/api/v1/namespaces/${namespace}/configmaps`);
    const pods = await list<Pod>(access, `/api/v1/namespaces/${namespace}/pods`);
    return { kind: 'read', reading: { statefulSets, revisions, configMaps, pods } };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return { kind: 'refused', why: `what it answers is no list of Kubernetes' (${error.message})` };
    if (!(error instanceof UserError)) throw error;
    // What the server itself said is the detail.
    const [why = ''] = error.failures.map(({ message, detail = '' }) => `${message} ${detail}`.trim().replaceAll(/\s+/g, ' '));
    return { kind: error instanceof NoList || /\(Forbidden\)|Unauthorized|logged in/.test(why) ? 'refused' : 'unreachable', why };
  }
}

async function list<T extends { readonly metadata: { readonly name: string } }>(access: Access, path: string): Promise<readonly T[]> {
  const items = (await listOf(access, path)) as unknown as readonly T[];
  for (const { metadata } of items) if (typeof metadata.name !== 'string') throw new TypeError(`an object of ${path} has no name`);
  return items;
}
