import { type Problem, problems } from '../errors';
import type { ClientDeclaration, Network } from '../model';
import { compareReleases } from '../release-order';
import { type CheckContext, networkFile } from './context';

/** A release goes from ring to ring: a later one that is ahead runs what no earlier one has tried. */
export function ringOrder(context: CheckContext): Problem[] {
  return Object.values(context.fleet.networks).flatMap((network) =>
    Object.entries(network.clients).flatMap(([component, clients]) => Object.entries(clients).flatMap(([client, declared]) => ahead(network, component, client, declared, context))),
  );
}

/** Each ring that is ahead of the one that it most exceeds, once. */
function ahead(network: Network, component: string, client: string, { rings: runs, releases }: ClientDeclaration, context: CheckContext): Problem[] {
  const known = new Set(releases.map(({ version }) => version));
  const versionOf = (ring: string): string | undefined => (Object.hasOwn(runs, ring) && known.has(runs[ring]!) ? runs[ring] : undefined);
  const at = (ring: string): ReturnType<CheckContext['at']> => context.at(networkFile(network.name), ['clients', component, client, 'rings', ring], `ring "${ring}"`);
  const rings = [...new Set(network.rings)];
  return rings.flatMap((later, index) => {
    const newer = versionOf(later);
    if (newer === undefined) return [];
    const behind = rings
      .slice(0, index)
      .map((earlier) => ({ earlier, older: versionOf(earlier) ?? newer }))
      .filter(({ older }) => (compareReleases(newer, older) ?? 0) > 0)
      .reduce<{ earlier: string; older: string } | undefined>((oldest, one) => (oldest && (compareReleases(one.older, oldest.older) ?? 0) >= 0 ? oldest : one), undefined);
    return behind ? [problems.ringOrder([at(later), at(behind.earlier)], { network: network.name, client, later, newer, ...behind })] : [];
  });
}
