import type { ChainNode } from '../../model/catalogue';
import type { ChainDefinition, ComponentSpec, HardeningException, Port, SecretFile, Volume } from '../component';
import { always, appetiteOf, imageOf, parseRelease, type Appetite } from '../shared';
import { checkNode, COMPONENT, PORT_SPAN, RPC_PORT } from './check';
import { base58Bytes, networkOptions, networkOptionsOf, nodeOptions, optionsOf } from './options';
import { hasXdpByDefault } from './release';

const LEDGER = '/ledger';
const ACCOUNTS = '/accounts';
const SNAPSHOTS = '/snapshots';
const SIGNING_STATE = '/signing-state';
const IDENTITY_FILE = '/secrets/identity/identity.json';

const NEEDS_HOST_NETWORK =
  'agave advertises one address for some thirty UDP and TCP ports that it chooses in a range; peers must reach it there unchanged, so it runs on the network of a machine with a public address';

/**
 * Solana, run by agave.
 *
 * The identity key is the validator key: it signs blocks, votes and gossip. It must be the vote account's authorized voter
 * too, so that all that can sign is one key under one claim; a voter key of its own could vote from a second place. The vote
 * account's keypair is never here, only its address. The tower, agave's record of its votes, is the signing state.
 *
 * The pod is on its machine's network, where NetworkPolicies don't hold: what may reach its ports is for the machine's
 * firewall to say. agave offers nothing to Prometheus (it pushes to InfluxDB), so there are no metrics to scrape.
 */
export const solana: ChainDefinition = {
  name: 'solana',
  networkOptions,
  nodeOptions,
  roles: {
    validator: { components: [COMPONENT], signs: true, keys: [1, 1] },
    rpc: { components: [COMPONENT], signs: false },
  },
  sizes: ['small', 'standard', 'large'],
  clients: { [COMPONENT]: ['agave'] },
  portSpan: PORT_SPAN,
  signingState: { kind: 'volume' },
  unsupportedReach: { outbound: NEEDS_HOST_NETWORK, loadBalancer: NEEDS_HOST_NETWORK, nodePort: NEEDS_HOST_NETWORK },
  // The client fetches the genesis from known validators and checks it against the declared hash.
  needsGenesis: false,
  keyMoveFloor: always(15, 'a vote lives for 150 slots, a minute, and is rooted after 32 votes more; the rest is for validators that are behind'),
  parseKey,
  peers: () => [],
  check: (node) => checkNode(node, volumeNames(node)),
  components: (node) => [component(node)],
};

function parseKey(key: string): { canonical: string } | { problem: string; next: string } {
  const trimmed = key.trim();
  if (trimmed.startsWith('[')) {
    return { problem: 'is a keypair, the private key included', next: 'Treat this key as leaked, and give the public key that `solana-keygen pubkey` prints.' };
  }
  const length = base58Bytes(trimmed);
  // Base58 of given bytes is written in one way only.
  if (length === 32) return { canonical: trimmed };
  if (length === 64) {
    return { problem: 'is 64 bytes of base58, as long as a keypair', next: 'If it is one, treat this key as leaked. Give the public key that `solana-keygen pubkey` prints.' };
  }
  return {
    problem: length === undefined ? 'is not base58' : `is ${length} bytes of base58; a public key has 32`,
    next: 'Give the public key that `solana-keygen pubkey` prints.',
  };
}

function component(node: ChainNode): ComponentSpec {
  const appetite = appetiteOf(node, COMPONENT, SIZES[node.size]!);
  return {
    name: COMPONENT,
    client: node.clients[COMPONENT]!.client,
    signs: signs(node),
    image: imageOf(node, COMPONENT),
    command: ['agave-validator'],
    args: args(node),
    env: { RUST_LOG: 'solana=info,agave=info' },
    resources: { cpuMillis: Math.round(appetite.cpus * 1000), memoryMiB: Math.round(appetite.memoryGiB * 1024), ephemeralMiB: 2048 },
    hostNetwork: true,
    machineFeatures: ['memlock-2g', 'io-uring', 'solana-sysctls'],
    ports: ports(node),
    talksTo: [],
    egress: ['p2p'],
    volumes: volumes(node, appetite),
    secrets: [identity(node)],
    health: { kind: 'solanaGetHealth', port: 'rpc' },
    shutdown: {
      graceSeconds: 120,
      // SIGTERM ends agave as it stands (anza-xyz/agave#7217 was closed unmerged). `exit` asks it over the socket in its ledger and
      // waits for the process to be gone (3.0); without --force it first waits for a restart window, longer than any grace.
      preStop: ['agave-validator', `--ledger=${LEDGER}`, 'exit', '--force'],
    },
    // It answers nothing until a snapshot is fetched, unpacked and verified.
    startupSeconds: 4 * 3600,
    exceptions: EXCEPTIONS,
    unverified: UNVERIFIED,
  };
}

