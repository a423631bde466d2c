import { type Problem, problems } from '../errors';
import { own } from '../lookup';
import type { CheckContext, NodeSubject, RunningSubject } from './context';

const WAYS = ['outbound', 'loadBalancer', 'nodePort', 'hostNetwork'] as const;

/** A node is reached in a way that its chain and its role can work with. */
export function reach({ node, chain }: NodeSubject, context: CheckContext): Problem[] {
  const { via } = node.reach;
  const role = own(chain.roles, node.role)?.unsupportedReach ?? {};
  const [who, reason] = chain.unsupportedReach[via] !== undefined ? [`chain "${chain.name}"`, chain.unsupportedReach[via]] : [`role "${node.role}" of chain "${chain.name}"`, role[via]];
  if (reason === undefined) return [];
  const allowed = WAYS.filter((way) => chain.unsupportedReach[way] === undefined && role[way] === undefined);
  return [problems.unsupportedReach(context.atNode(node, ['reach', 'via']), { node: node.name, via, who, reason, allowed })];
}

/** The host network is a node's reach exactly when a component of it runs there. */
export function hostNetwork({ node, components }: RunningSubject, context: CheckContext): Problem[] {
  const { via } = node.reach;
  const onHost = components.filter((component) => component.hostNetwork).map(({ name }) => name);
  if ((via === 'hostNetwork') === onHost.length > 0) return [];
  return [problems.hostNetworkMismatch(context.atNode(node, ['reach', 'via']), { node: node.name, via, components: onHost })];
}
