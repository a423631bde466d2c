import { type Problem, problems } from '../errors';
import { isWithin, keyBounds, roleOf } from '../node-rules';
import type { CheckContext, NodeSubject } from './context';

/** Only roles that sign hold keys, and as many as they can; retired nodes hold none. */
export function keys({ node, chain }: NodeSubject, context: CheckContext): Problem[] {
  const count = node.keys.length;
  const place = () => context.atNodeKey(node, ['keys']);
  if (node.state === 'retired') return count > 0 ? [problems.retiredWithKeys(place(), { node: node.name, count })] : [];
  const role = roleOf(chain, node.role);
  if (!role) return [];
  const bounds = keyBounds(role);
  if (isWithin(count, bounds)) return [];
  if (!role.signs) {
    const allowed = Object.keys(chain.roles).filter((name) => chain.roles[name]?.signs);
    return [problems.keysOnKeylessRole(place(), { node: node.name, role: node.role, count, allowed })];
  }
  const [least, most] = bounds;
  return [problems.keyCount(place(), { node: node.name, role: node.role, count, least, most })];
}
