import { base58 } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChainNode } from '../../model/catalogue';
import { solana } from '../../chains/solana';
import type { ComponentSpec } from '../../chains/component';
import { everySampleOf, exampleKey, sampleNode } from './every-chain';

const samples = everySampleOf(solana);

const rendered = (node: ChainNode): ComponentSpec => solana.components(node)[0] as ComponentSpec;
const problemsOf = (node: ChainNode) => solana.check(node).map(({ path, problem }) => `${path.join('.')}: ${problem}`);
const running = (variant: string, version: string): ChainNode => {
  const node = sampleNode(solana, variant);
  return { ...node, clients: { node: { ...node.clients['node']!, version } } };
};

const hostNetwork = { via: 'hostNetwork', address: '203.0.113.7' } as const;

describe('arguments', () => {
  it('of a validator', () => {
    const node = sampleNode(solana, 'validator', { reach: hostNetwork });
    const { knownValidators, genesisHash } = node.networkOptions as { knownValidators: string[]; genesisHash: string };
    expect(rendered(node).command).toEqual(['agave-validator']);
    expect(rendered(node).args).toEqual([
      '--identity=/secrets/identity/identity.json',
      `--vote-account=${String(node.options['voteAccount'])}`,
      '--authorized-voter=/secrets/identity/identity.json',
      '--tower=/signing-state',
      '--require-tower',
      '--ledger=/ledger',
      '--accounts=/accounts',
      '--snapshots=/snapshots',
      '--wal-recovery-mode=skip_any_corrupted_record',
      '--limit-ledger-size',
      '--gossip-port=30400',
      '--dynamic-port-range=30400-30430',
      '--advertised-ip=203.0.113.7',
      '--entrypoint=entrypoint.example.com:8001',
      '--entrypoint=entrypoint2.example.com:8001',
      ...knownValidators.map((known) => `--known-validator=${known}`),
      '--only-known-rpc',
      `--expected-genesis-hash=${genesisHash}`,
      '--rpc-port=8899',
      '--private-rpc',
      '--rpc-bind-address=127.0.0.1',
      '--log=-',
    ]);
  });

  it('of an RPC node let it neither vote nor keep a tower', () => {
    const { args } = rendered(sampleNode(solana, 'rpc', { reach: hostNetwork }));
    expect(args).toEqual(expect.arrayContaining(['--no-voting', '--full-rpc-api', '--enable-rpc-transaction-history', '--rpc-bind-address=0.0.0.0', '--private-rpc']));
    expect(args.filter((arg) => /^--(vote-account|authorized-voter|tower|require-tower)/.test(arg))).toEqual([]);
  });

  it('leave the tower unrequired on an approved first start only', () => {
    for (const { label, node } of samples) {
      expect(rendered(node).args.includes('--require-tower'), label).toBe(node.role === 'validator' && !node.firstStart);
    }
  });

  it('advertise the address that is declared, and let the entrypoints say it otherwise', () => {
    for (const { label, node } of samples) {
      const { address } = node.reach as { address: string };
      expect(rendered(node).args.filter((arg) => arg.startsWith('--advertised-ip')), label).toEqual(address === 'discovered' ? [] : [`--advertised-ip=${address}`]);
    }
  });

  it('never know the node itself', () => {
    const node = sampleNode(solana, 'validator');
    const own = { ...node, networkOptions: { ...node.networkOptions, knownValidators: [node.keys[0]!, exampleKey(solana, 9)] } };
    expect(problemsOf(own)).toEqual([]);
    expect(rendered(own).args.filter((arg) => arg.startsWith('--known-validator'))).toEqual([`--known-validator=${exampleKey(solana, 9)}`]);
  });

  it('take what network and node add', () => {
    const node = sampleNode(solana, 'validator', { networkOptions: { expectedShredVersion: 50093 }, options: { ledgerShreds: 60_000_000 } });
    expect(rendered(node).args).toEqual(expect.arrayContaining(['--expected-shred-version=50093', '--limit-ledger-size=60000000']));
  });

  it.each([
    ['v3.1.8', false],
    ['4.0.2', false],
    ['v4.1.0', false],
    ['v4.2.0', true],
  ])('of %s turn XDP off: %s', (version, off) => {
    expect(rendered(running('rpc', version)).args.includes('--no-xdp')).toBe(off);
  });
});

