import { type Problem, problems } from '../errors';
import { ALL_PORTS, areWithin, lastPort } from '../node-rules';
import type { FleetNode } from '../types';
import type { CheckContext, NodeSubject } from './context';

/** Ports that Kubernetes gives to Services of type NodePort, unless a cluster is set up otherwise; GKE and EKS aren't. */
const NODE_PORTS = { from: 30000, to: 32767 } as const;

/** All ports that a node takes exist and, with node ports, are node ports; so are they behind a load balancer on EKS. */
export function portRange({ node, cluster, chain }: NodeSubject, context: CheckContext): Problem[] {
  // Amazon's load balancers send to a node port: only one that is asked for by its number can be opened by its number.
  const byNumber = node.reach.via === 'loadBalancer' && cluster.cloud === 'aws' && context.fleet.infrastructure !== undefined;
  const nodePort = node.reach.via === 'nodePort' || byNumber;
  const range = nodePort ? NODE_PORTS : ALL_PORTS;
  const { base } = node.ports;
  const last = lastPort(chain, base);
  if (areWithin(base, last, range)) return [];
  const why = nodePort ? `the node ports ${range.from}-${range.to}` : `the last port, ${range.to}`;
  return [problems.portRange(context.atNode(node, ['ports', 'base']), { node: node.name, base, last, ...range, why })];
}

/** The spans of a cluster's nodes share no port. Retired nodes have given theirs back. */
export function portOverlaps(context: CheckContext): Problem[] {
  const byCluster = new Map<string, { node: FleetNode; base: number; last: number }[]>();
  for (const node of context.fleet.nodes) {
    const chain = context.index.chain(node);
    if (!chain || node.state === 'retired') continue;
    const span = { node, base: node.ports.base, last: lastPort(chain, node.ports.base) };
    const spans = byCluster.get(node.cluster);
    if (spans) spans.push(span);
    else byCluster.set(node.cluster, [span]);
  }
  const found: Problem[] = [];
  for (const [cluster, spans] of byCluster) {
    spans.sort((a, b) => a.base - b.base);
    let reaches: (typeof spans)[number] | undefined;
    const end = spans.reduce((most, { last }) => Math.max(most, last), 0);
    for (const span of spans) {
      if (reaches && span.base <= reaches.last) {
        const places = [
          context.atNode(span.node, ['ports', 'base'], `node "${span.node.name}"`),
          context.atNode(reaches.node, ['ports', 'base'], `node "${reaches.node.name}"`),
        ];
        const text = ({ base, last }: typeof span) => `${base}-${last}`;
        found.push(problems.portOverlap(places, { cluster, a: reaches.node.name, b: span.node.name, aSpan: text(reaches), bSpan: text(span), free: end + 1 }));
      }
      if (!reaches || span.last > reaches.last) reaches = span;
    }
  }
  return found;
}
