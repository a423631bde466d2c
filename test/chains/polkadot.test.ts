import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ComponentSpec } from '../../chains/component';
import { polkadot } from '../../chains/polkadot';
import { SESSION_KEYS, VALIDATOR_KEYS, type SessionKeyType } from '../../chains/polkadot/keys';
import { agentConfig } from '../../constructs/secret-agent';
import type { ChainNode } from '../../model/catalogue';
import { everySampleOf, exampleKey, sampleNode } from './every-chain';

const samples = everySampleOf(polkadot);

const rendered = (node: ChainNode): ComponentSpec => polkadot.components(node)[0] as ComponentSpec;
const problemsOf = (node: ChainNode) => polkadot.check(node).map(({ path, problem }) => `${path.join('.')}: ${problem}`);
const keyOf = (type: SessionKeyType, byte = 7): string => `${Buffer.from(type).toString('hex')}${type === 'beef' ? '02' : ''}${byte.toString(16).padStart(2, '0').repeat(32)}`;

const nodePort = { via: 'nodePort', address: '203.0.113.7' } as const;
const validator = (differs: Partial<ChainNode> = {}): ChainNode => sampleNode(polkadot, 'validator', { reach: nodePort, ...differs });

describe('arguments', () => {
  it('of a validator', () => {
    expect(rendered(validator()).command).toEqual(['polkadot']);
    expect(rendered(validator()).args).toEqual([
      '--chain=westend',
      '--base-path=/chain-data',
      '--validator',
      '--keystore-path=/secrets/keystore',
      '--node-key-file=/secrets/node-key/secret_ed25519',
      '--listen-addr=/ip4/0.0.0.0/tcp/30400',
      '--public-addr=/ip4/203.0.113.7/tcp/30400',
      '--no-mdns',
      '--no-private-ip',
      '--sync=full',
      '--database=auto',
      '--state-pruning=256',
      '--blocks-pruning=archive-canonical',
      '--rpc-port=9944',
      '--rpc-methods=safe',
      '--prometheus-external',
      '--prometheus-port=9615',
      '--no-telemetry',
    ]);
  });

  it('of a collator: the parachain\'s, then the relay chain\'s', () => {
    const { command, args } = rendered(sampleNode(polkadot, 'collator', { reach: { via: 'loadBalancer', addresses: { parachain: '198.51.100.9' } } }));
    expect(command).toEqual(['polkadot-parachain']);
    expect(args).toEqual([
      '--chain=asset-hub-westend',
      '--base-path=/chain-data',
      '--collator',
      '--keystore-path=/secrets/keystore',
      '--node-key-file=/secrets/node-key/secret_ed25519',
      '--listen-addr=/ip4/0.0.0.0/tcp/30400',
      '--public-addr=/ip4/198.51.100.9/tcp/30400',
      '--no-mdns',
      '--no-private-ip',
      '--sync=warp',
      '--database=auto',
      '--state-pruning=256',
      '--blocks-pruning=archive-canonical',
      '--rpc-port=9944',
      '--rpc-methods=safe',
      '--prometheus-external',
      '--prometheus-port=9615',
      '--no-telemetry',
      '--',
      '--chain=westend',
      '--base-path=/relay-data',
      '--node-key-file=/secrets/relay-node-key/secret_ed25519',
      '--listen-addr=/ip4/0.0.0.0/tcp/30401',
      '--public-addr=/ip4/198.51.100.9/tcp/30401',
      '--no-mdns',
      '--no-private-ip',
      '--sync=warp',
      '--database=auto',
      '--state-pruning=256',
      '--rpc-port=9945',
      '--rpc-methods=safe',
      '--prometheus-external',
      '--prometheus-port=9616',
      '--no-telemetry',
    ]);
  });

  it('offer RPC to the cluster where the node is there for that, never the unsafe methods, and never the validator\'s', () => {
    for (const { label, node } of samples) {
      const { args, ports, signs } = rendered(node);
      const halves = args.join(' ').split(' -- ');
      expect(halves.every((half) => half.includes('--rpc-methods=safe')), label).toBe(true);
      expect(args.filter((arg) => /unsafe|insecure|rpc-methods=(auto|unsafe)/.test(arg)), label).toEqual([]);
      expect(args.filter((arg) => arg === '--rpc-external'), label).toHaveLength(signs ? 0 : 1);
      expect(ports.find(({ name }) => name === 'rpc')!.purpose, label).toBe(signs ? 'local' : 'rpc');
    }
  });

  it('sign with keys of the keystore in memory, and in the first half only', () => {
    for (const { label, node } of samples) {
      const [own, relay = ''] = rendered(node).args.join(' ').split(' -- ') as [string, string?];
      expect(own.includes('--validator') || own.includes('--collator'), label).toBe(rendered(node).signs);
      expect(own.includes('--keystore-path=/secrets/keystore'), label).toBe(rendered(node).signs);
      expect(relay, label).not.toMatch(/--validator|--collator|--keystore/);
    }
  });

  it('tell nothing to telemetry, and take the database that is there', () => {
    for (const { label, node } of samples) {
      const halves = rendered(node).args.join(' ').split(' -- ');
      expect(halves, label).toHaveLength(node.role.includes('parachain') || node.role === 'collator' ? 2 : 1);
      for (const half of halves) expect(half, label).toMatch(/--database=auto .*--no-telemetry/);
    }
  });

  it('publish the address that is declared, with the port that is listened on', () => {
    for (const { label, node } of samples) {
      const { reach } = node;
      const address = reach.via === 'loadBalancer' ? '198.51.100.1' : reach.via === 'nodePort' && reach.address !== 'discovered' ? '203.0.113.7' : undefined;
      const listened = rendered(node).ports.filter(({ purpose }) => purpose === 'p2p').map(({ port }) => port);
      expect(rendered(node).args.filter((arg) => arg.startsWith('--listen-addr=')), label).toEqual(listened.map((port) => `--listen-addr=/ip4/0.0.0.0/tcp/${port}`));
      expect(rendered(node).args.filter((arg) => arg.startsWith('--public-addr=')), label).toEqual(address === undefined ? [] : listened.map((port) => `--public-addr=/ip4/${address}/tcp/${port}`));
    }
  });

  it('take what the node declares', () => {
    const { args } = rendered(sampleNode(polkadot, 'rpc', { options: { statePruning: 'archive', blocksPruning: 1000, sync: 'warp' } }));
    expect(args).toEqual(expect.arrayContaining(['--state-pruning=archive', '--blocks-pruning=1000', '--sync=warp']));
  });
});

