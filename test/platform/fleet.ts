import type { Cluster, Fleet, FleetNode, Network } from '../../model/types';
import type { NetworkFacts, PlatformFacts } from '../../apps/platform';

/** A fleet of one cluster in each cloud and two networks, made by hand: what the platform reads of it, and no more. */

const pool = (name: string, machineType: string): Cluster['pools'][number] => ({
  name,
  machineType,
  chains: ['ethereum', 'solana'],
  exposure: 'private',
  features: [],
  taints: [{ key: 'stockade.dev/pool', value: name, effect: 'NoSchedule' }],
  bootDiskGiB: 100,
  maxMachinesPerZone: 3,
  headroomMachines: 0,
});

export const gke = (machineTypes: readonly string[] = ['n2-standard-16']): Cluster & { cloud: 'gcp' } => ({
  name: 'gke-zurich',
  cloud: 'gcp',
  project: 'stakes-prod',
  region: 'europe-west6',
  zones: ['europe-west6-a'],
  kubernetesVersion: '1.34',
  podsPerMachine: 64,
  pools: machineTypes.map((machineType, index) => pool(`p${index}`, machineType)),
  labels: {},
  ranges: { machines: '10.0.0.0/20', pods: '10.1.0.0/16', services: '10.2.0.0/20', controlPlane: '10.3.0.0/28' },
});

export const eks: Cluster & { cloud: 'aws' } = {
  name: 'eks-dublin',
  cloud: 'aws',
  account: '111122223333',
  region: 'eu-west-1',
  zones: ['eu-west-1a'],
  kubernetesVersion: '1.33',
  podsPerMachine: 58,
  pools: [pool('p0', 'm6i.4xlarge')],
  labels: {},
  ranges: { machines: '10.8.0.0/16', services: '10.9.0.0/20' },
};

const network = (name: string, chain: string): Network => ({
  name,
  chain,
  kind: 'mainnet',
  options: {},
  keyMoveWaitMinutes: 30,
  rings: ['first'],
  clients: {},
});

const node = (name: string, cluster: string, of: string): FleetNode => ({
  name,
  cluster,
  network: of,
  state: 'running',
  role: 'validator',
  zone: 'a',
  clients: {},
  size: 'm',
  ring: 'first',
  reach: { via: 'outbound' },
  pools: {},
  resources: {},
  consumers: [],
  options: {},
  keys: [],
  ports: { base: 30000 },
  firstStart: 'refused',
  source: { file: `nodes/${cluster}/${of}.yaml`, path: ['nodes', 0] },
});

export const GROUPS = {
  gcp: {
    viewers: 'viewers@stakes.example',
    operators: 'operators@stakes.example',
    deployers: 'deployers@stakes.example',
    planners: 'planners@stakes.example',
    breakGlass: 'break-glass@stakes.example',
    dataCustodians: 'custodians@stakes.example',
    platform: 'platform@stakes.example',
  },
  aws: {
    viewers: 'stakes:viewers',
    operators: 'stakes:operators',
    deployers: 'stakes:deployers',
    planners: 'stakes:planners',
    breakGlass: 'stakes:break-glass',
    dataCustodians: 'stakes:custodians',
    platform: 'stakes:platform',
  },
} as const;

const both = (role: keyof typeof GROUPS.gcp): { gcp: string[]; aws: string[] } => ({ gcp: [GROUPS.gcp[role]], aws: [GROUPS.aws[role]] });

export const fleet: Fleet = {
  settings: {
    organisation: 'stakes',
    requireDigest: true,
    registries: ['docker.io/'],
    labels: {},
    access: {
      viewers: both('viewers'),
      operators: both('operators'),
      deployers: both('deployers'),
      planners: both('planners'),
      breakGlass: both('breakGlass'),
      dataCustodians: both('dataCustodians'),
      platform: both('platform'),
    },
    agent: { image: 'registry.stakes.example/secret-agent', version: '1.0.0' },
    limits: { concentration: [] },
  },
  clusters: { [gke().name]: gke(), [eks.name]: eks },
  networks: { mainnet: network('mainnet', 'ethereum'), 'solana-testnet': network('solana-testnet', 'solana') },
  nodes: [gke().name, eks.name].flatMap((cluster) => [node('eth-0', cluster, 'mainnet'), node('sol-0', cluster, 'solana-testnet')]),
  observed: {},
};

export const ethereum: NetworkFacts = {
  exceptions: [],
  statefulSets: 6,
  running: { pods: 3, cpuMillis: 7650, memoryMiB: 40_000 },
  volumes: { 'chain-data': { count: 4, storageGiB: 3600 }, 'signing-state': { count: 2, storageGiB: 8 } },
  volumeNames: { 'chain-data': 'chain-data', 'signing-state': 'signing-state' },
  loadBalancers: 2,
  nodePorts: 5,
};

export const solana: NetworkFacts = {
  exceptions: [
    { what: 'host-network', reason: 'Turbine needs thousands of UDP flows a second.' },
    { what: 'seccomp-localhost', value: 'solana.json', reason: 'io_uring is refused by RuntimeDefault.' },
    { what: 'host-network', reason: 'Turbine needs thousands of UDP flows a second.' },
  ],
  statefulSets: 1,
  running: { pods: 1, cpuMillis: 16_000, memoryMiB: 393_216 },
  volumes: { 'chain-data': { count: 1, storageGiB: 1000 }, 'signing-state': { count: 1, storageGiB: 4 }, scratch: { count: 1, storageGiB: 500 } },
  volumeNames: { ledger: 'chain-data' },
  loadBalancers: 0,
  nodePorts: 0,
};

export const facts = (changed: Partial<PlatformFacts> = {}): PlatformFacts => ({
  helm: false,
  networks: { mainnet: ethereum, 'solana-testnet': solana },
  ...changed,
});
