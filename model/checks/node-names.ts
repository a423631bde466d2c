import { type Problem, problems } from '../errors';
import type { FleetNode } from '../types';
import type { CheckContext } from './context';

/** Node names are unique in a cluster, retired ones included: disks outlive the workload and keep the name. */
export function nodeNames(context: CheckContext): Problem[] {
  const first = new Map<string, FleetNode>();
  const found: Problem[] = [];
  for (const node of context.fleet.nodes) {
    const key = `${node.cluster}/${node.name}`;
    const other = first.get(key);
    if (!other) first.set(key, node);
    else {
      const places = [context.atNode(node, ['name'], `again in ${node.network}`), context.atNode(other, ['name'], `first in ${other.network}`)];
      found.push(problems.duplicateNode(places, { node: node.name, cluster: node.cluster }));
    }
  }
  return found;
}
