import type { ChainCatalogue, ChainEntry, ChainNode, ClientRelease, PeerNode, PeerReference, Reach } from './catalogue';
import { own } from './lookup';
import type { Fleet, FleetNode } from './types';

/** A reference of a node's options to another node, and who bears that name in the network. */
export interface ResolvedReference {
  readonly reference: PeerReference;
  readonly candidates: readonly FleetNode[];
}

/**
 * What a fleet's nodes are to each other. Built once in one pass; every look-up after that takes constant time. Plain
 * fleets and fleets with mistakes are both taken: what isn't declared is absent from the answers.
 */
export class FleetIndex {
  private readonly byNetworkAndName = new Map<string, FleetNode[]>();
  private readonly references = new Map<FleetNode, readonly PeerReference[]>();
  private readonly referring = new Map<FleetNode, FleetNode[]>();
  private readonly releases = new Map<string, ClientRelease | undefined>();
  private readonly clientsOfNode = new Map<FleetNode, Readonly<Record<string, ClientRelease>>>();

  constructor(
    private readonly fleet: Pick<Fleet, 'clusters' | 'networks' | 'nodes' | 'observed'>,
    private readonly catalogue: ChainCatalogue,
  ) {
    for (const node of fleet.nodes) {
      const key = `${node.network}/${node.name}`;
      const others = this.byNetworkAndName.get(key);
      if (others) others.push(node);
      else this.byNetworkAndName.set(key, [node]);
    }
    for (const node of fleet.nodes) {
      const references = this.chain(node)?.peers(node.options) ?? [];
      if (references.length === 0) continue;
      this.references.set(node, references);
      if (node.state === 'retired') continue;
      for (const target of new Set(references.map(({ node: name }) => this.peer(node, name)))) {
        if (!target) continue;
        const others = this.referring.get(target);
        if (others) others.push(node);
        else this.referring.set(target, [node]);
      }
    }
  }

  /** The chain definition of a node's network, where both are there. */
  chain(node: Pick<FleetNode, 'network'>): ChainEntry | undefined {
    const network = own(this.fleet.networks, node.network);
    return network && own(this.catalogue.chains, network.chain);
  }

  /** What a node's options refer to. */
  referencesOf(node: FleetNode): readonly ResolvedReference[] {
    return (this.references.get(node) ?? []).map((reference) => ({ reference, candidates: this.named(node.network, reference.node) }));
  }

  /** All nodes of a network that bear a name; more than one is possible in different clusters. */
  named(network: string, name: string): readonly FleetNode[] {
    return this.byNetworkAndName.get(`${network}/${name}`) ?? [];
  }

  /** The node that another one means by a name: the one in its own cluster before one elsewhere. */
  peer(node: FleetNode, name: string): FleetNode | undefined {
    const candidates = this.named(node.network, name);
    return candidates.find(({ cluster }) => cluster === node.cluster) ?? candidates[0];
  }

  /** Nodes that are not retired and whose options refer to this one, in the fleet's order. */
  referrers(node: FleetNode): readonly FleetNode[] {
    return this.referring.get(node) ?? [];
  }

  /** What a client of a network runs in a ring. */
  release(network: string, component: string, client: string, ring: string): ClientRelease | undefined {
    const key = `${network}/${component}/${client}/${ring}`;
    if (this.releases.has(key)) return this.releases.get(key);
    const found = this.findRelease(network, component, client, ring);
    this.releases.set(key, found);
    return found;
  }

  /** The releases that a node's components run; a component whose release isn't declared is absent. */
  clients(node: FleetNode): Readonly<Record<string, ClientRelease>> {
    let clients = this.clientsOfNode.get(node);
    if (!clients) {
      const found: Record<string, ClientRelease> = {};
      for (const [component, client] of Object.entries(node.clients)) {
        const release = this.release(node.network, component, client, node.ring);
        if (release) found[component] = release;
      }
      clients = found;
      this.clientsOfNode.set(node, clients);
    }
    return clients;
  }

  /** A node as its chain definition sees it. The node's network must be declared. */
  resolve(node: FleetNode): ChainNode {
    const network = own(this.fleet.networks, node.network);
    if (!network) throw new TypeError(`node "${node.name}" is of network "${node.network}", which this fleet does not declare`);
    const peers: Record<string, PeerNode> = {};
    for (const { node: name } of this.references.get(node) ?? []) {
      const peer = this.peer(node, name);
      if (peer) peers[name] = this.peerNode(node, peer);
    }
    const referrers: Record<string, PeerNode> = {};
    for (const other of this.referrers(node)) referrers[other.name] = this.peerNode(node, other);
    return {
      name: node.name,
      network: node.network,
      role: node.role,
      size: node.size,
      clients: this.clients(node),
      keys: node.keys,
      portBase: node.ports.base,
      reach: this.reach(node),
      firstStart: node.firstStart === 'approved',
      ...(network.genesis && { genesis: network.genesis }),
      ...(network.genesisContent !== undefined && { genesisContent: network.genesisContent }),
      networkOptions: network.options,
      options: node.options,
      resources: node.resources,
      peers,
      referrers,
    };
  }

  private peerNode(seenFrom: FleetNode, node: FleetNode): PeerNode {
    return {
      name: node.name,
      role: node.role,
      sameCluster: node.cluster === seenFrom.cluster,
      portBase: node.ports.base,
      reach: this.reach(node),
      clients: this.clients(node),
      options: node.options,
    };
  }

  private reach({ reach, cluster, name }: FleetNode): Reach {
    if (reach.via !== 'loadBalancer') return reach;
    return { via: 'loadBalancer', addresses: own(own(this.fleet.observed, cluster)?.addresses ?? {}, name) ?? {} };
  }

  private findRelease(network: string, component: string, client: string, ring: string): ClientRelease | undefined {
    const declared = own(own(own(this.fleet.networks, network)?.clients ?? {}, component) ?? {}, client);
    const version = declared && own(declared.rings, ring);
    const release = declared?.releases.find((candidate) => candidate.version === version);
    return declared && release && { client, image: declared.image, ...release };
  }
}
