import { type Problem, problems } from '../errors';
import { own } from '../lookup';
import { machineOf } from '../machines';
import { pack } from '../packing';
import { demandText, packPools, type PooledComponent, poolOf, type PoolSize, refusals } from '../sizing';
import { type CheckContext, clusterFile, type RunningSubject } from './context';

/** Every component has a pool in its zone that it fits. */
export function machineDemand({ node, cluster, chain, components }: RunningSubject, context: CheckContext): Problem[] {
  const { agentDemand } = context.catalogue;
  // Both were reported: a reach that isn't the components' picks the wrong pools, and of an unknown type anything may fit.
  if ((node.reach.via === 'hostNetwork') !== components.some(({ hostNetwork }) => hostNetwork)) return [];
  if (cluster.pools.some((pool) => !machineOf(cluster.cloud, pool))) return [];
  return components.flatMap((component): Problem[] => {
    const named = own(node.pools, component.name);
    if (named !== undefined && !cluster.pools.some(({ name }) => name === named)) {
      const place = context.atNode(node, ['pools', component.name]);
      return [problems.unknownPool(place, { name: named, allowed: cluster.pools.map(({ name }) => name), of: `cluster "${cluster.name}"` })];
    }
    if (poolOf(cluster, node, chain.name, component, agentDemand)) return [];
    const needs = demandText(component, agentDemand);
    const reasons = refusals(cluster, node, chain.name, component, agentDemand);
    if (named !== undefined) {
      const places = [
        context.atNode(node, ['pools', component.name], 'named here'),
        context.at(clusterFile(cluster.name), ['pools', cluster.pools.findIndex(({ name }) => name === named), 'name'], `pool "${named}"`),
      ];
      return [problems.poolMismatch(places, { node: node.name, component: component.name, pool: named, reason: reasons[named] ?? '', needs })];
    }
    const places = [context.atNode(node, ['zone'], `node "${node.name}"`), context.at(clusterFile(cluster.name), ['pools'], 'the pools')];
    const tried = Object.entries(reasons).map(([pool, reason]) => `${pool}: ${reason}`);
    return [problems.noPool(places, { node: node.name, component: component.name, cluster: cluster.name, zone: node.zone, needs, tried })];
  });
}

/** Machines in a zone beyond what its components fill, and as a part of these, from which on it is worth a word. */
const WASTE = { machines: 3, share: 0.25 } as const;

/** Machines beside headroom, and how many the best packing fills; undefined where these are about the same. */
function fragmentation({ machines: all, headroom }: PoolSize, packed: PoolSize): { readonly machines: number; readonly filled: number } | undefined {
  const [machines, filled] = [all - headroom, packed.machines - headroom];
  const wasted = machines - filled;
  return wasted < WASTE.machines || wasted < WASTE.share * filled ? undefined : { machines, filled };
}

/** How many nodes with a part in an overfull pool are pointed at. */
const SHOWN = 3;

/** No pool needs more machines in a zone than it may have; and none needs many more than its components fill. */
export function poolSizes(running: readonly RunningSubject[], context: CheckContext): Problem[] {
  const { agentDemand } = context.catalogue;
  const placed = new Map<string, (PooledComponent & { subject: RunningSubject })[]>();
  for (const subject of running) {
    const { node, cluster, chain, components } = subject;
    for (const component of components) {
      const pool = poolOf(cluster, node, chain.name, component, agentDemand);
      if (!pool) continue;
      const placement = { node: node.name, component, pool, zone: node.zone, subject };
      const others = placed.get(cluster.name);
      if (others) others.push(placement);
      else placed.set(cluster.name, [placement]);
    }
  }
  return Object.values(context.fleet.clusters).flatMap((cluster) => {
    const placements = placed.get(cluster.name) ?? [];
    const packed = packPools(cluster, placements, agentDemand, (items, capacity) => pack(items, capacity).length);
    return packPools(cluster, placements, agentDemand).flatMap((size, at): Problem[] => {
      const index = cluster.pools.findIndex(({ name }) => name === size.pool);
      const limit = cluster.pools[index]?.maxMachinesPerZone ?? 0;
      if (size.machines <= limit) {
        const waste = fragmentation(size, packed[at]!);
        return waste ? [problems.poolFragmented(context.at(clusterFile(cluster.name), ['pools', index, 'name']), { cluster: cluster.name, pool: size.pool, zone: size.zone, ...waste })] : [];
      }
      const here = placements.filter(({ pool, zone }) => pool.name === size.pool && zone === size.zone);
      const biggest = [...here].sort((a, b) => b.component.resources.memoryMiB - a.component.resources.memoryMiB).slice(0, SHOWN);
      const places = [
        context.at(clusterFile(cluster.name), ['pools', index, 'maxMachinesPerZone'], 'the limit'),
        ...biggest.map(({ subject, component }) => context.atNode(subject.node, ['name'], `${component.name} of node "${subject.node.name}"`)),
      ];
      return [problems.poolTooSmall(places, { cluster: cluster.name, ...size, limit })];
    });
  });
}
