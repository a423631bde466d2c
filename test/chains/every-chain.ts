import { createHash } from 'node:crypto';
import { base58, base64 } from '@scure/base';
import { cb58 } from '../../chains/avalanche/keys';
import type { Genesis } from '../../model/types';
import type { ChainNode, ClientRelease, PeerNode, Reach, RoleEntry } from '../../model/catalogue';
import { chains } from '../../chains';
import type { ChainDefinition } from '../../chains/component';

/** A node that its chain finds nothing wrong with, and what it is a sample of. */
export interface Sample {
  /** Says everything that tells this sample from the others. */
  readonly label: string;
  readonly chain: ChainDefinition;
  readonly variant: string;
  readonly node: ChainNode;
}

/** Every role x variant of its options x combination of clients x way to be reached x first start or not, of every chain. */
export function everySample(): readonly Sample[] {
  all ??= Object.values(chains).flatMap(everySampleOf);
  return all;
}
let all: readonly Sample[] | undefined;

export function everySampleOf(chain: ChainDefinition): Sample[] {
  const { variants } = recordOf(chain);
  return Object.entries(variants).flatMap(([variant, { role, reaches }]) => {
    const { signs, unsupportedReach = {} } = chain.roles[role]!;
    const ways = REACHES.filter(
      ({ via }) => !(via in chain.unsupportedReach) && !(via in unsupportedReach) && (reaches === undefined || reaches.includes(via)),
    );
    return clientsOf(chain, variant).flatMap((clients) =>
      ways.flatMap((way) =>
        (signs ? [false, true] : [false]).map((firstStart): Sample => {
          const node = sampleNode(chain, variant, { clients: releases(chain, clients), reach: reachOf(way, clients), firstStart });
          const client = Object.values(clients).join('+');
          return { label: `${chain.name} ${variant} ${client} ${JSON.stringify(way)}${firstStart ? ' first start' : ''}`, chain, variant, node };
        }),
      ),
    );
  }).filter(({ node }) => chain.check(node).every(({ path }) => path[0] !== 'reach'));
}

/** One sample by the name of its variant, with what a test wants to differ. `options` are laid over the variant's, then parsed. */
export function sampleNode(chain: ChainDefinition, variant: string, differs: Partial<ChainNode> = {}): ChainNode {
  const record = recordOf(chain);
  const { role, options, networkOptions, key = record.key, peers = {}, referrers = {} } = record.variants[variant]!;
  const { options: otherOptions, networkOptions: otherNetworkOptions, ...rest } = differs;
  const [fewest = 0] = chain.roles[role]!.signs ? (chain.roles[role]!.keys ?? []) : [];
  const clients = clientsOf(chain, variant)[0]!;
  return {
    name: `${chain.name}-0`,
    network: record.network,
    role,
    size: chain.sizes[0]!,
    clients: releases(chain, clients),
    keys: Array.from({ length: fewest }, (_, index) => key(index)),
    portBase: 30400,
    reach: { via: 'outbound' },
    firstStart: false,
    ...(record.genesis ? { genesis: record.genesis } : {}),
    networkOptions: chain.networkOptions.parse({ ...record.networkOptions, ...networkOptions, ...otherNetworkOptions }),
    options: chain.nodeOptions.parse({ ...options, ...otherOptions }),
    resources: {},
    peers: parsed(chain, peers),
    referrers: parsed(chain, referrers),
    ...rest,
  };
}

/** Every combination of the clients that the components of a variant may run. */
export function clientsOf(chain: ChainDefinition, variant: string): Record<string, string>[] {
  const { declared = {}, variants } = recordOf(chain);
  const { role, options } = variants[variant]!;
  const parsedOptions = chain.nodeOptions.parse(options);
  return componentsOf(chain.roles[role]!, parsedOptions).reduce<Record<string, string>[]>(
    (combinations, component) => {
      const known = chain.clients[component]!;
      const choices = known === 'declared' ? declared[component]! : known;
      return combinations.flatMap((combination) => choices.map((client) => ({ ...combination, [component]: client })));
    },
    [{}],
  );
}

/** Names of the components that a role runs with these options. */
export const componentsOf = (role: RoleEntry, options: Record<string, unknown>): string[] => [...role.components, ...(role.optionalComponents?.(options) ?? [])];

/** A release of each client. No digest: there are none to be looked up. */
export function releases(chain: ChainDefinition, clients: Readonly<Record<string, string>>): Record<string, ClientRelease> {
  return Object.fromEntries(
    Object.entries(clients).map(([component, client]) => [
      component,
      { client, image: `registry.example/${client}`, version: recordOf(chain).version ?? 'v1.2.3', dataSchema: 1 },
    ]),
  );
}

