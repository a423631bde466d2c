import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ethereum } from '../../chains/ethereum';
import { BEACON_API_PORT } from '../../chains/ethereum/links';
import { PORT_SPAN } from '../../chains/ethereum/ports';
import type { ComponentSpec } from '../../chains/component';
import type { ChainNode, ClientRelease, PeerNode, Reach } from '../../model/catalogue';

const EXECUTION = ['geth', 'nethermind', 'reth', 'besu', 'erigon'] as const;
const CONSENSUS = ['lighthouse', 'prysm', 'teku', 'nimbus', 'lodestar'] as const;

/** Not a key of anybody: a counter behind a first byte that makes it look like a point. */
const exampleKey = (index: number): string => `0x8e${index.toString(16).padStart(94, '0')}`;
const RELAY = `https://0x${'ac'.repeat(48)}@relay.example.org`;
const ADDRESS = '203.0.113.7';
const BASE = 30400;
const FEE_RECIPIENT = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

const release = (client: string, version = 'v1.0.0'): ClientRelease => ({ client, image: `registry.example.org/${client}`, version, dataSchema: 1 });

interface Choice {
  execution?: string;
  consensus?: string;
  validator?: string;
  reach?: Reach;
  options?: Record<string, unknown>;
  networkOptions?: Record<string, unknown>;
  node?: Partial<ChainNode>;
}

function node({ execution = 'geth', consensus = 'lighthouse', validator = 'lighthouse', reach = { via: 'outbound' }, ...rest }: Choice = {}): ChainNode {
  return {
    name: 'eth-0',
    network: 'hoodi-a',
    role: 'validator',
    size: 'standard',
    clients: {
      execution: release(execution),
      consensus: release(consensus),
      validator: release(validator),
      builder: release('mev-boost'),
    },
    keys: [exampleKey(1), exampleKey(2)],
    portBase: BASE,
    reach,
    firstStart: false,
    networkOptions: ethereum.networkOptions.parse({ network: 'hoodi', checkpointUrls: ['https://checkpoint.example.org'], relays: [RELAY], ...rest.networkOptions }),
    options: ethereum.nodeOptions.parse({ feeRecipient: FEE_RECIPIENT, doppelgangerProtection: true, ...rest.options }),
    resources: {},
    peers: {},
    referrers: {},
    ...rest.node,
  };
}

const built = (choice?: Choice): readonly ComponentSpec[] => ethereum.components(node(choice));
const component = (choice: Choice, name: string): ComponentSpec => built(choice).find((candidate) => candidate.name === name)!;
const argument = (spec: ComponentSpec, prefix: string): string | undefined =>
  spec.args.find((arg) => arg.startsWith(`${prefix}=`))?.slice(prefix.length + 1);

const REACHES: Readonly<Record<string, Reach>> = {
  outbound: { via: 'outbound' },
  'load balancer': { via: 'loadBalancer', addresses: { execution: ADDRESS, consensus: '203.0.113.8' } },
  'load balancer, not recorded': { via: 'loadBalancer', addresses: {} },
  'node port': { via: 'nodePort', address: ADDRESS },
  'node port, discovered': { via: 'nodePort', address: 'discovered' },
};

const COMBINATIONS = EXECUTION.flatMap((execution) =>
  CONSENSUS.flatMap((consensus) => CONSENSUS.map((validator) => ({ execution, consensus, validator }))),
);

const EVERY: readonly { title: string; choice: Choice }[] = COMBINATIONS.flatMap((clients) =>
  Object.entries(REACHES).flatMap(([reachName, reach]) =>
    [undefined, 'network'].map((relays) => ({
      title: `${clients.execution}/${clients.consensus}/${clients.validator}, ${reachName}${relays ? ', relays' : ''}`,
      choice: { ...clients, reach, options: relays ? { relays, graffiti: 'wall of stakes' } : {} },
    })),
  ),
);

const BUILT = EVERY.map(({ title, choice }) => ({ title, choice, all: built(choice) }));

/** Runs an assertion on every component of every combination, so that a failure names the combination. */
function everywhere(assertion: (spec: ComponentSpec, all: readonly ComponentSpec[], choice: Choice) => void): void {
  for (const { title, choice, all } of BUILT) {
    for (const spec of all) {
      try {
        assertion(spec, all, choice);
      } catch (error) {
        throw new Error(`${title}: ${spec.name}: ${(error as Error).message}`, { cause: error });
      }
    }
  }
}

/** Ports that arguments make the client listen on: not those of other hosts, not loopback. */
const listened = (spec: ComponentSpec): number[] =>
  spec.args
    .filter((arg) => !arg.includes('://') && !arg.includes('127.0.0.1'))
    .flatMap((arg) => [...arg.matchAll(/[=:,](\d{4,5})(?=$|,)/g)].map(([, port]) => Number(port)));

