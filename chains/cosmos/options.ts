import { z } from 'zod';
import type { ChainNode, PeerNode } from '../../model/catalogue';

const nodeId = z.string().regex(/^[0-9a-f]{40}$/, 'must be a node id: 40 lower case hexadecimal digits, as `comet show-node-id` prints it');

const publicPeer = z
  .string()
  .regex(
    /^[0-9a-f]{40}@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:[0-9]{1,5}$/,
    'must be a node id, "@", a host, ":" and a port, such as "0123456789abcdef0123456789abcdef01234567@seed.example.com:26656"',
  );

const duration = z.string().regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/, 'must be a duration with its unit, such as "5s" or "500ms"');

const tomlScalar = z.union([z.string(), z.number(), z.boolean()]);
const tomlValue = z.union([tomlScalar, z.array(tomlScalar), z.record(z.string(), z.union([tomlScalar, z.array(tomlScalar)]))]);

/**
 * What a network may tune in config.toml. A list of what is allowed, not of what isn't: addresses, peers, paths of keys and
 * the unsafe RPC methods are decided here and by the node's role.
 */
const configToml = z
  .strictObject({
    db_backend: z.enum(['goleveldb', 'pebbledb', 'rocksdb']),
    p2p: z
      .strictObject({
        flush_throttle_timeout: duration,
        handshake_timeout: duration,
        dial_timeout: duration,
        max_num_inbound_peers: z.number().int().min(0),
        max_num_outbound_peers: z.number().int().min(0),
        max_packet_msg_payload_size: z.number().int().min(1),
        send_rate: z.number().int().min(1),
        recv_rate: z.number().int().min(1),
      })
      .partial(),
    mempool: z
      .strictObject({
        type: z.enum(['flood', 'nop', 'app']),
        recheck: z.boolean(),
        broadcast: z.boolean(),
        size: z.number().int().min(1),
        cache_size: z.number().int().min(1),
        max_tx_bytes: z.number().int().min(1),
        max_txs_bytes: z.number().int().min(1),
        'keep-invalid-txs-in-cache': z.boolean(),
      })
      .partial(),
    consensus: z
      .strictObject({
        timeout_propose: duration,
        timeout_propose_delta: duration,
        timeout_prevote: duration,
        timeout_prevote_delta: duration,
        timeout_precommit: duration,
        timeout_precommit_delta: duration,
        skip_timeout_commit: z.boolean(),
        create_empty_blocks: z.boolean(),
        create_empty_blocks_interval: duration,
        peer_gossip_sleep_duration: duration,
        peer_query_maj23_sleep_duration: duration,
      })
      .partial(),
    storage: z.strictObject({ discard_abci_responses: z.boolean() }).partial(),
  })
  .partial();

/** Keys and tables of app.toml that this definition writes, or that open a port or change what the node is. */
export const OWNED_APP_KEYS: readonly string[] = [
  'chain-id',
  'home',
  'minimum-gas-prices',
  'pruning',
  'pruning-keep-recent',
  'pruning-interval',
  'halt-height',
  'halt-time',
  'min-retain-blocks',
  'genesis_file',
  'api',
  'grpc',
  'grpc-web',
  'state-sync',
  'streaming',
  'telemetry',
  'rosetta',
];

const OWNED_START_FLAGS = ['home', 'log_level', 'log_format', 'with-comet', 'with-tendermint', 'transport', 'address', 'grpc-only', 'unsafe-skip-upgrades'];

