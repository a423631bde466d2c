import type { PeerReference } from '../catalogue';
import { type Problem, problems } from '../errors';
import { mayBe } from '../node-rules';
import type { FleetNode } from '../types';
import type { CheckContext, NodeSubject } from './context';

/** Nodes that a node's options name exist, are one each, and may play that part. */
export function peers({ node, network }: NodeSubject, context: CheckContext): Problem[] {
  const unread = context.unread.nodes.get(network.name);
  const found: Problem[] = [];
  for (const { reference, candidates } of context.index.referencesOf(node)) {
    const place = (label?: string) => context.atNode(node, ['options', ...reference.path], label);
    const near = reference.sameCluster ? candidates.filter(({ cluster }) => cluster === node.cluster) : candidates;
    const [peer, ...others] = near;
    if (others.length > 0 && reference.sameCluster === false) {
      found.push(ambiguous(node, reference.node, near, context));
    } else if (peer) {
      const problem = unfit(node, peer, reference);
      if (problem) {
        const places = [place('referred to here'), context.atNode(peer, ['name'], `node "${peer.name}"`)];
        found.push(problems.wrongPeer(places, { node: node.name, peer: peer.name, ...problem }));
      }
    } else if (candidates[0]) {
      const elsewhere = candidates[0];
      const places = [place('referred to here'), context.atNode(elsewhere, ['name'], `node "${elsewhere.name}"`)];
      const problem = `it is in cluster "${elsewhere.cluster}", and has to be in the same one`;
      found.push(problems.wrongPeer(places, { node: node.name, peer: reference.node, problem, allowed: names(fitting(node, reference, context)) }));
    } else if (!unread?.all && !unread?.names.has(reference.node)) {
      const allowed = names(fitting(node, reference, context));
      found.push(problems.unknownPeer(place(), { name: reference.node, allowed, of: `network "${network.name}"` }));
    }
  }
  const referrers = new Map<string, FleetNode[]>();
  for (const other of context.index.referrers(node)) referrers.set(other.name, [...(referrers.get(other.name) ?? []), other]);
  for (const [name, same] of referrers) if (same.length > 1) found.push(ambiguous(node, name, same, context));
  return found;
}

function ambiguous(node: FleetNode, peer: string, candidates: readonly FleetNode[], context: CheckContext): Problem {
  const places = candidates.map((other) => context.atNode(other, ['name'], `node "${other.name}" in ${other.cluster}`));
  return problems.ambiguousPeer(places, { node: node.name, peer, clusters: candidates.map(({ cluster }) => cluster) });
}

function unfit(node: FleetNode, peer: FleetNode, reference: PeerReference): { problem: string; allowed: readonly string[] | string } | undefined {
  if (peer === node) return { problem: 'it is the node itself', allowed: 'another node' };
  if (peer.state === 'retired') return { problem: 'it is retired', allowed: 'a node that is running or stopped' };
  if (!mayBe(reference, peer.role)) return { problem: `its role is "${peer.role}"`, allowed: reference.roles };
  return undefined;
}

const fitting = (node: FleetNode, reference: PeerReference, { fleet }: CheckContext): FleetNode[] =>
  fleet.nodes.filter(
    (other) =>
      other !== node && other.network === node.network && other.state !== 'retired' && mayBe(reference, other.role) && (!reference.sameCluster || other.cluster === node.cluster),
  );

const names = (nodes: readonly FleetNode[]): string[] => [...new Set(nodes.map(({ name }) => name))];