describe('every combination of clients', () => {
  it('is 125, each with its components, each client known to the catalogue', () => {
    expect(COMBINATIONS).toHaveLength(125);
    for (const clients of COMBINATIONS) {
      expect(ethereum.check(node(clients))).toEqual([]);
      expect(built(clients).map(({ name, client }) => [name, client])).toEqual([
        ['execution', clients.execution],
        ['consensus', clients.consensus],
        ['validator', clients.validator],
      ]);
    }
    expect(ethereum.clients).toEqual({ execution: EXECUTION, consensus: CONSENSUS, validator: CONSENSUS, builder: ['mev-boost'] });
  });

  it('shares one JWT file between execution and consensus, and holds it as a node secret', () => {
    for (const { all } of BUILT) {
      for (const name of ['execution', 'consensus']) {
        const spec = all.find((candidate) => candidate.name === name)!;
        expect(spec.args.filter((arg) => arg.endsWith('=/secrets/jwt/jwt.hex'))).toHaveLength(1);
        expect(spec.secrets).toEqual([{ name: 'jwt', kind: 'nodeSecret', format: 'jwt-hex', path: '/secrets/jwt/jwt.hex' }]);
      }
    }
  });

  it('lets the consensus client find the Engine API while it is not ready, and allows the way', () => {
    everywhere((spec, all) => {
      if (spec.name !== 'consensus') return;
      expect(spec.args.some((arg) => arg.endsWith('=http://eth-0-execution-engine.staking-hoodi-a.svc.cluster.local:8551'))).toBe(true);
      expect(spec.talksTo).toContainEqual({ kind: 'component', component: 'execution', ports: ['engine'] });
      expect(all[0]!.ports).toContainEqual({ name: 'engine', port: 8551, protocol: 'TCP', purpose: 'engine' });
      expect(all[0]!.args.some((arg) => /8551$/.test(arg))).toBe(true);
    });
  });

  it('lets the validator client reach its own beacon node, on the port that it serves', () => {
    everywhere((spec, _all, choice) => {
      if (spec.name !== 'validator') return;
      const url = `http://eth-0-consensus.staking-hoodi-a.svc.cluster.local:${BEACON_API_PORT[choice.consensus!]}`;
      expect(spec.args.filter((arg) => arg.endsWith(`=${url}`))).toHaveLength(1);
      expect(spec.talksTo).toEqual([{ kind: 'component', component: 'consensus', ports: ['rpc'] }]);
      expect(spec.egress).toEqual([]);
    });
  });

  it('declares every port that its arguments name, and names every port that it declares', () => {
    everywhere((spec) => {
      const declared = spec.ports.map(({ port }) => port);
      const named = listened(spec);
      expect(named.filter((port) => !declared.includes(port))).toEqual([]);
      // Lodestar has no QUIC flag in older releases and listens on "port + 1" by default in newer ones.
      const implied = spec.client === 'lodestar' && spec.name === 'consensus' ? [BASE + 2] : [];
      expect(declared.filter((port) => !named.includes(port))).toEqual(implied);
    });
  });

  it('gives ports unique names of at most 15 characters, and no number twice per protocol', () => {
    everywhere((spec) => {
      const names = spec.ports.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(names.every((name) => /^[a-z][a-z0-9-]{0,14}$/.test(name))).toBe(true);
      const numbers = spec.ports.map(({ port, protocol }) => `${port}/${protocol}`);
      expect(new Set(numbers).size).toBe(numbers.length);
    });
  });

  it('keeps P2P ports, and only them, inside the span, without two components on one', () => {
    for (const { all } of BUILT) {
      const p2p = all.flatMap(({ ports }) => ports.filter(({ purpose }) => purpose === 'p2p'));
      expect(p2p.every(({ port }) => port >= BASE && port < BASE + PORT_SPAN)).toBe(true);
      expect(new Set(p2p.map(({ port, protocol }) => `${port}/${protocol}`)).size).toBe(p2p.length);
      expect(all.flatMap(({ ports }) => ports.filter(({ purpose, port }) => purpose !== 'p2p' && port >= BASE))).toEqual([]);
    }
  });

  it('takes no key, and nothing else of the key manager, into an argument or the environment', () => {
    everywhere((spec) => {
      const words = [...spec.args, ...Object.values(spec.env ?? {})];
      for (const key of [exampleKey(1), exampleKey(2)]) expect(words.filter((word) => word.includes(key.slice(2)))).toEqual([]);
      expect(words.filter((word) => /keymanager|key-manager|validator-api|--web\b|--rpc$|unencrypted-http/i.test(word))).toEqual([]);
      expect(words.filter((word) => /jwtsecret-hex|secret-key|password=/i.test(word))).toEqual([]);
    });
  });

  it('turns no administrative namespace on', () => {
    everywhere((spec) => {
      expect(spec.args.filter((arg) => /(admin|debug|personal|miner|txpool)/i.test(arg) && /api|modules/i.test(arg))).toEqual([]);
    });
  });

  it('puts a data folder on every volume: a validator command without one is a known way to lose the slashing database', () => {
    everywhere((spec) => {
      for (const { mountPath } of spec.volumes) {
        const folder = spec.args.find((arg) => /^--(datadir|data-dir|data-path|dataDir)=/.test(arg));
        expect(folder, 'data folder').toBeDefined();
        expect(folder!.split('=')[1]!.startsWith(mountPath)).toBe(true);
      }
      expect(spec.volumes.map(({ kind }) => kind)).toEqual(
        { execution: ['chain-data'], consensus: ['chain-data'], validator: ['signing-state'], builder: [] }[spec.name],
      );
    });
  });

  it('signs in the validator alone, with keys below /secrets and the state beside the chain data', () => {
    everywhere((spec) => {
      expect(spec.signs).toBe(spec.name === 'validator');
      for (const { path, passwordPath } of spec.secrets ?? []) {
        expect(path).toMatch(/^\/secrets\/[a-z-]+\//);
        if (passwordPath) expect(passwordPath).toMatch(/^\/secrets\/[a-z-]+\//);
      }
      if (spec.signs) expect(spec.volumes).toEqual([{ name: 'signing-state', kind: 'signing-state', mountPath: '/signing-state', sizeGiB: 10 }]);
    });
  });

  it('prepares only places on its volumes and temporary folders, never copies a secret', () => {
    everywhere((spec) => {
      const writable = [...spec.volumes, ...(spec.temporary ?? [])].map(({ mountPath }) => `${mountPath}/`);
      for (const step of spec.prepare ?? []) {
        const target = step.kind === 'directory' || step.kind === 'link' ? step.path : step.to;
        expect(writable.some((folder) => target.startsWith(folder))).toBe(true);
        if (step.kind === 'copy') expect((spec.config ?? []).some(({ mountPath }) => step.from.startsWith(`${mountPath}/`))).toBe(true);
      }
    });
  });

  it('probes a declared port, ready on 200 or on a finished sync only, and scrapes one', () => {
    everywhere((spec) => {
      const names = spec.ports.map(({ name }) => name);
      expect(names).toContain(spec.health.port);
      if (spec.health.kind === 'http') expect(spec.health.readyStatus).toEqual([200]);
      if (spec.name !== 'builder') expect(spec.ports.find(({ name }) => name === spec.metrics!.port)!.purpose).toBe('metrics');
      expect(spec.shutdown.graceSeconds).toBeGreaterThan(0);
      if (spec.name === 'execution') expect(spec.shutdown.graceSeconds).toBeGreaterThanOrEqual(300);
    });
  });

  it('has temporary folders that fit into its ephemeral storage beside the 64 MiB of /tmp', () => {
    everywhere((spec) => {
      const disk = (spec.temporary ?? []).filter(({ medium }) => medium === 'disk').reduce((sum, { sizeMiB }) => sum + sizeMiB, 64);
      expect(disk).toBeLessThan(spec.resources.ephemeralMiB);
    });
  });

  it('needs no exception from the hardening, and says what nobody has run', () => {
    everywhere((spec) => {
      expect(spec.exceptions ?? []).toEqual([]);
      expect(spec.hostNetwork).toBe(false);
      expect(spec.unverified!.length).toBeGreaterThan(0);
    });
  });

  it('builds the same node twice', () => {
    const nodes = COMBINATIONS.map((clients) => node(clients));
    expect(nodes.map((each) => ethereum.components(each))).toEqual(nodes.map((each) => ethereum.components(each)));
  });
});

describe('what a node advertises', () => {
  const EXECUTION_P2P: Readonly<Record<string, readonly string[]>> = {
    geth: [`--port=${BASE}`, `--discovery.port=${BASE}`],
    nethermind: [`--Network.P2PPort=${BASE}`, `--Network.DiscoveryPort=${BASE}`],
    reth: [`--port=${BASE}`, `--discovery.port=${BASE}`, `--discovery.v5.port=${BASE + 3}`],
    besu: [`--p2p-port=${BASE}`],
    erigon: [`--port=${BASE}`, `--torrent.port=${BASE + 4}`],
  };

  it.each(EXECUTION)('%s listens on the same declared ports in every reach', (execution) => {
    for (const reach of Object.values(REACHES)) {
      expect(component({ execution, reach }, 'execution').args).toEqual(expect.arrayContaining([...EXECUTION_P2P[execution]!]));
      expect(component({ execution, reach }, 'execution').ports).toEqual(
        expect.arrayContaining([
          { name: 'p2p', port: BASE, protocol: 'TCP', purpose: 'p2p' },
          { name: 'p2p-udp', port: BASE, protocol: 'UDP', purpose: 'p2p' },
        ]),
      );
    }
  });

  it.each([
    ['geth', '--nat=none', `--nat=extip:${ADDRESS}`, '--nat=stun'],
    ['nethermind', undefined, `--Network.ExternalIp=${ADDRESS}`, undefined],
    ['reth', '--nat=none', `--nat=extip:${ADDRESS}`, '--nat=publicip'],
    ['besu', undefined, `--p2p-host=${ADDRESS}`, undefined],
    ['erigon', '--nat=none', `--nat=extip:${ADDRESS}`, '--nat=stun'],
  ])('%s: nothing, an address, or what it finds out', (execution, nothing, address, discovered) => {
    const about = (reach: string) =>
      component({ execution, reach: REACHES[reach]! }, 'execution').args.find((arg) => /^--(nat=|Network.ExternalIp=|p2p-host=)/.test(arg));
    expect(about('outbound')).toBe(nothing);
    expect(about('load balancer, not recorded')).toBe(nothing);
    expect(about('load balancer')).toBe(address);
    expect(about('node port')).toBe(address);
    expect(about('node port, discovered')).toBe(discovered);
  });

  const P2P = BASE + 1;
  const QUIC = BASE + 2;
  it.each([
    [
      'lighthouse',
      ['--disable-enr-auto-update'],
      ['--disable-enr-auto-update', '--enr-address=IP', `--enr-tcp-port=${P2P}`, `--enr-udp-port=${P2P}`, `--enr-quic-port=${QUIC}`],
      [`--enr-tcp-port=${P2P}`, `--enr-udp-port=${P2P}`, `--enr-quic-port=${QUIC}`],
    ],
    ['prysm', [], ['--p2p-host-ip=IP'], []],
    [
      'teku',
      ['--p2p-nat-method=NONE'],
      ['--p2p-nat-method=NONE', '--p2p-advertised-ip=IP', `--p2p-advertised-port=${P2P}`, `--p2p-advertised-udp-port=${P2P}`, `--p2p-advertised-quic-port=${QUIC}`],
      ['--p2p-nat-method=NONE'],
    ],
    ['nimbus', ['--nat=none', '--enr-auto-update=false'], ['--nat=extip:IP', '--enr-auto-update=false'], ['--nat=none', '--enr-auto-update=true']],
    ['lodestar', [], ['--nat=true', '--enr.ip=IP', `--enr.tcp=${P2P}`, `--enr.udp=${P2P}`], []],
  ])('%s: nothing, its own component\'s address, or what it finds out', (consensus, nothing, address, discovered) => {
    const about = (reach: string) =>
      component({ consensus, reach: REACHES[reach]! }, 'consensus').args.filter((arg) => /^--(nat|p2p-nat|p2p-advertised|p2p-host|enr|disable-enr)/.test(arg));
    const at = (ip: string) => address.map((arg) => arg.replace('IP', ip));
    expect(about('outbound')).toEqual(nothing);
    expect(about('load balancer, not recorded')).toEqual(nothing);
    expect(about('load balancer')).toEqual(at('203.0.113.8'));
    expect(about('node port')).toEqual(at(ADDRESS));
    expect(about('node port, discovered')).toEqual(discovered);
  });

  it('gives erigon before 3.5 the listeners that it wants, and 3.5 not the flag that it refuses', () => {
    const erigon = (version: string) => component({ node: { clients: { ...node().clients, execution: release('erigon', version) } } }, 'execution');
    expect(argument(erigon('v3.4.2'), '--p2p.allowed-ports')).toBe(`${BASE},${BASE + 5},${BASE + 6}`);
    expect(erigon('3.3.10').ports.filter(({ purpose }) => purpose === 'p2p').map(({ port }) => port)).toEqual([BASE, BASE, BASE + 5, BASE + 5, BASE + 6, BASE + 6, BASE + 4, BASE + 4]);
    for (const version of ['v3.5.0', '3.12.1', '4.0.0', 'main-a1b2c3']) expect(argument(erigon(version), '--p2p.allowed-ports')).toBeUndefined();
  });

  it('holds for any base', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 65535 - PORT_SPAN }), fc.constantFrom(...COMBINATIONS), (portBase, clients) => {
        const ports = built({ ...clients, node: { portBase } }).flatMap(({ ports: own }) => own.filter(({ purpose }) => purpose === 'p2p'));
        expect(ports.every(({ port }) => port >= portBase && port < portBase + PORT_SPAN)).toBe(true);
        expect(ports.map(({ port }) => port)).toEqual(expect.arrayContaining([portBase, portBase + 1]));
      }),
      { seed: 20261122, numRuns: 100, verbose: true },
    );
  });
});

