import { type Problem, problems } from '../errors';
import { own } from '../lookup';
import { type CheckContext, SETTINGS_FILE } from './context';

/** The limits of the settings name networks and components that there are; a misspelt one would limit nothing. */
export function limits(context: CheckContext): Problem[] {
  const { settings, networks } = context.fleet;
  const components = new Set(Object.values(context.catalogue.chains).flatMap((chain) => Object.keys(chain.clients)));
  return (settings?.limits.concentration ?? []).flatMap((limit, index) => {
    const base = ['limits', 'concentration', index];
    const found: Problem[] = [];
    if (limit.component !== undefined && !components.has(limit.component)) {
      const place = context.at(SETTINGS_FILE, [...base, 'component']);
      found.push(problems.unknownComponent(place, { name: limit.component, allowed: [...components].sort(), of: 'all chains' }));
    }
    limit.networks?.forEach((network, position) => {
      if (own(networks, network) || context.unread.networks.has(network)) return;
      const place = context.at(SETTINGS_FILE, [...base, 'networks', position]);
      found.push(problems.unknownNetwork(place, { name: network, allowed: Object.keys(networks) }));
    });
    return found;
  });
}
