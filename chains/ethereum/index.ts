import type { ChainNode, PeerReference } from '../../model/catalogue';
import type { ChainDefinition, ComponentSpec } from '../component';
import { always } from '../shared';
import { builder } from './builder';
import { check } from './check';
import { consensus, CONSENSUS_CLIENTS } from './consensus';
import { execution, EXECUTION_CLIENTS } from './execution';
import { parseKey } from './keys';
import { networkOptions, nodeOptions, relaysOf, type NodeOptions } from './options';
import { PORT_SPAN } from './ports';
import { SIZES } from './sizes';
import { validator, VALIDATOR_CLIENTS } from './validator';

/**
 * Ethereum: five execution, five consensus and five validator clients, in any combination.
 *
 * A `validator` runs all three and signs; a `beacon` node serves validator clients of other nodes; an `execution` node serves
 * JSON-RPC, or a consensus client from elsewhere. With relays, a beacon node has a `builder` (mev-boost) beside it.
 *
 * What is below comes from the clients' documentation and source, named at each client. What nobody has run says so in
 * `unverified`. With the Gloas fork, builders move from beside the beacon node into the protocol: `relays` then ends.
 */
export const ethereum: ChainDefinition = {
  name: 'ethereum',
  networkOptions,
  nodeOptions,
  roles: {
    validator: { components: ['execution', 'consensus', 'validator'], optionalComponents, signs: true, keys: [1, 1000] },
    beacon: { components: ['execution', 'consensus'], optionalComponents, signs: false },
    execution: { components: ['execution'], signs: false },
  },
  sizes: SIZES,
  clients: {
    execution: Object.keys(EXECUTION_CLIENTS),
    consensus: Object.keys(CONSENSUS_CLIENTS),
    validator: Object.keys(VALIDATOR_CLIENTS),
    builder: ['mev-boost'],
  },
  portSpan: PORT_SPAN,
  signingState: { kind: 'volume' },
  unsupportedReach: { hostNetwork: 'no Ethereum client needs the network of its machine: use nodePort or loadBalancer' },
  needsGenesis: false,
  keyMoveFloor: always(20, 'three epochs: an attestation is included until the end of the epoch after its own (EIP-7045), and what is included is final two epochs later'),
  parseKey,
  peers,
  check,
  components,
};

function components(node: ChainNode): readonly ComponentSpec[] {
  if (node.role === 'execution') return [execution(node)];
  return [
    execution(node),
    consensus(node),
    ...(node.role === 'validator' ? [validator(node)] : []),
    ...(relaysOf(node).length > 0 ? [builder(node)] : []),
  ];
}

function optionalComponents(options: Record<string, unknown>): readonly string[] {
  return (options as unknown as NodeOptions).relays === undefined ? [] : ['builder'];
}

function peers(options: Record<string, unknown>): readonly PeerReference[] {
  return (options as unknown as NodeOptions).fallbackBeaconNodes.map((node, index) => ({
    node,
    path: ['fallbackBeaconNodes', index],
    roles: ['beacon', 'validator'],
    sameCluster: true,
  }));
}
