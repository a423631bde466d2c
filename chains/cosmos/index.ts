import type { ChainNode } from '../../model/catalogue';
import type { ChainDefinition, ComponentSpec, ConfigFolder, Port, SecretFile, Volume } from '../component';
import type { PrepareStep } from '../../contract/agent-config';
import { always, appetiteOf, imageOf, type Appetite } from '../shared';
import { BINARIES, checkNode } from './check';
import { API_PORT, configFiles, GRPC_PORT, METRICS_PORT, RPC_PORT } from './config';
import { parseKey } from './keys';
import { networkOptions, networkOptionsOf, nodeOptions, optionsOf, type NodeOptions } from './options';
import { CONFIG_FOLDER, FIRST_START, genesisFile, HOME, NODE_KEY_FILE, SIGNING_STATE, STATE_FILE, UNUSED_KEY, VALIDATOR_KEY_FILE } from './paths';
import { COMPONENT, SENTRY_PORT, topologyOf, type Topology } from './topology';

/**
 * Chains of the Cosmos SDK: gaia, osmosis, and every other that a network declares.
 *
 * One process holds the chain, the validator key and the signing state. CometBFT makes whatever key it does not find and
 * starts with it (privval `LoadOrGenFilePV`, p2p `LoadOrGenNodeKey`), so three things keep it from ever doing so for a
 * validator: the agent writes both keys before the client starts; the client has their folder read-only, so that making one
 * fails; and with a key but without its state file CometBFT does not start (`LoadFilePV`). That last also holds for the very
 * first start, for which the state of a key that never signed is put in place, once, and never over a file.
 *
 * State sync is not offered: it needs RPC servers to trust, and chain data comes from snapshots of our own.
 */
export const cosmos: ChainDefinition = {
  name: 'cosmos',
  networkOptions,
  nodeOptions,
  roles: {
    validator: { components: [COMPONENT], signs: true, keys: [1, 1] },
    sentry: { components: [COMPONENT], signs: false },
    full: { components: [COMPONENT], signs: false },
  },
  sizes: ['small', 'standard', 'large'],
  clients: { [COMPONENT]: 'declared' },
  portSpan: 1,
  signingState: { kind: 'volume' },
  unsupportedReach: {
    hostNetwork: 'Cosmos nodes fit the restricted Pod Security Standard and run on a network of their own; use nodePort',
  },
  needsGenesis: true,
  keyMoveFloor: always(15, 'more than a hundred blocks of any of these chains: no height that the old holder was asked to sign is still open'),
  parseKey,
  peers: (options) =>
    ((options as NodeOptions).sentries ?? []).map((node, index) => ({ node, path: ['sentries', index], roles: ['sentry'], sameCluster: false })),
  check: (node) => checkNode(node, signs(node) ? ['chain-data', 'signing-state'] : ['chain-data']),
  components: (node) => [component(node)],
};

function component(node: ChainNode): ComponentSpec {
  const topology = topologyOf(node);
  const { client } = node.clients[COMPONENT]!;
  const { binary, startFlags } = networkOptionsOf(node);
  const appetite = appetiteOf(node, COMPONENT, SIZES[node.size]!);
  return {
    name: COMPONENT,
    client,
    signs: signs(node),
    image: imageOf(node, COMPONENT),
    command: [binary ?? BINARIES[client]!],
    args: ['start', `--home=${HOME}`, ...(START_FLAGS[client] ?? []), ...startFlags],
    resources: { cpuMillis: Math.round(appetite.cpus * 1000), memoryMiB: Math.round(appetite.memoryGiB * 1024), ephemeralMiB: 1024 },
    hostNetwork: false,
    machineFeatures: [],
    ports: ports(node, topology),
    talksTo: topology.talksTo,
    egress: topology.sentried ? [] : ['p2p'],
    volumes: volumes(node, appetite),
    temporary: signs(node) ? [] : [{ name: 'unused-key', mountPath: UNUSED_KEY, sizeMiB: 1, medium: 'memory' }],
    config: config(node, topology),
    secrets: signs(node) ? [validatorKey, nodeKey] : [nodeKey],
    prepare: prepare(node),
    health: { kind: 'cometbftStatus', port: 'rpc' },
    metrics: { port: 'metrics', path: '/metrics' },
    shutdown: { graceSeconds: 120 },
    // Nothing is served while a genesis is read or a store is migrated, which takes a large chain the better part of an hour.
    startupSeconds: 3600,
    unverified: UNVERIFIED,
  };
}

const signs = (node: ChainNode): boolean => node.role === 'validator';

