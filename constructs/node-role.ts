import { KubeRole, KubeRoleBinding } from 'cdk8s-plus-27/lib/imports/k8s';
import { componentName, nodeRoleName, podName } from '../naming';
import type { ComponentSpec } from '../chains/component';
import { manifestOf, nodeLabels, type Manifest } from './manifest';
import type { NodeIdentity } from './staking-node-props';

/** A rule of a Role; always limited to names here. */
export interface NamedRule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly resourceNames: string[];
  readonly verbs: string[];
}

/**
 * What operators may do to one named node: fire it (patch the partition), stop it (patch the scale), replace its pod with its
 * full grace, and drain it with its budget lifted. Which fields and values such a patch may hold is admission's to say.
 */
export function nodeOperatorRules(node: string, components: readonly string[]): NamedRule[] {
  const workloads = components.map((component) => componentName(node, component));
  const pods = components.map((component) => podName(node, component));
  return [
    { apiGroups: ['apps'], resources: ['statefulsets', 'statefulsets/scale'], resourceNames: workloads, verbs: ['patch'] },
    { apiGroups: [''], resources: ['pods'], resourceNames: pods, verbs: ['delete'] },
    { apiGroups: [''], resources: ['pods/eviction'], resourceNames: pods, verbs: ['create'] },
    { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], resourceNames: workloads, verbs: ['patch'] },
  ];
}

/** The Role that holds them, and its binding where there is somebody to bind. */
export function nodeRole(node: NodeIdentity, components: readonly ComponentSpec[], groups: readonly string[]): Manifest[] {
  const metadata = { name: nodeRoleName(node.name), namespace: node.namespace, labels: nodeLabels(node) };
  const role = manifestOf(KubeRole, { metadata, rules: nodeOperatorRules(node.name, components.map(({ name }) => name)) });
  if (groups.length === 0) return [role];
  return [
    role,
    manifestOf(KubeRoleBinding, {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
      subjects: groups.map((name) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name })),
    }),
  ];
}