describe('every Polkadot node', () => {
  it('has its chain on one volume, the signing state\'s too where it signs, and the relay chain\'s on another', () => {
    for (const { label, node } of samples) {
      const { name, signs, volumes } = rendered(node);
      const own = signs ? 'signing-chain' : 'chain-data';
      expect(volumes.map((volume) => [volume.name, volume.kind, volume.mountPath]), label).toEqual([
        [own, own, '/chain-data'],
        ...(name === 'parachain' ? [['relay-data', 'chain-data', '/relay-data']] : []),
      ]);
    }
  });

  it('is judged by its own readiness', () => {
    for (const { label, node } of samples) expect(rendered(node).health, label).toEqual({ kind: 'http', port: 'rpc', path: '/health/readiness', readyStatus: [200] });
  });

  it('can not add a key to its keystore', () => {
    for (const { label, node } of samples) expect(rendered(node).writableSecrets, label).toBeUndefined();
  });

  it('finds each session key under the name that the keystore looks for', () => {
    const node = validator();
    const { secrets } = agentConfig(rendered(node), { cluster: 'c', network: 'westend', node: 'n', keys: node.keys, firstStart: false });
    const keys = secrets.filter(({ format }) => format === 'substrate-session-key');
    expect(keys.map(({ file, claim }) => [file, claim])).toEqual(node.keys.map((key) => [`/secrets/keystore/${key}`, key]));
    expect(keys.map(({ file }) => Buffer.from(file.slice('/secrets/keystore/'.length).slice(0, 8), 'hex').toString())).toEqual(VALIDATOR_KEYS);
    expect(secrets.filter(({ claim }) => claim === undefined).map(({ file }) => file)).toEqual(['/secrets/node-key/secret_ed25519']);
  });

  it('is dialled where it validates', () => {
    expect(samples.filter(({ node }) => node.role === 'validator' && node.reach.via === 'outbound')).toEqual([]);
    expect(samples.some(({ node }) => node.role === 'collator' && node.reach.via === 'outbound')).toBe(true);
  });
});

