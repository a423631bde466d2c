import { LABELS } from '../naming';
import type { ComponentSpec } from './chains/component';
import type { NodeIdentity } from './staking-node';

/** A plain Kubernetes object, as it is written to YAML. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

/** What a typed L1 of cdk8s-plus-27 makes of its props: it declares the result as `any`. */
export function manifestOf<Props>(kind: { manifest(props: Props): unknown }, props: Props): Manifest {
  return kind.manifest(props) as Manifest;
}

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
