import { own } from '../lookup';
import { type Problem, problems } from '../errors';
import { type CheckContext, clusterFile, INFRASTRUCTURE_FILE } from './context';

/** A tombstone empties a cluster's stacks, so it stands only where the cluster was taken out of the fleet, and once. */
export function tombstones(context: CheckContext): Problem[] {
  const { infrastructure, clusters } = context.fleet;
  const first = new Map<string, number>();
  return (infrastructure?.tombstones ?? []).flatMap(({ cluster, destroyed }, index): Problem[] => {
    const place = (at: number, label?: string) => context.at(INFRASTRUCTURE_FILE, ['tombstones', at, 'cluster'], label);
    const found: Problem[] = [];
    const earlier = first.get(cluster);
    if (earlier === undefined) first.set(cluster, index);
    else found.push(problems.duplicateTombstone([place(index), place(earlier, 'the other one')], { cluster }));
    // A file that can't be read declares a cluster nevertheless.
    if (earlier === undefined && (own(clusters, cluster) !== undefined || context.unread.clusters.has(cluster))) {
      found.push(problems.tombstoneStands([place(index), { file: clusterFile(cluster), line: 1, column: 1, label: 'declared here' }], { cluster, destroyed }));
    }
    return found;
  });
}