const signs = (node: ChainNode): boolean => node.role === 'validator';

/**
 * From what operators run: 12 cores and more, 256 to 512 GB, accounts, ledger and snapshots on disks of their own. The disks'
 * sizes are starting points. Signing state takes some kilobytes; 10 GiB is the least that Google Cloud's disks come in.
 */
const SIZES: Readonly<Record<string, Appetite>> = {
  small: { cpus: 12, memoryGiB: 256, volumesGiB: { ledger: 1000, accounts: 500, snapshots: 250, 'signing-state': 10 } },
  standard: { cpus: 24, memoryGiB: 384, volumesGiB: { ledger: 2000, accounts: 1000, snapshots: 500, 'signing-state': 10 } },
  large: { cpus: 32, memoryGiB: 512, volumesGiB: { ledger: 2000, accounts: 1000, snapshots: 500, 'signing-state': 10 } },
};

function args(node: ChainNode): string[] {
  const { entrypoints, knownValidators, genesisHash, expectedShredVersion } = networkOptionsOf(node);
  const { ledgerShreds, voteAccount, transactionHistory } = optionsOf(node);
  return [
    `--identity=${IDENTITY_FILE}`,
    ...(signs(node)
      ? [
          `--vote-account=${voteAccount}`,
          `--authorized-voter=${IDENTITY_FILE}`,
          `--tower=${SIGNING_STATE}`,
          // Refuses to start without a tower. Only the first start has none.
          ...(node.firstStart ? [] : ['--require-tower']),
        ]
      : ['--no-voting', '--full-rpc-api', ...(transactionHistory ? ['--enable-rpc-transaction-history'] : [])]),
    `--ledger=${LEDGER}`,
    `--accounts=${ACCOUNTS}`,
    `--snapshots=${SNAPSHOTS}`,
    '--wal-recovery-mode=skip_any_corrupted_record',
    `--limit-ledger-size${ledgerShreds === undefined ? '' : `=${ledgerShreds}`}`,
    `--gossip-port=${node.portBase}`,
    `--dynamic-port-range=${node.portBase}-${node.portBase + PORT_SPAN - 1}`,
    ...advertisedAddress(node),
    ...entrypoints.map((entrypoint) => `--entrypoint=${entrypoint}`),
    // agave refuses to know itself, and a network's list may well hold our own validators.
    ...knownValidators.filter((known) => !node.keys.includes(known)).map((known) => `--known-validator=${known}`),
    '--only-known-rpc',
    `--expected-genesis-hash=${genesisHash}`,
    ...(expectedShredVersion === undefined ? [] : [`--expected-shred-version=${expectedShredVersion}`]),
    `--rpc-port=${RPC_PORT}`,
    '--private-rpc',
    // On the machine's network even "in-cluster" is the machine's own address. A validator serves nobody but its agent.
    `--rpc-bind-address=${signs(node) ? '127.0.0.1' : '0.0.0.0'}`,
    // XDP wants capabilities that no staking pod gets.
    ...(hasXdpByDefault(parseRelease(node.clients[COMPONENT]!.version)!) ? ['--no-xdp'] : []),
    '--log=-',
  ];
}

/** Where the machine's address isn't declared, agave asks an entrypoint from where it was seen to call. */
function advertisedAddress({ reach }: ChainNode): string[] {
  return reach.via === 'hostNetwork' && reach.address !== 'discovered' ? [`--advertised-ip=${reach.address}`] : [];
}

