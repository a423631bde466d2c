import { keccak_256 } from '@noble/hashes/sha3';
import { z } from 'zod';
import type { ChainNode } from '../../model/catalogue';

/**
 * Networks that every client here has built in. Holesky ended with Fusaka in late 2025. Sepolia's announced end of support
 * was 30 September 2026 and its validators are permissioned: clients still carry it, new nodes belong on hoodi.
 */
export const ETHEREUM_NETWORKS = ['mainnet', 'hoodi', 'sepolia'] as const;
export type EthereumNetwork = (typeof ETHEREUM_NETWORKS)[number];

const httpsUrl = z.url({ protocol: /^https$/, error: 'must be an https:// URL' });

const relay = z
  .string()
  .regex(
    /^https:\/\/0x[0-9a-fA-F]{96}@[a-z0-9]([a-z0-9.-]*[a-z0-9])?(\/[^\s,]*)?$/,
    'must be https://, the relay\'s public key (0x and 96 hexadecimal digits), "@" and a host, without a port',
  );

/** Relays are listed by commas in one argument, and reached over TCP 443 only. */
const relays = z.array(relay).min(1);

const blockRoot = z.string().regex(/^0x[0-9a-f]{64}$/, 'must be 0x and 64 lower case hexadecimal digits');

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address: 0x and 40 hexadecimal digits')
  .refine((value) => !/^0x[0-9a-fA-F]{40}$/.test(value) || hasValidChecksum(value), {
    message: 'has a wrong checksum (EIP-55): copy it again, or write it in lower case if you are sure of it',
  })
  .refine((value) => !/^0x0{40}$/.test(value), { message: 'is the zero address: fees sent there are lost' });

/** `options` of a network file. */
export const networkOptions = z.strictObject({
  network: z.enum(ETHEREUM_NETWORKS).describe('The name under which every client has this network built in.'),
  checkpointUrls: z.array(httpsUrl).default([]).describe('Beacon APIs to take the first state from. Clients use one: the first.'),
  relays: relays.optional().describe('MEV-Boost relays, for nodes whose options say `relays: network`.'),
  trustedBlockRoot: blockRoot.optional().describe('A finalized block root from a source you trust. Nimbus alone needs it, to verify a checkpoint.'),
});
export type NetworkOptions = z.output<typeof networkOptions>;

/** `options` of a node. */
export const nodeOptions = z.strictObject({
  feeRecipient: address.optional().describe('Where fees of proposed blocks go. Validators must name it.'),
  relays: z
    .union([z.literal('network'), relays])
    .optional()
    .describe('MEV-Boost relays: a list, or `network` for those of the network file. Default: none, and no builder component.'),
  checkpointUrls: z.array(httpsUrl).min(1).optional().describe('Instead of the network\'s.'),
  trustedBlockRoot: blockRoot.optional().describe('Instead of the network\'s.'),
  fallbackBeaconNodes: z
    .array(z.string().min(1))
    .default([])
    .describe('Other beacon or validator nodes of this network and cluster that the validator client turns to, in order.'),
  doppelgangerProtection: z
    .boolean()
    .optional()
    .describe('Whether the validator client listens for its own keys for two or three epochs before it signs. Validators must decide.'),
  graffiti: z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= 32, { message: 'must fit in 32 bytes' })
    .optional()
    .describe('Text in proposed blocks. Default: the client\'s own, which names its version.'),
});
export type NodeOptions = z.output<typeof nodeOptions>;

/** Both are what the schemas above put out: the fleet parses them once, when it is loaded. */
export const optionsOf = (node: Pick<ChainNode, 'options'>): NodeOptions => node.options as unknown as NodeOptions;
export const networkOptionsOf = (node: Pick<ChainNode, 'networkOptions'>): NetworkOptions =>
  node.networkOptions as unknown as NetworkOptions;

export function relaysOf(node: ChainNode): readonly string[] {
  const own = optionsOf(node).relays;
  return own === 'network' ? (networkOptionsOf(node).relays ?? []) : (own ?? []);
}

export function checkpointUrlOf(node: ChainNode): string | undefined {
  return (optionsOf(node).checkpointUrls ?? networkOptionsOf(node).checkpointUrls)[0];
}

export function trustedBlockRootOf(node: ChainNode): string | undefined {
  return optionsOf(node).trustedBlockRoot ?? networkOptionsOf(node).trustedBlockRoot;
}

/** EIP-55: addresses of one case carry no checksum; in mixed case every letter's case is a bit of the hash. */
function hasValidChecksum(value: string): boolean {
  const digits = value.slice(2);
  const lower = digits.toLowerCase();
  if (digits === lower || digits === digits.toUpperCase()) return true;
  const hash = Buffer.from(keccak_256(lower)).toString('hex');
  return [...digits].every((digit, index) => /[0-9]/.test(digit) || (digit !== digit.toLowerCase()) === parseInt(hash[index]!, 16) > 7);
}
