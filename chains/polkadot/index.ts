import type { ChainNode } from '../../model/catalogue';
import type { ChainDefinition, ComponentSpec, Port, SecretFile, Volume } from '../component';
import { appetiteOf, imageOf, type Appetite } from '../shared';
import { checkNode } from './check';
import { keyMoveFloor } from './key-move';
import { parseKey } from './keys';
import { networkOptions, networkOptionsOf, nodeOptions, optionsOf } from './options';
import { componentOf, METRICS_PORT, onParachain, PARACHAIN, PORT_SPAN, RELAY, RELAY_METRICS_PORT, RELAY_RPC_PORT, RPC_PORT, signs } from './roles';

const DATA = '/chain-data';
const RELAY_DATA = '/relay-data';
const KEYSTORE = '/secrets/keystore';
const NODE_KEY_FILE = '/secrets/node-key/secret_ed25519';
const RELAY_NODE_KEY_FILE = '/secrets/relay-node-key/secret_ed25519';

/**
 * Polkadot and its kin: validators and RPC nodes of a relay chain, collators and RPC nodes of a parachain, by the clients of the Polkadot SDK.
 *
 * A validator signs with six session keys, a collator with one, each a file of a keystore in memory, outside the base path and read-only: keys that
 * `author_insertKey` or `author_rotateKeys` would add are nobody's that the fleet knows of, so both fail, and `--rpc-methods=safe` does not offer them.
 *
 * What was voted for is in the chain's database (GRANDPA, BEEFY and the availability store keep it there), and can't be carried to another one. So on
 * a new disk a validator gets new session keys, never those that have signed.
 */
export const polkadot: ChainDefinition = {
  name: 'polkadot',
  networkOptions,
  nodeOptions,
  roles: {
    validator: {
      components: [RELAY],
      signs: true,
      keys: [6, 6],
      unsupportedReach: {
        outbound: 'the other validators dial the address that it publishes, for statements and pieces of parachain blocks; behind a NAT it is not supported (polkadot-sdk#5266)',
      },
    },
    rpc: { components: [RELAY], signs: false },
    collator: { components: [PARACHAIN], signs: true, keys: [1, 1] },
    'parachain-rpc': { components: [PARACHAIN], signs: false },
  },
  sizes: ['small', 'standard', 'large'],
  clients: { [RELAY]: ['polkadot'], [PARACHAIN]: ['polkadot-parachain'] },
  portSpan: PORT_SPAN,
  signingState: {
    kind: 'inChainData',
    reason: 'the voters\' state is in the chain\'s database, in no form that another database takes: that may not go backwards, and where it is lost the session keys are given up',
  },
  unsupportedReach: {
    hostNetwork: 'the clients fit the restricted Pod Security Standard and run on a network of their own; use nodePort',
  },
  needsGenesis: false,
  keyMoveFloor,
  parseKey,
  peers: () => [],
  check: (node) => checkNode(node, componentOf(node), volumeNames(node)),
  components: (node) => [component(node)],
};

function component(node: ChainNode): ComponentSpec {
  const name = componentOf(node);
  const { client } = node.clients[name]!;
  const appetite = appetiteOf(node, name, sizeOf(node));
  return {
    name,
    client,
    signs: signs(node),
    image: imageOf(node, name),
    command: [client],
    args: onParachain(node) ? [...chainArgs(node), '--', ...embeddedRelayArgs(node)] : chainArgs(node),
    resources: { cpuMillis: Math.round(appetite.cpus * 1000), memoryMiB: Math.round(appetite.memoryGiB * 1024), ephemeralMiB: 1024 },
    hostNetwork: false,
    machineFeatures: [],
    ports: ports(node),
    talksTo: [],
    egress: ['p2p'],
    volumes: volumes(node, appetite),
    secrets: secrets(node),
    // 200 with at least one peer and no major sync under way, else 500 (sc-rpc-server, middleware/node_health.rs).
    health: { kind: 'http', port: 'rpc', path: '/health/readiness', readyStatus: [200] },
    metrics: { port: 'metrics', path: '/metrics' },
    shutdown: { graceSeconds: 60 },
    startupSeconds: 1800,
    unverified: UNVERIFIED,
  };
}

/** `standard` is the reference hardware of validators; the others halve and double it. A parachain's node carries the relay chain beside its own. */
const SIZES: Readonly<Record<string, { readonly cpus: number; readonly memoryGiB: number; readonly chainGiB: number; readonly relayGiB: number }>> = {
  small: { cpus: 4, memoryGiB: 16, chainGiB: 500, relayGiB: 250 },
  standard: { cpus: 8, memoryGiB: 32, chainGiB: 2000, relayGiB: 500 },
  large: { cpus: 16, memoryGiB: 64, chainGiB: 4000, relayGiB: 1000 },
};

function sizeOf(node: ChainNode): Appetite {
  const { chainGiB, relayGiB, ...size } = SIZES[node.size]!;
  return { ...size, volumesGiB: { [dataVolume(node)]: chainGiB, ...(onParachain(node) ? { [RELAY_VOLUME]: relayGiB } : {}) } };
}

