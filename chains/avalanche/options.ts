import { z } from 'zod';
import type { ChainNode } from '../../model/catalogue';

/** `options` of a network file. The primary network only: its P-, X- and C-Chain. */
export const networkOptions = z.strictObject({
  network: z.enum(['mainnet', 'fuji']).describe('The network, as the client has it built in, its beacons and genesis with it.'),
});
export type NetworkOptions = z.output<typeof networkOptions>;

/** `options` of a node. */
export const nodeOptions = z.strictObject({
  stateSync: z
    .boolean()
    .default(true)
    .describe('Begin the C-Chain from a recent state that validators vouch for, not from the genesis, where the disk has none yet. It then lacks older blocks.'),
  archive: z.boolean().default(false).describe('Keep every state of the C-Chain. RPC nodes only; it grows the disk several times over.'),
});
export type NodeOptions = z.output<typeof nodeOptions>;

/** What the fleet validated with the schemas above. */
export const networkOptionsOf = (node: ChainNode): NetworkOptions => node.networkOptions as NetworkOptions;
export const optionsOf = (node: ChainNode): NodeOptions => node.options as NodeOptions;