/**
 * `standard` follows what operators of mainnets run (4 CPUs, 16 to 32 GB, 500 GB); the others halve and double it. Signing
 * state takes a kilobyte; 10 GiB is the least that Google Cloud's disks come in.
 */
const SIZES: Readonly<Record<string, Appetite>> = {
  small: { cpus: 2, memoryGiB: 8, volumesGiB: { 'chain-data': 250, 'signing-state': 10 } },
  standard: { cpus: 4, memoryGiB: 16, volumesGiB: { 'chain-data': 500, 'signing-state': 10 } },
  large: { cpus: 8, memoryGiB: 32, volumesGiB: { 'chain-data': 1000, 'signing-state': 10 } },
};

/** `osmosisd start` writes recommended values into its config files unless told not to, and fails where it can't. */
const START_FLAGS: Readonly<Record<string, readonly string[]>> = { osmosis: ['--reject-config-defaults=true'] };

function ports(node: ChainNode, { sentried }: Topology): Port[] {
  const { api, grpc } = optionsOf(node);
  const listen = { port: node.portBase, protocol: 'TCP' } as const;
  const p2p: Port = { name: 'p2p', ...listen, purpose: 'p2p' };
  const sentry: Port = { name: SENTRY_PORT, ...listen, purpose: 'sentry' };
  return [
    ...(sentried ? [sentry] : node.role === 'sentry' ? [p2p, sentry] : [p2p]),
    { name: 'rpc', port: RPC_PORT, protocol: 'TCP', purpose: 'rpc' },
    ...(api ? [{ name: 'api', port: API_PORT, protocol: 'TCP', purpose: 'rpc' } as const] : []),
    ...(grpc ? [{ name: 'grpc', port: GRPC_PORT, protocol: 'TCP', purpose: 'rpc' } as const] : []),
    { name: 'metrics', port: METRICS_PORT, protocol: 'TCP', purpose: 'metrics' },
  ];
}

function volumes(node: ChainNode, { volumesGiB }: Appetite): Volume[] {
  const chainData: Volume = { name: 'chain-data', kind: 'chain-data', mountPath: HOME, sizeGiB: volumesGiB['chain-data']! };
  const signingState: Volume = { name: 'signing-state', kind: 'signing-state', mountPath: SIGNING_STATE, sizeGiB: volumesGiB['signing-state']! };
  return signs(node) ? [chainData, signingState] : [chainData];
}

const validatorKey: SecretFile = { name: 'validator-key', kind: 'validatorKey', format: 'cometbft-validator-key', path: VALIDATOR_KEY_FILE };
const nodeKey: SecretFile = { name: 'node-key', kind: 'nodeSecret', format: 'cometbft-node-key', path: NODE_KEY_FILE };

function config(node: ChainNode, topology: Topology): ConfigFolder[] {
  const folder: ConfigFolder = { name: 'config', mountPath: CONFIG_FOLDER, files: configFiles(node, topology, signs(node)) };
  return seeds(node) ? [folder, { name: 'first-start', mountPath: FIRST_START, files: { [STATE_FILE]: NEVER_SIGNED } }] : [folder];
}

/** Whether the state of a key that never signed is put in place. */
const seeds = (node: ChainNode): boolean => signs(node) && node.firstStart;

/** What `LoadFilePV` reads as: nothing was signed yet. */
const NEVER_SIGNED = '{"height":"0","round":0,"step":0}\n';

function prepare(node: ChainNode): PrepareStep[] {
  const { genesis } = node;
  return [
    { kind: 'directory', path: `${HOME}/data` },
    ...(genesis && 'url' in genesis
      ? [
          { kind: 'directory', path: `${HOME}/genesis` } as const,
          { kind: 'fetch', url: genesis.url, sha256: genesis.sha256, to: `${HOME}/${genesisFile(node)}` } as const,
        ]
      : []),
    // Never over a file: the state can't go back to zero, however often this runs while the first start is approved.
    ...(seeds(node) ? [{ kind: 'seed', from: `${FIRST_START}/${STATE_FILE}`, to: `${SIGNING_STATE}/${STATE_FILE}` } as const] : []),
  ];
}

const UNVERIFIED: readonly string[] = [
  'gaiad and osmosisd were not run with these files. config.toml, the key and state paths and the read-only folders were tried with cometbft v0.38.17; app.toml and client.toml were read against cosmos-sdk v0.53.4, v0.50.13 and v0.47.17.',
  'That the declared images have their program on the PATH.',
  'How long the client takes to end: 120 seconds is what operators grant it.',
];