/** The first half of a parachain node's arguments, or all of a relay chain node's. */
function chainArgs(node: ChainNode): string[] {
  const { relayChain, parachain } = networkOptionsOf(node);
  const { statePruning, blocksPruning, sync } = optionsOf(node);
  return [
    `--chain=${parachain ?? relayChain}`,
    `--base-path=${DATA}`,
    ...(signs(node) ? [onParachain(node) ? '--collator' : '--validator', `--keystore-path=${KEYSTORE}`] : []),
    `--node-key-file=${NODE_KEY_FILE}`,
    ...p2pArgs(node, node.portBase),
    `--sync=${sync}`,
    ...DATABASE,
    `--state-pruning=${statePruning}`,
    `--blocks-pruning=${blocksPruning}`,
    `--rpc-port=${RPC_PORT}`,
    '--rpc-methods=safe',
    // A signer's RPC listens on loopback, for the agent alone. Callers in the cluster use the Service's name, which only `all` lets pass.
    ...(signs(node) ? [] : ['--rpc-external', '--rpc-cors=all']),
    '--prometheus-external',
    `--prometheus-port=${METRICS_PORT}`,
    ...QUIET,
  ];
}

/** After `--`: the relay chain's node within a collator, which signs nothing and keeps its own database. */
function embeddedRelayArgs(node: ChainNode): string[] {
  return [
    `--chain=${networkOptionsOf(node).relayChain}`,
    `--base-path=${RELAY_DATA}`,
    `--node-key-file=${RELAY_NODE_KEY_FILE}`,
    ...p2pArgs(node, node.portBase + 1),
    `--sync=${optionsOf(node).sync}`,
    ...DATABASE,
    '--state-pruning=256',
    `--rpc-port=${RELAY_RPC_PORT}`,
    '--rpc-methods=safe',
    '--prometheus-external',
    `--prometheus-port=${RELAY_METRICS_PORT}`,
    ...QUIET,
  ];
}

/**
 * Takes the database that is there, and makes a ParityDB where there is none. Any other value would start an empty one beside it if it were ever
 * changed, on the same volume, past the guard.
 */
const DATABASE = ['--database=auto'];

const QUIET = ['--no-telemetry'];

/** Told what to listen on, a node that is no authority leaves out its default of web sockets and WebRTC. */
function p2pArgs(node: ChainNode, port: number): string[] {
  const address = publicAddress(node);
  return [
    `--listen-addr=/ip4/0.0.0.0/tcp/${port}`,
    ...(address === undefined ? [] : [`--public-addr=/ip4/${address}/tcp/${port}`]),
    '--no-mdns',
    '--no-private-ip',
  ];
}

/** Where no address is declared, peers tell the node from where it was seen to call. */
function publicAddress(node: ChainNode): string | undefined {
  const { reach } = node;
  if (reach.via === 'loadBalancer') return reach.addresses[componentOf(node)];
  return reach.via === 'nodePort' && reach.address !== 'discovered' ? reach.address : undefined;
}

function ports(node: ChainNode): Port[] {
  const rpc = signs(node) ? 'local' : 'rpc';
  return [
    { name: 'p2p', port: node.portBase, protocol: 'TCP', purpose: 'p2p' },
    { name: 'rpc', port: RPC_PORT, protocol: 'TCP', purpose: rpc },
    { name: 'metrics', port: METRICS_PORT, protocol: 'TCP', purpose: 'metrics' },
    ...(onParachain(node)
      ? ([
          { name: 'relay-p2p', port: node.portBase + 1, protocol: 'TCP', purpose: 'p2p' },
          { name: 'relay-rpc', port: RELAY_RPC_PORT, protocol: 'TCP', purpose: 'local' },
          { name: 'relay-metrics', port: RELAY_METRICS_PORT, protocol: 'TCP', purpose: 'metrics' },
        ] as const)
      : []),
  ];
}

const RELAY_VOLUME = 'relay-data';
const dataVolume = (node: ChainNode): 'signing-chain' | 'chain-data' => (signs(node) ? 'signing-chain' : 'chain-data');
const volumeNames = (node: ChainNode): string[] => [dataVolume(node), ...(onParachain(node) ? [RELAY_VOLUME] : [])];

function volumes(node: ChainNode, { volumesGiB }: Appetite): Volume[] {
  const own = dataVolume(node);
  return [
    { name: own, kind: own, mountPath: DATA, sizeGiB: volumesGiB[own]! },
    ...(onParachain(node) ? [{ name: RELAY_VOLUME, kind: 'chain-data', mountPath: RELAY_DATA, sizeGiB: volumesGiB[RELAY_VOLUME]! } as const] : []),
  ];
}

/** A node key is made where none is found, but not for an authority, which then does not start (sc-cli, node_key_params.rs). It is given to all. */
function secrets(node: ChainNode): SecretFile[] {
  return [
    ...(signs(node) ? [{ name: 'session-key', kind: 'validatorKey', format: 'substrate-session-key', path: `${KEYSTORE}/{publicKey}` } as const] : []),
    { name: 'node-key', kind: 'nodeSecret', format: 'substrate-node-key', path: NODE_KEY_FILE },
    ...(onParachain(node) ? [{ name: 'relay-node-key', kind: 'nodeSecret', format: 'substrate-node-key', path: RELAY_NODE_KEY_FILE } as const] : []),
  ];
}

const UNVERIFIED: readonly string[] = [
  'Nothing here was run: the Polkadot SDK can not be built where this was written. Flags, health and file names were read in its source.',
  'That the declared images have `polkadot` and `polkadot-parachain` on their PATH, and the PVF workers in /usr/lib/polkadot.',
  'That validators start in Secure Validator Mode: in a restricted pod they can not unshare a user namespace, so the kernel of the machine must offer Landlock (5.13 and newer, if it is turned on), or they refuse to start (polkadot-sdk#2486). The flag that lets them is never given.',
  'That a keystore which the client can not write to is enough for it: it is opened, and its files are read, without writing (sc-keystore, local.rs).',
  'Sizes: what is asked of validators. RPC nodes with `archive` take a multiple.',
];
