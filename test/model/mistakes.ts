import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { INFRASTRUCTURE_FILE } from '../../model/checks/context';
import type { Problem, ProblemCode } from '../../model/errors';

const SETTINGS = 'settings.yaml';
const GKE = 'clusters/gke-a.yaml';
const EKS = 'clusters/eks-b.yaml';
const OTTER = 'networks/otter-main.yaml';
const HERON = 'networks/heron-test.yaml';
const GENESIS = 'networks/genesis/heron-test.json';
const NODES = 'nodes/gke-a/otter-main.yaml';
const EKS_NODES = 'nodes/eks-b/otter-main.yaml';
const HERON_NODES = 'nodes/gke-a/heron-test.yaml';
const OBSERVED = 'observed/gke-a.yaml';
const INFRASTRUCTURE = 'infrastructure.yaml';

/** The base fleet with infrastructure, as Amazon can build it. */
const AMAZON: Mistake['edits'] = [
  ['infrastructure.yaml', infrastructure()],
  [EKS, 'zones: [eu-central-1a]', 'zones: [eu-central-1a, eu-central-1b]'],
  [EKS_NODES, 'base: 9000', 'base: 31900'],
];

/** A stopped node whose one component takes so many CPUs. */
const sentryOf = (cpus: number, index: number): string => `  - name: sen-${index}
    state: stopped
    role: sentry
    zone: eu-central-1a
    clients: {engine: oak}
    size: small
    ring: canary
    reach: {via: loadBalancer}
    keys: []
    ports: {base: ${9100 + 20 * index}}
    resources: {engine: {cpus: ${cpus}}}
`;

/** {@link AMAZON}, at home there too; `region` and what comes before it as it is to stand in the file. */
const atHomeOnAmazon = (region: string): Mistake['edits'] => [
  ...AMAZON,
  [INFRASTRUCTURE, 'cloud: gcp\n  region: europe-west1', `cloud: aws\n  region: ${region}`],
  [INFRASTRUCTURE, 'zone: europe-west1-b', 'zone: eu-central-1a'],
  [INFRASTRUCTURE, 'projects/cos-cloud/global/images/family/cos-stable', 'ami-00000000'],
];

/** One more cluster beside those of the base fleet. */
const GKE_IN_ASIA = `cloud: gcp
project: example-staking
region: asia-southeast1
zones: [asia-southeast1-a]
kubernetesVersion: "1.34"
podsPerMachine: 64
pools:
  - name: private
    machineType: n2-standard-16
    chains: [otter]
    exposure: private
    taints:
      - {key: stockade.dev/staking, value: otter, effect: NoSchedule}
    bootDiskGiB: 100
    maxMachinesPerZone: 4
    headroomMachines: 0
ranges:
  machines: 10.100.0.0/20
  pods: 10.104.0.0/14
  services: 10.101.0.0/20
  controlPlane: 10.102.0.0/28
`;
/** The infrastructure of {@link AMAZON}, with these tombstones. */
const withTombstones = (...tombstones: readonly string[]): Mistake['edits'] => [
  ...AMAZON.slice(1),
  [INFRASTRUCTURE, infrastructure().replace('tombstones: []', `tombstones:\n${tombstones.map((one) => `  - ${one}\n`).join('')}`)],
];

/** One mistake in the base fleet. ① to ④ mark the places that must be named, in their order. */
export interface Mistake {
  readonly what: string;
  readonly code: ProblemCode;
  /** `[file, from, to]` replaces a text, `[file, text]` writes a file, `[file]` removes it. */
  readonly edits: readonly (readonly [file: string, from: string, to: string] | readonly [file: string, text: string] | readonly [file: string])[];
  /** Further places that no mark can stand at, as `file:line:column`, after the marked ones. */
  readonly places?: readonly string[];
  readonly value?: Problem['value'];
  readonly allowed?: Problem['allowed'];
  readonly suggestion?: string;
  readonly level?: Problem['level'];
  /** Words of the message and of the next step. */
  readonly message?: string;
  readonly next?: string;
}

const long = (length: number): string => 'x'.repeat(length);

/** The base fleet with infrastructure, as Google Cloud can build it: the example fleet's own. */
const GOOGLE: Mistake['edits'] = [
  [INFRASTRUCTURE_FILE, readFileSync(join(__dirname, '..', '..', 'fleet', 'infrastructure.yaml'), 'utf8').replaceAll('111122223333', '012345678901')],
  // What other clouds check of it.
  [EKS, 'zones: [eu-central-1a]', 'zones: [eu-central-1a, eu-central-1b]'],
  [EKS_NODES, 'base: 9000', 'base: 31900'],
];

