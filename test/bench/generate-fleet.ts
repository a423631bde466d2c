import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import { type DraftEntry, KEYS_LOCK_FILE } from '../../model/keys/journal';

/** What was generated, so that whoever measures can tell that nothing of it was left out. */
export interface GeneratedFleet {
  readonly nodes: number;
  readonly keys: number;
  readonly clusters: number;
  /** Files of nodes, one per cluster and network. */
  readonly nodeFiles: number;
  /** All YAML and the lock. */
  readonly bytes: number;
}

/**
 * Writes a fleet of Ethereum validator nodes, each of three components and two keys, as an operator would write it: clusters in
 * both clouds, mainnet and hoodi in each, up to 100 nodes in a file, what they share in its defaults. Client combinations, zones
 * and rings take turns. The same count gives the same bytes.
 *
 * Public keys are hashes of a label: they look like keys, and nobody can have the private ones.
 *
 * @throws RangeError for a count that the address plan below has no room for.
 */
export function generateFleet(folder: string, nodes: number): GeneratedFleet {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > MAX_NODES) {
    throw new RangeError(`a generated fleet has 1 to ${MAX_NODES} nodes, got ${nodes}`);
  }
  const clusters = clustersFor(nodes);
  const places = clusters.flatMap((cluster) => NETWORKS.map((network) => ({ cluster, network })));
  const files = new Map<string, string>([['settings.yaml', SETTINGS]]);
  for (const cluster of clusters) files.set(`clusters/${cluster.name}.yaml`, clusterYaml(cluster));
  for (const network of NETWORKS) files.set(`networks/${network.name}.yaml`, networkYaml(network));

  const drafts: DraftEntry[] = [];
  let index = 0;
  for (const [position, { cluster, network }] of places.entries()) {
    const count = Math.floor(nodes / places.length) + (position < nodes % places.length ? 1 : 0);
    const declared = Array.from({ length: count }, (_, within) => nodeOf(cluster, network, within, index++));
    if (count > 0) files.set(`nodes/${cluster.name}/${network.name}.yaml`, nodesYaml(network, declared));
    for (const { name, keys } of declared) {
      for (const key of keys) drafts.push({ act: 'place', key, network: network.name, cluster: cluster.name, node: name });
    }
  }
  files.set(KEYS_LOCK_FILE, append(parse(EMPTY_KEYS_LOCK), drafts, new Date('2026-01-01T00:00:00Z')));

  let bytes = 0;
  for (const [path, text] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    bytes += Buffer.byteLength(text);
  }
  return { nodes, keys: drafts.length, clusters: clusters.length, nodeFiles: [...files.keys()].filter((path) => path.startsWith('nodes/')).length, bytes };
}

/** Clusters come in pairs, one in each cloud, so that no cloud holds more than half. */
const NODES_PER_PAIR = 400;
const MIN_PAIRS = 2;
/** Each cluster takes the second octet of its ranges from its position. */
const MAX_PAIRS = 120;
const MAX_NODES = NODES_PER_PAIR * MAX_PAIRS;

interface GeneratedCluster {
  readonly cloud: 'gcp' | 'aws';
  readonly name: string;
  /** Short form, for names of nodes. */
  readonly code: string;
  readonly region: string;
  readonly zones: readonly string[];
  /** Position in the address plan. */
  readonly octet: number;
}

function clustersFor(nodes: number): GeneratedCluster[] {
  const pairs = Math.max(MIN_PAIRS, Math.ceil(nodes / NODES_PER_PAIR));
  return Array.from({ length: pairs }, (_, pair): GeneratedCluster[] => {
    const gcp = GCP_REGIONS[pair % GCP_REGIONS.length]!;
    const aws = AWS_REGIONS[pair % AWS_REGIONS.length]!;
    return [
      { cloud: 'gcp', name: `gke-${gcp}-${pair}`, code: `g${pair}`, region: gcp, zones: ['b', 'c', 'd'].map((zone) => `${gcp}-${zone}`), octet: 2 * pair },
      { cloud: 'aws', name: `eks-${aws}-${pair}`, code: `e${pair}`, region: aws, zones: ['a', 'b', 'c'].map((zone) => `${aws}${zone}`), octet: 2 * pair + 1 },
    ];
  }).flat();
}

const GCP_REGIONS = ['europe-west1', 'europe-north1', 'us-east4', 'us-west1', 'asia-southeast1', 'asia-northeast1', 'europe-west3', 'us-west4'];
const AWS_REGIONS = ['eu-central-1', 'eu-north-1', 'us-east-2', 'us-west-2', 'ap-southeast-1', 'ap-northeast-1', 'sa-east-1', 'ap-southeast-2'];