describe('the validator client', () => {
  it.each([
    ['lighthouse', ['--datadir=/signing-state']],
    ['prysm', ['--datadir=/signing-state/prysm']],
    ['teku', ['--data-path=/signing-state', '--data-validator-path=/signing-state/validator']],
    ['nimbus', ['--data-dir=/signing-state/nimbus', '--validators-dir=/signing-state/validators']],
    ['lodestar', ['--dataDir=/signing-state', '--validatorsDbDir=/signing-state/validator-db']],
  ])('%s keeps its slashing database on the signing volume', (validator, expected) => {
    const { args } = component({ validator }, 'validator');
    expect(args).toEqual(expect.arrayContaining(expected));
    expect(args.filter((arg) => /dir|path/i.test(arg) && !/=\/(signing-state|secrets)/.test(arg) && !arg.startsWith('--disable'))).toEqual([]);
  });

  it('initialises Lighthouse\'s database on an approved first start, and never else', () => {
    everywhere((spec) => expect(spec.args.filter((arg) => /init-slashing|clear-db/.test(arg))).toEqual([]));
    for (const validator of CONSENSUS) {
      const args = component({ validator, node: { firstStart: true } }, 'validator').args;
      expect(args.includes('--init-slashing-protection')).toBe(validator === 'lighthouse');
      expect(args.filter((arg) => arg !== '--init-slashing-protection')).toEqual(component({ validator }, 'validator').args);
    }
  });

  it('points Lighthouse\'s definitions into memory, and its key cache too', () => {
    const spec = component({ validator: 'lighthouse' }, 'validator');
    const key = exampleKey(1);
    expect(spec.config![0]!.files['validator_definitions.yml']).toContain(
      `- enabled: true\n  voting_public_key: "${key}"\n  type: local_keystore\n` +
      `  voting_keystore_path: /secrets/keystores/${key}.json\n  voting_keystore_password_path: /secrets/passwords/${key}.txt\n`,
    );
    expect(spec.config![0]!.files['validator_definitions.yml']!.match(/enabled: true/g)).toHaveLength(2);
    expect(spec.prepare).toEqual([
      { kind: 'directory', path: '/signing-state/validators' },
      { kind: 'copy', from: '/definitions/validator_definitions.yml', to: '/signing-state/validators/validator_definitions.yml' },
      { kind: 'link', target: '/key-cache/validator_key_cache.json', path: '/signing-state/validators/.validator_key_cache.json.tmp' },
    ]);
    expect(spec.temporary).toEqual([{ name: 'key-cache', mountPath: '/key-cache', sizeMiB: 8, medium: 'memory' }]);
    expect(spec.args).toContain('--disable-auto-discover');
    expect(spec.writableSecrets).toMatch(/lock file/);
  });

  it('gives Nimbus a real folder for each key, holding a link into memory', () => {
    const spec = component({ validator: 'nimbus' }, 'validator');
    const key = exampleKey(2);
    expect(spec.prepare).toHaveLength(2 + 2 * 2);
    expect(spec.prepare!.slice(-2)).toEqual([
      { kind: 'directory', path: `/signing-state/validators/${key}` },
      { kind: 'link', target: `/secrets/keystores/${key}.json`, path: `/signing-state/validators/${key}/keystore.json` },
    ]);
    expect(spec.secrets).toEqual([
      { name: 'keys', kind: 'validatorKey', format: 'eip2335-keystore', path: '/secrets/keystores/{publicKey}.json', passwordPath: '/secrets/passwords/{publicKey}' },
    ]);
    expect(argument(spec, '--secrets-dir')).toBe('/secrets/passwords');
  });

  it('leads Lodestar\'s key cache to memory', () => {
    const spec = component({ validator: 'lodestar' }, 'validator');
    expect(spec.prepare).toEqual([{ kind: 'link', target: '/key-cache', path: '/signing-state/cache' }]);
    expect(spec.temporary).toEqual([{ name: 'key-cache', mountPath: '/key-cache', sizeMiB: 8, medium: 'memory' }]);
    expect(spec.secrets![0]!.path).toBe('/secrets/keystores/{publicKey}/voting-keystore.json');
  });

  it('gives Prysm one wallet in memory, and REST instead of gRPC', () => {
    const spec = component({ validator: 'prysm' }, 'validator');
    expect(spec.secrets).toEqual([
      {
        name: 'keys',
        kind: 'validatorKey',
        format: 'prysm-wallet',
        path: '/secrets/wallet/direct/accounts/all-accounts.keystore.json',
        passwordPath: '/secrets/wallet-password/password.txt',
      },
    ]);
    expect(argument(spec, '--wallet-dir')).toBe('/secrets/wallet');
    expect(spec.args).toContain('--enable-beacon-rest-api');
    expect(argument(spec, '--beacon-rpc-provider')).toBeUndefined();
  });

  it.each([
    ['lighthouse', ['--enable-doppelganger-protection'], []],
    ['prysm', ['--enable-doppelganger'], []],
    ['teku', ['--doppelganger-detection-enabled=true'], ['--doppelganger-detection-enabled=false']],
    ['nimbus', ['--doppelganger-detection=true'], ['--doppelganger-detection=false']],
    ['lodestar', ['--doppelgangerProtection=true'], ['--doppelgangerProtection=false']],
  ])('%s does as told about doppelgangers', (validator, on, off) => {
    const about = (doppelgangerProtection: boolean) =>
      component({ validator, options: { doppelgangerProtection } }, 'validator').args.filter((arg) => /doppelganger/i.test(arg));
    expect(about(true)).toEqual(on);
    expect(about(false)).toEqual(off);
  });

  it.each([
    ['lighthouse', '--beacon-nodes', ','],
    ['prysm', '--beacon-rest-api-provider', ','],
    ['teku', '--beacon-node-api-endpoints', ','],
    ['nimbus', '--beacon-node', undefined],
    ['lodestar', '--beaconNodes', ','],
  ])('%s falls back to other beacon nodes, in order', (validator, flag, separator) => {
    const peer = (name: string, consensus: string): PeerNode => ({
      name,
      role: 'beacon',
      sameCluster: true,
      portBase: 30500,
      reach: { via: 'outbound' },
      clients: { execution: release('geth'), consensus: release(consensus) },
      options: {},
    });
    const spec = component(
      {
        validator,
        options: { fallbackBeaconNodes: ['beacon-b', 'beacon-a'] },
        node: { peers: { 'beacon-a': peer('beacon-a', 'prysm'), 'beacon-b': peer('beacon-b', 'lodestar') } },
      },
      'validator',
    );
    const urls = [
      'http://eth-0-consensus.staking-hoodi-a.svc.cluster.local:5052',
      'http://beacon-b-consensus.staking-hoodi-a.svc.cluster.local:9596',
      'http://beacon-a-consensus.staking-hoodi-a.svc.cluster.local:3500',
    ];
    expect(spec.args.filter((arg) => arg.startsWith(`${flag}=`))).toEqual(separator ? [`${flag}=${urls.join(separator)}`] : urls.map((url) => `${flag}=${url}`));
    expect(spec.talksTo).toEqual([
      { kind: 'component', component: 'consensus', ports: ['rpc'] },
      { kind: 'component', node: 'beacon-b', component: 'consensus', ports: ['rpc'] },
      { kind: 'component', node: 'beacon-a', component: 'consensus', ports: ['rpc'] },
    ]);
  });

  it('names the fee recipient and the graffiti in each client\'s words', () => {
    const flags = { lighthouse: '--graffiti', prysm: '--graffiti', teku: '--validators-graffiti', nimbus: '--graffiti', lodestar: '--graffiti' };
    for (const validator of CONSENSUS) {
      const spec = component({ validator, options: { graffiti: 'wall of stakes' } }, 'validator');
      expect(spec.args.filter((arg) => arg.endsWith(`=${FEE_RECIPIENT}`))).toHaveLength(1);
      expect(argument(spec, flags[validator])).toBe('wall of stakes');
      expect(component({ validator }, 'validator').args.filter((arg) => /graffiti/.test(arg))).toEqual([]);
    }
  });

  it('gets time to decrypt its keys', () => {
    const keys = Array.from({ length: 500 }, (_, index) => exampleKey(index));
    expect(component({ validator: 'teku', node: { keys } }, 'validator').startupSeconds).toBe(1300);
  });

  it('fits the agent\'s view and the client\'s of its most keys into one ConfigMap', () => {
    const keys = Array.from({ length: 800 }, (_, index) => exampleKey(index));
    for (const validator of ['lighthouse', 'nimbus']) {
      const spec = component({ validator, node: { keys } }, 'validator');
      const listed = keys.map((key) => ({
        source: `networks/${'n'.repeat(30)}/keys/${key}`,
        format: 'eip2335-keystore',
        file: spec.secrets![0]!.path.replace('{publicKey}', key),
        passwordFile: spec.secrets![0]!.passwordPath!.replace('{publicKey}', key),
        claim: key,
      }));
      const bytes = JSON.stringify({ listed, prepare: spec.prepare }).length + Object.values(spec.config?.[0]?.files ?? {}).join('').length;
      expect(bytes).toBeLessThan(1024 * 1024);
    }
  });
});

