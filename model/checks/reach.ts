import { type Problem, problems } from '../errors';
import { unsupportedReach } from '../node-rules';
import type { CheckContext, NodeSubject, RunningSubject } from './context';

const WAYS = ['outbound', 'loadBalancer', 'nodePort', 'hostNetwork'] as const;

/** A node is reached in a way that its chain and its role can work with. */
export function reach({ node, chain }: NodeSubject, context: CheckContext): Problem[] {
  const { via } = node.reach;
  const unsupported = unsupportedReach(chain, node.role, via);
  if (!unsupported) return [];
  const { whole, reason } = unsupported;
  const who = whole ? `chain "${chain.name}"` : `role "${node.role}" of chain "${chain.name}"`;
  const allowed = WAYS.filter((way) => !unsupportedReach(chain, node.role, way));
  return [problems.unsupportedReach(context.atNode(node, ['reach', 'via']), { node: node.name, via, who, reason, allowed })];
}

/** The host network is a node's reach exactly when a component of it runs there. */
export function hostNetwork({ node, components }: RunningSubject, context: CheckContext): Problem[] {
  const { via } = node.reach;
  const onHost = components.filter((component) => component.hostNetwork).map(({ name }) => name);
  if ((via === 'hostNetwork') === onHost.length > 0) return [];
  return [problems.hostNetworkMismatch(context.atNode(node, ['reach', 'via']), { node: node.name, via, components: onHost })];
}