function clusterYaml({ cloud, region, zones, octet }: GeneratedCluster): string {
  const own =
    cloud === 'gcp'
      ? [
          'project: example-staking-bench',
          'ranges:',
          `  machines: 10.${octet}.0.0/20`,
          `  pods: 10.${octet}.64.0/18`,
          `  services: 10.${octet}.16.0/20`,
          `  controlPlane: 172.16.${octet}.0/28`,
        ]
      : ['account: "111122223333"', 'ranges:', `  machines: 10.${octet}.0.0/16`, `  services: 172.20.${octet}.0/24`];
  return lines([
    GENERATED,
    `cloud: ${cloud}`,
    `region: ${region}`,
    `zones: [${zones.join(', ')}]`,
    'kubernetesVersion: "1.34"',
    ...own,
    `podsPerMachine: ${cloud === 'gcp' ? 64 : 58}`,
    'pools:',
    '  - name: ethereum',
    `    machineType: ${cloud === 'gcp' ? 'n2-standard-16' : 'm6i.4xlarge'}`,
    '    chains: [ethereum]',
    '    exposure: private',
    '    taints:',
    '      - { key: stockade.dev/pool, value: ethereum, effect: NoSchedule }',
    '    bootDiskGiB: 100',
    '    maxMachinesPerZone: 120',
    '    headroomMachines: 1',
  ]);
}

interface GeneratedNetwork {
  readonly name: string;
  readonly code: string;
  readonly kind: 'mainnet' | 'testnet';
  readonly option: string;
  readonly checkpoint: string;
  readonly size: string;
  readonly portBase: number;
}

const NETWORKS: readonly GeneratedNetwork[] = [
  { name: 'ethereum-mainnet', code: 'eth', kind: 'mainnet', option: 'mainnet', checkpoint: 'https://beaconstate.ethstaker.cc', size: 'standard', portBase: 20_000 },
  { name: 'ethereum-hoodi', code: 'hoodi', kind: 'testnet', option: 'hoodi', checkpoint: 'https://checkpoint-sync.hoodi.ethpandaops.io', size: 'small', portBase: 24_000 },
];

/** Component, then client, with its image and two releases. */
const CLIENTS = {
  execution: {
    geth: ['docker.io/ethereum/client-go', 'v1.16.5', 'v1.16.7'],
    nethermind: ['docker.io/nethermind/nethermind', '1.34.1', '1.35.2'],
    reth: ['ghcr.io/paradigmxyz/reth', 'v1.8.2', 'v1.9.3'],
    besu: ['docker.io/hyperledger/besu', '25.10.0', '25.11.0'],
    erigon: ['docker.io/erigontech/erigon', 'v3.2.1', 'v3.2.2'],
  },
  consensus: {
    lighthouse: ['docker.io/sigp/lighthouse', 'v8.0.0', 'v8.0.1'],
    prysm: ['gcr.io/prysmaticlabs/prysm/beacon-chain', 'v7.0.0', 'v7.0.1'],
    teku: ['docker.io/consensys/teku', '25.11.0', '25.11.1'],
    nimbus: ['docker.io/statusim/nimbus-eth2', 'multiarch-v25.11.0', 'multiarch-v25.11.1'],
    lodestar: ['docker.io/chainsafe/lodestar', 'v1.36.0', 'v1.37.0'],
  },
  validator: {
    lighthouse: ['docker.io/sigp/lighthouse', 'v8.0.0', 'v8.0.1'],
    prysm: ['gcr.io/prysmaticlabs/prysm/validator', 'v7.0.0', 'v7.0.1'],
    teku: ['docker.io/consensys/teku', '25.11.0', '25.11.1'],
    nimbus: ['docker.io/statusim/nimbus-validator-client', 'multiarch-v25.11.0', 'multiarch-v25.11.1'],
    lodestar: ['docker.io/chainsafe/lodestar', 'v1.36.0', 'v1.37.0'],
  },
} as const;

function networkYaml({ kind, option, checkpoint }: GeneratedNetwork): string {
  return lines([
    GENERATED,
    'chain: ethereum',
    `kind: ${kind}`,
    'keyMoveWaitMinutes: 30',
    'options:',
    `  network: ${option}`,
    '  checkpointUrls:',
    `    - ${checkpoint}`,
    // Nimbus asks for one on networks older than Altair. No block has this root.
    `  trustedBlockRoot: "0x${createHash('sha256').update(`stockade benchmark: block root of ${option}`).digest('hex')}"`,
    'rings: [canary, main]',
    'clients:',
    ...Object.entries(CLIENTS).flatMap(([component, clients]) => [
      `  ${component}:`,
      ...Object.entries(clients).flatMap(([client, [image, before, after]]) => [
        `    ${client}:`,
        `      image: ${image}`,
        '      releases:',
        `        - { version: "${before}", dataSchema: 1 }`,
        `        - { version: "${after}", dataSchema: 1 }`,
        `      rings: { canary: "${after}", main: "${before}" }`,
      ]),
    ]),
  ]);
}

