import type { ChainNode, PeerNode, Reach } from '../../model/catalogue';
import { networkNamespace, serviceHost, unreadyServiceName } from '../../naming';
import type { Peer } from '../component';
import { networkOptionsOf, optionsOf } from './options';

/** The component's name, and the port that validators and sentries reach each other on. */
export const COMPONENT = 'node';
export const SENTRY_PORT = 'sentry';

/** Who a node connects to, as its role and the nodes around it say. */
export interface Topology {
  /** A validator whose only peers are its sentries. */
  readonly sentried: boolean;
  /** Address that other nodes dial. Empty where nobody can. */
  readonly externalAddress: string;
  readonly seeds: readonly string[];
  readonly persistentPeers: readonly string[];
  /** Connected above every limit on the number of peers. */
  readonly unconditionalPeerIds: readonly string[];
  /** Never told to anybody. */
  readonly privatePeerIds: readonly string[];
  readonly allowDuplicateIp: boolean;
  readonly talksTo: readonly Peer[];
}

export function topologyOf(node: ChainNode): Topology {
  const { seeds, persistentPeers } = networkOptionsOf(node);
  const externalAddress = publicAddress(node) ?? '';
  if (node.role === 'sentry') {
    const validators = validatorsOf(node);
    const near = validators.filter(({ sameCluster }) => sameCluster);
    return {
      sentried: false,
      externalAddress,
      seeds,
      // CometBFT looks names up once, at start, and these Services resolve to pods: whichever of the two started last finds the other.
      persistentPeers: [...persistentPeers, ...near.map((validator) => inCluster(node.network, validator))],
      unconditionalPeerIds: ids(validators),
      privatePeerIds: ids(validators),
      // Validators of another cluster leave it by one address of its NAT; CometBFT refuses the second connection from an address.
      allowDuplicateIp: near.length < validators.length,
      talksTo: near.map(componentPeer),
    };
  }
  const sentries = sentriesOf(node);
  if (sentries.length > 0) {
    const far = sentries.flatMap((sentry) => {
      const address = sentry.sameCluster ? undefined : publicAddress(sentry);
      return address === undefined ? [] : [{ sentry, address }];
    });
    const near = sentries.filter(({ sameCluster }) => sameCluster);
    return {
      sentried: true,
      externalAddress: '',
      seeds: [],
      persistentPeers: [
        ...near.map((sentry) => inCluster(node.network, sentry)),
        ...far.map(({ sentry, address }) => `${optionsOf(sentry).publicNodeId}@${address}`),
      ],
      unconditionalPeerIds: ids(sentries),
      privatePeerIds: [],
      allowDuplicateIp: false,
      talksTo: [
        ...near.map(componentPeer),
        ...far.map(({ sentry, address }) => ({
          kind: 'address' as const,
          address: address.slice(0, address.lastIndexOf(':')),
          port: sentry.portBase,
          protocol: 'TCP' as const,
        })),
      ],
    };
  }
  return {
    sentried: false,
    externalAddress,
    seeds,
    persistentPeers,
    unconditionalPeerIds: [],
    privatePeerIds: [],
    allowDuplicateIp: false,
    talksTo: [],
  };
}

/** The sentries that a validator names, in its order. */
export function sentriesOf(node: ChainNode): PeerNode[] {
  return (optionsOf(node).sentries ?? []).flatMap((name) => node.peers[name] ?? []);
}

/** The validators that name a sentry, by name: the order must not depend on the order of files. */
export function validatorsOf(node: ChainNode): PeerNode[] {
  return Object.values(node.referrers)
    .filter(({ role }) => role === 'validator')
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Address and port that a node is dialled on from outside its cluster, where there is one and it is known. */
export function publicAddress({ reach, portBase }: { readonly reach: Reach; readonly portBase: number }): string | undefined {
  const address = reach.via === 'loadBalancer' ? reach.addresses[COMPONENT] : reach.via === 'nodePort' ? reach.address : undefined;
  return address === undefined || address === DISCOVERED ? undefined : `${address}:${portBase}`;
}

/** What a node declares that is to find out its own address. */
export const DISCOVERED = 'discovered';

const ids = (peers: readonly PeerNode[]): string[] => peers.flatMap((peer) => optionsOf(peer).publicNodeId ?? []);

const inCluster = (network: string, peer: PeerNode): string =>
  `${optionsOf(peer).publicNodeId}@${serviceHost(unreadyServiceName(peer.name, COMPONENT, SENTRY_PORT), networkNamespace(network))}:${peer.portBase}`;

const componentPeer = (peer: PeerNode): Peer => ({ kind: 'component', node: peer.name, component: COMPONENT, ports: [SENTRY_PORT] });
