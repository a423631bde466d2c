import type { ChainNode } from '../../model/catalogue';
import type { HealthCheck } from '../../contract/agent-config';
import type { ComponentSpec, Port, TemporaryFolder } from '../component';
import { ENGINE_PORT, EXECUTION_RPC_PORT, JWT_FILE, jwtSecret } from './links';
import { imageOf } from '../shared';
import { networkOptionsOf } from './options';
import { advertised, OFFSET, tcp, udp, type Advertised } from './ports';
import { chainData, DATA_PATH, resources, type Appetite } from './sizes';

/**
 * The execution client of a node: P2P, the Engine API for its consensus client, and JSON-RPC limited to `eth`, `net` and `web3`.
 *
 * JSON-RPC listens on all addresses of the pod because declared consumers call it; who may is the NetworkPolicy's matter.
 * WebSocket, IPC, GraphQL and the admin, debug and personal namespaces stay off. An `execution` node has the same Engine API,
 * for a consensus client that its consumers bring: none syncs without one.
 */
export function execution(node: ChainNode): ComponentSpec {
  const client = node.clients['execution']!.client;
  const { appetite, ephemeralMiB, ...part } = EXECUTION_CLIENTS[client]!(node);
  return {
    name: 'execution',
    client,
    image: imageOf(node, 'execution'),
    signs: false,
    hostNetwork: false,
    machineFeatures: [],
    talksTo: [],
    egress: ['p2p'],
    volumes: [chainData(node, 'execution')],
    secrets: [jwtSecret],
    resources: resources(node, 'execution', appetite, ephemeralMiB),
    ...part,
  };
}

interface ExecutionPart {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly ports: readonly Port[];
  readonly temporary?: readonly TemporaryFolder[];
  readonly health: HealthCheck;
  readonly metrics: { readonly port: string; readonly path: string };
  readonly shutdown: { readonly graceSeconds: number };
  readonly startupSeconds: number;
  readonly unverified: readonly string[];
  readonly appetite: Appetite;
  readonly ephemeralMiB: number;
}

export const EXECUTION_CLIENTS: Readonly<Record<string, (node: ChainNode) => ExecutionPart>> = { geth, nethermind, reth, besu, erigon };

/** Execution clients that can not find out their public address themselves. */
export const CAN_NOT_DISCOVER: readonly string[] = ['besu'];

/**
 * Flags by cmd/utils/flags.go and p2p/nat of go-ethereum. A killed geth loses what it had not flushed and may take days to
 * come back (go-ethereum#26131, #26493), so it gets the longest grace. One that is asked to end in the first moments after it
 * answers RPC dies as if killed: it takes SIGTERM in hand last (seen on v1.16.5). Ready is late enough.
 */
function geth(node: ChainNode): ExecutionPart {
  const port = node.portBase + OFFSET.execution;
  return {
    args: [
      `--${networkOptionsOf(node).network}`,
      `--datadir=${DATA_PATH}`,
      '--syncmode=snap',
      `--port=${port}`,
      `--discovery.port=${port}`,
      `--nat=${nat(advertised(node, 'execution'), 'stun')}`,
      '--ipcdisable',
      '--http',
      '--http.addr=0.0.0.0',
      `--http.port=${EXECUTION_RPC_PORT}`,
      '--http.vhosts=*',
      '--http.api=eth,net,web3',
      '--authrpc.addr=0.0.0.0',
      `--authrpc.port=${ENGINE_PORT}`,
      '--authrpc.vhosts=*',
      `--authrpc.jwtsecret=${JWT_FILE}`,
      '--metrics',
      '--metrics.addr=0.0.0.0',
      '--metrics.port=6060',
    ],
    ports: ports(port, 6060),
    health: { kind: 'ethSyncing', port: 'rpc' },
    metrics: { port: 'metrics', path: '/debug/metrics/prometheus' },
    shutdown: { graceSeconds: 480 },
    startupSeconds: 900,
    appetite: { small: [2, 8], standard: [4, 16], large: [8, 32] },
    ephemeralMiB: 512,
    unverified: [
      'run here with these arguments without peers, on hoodi\'s genesis alone (test/nodes): not with a network behind it',
      '`--nat=stun` without a server, which takes geth\'s built-in list, needs a release of 2025 or later',
    ],
  };
}

/**
 * Flags by docs.nethermind.io and Nethermind.Runner. It looks its own public address up over HTTPS unless one is given, also
 * behind NAT, where it then advertises the NAT's address with a port that nobody can reach; there is no switch for that.
 */
