import type { ChainNode } from '../../model/catalogue';
import type { Port } from '../component';

/**
 * The ports that a node spans from its declared base, the same for every mix of clients, so that changing a client
 * changes no port. Each is listened on and advertised under the same number.
 *
 * | offset | what | protocol |
 * | --- | --- | --- |
 * | 0 | execution P2P and its discovery | TCP, UDP |
 * | 1 | consensus P2P and its discovery | TCP, UDP |
 * | 2 | consensus QUIC | UDP |
 * | 3 | execution discovery v5, where it has a port of its own (reth) | UDP |
 * | 4 | snapshot torrents (erigon) | TCP, UDP |
 * | 5, 6 | further listeners of erigon before 3.5 | TCP, UDP |
 * | 7 | kept free | |
 *
 * QUIC follows the consensus port because lighthouse and lodestar default to "port + 1".
 */
export const OFFSET = { execution: 0, consensus: 1, quic: 2, discv5: 3, torrent: 4, erigon: [5, 6] } as const;
export const PORT_SPAN = 8;

/** What a component tells the P2P network about its own address. */
export type Advertised = { readonly as: 'nothing' } | { readonly as: 'address'; readonly address: string } | { readonly as: 'discovered' };

export function advertised(node: ChainNode, component: 'execution' | 'consensus'): Advertised {
  const { reach } = node;
  if (reach.via === 'outbound') return { as: 'nothing' };
  if (reach.via === 'loadBalancer') {
    const address = reach.addresses[component];
    return address === undefined ? { as: 'nothing' } : { as: 'address', address };
  }
  return reach.address === 'discovered' ? { as: 'discovered' } : { as: 'address', address: reach.address };
}

export const tcp = (name: string, port: number, purpose: Port['purpose']): Port => ({ name, port, protocol: 'TCP', purpose });
export const udp = (name: string, port: number, purpose: Port['purpose']): Port => ({ name, port, protocol: 'UDP', purpose });
