import { type Problem, problems } from '../errors';
import { own } from '../lookup';
import type { CheckContext, RunningSubject } from './context';

/** A running node behind a load balancer announces the address that was recorded for it, component by component. */
export function loadBalancerAddresses({ node, components }: RunningSubject, context: CheckContext): Problem[] {
  if (node.reach.via !== 'loadBalancer' || node.state !== 'running' || context.unread.clusters.has(node.cluster)) return [];
  const recorded = own(own(context.fleet.observed, node.cluster)?.addresses ?? {}, node.name) ?? {};
  return components
    .filter(({ name, ports }) => ports.some(({ purpose }) => purpose === 'p2p') && !Object.hasOwn(recorded, name))
    .map(({ name }) => problems.unrecordedAddress(context.atNode(node, ['reach', 'via']), { node: node.name, component: name, cluster: node.cluster }));
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
  return Object.entries(observed).flatMap(([cluster, { addresses }]): Problem[] => {
    const file = `observed/${cluster}.yaml`;
    if (!own(clusters, cluster)) {
      if (context.unread.clusters.has(cluster)) return [];
      return [problems.unknownCluster({ file, line: 1, column: 1 }, { name: cluster, allowed: Object.keys(clusters) })];
    }
    // A node that could not be read may be the one that is recorded.
    if (context.unread.nodesDropped) return [];
    return Object.keys(addresses)
      .filter((name) => !names.get(cluster)?.has(name))
      .map((name) => {
        const allowed = [...(names.get(cluster) ?? [])];
        return problems.unknownNode(context.atKey(file, ['addresses', name]), { name, allowed, of: `cluster "${cluster}"` });
      });
  });
}