interface GeneratedNode {
  readonly name: string;
  readonly zone: string;
  readonly ring: 'canary' | undefined;
  readonly clients: Readonly<Record<keyof typeof CLIENTS, string>>;
  readonly portBase: number;
  readonly keys: readonly string[];
}

/** Ports that an Ethereum node spans. */
const PORT_SPAN = 8;

function nodeOf(cluster: GeneratedCluster, network: GeneratedNetwork, within: number, index: number): GeneratedNode {
  const name = `${network.code}-${cluster.code}-${within}`;
  return {
    name,
    zone: cluster.zones[within % cluster.zones.length]!,
    ring: within % 20 === 0 ? 'canary' : undefined,
    // Any five neighbours have each client once, so no client holds too much of a network; any 125 have every combination.
    clients: {
      execution: Object.keys(CLIENTS.execution)[index % 5]!,
      consensus: Object.keys(CLIENTS.consensus)[(index + Math.floor(index / 5)) % 5]!,
      validator: Object.keys(CLIENTS.validator)[(2 * index + Math.floor(index / 25)) % 5]!,
    },
    portBase: network.portBase + within * PORT_SPAN,
    keys: [0, 1].map((key) => exampleKey(`stockade benchmark: key ${key} of ${cluster.name}/${name}`)),
  };
}

/** Looks like a compressed point of BLS12-381, whose first bit is set. */
const exampleKey = (label: string): string => `0xa${createHash('sha384').update(label).digest('hex').slice(1)}`;

function nodesYaml({ size }: GeneratedNetwork, nodes: readonly GeneratedNode[]): string {
  return lines([
    GENERATED,
    'defaults:',
    '  state: running',
    '  role: validator',
    `  size: ${size}`,
    '  ring: main',
    '  reach: { via: outbound }',
    '  options:',
    '    feeRecipient: "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"',
    '    doppelgangerProtection: true',
    'nodes:',
    ...nodes.flatMap(({ name, zone, ring, clients, portBase, keys }) => [
      `  - name: ${name}`,
      `    zone: ${zone}`,
      ...(ring ? [`    ring: ${ring}`] : []),
      `    clients: { execution: ${clients.execution}, consensus: ${clients.consensus}, validator: ${clients.validator} }`,
      `    ports: { base: ${portBase} }`,
      '    keys:',
      ...keys.map((key) => `      - "${key}"`),
    ]),
  ]);
}

const lines = (all: readonly string[]): string => `${all.join('\n')}\n`;

const GENERATED = '# Generated for the benchmark. Keys are hashes of labels: nobody has their private ones.';

const SETTINGS = `${GENERATED}
organisation: example-staking
requireDigest: false
registries: [docker.io, ghcr.io/paradigmxyz, gcr.io/prysmaticlabs, registry.example.com/staking]
labels:
  owner: staking-operations
access:
  viewers: { gcp: [staking-viewers@example.com], aws: [staking-viewers] }
  operators: { gcp: [staking-operators@example.com], aws: [staking-operators] }
  deployers: { gcp: [staking-deployers@example.com], aws: [staking-deployers] }
  breakGlass: { gcp: [staking-break-glass@example.com], aws: [staking-break-glass] }
  planners: { gcp: [staking-planners@example.com], aws: [staking-planners] }
  dataCustodians: { gcp: [staking-data-custodians@example.com], aws: [staking-data-custodians] }
  platform: { gcp: [staking-platform@example.com], aws: [staking-platform] }
agent:
  image: registry.example.com/staking/secret-agent
  version: 0.1.0
limits:
  concentration:
    - { of: client, component: execution, maxPercent: 34, minKeys: 100, level: error }
    - { of: client, component: consensus, maxPercent: 34, minKeys: 100, level: error }
    - { of: client, component: validator, maxPercent: 34, minKeys: 100, level: error }
    - { of: region, maxPercent: 34, minKeys: 100, level: error }
    - { of: cluster, maxPercent: 30, minKeys: 100, level: warning }
    - { of: cloud, maxPercent: 60, minKeys: 100, level: warning }
`;
