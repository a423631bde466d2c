import type { ChainDefinition, ComponentSpec } from '../../chains/component';
import type { ChainCatalogue } from '../../model/catalogue';
import type { Fleet, FleetNode } from '../../model/types';
import { FleetIndex } from '../../model/resolve';

/** A catalogue whose chains say all of what a component is, not only what it asks of a machine. */
export type FullCatalogue = Omit<ChainCatalogue, 'chains'> & { readonly chains: Readonly<Record<string, ChainDefinition>> };

/** A fleet with what rendering looks up again and again. */
export class FleetContext {
  /** Address ranges of every cluster: none of them is ever a public address. */
  readonly clusterRanges: readonly string[];
  private readonly index: FleetIndex;

  constructor(
    readonly fleet: Fleet,
    readonly catalogue: FullCatalogue,
  ) {
    this.index = new FleetIndex(fleet, catalogue);
    this.clusterRanges = [
      ...new Set(Object.values(fleet.clusters).flatMap(({ ranges }) => Object.values(ranges).filter((range) => range !== undefined))),
    ].sort();
  }

  /** What a node runs; of a retired one, what it ran. */
  componentsOf(node: FleetNode): readonly ComponentSpec[] {
    return this.catalogue.chains[this.fleet.networks[node.network]!.chain]!.components(this.index.resolve(node));
  }

  /**
   * Nodes of the same cluster and network that may talk to this one: those whose options name it, and those that it names, since
   * peers dial each other. Retired ones don't.
   */
  neighboursOf(node: FleetNode): readonly FleetNode[] {
    const named = this.index.referencesOf(node).flatMap(({ candidates }) => candidates);
    return [...new Set([...this.index.referrers(node), ...named])].filter((other) => other.cluster === node.cluster && other.state !== 'retired' && other !== node);
  }

  /** The components of other nodes that a node's components talk to, by node. */
  peersOf(node: FleetNode, components: readonly ComponentSpec[]): Record<string, readonly ComponentSpec[]> {
    const names = new Set(components.flatMap(({ talksTo }) => talksTo.flatMap((peer) => (peer.kind === 'component' && peer.node ? [peer.node] : []))));
    return Object.fromEntries(
      [...names].filter((name) => name !== node.name).map((name) => [name, this.componentsOf(this.index.peer(node, name)!)]),
    );
  }
}
