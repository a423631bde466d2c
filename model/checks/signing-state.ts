import { SIGNING_VOLUME_OF } from '../catalogue';
import { type Problem, problems } from '../errors';
import type { CheckContext, RunningSubject } from './context';

/** What can sign keeps its signing state where the chain says: on a volume of its own, or on the one that its chain data is known by. */
export function signingState({ node, chain, components }: RunningSubject, context: CheckContext): Problem[] {
  const wanted = SIGNING_VOLUME_OF[chain.signingState.kind];
  if (wanted === undefined || !chain.roles[node.role]?.signs) return [];
  return components
    .filter(({ signs, volumes }) => signs && !volumes.some(({ kind }) => kind === wanted))
    .map(({ name }) => problems.missingSigningState(context.atNode(node, ['clients', name]), { node: node.name, component: name, chain: chain.name, kind: wanted }));
}