describe('relays', () => {
  it('bring a builder that reaches them over https, a beacon node that asks it, and a validator client that accepts', () => {
    const flags = {
      lighthouse: ['--builder', '--builder-proposals'],
      prysm: ['--http-mev-relay', '--enable-builder'],
      teku: ['--builder-endpoint', '--validators-builder-registration-default-enabled=true'],
      nimbus: ['--payload-builder-url', '--payload-builder=true'],
      lodestar: ['--builder.url', '--builder=true'],
    };
    for (const client of CONSENSUS) {
      const choice: Choice = { consensus: client, validator: client, options: { relays: 'network' } };
      const [, beacon, signer, boost] = built(choice);
      expect(boost).toMatchObject({
        name: 'builder',
        client: 'mev-boost',
        args: ['--hoodi', '--addr=0.0.0.0:18550', `--relays=${RELAY}`],
        egress: ['https'],
        volumes: [],
        signs: false,
      });
      expect(argument(beacon!, flags[client][0]!)).toBe('http://eth-0-builder.staking-hoodi-a.svc.cluster.local:18550');
      expect(beacon!.talksTo).toContainEqual({ kind: 'component', component: 'builder', ports: ['rpc'] });
      expect(signer!.args).toContain(flags[client][1]);
      const without = built({ consensus: client, validator: client });
      expect(without.flatMap(({ args }) => args).filter((arg) => /builder|mev/.test(arg))).toEqual([]);
      expect(without.flatMap(({ talksTo }) => talksTo)).not.toContainEqual({ kind: 'component', component: 'builder', ports: ['rpc'] });
    }
  });

  it('are the network\'s or the node\'s own, and say whether there is a builder component', () => {
    const own = `https://0x${'bd'.repeat(48)}@other.example.org`;
    expect(argument(component({ options: { relays: [own, RELAY] } }, 'builder'), '--relays')).toBe(`${own},${RELAY}`);
    const { optionalComponents } = ethereum.roles['validator']!;
    expect(optionalComponents!(ethereum.nodeOptions.parse({}))).toEqual([]);
    expect(optionalComponents!(ethereum.nodeOptions.parse({ relays: 'network' }))).toEqual(['builder']);
    expect(ethereum.roles['execution']!.optionalComponents).toBeUndefined();
  });
});