/** The whole range by UDP. By TCP only gossip, where entrypoints test what is reachable. */
function ports(node: ChainNode): Port[] {
  const range = Array.from({ length: PORT_SPAN }, (_, index): Port => ({
    name: `p2p-${index}`,
    port: node.portBase + index,
    protocol: 'UDP',
    purpose: 'p2p',
  }));
  // A validator's RPC listens on loopback, for the agent alone.
  const rpc = node.role === 'rpc' ? 'rpc' : 'local';
  return [
    { name: 'gossip-tcp', port: node.portBase, protocol: 'TCP', purpose: 'p2p' },
    ...range,
    { name: 'rpc', port: RPC_PORT, protocol: 'TCP', purpose: rpc },
    { name: 'rpc-websocket', port: RPC_PORT + 1, protocol: 'TCP', purpose: rpc },
  ];
}

function volumes(node: ChainNode, { volumesGiB }: Appetite): Volume[] {
  const disks: Volume[] = [
    { name: 'ledger', kind: 'chain-data', mountPath: LEDGER, sizeGiB: volumesGiB['ledger']! },
    { name: 'accounts', kind: 'chain-data', mountPath: ACCOUNTS, sizeGiB: volumesGiB['accounts']! },
    { name: 'snapshots', kind: 'scratch', mountPath: SNAPSHOTS, sizeGiB: volumesGiB['snapshots']! },
    { name: 'signing-state', kind: 'signing-state', mountPath: SIGNING_STATE, sizeGiB: volumesGiB['signing-state']! },
  ];
  return disks.filter(({ name }) => volumeNames(node).includes(name));
}

const volumeNames = (node: ChainNode): string[] => ['ledger', 'accounts', 'snapshots', ...(signs(node) ? ['signing-state'] : [])];

/** A validator's identity is the key that is claimed. An RPC node's has no stake and no vote, and is only its name in gossip. */
const identity = (node: ChainNode): SecretFile => ({
  name: 'identity',
  kind: signs(node) ? 'validatorKey' : 'nodeSecret',
  format: 'solana-keypair',
  path: IDENTITY_FILE,
});

const EXCEPTIONS: readonly HardeningException[] = [
  { what: 'host-network', reason: NEEDS_HOST_NETWORK },
  {
    what: 'host-port',
    value: `${PORT_SPAN} ports from the node's base by UDP, its first by TCP, ${RPC_PORT}, ${RPC_PORT + 1} and the agent's 9440`,
    reason: 'on its machine\'s network every port of the pod is one of the machine',
  },
  {
    what: 'machine-feature',
    value: 'memlock-2g',
    reason: 'agave locks up to 2,000,000,000 bytes for io_uring and does not start below that limit (changelog of 3.0.0); a pod can not raise its own',
  },
  {
    what: 'machine-feature',
    value: 'io-uring',
    reason: 'snapshots are unpacked and accounts read through io_uring, which the machine must offer and the profile below allow',
  },
  {
    what: 'machine-feature',
    value: 'solana-sysctls',
    reason: 'agave tests the socket buffers and memory maps that it is given and ends if they are too small; these settings belong to the machine, not to the pod',
  },
  {
    what: 'seccomp-localhost',
    value: 'stockade/io-uring.json',
    reason: 'the runtime\'s default profile forbids io_uring; this one must be that default with io_uring_setup, io_uring_enter and io_uring_register allowed, and nothing else',
  },
];

const UNVERIFIED: readonly string[] = [
  'Nothing here was run: agave can not be built where this was written. Flags were read in its source and its changelog, 3.1 to 4.2.',
  'That --advertised-ip is taken by every one of these releases: it is hidden from --help.',
  'That the declared image has agave-validator on its PATH; there is no official one.',
  'That the open files limit of the machine allows 1,000,000, which agave asks for at start.',
  'Alpenglow: once a cluster activates it, agave keeps its vote history in the ledger folder, with no flag to move it (4.1), so the signing state would leave its volume. Validators from 4.2 on are refused until this definition holds the ledger to what signing state is; an earlier one must not vote on a cluster that has activated it.',
];
