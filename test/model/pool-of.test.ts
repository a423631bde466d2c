import { expect, it } from 'vitest';
import { catalogue } from '../../chains';
import { FleetContext } from '../../apps/render/fleet-context';
import { renderNode } from '../../apps/render/render-node';
import { clusterDemands } from '../../infra/context/demand';
import { loadFleet } from '../../model/load';
import { choosePool, placeAll, poolOf } from '../../model/sizing';
import { FleetIndex } from '../../model/resolve';
import type { Fleet } from '../../model/types';

/** How often it is looked whether a component fits a pool: each look begins with whose chains the pool is for. */
function looksAt({ clusters }: Fleet): () => number {
  let looks = 0;
  for (const pool of Object.values(clusters).flatMap(({ pools }) => pools)) {
    const { chains } = pool;
    Object.defineProperty(pool, 'chains', { get: () => ((looks += 1), chains) });
  }
  return () => looks;
}

it('a pool is chosen once, by the checks, for all that comes after them in a run', () => {
  const fleet = loadFleet('fleet', catalogue).fleet!;
  const looks = looksAt(fleet);

  const placed = [...placeAll(fleet, catalogue).values()].flat();
  clusterDemands(fleet, catalogue);
  const context = new FleetContext(fleet, catalogue);
  // Of a retired node the disks are left, which are on no pool.
  for (const node of fleet.nodes.filter(({ state }) => state !== 'retired')) renderNode(context, node);

  expect(placed.length).toBeGreaterThan(20);
  expect(looks()).toBe(0);
});

it('the control: looks are counted, and a node or cluster that is another has a choice of its own', () => {
  const fleet = loadFleet('fleet', catalogue).fleet!;
  const looks = looksAt(fleet);
  const index = new FleetIndex(fleet, catalogue);
  const node = fleet.nodes.find(({ state }) => state === 'running')!;
  const cluster = fleet.clusters[node.cluster]!;
  const chain = index.chain(node)!;
  const component = chain.components(index.resolve(node))[0]!;

  const pool = choosePool(cluster, node, chain.name, component, catalogue.agentDemand);
  const once = looks();
  expect(once).toBeGreaterThan(0);
  expect(poolOf(cluster, { ...node }, chain.name, component, catalogue.agentDemand)).toBe(pool);
  expect(looks()).toBe(2 * once);
  expect(poolOf({ ...cluster, pools: cluster.pools.filter((one) => one !== pool) }, node, chain.name, component, catalogue.agentDemand)).not.toBe(pool);
});