/** The variants that a chain's samples come in. */
export const variantsOf = (chain: ChainDefinition): string[] => Object.keys(recordOf(chain).variants);

/** An example of a validator's public key: the hash of a sentence, to which nobody has a private key. */
export const exampleKey = (chain: ChainDefinition, index: number): string => recordOf(chain).key(index);

interface ChainRecord {
  readonly network: string;
  readonly networkOptions: Record<string, unknown>;
  readonly genesis?: Genesis;
  key(index: number): string;
  /** Image tag, where the definition reads it. */
  readonly version?: string;
  /** Clients of components that run whatever the network declares. */
  readonly declared?: Record<string, readonly string[]>;
  readonly variants: Record<string, Variant>;
}

interface Variant {
  readonly role: string;
  readonly options: Record<string, unknown>;
  /** Laid over the chain's. */
  readonly networkOptions?: Record<string, unknown>;
  /** Instead of the chain's. */
  key?(index: number): string;
  readonly peers?: Record<string, PeerNode>;
  readonly referrers?: Record<string, PeerNode>;
  /** Default: every way that chain and role allow. */
  readonly reaches?: readonly Reach['via'][];
}

type Way = { readonly via: Reach['via']; readonly address?: string };

const REACHES: readonly Way[] = [
  { via: 'outbound' },
  { via: 'loadBalancer' },
  { via: 'nodePort', address: '203.0.113.7' },
  { via: 'nodePort', address: 'discovered' },
  { via: 'hostNetwork', address: '203.0.113.7' },
  { via: 'hostNetwork', address: 'discovered' },
];

/** Load balancers get one address for each component. Addresses are of the ranges for documentation (RFC 5737). */
function reachOf({ via, address = '' }: Way, clients: Readonly<Record<string, string>>): Reach {
  if (via === 'outbound') return { via };
  if (via === 'loadBalancer') {
    return { via, addresses: Object.fromEntries(Object.keys(clients).map((component, index) => [component, `198.51.100.${index + 1}`])) };
  }
  return { via, address };
}

const digest = (text: string): Buffer => createHash('sha256').update(`Stockade example ${text}`).digest();
const nodeId = (name: string): string => digest(`node id of ${name}`).toString('hex').slice(0, 40);

const parsed = (chain: ChainDefinition, peers: Readonly<Record<string, PeerNode>>): Record<string, PeerNode> =>
  Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, { ...peer, options: chain.nodeOptions.parse(peer.options) }]));

function peer(name: string, role: string, differs: Partial<PeerNode>): Record<string, PeerNode> {
  return { [name]: { name, role, sameCluster: true, portBase: 30410, reach: { via: 'outbound' }, clients: {}, options: {}, ...differs } };
}

function recordOf(chain: ChainDefinition): ChainRecord {
  const record = RECORDS[chain.name];
  if (!record) throw new Error(`no samples of chain "${chain.name}": add a record to RECORDS in test/chains/every-chain.ts`);
  return record;
}

/** A session key in its canonical form: its type, and the hash of a sentence. */
const sessionKey = (type: string, index: number): string =>
  `${Buffer.from(type).toString('hex')}${type === 'beef' ? '02' : ''}${digest(`polkadot ${type} ${index}`).toString('hex')}`;

const gas = { minimumGasPrices: '0.005uatom' };

