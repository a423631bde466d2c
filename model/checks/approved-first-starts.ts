import { type Problem, problems } from '../errors';
import type { CheckContext } from './context';

/** A standing approval lets a node start without its signing state, so it is shown on every run until it is taken back. */
export function approvedFirstStarts(context: CheckContext): Problem[] {
  const nodes = context.fleet.nodes.filter(({ firstStart, state }) => firstStart === 'approved' && state !== 'retired');
  if (nodes.length === 0) return [];
  const places = nodes.map((node) => context.atNode(node, ['firstStart'], `node "${node.name}" in ${node.cluster}`));
  return [problems.firstStartApproved(places, { nodes: nodes.map(({ cluster, name }) => `${cluster}/${name}`) })];
}