describe('mistakes that only this chain can see', () => {
  it('a role of the other kind of chain', () => {
    expect(problemsOf(validator({ networkOptions: { parachain: 'asset-hub-westend' } }))).toEqual(['role: a validator node is of a relay chain, and this network is the parachain "asset-hub-westend"']);
    expect(problemsOf(sampleNode(polkadot, 'parachain rpc', { networkOptions: { parachain: undefined } }))).toEqual(['role: a parachain-rpc node is of a parachain, and this network is the relay chain "westend"']);
  });

  it('keys that are missing, double or another role\'s', () => {
    const [gran, ...others] = validator().keys as [string, ...string[]];
    expect(problemsOf(validator({ keys: [...others, keyOf('babe')] }))).toEqual([
      'keys: a validator signs finality (GRANDPA) with a key of type "gran", and this one has none',
      'keys.5: this is its second key of type "babe"',
    ]);
    expect(problemsOf(validator({ keys: [gran, ...others.slice(0, 4), keyOf('aura')] }))).toEqual([
      'keys: a validator signs finality for bridges (BEEFY) with a key of type "beef", and this one has none',
      'keys.5: a validator signs nothing with a key of type "aura"',
    ]);
    expect(problemsOf(sampleNode(polkadot, 'collator', { keys: [gran] }))).toEqual([
      'keys: a collator signs blocks of a parachain (Aura) with a key of type "aura", and this one has none',
      'keys.0: a collator signs nothing with a key of type "gran"',
    ]);
  });

  it('a genesis', () => {
    expect(problemsOf(validator({ genesis: { url: 'https://example.com/spec.json', sha256: '0'.repeat(64) } }))).toEqual([
      'network: a genesis is declared, and only chains that the client has built in are run here',
    ]);
  });

  it.each([9943, 9944, 9945, 9614, 9615, 9616])('a base of %i, which the node listens on itself', (portBase) => {
    expect(problemsOf(validator({ portBase }))[0]).toMatch(/^ports\.base: the ports \d+ and \d+ hold 9(944|945|615|616), which the node's RPC or metrics listen on$/);
  });

  it('a base without room for both ports', () => {
    expect(problemsOf(validator({ portBase: 65535 }))).toEqual(['ports.base: port 65536 is beyond 65535']);
    expect(problemsOf(validator({ portBase: 65534 }))).toEqual([]);
  });

  it('sizes of what is not there', () => {
    expect(problemsOf(validator({ resources: { relay: { volumesGiB: { 'relay-data': 5 } } } }))).toEqual(['resources.relay.volumesGiB.relay-data: component "relay" of this node has no volume "relay-data"']);
    expect(problemsOf(validator({ resources: { parachain: { cpus: 5 } } }))).toEqual(['resources.parachain: this node has no component "parachain"']);
  });

  it.each([
    [{ parachain: 'asset-hub-polkadot' }, /must be a parachain of .*westend.*: its name ends in/],
    [{ parachain: './spec.json' }, /must be a parachain that the client has built in/],
    [{ relayChain: 'rococo' }, /relayChain/],
  ])('the network %j', (networkOptions, message) => {
    expect(() => sampleNode(polkadot, 'rpc', { networkOptions })).toThrow(message);
  });

  it('a pruning that the client refuses', () => {
    expect(() => sampleNode(polkadot, 'rpc', { options: { statePruning: 255 } })).toThrow(/statePruning/);
  });
});

describe('a session key', () => {
  const seed = 20261125;
  const parse = (key: string) => polkadot.parseKey(key);
  const next = expect.stringMatching(/^[A-Z].*\.$/);
  const types = Object.keys(SESSION_KEYS) as SessionKeyType[];

  it('is the same in every spelling, and of another type another', () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ minLength: 32, maxLength: 32 }), (type, bytes) => {
        const digits = `${type === 'beef' ? '03' : ''}${Buffer.from(bytes).toString('hex')}`;
        const canonical = `${Buffer.from(type).toString('hex')}${digits}`;
        const spellings = [canonical, `0x${canonical}`, `${type}:0x${digits}`, `${type}:${digits}`, ` ${type}:0x${digits.toUpperCase()}\n`];
        expect(spellings.map(parse)).toEqual(spellings.map(() => ({ canonical })));
        const other = types.find((candidate) => candidate !== type && SESSION_KEYS[candidate].bytes === SESSION_KEYS[type].bytes);
        if (other !== undefined) expect(parse(`${other}:0x${digits}`)).not.toEqual({ canonical });
      }),
      { seed },
    );
  });

  it('of six in one is named, each by itself', () => {
    const apart = VALIDATOR_KEYS.map((type, index) => `${type}:0x${type === 'beef' ? '02' : ''}${String(index + 1).repeat(64)}`);
    const inOne = `0x${apart.map((key) => key.slice('gran:0x'.length)).join('')}`;
    const answer = parse(inOne);
    expect(answer).toEqual({ problem: 'is a validator\'s session keys in one, as `author_rotateKeys` prints them', next: `Declare each by itself: ${apart.join(', ')}.` });
    for (const key of apart) expect(parse(key)).toHaveProperty('canonical');
  });

  it.each([
    // The development phrase that everybody knows.
    ['bottom drive obey lake curtain smoke basket hold race lonely fit walk', 'is a secret phrase'],
    [`0x${'ab'.repeat(32)}`, 'is 32 bytes without a type, as long as a secret seed or key'],
    ['ab'.repeat(64), 'is 64 bytes without a type, as long as a secret seed or key'],
    [`imon:0x${'ab'.repeat(32)}`, 'is of type "imon", which no node here signs with'],
    [`gran:0x${'ab'.repeat(33)}`, 'is 33 bytes; a public key of type "gran" has 32'],
    [`beef:0x${'ab'.repeat(32)}`, 'is 32 bytes; a public key of type "beef" has 33'],
    [`beef:0x04${'ab'.repeat(32)}`, 'is not a compressed ECDSA public key, as one of type "beef" is'],
    [`00000000${'ab'.repeat(32)}`, 'is 36 bytes in hexadecimal digits, and no file name of a keystore'],
    ['5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY', 'is not a session key'],
    ['', 'is not a session key'],
  ])('%s is refused', (key, problem) => {
    expect(parse(key)).toEqual({ problem, next });
  });

  it('of an example is canonical', () => {
    for (const index of [0, 5, 6]) expect(parse(exampleKey(polkadot, index))).toEqual({ canonical: exampleKey(polkadot, index) });
  });
});
