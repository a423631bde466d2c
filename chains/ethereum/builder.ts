import type { ChainNode } from '../../model/catalogue';
import type { ComponentSpec } from '../component';
import { BUILDER_PORT } from './links';
import { imageOf } from '../shared';
import { networkOptionsOf, relaysOf } from './options';
import { tcp } from './ports';
import { resources } from './sizes';

/**
 * mev-boost, between the beacon node and the relays. Relays are asked nothing at start (`--relay-check` would end the process
 * while they are down): without a bid the beacon node builds the block itself. Flags by cli/flags.go of flashbots/mev-boost.
 */
export function builder(node: ChainNode): ComponentSpec {
  return {
    name: 'builder',
    client: node.clients['builder']!.client,
    image: imageOf(node, 'builder'),
    signs: false,
    hostNetwork: false,
    machineFeatures: [],
    args: [`--${networkOptionsOf(node).network}`, `--addr=0.0.0.0:${BUILDER_PORT}`, `--relays=${relaysOf(node).join(',')}`],
    ports: [tcp('rpc', BUILDER_PORT, 'rpc')],
    talksTo: [],
    egress: ['https'],
    volumes: [],
    health: { kind: 'http', port: 'rpc', path: '/eth/v1/builder/status', readyStatus: [200] },
    shutdown: { graceSeconds: 30 },
    startupSeconds: 60,
    resources: resources(node, 'builder', { small: [0.1, 0.25], standard: [0.1, 0.25], large: [0.25, 0.5] }, 256),
    unverified: ['not run here with these arguments', '`--hoodi` needs release 1.9 or later'],
  };
}
