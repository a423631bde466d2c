import type { ChainNode } from '../../model/catalogue';
import type { PrepareStep } from '../../contract/agent-config';
import type { ComponentSpec, Peer, Port, TemporaryFolder } from '../component';
import { javaOptions, native } from './execution';
import { BEACON_API_PORT, builderUrl, engineUrl, JWT_FILE, jwtSecret } from './links';
import { imageOf } from '../shared';
import { checkpointUrlOf, networkOptionsOf, optionsOf, relaysOf, trustedBlockRootOf } from './options';
import { advertised, OFFSET, tcp, udp } from './ports';
import { chainData, DATA_PATH, resources, type Appetite } from './sizes';

/**
 * The beacon node: P2P, the execution client's Engine API, the builder where there are relays, and the beacon API for validator
 * clients. It holds no key. All five answer `/eth/v1/node/health` with 200 when synced and 206 while syncing; only 200 is ready.
 * A fee recipient is given here too: it serves proposals for which the validator client's own did not arrive.
 */
export function consensus(node: ChainNode): ComponentSpec {
  const client = node.clients['consensus']!.client;
  const { appetite, ephemeralMiB, metricsPort, quic, ...part } = CONSENSUS_CLIENTS[client]!(node);
  const p2p = node.portBase + OFFSET.consensus;
  const ports: Port[] = [
    tcp('p2p', p2p, 'p2p'),
    udp('p2p-udp', p2p, 'p2p'),
    ...(quic ? [udp('p2p-quic', node.portBase + OFFSET.quic, 'p2p')] : []),
    tcp('rpc', BEACON_API_PORT[client]!, 'rpc'),
    tcp('metrics', metricsPort, 'metrics'),
  ];
  const talksTo: Peer[] = [
    { kind: 'component', component: 'execution', ports: ['engine'] },
    ...(relaysOf(node).length > 0 ? [{ kind: 'component', component: 'builder', ports: ['rpc'] } as const] : []),
  ];
  return {
    name: 'consensus',
    client,
    image: imageOf(node, 'consensus'),
    signs: false,
    hostNetwork: false,
    machineFeatures: [],
    ports,
    talksTo,
    egress: ['p2p', 'https'],
    volumes: [chainData(node, 'consensus')],
    secrets: [jwtSecret],
    health: { kind: 'http', port: 'rpc', path: '/eth/v1/node/health', readyStatus: [200] },
    metrics: { port: 'metrics', path: '/metrics' },
    shutdown: { graceSeconds: 300 },
    // A first start downloads a state of some hundred MiB before the API answers.
    startupSeconds: 1800,
    resources: resources(node, 'consensus', appetite, ephemeralMiB),
    ...part,
  };
}

interface ConsensusPart {
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly temporary?: readonly TemporaryFolder[];
  readonly prepare?: readonly PrepareStep[];
  readonly unverified: readonly string[];
  readonly metricsPort: number;
  /** Whether the client listens for QUIC. */
  readonly quic: boolean;
  readonly appetite: Appetite;
  readonly ephemeralMiB: number;
}

export const CONSENSUS_CLIENTS: Readonly<Record<string, (node: ChainNode) => ConsensusPart>> = { lighthouse, prysm, teku, nimbus, lodestar };

/** Networks that began with Altair active, so that Nimbus can verify a checkpoint from the genesis block on. */
export const ALTAIR_AT_GENESIS: readonly string[] = ['hoodi'];

/** Flags by `lighthouse bn --help` (book/src/help_bn.md of sigp/lighthouse). The image has no entry point. */
function lighthouse(node: ChainNode): ConsensusPart {
  const { port, quicPort, checkpoint, builder, feeRecipient } = facts(node);
  const own = advertised(node, 'consensus');
  return {
    command: ['lighthouse'],
    args: [
      'beacon_node',
      `--network=${networkOptionsOf(node).network}`,
      `--datadir=${DATA_PATH}`,
      '--logfile-max-number=0',
      '--listen-address=0.0.0.0',
      `--port=${port}`,
      `--discovery-port=${port}`,
      `--quic-port=${quicPort}`,
      '--disable-upnp',
      ...(own.as === 'discovered' ? [] : ['--disable-enr-auto-update']),
      ...(own.as === 'address' ? [`--enr-address=${own.address}`] : []),
      ...(own.as === 'nothing' ? [] : [`--enr-tcp-port=${port}`, `--enr-udp-port=${port}`, `--enr-quic-port=${quicPort}`]),
      `--execution-endpoint=${engineUrl(node)}`,
      `--execution-jwt=${JWT_FILE}`,
      ...(checkpoint ? [`--checkpoint-sync-url=${checkpoint}`] : []),
      ...(builder ? [`--builder=${builder}`] : []),
      ...(feeRecipient ? [`--suggested-fee-recipient=${feeRecipient}`] : []),
      '--http',
      '--http-address=0.0.0.0',
      `--http-port=${BEACON_API_PORT['lighthouse']}`,
      '--metrics',
      '--metrics-address=0.0.0.0',
      '--metrics-port=5054',
    ],
    metricsPort: 5054,
    quic: true,
    appetite: { small: [1.5, 6], standard: [3, 10], large: [6, 16] },
    ephemeralMiB: 512,
    unverified: [NOT_RUN],
  };
}

