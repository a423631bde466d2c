import type { ChainNode } from '../catalogue';
import { type Problem, problems } from '../errors';
import type { CheckContext, NodeSubject } from './context';

/** Mistakes that only the node's chain can see. */
export const chainRules = ({ node, chain }: NodeSubject, resolved: ChainNode, context: CheckContext): Problem[] =>
  chain.check(resolved).map(({ path, problem, next }) =>
    problems.chainRule(context.atNode(node, path), { node: node.name, problem, next, value: scalarAt(node, path) }),
  );

function scalarAt(root: unknown, path: readonly (string | number)[]): Problem['value'] {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return ['string', 'number', 'boolean'].includes(typeof value) ? (value as string | number | boolean) : undefined;
}
