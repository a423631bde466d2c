import type { ChainEntry } from '../catalogue';
import { type Problem, problems } from '../errors';
import { own } from '../lookup';
import type { ClientDeclaration, Network } from '../types';
import { strangeClient } from './clients';
import { type CheckContext, networkFile } from './context';
import { duplicates } from './duplicates';

/** Chain, genesis, rings, clients and releases of every network. */
export function networks(context: CheckContext): Problem[] {
  return Object.values(context.fleet.networks).flatMap((network) => {
    const { chains } = context.catalogue;
    const file = networkFile(network.name);
    const chain = own(chains, network.chain);
    return [
      ...(chain ? chainProblems(network, chain, context) : [problems.unknownChain(context.at(file, ['chain']), { name: network.chain, allowed: Object.keys(chains) })]),
      ...duplicates(network.rings, 'ring', (index, label) => context.at(file, ['rings', index], label)),
      ...Object.entries(network.clients).flatMap(([component, clients]) =>
        Object.entries(clients).flatMap(([client, declared]) => releaseProblems(network, component, client, declared, context)),
      ),
    ];
  });
}

function chainProblems(network: Network, chain: ChainEntry, context: CheckContext): Problem[] {
  const file = networkFile(network.name);
  const found: Problem[] = [];
  const { keyMoveWaitMinutes: minutes } = network;
  const floor = chain.keyMoveFloor.minutes(network.options);
  if (minutes < floor) {
    found.push(problems.keyMoveWait(context.at(file, ['keyMoveWaitMinutes']), { network: network.name, minutes, floor, chain: chain.name, reason: chain.keyMoveFloor.reason }));
  }
  if (chain.needsGenesis && !network.genesis) {
    found.push(problems.genesisRequired(context.at(file, []), { network: network.name, chain: chain.name }));
  }
  for (const [component, clients] of Object.entries(network.clients)) {
    if (!Object.hasOwn(chain.clients, component)) {
      const place = context.atKey(file, ['clients', component]);
      found.push(problems.unknownComponent(place, { name: component, allowed: Object.keys(chain.clients), of: `chain "${chain.name}"` }));
      continue;
    }
    for (const client of Object.keys(clients)) {
      const stranger = strangeClient(() => context.atKey(file, ['clients', component, client]), chain, component, client, context.catalogue);
      if (stranger) found.push(stranger);
    }
  }
  return found;
}

function releaseProblems(network: Network, component: string, client: string, declared: ClientDeclaration, context: CheckContext): Problem[] {
  const file = networkFile(network.name);
  const base = ['clients', component, client];
  const versions = declared.releases.map(({ version }) => version);
  const found = duplicates(versions, 'release', (index, label) => context.at(file, [...base, 'releases', index, 'version'], label));
  for (const [ring, version] of Object.entries(declared.rings)) {
    if (!network.rings.includes(ring)) {
      found.push(problems.unknownRing(context.atKey(file, [...base, 'rings', ring]), { name: ring, allowed: network.rings, of: `network "${network.name}"` }));
    }
    if (!versions.includes(version)) {
      found.push(problems.unknownVersion(context.at(file, [...base, 'rings', ring]), { name: version, allowed: versions, of: `the releases of "${client}"` }));
    }
  }
  for (const ring of network.rings) {
    if (!Object.hasOwn(declared.rings, ring)) {
      found.push(problems.undeclaredRing(context.at(file, [...base, 'rings']), { ring, client, allowed: versions }));
    }
  }
  return found;
}