/**
 * Flags by cmd/flags.go of OffchainLabs/prysm. It refuses a data folder whose mode is not 0700, which the root of a volume with
 * an fsGroup never is: hence a folder of its own. gRPC stays on loopback, its default; validator clients use the beacon API.
 * Without `--p2p-host-ip` its record carries what other peers see (go-ethereum's endpoint prediction).
 */
function prysm(node: ChainNode): ConsensusPart {
  const { port, quicPort, checkpoint, builder, feeRecipient } = facts(node);
  const own = advertised(node, 'consensus');
  return {
    args: [
      '--accept-terms-of-use',
      `--${networkOptionsOf(node).network}`,
      `--datadir=${DATA_PATH}/prysm`,
      '--p2p-static-id',
      `--p2p-tcp-port=${port}`,
      `--p2p-udp-port=${port}`,
      `--p2p-quic-port=${quicPort}`,
      ...(own.as === 'address' ? [`--p2p-host-ip=${own.address}`] : []),
      `--execution-endpoint=${engineUrl(node)}`,
      `--jwt-secret=${JWT_FILE}`,
      ...(checkpoint ? [`--checkpoint-sync-url=${checkpoint}`, `--genesis-beacon-api-url=${checkpoint}`] : []),
      ...(builder ? [`--http-mev-relay=${builder}`] : []),
      ...(feeRecipient ? [`--suggested-fee-recipient=${feeRecipient}`] : []),
      '--http-host=0.0.0.0',
      `--http-port=${BEACON_API_PORT['prysm']}`,
      '--monitoring-host=0.0.0.0',
      '--monitoring-port=8080',
    ],
    prepare: [{ kind: 'directory', path: `${DATA_PATH}/prysm` }],
    metricsPort: 8080,
    quic: true,
    appetite: { small: [1.5, 8], standard: [3, 12], large: [6, 20] },
    ephemeralMiB: 512,
    unverified: [NOT_RUN, 'a discovered address relies on endpoint prediction, which has no switch'],
  };
}

/**
 * Flags by docs.teku.consensys.io. It logs to a file unless told not to, finds its address by itself where none is given, and
 * tracks liveness, which doppelganger protection of any validator client asks for, only on request.
 */
function teku(node: ChainNode): ConsensusPart {
  const { port, quicPort, checkpoint, builder, feeRecipient } = facts(node);
  const quic = !isOlderThan(node.clients['consensus']!.version, 26, 7);
  const own = advertised(node, 'consensus');
  const appetite: Appetite = { small: [1.5, 8], standard: [3, 12], large: [6, 20] };
  return {
    args: [
      `--network=${networkOptionsOf(node).network}`,
      `--data-path=${DATA_PATH}`,
      '--data-storage-mode=MINIMAL',
      '--log-destination=CONSOLE',
      '--p2p-nat-method=NONE',
      `--p2p-port=${port}`,
      `--p2p-udp-port=${port}`,
      ...(quic ? [`--p2p-quic-port=${quicPort}`] : []),
      ...(own.as === 'address'
        ? [
            `--p2p-advertised-ip=${own.address}`,
            `--p2p-advertised-port=${port}`,
            `--p2p-advertised-udp-port=${port}`,
            ...(quic ? [`--p2p-advertised-quic-port=${quicPort}`] : []),
          ]
        : []),
      `--ee-endpoint=${engineUrl(node)}`,
      `--ee-jwt-secret-file=${JWT_FILE}`,
      ...(checkpoint ? [`--checkpoint-sync-url=${checkpoint}`] : []),
      ...(builder ? [`--builder-endpoint=${builder}`] : []),
      ...(feeRecipient ? [`--validators-proposer-default-fee-recipient=${feeRecipient}`] : []),
      '--beacon-liveness-tracking-enabled=true',
      '--rest-api-enabled=true',
      '--rest-api-interface=0.0.0.0',
      `--rest-api-port=${BEACON_API_PORT['teku']}`,
      '--rest-api-host-allowlist=*',
      '--metrics-enabled=true',
      '--metrics-interface=0.0.0.0',
      '--metrics-port=8008',
      '--metrics-host-allowlist=*',
    ],
    env: { JAVA_OPTS: javaOptions(resources(node, 'consensus', appetite, 0).memoryMiB) },
    temporary: [native],
    metricsPort: 8008,
    quic,
    appetite,
    ephemeralMiB: 1024,
    unverified: [NOT_RUN, 'that 26.7 is the first release that knows `--p2p-quic-port`: earlier ones end on an unknown option and are not given it'],
  };
}