const RECORDS: Readonly<Record<string, ChainRecord>> = {
  avalanche: {
    network: 'avalanche-fuji',
    networkOptions: { network: 'fuji' },
    // A NodeID is 20 bytes in CB58; the two highest bits of a BLS public key are 1 and 0.
    key: (index) => {
      if (index % 2 === 0) return `NodeID-${cb58.encode(digest(`avalanche node ${index / 2}`).subarray(0, 20))}`;
      const bytes = Buffer.concat([digest(`avalanche signer ${index}`), digest(`avalanche signer ${index}, the rest`).subarray(0, 16)]);
      bytes[0] = (bytes[0]! & 0x3f) | 0x80;
      return `0x${bytes.toString('hex')}`;
    },
    version: 'v1.14.2',
    variants: {
      validator: { role: 'validator', options: {} },
      rpc: { role: 'rpc', options: {} },
      archive: { role: 'rpc', options: { archive: true, stateSync: false } },
    },
  },
  cosmos: {
    network: 'cosmoshub-4',
    networkOptions: {
      chainId: 'cosmoshub-4',
      denom: 'uatom',
      timeoutCommit: '5s',
      binary: 'exampled',
      seeds: [`${nodeId('seed')}@seed.example.com:26656`],
      persistentPeers: [`${nodeId('public peer')}@198.51.100.200:26656`],
    },
    genesis: { url: 'https://example.com/genesis.json', sha256: digest('genesis').toString('hex') },
    key: (index) => base64.encode(digest(`cosmos validator ${index}`)),
    declared: { node: ['gaia', 'osmosis', 'junod'] },
    variants: {
      'sentried validator': {
        role: 'validator',
        options: { ...gas, publicNodeId: nodeId('validator'), sentries: ['sentry-near', 'sentry-far'] },
        reaches: ['outbound'],
        peers: {
          ...peer('sentry-near', 'sentry', { options: { ...gas, publicNodeId: nodeId('sentry-near') } }),
          ...peer('sentry-far', 'sentry', {
            sameCluster: false,
            portBase: 30420,
            reach: { via: 'loadBalancer', addresses: { node: '198.51.100.42' } },
            options: { ...gas, publicNodeId: nodeId('sentry-far') },
          }),
        },
      },
      'direct validator': { role: 'validator', options: { ...gas, directP2P: true } },
      sentry: {
        role: 'sentry',
        options: { ...gas, publicNodeId: nodeId('sentry') },
        referrers: {
          ...peer('validator-near', 'validator', { options: { ...gas, publicNodeId: nodeId('validator-near'), sentries: ['cosmos-0'] } }),
          ...peer('validator-far', 'validator', { sameCluster: false, options: { ...gas, publicNodeId: nodeId('validator-far'), sentries: ['cosmos-0'] } }),
        },
      },
      full: { role: 'full', options: gas },
      'full with APIs': { role: 'full', options: { ...gas, api: true, grpc: true, pruning: { keepRecent: 100, interval: 10 }, snapshotInterval: 1000 } },
    },
  },
  ethereum: {
    network: 'hoodi',
    networkOptions: {
      network: 'hoodi',
      checkpointUrls: ['https://checkpoint.example.com'],
      relays: [`https://0x${'ab'.repeat(48)}@relay.example.com`],
      trustedBlockRoot: `0x${digest('block root').toString('hex')}`,
    },
    key: (index) => {
      const bytes = Buffer.concat([digest(`ethereum validator ${index}`), digest(`ethereum validator ${index}, the rest`).subarray(0, 16)]);
      // The highest bit marks a compressed point.
      bytes[0] = bytes[0]! | 0x80;
      return `0x${bytes.toString('hex')}`;
    },
    variants: {
      validator: {
        role: 'validator',
        options: { feeRecipient: `0x${'12'.repeat(20)}`, doppelgangerProtection: true, fallbackBeaconNodes: ['beacon-0'] },
        peers: peer('beacon-0', 'beacon', {
          clients: {
            execution: { client: 'geth', image: 'registry.example/geth', version: 'v1.2.3', dataSchema: 1 },
            consensus: { client: 'lighthouse', image: 'registry.example/lighthouse', version: 'v1.2.3', dataSchema: 1 },
          },
        }),
      },
      'validator with relays': {
        role: 'validator',
        options: { feeRecipient: `0x${'12'.repeat(20)}`, doppelgangerProtection: false, relays: 'network' },
      },
      beacon: { role: 'beacon', options: {} },
      execution: { role: 'execution', options: {} },
    },
  },
  polkadot: {
    network: 'westend',
    networkOptions: { relayChain: 'westend' },
    key: (index) => sessionKey(['gran', 'babe', 'para', 'asgn', 'audi', 'beef'][index % 6]!, Math.floor(index / 6)),
    version: 'stable2509',
    variants: {
      validator: { role: 'validator', options: {} },
      rpc: { role: 'rpc', options: { statePruning: 'archive', blocksPruning: 'archive' } },
      collator: { role: 'collator', networkOptions: { parachain: 'asset-hub-westend' }, options: { sync: 'warp' }, key: (index) => sessionKey('aura', index) },
      'parachain rpc': { role: 'parachain-rpc', networkOptions: { parachain: 'asset-hub-westend' }, options: {} },
    },
  },
  solana: {
    network: 'solana-testnet',
    networkOptions: {
      cluster: 'testnet',
      genesisHash: base58.encode(digest('solana genesis')),
      entrypoints: ['entrypoint.example.com:8001', 'entrypoint2.example.com:8001'],
      knownValidators: [base58.encode(digest('solana known validator 0')), base58.encode(digest('solana known validator 1'))],
    },
    key: (index) => base58.encode(digest(`solana validator ${index}`)),
    version: 'v3.1.8',
    variants: {
      validator: { role: 'validator', options: { voteAccount: base58.encode(digest('solana vote account')) } },
      rpc: { role: 'rpc', options: { transactionHistory: true } },
    },
  },
};
