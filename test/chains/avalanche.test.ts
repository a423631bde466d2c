import { base58 } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { avalanche } from '../../chains/avalanche';
import { cb58 } from '../../chains/avalanche/keys';
import type { ComponentSpec } from '../../chains/component';
import { agentConfig } from '../../constructs/secret-agent';
import type { ChainNode } from '../../model/catalogue';
import { everySampleOf, exampleKey, sampleNode } from './every-chain';

const samples = everySampleOf(avalanche);

const rendered = (node: ChainNode): ComponentSpec => avalanche.components(node)[0] as ComponentSpec;
const problemsOf = (node: ChainNode) => avalanche.check(node).map(({ path, problem }) => `${path.join('.')}: ${problem}`);
const running = (version: string): ChainNode => {
  const node = sampleNode(avalanche, 'rpc');
  return { ...node, clients: { node: { ...node.clients['node']!, version } } };
};

const nodePort = { via: 'nodePort', address: '203.0.113.7' } as const;

describe('arguments', () => {
  it('of a validator', () => {
    const { command, args } = rendered(sampleNode(avalanche, 'validator', { reach: nodePort }));
    expect(command).toEqual(['/avalanchego/build/avalanchego']);
    expect(args).toEqual([
      '--network-id=fuji',
      '--data-dir=/chain-data',
      '--chain-config-dir=/config/chains',
      '--staking-tls-cert-file=/secrets/staking/staker.crt',
      '--staking-tls-key-file=/secrets/staking/staker.key',
      '--staking-signer-key-file=/secrets/staking/signer.key',
      '--staking-port=30400',
      '--public-ip=203.0.113.7',
      '--http-host=0.0.0.0',
      '--http-port=9650',
      '--api-admin-enabled=false',
      '--index-enabled=false',
      '--log-level=off',
      '--log-display-level=info',
      '--log-format=json',
    ]);
  });

  it('name all three files of a validator, which makes what it is not told of, and none elsewhere', () => {
    for (const { label, node } of samples) {
      const files = rendered(node).args.filter((arg) => /^--staking-.*-file=/.test(arg)).map((arg) => arg.split('=')[1]);
      expect(files.sort(), label).toEqual((rendered(node).secrets ?? []).map(({ path }) => path).sort());
      expect(files, label).toHaveLength(node.role === 'validator' ? 3 : 0);
      expect(rendered(node).args.filter((arg) => arg.startsWith('--staking-ephemeral')), label).toHaveLength(node.role === 'validator' ? 0 : 2);
    }
  });

  it('tell others one address: the declared one, or the one that it was seen to call from', () => {
    for (const { label, node } of samples) {
      const { reach } = node;
      const address = reach.via === 'loadBalancer' ? '198.51.100.1' : reach.via === 'nodePort' && reach.address !== 'discovered' ? '203.0.113.7' : undefined;
      expect(rendered(node).args.filter((arg) => arg.startsWith('--public-ip')), label).toEqual(
        address === undefined ? ['--public-ip-resolution-service=opendns'] : [`--public-ip=${address}`],
      );
    }
  });

  it('let callers in the cluster use the name of an RPC node, and nobody that of a validator', () => {
    for (const { label, node } of samples) expect(rendered(node).args.includes('--http-allowed-hosts=*'), label).toBe(node.role === 'rpc');
  });

  it.each([
    ['rpc', { 'pruning-enabled': true }],
    ['archive', { 'pruning-enabled': false, 'state-sync-enabled': false }],
  ])('and the C-Chain\'s file of an %s node', (variant, content) => {
    const { config } = rendered(sampleNode(avalanche, variant));
    expect(config).toHaveLength(1);
    expect(config![0]).toMatchObject({ mountPath: '/config/chains/C' });
    expect(JSON.parse(config![0]!.files['config.json']!)).toEqual(content);
  });
});

