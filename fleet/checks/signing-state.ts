import { type Problem, problems } from '../errors';
import type { CheckContext, RunningSubject } from './context';

/** What can sign keeps its signing state on a volume of its own, where the chain has such a state. */
export function signingState({ node, chain, components }: RunningSubject, context: CheckContext): Problem[] {
  if (chain.signingState.kind !== 'volume' || !chain.roles[node.role]?.signs) return [];
  return components
    .filter(({ signs, volumes }) => signs && !volumes.some(({ kind }) => kind === 'signing-state'))
    .map(({ name }) => problems.missingSigningState(context.atNode(node, ['clients', name]), { node: node.name, component: name, chain: chain.name }));
}
