import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import type { ChainNode, Reach } from '../../model/catalogue';
import { cosmos } from '../../chains/cosmos';
import type { ComponentSpec } from '../../chains/component';
import { everySampleOf, exampleKey, releases, sampleNode } from './every-chain';

const samples = everySampleOf(cosmos);

const rendered = (node: ChainNode): ComponentSpec => cosmos.components(node)[0] as ComponentSpec;

function file(node: ChainNode, name: string): Record<string, unknown> {
  return parse(rendered(node).config!.find((folder) => folder.name === 'config')!.files[name]!);
}

interface Config {
  readonly genesis_file: string;
  readonly node_key_file: string;
  readonly priv_validator_key_file: string;
  readonly priv_validator_state_file: string;
  readonly rpc: Record<string, unknown>;
  readonly p2p: Record<string, unknown>;
  readonly consensus: Record<string, unknown>;
  readonly instrumentation: Record<string, unknown>;
}
const configOf = (node: ChainNode) => file(node, 'config.toml') as unknown as Config;
const problemsOf = (node: ChainNode) => cosmos.check(node).map(({ path, problem }) => `${path.join('.')}: ${problem}`);
const differing = (variant: string, options: Record<string, unknown>, rest: Partial<ChainNode> = {}) => sampleNode(cosmos, variant, { ...rest, options });

