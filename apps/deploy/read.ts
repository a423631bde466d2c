import type { Failure } from '../../errors/user-error';
import type { Manifest } from '../../constructs/manifest';
import type { Kube } from '../../kube/kube';
import type { Live } from '../../kube/objects';
import { NAMESPACES, pathTo, PODS, STATEFUL_SETS } from '../../kube/paths';
import { LABELS, networkNamespace } from '../../naming';
import { replicasOf } from './placements';
import { nameOf } from './rendered';

/** What a cluster runs of some manifests, and what else it has beside them. */
export interface Reading {
  /** By {@link nameOf}. */
  readonly live: ReadonlyMap<string, Live>;
  /** Namespaces that are there. */
  readonly namespaces: ReadonlySet<string>;
  /** Whether the cluster serves an object's kind. */
  readonly isServed: (manifest: Manifest) => boolean;
}

/** Lists each kind once for each namespace that manifests name: few requests for many objects. @throws UserError */
export async function read(kube: Kube, manifests: readonly Manifest[]): Promise<Reading> {
  const namespaces = new Set((await kube.list(pathTo(NAMESPACES))).items.map(({ metadata }) => metadata.name));
  const lists = new Map<string, Manifest>();
  const unserved = new Set<string>();
  for (const manifest of manifests) {
    const kind = await kube.served(manifest);
    const { namespace } = manifest.metadata;
    if (kind === undefined) unserved.add(`${manifest.apiVersion}/${manifest.kind}`);
    else if (namespace === undefined || namespaces.has(namespace)) lists.set(pathTo(kind, { namespace }), manifest);
  }
  const live = new Map<string, Live>();
  await inParallel([...lists], async ([path, { apiVersion, kind }]) => {
    // Items of a list carry neither their version nor their kind.
    for (const item of (await kube.list(path)).items) {
      const object = { ...item, apiVersion, kind };
      live.set(nameOf(object), object);
    }
  });
  return { live, namespaces, isServed: ({ apiVersion, kind }) => !unserved.has(`${apiVersion}/${kind}`) };
}

/** Workloads and disks of nodes that nothing rendered names any more. They are left alone, by every command here. */
export function leftAlone(reading: Reading, manifests: readonly Manifest[]): string[] {
  const rendered = new Set(manifests.map(nameOf));
  return [...reading.live]
    .filter(([name, { kind, metadata }]) => (kind === 'StatefulSet' || kind === 'PersistentVolumeClaim') && metadata.labels?.[LABELS.node] !== undefined && !rendered.has(name))
    .map(([name]) => name)
    .sort();
}

/**
 * Signers that nothing declares: nobody looks after them, while the journal may give their keys to another node. Looked for in every namespace of a network that the
 * cluster has, also of one that is no longer rendered at all. One that is stopped is no danger, and is left alone.
 */
export async function undeclaredSigners(kube: Kube, { namespaces }: Reading, manifests: readonly Manifest[]): Promise<{ readonly running: readonly Failure[]; readonly stopped: readonly string[] }> {
  const rendered = new Set(manifests.filter(({ kind }) => kind === 'StatefulSet').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  const running: Failure[] = [];
  const stopped: string[] = [];
  await inParallel([...namespaces].filter((name) => name.startsWith(networkNamespace(''))).sort(), async (namespace) => {
    const signers = { labelSelector: `${LABELS.signer}=true` };
    const workloads = (await kube.list(pathTo(STATEFUL_SETS, { namespace }), signers)).items.filter(({ metadata }) => !rendered.has(`${namespace}/${metadata.name}`));
    const { items: pods } = await kube.list(pathTo(PODS, { namespace }), signers);
    const found = [
      ...workloads.filter((one) => replicasOf(one) > 0).map(({ metadata }) => [metadata, `StatefulSet ${namespace}/${metadata.name} is a signer that still has a replica`] as const),
      ...pods.filter(({ metadata }) => !rendered.has(`${namespace}/${metadata.name.replace(/-0$/, '')}`)).map(({ metadata }) => [metadata, `pod ${namespace}/${metadata.name} is a signer's and still there`] as const),
    ];
    for (const [{ labels }, what] of found) {
      running.push({ message: `${what}, and nothing that was rendered declares it`, next: `Declare its node again, or stop it first, see its pod end, and plan again: npm run manifests -- stop --network ${labels?.[LABELS.network]} --node ${labels?.[LABELS.node]} --why "<who>: <why>"` });
    }
    stopped.push(...workloads.filter((one) => replicasOf(one) === 0).map(({ metadata }) => `StatefulSet ${namespace}/${metadata.name}`));
  });
  return { running, stopped };
}

/** Six at a time. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}