function nethermind(node: ChainNode): ExecutionPart {
  const port = node.portBase + OFFSET.execution;
  const own = advertised(node, 'execution');
  return {
    args: [
      `--config=${networkOptionsOf(node).network}`,
      `--datadir=${DATA_PATH}`,
      `--Network.P2PPort=${port}`,
      `--Network.DiscoveryPort=${port}`,
      '--Network.EnableUPnP=false',
      ...(own.as === 'address' ? [`--Network.ExternalIp=${own.address}`] : []),
      '--JsonRpc.Enabled=true',
      '--JsonRpc.Host=0.0.0.0',
      `--JsonRpc.Port=${EXECUTION_RPC_PORT}`,
      '--JsonRpc.EnabledModules=Eth,Net,Web3,Health',
      '--JsonRpc.EngineHost=0.0.0.0',
      `--JsonRpc.EnginePort=${ENGINE_PORT}`,
      `--JsonRpc.JwtSecretFile=${JWT_FILE}`,
      '--HealthChecks.Enabled=true',
      '--Metrics.Enabled=true',
      '--Metrics.ExposePort=9545',
    ],
    env: { DOTNET_BUNDLE_EXTRACT_BASE_DIR: NATIVE_PATH },
    ports: ports(port, 9545),
    temporary: [native],
    // 200 when synced, with peers and a consensus client that calls; 503 else.
    health: { kind: 'http', port: 'rpc', path: '/health', readyStatus: [200] },
    metrics: { port: 'metrics', path: '/metrics' },
    shutdown: { graceSeconds: 480 },
    startupSeconds: 900,
    appetite: { small: [2, 8], standard: [4, 16], large: [8, 32] },
    ephemeralMiB: 1024,
    unverified: [
      'not run here: nothing of this client can be built or pulled',
      'whether the image starts with a read-only root, logs and keystore being below the data folder',
      'advertises the address it finds by itself, also behind NAT',
    ],
  };
}

/**
 * Flags by the `reth node` reference of paradigmxyz/reth (2.5.1). Discovery v5 has a UDP port of its own and is on in recent releases. Images of 2.x end at
 * once on a CPU that is not x86-64-v3; m6i and n2 are.
 */
function reth(node: ChainNode): ExecutionPart {
  const port = node.portBase + OFFSET.execution;
  const discv5 = node.portBase + OFFSET.discv5;
  return {
    args: [
      'node',
      `--chain=${networkOptionsOf(node).network}`,
      `--datadir=${DATA_PATH}`,
      '--full',
      `--port=${port}`,
      `--discovery.port=${port}`,
      `--discovery.v5.port=${discv5}`,
      `--nat=${nat(advertised(node, 'execution'), 'publicip')}`,
      '--ipcdisable',
      '--http',
      '--http.addr=0.0.0.0',
      `--http.port=${EXECUTION_RPC_PORT}`,
      '--http.api=eth,net,web3',
      '--authrpc.addr=0.0.0.0',
      `--authrpc.port=${ENGINE_PORT}`,
      `--authrpc.jwtsecret=${JWT_FILE}`,
      '--metrics=0.0.0.0:9001',
      // The log folder's default lies in the home folder; 0 turns file logging off.
      '--log.file.max-files=0',
      '--color=never',
    ],
    ports: [...ports(port, 9001), udp('p2p-discv5', discv5, 'p2p')],
    health: { kind: 'ethSyncing', port: 'rpc' },
    metrics: { port: 'metrics', path: '/' },
    shutdown: { graceSeconds: 300 },
    startupSeconds: 1800,
    appetite: { small: [2, 8], standard: [4, 16], large: [8, 32] },
    ephemeralMiB: 512,
    unverified: ['not run here: nothing of this client can be built or pulled'],
  };
}

/**
 * Flags by besu.hyperledger.org. It advertises what `--p2p-host` says and 127.0.0.1 without it: it has no way to find its public
 * address, so a "discovered" one is refused by the check. `/readiness` answers 503 while it is behind or without peers.
 */
function besu(node: ChainNode): ExecutionPart {
  const port = node.portBase + OFFSET.execution;
  const own = advertised(node, 'execution');
  const appetite: Appetite = { small: [2, 8], standard: [4, 16], large: [8, 32] };
  return {
    args: [
      `--network=${networkOptionsOf(node).network}`,
      `--data-path=${DATA_PATH}`,
      '--data-storage-format=BONSAI',
      '--sync-mode=SNAP',
      '--nat-method=NONE',
      `--p2p-port=${port}`,
      ...(own.as === 'address' ? [`--p2p-host=${own.address}`] : []),
      '--rpc-http-enabled=true',
      '--rpc-http-host=0.0.0.0',
      `--rpc-http-port=${EXECUTION_RPC_PORT}`,
      '--rpc-http-api=ETH,NET,WEB3',
      '--host-allowlist=*',
      '--engine-rpc-enabled=true',
      `--engine-rpc-port=${ENGINE_PORT}`,
      `--engine-jwt-secret=${JWT_FILE}`,
      '--engine-host-allowlist=*',
      '--metrics-enabled=true',
      '--metrics-host=0.0.0.0',
      '--metrics-port=9545',
    ],
    env: { JAVA_OPTS: javaOptions(resources(node, 'execution', appetite, 0).memoryMiB) },
    ports: ports(port, 9545),
    temporary: [native],
    health: { kind: 'http', port: 'rpc', path: '/readiness?minPeers=1&maxBlocksBehind=10', readyStatus: [200] },
    metrics: { port: 'metrics', path: '/metrics' },
    shutdown: { graceSeconds: 300 },
    startupSeconds: 900,
    appetite,
    ephemeralMiB: 1024,
    unverified: [
      'not run here: nothing of this client can be built or pulled',
      'whether `/readiness` already answers 200 in the seconds before the first sync target is known',
    ],
  };
}