describe('config.toml', () => {
  it('of a sentried validator knows its sentries and nobody else', () => {
    const node = sampleNode(cosmos, 'sentried validator');
    expect(rendered(node).config![0]!.files['config.toml']).toBe(`\
moniker = "cosmos-0"
log_level = "info"
log_format = "json"
genesis_file = "genesis/genesis-860040f5626f.json"
priv_validator_key_file = "/secrets/validator-key/priv_validator_key.json"
priv_validator_state_file = "/signing-state/priv_validator_state.json"
priv_validator_laddr = ""
node_key_file = "/secrets/node-key/node_key.json"

[rpc]
laddr = "tcp://0.0.0.0:26657"
cors_allowed_origins = []
unsafe = false
grpc_laddr = ""
pprof_laddr = ""

[p2p]
laddr = "tcp://0.0.0.0:30400"
external_address = ""
seeds = ""
persistent_peers = "NEAR@sentry-near-node-sentry.staking-cosmoshub-4.svc.cluster.local:30410,FAR@198.51.100.42:30420"
unconditional_peer_ids = "NEAR,FAR"
private_peer_ids = ""
addr_book_file = "/chain-data/data/addrbook.json"
addr_book_strict = false
pex = false
seed_mode = false
allow_duplicate_ip = false

[statesync]
enable = false

[consensus]
timeout_commit = "5s"
double_sign_check_height = 10

[tx_index]
indexer = "null"

[instrumentation]
prometheus = true
prometheus_listen_addr = ":26660"
`.replaceAll('NEAR', id(node.peers['sentry-near']!)).replaceAll('FAR', id(node.peers['sentry-far']!)));
  });

  it('of a sentry meets the network, and keeps its validators private', () => {
    const node = sampleNode(cosmos, 'sentry', { reach: { via: 'loadBalancer', addresses: { node: '198.51.100.1' } } });
    const { p2p, ...rest } = configOf(node);
    const [near, far] = ['validator-near', 'validator-far'].map((name) => id(node.referrers[name]!));
    const { seeds, persistentPeers } = node.networkOptions as { seeds: string[]; persistentPeers: string[] };
    expect(p2p).toEqual({
      laddr: 'tcp://0.0.0.0:30400',
      external_address: '198.51.100.1:30400',
      seeds: seeds[0],
      persistent_peers: `${persistentPeers[0]},${near}@validator-near-node-sentry.staking-cosmoshub-4.svc.cluster.local:30410`,
      unconditional_peer_ids: `${far},${near}`,
      private_peer_ids: `${far},${near}`,
      addr_book_file: '/chain-data/data/addrbook.json',
      addr_book_strict: true,
      pex: true,
      seed_mode: false,
      allow_duplicate_ip: true,
    });
    expect(rest).toMatchObject({
      priv_validator_key_file: '/unused-key/priv_validator_key.json',
      priv_validator_state_file: '/unused-key/priv_validator_state.json',
      consensus: { timeout_commit: '5s' },
    });
    expect(rest.consensus).not.toHaveProperty('double_sign_check_height');
  });

  it('is the same whatever order a sentry\'s validators are found in', () => {
    const node = sampleNode(cosmos, 'sentry');
    const turned = { ...node, referrers: Object.fromEntries(Object.entries(node.referrers).reverse()) };
    expect(rendered(turned)).toEqual(rendered(node));
  });

  it('refuses the second connection from one address unless validators share a NAT', () => {
    const node = sampleNode(cosmos, 'sentry');
    const near = { 'validator-near': node.referrers['validator-near']! };
    expect(configOf({ ...node, referrers: near }).p2p['allow_duplicate_ip']).toBe(false);
  });

  it.each<[Reach, string]>([
    [{ via: 'outbound' }, ''],
    [{ via: 'loadBalancer', addresses: { node: '198.51.100.9' } }, '198.51.100.9:30400'],
    [{ via: 'loadBalancer', addresses: {} }, ''],
    [{ via: 'nodePort', address: '203.0.113.7' }, '203.0.113.7:30400'],
  ])('advertises where %j is dialled', (reach, expected) => {
    for (const variant of ['sentry', 'full', 'direct validator']) {
      expect(configOf(sampleNode(cosmos, variant, { reach })).p2p['external_address']).toBe(expected);
    }
  });

  it('leaves a sentry of another cluster out until its address is recorded', () => {
    const node = sampleNode(cosmos, 'sentried validator');
    const far = { ...node.peers['sentry-far']!, reach: { via: 'loadBalancer' as const, addresses: {} } };
    const waiting = { ...node, peers: { ...node.peers, 'sentry-far': far } };
    expect(configOf(waiting).p2p['persistent_peers']).not.toContain(id(far));
    expect(rendered(waiting).talksTo).toEqual([{ kind: 'component', node: 'sentry-near', component: 'node', ports: ['sentry'] }]);
  });

  it('has what the network tunes, and only that', () => {
    const node = sampleNode(cosmos, 'full', {
      networkOptions: { configToml: { db_backend: 'pebbledb', consensus: { timeout_propose: '1.8s' }, p2p: { flush_throttle_timeout: '80ms' }, mempool: { size: 7 } } },
    });
    const config = configOf(node);
    expect(config).toMatchObject({ db_backend: 'pebbledb', consensus: { timeout_propose: '1.8s', timeout_commit: '5s' }, mempool: { size: 7 } });
    expect(config.p2p).toMatchObject({ flush_throttle_timeout: '80ms', laddr: 'tcp://0.0.0.0:30400' });
  });

  it.each([
    { rpc: { unsafe: true } },
    { priv_validator_laddr: 'tcp://0.0.0.0:26659' },
    { p2p: { persistent_peers: '' } },
    { p2p: { pex: true } },
    { consensus: { double_sign_check_height: 0 } },
    { consensus: { wal_file: '/tmp/wal' } },
  ])('can not be tuned to %j', (configToml) => {
    expect(() => sampleNode(cosmos, 'full', { networkOptions: { configToml } })).toThrow(/Unrecognized key/);
  });
});