export const MISTAKES: readonly Mistake[] = [
  // Files
  { what: 'a .yml file', code: 'unknown-file', edits: [['clusters/gke-c.yml', '①cloud: gcp\n']], value: 'clusters/gke-c.yml', suggestion: 'clusters/gke-c.yaml' },
  { what: 'a misspelt folder', code: 'unknown-file', edits: [['cluster/gke-c.yaml', '①cloud: gcp\n']], suggestion: 'clusters/gke-c.yaml' },
  { what: 'a nodes file one folder too high', code: 'unknown-file', edits: [['nodes/otter-main.yaml', '①nodes: []\n']] },
  { what: 'a genesis that no network names', code: 'unknown-file', edits: [['networks/genesis/old.json', '①{}']] },
  { what: 'no settings', code: 'missing-file', edits: [[SETTINGS]], places: ['settings.yaml:1:1'], next: 'Create settings.yaml.' },
  { what: 'a journal that was half written', code: 'unfinished-write', edits: [['.keys.lock.new', '①half']], value: '.keys.lock.new', message: 'another run is writing keys.lock, or one was killed while it did', next: 'remove that file' },
  { what: 'a network file that was half written', code: 'unfinished-write', edits: [['networks/.otter-main.yaml.new', '①half']], message: 'is writing otter-main.yaml' },
  { what: 'a file name that is no name', code: 'bad-file-name', edits: [['networks/Otter_Main.yaml', '①chain: otter\n']], value: 'Otter_Main' },

  // YAML
  { what: 'an unclosed flow map', code: 'yaml-syntax', edits: [[OBSERVED, 'natAddresses: [192.0.2.1]\n', 'natAddresses: {a: 1\n①']] },
  { what: 'a key given twice', code: 'yaml-duplicate-key', edits: [[HERON, 'kind: testnet', '②kind: testnet\n①kind: mainnet']], value: 'kind' },
  { what: 'an anchor', code: 'yaml-feature', edits: [[HERON, 'rings: [all]', 'rings: &r ①[all]']], message: 'the anchor "&r"' },
  { what: 'an alias', code: 'yaml-feature', edits: [[OBSERVED, 'natAddresses: [192.0.2.1]', 'natAddresses: ①*a']], message: '"*a"' },
  { what: 'a merge key', code: 'yaml-feature', edits: [[HERON_NODES, '    state: running', '    ①<<: {state: running}']], message: 'merge key' },
  { what: 'a tag', code: 'yaml-feature', edits: [[HERON, 'kind: testnet', 'kind: !secret ①testnet']], message: 'the tag "!secret"' },
  { what: 'a second document', code: 'yaml-feature', edits: [[OBSERVED, 'natAddresses: [192.0.2.1]', '---\n①natAddresses: [192.0.2.1]']], message: 'second YAML document' },
  { what: 'a %YAML directive', code: 'yaml-feature', edits: [[HERON, 'chain: heron', '①%YAML 1.1\n---\nchain: heron']], message: '%YAML' },
  { what: 'a key that is no text', code: 'yaml-feature', edits: [[OBSERVED, 'natAddresses: [192.0.2.1]', '①1: x']], next: 'Put the key in quotes.' },
  { what: '__proto__', code: 'yaml-feature', edits: [[OBSERVED, 'natAddresses: [192.0.2.1]', '①__proto__: {}']], message: '__proto__' },

  // Shape
  { what: 'an unknown key in the settings', code: 'unknown-key', edits: [[SETTINGS, 'requireDigest: false', 'requireDigest: false\n①registrys: x']], value: 'registrys', suggestion: 'registries' },
  { what: 'an unknown key of a node', code: 'unknown-key', edits: [[NODES, '    keys: ["0xAAAA0000"]', '    keys: ["0xAAAA0000"]\n    ①sise: small']], value: 'sise', suggestion: 'size', message: 'node "val-0"' },
  { what: 'an unknown key in the defaults, reported once', code: 'unknown-key', edits: [[NODES, '  size: small', '  size: small\n  ①rings: all']], value: 'rings', suggestion: 'ring', message: 'the defaults' },
  { what: 'an unknown key in the defaults of no node', code: 'unknown-key', edits: [['nodes/eks-b/heron-test.yaml', 'defaults:\n  ①stat: running\nnodes: []\n']], value: 'stat', suggestion: 'state' },
  { what: 'an unknown option of a node', code: 'unknown-key', edits: [[NODES, '      sentries: [sentry-0]', '      ①sentrys: [sentry-0]']], suggestion: 'sentries', message: 'options of node "val-0"' },
  { what: 'an unknown option in the defaults', code: 'unknown-key', edits: [[NODES, '    fee: fee-1', '    fee: fee-1\n    ①fees: fee-1']], suggestion: 'fee', message: 'options of the defaults' },
  { what: 'an unknown option of a network', code: 'unknown-key', edits: [[OTTER, '  epoch: 6', '  ①epoc: 6']], suggestion: 'epoch', allowed: ['epoch'] },
  { what: 'a genesis with both forms', code: 'unknown-key', edits: [[HERON, '  file: genesis', '  url: https://example.com/genesis.json\n  ①file: genesis']], value: 'file', allowed: ['url', 'sha256'] },
  { what: 'a key of another cloud', code: 'unknown-key', edits: [[EKS, 'account: "012345678901"', 'account: "012345678901"\n①project: example-staking']], value: 'project' },
  { what: 'a node without a zone', code: 'missing-key', edits: [[EKS_NODES, '  - name: val-2', '  - ①name: val-2'], [EKS_NODES, '    zone: eu-central-1a\n', '']], next: 'Add "zone:".', message: 'node "val-2" lacks "zone"' },
  { what: 'a node port without an address', code: 'missing-key', edits: [[EKS_NODES, 'reach: {via: loadBalancer}', 'reach: ①{via: nodePort}']], next: 'Add "address:".', message: '"reach" lacks "address"' },
  { what: 'a reach of its own that takes nothing of the default', code: 'missing-key', edits: [[NODES, '  reach: {via: outbound}', '  reach: {via: nodePort, address: 192.0.2.9}'], [NODES, 'base: 9000', 'base: 30100'], [NODES, 'base: 9010', 'base: 30110'], [GKE, 'maxMachinesPerZone: 4\n    headroomMachines: 1', 'maxMachinesPerZone: 9\n    headroomMachines: 1'], [NODES, 'reach: {via: loadBalancer}', 'reach: ①{via: nodePort}']], next: 'Add "address:".' },
  { what: 'an account id that YAML reads as a number', code: 'wrong-type', edits: [[EKS, '"012345678901"', '①112345678901']], value: 112345678901, allowed: 'text', next: 'Put it in quotes: without them YAML reads a number.' },
  { what: 'a key that YAML reads as a hexadecimal number', code: 'wrong-type', edits: [[NODES, '["0xAAAA0000"]', '[①0xAAAA0000]']], value: '0xAAAA0000', allowed: 'text', next: 'Put it in quotes: without them YAML reads a number.' },
  { what: 'text where a number is meant', code: 'wrong-type', edits: [[HERON_NODES, 'base: 8000', 'base: ①"8000"']], value: '8000', allowed: 'a number', next: 'Replace it by a number.' },
  { what: 'an inherited value of the wrong type', code: 'wrong-type', edits: [[NODES, '  size: small', '  size: ①7']], value: 7, allowed: 'text' },
  { what: 'an empty value', code: 'wrong-type', edits: [[HERON_NODES, '    zone: europe-west1-b', '    ①zone:']], value: null, message: 'is empty' },
  { what: 'a list where a map is meant', code: 'wrong-type', edits: [[OBSERVED, 'addresses:\n  sentry-0:\n    engine: 192.0.2.10\n', 'addresses: ①[]\n']], allowed: 'a map', message: 'is a list' },
  { what: 'an empty file', code: 'wrong-type', edits: [['observed/eks-b.yaml', '①']], message: 'observed/eks-b.yaml' },
  { what: 'defaults that are no map', code: 'wrong-type', edits: [['nodes/eks-b/heron-test.yaml', 'defaults: ①x\nnodes: []\n']], allowed: 'a map' },
  { what: 'a node that is no map', code: 'wrong-type', edits: [['nodes/eks-b/heron-test.yaml', 'nodes:\n  - ①heron-1\n']], value: 'heron-1', allowed: 'a map' },
  { what: 'a state that is none', code: 'wrong-value', edits: [[HERON_NODES, 'state: running', 'state: ①runing']], value: 'runing', allowed: ['running', 'stopped', 'retired'], suggestion: 'running' },
  { what: 'a reach that is none', code: 'wrong-value', edits: [[HERON_NODES, 'via: hostNetwork', 'via: ①hostnetwork']], allowed: ['outbound', 'loadBalancer', 'nodePort', 'hostNetwork'], suggestion: 'hostNetwork' },
  { what: 'an address that is none', code: 'wrong-value', edits: [[HERON_NODES, 'address: discovered', 'address: ①10.0.0.300']], value: '10.0.0.300', allowed: 'an IPv4 address or discovered' },
  { what: 'a port beyond the last', code: 'wrong-value', edits: [[HERON_NODES, 'base: 8000', 'base: ①70000']], value: 70000, allowed: 'at most 65535' },
  { what: 'half a port', code: 'wrong-value', edits: [[HERON_NODES, 'base: 8000', 'base: ①80.5']], value: 80.5, allowed: 'a whole number' },
  { what: 'the tag latest', code: 'wrong-value', edits: [[HERON, 'rings: {all: v3}', 'rings: {all: ①latest}']], value: 'latest', allowed: 'must name one version: "latest" is a different client tomorrow' },
  { what: 'an old Kubernetes', code: 'wrong-value', edits: [[EKS, '"1.33"', '①"1.29"']], value: '1.29', allowed: '1.33 or newer' },
  { what: 'a group that is no address', code: 'wrong-value', edits: [[SETTINGS, 'gcp: [viewers@example.com]', 'gcp: [①viewers]']], allowed: 'an e-mail address' },
  { what: 'no pools at all', code: 'wrong-value', edits: [[SETTINGS, '  - ghcr.io/example\n', ''], [SETTINGS, 'registries:', 'registries: ①[]']], allowed: 'at least 1 entries' },
  { what: 'a client name that is none', code: 'wrong-value', edits: [[HERON, '    stork:', '    ①Stork:']], value: 'Stork' },
  { what: 'an inherited option that its chain refuses', code: 'wrong-value', edits: [[NODES, 'fee: fee-1', 'fee: ①free']], value: 'free', allowed: '"fee-" and a number' },
  { what: 'a key in the defaults', code: 'not-in-defaults', edits: [[NODES, '  size: small', '  size: small\n  ①keys: []']], value: 'keys' },
  { what: 'a ring listed twice', code: 'duplicate-entry', edits: [[OTTER, 'rings: [canary, all]', 'rings: [②canary, all, ①canary]']], value: 'canary' },
  { what: 'a pool listed twice', code: 'duplicate-entry', edits: [[GKE, '  - name: private', '  - name: ②private'], [GKE, '  - name: public', '  - name: ①private']], value: 'private' },

  // Genesis
  {
    what: 'no genesis',
    code: 'genesis-required',
    edits: [['networks/heron-next.yaml', '①chain: heron\nkind: testnet\nkeyMoveWaitMinutes: 1\nrings: [all]\nclients: {}\n']],
    message: 'network "heron-next" declares no genesis',
  },
  { what: 'a genesis that is not there', code: 'genesis-file-missing', edits: [[HERON, 'file: genesis/heron-test.json', 'file: ①genesis/heron-tset.json'], [GENESIS]], value: 'genesis/heron-tset.json' },
  { what: 'a genesis outside the fleet', code: 'genesis-outside', edits: [[HERON, 'file: genesis/heron-test.json', 'file: ①genesis/../../../heron.json'], [GENESIS]], value: 'genesis/../../../heron.json' },
  { what: 'a genesis that is too large', code: 'genesis-too-large', edits: [[HERON, 'file: genesis', 'file: ①genesis'], [GENESIS, '②' + 'x'.repeat(512 * 1024 + 1)]], value: 524289 },
  { what: 'a genesis that was changed', code: 'genesis-checksum', edits: [[HERON, 'sha256: ', 'sha256: ①'], [GENESIS, '②{"chain":"other"}\n']], allowed: '0de9de85f85b2facf879875edc9ddb2b77fcd76eb104b9f7340ee730ffa6eb9f' },

  // What is named but not declared
  { what: 'nodes of an unknown cluster', code: 'unknown-cluster', edits: [['nodes/gke-aa/otter-main.yaml', '①' + onlyNode('val-9', '"0xaaaa0009"')]], value: 'gke-aa', suggestion: 'gke-a', allowed: ['eks-b', 'gke-a'] },
  { what: 'addresses of an unknown cluster', code: 'unknown-cluster', edits: [['observed/eks-frankfurt.yaml', '①addresses: {}\n']], value: 'eks-frankfurt' },
  { what: 'nodes of an unknown network', code: 'unknown-network', edits: [['nodes/gke-a/otter-man.yaml', '①' + onlyNode('val-9', '"0xaaaa0009"')]], value: 'otter-man', suggestion: 'otter-main' },
  { what: 'a limit for an unknown network', code: 'unknown-network', edits: [[SETTINGS, 'networks: [otter-main]', 'networks: [①otter]']], value: 'otter' },
  { what: 'a network of an unknown chain', code: 'unknown-chain', edits: [['networks/beaver.yaml', 'chain: ①oter\nkind: testnet\nkeyMoveWaitMinutes: 1\nrings: [all]\nclients: {}\n']], value: 'oter', suggestion: 'otter' },
  { what: 'a pool for an unknown chain', code: 'unknown-chain', edits: [[EKS, 'chains: [otter]', 'chains: [otter, ①herron]']], suggestion: 'heron' },
  { what: 'a node in an unknown zone', code: 'unknown-zone', edits: [[HERON_NODES, 'zone: europe-west1-b', 'zone: ①europe-west1-d']], value: 'europe-west1-d', allowed: ['europe-west1-b', 'europe-west1-c'], next: 'one zone for good' },
  { what: 'a pool in an unknown zone', code: 'unknown-zone', edits: [[GKE, '    zones: [europe-west1-b]', '    zones: [europe-west1-b, ①europe-west1-x]']] },
  // One letter away from the only zone that there is, and still not where the disk is.
  { what: 'a node in a zone that is like the only other one', code: 'unknown-zone', edits: [[EKS_NODES, 'zone: eu-central-1a', 'zone: ①eu-central-1d']], allowed: ['eu-central-1a'] },
  { what: 'an unknown role', code: 'unknown-role', edits: [[HERON_NODES, 'role: voter', 'role: ①votor']], suggestion: 'voter' },
  { what: 'an unknown size', code: 'unknown-size', edits: [[NODES, '  size: small', '  size: ①smal']], suggestion: 'small', allowed: ['small', 'huge'] },
  { what: 'an unknown ring of a node', code: 'unknown-ring', edits: [[EKS_NODES, 'ring: canary', 'ring: ①canari']], suggestion: 'canary' },
  { what: 'an unknown ring of a client', code: 'unknown-ring', edits: [[OTTER, 'rings: {canary: 2.0.0, all: 2.0.0}', 'rings: {canary: 2.0.0, all: 2.0.0, ①al: 2.0.0}']], suggestion: 'all' },
  { what: 'an unknown component of a node', code: 'unknown-component', edits: [[HERON_NODES, 'clients: {node: stork}', 'clients: {node: stork, ①nod: stork}']], suggestion: 'node' },
  { what: 'an unknown component of a network', code: 'unknown-component', edits: [[HERON, 'clients:\n', 'clients:\n  ①nodes: {}\n']], suggestion: 'node', allowed: ['node'] },
  { what: 'a limit for an unknown component', code: 'unknown-component', edits: [[SETTINGS, 'component: signer', 'component: ①singer']], suggestion: 'signer' },
  { what: 'resources of an unknown component', code: 'unknown-component', edits: [[HERON_NODES, '    size: small', '    size: small\n    resources:\n      ①nod: {cpus: 1}']], suggestion: 'node' },
  { what: 'a consumer of an unknown component', code: 'unknown-component', edits: [[HERON_NODES, '    size: small', '    size: small\n    consumers:\n      - {namespace: apps, podLabels: {app: x}, component: ①rpc, ports: [rpc]}']], allowed: ['node'] },
  { what: 'a misspelt client', code: 'unknown-client', edits: [[NODES, 'clients: {signer: seal}', 'clients: {signer: ①saal}']], suggestion: 'seal', allowed: ['seal', 'stamp', 'bare'] },
  { what: 'a client of another component', code: 'unknown-client', edits: [[NODES, 'clients: {signer: seal}', 'clients: {signer: ①oak}']], message: 'it serves "engine"' },
  { what: 'a misspelt client of a network', code: 'unknown-client', edits: [[OTTER, '    bare:', '    ①oak:\n      image: ghcr.io/example/oak\n      releases: [{version: 1.0.0, dataSchema: 1}]\n      rings: {canary: 1.0.0, all: 1.0.0}\n    bare:']], message: 'it serves "engine"' },
  { what: 'an unknown pool', code: 'unknown-pool', edits: [[HERON_NODES, '    size: small', '    size: small\n    pools: {node: ①pubic}']], suggestion: 'public' },
  { what: 'a key that may move sooner than its chain allows', code: 'key-move-wait', edits: [[OTTER, 'keyMoveWaitMinutes: 60', 'keyMoveWaitMinutes: ①29']], value: 29, allowed: 'at least 30 minutes: an otter takes half an hour', next: 'Raise keyMoveWaitMinutes to 30' },
  { what: 'a later ring ahead of an earlier one', code: 'ring-order', level: 'warning', edits: [[OTTER, 'rings: {canary: 1.1.0, all: 1.0.0}', 'rings: {canary: ②1.0.0, all: ①1.1.0}']], value: '1.1.0', message: 'ring "all" of network "otter-main" runs oak 1.1.0, newer than 1.0.0 of ring "canary"', next: 'earlier ring first' },
  { what: 'a ring on a version without a release', code: 'unknown-version', edits: [[OTTER, 'rings: {canary: 1.1.0, all: 1.0.0}', 'rings: {canary: 1.1.0, all: ①1.0.1}']], allowed: ['1.0.0', '1.1.0'] },
  { what: 'an unknown peer', code: 'unknown-peer', edits: [[NODES, 'sentries: [sentry-0]', 'sentries: [①sentry-1]']], suggestion: 'sentry-0', allowed: ['sentry-0'] },
  { what: 'a size for an unknown volume', code: 'unknown-volume', edits: [[HERON_NODES, '    size: small', '    size: small\n    resources: {node: {volumesGiB: {①leger: 200}}}']], suggestion: 'ledger' },
  { what: 'an unknown machine type', code: 'unknown-machine-type', edits: [[EKS, 'machineType: m6i.4xlarge', 'machineType: ①m6i.4xlrge']], suggestion: 'm6i.4xlarge' },
  { what: 'an address of an unknown node', code: 'unknown-node', edits: [[OBSERVED, '  sentry-0:', '  ①sentry-9: {engine: 192.0.2.11}\n  sentry-0:']], value: 'sentry-9', suggestion: 'sentry-0' },

  // Clients and releases
  { what: 'a client of another chain', code: 'client-of-other-chain', edits: [[NODES, 'clients: {signer: seal}', 'clients: {engine: ①kelp, signer: seal}']], message: 'client "kelp" belongs to chain "crab", not to "otter"', allowed: ['oak', 'pine', 'quirk'] },
  { what: 'a client of another chain in a network', code: 'client-of-other-chain', edits: [[OTTER, '    bare:', '    ①kelp:']], message: 'belongs to chain "crab"' },
  { what: 'no client for a component', code: 'missing-client', edits: [[NODES, '    clients: {signer: seal}\n', ''], [NODES, '  clients: {engine: oak}', '  clients: ①{engine: oak}']], next: 'Add "signer:"', allowed: ['seal', 'stamp', 'bare'] },
  { what: 'a client for a component that the role lacks', code: 'superfluous-client', edits: [[NODES, '    reach: {via: loadBalancer}', '    clients: {①signer: seal}\n    reach: {via: loadBalancer}']], value: 'signer', allowed: ['engine'] },
  { what: 'a client without an image', code: 'undeclared-client', edits: [[NODES, 'clients: {signer: seal}', 'clients: {engine: ①pine, signer: seal}']], value: 'pine', allowed: ['oak', 'quirk'] },
  { what: 'a client that leaves a ring out', code: 'undeclared-ring', edits: [[OTTER, 'rings: {canary: 2.1.0, all: 2.1.0}', 'rings: ①{all: 2.1.0}']], message: '"canary"', allowed: ['2.1.0'] },
  { what: 'an image of another registry', code: 'registry-not-allowed', edits: [[OTTER, 'image: ghcr.io/example/seal', 'image: ①ghcr.io/example2/seal']], value: 'ghcr.io/example2/seal', allowed: ['ghcr.io/example'] },
  { what: 'an agent of another registry', code: 'registry-not-allowed', edits: [[SETTINGS, 'image: ghcr.io/example/agent', 'image: ①docker.io/example/agent']] },
  {
    what: 'a release in use without the required digest',
    code: 'missing-digest',
    edits: [
      [SETTINGS, 'requireDigest: false', 'requireDigest: true'],
      [SETTINGS, '  version: 1.0.0\n', `  version: 1.0.0\n  digest: sha256:${'0'.repeat(64)}\n`],
      [HERON, '{version: v3, dataSchema: 1}', '{version: ①v3, dataSchema: 1}'],
      [OTTER],
      [NODES],
      [EKS_NODES],
      [OBSERVED],
      [SETTINGS, '      networks: [otter-main]\n', ''],
    ],
    value: 'ghcr.io/example/stork:v3',
  },
  {
    what: 'an agent without the required digest',
    code: 'missing-digest',
    edits: [
      [SETTINGS, 'requireDigest: false', 'requireDigest: true'],
      [SETTINGS, '  version: 1.0.0\n', '  version: ①1.0.0\n'],
      [HERON, 'dataSchema: 1}', `dataSchema: 1, digest: sha256:${'0'.repeat(64)}}`],
      [OTTER],
      [NODES],
      [EKS_NODES],
      [OBSERVED],
      [SETTINGS, '      networks: [otter-main]\n', ''],
    ],
  },

  // Keys
  { what: 'a key that is none', code: 'bad-key', edits: [[NODES, '"0xAAAA0000"', '①"0xAAAA"']], value: '0xAAAA', next: 'Copy the public key again.' },
  { what: 'a key twice, in two spellings and two clusters', code: 'duplicate-validator-key', edits: [[EKS_NODES, '"0xaaaa0003"', '①"AAAA0000"'], [NODES, '"0xAAAA0000"', '②"0xAAAA0000"']], value: 'aaaa0000', message: 'declared 2 times' },
  { what: 'a key twice, in two networks', code: 'duplicate-validator-key', edits: [[NODES, '"0xAAAA0000"', '②"0xbbbb0000"'], [HERON_NODES, '"bbbb0000"', '①"bbbb0000"']], value: 'bbbb0000' },
  { what: 'a key twice on one node', code: 'duplicate-validator-key', edits: [[NODES, '["0xaaaa0001", "0xaaaa0002"]', '[①"0xaaaa0001", ②"0xAAAA0001"]']] },
  { what: 'a key on a node that does not sign', code: 'keys-on-keyless-role', edits: [[NODES, '    keys: []', '    ①keys: ["0xaaaa0009"]']], value: 1, allowed: 'keys: []' },
  { what: 'too many keys', code: 'key-count', edits: [[NODES, '    keys: ["0xAAAA0000"]', '    ①keys: ["0xAAAA0000", "0xaaaa0010", "0xaaaa0011", "0xaaaa0012"]']], value: 4, allowed: '1 to 3', next: 'Place the other keys on further nodes.' },
  { what: 'too few keys', code: 'key-count', edits: [[HERON_NODES, '    keys: ["bbbb0000"]', '    ①keys: []']], value: 0, next: 'Add the public keys that this node signs with.' },
  { what: 'a retired node with keys', code: 'retired-with-keys', edits: [[HERON_NODES, 'state: running', 'state: retired'], [HERON_NODES, '    keys:', '    ①keys:']], value: 1 },
  { what: 'a signer without signing state', code: 'missing-signing-state', edits: [[NODES, 'clients: {signer: seal}', 'clients: {signer: ①bare}']], value: 'signer' },
  { what: 'a standing approval', code: 'first-start-approved', level: 'warning', edits: [[HERON_NODES, '    keys:', '    firstStart: ①approved\n    keys:']], value: 1, message: '"gke-a/heron-0"' },

  // Names, ports, ranges
  { what: 'a node name twice in a cluster', code: 'duplicate-node', edits: [[HERON_NODES, 'name: heron-0', 'name: ②val-0'], [NODES, 'name: val-0', 'name: ①val-0']], value: 'val-0' },
  {
    what: 'a Service that two nodes would make',
    code: 'colliding-names',
    edits: [[EKS_NODES, 'name: val-2', 'name: ①val-2'], [EKS_NODES, 'nodes:\n', `nodes:\n${bridge('②val-2-engine', 'bridge', 'p2p', 9100)}`], [OTTER, 'clients:\n', `clients:\n${spanClient('p2p')}`]],
    value: 'val-2-engine-p2p',
    message: 'the Service "val-2-engine-p2p" in namespace "staking-otter-main"',
  },
  {
    what: 'a StatefulSet that two nodes would make',
    code: 'colliding-names',
    edits: [
      [EKS_NODES, 'nodes:\n', `nodes:\n${bridge('②val-3', 'tower', 'engine-p2p', 9100)}${bridge('①val-3-engine', 'bridge', 'p2p', 9200)}`],
      [OTTER, 'clients:\n', `clients:\n${spanClient('p2p')}${spanClient('engine-p2p')}`],
    ],
    value: 'val-3-engine-p2p',
    message: 'the StatefulSet',
  },
  { what: 'a StatefulSet name that is too long', code: 'name-too-long', edits: [[EKS_NODES, 'name: val-2', `name: ①${long(46)}`]], message: 'a StatefulSet', allowed: 'at most 52 characters', next: 'Shorten the name by 1 or more' },
  { what: 'a network name that is too long', code: 'name-too-long', edits: [[`networks/${long(56)}.yaml`, '①chain: otter\nkind: testnet\nkeyMoveWaitMinutes: 30\nrings: [all]\nclients: {}\n']], message: 'the namespace' },
  { what: 'a GKE cluster name that is too long', code: 'name-too-long', edits: [[`clusters/${long(23)}.yaml`, '①' + GKE_IN_ASIA]], allowed: 'at most 22 characters', message: 'the GKE cluster' },
  { what: 'a GKE pool name that is too long with its zone', code: 'name-too-long', edits: [[GKE, 'name: public', `name: ①${long(26)}`]], value: `${long(26)}-europe-west1-b`, allowed: 'at most 40 characters', next: 'by 1 or more' },
  { what: 'a reserved address with too long a name', code: 'name-too-long', edits: [[NODES, 'name: sentry-0', `name: ①${long(42)}`], [NODES, 'sentries: [sentry-0]', `sentries: [${long(42)}]`], [OBSERVED, '  sentry-0:', `  ${long(42)}:`]], message: 'a reserved address', allowed: 'at most 63 characters' },
  { what: 'a GKE pool name that is too long', code: 'name-too-long', edits: [[GKE, 'name: private', `name: ①${long(41)}`]], allowed: 'at most 40 characters' },
  { what: 'ports beyond the last', code: 'port-range', edits: [[HERON_NODES, 'base: 8000', 'base: ①65507']], value: 65507, allowed: 'ports.base from 1 to 65506' },
  { what: 'node ports outside their range', code: 'port-range', edits: [[NODES, 'reach: {via: loadBalancer}', 'reach: {via: nodePort, address: 192.0.2.9}'], [NODES, 'base: 30000', 'base: ①32760']], allowed: 'ports.base from 30000 to 32758' },
  { what: 'overlapping ports', code: 'port-overlap', edits: [[NODES, 'base: 9010', 'base: ①9009'], [NODES, 'base: 9000', 'base: ②9000']], value: '9009-9018', message: '"val-0" (9000-9009)' },
  { what: 'overlapping ports of two networks', code: 'port-overlap', edits: [[HERON_NODES, 'base: 8000', 'base: ②8990'], [NODES, 'base: 9000', 'base: ①9000'], [NODES, 'base: 9010', 'base: 9020']] },
  { what: 'a range that starts inside its mask', code: 'wrong-range', edits: [[GKE, 'machines: 10.0.0.0/20', 'machines: ①10.0.1.0/20']], value: '10.0.1.0/20', allowed: '10.0.0.0/20' },
  { what: 'a control plane range of another size', code: 'wrong-range', edits: [[GKE, 'controlPlane: 10.2.0.0/28', 'controlPlane: ①10.2.0.0/27']], allowed: 'a /28' },
  { what: 'a tombstone of a cluster that is declared', code: 'tombstone-stands', edits: withTombstones('{ cluster: ①gke-a, cloud: gcp, project: example-staking, region: europe-west1, destroyed: false }'), places: ['clusters/gke-a.yaml:1:1'], value: 'gke-a', next: 'take clusters/gke-a.yaml' },
  { what: 'a cluster declared again beside its tombstone', code: 'tombstone-stands', edits: withTombstones('{ cluster: ①eks-b, cloud: aws, account: "012345678901", region: eu-central-1, destroyed: true }'), places: ['clusters/eks-b.yaml:1:1'], message: 'of an earlier cluster of that name', next: 'Remove the tombstone' },
  { what: 'two tombstones of one cluster', code: 'duplicate-tombstone', edits: withTombstones('{ cluster: ②gke-z, cloud: gcp, project: example-staking, region: europe-west1, destroyed: false }', '{ cluster: ①gke-z, cloud: gcp, project: example-staking, region: europe-west1, destroyed: true }'), value: 'gke-z' },
  { what: 'overlapping ranges of two clusters', code: 'range-overlap', edits: [[EKS, 'machines: 10.64.0.0/16', 'machines: ①10.17.0.0/16'], [GKE, 'pods: 10.16.0.0/14', 'pods: ②10.16.0.0/14']], value: '10.17.0.0/16' },
  { what: 'overlapping ranges of one cluster', code: 'range-overlap', edits: [[EKS, 'services: 10.65.0.0/20', 'services: ①10.64.16.0/20'], [EKS, 'machines: 10.64.0.0/16', 'machines: ②10.64.0.0/16']] },

  // Infrastructure
  { what: 'the pool that is everybody else\'s', code: 'wrong-value', edits: [[EKS, 'name: private', 'name: ①system']], value: 'system', allowed: 'any name but "system"' },
  { what: 'a version of the other cloud\'s machines on GKE', code: 'wrong-value', edits: [[GKE, 'machineType: n2-standard-16', 'machineType: n2-standard-16\n    machineVersion: ①1.34.1-20260101']], value: '1.34.1-20260101', allowed: 'a version of GKE' },
  { what: 'GKE machines newer than their control plane', code: 'wrong-value', edits: [[GKE, 'machineType: n2-standard-16', 'machineType: n2-standard-16\n    machineVersion: ①1.35.1-gke.100']], next: 'Upgrade the control plane first' },
  { what: 'GKE machines three minors behind', code: 'wrong-value', edits: [[GKE, 'machineType: n2-standard-16', 'machineType: n2-standard-16\n    machineVersion: ①1.31.1-gke.100']] },
  { what: 'a span that ends before it begins', code: 'wrong-value', edits: [...GOOGLE, [INFRASTRUCTURE_FILE, 'to: "2027-01-04"', 'to: ①"2026-12-01"']], value: '2026-12-01' },
  { what: 'a span that is longer than GKE leaves anything alone', code: 'wrong-value', edits: [...GOOGLE, [INFRASTRUCTURE_FILE, 'to: "2027-01-04"', 'to: ①"2027-01-17"']], allowed: 'at most 30 days' },
  { what: 'more spans than GKE takes', code: 'wrong-value', edits: [...GOOGLE, [INFRASTRUCTURE_FILE, '    - { name: year-end', `${['a', 'b', 'c'].map((name) => `    - { name: ${name}, from: "2026-05-01", to: "2026-05-02" }\n`).join('')}    - ①{ name: year-end`]], value: 4, allowed: 'at most 3' },
  { what: 'upgrades held until before they are', code: 'wrong-value', edits: [...GOOGLE, [INFRASTRUCTURE_FILE, 'until: "2027-02-28"', 'until: ①"2026-10-31"']], allowed: '2026-11-01 or later' },
  { what: 'a NAT without ports for the machines that there may be', code: 'nat-too-small', edits: [...GOOGLE, [INFRASTRUCTURE_FILE, 'natPortsPerMachine: 4096', 'natPortsPerMachine: 16384'], [INFRASTRUCTURE_FILE, 'natAddresses: 2', 'natAddresses: ①2'], [GKE, 'pools:', '②pools:']], value: 2, allowed: 'at least 3 addresses', message: 'ports for 7 machines at 16384 each, but its private pools may have 11' },
  { what: 'a home where no cluster is', code: 'home-without-cluster', edits: [...GOOGLE, [INFRASTRUCTURE_FILE, 'cloud: gcp\n  region: europe-west1', 'cloud: gcp\n  region: ①us-east4']], value: 'us-east4', allowed: ['europe-west1'] },

  // Reach
  { what: 'a reach that the role can not work with', code: 'unsupported-reach', edits: [[NODES, 'reach: {via: loadBalancer}', 'reach: {via: ①outbound}']], allowed: ['loadBalancer', 'nodePort', 'hostNetwork'], message: 'a sentry has to be dialled' },
  { what: 'a reach that the chain can not work with', code: 'unsupported-reach', edits: [[HERON_NODES, 'via: hostNetwork', 'via: ①nodePort'], [HERON_NODES, 'base: 8000', 'base: 31000']], message: 'chain "heron"' },
  {
    what: 'a host network reach without such a component',
    code: 'host-network-mismatch',
    edits: [[EKS_NODES, 'reach: {via: loadBalancer}', 'reach: {via: ①hostNetwork, address: discovered}'], [EKS, 'exposure: private', 'exposure: public']],
    allowed: ['outbound', 'loadBalancer', 'nodePort'],
  },
  { what: 'a host network component without such a reach', code: 'host-network-mismatch', edits: [[HERON_NODES, 'reach: {via: hostNetwork, address: discovered}', 'reach: {via: ①outbound}']], allowed: ['hostNetwork'] },
  { what: 'a running node without its recorded address', code: 'unrecorded-address', edits: [[OBSERVED, 'addresses:\n  sentry-0:\n    engine: 192.0.2.10\n', ''], [NODES, 'reach: {via: loadBalancer}', 'reach: {via: ①loadBalancer}']], value: 'engine', next: 'Apply the infrastructure with the node stopped, record what it was given, then start the node.' },
  {
    what: 'a load balancer on EKS without its Elastic IP allocation',
    code: 'unrecorded-address',
    edits: [
      [EKS_NODES, 'state: stopped', 'state: running'],
      [EKS_NODES, 'reach: {via: loadBalancer}', 'reach: {via: ①loadBalancer}'],
      ['observed/eks-b.yaml', 'addresses:\n  val-2:\n    engine: 192.0.2.20\n'],
    ],
    message: 'no Elastic IP allocation of its engine is recorded',
    value: 'engine',
  },

  // Peers and consumers
  { what: 'a peer of another role', code: 'wrong-peer', edits: [[NODES, 'sentries: [sentry-0]', 'sentries: [①val-1]'], [NODES, 'name: val-1', 'name: ②val-1']], message: 'its role is "validator"', allowed: ['sentry'] },
  { what: 'a retired peer', code: 'wrong-peer', edits: [[NODES, 'sentries: [sentry-0]', 'sentries: [①sentry-0]'], [NODES, 'name: sentry-0\n', 'name: ②sentry-0\n    state: retired\n']], message: 'it is retired' },
  { what: 'itself as a peer', code: 'wrong-peer', edits: [[EKS_NODES, 'name: val-2', 'name: ②val-2'], [EKS_NODES, 'mirror: val-1', 'mirror: ①val-2']], message: 'it is the node itself' },
  { what: 'a peer in another cluster', code: 'wrong-peer', edits: [[EKS_NODES, '      fee: fee-2', '      fee: fee-2\n      sentries: [①sentry-0]'], [NODES, 'name: sentry-0', 'name: ②sentry-0']], message: 'it is in cluster "gke-a"' },
  { what: 'a peer that two nodes could be', code: 'ambiguous-peer', edits: [[NODES, 'name: val-1', 'name: ②val-2'], [EKS_NODES, 'name: val-2', 'name: ①val-2'], [EKS_NODES, 'mirror: val-1', 'mirror: val-2']], value: 'val-2' },
  { what: 'a consumer among staking nodes', code: 'consumer-namespace', edits: [[HERON_NODES, '    size: small', '    size: small\n    consumers:\n      - {namespace: ①staking-otter-main, podLabels: {app: x}, component: node, ports: [rpc]}']] },
  { what: 'what the chain itself finds', code: 'chain-rule', edits: [[EKS_NODES, '    options:\n      fee: fee-2\n', '    ①options:\n']], message: 'a validator names who gets the fee', next: 'Add options.fee.' },

  // Pools
  { what: 'a taint of Kubernetes itself', code: 'wrong-taint', edits: [[EKS, 'key: stockade.dev/staking', 'key: ①node.kubernetes.io/staking']], value: 'node.kubernetes.io/staking:NoSchedule' },
  {
    what: 'a taint twice',
    code: 'wrong-taint',
    edits: [[EKS, '      - {key: stockade.dev/staking, value: otter', '      - {key: ②stockade.dev/staking, value: x, effect: NoSchedule}\n      - {key: ①stockade.dev/staking, value: otter']],
    message: 'is given twice',
  },
  { what: 'a zone of another region', code: 'zone-outside-region', edits: [[EKS, 'zones: [eu-central-1a]', 'zones: [eu-central-1a, ①eu-west-1a]']], value: 'eu-west-1a' },
  {
    what: 'a machine that contradicts the catalogue',
    code: 'wrong-machine',
    edits: [[EKS, '    machineType: m6i.4xlarge', '    machineType: m6i.4xlarge\n    machine: ①{cpus: 16, memoryGiB: 65, attachableVolumes: 20}']],
    value: '16 vCPUs and 65 GiB',
    allowed: '16 vCPUs and 64 GiB',
  },
  {
    what: 'a component larger than every machine',
    code: 'no-pool',
    edits: [
      [EKS_NODES, 'size: small', 'size: small\n    resources: {engine: {cpus: 200}}'],
      [EKS_NODES, 'zone: eu-central-1a', 'zone: ①eu-central-1a'],
      [EKS, 'pools:', '②pools:'],
    ],
    value: '200.05 CPU, 2 GiB memory, 1 volumes',
    allowed: ['private: of one m6i.4xlarge, pods can have 15.39 CPU, 57.1 GiB memory, 79 GiB boot disk, 19 volumes'],
  },
  { what: 'a pool that a component does not fit', code: 'pool-mismatch', edits: [[NODES, '    clients: {signer: seal}', '    clients: {signer: seal}\n    pools: {engine: ①public}'], [GKE, 'name: public', 'name: ②public']], value: 'public', message: 'its machines have public addresses' },
  { what: 'more machines than a pool may have', code: 'pool-too-small', edits: [[GKE, 'maxMachinesPerZone: 4\n    headroomMachines: 1', 'maxMachinesPerZone: ①1\n    headroomMachines: 1'], [HERON_NODES, 'name: heron-0', 'name: ②heron-0']], value: 2, allowed: 'at most 1, as its maxMachinesPerZone says' },
  {
    what: 'large and small components on the same machines',
    code: 'pool-fragmented',
    level: 'warning',
    edits: [
      [EKS, 'maxMachinesPerZone: 4', 'maxMachinesPerZone: 20'],
      [EKS, 'headroomMachines: 0', 'headroomMachines: 9'],
      [EKS, 'name: private', 'name: ①private'],
      [EKS_NODES, 'nodes:\n', `nodes:\n${[12, 12, 12, 3.5, 3.5, 3.5, 3.5].map(sentryOf).join('')}`],
    ],
    value: 7,
    message: 'and 4 would hold what is placed there',
  },

  // What Amazon can't build
  { what: 'an EKS cluster in one zone', code: 'zones-unfit', edits: [...AMAZON, [EKS, 'zones: [eu-central-1a, eu-central-1b]', 'zones: ①[eu-central-1a]']], allowed: 'at least 2 zones', message: 'a control plane in two at least' },
  { what: 'a local zone', code: 'zones-unfit', edits: [...AMAZON, [EKS, 'eu-central-1b]', '①eu-central-1-ham-1a]']], value: 'eu-central-1-ham-1a' },
  { what: 'a zone of the management network elsewhere', code: 'zones-unfit', edits: [...AMAZON, [INFRASTRUCTURE, 'zones: [eu-central-1a, eu-central-1b]', 'zones: [eu-central-1a, ①eu-west-1b]']], value: 'eu-west-1b' },
  { what: 'a VPC too small for six zones', code: 'wrong-range', edits: [...AMAZON, [EKS, 'machines: 10.64.0.0/16', 'machines: ①10.64.0.0/21']], allowed: 'a /16 to a /20' },
  { what: 'a VPC larger than Amazon makes one', code: 'wrong-range', edits: [...AMAZON, [EKS, 'machines: 10.64.0.0/16', 'machines: ①10.66.0.0/15']], allowed: 'a /16 to a /20' },
  { what: 'a pods range too small for six zones', code: 'wrong-range', edits: [...AMAZON, [EKS, 'machines: 10.64.0.0/16', 'machines: 10.64.0.0/16\n  pods: ①100.64.0.0/21']], allowed: 'a /16 to a /20' },
  { what: 'a management network too small', code: 'wrong-range', edits: [...AMAZON, [INFRASTRUCTURE, 'range: 10.251.0.0/22', 'range: ①10.251.0.0/23']], allowed: 'a /16 to a /22' },
  { what: "a database's range too small", code: 'wrong-range', edits: [...atHomeOnAmazon('eu-central-1'), [INFRASTRUCTURE, 'range: 10.250.16.0/24', 'range: ①10.250.16.0/26']], allowed: 'a /16 to a /25' },
  { what: 'a home beside the management network', code: 'home-elsewhere', edits: atHomeOnAmazon('①eu-west-1'), value: 'eu-west-1', allowed: 'eu-central-1' },
  { what: "Atlantis' machine in a zone that its network does not have", code: 'wrong-value', edits: [...atHomeOnAmazon('eu-central-1'), [INFRASTRUCTURE, 'zone: eu-central-1a', 'zone: ①eu-central-1c']], value: 'eu-central-1c', allowed: 'eu-central-1a, eu-central-1b' },
  { what: "Atlantis' machine from the other cloud's image", code: 'wrong-value', edits: [...atHomeOnAmazon('eu-central-1'), [INFRASTRUCTURE, 'bootImage: ami-00000000', 'bootImage: ①projects/cos-cloud/global/images/family/cos-stable']], value: 'projects/cos-cloud/global/images/family/cos-stable' },
  { what: "Atlantis' machine beside its network on Google Cloud", code: 'wrong-value', edits: [...AMAZON, [INFRASTRUCTURE, 'zone: europe-west1-b', 'zone: ①europe-west4-b']], value: 'europe-west4-b', allowed: 'a zone of europe-west1, where the management network is' },
  { what: "Atlantis' machine on Google Cloud from Amazon's image", code: 'wrong-value', edits: [...AMAZON, [INFRASTRUCTURE, 'bootImage: projects/cos-cloud/global/images/family/cos-stable', 'bootImage: ①ami-00000000']], value: 'ami-00000000' },
  { what: 'a cluster in another account', code: 'foreign-account', edits: [...AMAZON, [EKS, 'account: "012345678901"', 'account: ①"999999999999"']], value: '999999999999', allowed: '012345678901' },
  { what: 'machines newer than their control plane', code: 'wrong-machine-version', edits: [...AMAZON, [EKS, 'machineType: m6i.4xlarge', 'machineType: m6i.4xlarge\n    machineVersion: ①1.34.0-20260101']], message: 'newer than the control plane' },
  { what: 'machines too old for their control plane', code: 'wrong-machine-version', edits: [...AMAZON, [EKS, 'machineType: m6i.4xlarge', 'machineType: m6i.4xlarge\n    machineVersion: ①1.29.0-20260101']], message: 'more than 3 minor versions older' },
  { what: "a version of the other cloud's machines", code: 'wrong-machine-version', edits: [...AMAZON, [EKS, 'machineType: m6i.4xlarge', 'machineType: m6i.4xlarge\n    machineVersion: ①1.33.0-gke.100']], message: 'not a release of the EKS machine image' },
  { what: 'system machines newer than a control plane', code: 'wrong-machine-version', edits: [...AMAZON, [INFRASTRUCTURE, 'systemPool: { machineType: m6i.xlarge,', 'systemPool: { machineVersion: ①1.34.0-20260101, machineType: m6i.xlarge,']], message: 'the system pool' },
  { what: 'a load balancer on EKS to ports that no machine asks for by number', code: 'port-range', edits: [...AMAZON, [EKS_NODES, 'base: 31900', 'base: ①9000']], value: 9000 },
  { what: 'a node group with too long a name', code: 'name-too-long', edits: [...AMAZON, [EKS, 'name: private', `name: ①${long(51)}`]], allowed: 'at most 49 characters' },

  // Limits
  {
    what: 'too many keys on one client',
    code: 'concentration',
    edits: [
      [SETTINGS, 'maxPercent: 80', 'maxPercent: ①50'],
      [NODES, 'clients: {signer: seal}', 'clients: {signer: stamp}'],
      [NODES, '    keys: ["0xaaaa0001", "0xaaaa0002"]', '    ②keys: ["0xaaaa0001", "0xaaaa0002"]'],
      [NODES, '    keys: ["0xAAAA0000"]', '    ③keys: ["0xAAAA0000"]'],
    ],
    value: 75,
    allowed: 'at most 50 %',
    message: 'signer client "stamp" holds 3 of 4 validator keys of network "otter-main"',
  },
  {
    what: 'too many keys in one region, as a warning',
    code: 'concentration',
    level: 'warning',
    edits: [
      [SETTINGS, '    - of: client\n      component: signer\n', '    - of: region\n'],
      [SETTINGS, 'maxPercent: 80', 'maxPercent: ①70'],
      [SETTINGS, 'level: error', 'level: warning'],
      [NODES, '    keys: ["0xaaaa0001", "0xaaaa0002"]', '    ②keys: ["0xaaaa0001", "0xaaaa0002"]'],
      [NODES, '    keys: ["0xAAAA0000"]', '    ③keys: ["0xAAAA0000"]'],
    ],
    message: 'gcp region "europe-west1" holds 3 of 4',
  },
];

function bridge(name: string, role: string, component: string, base: number): string {
  return `  - {name: ${name}, state: stopped, role: ${role}, zone: eu-central-1a, clients: {${component}: span}, size: small, ring: all, reach: {via: outbound}, keys: [], ports: {base: ${base}}}\n`;
}

function spanClient(component: string): string {
  return `  ${component}:\n    span:\n      image: ghcr.io/example/span\n      releases: [{version: 1.0.0, dataSchema: 1}]\n      rings: {canary: 1.0.0, all: 1.0.0}\n`;
}

function onlyNode(name: string, key: string): string {
  return `nodes:\n  - name: ${name}\n    state: stopped\n    role: validator\n    zone: europe-west1-b\n    clients: {engine: oak, signer: seal}\n    size: small\n    ring: all\n    reach: {via: outbound}\n    keys: [${key}]\n    ports: {base: 9500}\n    options: {fee: fee-1}\n`;
}

/** The example fleet's, in the account of the base fleet. */
function infrastructure(): string {
  return readFileSync(join(__dirname, '..', '..', 'fleet', 'infrastructure.yaml'), 'utf8').replaceAll('111122223333', '012345678901');
}
