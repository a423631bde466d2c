import type { ChainCatalogue } from '../../model/catalogue';
import type { Cluster, Fleet, FleetNode, Pool } from '../../model/types';
import { packPools, placeAll, type PooledComponent, type PoolSize } from '../../model/sizing';

/**
 * What the nodes of a cluster ask of its infrastructure. It is all that Terraform takes from nodes: whatever does not show here
 * changes manifests only.
 */
export interface ClusterDemand {
  /** Machines of each pool in each zone, headroom included. */
  readonly pools: readonly PoolSize[];
  /** Ports to open to the world, in the order of nodes, components and ports. */
  readonly ports: readonly OpenPorts[];
}

/** The P2P ports of one component that is reached from outside. */
export interface OpenPorts {
  readonly node: string;
  readonly component: string;
  readonly pool: string;
  readonly zone: string;
  /** `machine`: by the public address of its machine. `loadBalancer`: by an address of its own, which has to be reserved. */
  readonly via: 'machine' | 'loadBalancer';
  readonly ports: readonly { readonly port: number; readonly protocol: 'TCP' | 'UDP' }[];
}

/** The demand of every cluster of a checked fleet, by name. Stopped nodes count: they must be able to come back at any time. */
export function clusterDemands(fleet: Fleet, catalogue: ChainCatalogue): Readonly<Record<string, ClusterDemand>> {
  const placements = placeAll(fleet, catalogue);
  return Object.fromEntries(
    Object.values(fleet.clusters).map((cluster) => {
      const placed = placements.get(cluster.name) ?? [];
      return [cluster.name, { pools: packPools(cluster, placed, catalogue.agentDemand), ports: placed.flatMap(openPorts) }];
    }),
  );
}

/** The machines of a cluster, in the order of its pools and zones, with their pool's declaration. Pools without machines are there too. */
export function machinePools(cluster: Cluster, { pools }: ClusterDemand): (PoolSize & { readonly declared: Pool })[] {
  return pools.map((size) => {
    const declared = cluster.pools.find(({ name }) => name === size.pool);
    if (declared === undefined) throw new TypeError(`pool "${size.pool}" is not declared in cluster "${cluster.name}"`);
    return { ...size, declared };
  });
}

/** Ports as firewalls take them, consecutive ones as one range: `["30300", "30305-30307"]`. */
export function portRanges(ports: readonly number[]): string[] {
  const ranges: [first: number, last: number][] = [];
  for (const port of [...new Set(ports)].sort((a, b) => a - b)) {
    const current = ranges.at(-1);
    if (current && port === current[1] + 1) current[1] = port;
    else ranges.push([port, port]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
}

function openPorts({ node, component, pool, zone, reach: { via } }: PooledComponent & { readonly reach: FleetNode['reach'] }): OpenPorts[] {
  const ports = component.ports.filter(({ purpose }) => purpose === 'p2p').map(({ port, protocol }) => ({ port, protocol }));
  const onMachine = component.hostNetwork || via === 'nodePort' || via === 'hostNetwork';
  if (ports.length === 0 || (!onMachine && via !== 'loadBalancer')) return [];
  return [{ node, component: component.name, pool: pool.name, zone, via: onMachine ? 'machine' : 'loadBalancer', ports }];
}