describe('every Cosmos node', () => {
  it('says in every config.toml what its role and reach say', () => {
    for (const { label, node } of samples) {
      const { p2p, rpc, instrumentation, ...top } = configOf(node);
      const validator = node.role === 'validator';
      const sentried = 'sentries' in node.options;
      expect(p2p['pex'], label).toBe(!sentried);
      expect(p2p['seeds'] === '', label).toBe(sentried);
      expect(top.priv_validator_key_file.startsWith('/secrets/'), label).toBe(validator);
      expect(top.priv_validator_state_file.startsWith('/signing-state/'), label).toBe(validator);
      expect(top.node_key_file, label).toBe('/secrets/node-key/node_key.json');
      expect(rpc['laddr'], label).toBe('tcp://0.0.0.0:26657');
      expect(rpc['unsafe'], label).toBe(false);
      expect(instrumentation, label).toEqual({ prometheus: true, prometheus_listen_addr: ':26660' });
    }
  });

  it('has its keys where the agent writes them, and its state where its volume is', () => {
    for (const { label, node } of samples) {
      const { secrets = [], volumes, signs, temporary = [], writableSecrets } = rendered(node);
      const config = configOf(node);
      const paths = secrets.map(({ path }) => path);
      expect(paths, label).toContain(config.node_key_file);
      expect(paths.includes(config.priv_validator_key_file), label).toBe(signs);
      // A key that is missing must not be made: the client has the folder read-only.
      expect(writableSecrets, label).toBeUndefined();
      expect(volumes.map(({ name, kind, mountPath }) => [name, kind, mountPath]), label).toEqual([
        ['chain-data', 'chain-data', '/chain-data'],
        ...(signs ? [['signing-state', 'signing-state', '/signing-state']] : []),
      ]);
      expect(temporary.map(({ mountPath, medium }) => [mountPath, medium]), label).toEqual(signs ? [] : [['/unused-key', 'memory']]);
    }
  });

  it('gets all three files that the client would write where it misses them, and its genesis by checksum', () => {
    for (const { label, node } of samples) {
      const { config = [], prepare } = rendered(node);
      expect(config[0]!.mountPath, label).toBe('/chain-data/config');
      expect(Object.keys(config[0]!.files), label).toEqual(['config.toml', 'app.toml', 'client.toml']);
      const { url, sha256 } = node.genesis as { url: string; sha256: string };
      const genesisFile = configOf(node).genesis_file;
      expect(prepare, label).toContainEqual({ kind: 'fetch', url, sha256, to: `/chain-data/${genesisFile}` });
      // The SDK joins home and this path without looking whether it is absolute.
      expect(genesisFile.startsWith('/'), label).toBe(false);
      expect(file(node, 'app.toml')['chain-id'], label).toBe('cosmoshub-4');
      expect(file(node, 'client.toml'), label).toMatchObject({ 'chain-id': 'cosmoshub-4', 'keyring-backend': 'memory' });
    }
  });

  it('opens P2P to the world only where the role meets it', () => {
    for (const { label, node } of samples) {
      const { ports, egress, talksTo } = rendered(node);
      const listening = ports.filter(({ port }) => port === node.portBase).map(({ purpose }) => purpose);
      const sentried = 'sentries' in node.options;
      expect(listening, label).toEqual(sentried ? ['sentry'] : node.role === 'sentry' ? ['p2p', 'sentry'] : ['p2p']);
      expect(egress, label).toEqual(sentried ? [] : ['p2p']);
      if (!sentried && node.role !== 'sentry') expect(talksTo, label).toEqual([]);
    }
  });

  it('serves REST and gRPC where a full node asks for them', () => {
    const { ports } = rendered(sampleNode(cosmos, 'full with APIs'));
    expect(ports.filter(({ purpose }) => purpose === 'rpc').map(({ name, port }) => [name, port])).toEqual([
      ['rpc', 26657],
      ['api', 1317],
      ['grpc', 9090],
    ]);
    expect(file(sampleNode(cosmos, 'full with APIs'), 'app.toml')).toMatchObject({
      api: { enable: true },
      grpc: { enable: true },
      pruning: 'custom',
      'pruning-keep-recent': '100',
      'pruning-interval': '10',
      'state-sync': { 'snapshot-interval': 1000 },
    });
    expect(file(sampleNode(cosmos, 'full'), 'app.toml')).toMatchObject({ api: { enable: false }, grpc: { enable: false }, pruning: 'default' });
  });
});

describe('sentries and validators', () => {
  it('reach each other both ways inside a cluster, and the validator alone dials out of it', () => {
    expect(rendered(sampleNode(cosmos, 'sentried validator')).talksTo).toEqual([
      { kind: 'component', node: 'sentry-near', component: 'node', ports: ['sentry'] },
      { kind: 'address', address: '198.51.100.42', port: 30420, protocol: 'TCP' },
    ]);
    expect(rendered(sampleNode(cosmos, 'sentry')).talksTo).toEqual([{ kind: 'component', node: 'validator-near', component: 'node', ports: ['sentry'] }]);
  });

  it('are named by the validator', () => {
    expect(cosmos.peers(sampleNode(cosmos, 'sentried validator').options)).toEqual([
      { node: 'sentry-near', path: ['sentries', 0], roles: ['sentry'], sameCluster: false },
      { node: 'sentry-far', path: ['sentries', 1], roles: ['sentry'], sameCluster: false },
    ]);
    expect(cosmos.peers(sampleNode(cosmos, 'full').options)).toEqual([]);
  });
});

