import type { ChainCatalogue, ChainEntry } from '../catalogue';
import { type Place, type Problem, problems } from '../errors';
import { own } from '../lookup';
import { clientsOf, componentsOf, knowsClient, roleOf } from '../node-rules';
import type { CheckContext, NodeSubject } from './context';

/** A node names one client for each component of its role and for nothing else; its network declares them. */
export function clients({ node, network, chain }: NodeSubject, context: CheckContext): Problem[] {
  const role = roleOf(chain, node.role);
  if (!role) return [];
  const needed = new Set(componentsOf(role, node.options));
  const found: Problem[] = [];
  for (const component of needed) {
    if (Object.hasOwn(node.clients, component)) continue;
    const allowed = Object.keys(own(network.clients, component) ?? {});
    found.push(problems.missingClient(context.atNode(node, ['clients']), { node: node.name, role: node.role, component, allowed }));
  }
  for (const [component, client] of Object.entries(node.clients)) {
    const path = ['clients', component];
    if (!clientsOf(chain, component)) {
      found.push(problems.unknownComponent(context.atNodeKey(node, path), { name: component, allowed: [...needed], of: `chain "${chain.name}"` }));
      continue;
    }
    if (!needed.has(component)) {
      found.push(problems.superfluousClient(context.atNodeKey(node, path), { node: node.name, role: node.role, component, allowed: [...needed] }));
    }
    const stranger = strangeClient(() => context.atNode(node, path), chain, component, client, context.catalogue);
    if (stranger) {
      found.push(stranger);
      continue;
    }
    const declared = own(network.clients, component) ?? {};
    if (!Object.hasOwn(declared, client)) {
      const place = context.atNode(node, path);
      found.push(problems.undeclaredClient(place, { client, component, network: network.name, allowed: Object.keys(declared) }));
    }
  }
  for (const section of ['pools', 'resources'] as const) {
    for (const component of Object.keys(node[section]).filter((name) => !needed.has(name))) {
      const place = context.atNodeKey(node, [section, component]);
      found.push(problems.unknownComponent(place, { name: component, allowed: [...needed], of: `role "${node.role}"` }));
    }
  }
  return found;
}

/** A client that a chain's definition does not know for a component, and whose it is. */
export function strangeClient(place: () => Place, chain: ChainEntry, component: string, client: string, catalogue: ChainCatalogue): Problem | undefined {
  const known = clientsOf(chain, component);
  if (!known || known === 'declared' || knowsClient(chain, component, client)) return undefined;
  const serves = (entry: ChainEntry, only?: string) =>
    Object.entries(entry.clients).find(([name, list]) => name !== only && list !== 'declared' && list.includes(client))?.[0];
  const sibling = serves(chain, component);
  if (sibling === undefined) {
    const owner = Object.values(catalogue.chains).find((other) => other.name !== chain.name && serves(other) !== undefined);
    if (owner) return problems.clientOfOtherChain(place(), { client, chain: chain.name, owner: owner.name, component, allowed: known });
  }
  return problems.unknownClient(place(), {
    name: client,
    allowed: known,
    of: `component "${component}" of chain "${chain.name}"`,
    hint: sibling === undefined ? undefined : `it serves "${sibling}"`,
  });
}
