import { type Problem, problems } from '../errors';
import { own } from '../lookup';
import type { FleetNode, Settings } from '../types';
import { type CheckContext, SETTINGS_FILE } from './context';

type Limit = Settings['limits']['concentration'][number];

/** No client, cluster, region or cloud holds more of a network's validator keys than the settings allow. */
export function concentration(context: CheckContext): Problem[] {
  const { settings, networks, nodes } = context.fleet;
  // Shares of a part of the keys say nothing about the whole.
  if (!settings || context.unread.nodesDropped) return [];
  const limits = settings.limits.concentration;
  if (limits.length === 0) return [];
  const signers = new Map<string, FleetNode[]>();
  for (const node of nodes) {
    if (node.state === 'retired' || node.keys.length === 0) continue;
    const list = signers.get(node.network);
    if (list) list.push(node);
    else signers.set(node.network, [node]);
  }
  return limits.flatMap((limit, index) =>
    (limit.networks ?? Object.keys(networks)).flatMap((network) => judge(limit, index, network, signers.get(network) ?? [], context)),
  );
}

/** How many of the nodes that hold most keys are pointed at. */
const BIGGEST = 3;

function judge(limit: Limit, index: number, network: string, nodes: readonly FleetNode[], context: CheckContext): Problem[] {
  const total = keysOf(nodes);
  if (total < limit.minKeys) return [];
  const groups = new Map<string, { of: string; name: string; nodes: FleetNode[] }>();
  for (const node of nodes) {
    for (const { of, name } of groupsOf(limit, node, context)) {
      const group = groups.get(`${of}/${name}`);
      if (group) group.nodes.push(node);
      else groups.set(`${of}/${name}`, { of, name, nodes: [node] });
    }
  }
  return [...groups.values()].flatMap(({ of, name, nodes: members }) => {
    const keys = keysOf(members);
    if (keys * 100 <= limit.maxPercent * total) return [];
    const biggest = [...members].sort((a, b) => b.keys.length - a.keys.length).slice(0, BIGGEST);
    const places = [
      context.at(SETTINGS_FILE, ['limits', 'concentration', index, 'maxPercent'], 'the limit'),
      ...biggest.map((node) => context.atNodeKey(node, ['keys'], `${node.keys.length} keys on node "${node.name}" in ${node.cluster}`)),
    ];
    const input = { level: limit.level, network, of, name, keys, total, maxPercent: limit.maxPercent };
    return [problems.concentration(places, { ...input, biggest: biggest.map((node) => `${node.cluster}/${node.name}`) })];
  });
}

function groupsOf(limit: Limit, node: FleetNode, { fleet }: CheckContext): { of: string; name: string }[] {
  if (limit.of === 'cluster') return [{ of: 'cluster', name: node.cluster }];
  if (limit.of === 'client') {
    return Object.entries(node.clients)
      .filter(([component]) => limit.component === undefined || component === limit.component)
      .map(([component, client]) => ({ of: `${component} client`, name: client }));
  }
  const cluster = own(fleet.clusters, node.cluster);
  if (!cluster) return [];
  // Two clouds may name regions alike.
  return limit.of === 'cloud' ? [{ of: 'cloud', name: cluster.cloud }] : [{ of: `${cluster.cloud} region`, name: cluster.region }];
}

const keysOf = (nodes: readonly FleetNode[]): number => nodes.reduce((sum, { keys }) => sum + keys.length, 0);