/**
 * Flags by beacon_chain/conf.nim of status-im/nimbus-eth2. It wants a data folder of mode 0700, and verifies a checkpoint with
 * its light client: from the genesis block where Altair was active there, else from a root that has to be given.
 */
function nimbus(node: ChainNode): ConsensusPart {
  const { port, checkpoint, builder, feeRecipient } = facts(node);
  const own = advertised(node, 'consensus');
  const trustedRoot = trustedBlockRootOf(node);
  return {
    args: [
      `--network=${networkOptionsOf(node).network}`,
      `--data-dir=${DATA_PATH}/nimbus`,
      '--non-interactive',
      `--tcp-port=${port}`,
      `--udp-port=${port}`,
      `--nat=${own.as === 'address' ? `extip:${own.address}` : 'none'}`,
      `--enr-auto-update=${own.as === 'discovered'}`,
      `--el=${engineUrl(node)}`,
      `--jwt-secret=${JWT_FILE}`,
      ...(checkpoint ? [`--external-beacon-api-url=${checkpoint}`] : []),
      ...(trustedRoot ? [`--trusted-block-root=${trustedRoot}`] : []),
      ...(builder ? ['--payload-builder=true', `--payload-builder-url=${builder}`] : []),
      ...(feeRecipient ? [`--suggested-fee-recipient=${feeRecipient}`] : []),
      '--rest=true',
      '--rest-address=0.0.0.0',
      `--rest-port=${BEACON_API_PORT['nimbus']}`,
      '--metrics=true',
      '--metrics-address=0.0.0.0',
      '--metrics-port=8008',
    ],
    prepare: [{ kind: 'directory', path: `${DATA_PATH}/nimbus` }],
    metricsPort: 8008,
    quic: false,
    appetite: { small: [1.5, 4], standard: [3, 8], large: [6, 12] },
    ephemeralMiB: 512,
    unverified: [NOT_RUN, 'whether public checkpoint servers serve the light client data that verifying from genesis needs'],
  };
}

/**
 * Flags by the CLI reference of ChainSafe/lodestar. `--nat` means "keep a public address in the record": without it the
 * configured address is cleared. Recent releases listen for QUIC on the port after `--port`, which is the one declared.
 */
function lodestar(node: ChainNode): ConsensusPart {
  const { port, checkpoint, builder, feeRecipient } = facts(node);
  const own = advertised(node, 'consensus');
  const appetite: Appetite = { small: [1.5, 8], standard: [3, 12], large: [6, 20] };
  return {
    args: [
      'beacon',
      `--network=${networkOptionsOf(node).network}`,
      `--dataDir=${DATA_PATH}`,
      '--logFile=none',
      '--listenAddress=0.0.0.0',
      `--port=${port}`,
      `--discoveryPort=${port}`,
      ...(own.as === 'address' ? ['--nat=true', `--enr.ip=${own.address}`, `--enr.tcp=${port}`, `--enr.udp=${port}`] : []),
      `--execution.urls=${engineUrl(node)}`,
      `--jwtSecret=${JWT_FILE}`,
      ...(checkpoint ? [`--checkpointSyncUrl=${checkpoint}`] : []),
      ...(builder ? ['--builder=true', `--builder.url=${builder}`] : []),
      ...(feeRecipient ? [`--suggestedFeeRecipient=${feeRecipient}`] : []),
      '--rest=true',
      '--rest.address=0.0.0.0',
      `--rest.port=${BEACON_API_PORT['lodestar']}`,
      '--metrics=true',
      '--metrics.address=0.0.0.0',
      '--metrics.port=8008',
    ],
    env: { NODE_OPTIONS: `--max-old-space-size=${Math.floor(resources(node, 'consensus', appetite, 0).memoryMiB * 0.75)}` },
    metricsPort: 8008,
    quic: true,
    appetite,
    ephemeralMiB: 512,
    unverified: [NOT_RUN, 'a discovered address relies on discovery v5, which has no switch'],
  };
}

const NOT_RUN = 'not run here: nothing of this client can be built or pulled';

function facts(node: ChainNode) {
  return {
    port: node.portBase + OFFSET.consensus,
    quicPort: node.portBase + OFFSET.quic,
    checkpoint: checkpointUrlOf(node),
    builder: relaysOf(node).length > 0 ? builderUrl(node) : undefined,
    feeRecipient: optionsOf(node).feeRecipient,
  };
}

/** Whether a calendar version such as `25.11.1` comes before a year and month. Others are taken for new. */
function isOlderThan(version: string, year: number, month: number): boolean {
  const [, ownYear, ownMonth] = /^(\d{2})\.(\d{1,2})\./.exec(version) ?? [];
  return ownYear !== undefined && (Number(ownYear) < year || (Number(ownYear) === year && Number(ownMonth) < month));
}