describe('every Solana node', () => {
  it('declares its exceptions, each with its reason', () => {
    for (const { label, node } of samples) {
      const { hostNetwork: onHost, machineFeatures, exceptions = [] } = rendered(node);
      expect(onHost, label).toBe(true);
      expect(machineFeatures, label).toEqual(['memlock-2g', 'io-uring', 'solana-sysctls']);
      expect(exceptions.map(({ what, value }) => (what === 'host-port' ? [what] : [what, value])), label).toEqual([
        ['host-network', undefined],
        ['host-port'],
        ['machine-feature', 'memlock-2g'],
        ['machine-feature', 'io-uring'],
        ['machine-feature', 'solana-sysctls'],
        ['seccomp-localhost', 'stockade/io-uring.json'],
      ]);
    }
  });

  it('is reached by the network of its machine only', () => {
    expect(Object.keys(solana.unsupportedReach)).toEqual(['outbound', 'loadBalancer', 'nodePort']);
  });

  it('listens by UDP on its whole range, by TCP on gossip, and on RPC outside of it', () => {
    for (const { label, node } of samples) {
      const { ports } = rendered(node);
      const p2p = ports.filter(({ purpose }) => purpose === 'p2p');
      const range = Array.from({ length: 31 }, (_, index) => 30400 + index);
      expect(p2p.filter(({ protocol }) => protocol === 'UDP').map(({ port }) => port), label).toEqual(range);
      expect(p2p.filter(({ protocol }) => protocol === 'TCP').map(({ port }) => port), label).toEqual([30400]);
      expect(ports.filter(({ purpose }) => purpose !== 'p2p').map(({ name, port, purpose }) => [name, port, purpose]), label).toEqual([
        ['rpc', 8899, node.role === 'rpc' ? 'rpc' : 'local'],
        ['rpc-websocket', 8900, node.role === 'rpc' ? 'rpc' : 'local'],
      ]);
    }
    // agave takes the range's end for one past its last port: 4.1 wants end - start >= 26.
    expect(solana.portSpan - 1).toBeGreaterThanOrEqual(26);
  });

  it('has its tower on a volume of its own, and its identity in memory', () => {
    for (const { label, node } of samples) {
      const { volumes, secrets, signs } = rendered(node);
      expect(volumes.map(({ name, kind, mountPath }) => [name, kind, mountPath]), label).toEqual([
        ['ledger', 'chain-data', '/ledger'],
        ['accounts', 'chain-data', '/accounts'],
        ['snapshots', 'scratch', '/snapshots'],
        ...(signs ? [['signing-state', 'signing-state', '/signing-state']] : []),
      ]);
      expect(secrets, label).toEqual([
        { name: 'identity', kind: signs ? 'validatorKey' : 'nodeSecret', format: 'solana-keypair', path: '/secrets/identity/identity.json' },
      ]);
    }
  });

  it('is asked to end before it is told to', () => {
    for (const { label, node } of samples) {
      expect(rendered(node).shutdown, label).toEqual({ graceSeconds: 120, preStop: ['agave-validator', '--ledger=/ledger', 'exit', '--force'] });
      expect(rendered(node).health, label).toEqual({ kind: 'solanaGetHealth', port: 'rpc' });
      expect(rendered(node).metrics, label).toBeUndefined();
    }
  });
});

