import { type Problem, problems } from '../errors';
import { own } from '../lookup';
import type { FleetNode } from '../types';
import type { CheckContext } from './context';

/** The cluster, network and zone that a node names are declared. */
export function placement(node: FleetNode, context: CheckContext): Problem[] {
  const { fleet, unread } = context;
  const found: Problem[] = [];
  const cluster = own(fleet.clusters, node.cluster);
  // Both are named by the file, so the place is its start and the problem is the same for all of its nodes.
  const file = { file: node.source.file, line: 1, column: 1 };
  if (!cluster && !unread.clusters.has(node.cluster)) {
    found.push(problems.unknownCluster(file, { name: node.cluster, allowed: Object.keys(fleet.clusters) }));
  }
  if (!own(fleet.networks, node.network) && !unread.networks.has(node.network)) {
    found.push(problems.unknownNetwork(file, { name: node.network, allowed: Object.keys(fleet.networks) }));
  }
  if (cluster && node.state !== 'retired' && !cluster.zones.includes(node.zone)) {
    found.push(problems.unknownZone(context.atNode(node, ['zone']), { name: node.zone, allowed: cluster.zones, of: `cluster "${node.cluster}"` }));
  }
  return found;
}
