import { z } from 'zod';
import type { ChainNode } from '../../model/catalogue';

const RELAY_CHAINS = ['polkadot', 'kusama', 'westend', 'paseo'] as const;

/** `options` of a network file. Chains are those that the clients have built in. */
export const networkOptions = z
  .strictObject({
    relayChain: z.enum(RELAY_CHAINS).describe('The relay chain: the network itself, or the one that its parachain is secured by.'),
    parachain: z
      .string()
      .regex(/^[a-z]+(-[a-z]+)+$/, 'must be a parachain that the client has built in, such as "asset-hub-polkadot"')
      .optional()
      .describe('The parachain that this network is. Without it the network is the relay chain.'),
  })
  .superRefine(({ relayChain, parachain }, context) => {
    if (parachain !== undefined && !parachain.endsWith(`-${relayChain}`)) {
      context.addIssue({ code: 'custom', path: ['parachain'], message: `must be a parachain of "${relayChain}": its name ends in "-${relayChain}"` });
    }
  });
export type NetworkOptions = z.output<typeof networkOptions>;

const pruning = z.union([z.enum(['archive', 'archive-canonical']), z.number().int().min(256)]);

/** `options` of a node. */
export const nodeOptions = z.strictObject({
  statePruning: pruning.default(256).describe('Of how many finalized blocks the state is kept. Fixed when the database is made: the client refuses another value later.'),
  blocksPruning: pruning.default('archive-canonical').describe('How many finalized blocks are kept. Default: all that are finalized.'),
  sync: z
    .enum(['full', 'warp'])
    .default('full')
    .describe('`warp` begins an empty database from a recent state, proven by the validators\' signatures. A database that has blocks goes on from where it is.'),
});
export type NodeOptions = z.output<typeof nodeOptions>;

/** What the fleet validated with the schemas above. */
export const networkOptionsOf = (node: ChainNode): NetworkOptions => node.networkOptions as NetworkOptions;
export const optionsOf = (node: ChainNode): NodeOptions => node.options as NodeOptions;
