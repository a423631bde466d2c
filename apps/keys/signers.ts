import { LABELS, networkNamespace } from '../../naming';
import { configurationIn, keyOf } from '../../constructs/claims';

/** What one network's namespace in one cluster holds of signers. The parts of Kubernetes' objects that are judged; everything may be missing. */
export interface SignerReading {
  readonly statefulSets: readonly StatefulSet[];
  readonly pods: readonly Pod[];
  readonly revisions: readonly ControllerRevision[];
  readonly configMaps: readonly ConfigMap[];
}

interface Meta {
  readonly name: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
}

interface PodSpec {
  readonly volumes?: readonly {
    readonly configMap?: { readonly name?: string };
    readonly projected?: { readonly sources?: readonly { readonly configMap?: { readonly name?: string } }[] };
  }[];
}

interface Template {
  readonly metadata?: Partial<Meta>;
  readonly spec?: PodSpec;
}

export interface StatefulSet {
  readonly metadata: Meta;
  readonly spec?: { readonly replicas?: number; readonly template?: Template };
  readonly status?: { readonly replicas?: number; readonly observedGeneration?: number; readonly currentRevision?: string; readonly updateRevision?: string };
}

export interface Pod {
  readonly metadata: Meta;
  readonly spec?: PodSpec;
}

export interface ControllerRevision {
  readonly metadata: Meta;
  readonly data?: { readonly spec?: { readonly template?: Template } };
}

export interface ConfigMap {
  readonly metadata: Meta;
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: unknown;
}

/** Keys that a change retires from one node. */
export interface Retired {
  readonly cluster: string;
  readonly network: string;
  readonly node: string;
  /** Canonical. */
  readonly keys: readonly string[];
}

/** Why a key may still sign, or sign again, and the way out. */
export interface Obstacle {
  readonly message: string;
  readonly next: string;
}

/**
 * What still signs with a retired key, or can start to: pods of the node, in whatever state; StatefulSets with a replica; and revisions that a start at zero
 * replicas would bring, the current one as well as the update, since Kubernetes makes the pod of an armed set at its current revision.
 * What can't be read is taken to have the key.
 */
export function obstacles(reading: SignerReading, { network, node, keys }: Retired): Obstacle[] {
  const claims = claimsIn(reading.configMaps, network);
  const wanted = new Set(keys);
  const has = (spec: PodSpec | undefined): 'yes' | 'unreadable' | 'no' => {
    const claimed = claims(spec);
    return claimed === undefined ? 'unreadable' : claimed.some((key) => wanted.has(key)) ? 'yes' : 'no';
  };
  const namespace = networkNamespace(network);
  const found: Obstacle[] = [];
  const ours = new Set<string>();
  for (const set of reading.statefulSets) {
    const { name } = set.metadata;
    const startable = templatesOf(set, reading.revisions).map(([which, template]) => [which, template === undefined ? 'unreadable' : has(template.spec)] as const);
    const able = startable.filter(([, answer]) => answer !== 'no');
    const isOurs = [set.metadata, set.spec?.template?.metadata].some((metadata) => metadata?.labels?.[LABELS.node] === node);
    if (isOurs) ours.add(name);
    if (!isOurs && able.length === 0) continue;
    const called = `StatefulSet ${namespace}/${name}`;
    const unsettled = notAtZero(set);
    if (unsettled !== undefined) {
      found.push({ message: `${called} ${unsettled}`, next: `Stop it, and see its pod gone: npm run manifests -- stop --network ${network} --node ${set.metadata.labels?.[LABELS.node] ?? node} --all --why "<who>: <why>" (docs/runbooks/stop-a-node.md).` });
    } else if (able.length > 0) {
      found.push({
        message: `${called} is at zero replicas, and ${listed(able)}: any start brings the key back`,
        next: `Have break-glass delete it, which the policy workload-deletion allows at zero replicas; its disks stay: kubectl --namespace ${namespace} delete statefulset ${name}. Then plan again.`,
      });
    }
  }
  for (const { metadata, spec } of reading.pods) {
    const of = metadata.labels?.[LABELS.node] === node || metadata.ownerReferences?.some(({ kind, name }) => kind === 'StatefulSet' && ours.has(name)) || ours.has(metadata.name.replace(/-[0-9]+$/, ''));
    const answer = has(spec);
    if (!of && answer === 'no') continue;
    const why = of ? `is of node ${node}` : answer === 'yes' ? 'has the key' : 'has a configuration that can not be read, and may have the key';
    found.push({
      message: `pod ${namespace}/${metadata.name} ${metadata.deletionTimestamp === undefined ? 'is there' : 'is still ending'} and ${why}`,
      next: 'Wait until it is gone, or find out why it is not (docs/runbooks/stop-a-node.md); then plan again.',
    });
  }
  return found;
}

/** Undefined: it was asked to have no replica, and has none. */
function notAtZero({ metadata, spec, status }: StatefulSet): string | undefined {
  // Kubernetes takes no number for one.
  const wanted = spec?.replicas ?? 1;
  if (wanted !== 0) return `is to have ${wanted} replicas`;
  if (metadata.generation === undefined || status?.observedGeneration !== metadata.generation) return 'was changed, and its controller has not looked at it yet';
  return (status.replicas ?? 0) === 0 ? undefined : `still has ${status.replicas} replicas`;
}

/** What a start may bring, by name. Undefined: there is no such revision any more. */
function templatesOf({ spec, status }: StatefulSet, revisions: readonly ControllerRevision[]): [string, Template | undefined][] {
  const of = (name: string | undefined): Template | undefined => revisions.find(({ metadata }) => metadata.name === name)?.data?.spec?.template;
  return [
    ['its current revision', of(status?.currentRevision)],
    ['its update revision', of(status?.updateRevision)],
    ['its template', spec?.template],
  ];
}

const listed = (able: readonly (readonly [which: string, answer: string])[]): string => able.map(([which, answer]) => `${which} ${answer === 'yes' ? 'has the key' : 'can not be read'}`).join(', ');

/**
 * The keys that a pod of a specification would fetch, claimed or not, read as a plan of manifests reads them; undefined where its agent's configuration can't be read.
 */
function claimsIn(configMaps: readonly ConfigMap[], network: string): (spec: PodSpec | undefined) => readonly string[] | undefined {
  const byName = new Map(configMaps.map((configMap) => [configMap.metadata.name, configMap]));
  return (spec) => {
    const names = (spec?.volumes ?? []).flatMap(({ configMap, projected }) => [configMap?.name, ...(projected?.sources ?? []).map((source) => source.configMap?.name)]).filter((name) => name !== undefined);
    const found = [...new Set(names)].map((name) => byName.get(name));
    const configurations = found.flatMap((configMap) => Object.entries(configMap?.data ?? {}).flatMap(([file, text]) => configurationIn(file, text) ?? []));
    if (found.some((configMap) => configMap === undefined || configMap.binaryData !== undefined) || configurations.length === 0) return undefined;
    return configurations.includes('unreadable') ? undefined : configurations.flatMap((one) => (one === 'unreadable' ? [] : one.secrets.flatMap((secret) => [secret.claim, keyOf(secret, network)].filter((key) => key !== undefined))));
  };
}
