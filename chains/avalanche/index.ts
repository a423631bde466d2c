import type { ChainNode } from '../../model/catalogue';
import type { ChainDefinition, ComponentSpec, ConfigFolder, Port, SecretFile, Volume } from '../component';
import { always, appetiteOf, imageOf, type Appetite } from '../shared';
import { checkNode, COMPONENT, HTTP_PORT } from './check';
import { BLS_PREFIX, NODE_ID_PREFIX, parseKey } from './keys';
import { networkOptions, networkOptionsOf, nodeOptions, optionsOf } from './options';

const DATA = '/chain-data';
const STAKING = '/secrets/staking';
const CERTIFICATE_FILE = `${STAKING}/staker.crt`;
const KEY_FILE = `${STAKING}/staker.key`;
const SIGNER_FILE = `${STAKING}/signer.key`;
const CHAIN_CONFIG = '/config/chains';

/**
 * Avalanche, run by avalanchego: the primary network.
 *
 * A validator is two keys: the TLS certificate that its NodeID is the hash of, and a BLS key that signs for other chains. Each is claimed by
 * itself. avalanchego makes whichever it doesn't find in its data folder and starts with it, unless it is told where they are
 * (`config.go`, `getStakingTLSCertFromFile`; `node.go`, `newStakingSigner`): so a validator always is. Other nodes take new ones at every start.
 *
 * What it voted for is known from its database alone. Nobody is slashed for voting twice, but a validator that comes back with an older
 * database votes against what it has accepted, and two with one NodeID keep each other off the network.
 */
export const avalanche: ChainDefinition = {
  name: 'avalanche',
  networkOptions,
  nodeOptions,
  roles: {
    validator: {
      components: [COMPONENT],
      signs: true,
      keys: [2, 2],
      unsupportedReach: {
        outbound: 'the other validators connect to it, and measure its uptime by that; without one such connection it calls itself unhealthy (network-no-ingress-connections-grace-period)',
      },
    },
    rpc: { components: [COMPONENT], signs: false },
  },
  sizes: ['small', 'standard', 'large'],
  clients: { [COMPONENT]: ['avalanchego'] },
  portSpan: 1,
  signingState: {
    kind: 'inChainData',
    reason: 'avalanchego keeps no record of its votes beside the chain: its database is the only thing that knows what it accepted, so that may not go backwards',
  },
  unsupportedReach: {
    hostNetwork: 'avalanchego fits the restricted Pod Security Standard and runs on a network of its own; use nodePort',
  },
  // It knows the genesis of its public networks.
  needsGenesis: false,
  keyMoveFloor: always(10, 'a block is accepted within seconds and proposers change every few; the rest is for validators that are behind'),
  parseKey,
  peers: () => [],
  check: (node) => checkNode(node, [dataVolume(node)]),
  components: (node) => [component(node)],
};

function component(node: ChainNode): ComponentSpec {
  const appetite = appetiteOf(node, COMPONENT, sizeOf(node));
  return {
    name: COMPONENT,
    client: node.clients[COMPONENT]!.client,
    signs: signs(node),
    image: imageOf(node, COMPONENT),
    // The image names its program as the command, not as the entry point (Dockerfile), so arguments alone would take its place.
    command: ['/avalanchego/build/avalanchego'],
    args: args(node),
    resources: { cpuMillis: Math.round(appetite.cpus * 1000), memoryMiB: Math.round(appetite.memoryGiB * 1024), ephemeralMiB: 1024 },
    hostNetwork: false,
    machineFeatures: [],
    ports: ports(node),
    talksTo: [],
    egress: ['p2p'],
    volumes: volumes(node, appetite),
    config: [chainConfig(node)],
    secrets: signs(node) ? STAKING_SECRETS : [],
    // Not /ext/health/readiness: that stays true from the moment on when the chains were bootstrapped first (api/health, RegisterMonotonicCheck).
    health: { kind: 'http', port: 'http', path: '/ext/health', readyStatus: [200] },
    metrics: { port: 'metrics', path: '/ext/metrics' },
    // Each chain may take a minute until it is given up (consensus-shutdown-timeout), open requests ten seconds (http-shutdown-timeout).
    shutdown: { graceSeconds: 90 },
    // The API is there once the database is open; a large one is compacted first, after a kill.
    startupSeconds: 1800,
    unverified: UNVERIFIED,
  };
}

const signs = (node: ChainNode): boolean => node.role === 'validator';

/** What the client's documentation asks of a machine is `standard`; the others halve and double it. */
const SIZES: Readonly<Record<string, { readonly cpus: number; readonly memoryGiB: number; readonly dataGiB: number }>> = {
  small: { cpus: 4, memoryGiB: 8, dataGiB: 500 },
  standard: { cpus: 8, memoryGiB: 16, dataGiB: 1024 },
  large: { cpus: 16, memoryGiB: 32, dataGiB: 2048 },
};

