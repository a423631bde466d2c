import { type Place, type Problem, problems } from '../errors';
import type { CheckContext } from './context';

/** No validator key is declared twice, anywhere: keys are compared in their canonical form. */
export function duplicateKeys(context: CheckContext): Problem[] {
  const { nodes } = context.fleet;
  const first = new Map<string, number>();
  const repeated = new Set<string>();
  nodes.forEach((node, index) => {
    for (const key of node.keys) {
      if (first.has(key)) repeated.add(key);
      else first.set(key, index);
    }
  });
  if (repeated.size === 0) return [];
  const places = new Map<string, { places: Place[]; nodes: string[] }>([...repeated].map((key) => [key, { places: [], nodes: [] }]));
  for (const node of nodes) {
    node.keys.forEach((key, index) => {
      const entry = places.get(key);
      if (!entry) return;
      entry.places.push(context.atNode(node, ['keys', index], `node "${node.name}" of ${node.network} in ${node.cluster}`));
      entry.nodes.push(`${node.cluster}/${node.name}`);
    });
  }
  return [...places].map(([key, entry]) => problems.duplicateValidatorKey(entry.places, { key, nodes: entry.nodes }));
}
