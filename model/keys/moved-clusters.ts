import { type Problem, problems } from '../errors';
import type { Placement } from './journal';
import type { Declarations, DeclaredCluster } from './declarations';

/**
 * A placement names its cluster, and a cluster that is declared in another region, project or account is another cluster: the old one's signers run on where it
 * was, and the same nodes are started where it is to be. So it stays where it is while a key is placed in it, and in the change that retires the last one.
 */
export function movedClusters(placements: Iterable<Placement>, base: Declarations, head: Declarations, baseName: string): Problem[] {
  const keys = new Map<string, number>();
  for (const { status, cluster } of placements) if (status === 'placed') keys.set(cluster, (keys.get(cluster) ?? 0) + 1);
  return [...keys].flatMap(([cluster, count]): Problem[] => {
    const [was, is] = [base.clusters.get(cluster), head.clusters.get(cluster)];
    if (was === undefined || is === undefined || named(was) === named(is)) return [];
    const place = { file: `clusters/${cluster}.yaml`, line: 1, column: 1 };
    return [problems.keysClusterMoved(place, { cluster, is: named(is), was: named(was), keys: count, baseName })];
  });
}

const named = ({ cloud, home, region }: DeclaredCluster): string => [cloud, home, region].map((part) => part ?? 'nowhere').join(' ');