function sizeOf(node: ChainNode): Appetite {
  const { dataGiB, ...size } = SIZES[node.size]!;
  return { ...size, volumesGiB: { [dataVolume(node)]: dataGiB } };
}

function args(node: ChainNode): string[] {
  return [
    `--network-id=${networkOptionsOf(node).network}`,
    `--data-dir=${DATA}`,
    `--chain-config-dir=${CHAIN_CONFIG}`,
    ...(signs(node)
      ? [`--staking-tls-cert-file=${CERTIFICATE_FILE}`, `--staking-tls-key-file=${KEY_FILE}`, `--staking-signer-key-file=${SIGNER_FILE}`]
      : ['--staking-ephemeral-cert-enabled=true', '--staking-ephemeral-signer-enabled=true']),
    `--staking-port=${node.portBase}`,
    ...publicAddress(node),
    // Of a validator's API, NetworkPolicy opens only the metrics, to the monitoring namespace.
    '--http-host=0.0.0.0',
    `--http-port=${HTTP_PORT}`,
    // Callers in the cluster use the Service's name; requests by address always pass.
    ...(signs(node) ? [] : ['--http-allowed-hosts=*']),
    '--api-admin-enabled=false',
    '--index-enabled=false',
    // Logs go to standard output, and not to files on the disk as well.
    '--log-level=off',
    '--log-display-level=info',
    '--log-format=json',
  ];
}

/**
 * avalanchego must know an address to tell others, and does not start without (`node.go`, `initNetworking`). Where none is declared it asks a
 * public resolver from where it was seen to call. Of a node that only calls out that is its NAT's address, where nobody answers.
 */
function publicAddress({ reach }: ChainNode): string[] {
  if (reach.via === 'loadBalancer') {
    const address = reach.addresses[COMPONENT];
    return address === undefined ? [] : [`--public-ip=${address}`];
  }
  if (reach.via === 'nodePort' && reach.address !== 'discovered') return [`--public-ip=${reach.address}`];
  return ['--public-ip-resolution-service=opendns'];
}

/** Health, metrics and the chains' APIs share one port. */
function ports(node: ChainNode): Port[] {
  return [
    { name: 'p2p', port: node.portBase, protocol: 'TCP', purpose: 'p2p' },
    { name: 'http', port: HTTP_PORT, protocol: 'TCP', purpose: signs(node) ? 'local' : 'rpc' },
    { name: 'metrics', port: HTTP_PORT, protocol: 'TCP', purpose: 'metrics' },
  ];
}

const dataVolume = (node: ChainNode): string => (signs(node) ? 'signing-chain' : 'chain-data');

function volumes(node: ChainNode, { volumesGiB }: Appetite): Volume[] {
  const name = dataVolume(node);
  return [{ name, kind: signs(node) ? 'signing-chain' : 'chain-data', mountPath: DATA, sizeGiB: volumesGiB[name]! }];
}

/** State sync is on by itself where the disk has no state yet; `true` would have it on later, too. */
function chainConfig(node: ChainNode): ConfigFolder {
  const { archive, stateSync } = optionsOf(node);
  const content = { 'pruning-enabled': !archive, ...(stateSync ? {} : { 'state-sync-enabled': false }) };
  return { name: 'c-chain', mountPath: `${CHAIN_CONFIG}/C`, files: { 'config.json': `${JSON.stringify(content)}\n` } };
}

const STAKING_SECRETS: readonly SecretFile[] = [
  { name: 'staking-certificate', kind: 'validatorKey', keyPrefix: NODE_ID_PREFIX, format: 'avalanche-staking-certificate', path: CERTIFICATE_FILE },
  { name: 'staking-key', kind: 'validatorKey', keyPrefix: NODE_ID_PREFIX, format: 'avalanche-staking-key', path: KEY_FILE },
  { name: 'signer-key', kind: 'validatorKey', keyPrefix: BLS_PREFIX, format: 'avalanche-signer-key', path: SIGNER_FILE },
];

const UNVERIFIED: readonly string[] = [
  'avalanchego v1.14.2 was run with these arguments, alone and beside one peer of a local network: it took them, had the NodeID of its certificate, was unhealthy until bootstrapped and healthy after, and ended on SIGTERM at once. Not run: the public networks (bootstrap, state sync, how long a start takes, memory and disk), and v1.13, of which the flags were compared.',
  'That /ext/health says so when a node falls behind later: its checks were read; the local network\'s node stayed healthy for two minutes without its only peer.',
  'That the declared image has its program at /avalanchego/build, as its Dockerfile has it.',
  'That the open files limit of the machine allows 32,768: avalanchego does not start below.',
  'That machines with public addresses may ask resolver1.opendns.com, which a node with a discovered address depends on at its start.',
];