describe('the first start', () => {
  const seed = { kind: 'seed', from: '/first-start/priv_validator_state.json', to: '/signing-state/priv_validator_state.json' };

  it('puts the state of a key that never signed in place, where there is none', () => {
    const { config = [], prepare = [] } = rendered(sampleNode(cosmos, 'sentried validator', { firstStart: true }));
    expect(config[1]).toEqual({
      name: 'first-start',
      mountPath: '/first-start',
      files: { 'priv_validator_state.json': '{"height":"0","round":0,"step":0}\n' },
    });
    expect(prepare.at(-1)).toEqual(seed);
  });

  it('is the only start at which anything is done to the signing volume', () => {
    for (const { label, node } of samples) {
      const touching = (rendered(node).prepare ?? []).filter((step) => JSON.stringify(step).includes('/signing-state'));
      expect(touching, label).toEqual(node.role === 'validator' && node.firstStart ? [seed] : []);
    }
  });
});

describe('clients', () => {
  it.each([
    ['gaia', undefined, ['gaiad'], ['start', '--home=/chain-data']],
    ['osmosis', undefined, ['osmosisd'], ['start', '--home=/chain-data', '--reject-config-defaults=true']],
    ['junod', 'junod', ['junod'], ['start', '--home=/chain-data', '--x-flag=1']],
  ])('%s runs its program', (client, binary, command, args) => {
    const node = sampleNode(cosmos, 'full', {
      clients: releases(cosmos, { node: client }),
      networkOptions: { binary, startFlags: client === 'junod' ? ['--x-flag=1'] : [] },
    });
    expect(problemsOf(node)).toEqual([]);
    expect([rendered(node).command, rendered(node).args]).toEqual([command, args]);
  });

  it('that nobody knows need their program declared', () => {
    const node = sampleNode(cosmos, 'full', { clients: releases(cosmos, { node: 'junod' }), networkOptions: { binary: undefined } });
    expect(cosmos.check(node)).toEqual([
      {
        path: ['clients', 'node'],
        problem: 'the program of client "junod" is not known',
        next: 'Name it as `binary` in the options of network "cosmoshub-4". Known are gaia, osmosis.',
      },
    ]);
  });

  it('may add tables to app.toml', () => {
    const node = sampleNode(cosmos, 'full', { networkOptions: { appToml: { wasm: { memory_cache_size: 100 }, 'iavl-cache-size': 781250 } } });
    expect(file(node, 'app.toml')).toMatchObject({ wasm: { memory_cache_size: 100 }, 'iavl-cache-size': 781250 });
  });

  it.each([{ api: { enable: true } }, { 'minimum-gas-prices': '0uatom' }, { 'chain-id': 'other' }, { 'halt-height': 5 }])('may not set %j in app.toml', (appToml) => {
    expect(() => sampleNode(cosmos, 'full', { networkOptions: { appToml } })).toThrow(/is decided by the node's declaration/);
  });

  it.each(['--home=/tmp', '--p2p.laddr=tcp://0.0.0.0:1', '--rpc.unsafe', '--priv_validator_laddr=x', '--minimum-gas-prices=0uatom', '--unsafe-skip-upgrades=5'])(
    'may not start with %s',
    (flag) => {
      expect(() => sampleNode(cosmos, 'full', { networkOptions: { startFlags: [flag] } })).toThrow(/is decided by the node's declaration/);
    },
  );
});

describe('the genesis', () => {
  it('is a file of the configuration where it is small', () => {
    const node = sampleNode(cosmos, 'full', { genesis: { file: 'genesis/example.json', sha256: 'ab'.repeat(32) }, genesisContent: '{"chain_id":"x"}' });
    expect(configOf(node).genesis_file).toBe('config/genesis.json');
    expect(rendered(node).config![0]!.files['genesis.json']).toBe('{"chain_id":"x"}');
    expect(rendered(node).prepare!.map(({ kind }) => kind)).toEqual(['directory']);
  });

  it('must fit a ConfigMap', () => {
    const node = sampleNode(cosmos, 'full', { genesis: { file: 'genesis/example.json', sha256: 'ab'.repeat(32) }, genesisContent: 'x'.repeat(800_000) });
    expect(problemsOf(node)).toEqual(['network: the genesis has 800000 bytes, more than a ConfigMap can carry (786432)']);
  });

  it('must be plain JSON', () => {
    const node = sampleNode(cosmos, 'full', { genesis: { url: 'https://example.com/genesis.json.gz', sha256: 'ab'.repeat(32) } });
    expect(problemsOf(node)).toEqual(['network: the genesis at https://example.com/genesis.json.gz is packed, and the node reads plain JSON']);
  });
});

describe('mistakes that only this chain can see', () => {
  it('a validator that does not say how it meets the network', () => {
    expect(problemsOf(differing('direct validator', { directP2P: undefined }))).toEqual(['options.sentries: how this validator meets the network is not declared']);
  });

  it('a validator with sentries that meets the network itself', () => {
    expect(problemsOf(differing('sentried validator', { directP2P: true }))).toEqual([
      'options.directP2P: this validator has sentries and says that it meets the network itself',
    ]);
  });

  it('a list of no sentries', () => {
    expect(() => differing('sentried validator', { sentries: [] })).toThrow(/expected array to have >=1 items/);
  });

  it('a sentried validator that is reachable itself', () => {
    for (const reach of [{ via: 'nodePort', address: '203.0.113.7' }, { via: 'loadBalancer', addresses: { node: '198.51.100.1' } }] as const) {
      expect(problemsOf(sampleNode(cosmos, 'sentried validator', { reach }))).toEqual([
        `reach.via: a validator with sentries must not be reachable itself, and this one is by ${reach.via}`,
      ]);
    }
  });

  it('a sentry named twice, and one that this cluster can not reach', () => {
    const node = sampleNode(cosmos, 'sentried validator', { options: { sentries: ['sentry-near', 'sentry-near'] } });
    expect(problemsOf(node)).toEqual(['options.sentries.1: sentry "sentry-near" is named twice']);
    const far = { ...sampleNode(cosmos, 'sentried validator').peers['sentry-far']!, reach: { via: 'outbound' as const } };
    expect(problemsOf({ ...sampleNode(cosmos, 'sentried validator'), peers: { 'sentry-far': far } })).toEqual([
      'options.sentries.1: sentry "sentry-far" is in another cluster and reached by nobody there (`via: outbound`)',
    ]);
  });

  it('no node id where others need it, or one that a sentry has', () => {
    expect(problemsOf(differing('sentry', { publicNodeId: undefined }))).toEqual(['options.publicNodeId: a sentry must name its node id: validators dial it by that']);
    expect(problemsOf(differing('sentried validator', { publicNodeId: undefined }))).toEqual([
      'options.publicNodeId: a validator with sentries must name its node id: they keep it private by that',
    ]);
    const shared = id(sampleNode(cosmos, 'sentried validator').peers['sentry-near']!);
    expect(problemsOf(differing('sentried validator', { publicNodeId: shared }))).toEqual([`options.publicNodeId: sentry "sentry-near" has the same node id ${shared}`]);
    expect(() => differing('sentry', { publicNodeId: 'ABC' })).toThrow(/must be a node id: 40 lower case/);
  });

  it('a validator\'s options on another role', () => {
    expect(problemsOf(differing('full', { sentries: ['sentry-near'], directP2P: true, publicNodeId: 'ab'.repeat(20) }))).toEqual([
      'options.sentries: a full node has no sentries: they are a validator\'s',
      'options.directP2P: a full node has no directP2P: they are a validator\'s',
    ]);
  });

  it('an address that CometBFT can not find out', () => {
    expect(problemsOf(sampleNode(cosmos, 'full', { reach: { via: 'nodePort', address: 'discovered' } }))).toEqual([
      'reach.address: CometBFT does not find out its public address: nobody would learn where to dial',
    ]);
  });

  it.each([26657, 26660, 1317, 9090])('P2P on port %i, which is RPC\'s, metrics\', REST\'s or gRPC\'s', (portBase) => {
    expect(problemsOf(sampleNode(cosmos, 'full', { portBase }))).toEqual([`ports.base: port ${portBase} is taken inside the node, by its RPC, metrics, REST or gRPC`]);
  });

  it('gas prices in a denomination that pays no fees, or twice in one', () => {
    expect(problemsOf(differing('full', { minimumGasPrices: '0.005atom' }))).toEqual([
      'options.minimumGasPrices: "0.005atom" has no price in uatom, in which this network\'s fees are paid',
    ]);
    expect(problemsOf(differing('full', { minimumGasPrices: '0.005uatom,1uatom' }))).toEqual([
      'options.minimumGasPrices: "0.005uatom,1uatom" has two prices in uatom',
    ]);
  });

  it.each(['', 'uatom', '0.005', '0.005 uatom', '0.005uatom;', '-1uatom', '0.005uatom,'])('gas prices written "%s"', (minimumGasPrices) => {
    expect(() => differing('full', { minimumGasPrices })).toThrow(/must be amounts with their base denomination/);
  });

  it('no gas prices at all', () => {
    expect(() => differing('full', { minimumGasPrices: undefined })).toThrow(/minimumGasPrices/);
  });

  it('snapshots of a node that keeps nothing, and APIs of one that serves nobody', () => {
    expect(problemsOf(differing('full', { pruning: 'everything', snapshotInterval: 100 }))).toEqual([
      'options.snapshotInterval: the client refuses to start with snapshots and `pruning: everything`',
    ]);
    expect(problemsOf(differing('direct validator', { api: true, grpc: true }))).toEqual([
      'options.api: a validator node does not serve api',
      'options.grpc: a validator node does not serve grpc',
    ]);
  });

  it('sizes of what is not there', () => {
    expect(problemsOf(sampleNode(cosmos, 'full', { resources: { node: { volumesGiB: { 'signing-state': 5 } }, execution: { cpus: 1 } } }))).toEqual([
      'resources.node.volumesGiB.signing-state: component "node" of this node has no volume "signing-state"',
      'resources.execution: this node has no component "execution"',
    ]);
  });
});

describe('a consensus key', () => {
  const seed = 20261122;

  it('is found equal to itself however it is written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const key = Buffer.from(bytes).toString('base64');
        const shown = JSON.stringify({ '@type': '/cosmos.crypto.ed25519.PubKey', key });
        expect([key, ` ${key}\n`, shown].map((spelling) => cosmos.parseKey(spelling))).toEqual(Array(3).fill({ canonical: key }));
      }),
      { seed },
    );
  });

  it('of another length is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }).filter(({ length }) => length !== 32), (bytes) => {
        const parsedKey = cosmos.parseKey(Buffer.from(bytes).toString('base64'));
        expect('problem' in parsedKey && parsedKey.problem).toBe(`is ${bytes.length} bytes of base64; an ed25519 public key has 32`);
      }),
      { seed },
    );
  });

  it.each([
    [Buffer.alloc(64, 1).toString('base64'), 'is 64 bytes of base64; an ed25519 public key has 32', 'This is as long as a private key. If it is one, treat it as leaked.'],
    // The last letter carries two bits that a decoder may ignore: two spellings, one key.
    [`${Buffer.alloc(32).toString('base64').slice(0, 42)}B=`, 'is not base64', 'Give the base64 that `comet show-validator` prints, 44 characters that end in "=".'],
    ['cosmosvalcons1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqh7nkfy', 'is a bech32 address or key, of which there are several for one key', 'Give the base64 that `comet show-validator` prints.'],
    [
      '{"@type":"/cosmos.crypto.secp256k1.PubKey","key":"AA=="}',
      'is JSON, but not an ed25519 consensus key of the SDK ("@type": "/cosmos.crypto.ed25519.PubKey")',
      'Paste what `comet show-validator` prints.',
    ],
  ])('%s is refused', (key, problem, next) => {
    expect(cosmos.parseKey(key)).toEqual({ problem, next });
  });

  it('of the examples is one', () => {
    expect(cosmos.parseKey(exampleKey(cosmos, 3))).toEqual({ canonical: exampleKey(cosmos, 3) });
  });
});

const id = ({ options }: { options: Readonly<Record<string, unknown>> }): string => String(options['publicNodeId']);