describe('every Avalanche node', () => {
  it('has one volume, which is the signing state\'s too where it signs', () => {
    for (const { label, node } of samples) {
      const kind = node.role === 'validator' ? 'signing-chain' : 'chain-data';
      expect(rendered(node).volumes.map((volume) => [volume.name, volume.kind, volume.mountPath]), label).toEqual([[kind, kind, '/chain-data']]);
    }
  });

  it('is judged by its health, not by having been bootstrapped once', () => {
    for (const { label, node } of samples) {
      expect(rendered(node).health, label).toEqual({ kind: 'http', port: 'http', path: '/ext/health', readyStatus: [200] });
      expect(rendered(node).metrics, label).toEqual({ port: 'metrics', path: '/ext/metrics' });
      expect(rendered(node).shutdown.graceSeconds, label).toBeGreaterThan(70);
    }
  });

  it('offers its API to callers where it is an RPC node, and its metrics everywhere', () => {
    for (const { label, node } of samples) {
      expect(rendered(node).ports.map(({ name, port, purpose }) => [name, port, purpose]), label).toEqual([
        ['p2p', 30400, 'p2p'],
        ['http', 9650, node.role === 'rpc' ? 'rpc' : 'local'],
        ['metrics', 9650, 'metrics'],
      ]);
    }
  });

  it('is dialled where it validates', () => {
    expect(avalanche.roles['validator']!.unsupportedReach).toHaveProperty('outbound');
    expect(samples.filter(({ node }) => node.role === 'validator' && node.reach.via === 'outbound')).toEqual([]);
  });

  it('gets each file from the key that it belongs to', () => {
    const node = sampleNode(avalanche, 'validator', { reach: nodePort });
    const [nodeId, bls] = node.keys as [string, string];
    const { secrets } = agentConfig(rendered(node), { cluster: 'c', network: 'avalanche-fuji', node: 'n', keys: node.keys, firstStart: false });
    expect(secrets.map(({ source, file, format, claim }) => [source, file, format, claim])).toEqual([
      [`networks/avalanche-fuji/keys/${nodeId}`, '/secrets/staking/staker.crt', 'avalanche-staking-certificate', nodeId],
      [`networks/avalanche-fuji/keys/${nodeId}`, '/secrets/staking/staker.key', 'avalanche-staking-key', nodeId],
      [`networks/avalanche-fuji/keys/${bls}`, '/secrets/staking/signer.key', 'avalanche-signer-key', bls],
    ]);
  });
});

describe('mistakes that only this chain can see', () => {
  const withKeys = (...keys: string[]): string[] => problemsOf({ ...sampleNode(avalanche, 'validator', { reach: nodePort }), keys });

  it('two keys of one kind', () => {
    expect(withKeys(exampleKey(avalanche, 0), exampleKey(avalanche, 2))).toEqual(['keys: a validator has one NodeID, this one has 2', 'keys: a validator has one BLS public key, this one has 0']);
    expect(withKeys(exampleKey(avalanche, 1), exampleKey(avalanche, 3))).toEqual(['keys: a validator has one NodeID, this one has 0', 'keys: a validator has one BLS public key, this one has 2']);
    expect(withKeys(exampleKey(avalanche, 3), exampleKey(avalanche, 2))).toEqual([]);
  });

  it('an archive on a validator, or without its past', () => {
    expect(problemsOf(sampleNode(avalanche, 'validator', { reach: nodePort, options: { archive: true, stateSync: false } }))).toEqual(['options.archive: a validator does not serve history']);
    expect(problemsOf(sampleNode(avalanche, 'rpc', { options: { archive: true } }))).toEqual(['options.stateSync: an archive that starts from a recent state lacks all that was before']);
  });

  it('a genesis', () => {
    expect(problemsOf(sampleNode(avalanche, 'rpc', { genesis: { url: 'https://example.com/genesis.json', sha256: '0'.repeat(64) } }))).toEqual([
      'network: a genesis is declared, and avalanchego takes none for its public networks',
    ]);
  });

  it.each(['v1.12.2', 'v1.15.0', '2.0.0'])('release %s, whose flags are not known', (version) => {
    expect(problemsOf(running(version))).toEqual([`clients.node: the flags of avalanchego ${version} are not known here: 1.13 and newer are, up to before 1.15`]);
  });

  it('a tag that names no release', () => {
    expect(problemsOf(running('nightly'))).toEqual(['clients.node: avalanchego\'s flags differ between releases, and "nightly" does not say which it is']);
    expect(problemsOf(running('v1.13.5'))).toEqual([]);
  });

  it('the API\'s port for P2P, and sizes of what is not there', () => {
    expect(problemsOf(sampleNode(avalanche, 'rpc', { portBase: 9650 }))).toEqual(['ports.base: port 9650 is taken inside the node, by its API']);
    expect(problemsOf(sampleNode(avalanche, 'rpc', { resources: { node: { volumesGiB: { 'signing-chain': 5 } } } }))).toEqual([
      'resources.node.volumesGiB.signing-chain: component "node" of this node has no volume "signing-chain"',
    ]);
  });

  it('an option or a network that there is not', () => {
    expect(() => sampleNode(avalanche, 'rpc', { options: { trackSubnets: [] } })).toThrow(/trackSubnets/);
    expect(() => sampleNode(avalanche, 'rpc', { networkOptions: { network: 'local' } })).toThrow();
  });
});

