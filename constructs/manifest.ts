import { IntOrString, Quantity } from 'cdk8s-plus-27/lib/imports/k8s';
import { LABELS } from '../naming';
import type { ComponentSpec } from '../chains/component';
import type { NodeIdentity } from './staking-node-props';

/** A plain Kubernetes object, as it is written to YAML. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

/**
 * The plain object of a typed L1 of cdk8s-plus-27: what its own `manifest()` gives (a test compares them), in less time, since that copies
 * every field a kind could have.
 */
export function manifestOf<Props>(kind: { readonly GVK: { readonly apiVersion: string; readonly kind: string }; manifest(props: Props): unknown }, props: Props): Manifest {
  return { ...kind.GVK, ...(plain(props) as object) } as Manifest;
}

/** Without undefined fields, with `Quantity` and `IntOrString` unwrapped, and with the names of fields as Kubernetes spells them. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Quantity || value instanceof IntOrString) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  const result: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) if (inner !== undefined) result[SPELLINGS[key] ?? key] = plain(inner);
  return result;
}

/** Where the typed props say it otherwise than Kubernetes. */
const SPELLINGS: Readonly<Record<string, string>> = { clusterIp: 'clusterIP', hostPid: 'hostPID', hostIpc: 'hostIPC' };

/** Labels of everything that belongs to one component of a node. */
export function labels(node: NodeIdentity, component: ComponentSpec): Record<string, string> {
  return {
    ...MANAGED,
    ...selector(node.network, node.name, component.name),
    ...(component.signs ? { [LABELS.signer]: 'true' } : {}),
  };
}

/** Labels of everything that belongs to a node as a whole. */
export function nodeLabels(node: NodeIdentity): Record<string, string> {
  return { ...MANAGED, [LABELS.network]: node.network, [LABELS.node]: node.name };
}

/** Labels of a workload and its pod: what people and dashboards group by. */
export function workloadLabels(node: NodeIdentity, component: ComponentSpec): Record<string, string> {
  return {
    ...labels(node, component),
    'app.kubernetes.io/name': component.client,
    'app.kubernetes.io/instance': node.name,
    'app.kubernetes.io/part-of': 'stockade',
    [LABELS.chain]: node.chain,
    [LABELS.role]: node.role,
  };
}

/** What finds the one pod of a component, in any namespace; never changes. */
export function selector(network: string, node: string, component: string): Record<string, string> {
  return { [LABELS.network]: network, [LABELS.node]: node, [LABELS.component]: component };
}

const MANAGED = { 'app.kubernetes.io/managed-by': 'stockade' };
