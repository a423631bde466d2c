import { type Problem, problems } from '../errors';
import { roleOf } from '../node-rules';
import type { CheckContext, NodeSubject } from './context';

/** Role and size are the chain's, and the ring is the network's. */
export function roles({ node, network, chain }: NodeSubject, context: CheckContext): Problem[] {
  const found: Problem[] = [];
  const of = `chain "${chain.name}"`;
  if (!roleOf(chain, node.role)) {
    found.push(problems.unknownRole(context.atNode(node, ['role']), { name: node.role, allowed: Object.keys(chain.roles), of }));
  }
  if (!chain.sizes.includes(node.size)) {
    found.push(problems.unknownSize(context.atNode(node, ['size']), { name: node.size, allowed: chain.sizes, of }));
  }
  if (!network.rings.includes(node.ring)) {
    found.push(problems.unknownRing(context.atNode(node, ['ring']), { name: node.ring, allowed: network.rings, of: `network "${network.name}"` }));
  }
  return found;
}