describe('a key', () => {
  const seed = 20261125;
  const parse = (key: string) => avalanche.parseKey(key);
  const next = expect.stringMatching(/^[A-Z].*\.$/);

  it('of a validator, as avalanchego v1.14.2 printed it for a certificate and a signer key made for that and thrown away', () => {
    const printed = ['NodeID-PjPAuxAaPvgf1ZS9ab6Gq1sgArvxQ8jGu', '0xb5e15cc92fcef89bf79c35aa98d0a2a457be2298d629a36c51131176c3a107e7d37199186ae325c3c0e0849bc91a2ce4'];
    expect(printed.map(parse)).toEqual(printed.map((canonical) => ({ canonical })));
  });

  it('is a NodeID of 20 bytes, written in one way', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        const key = `NodeID-${cb58.encode(bytes)}`;
        expect([key, ` ${key}\n`].map(parse)).toEqual([{ canonical: key }, { canonical: key }]);
      }),
      { seed },
    );
  });

  it('with any character changed, is refused', () => {
    const key = exampleKey(avalanche, 0);
    fc.assert(
      fc.property(fc.integer({ min: 7, max: key.length - 1 }), fc.constantFrom(...'123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'), (at, other) => {
        fc.pre(key[at] !== other);
        expect(parse(`${key.slice(0, at)}${other}${key.slice(at + 1)}`)).toMatchObject({ problem: expect.stringMatching(/checksum|bytes/), next });
      }),
      { seed },
    );
  });

  it('in capitals is the same BLS key', () => {
    const key = exampleKey(avalanche, 1);
    expect([key, key.toUpperCase().replace('0X', '0x'), `${key}\n`].map(parse)).toEqual(Array(3).fill({ canonical: key }));
  });

  it.each([
    ['NodeID-0OIl', 'is "NodeID-" and something that is not base58'],
    [`NodeID-${cb58.encode(new Uint8Array(32))}`, 'is a NodeID of 32 bytes; one has 20'],
    [`NodeID-${base58.encode(new Uint8Array(20).fill(7))}`, 'is a NodeID with a wrong checksum'],
    ['NodeID-', 'is a NodeID with a wrong checksum'],
    // The published key of local test networks.
    ['PrivateKey-ewoqjP7PxY4yr3iLTpLisriqt94hdyDFNgchSxGGztUrTXtNN', 'is a private key of the P- or C-Chain'],
    ['-----BEGIN PRIVATE KEY-----', 'is PEM: a certificate, or the private key of one'],
    [`0x${'ab'.repeat(32)}`, 'is 32 bytes, as long as a BLS secret key'],
    [`0x${'ab'.repeat(47)}`, 'is 47 bytes; a BLS public key has 48'],
    [`0x${'zz'.repeat(48)}`, 'starts with 0x, but is not hexadecimal'],
    [`0x${'1b'.repeat(48)}`, 'is not a BLS public key: 48 bytes, but not of a compressed point'],
    [`0xc0${'00'.repeat(47)}`, 'is not a BLS public key: 48 bytes, but not of a compressed point'],
    ['7Xhw2mDxuDS44j42TCB6U5579esbSt3Lg', 'is neither a NodeID ("NodeID-...") nor a BLS public key ("0x...")'],
  ])('%s is refused', (key, problem) => {
    expect(parse(key)).toEqual({ problem, next });
  });
});