describe('mistakes that only this chain can see', () => {
  it('a validator that does not vote, and an RPC node that does', () => {
    expect(problemsOf(sampleNode(solana, 'validator', { options: { voteAccount: undefined } }))).toEqual([
      'options.voteAccount: a validator without a vote account does not vote',
    ]);
    expect(problemsOf(sampleNode(solana, 'rpc', { options: { voteAccount: exampleKey(solana, 5) } }))).toEqual(['options.voteAccount: a rpc node must not vote']);
  });

  it('the identity in the place of the vote account', () => {
    const identity = exampleKey(solana, 0);
    expect(problemsOf(sampleNode(solana, 'validator', { options: { voteAccount: identity } }))).toEqual([
      `options.voteAccount: ${identity} is the identity of this node, not a vote account`,
    ]);
  });

  it('history asked of a validator', () => {
    expect(problemsOf(sampleNode(solana, 'validator', { options: { transactionHistory: true } }))).toEqual([
      'options.transactionHistory: a validator does not serve history',
    ]);
  });

  it('nobody to take a snapshot from', () => {
    const node = sampleNode(solana, 'validator');
    expect(problemsOf({ ...node, networkOptions: { ...node.networkOptions, knownValidators: [...node.keys] } })).toEqual([
      'keys: this node is the only known validator of its network, and agave does not take a snapshot from itself',
    ]);
  });

  it.each(['v2.3.9', 'v3.0.4', 'v4.3.0', '5.0.0'])('release %s, whose flags are not known', (version) => {
    expect(problemsOf(running('rpc', version))).toEqual([
      `clients.node: the flags of agave ${version} are not known here: 3.1 and newer are, up to before 4.3`,
    ]);
  });

  it.each(['v4.2.0', '4.2.3', 'v4.3.0', 'v4.4.0-jito'])('release %s for what signs: its votes are remembered in the ledger', (version) => {
    expect(problemsOf(running('validator', version))).toContain(`clients.node: agave ${version} remembers its votes in the ledger, which is no signing volume here`);
  });

  it('which an RPC node may run, and a validator the one before', () => {
    expect(problemsOf(running('rpc', 'v4.2.0'))).toEqual([]);
    expect(problemsOf(running('validator', 'v4.1.2'))).toEqual([]);
  });

  it('a tag that names no release', () => {
    expect(problemsOf(running('rpc', 'stable'))).toEqual(['clients.node: agave\'s flags differ between releases, and "stable" does not say which it is']);
  });

  it.each([8870, 8880, 8899, 8900])('a range from %i, which holds RPC', (portBase) => {
    expect(problemsOf(sampleNode(solana, 'rpc', { portBase }))[0]).toMatch(/^ports\.base: the ports [0-9]+ to [0-9]+ hold 8(899|900), which RPC listens on$/);
  });

  it('a range beyond the last port', () => {
    expect(problemsOf(sampleNode(solana, 'rpc', { portBase: 65506 }))).toEqual(['ports.base: the ports 65506 to 65536 go beyond 65535']);
    expect(problemsOf(sampleNode(solana, 'rpc', { portBase: 65505 }))).toEqual([]);
  });

  it('sizes of what is not there', () => {
    expect(problemsOf(sampleNode(solana, 'rpc', { resources: { node: { volumesGiB: { 'signing-state': 5 } } } }))).toEqual([
      'resources.node.volumesGiB.signing-state: component "node" of this node has no volume "signing-state"',
    ]);
  });

  it.each([
    { cluster: 'mainnet-beta' },
    { genesisHash: '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d' },
  ])('the genesis of another cluster: %j', (networkOptions) => {
    expect(() => sampleNode(solana, 'rpc', { networkOptions })).toThrow(/must be 5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d on mainnet-beta, and nowhere else/);
  });
});

describe('an identity', () => {
  const seed = 20261122;

  it('is 32 bytes of base58, written in one way', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const key = base58.encode(bytes);
        expect([key, ` ${key}\n`].map((spelling) => solana.parseKey(spelling))).toEqual([{ canonical: key }, { canonical: key }]);
      }),
      { seed },
    );
  });

  it('of another length is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }).filter(({ length }) => length !== 32 && length !== 64), (bytes) => {
        expect(solana.parseKey(base58.encode(bytes))).toMatchObject({ problem: `is ${bytes.length} bytes of base58; a public key has 32` });
      }),
      { seed },
    );
  });

  it.each([
    [`[${Array(64).fill(7).join(',')}]`, 'is a keypair, the private key included'],
    [base58.encode(new Uint8Array(64).fill(7)), 'is 64 bytes of base58, as long as a keypair'],
    ['0OIl', 'is not base58'],
  ])('%s is refused', (key, problem) => {
    expect(solana.parseKey(key)).toMatchObject({ problem });
  });
});
