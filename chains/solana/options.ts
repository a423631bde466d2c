import { base58 } from '@scure/base';
import { z } from 'zod';
import type { ChainNode } from '../../model/catalogue';

/** From agave's docs/src/clusters/available.md. Testnet and devnet may be reset, so only this one is held against what is declared. */
export const MAINNET_GENESIS_HASH = '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d';

const bytes32 = (what: string) =>
  z.string().refine((value) => base58Bytes(value) === 32, { message: `must be ${what}: 32 bytes in base58` });

/** `options` of a network file. */
export const networkOptions = z
  .strictObject({
    cluster: z.enum(['mainnet-beta', 'testnet', 'devnet', 'private']).describe('The Solana cluster.'),
    genesisHash: bytes32('the hash of the genesis').describe('The client refuses any other genesis.'),
    entrypoints: z
      .array(z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:[0-9]{1,5}$/, 'must be a host and a port, such as "entrypoint.testnet.solana.com:8001"'))
      .min(1)
      .describe('Where gossip begins, and who tells the node its public address.'),
    knownValidators: z
      .array(bytes32('the identity of a validator'))
      .min(1)
      .describe('The only ones whose snapshots and genesis are taken. Whoever is named here is trusted with the start of every node.'),
    expectedShredVersion: z.number().int().min(1).max(65535).optional().describe('Required by some restarts of a cluster. Default: as the entrypoints say.'),
  })
  .superRefine(({ cluster, genesisHash }, context) => {
    if ((cluster === 'mainnet-beta') !== (genesisHash === MAINNET_GENESIS_HASH)) {
      context.addIssue({ code: 'custom', path: ['genesisHash'], message: `must be ${MAINNET_GENESIS_HASH} on mainnet-beta, and nowhere else` });
    }
  });
export type NetworkOptions = z.output<typeof networkOptions>;

/** `options` of a node. */
export const nodeOptions = z.strictObject({
  voteAccount: bytes32('the address of the vote account').optional().describe('The address, not its keypair. Validators must name it.'),
  ledgerShreds: z
    .number()
    .int()
    .min(50_000_000)
    .optional()
    .describe('How many shreds the ledger keeps. Default: the client\'s own, about 500 GB.'),
  transactionHistory: z.boolean().default(false).describe('Keep what `getTransaction` answers from. RPC nodes only; it grows the ledger.'),
});
export type NodeOptions = z.output<typeof nodeOptions>;

/** What the fleet validated with the schemas above. */
export const networkOptionsOf = (node: ChainNode): NetworkOptions => node.networkOptions as NetworkOptions;
export const optionsOf = (node: ChainNode): NodeOptions => node.options as NodeOptions;

/** How many bytes a base58 text has, or undefined where it is none. */
export function base58Bytes(text: string): number | undefined {
  try {
    return base58.decode(text).length;
  } catch {
    return undefined;
  }
}
