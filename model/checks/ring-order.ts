import { type Problem, problems } from '../errors';
import { own } from '../lookup';
import type { ClientDeclaration, Network } from '../types';
import { ringsAhead } from '../release-order';
import { type CheckContext, networkFile } from './context';

/** A release goes from ring to ring: a later one that is ahead runs what no earlier one has tried. */
export function ringOrder(context: CheckContext): Problem[] {
  return Object.values(context.fleet.networks).flatMap((network) =>
    Object.entries(network.clients).flatMap(([component, clients]) => Object.entries(clients).flatMap(([client, declared]) => ahead(network, component, client, declared, context))),
  );
}

function ahead(network: Network, component: string, client: string, { rings, releases }: ClientDeclaration, context: CheckContext): Problem[] {
  const known = new Set(releases.map(({ version }) => version));
  const versionOf = (ring: string): string | undefined => [own(rings, ring)].find((version) => version !== undefined && known.has(version));
  const at = (ring: string): ReturnType<CheckContext['at']> => context.at(networkFile(network.name), ['clients', component, client, 'rings', ring], `ring "${ring}"`);
  return ringsAhead(network.rings, versionOf).map((one) => problems.ringOrder([at(one.later), at(one.earlier)], { network: network.name, client, ...one }));
}