/** `options` of a network file. */
export const networkOptions = z.strictObject({
  chainId: z
    .string()
    .max(50)
    .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'must be a chain id such as "cosmoshub-4"'),
  denom: z.string().regex(/^[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$/, 'must be the base denomination that fees are paid in, such as "uatom"'),
  timeoutCommit: duration.describe('`consensus.timeout_commit` as this network agreed on it: CometBFT\'s own default (1s) is not what SDK chains run with.'),
  binary: z
    .string()
    .regex(/^[a-z][a-z0-9_-]*$/, 'must be the name of a program in the image, such as "gaiad"')
    .optional()
    .describe('The chain\'s program. Known for gaia and osmosis.'),
  seeds: z.array(publicPeer).default([]).describe('Seed nodes. A sentried validator never sees them.'),
  persistentPeers: z.array(publicPeer).default([]).describe('Public nodes to stay connected to. A sentried validator never sees them.'),
  configToml: configToml.default({}).describe('What this network runs with in config.toml, beyond what this definition decides.'),
  appToml: z
    .record(z.string(), tomlValue)
    .default({})
    .superRefine((settings, context) => {
      for (const key of Object.keys(settings).filter((candidate) => OWNED_APP_KEYS.includes(candidate))) {
        context.addIssue({ code: 'custom', path: [key], message: `is decided by the node's declaration, not by extra settings: ${OWNED_APP_KEYS.join(', ')} are not free` });
      }
    })
    .describe('Further settings of app.toml, for what a chain adds to the SDK\'s, such as "wasm" or "osmosis-mempool".'),
  startFlags: z
    .array(z.string().regex(/^--[a-z][a-z0-9._-]*(=[A-Za-z0-9._:/,-]*)?$/, 'must be one flag, such as "--x-crisis-skip-assert-invariants=true"'))
    .default([])
    .superRefine((flags, context) => {
      flags.forEach((flag, index) => {
        const name = flag.slice(2).split('=')[0]!;
        if (OWNED_START_FLAGS.includes(name) || /^(p2p|rpc|priv_validator|genesis|node_key|api|grpc|minimum-gas|pruning|state-sync)/.test(name)) {
          context.addIssue({ code: 'custom', path: [index], message: `--${name} is decided by the node's declaration, not by extra flags` });
        }
      });
    })
    .describe('Flags that this chain\'s `start` needs beside `--home`.'),
});
export type NetworkOptions = z.output<typeof networkOptions>;

const gasPrice = '[0-9]{1,30}(\\.[0-9]{1,18})?[a-zA-Z][a-zA-Z0-9/:._-]{2,127}';

/** `options` of a node. */
export const nodeOptions = z.strictObject({
  minimumGasPrices: z
    .string()
    .regex(new RegExp(`^${gasPrice}(,${gasPrice})*$`), 'must be amounts with their base denomination, separated by commas, such as "0.005uatom"')
    .describe('The least that this node takes for gas. Required: at zero it relays spam, too high and it proposes empty blocks.'),
  publicNodeId: nodeId.optional().describe('The id that belongs to this node\'s `node-key` secret. Sentries and sentried validators must name it.'),
  sentries: z.array(z.string().min(1)).min(1).optional().describe('Sentries of this network, the only peers that this validator has.'),
  directP2P: z.literal(true).optional().describe('This validator has no sentries and meets the network itself.'),
  pruning: z
    .union([
      z.enum(['default', 'nothing', 'everything']),
      z.strictObject({ keepRecent: z.number().int().min(2), interval: z.number().int().min(10) }),
    ])
    .default('default')
    .describe('Which states are kept. Default: the SDK\'s own, the last 362,880.'),
  minRetainBlocks: z.number().int().min(0).default(0).describe('Blocks kept by CometBFT. 0: all of them.'),
  snapshotInterval: z.number().int().min(0).default(0).describe('Blocks between state sync snapshots that other nodes may fetch. 0: none.'),
  snapshotKeepRecent: z.number().int().min(1).default(2),
  indexer: z.enum(['null', 'kv']).optional().describe('Transaction index. Default: `kv` on full nodes, `null` elsewhere.'),
  doubleSignCheckHeight: z
    .number()
    .int()
    .min(0)
    .default(10)
    .describe(
      'Own signatures in this many last blocks end the start. An extra, not the protection: it sees only the blocks that this disk has. It costs as many blocks at every restart; 0 where a halted network waits for this validator.',
    ),
  api: z.boolean().default(false).describe('Serve REST on 1317. Full nodes only.'),
  grpc: z.boolean().default(false).describe('Serve gRPC on 9090. Full nodes only.'),
});
export type NodeOptions = z.output<typeof nodeOptions>;

/** What the fleet validated with the schemas above. */
export const networkOptionsOf = (node: ChainNode): NetworkOptions => node.networkOptions as NetworkOptions;
export const optionsOf = (node: ChainNode | PeerNode): NodeOptions => node.options as NodeOptions;