/**
 * Flags by the changelog, README and port reference of erigontech/erigon. Its own consensus client stays off. Before 3.5 each eth
 * protocol version had a listener of its own, chosen from `--p2p.allowed-ports`; 3.5 has one and refuses the flag.
 */
function erigon(node: ChainNode): ExecutionPart {
  const port = node.portBase + OFFSET.execution;
  const torrent = node.portBase + OFFSET.torrent;
  const listeners = takesAllowedPorts(node.clients['execution']!.version) ? OFFSET.erigon.map((offset) => node.portBase + offset) : [];
  return {
    args: [
      `--chain=${networkOptionsOf(node).network}`,
      `--datadir=${DATA_PATH}`,
      '--externalcl',
      '--prune.mode=full',
      `--port=${port}`,
      ...(listeners.length > 0 ? [`--p2p.allowed-ports=${[port, ...listeners].join(',')}`] : []),
      `--torrent.port=${torrent}`,
      `--nat=${nat(advertised(node, 'execution'), 'stun')}`,
      '--private.api.addr=127.0.0.1:9090',
      '--http',
      '--http.addr=0.0.0.0',
      `--http.port=${EXECUTION_RPC_PORT}`,
      '--http.vhosts=*',
      '--http.api=eth,net,web3',
      '--authrpc.addr=0.0.0.0',
      `--authrpc.port=${ENGINE_PORT}`,
      '--authrpc.vhosts=*',
      `--authrpc.jwtsecret=${JWT_FILE}`,
      '--metrics',
      '--metrics.addr=0.0.0.0',
      '--metrics.port=6060',
      '--log.dir.disable',
    ],
    ports: [
      ...ports(port, 6060),
      ...listeners.flatMap((listener, index) => [tcp(`p2p-${index + 2}`, listener, 'p2p'), udp(`p2p-${index + 2}-udp`, listener, 'p2p')]),
      tcp('torrent', torrent, 'p2p'),
      udp('torrent-udp', torrent, 'p2p'),
    ],
    health: { kind: 'http', port: 'rpc', path: '/health', readyStatus: [200], headers: { 'X-ERIGON-HEALTHCHECK': 'synced' } },
    metrics: { port: 'metrics', path: '/debug/metrics/prometheus' },
    shutdown: { graceSeconds: 300 },
    startupSeconds: 1800,
    appetite: { small: [2, 16], standard: [4, 32], large: [8, 64] },
    ephemeralMiB: 512,
    unverified: [
      'not run here with these arguments',
      'how many listeners a release before 3.5 opens: three ports are allowed and declared',
    ],
  };
}

/** Value of `--nat` of the clients that share geth's syntax; `self` is the method by which the client asks others. */
function nat(own: Advertised, self: string): string {
  return own.as === 'address' ? `extip:${own.address}` : own.as === 'discovered' ? self : 'none';
}

function ports(p2p: number, metrics: number): Port[] {
  return [
    tcp('p2p', p2p, 'p2p'),
    udp('p2p-udp', p2p, 'p2p'),
    tcp('rpc', EXECUTION_RPC_PORT, 'rpc'),
    tcp('engine', ENGINE_PORT, 'engine'),
    tcp('metrics', metrics, 'metrics'),
  ];
}

/** Where virtual machines unpack native libraries; `/tmp` is too small for them. */
export const NATIVE_PATH = '/native';
export const native: TemporaryFolder = { name: 'native', mountPath: NATIVE_PATH, sizeMiB: 384, medium: 'disk' };

/** Heap for three fifths of the memory: databases and network buffers live outside it. */
export const javaOptions = (memoryMiB: number): string => `-Xmx${Math.floor(memoryMiB * 0.6)}m -Djava.io.tmpdir=${NATIVE_PATH}`;

function takesAllowedPorts(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return major !== undefined && (Number(major) < 3 || (Number(major) === 3 && Number(minor) < 5));
}