describe('roles', () => {
  it('run what they name', () => {
    expect(built({ node: { role: 'beacon' } }).map(({ name, signs }) => [name, signs])).toEqual([
      ['execution', false],
      ['consensus', false],
    ]);
    expect(built({ node: { role: 'execution', clients: { execution: release('reth') } } }).map(({ name }) => name)).toEqual(['execution']);
    expect(ethereum.roles['validator']).toMatchObject({ signs: true, keys: [1, 1000] });
  });
});

describe('sizes and resources', () => {
  it('grow with the class', () => {
    for (const { execution, consensus, validator } of COMBINATIONS) {
      const bySize = ethereum.sizes.map((size) => built({ execution, consensus, validator, node: { size } }).map(({ resources }) => resources));
      for (const [index] of bySize[0]!.entries()) {
        expect(bySize[0]![index]!.memoryMiB).toBeLessThanOrEqual(bySize[1]![index]!.memoryMiB);
        expect(bySize[1]![index]!.memoryMiB).toBeLessThanOrEqual(bySize[2]![index]!.memoryMiB);
        expect(bySize[0]![index]!.cpuMillis).toBeLessThanOrEqual(bySize[2]![index]!.cpuMillis);
      }
    }
  });

  it('give way to what the node declares, and the heap follows', () => {
    const choice: Choice = {
      execution: 'besu',
      node: { resources: { execution: { cpus: 2.5, memoryGiB: 10, volumesGiB: { 'chain-data': 4000 } }, validator: { volumesGiB: { 'signing-state': 20 } } } },
    };
    const spec = component(choice, 'execution');
    expect(spec.resources).toEqual({ cpuMillis: 2500, memoryMiB: 10240, ephemeralMiB: 1024 });
    expect(spec.volumes).toEqual([{ name: 'chain-data', kind: 'chain-data', mountPath: '/data', sizeGiB: 4000 }]);
    expect(spec.env!['JAVA_OPTS']).toBe('-Xmx6144m -Djava.io.tmpdir=/native');
    expect(component(choice, 'validator').volumes[0]!.sizeGiB).toBe(20);
  });

  it('hold more of mainnet than of a testnet', () => {
    const size = (network: string, name: string) => component({ networkOptions: { network } }, name).volumes[0]!.sizeGiB;
    expect(size('mainnet', 'execution')).toBe(2500);
    expect(size('hoodi', 'execution')).toBe(500);
    expect(size('mainnet', 'consensus')).toBe(300);
  });
});

describe('keys', () => {
  const key = exampleKey(7);

  it('are found equal in any spelling', () => {
    for (const spelling of [key, key.slice(2), key.toUpperCase(), key.slice(2).toUpperCase(), `0X${key.slice(2)}`, ` ${key}\n`]) {
      expect(ethereum.parseKey(spelling)).toEqual({ canonical: key });
    }
  });

  it.each([
    ['0x8e12', 'a validator public key has 96 hexadecimal digits (48 bytes), this one has 4'],
    [`${key}00`, 'a validator public key has 96 hexadecimal digits (48 bytes), this one has 98'],
    [key.replace('8e', '8g'), 'a validator public key is written in hexadecimal digits'],
    ['', 'a validator public key has 96 hexadecimal digits (48 bytes), this one has 0'],
    [`0x${'11'.repeat(32)}`, 'a validator public key has 96 hexadecimal digits (48 bytes); one of 64 may be a private key'],
    [`0x${'11'.repeat(48)}`, 'this is not a compressed BLS12-381 point: the first digit must be 8 or higher'],
  ])('refuses %j', (given, problem) => {
    expect(ethereum.parseKey(given)).toMatchObject({ problem });
  });

  it('come out canonical for any 48 bytes that can be a point', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 48, maxLength: 48 }), (bytes) => {
        bytes[0]! |= 0x80;
        const hex = Buffer.from(bytes).toString('hex');
        expect(ethereum.parseKey(hex.toUpperCase())).toEqual({ canonical: `0x${hex}` });
      }),
      { seed: 20261122, verbose: true },
    );
  });
});

