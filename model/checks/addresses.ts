import { type Problem, problems } from '../errors';
import { own } from '../lookup';
import type { CheckContext, RunningSubject } from './context';

/**
 * A running node behind a load balancer announces the address that was recorded for it, component by component; on EKS the load
 * balancer takes that address by its allocation.
 */
export function loadBalancerAddresses({ node, cluster, components }: RunningSubject, context: CheckContext): Problem[] {
  if (node.reach.via !== 'loadBalancer' || node.state !== 'running' || context.unread.clusters.has(node.cluster)) return [];
  const observed = own(context.fleet.observed, node.cluster);
  const fields = cluster.cloud === 'aws' ? (['addresses', 'allocations'] as const) : (['addresses'] as const);
  return fields.flatMap((field) => {
    const recorded = own(observed?.[field] ?? {}, node.name) ?? {};
    return components
      .filter(({ name, ports }) => ports.some(({ purpose }) => purpose === 'p2p') && !Object.hasOwn(recorded, name))
      .map(({ name }) => problems.unrecordedAddress(context.atNode(node, ['reach', 'via']), { node: node.name, component: name, cluster: node.cluster, field }));
  });
}

/** What was recorded is of clusters and nodes that are declared. */
export function observedNodes(context: CheckContext): Problem[] {
  const { observed, clusters, nodes } = context.fleet;
  const names = new Map<string, Set<string>>();
  for (const node of nodes) {
    const known = names.get(node.cluster);
    if (known) known.add(node.name);
    else names.set(node.cluster, new Set([node.name]));
  }
  return Object.entries(observed).flatMap(([cluster, recorded]): Problem[] => {
    const file = `observed/${cluster}.yaml`;
    if (!own(clusters, cluster)) {
      if (context.unread.clusters.has(cluster)) return [];
      return [problems.unknownCluster({ file, line: 1, column: 1 }, { name: cluster, allowed: Object.keys(clusters) })];
    }
    // A node that could not be read may be the one that is recorded.
    if (context.unread.nodesDropped) return [];
    return (['addresses', 'allocations'] as const).flatMap((field) =>
      Object.keys(recorded[field])
        .filter((name) => !names.get(cluster)?.has(name))
        .map((name) => {
          const allowed = [...(names.get(cluster) ?? [])];
          return problems.unknownNode(context.atKey(file, [field, name]), { name, allowed, of: `cluster "${cluster}"` });
        }),
    );
  });
}