describe('options', () => {
  const messages = (schema: typeof ethereum.nodeOptions, value: unknown): string[] => {
    const result = schema.safeParse(value);
    return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  it('take the fee recipient in one case or with a right checksum (vectors of EIP-55)', () => {
    for (const right of [
      '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
      '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
      '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
      '0x52908400098527886E0F7030069857D2E4169EE7',
      '0xde709f2102306220921060314715629080e2fb77',
    ]) {
      expect(messages(ethereum.nodeOptions, { feeRecipient: right })).toEqual([]);
    }
    expect(messages(ethereum.nodeOptions, { feeRecipient: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed' })).toEqual([
      'feeRecipient: has a wrong checksum (EIP-55): copy it again, or write it in lower case if you are sure of it',
    ]);
    expect(messages(ethereum.nodeOptions, { feeRecipient: '0x1234' })).toEqual(['feeRecipient: must be an address: 0x and 40 hexadecimal digits']);
    expect(messages(ethereum.nodeOptions, { feeRecipient: `0x${'0'.repeat(40)}` })).toEqual(['feeRecipient: is the zero address: fees sent there are lost']);
  });

  it('take relays with their key over https on its own port', () => {
    expect(messages(ethereum.networkOptions, { network: 'mainnet', relays: [RELAY, `${RELAY}/path?id=1`] })).toEqual([]);
    for (const wrong of ['https://relay.example.org', RELAY.replace('https', 'http'), `${RELAY}:8080`, `${RELAY},${RELAY}`]) {
      expect(messages(ethereum.networkOptions, { network: 'mainnet', relays: [wrong] })).toHaveLength(1);
    }
  });

  it('know the networks that are alive, and nothing that is misspelled', () => {
    expect(messages(ethereum.networkOptions, { network: 'holesky' })).toEqual(['network: Invalid option: expected one of "mainnet"|"hoodi"|"sepolia"']);
    expect(messages(ethereum.nodeOptions, { feeRecipent: FEE_RECIPIENT })).toEqual([': Unrecognized key: "feeRecipent"']);
    expect(messages(ethereum.nodeOptions, { graffiti: 'é'.repeat(17) })).toEqual(['graffiti: must fit in 32 bytes']);
    expect(messages(ethereum.nodeOptions, { checkpointUrls: ['http://checkpoint.example.org'] })).toEqual(['checkpointUrls.0: must be an https:// URL']);
  });

  it('refer to fallback beacon nodes of the same cluster', () => {
    expect(ethereum.peers(ethereum.nodeOptions.parse({ fallbackBeaconNodes: ['a', 'b'] }))).toEqual([
      { node: 'a', path: ['fallbackBeaconNodes', 0], roles: ['beacon', 'validator'], sameCluster: true },
      { node: 'b', path: ['fallbackBeaconNodes', 1], roles: ['beacon', 'validator'], sameCluster: true },
    ]);
  });
});

describe('the check', () => {
  const problems = (choice: Choice) => ethereum.check(node(choice)).map(({ path, problem }) => `${path.join('.')}: ${problem}`);

  it('wants a validator to decide where fees go and about doppelgangers', () => {
    expect(problems({ node: { options: ethereum.nodeOptions.parse({}) } })).toEqual([
      'options.feeRecipient: a validator must name the address that its block fees go to',
      'options.doppelgangerProtection: a validator must decide on doppelganger protection',
    ]);
    expect(problems({ node: { role: 'beacon', options: ethereum.nodeOptions.parse({}) } })).toEqual([]);
  });

  it('wants a checkpoint, and for Nimbus a root to verify it from where Altair came later', () => {
    expect(problems({ networkOptions: { checkpointUrls: [] } })).toEqual([
      'options.checkpointUrls: a beacon node needs a checkpoint to start from: syncing from genesis is neither safe nor any longer possible',
    ]);
    expect(problems({ networkOptions: { checkpointUrls: [] }, options: { checkpointUrls: ['https://own.example.org'] } })).toEqual([]);
    expect(problems({ consensus: 'nimbus', networkOptions: { network: 'mainnet' } })).toEqual([
      'options.trustedBlockRoot: nimbus verifies its checkpoint on mainnet from a trusted block root, and none is declared',
    ]);
    const trustedBlockRoot = `0x${'12'.repeat(32)}`;
    expect(problems({ consensus: 'nimbus', networkOptions: { network: 'mainnet', trustedBlockRoot } })).toEqual([]);
    expect(argument(component({ consensus: 'nimbus', options: { trustedBlockRoot } }, 'consensus'), '--trusted-block-root')).toBe(trustedBlockRoot);
    expect(problems({ node: { role: 'execution', clients: { execution: release('geth') } }, networkOptions: { checkpointUrls: [] } })).toEqual([]);
  });

  it('gives the node\'s checkpoint URL to the beacon node before the network\'s', () => {
    const flags = { lighthouse: '--checkpoint-sync-url', prysm: '--checkpoint-sync-url', teku: '--checkpoint-sync-url', nimbus: '--external-beacon-api-url', lodestar: '--checkpointSyncUrl' };
    for (const consensus of CONSENSUS) {
      expect(argument(component({ consensus }, 'consensus'), flags[consensus])).toBe('https://checkpoint.example.org');
      expect(argument(component({ consensus, options: { checkpointUrls: ['https://own.example.org'] } }, 'consensus'), flags[consensus])).toBe('https://own.example.org');
    }
  });

  it('refuses a discovered address where the client can not discover it', () => {
    const discovered = REACHES['node port, discovered']!;
    expect(problems({ execution: 'besu', reach: discovered })).toEqual(['reach.address: besu can not find out its public address']);
    for (const execution of EXECUTION.filter((client) => client !== 'besu')) expect(problems({ execution, reach: discovered })).toEqual([]);
    expect(problems({ execution: 'besu', reach: REACHES['node port']! })).toEqual([]);
  });

  it('refuses fallbacks that are none', () => {
    expect(problems({ options: { fallbackBeaconNodes: ['eth-0', 'b', 'b'] } })).toEqual([
      'options.fallbackBeaconNodes.0: eth-0 can not be its own fallback',
      'options.fallbackBeaconNodes.2: b is named twice',
    ]);
    expect(problems({ options: { fallbackBeaconNodes: ['b'] }, node: { role: 'beacon' } })).toEqual([
      'options.fallbackBeaconNodes: only a validator client falls back, and a node of role beacon has none',
    ]);
  });

  it('refuses relays that the network does not have, or that nobody would talk to', () => {
    expect(problems({ networkOptions: { relays: undefined }, options: { relays: 'network' } })).toEqual(['options.relays: the network file of hoodi-a declares no relays']);
    expect(problems({ options: { relays: 'network' }, node: { role: 'execution', clients: { execution: release('geth') } } })).toEqual([
      'options.relays: only a beacon node talks to relays, and a node of role execution has none',
    ]);
  });

  it('refuses more keys than a ConfigMap can list, and volumes that there are not', () => {
    const keys = Array.from({ length: 801 }, (_, index) => exampleKey(index));
    for (const validator of ['lighthouse', 'nimbus']) {
      expect(problems({ validator, node: { keys } })).toEqual([
        `keys: ${validator} takes at most 800 keys per node, since a ConfigMap of 1 MiB lists each of them twice, got 801`,
      ]);
    }
    expect(problems({ validator: 'teku', node: { keys } })).toEqual([]);
    expect(problems({ node: { resources: { execution: { volumesGiB: { data: 1 } }, builder: { volumesGiB: { x: 1 } } } } })).toEqual([
      'resources.execution.volumesGiB.data: execution has no volume data',
      'resources.builder.volumesGiB.x: builder has no volume x',
    ]);
  });

  it('ends every problem with a next step', () => {
    const all = ethereum.check(
      node({ consensus: 'nimbus', networkOptions: { network: 'mainnet', checkpointUrls: [] }, node: { options: ethereum.nodeOptions.parse({ fallbackBeaconNodes: ['eth-0'] }) } }),
    );
    expect(all).toHaveLength(5);
    for (const { next } of all) expect(next).toMatch(/^[A-Z].*\.$/);
  });
});

/** What each client is started with, whole: what a reviewer compares with the client's documentation. */
describe('arguments of each client, behind NAT on hoodi', () => {
  const args = (choice: Choice, name: string) => component(choice, name).args;

  it('execution', () => {
    expect(args({ execution: 'geth' }, 'execution')).toMatchInlineSnapshot(`
      [
        "--hoodi",
        "--datadir=/data",
        "--syncmode=snap",
        "--port=30400",
        "--discovery.port=30400",
        "--nat=none",
        "--ipcdisable",
        "--http",
        "--http.addr=0.0.0.0",
        "--http.port=8545",
        "--http.vhosts=*",
        "--http.api=eth,net,web3",
        "--authrpc.addr=0.0.0.0",
        "--authrpc.port=8551",
        "--authrpc.vhosts=*",
        "--authrpc.jwtsecret=/secrets/jwt/jwt.hex",
        "--metrics",
        "--metrics.addr=0.0.0.0",
        "--metrics.port=6060",
      ]
    `);
    expect(args({ execution: 'nethermind' }, 'execution')).toMatchInlineSnapshot(`
      [
        "--config=hoodi",
        "--datadir=/data",
        "--Network.P2PPort=30400",
        "--Network.DiscoveryPort=30400",
        "--Network.EnableUPnP=false",
        "--JsonRpc.Enabled=true",
        "--JsonRpc.Host=0.0.0.0",
        "--JsonRpc.Port=8545",
        "--JsonRpc.EnabledModules=Eth,Net,Web3,Health",
        "--JsonRpc.EngineHost=0.0.0.0",
        "--JsonRpc.EnginePort=8551",
        "--JsonRpc.JwtSecretFile=/secrets/jwt/jwt.hex",
        "--HealthChecks.Enabled=true",
        "--Metrics.Enabled=true",
        "--Metrics.ExposePort=9545",
      ]
    `);
    expect(args({ execution: 'reth' }, 'execution')).toMatchInlineSnapshot(`
      [
        "node",
        "--chain=hoodi",
        "--datadir=/data",
        "--full",
        "--port=30400",
        "--discovery.port=30400",
        "--discovery.v5.port=30403",
        "--nat=none",
        "--ipcdisable",
        "--http",
        "--http.addr=0.0.0.0",
        "--http.port=8545",
        "--http.api=eth,net,web3",
        "--authrpc.addr=0.0.0.0",
        "--authrpc.port=8551",
        "--authrpc.jwtsecret=/secrets/jwt/jwt.hex",
        "--metrics=0.0.0.0:9001",
        "--log.file.max-files=0",
        "--color=never",
      ]
    `);
    expect(args({ execution: 'besu' }, 'execution')).toMatchInlineSnapshot(`
      [
        "--network=hoodi",
        "--data-path=/data",
        "--data-storage-format=BONSAI",
        "--sync-mode=SNAP",
        "--nat-method=NONE",
        "--p2p-port=30400",
        "--rpc-http-enabled=true",
        "--rpc-http-host=0.0.0.0",
        "--rpc-http-port=8545",
        "--rpc-http-api=ETH,NET,WEB3",
        "--host-allowlist=*",
        "--engine-rpc-enabled=true",
        "--engine-rpc-port=8551",
        "--engine-jwt-secret=/secrets/jwt/jwt.hex",
        "--engine-host-allowlist=*",
        "--metrics-enabled=true",
        "--metrics-host=0.0.0.0",
        "--metrics-port=9545",
      ]
    `);
    expect(args({ execution: 'erigon', node: { clients: { ...node().clients, execution: release('erigon', 'v3.5.0') } } }, 'execution')).toMatchInlineSnapshot(`
      [
        "--chain=hoodi",
        "--datadir=/data",
        "--externalcl",
        "--prune.mode=full",
        "--port=30400",
        "--torrent.port=30404",
        "--nat=none",
        "--private.api.addr=127.0.0.1:9090",
        "--http",
        "--http.addr=0.0.0.0",
        "--http.port=8545",
        "--http.vhosts=*",
        "--http.api=eth,net,web3",
        "--authrpc.addr=0.0.0.0",
        "--authrpc.port=8551",
        "--authrpc.vhosts=*",
        "--authrpc.jwtsecret=/secrets/jwt/jwt.hex",
        "--metrics",
        "--metrics.addr=0.0.0.0",
        "--metrics.port=6060",
        "--log.dir.disable",
      ]
    `);
  });

  it('consensus', () => {
    expect(args({ consensus: 'lighthouse' }, 'consensus')).toMatchInlineSnapshot(`
      [
        "beacon_node",
        "--network=hoodi",
        "--datadir=/data",
        "--logfile-max-number=0",
        "--listen-address=0.0.0.0",
        "--port=30401",
        "--discovery-port=30401",
        "--quic-port=30402",
        "--disable-upnp",
        "--disable-enr-auto-update",
        "--execution-endpoint=http://eth-0-execution-engine.staking-hoodi-a.svc.cluster.local:8551",
        "--execution-jwt=/secrets/jwt/jwt.hex",
        "--checkpoint-sync-url=https://checkpoint.example.org",
        "--suggested-fee-recipient=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "--http",
        "--http-address=0.0.0.0",
        "--http-port=5052",
        "--metrics",
        "--metrics-address=0.0.0.0",
        "--metrics-port=5054",
      ]
    `);
    expect(args({ consensus: 'prysm' }, 'consensus')).toMatchInlineSnapshot(`
      [
        "--accept-terms-of-use",
        "--hoodi",
        "--datadir=/data/prysm",
        "--p2p-static-id",
        "--p2p-tcp-port=30401",
        "--p2p-udp-port=30401",
        "--p2p-quic-port=30402",
        "--execution-endpoint=http://eth-0-execution-engine.staking-hoodi-a.svc.cluster.local:8551",
        "--jwt-secret=/secrets/jwt/jwt.hex",
        "--checkpoint-sync-url=https://checkpoint.example.org",
        "--genesis-beacon-api-url=https://checkpoint.example.org",
        "--suggested-fee-recipient=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "--http-host=0.0.0.0",
        "--http-port=3500",
        "--monitoring-host=0.0.0.0",
        "--monitoring-port=8080",
      ]
    `);
    expect(args({ consensus: 'teku' }, 'consensus')).toMatchInlineSnapshot(`
      [
        "--network=hoodi",
        "--data-path=/data",
        "--data-storage-mode=MINIMAL",
        "--log-destination=CONSOLE",
        "--p2p-nat-method=NONE",
        "--p2p-port=30401",
        "--p2p-udp-port=30401",
        "--p2p-quic-port=30402",
        "--ee-endpoint=http://eth-0-execution-engine.staking-hoodi-a.svc.cluster.local:8551",
        "--ee-jwt-secret-file=/secrets/jwt/jwt.hex",
        "--checkpoint-sync-url=https://checkpoint.example.org",
        "--validators-proposer-default-fee-recipient=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "--beacon-liveness-tracking-enabled=true",
        "--rest-api-enabled=true",
        "--rest-api-interface=0.0.0.0",
        "--rest-api-port=5051",
        "--rest-api-host-allowlist=*",
        "--metrics-enabled=true",
        "--metrics-interface=0.0.0.0",
        "--metrics-port=8008",
        "--metrics-host-allowlist=*",
      ]
    `);
    expect(args({ consensus: 'nimbus' }, 'consensus')).toMatchInlineSnapshot(`
      [
        "--network=hoodi",
        "--data-dir=/data/nimbus",
        "--non-interactive",
        "--tcp-port=30401",
        "--udp-port=30401",
        "--nat=none",
        "--enr-auto-update=false",
        "--el=http://eth-0-execution-engine.staking-hoodi-a.svc.cluster.local:8551",
        "--jwt-secret=/secrets/jwt/jwt.hex",
        "--external-beacon-api-url=https://checkpoint.example.org",
        "--suggested-fee-recipient=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "--rest=true",
        "--rest-address=0.0.0.0",
        "--rest-port=5052",
        "--metrics=true",
        "--metrics-address=0.0.0.0",
        "--metrics-port=8008",
      ]
    `);
    expect(args({ consensus: 'lodestar' }, 'consensus')).toMatchInlineSnapshot(`
      [
        "beacon",
        "--network=hoodi",
        "--dataDir=/data",
        "--logFile=none",
        "--listenAddress=0.0.0.0",
        "--port=30401",
        "--discoveryPort=30401",
        "--execution.urls=http://eth-0-execution-engine.staking-hoodi-a.svc.cluster.local:8551",
        "--jwtSecret=/secrets/jwt/jwt.hex",
        "--checkpointSyncUrl=https://checkpoint.example.org",
        "--suggestedFeeRecipient=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "--rest=true",
        "--rest.address=0.0.0.0",
        "--rest.port=9596",
        "--metrics=true",
        "--metrics.address=0.0.0.0",
        "--metrics.port=8008",
      ]
    `);
  });

  it('validator', () => {
    expect(args({ validator: 'lighthouse' }, 'validator')).toMatchInlineSnapshot(`
      [
        "validator_client",
        "--network=hoodi",
        "--datadir=/signing-state",
        "--logfile-max-number=0",
        "--disable-auto-discover",
        "--beacon-nodes=http://eth-0-consensus.staking-hoodi-a.svc.cluster.local:5052",
        "--suggested-fee-recipient=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "--enable-doppelganger-protection",
        "--metrics",
        "--metrics-address=0.0.0.0",
        "--metrics-port=5064",
      ]
    `);
    expect(args({ validator: 'prysm' }, 'validator')).toMatchInlineSnapshot(`
      [
        "--accept-terms-of-use",
        "--hoodi",
        "--datadir=/signing-state/prysm",
        "--wallet-dir=/secrets/wallet",
        "--wallet-password-file=/secrets/wallet-password/password.txt",
        "--enable-beacon-rest-api",
        "--beacon-rest-api-provider=http://eth-0-consensus.staking-hoodi-a.svc.cluster.local:5052",
        "--suggested-fee-recipient=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "--enable-doppelganger",
        "--monitoring-host=0.0.0.0",
        "--monitoring-port=8081",
      ]
    `);
    expect(args({ validator: 'teku' }, 'validator')).toMatchInlineSnapshot(`
      [
        "validator-client",
        "--network=hoodi",
        "--data-path=/signing-state",
        "--data-validator-path=/signing-state/validator",
        "--log-destination=CONSOLE",
        "--validator-keys=/secrets/keystores:/secrets/passwords",
        "--validators-keystore-locking-enabled=false",
        "--exit-when-no-validator-keys-enabled=true",
        "--shut-down-when-validator-slashed-enabled=true",
        "--beacon-node-api-endpoints=http://eth-0-consensus.staking-hoodi-a.svc.cluster.local:5052",
        "--validators-proposer-default-fee-recipient=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "--doppelganger-detection-enabled=true",
        "--metrics-enabled=true",
        "--metrics-interface=0.0.0.0",
        "--metrics-port=8008",
        "--metrics-host-allowlist=*",
      ]
    `);
    expect(args({ validator: 'nimbus' }, 'validator')).toMatchInlineSnapshot(`
      [
        "--data-dir=/signing-state/nimbus",
        "--validators-dir=/signing-state/validators",
        "--secrets-dir=/secrets/passwords",
        "--non-interactive",
        "--beacon-node=http://eth-0-consensus.staking-hoodi-a.svc.cluster.local:5052",
        "--suggested-fee-recipient=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "--doppelganger-detection=true",
        "--metrics=true",
        "--metrics-address=0.0.0.0",
        "--metrics-port=8108",
      ]
    `);
    expect(args({ validator: 'lodestar' }, 'validator')).toMatchInlineSnapshot(`
      [
        "validator",
        "--network=hoodi",
        "--dataDir=/signing-state",
        "--validatorsDbDir=/signing-state/validator-db",
        "--keystoresDir=/secrets/keystores",
        "--secretsDir=/secrets/passwords",
        "--logFile=none",
        "--force=true",
        "--beaconNodes=http://eth-0-consensus.staking-hoodi-a.svc.cluster.local:5052",
        "--suggestedFeeRecipient=0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "--doppelgangerProtection=true",
        "--metrics=true",
        "--metrics.address=0.0.0.0",
        "--metrics.port=5064",
      ]
    `);
  });
});
