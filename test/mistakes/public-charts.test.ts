import { describe, expect, it } from 'vitest';
import { chains } from '../../chains';
import type { ComponentSpec } from '../../chains/component';
import { StakingNodeError, type StakingNodeProblem } from '../../constructs/staking-node-error';
import type { StakingNodeProps } from '../../constructs/staking-node-props';
import { sampleNode, type Sample } from '../chains/every-chain';
import { HARDENING_POINTS, type Subject } from '../properties/hardening-points';
import { clientOf, statefulSets, type RenderedObject, type RenderedPodSpec, type RenderedStatefulSet } from '../rendered';
import { propsOf, subjectOf, yamlOf } from '../staking-nodes';

/**
 * Mistakes found in public charts, each made on purpose: in a definition, where StakingNode has to refuse it, or in what was
 * rendered, where a point of the hardening has to name it.
 */
const sample = (variant: string): Sample => ({ label: variant, chain: chains.ethereum, variant, node: sampleNode(chains.ethereum, variant) });
const validator = sample('validator with relays');

/** A validator of a chain that keeps its signing state inside the chain data. */
const inChainData = (chain: 'avalanche' | 'polkadot'): Sample => ({
  label: chain,
  chain: chains[chain],
  variant: 'validator',
  node: sampleNode(chains[chain], 'validator', { reach: { via: 'nodePort', address: '203.0.113.7' } }),
});

/** The validator's props with one component changed. */
function withComponent(name: string, change: (component: ComponentSpec) => Partial<ComponentSpec>): StakingNodeProps {
  const props = propsOf(validator);
  return { ...props, components: props.components.map((component) => (component.name === name ? { ...component, ...change(component) } : component)) };
}

function problemsOf(props: StakingNodeProps): readonly StakingNodeProblem[] {
  try {
    yamlOf(props);
  } catch (error) {
    if (error instanceof StakingNodeError) return error.problems;
    throw error;
  }
  return [];
}

const problem = (code: StakingNodeProblem['code'], message: string, value: unknown) => ({ code, message, value, next: expect.stringMatching(/^[A-Z].*\.$/) });

/** What the points say of a rendered validator after something was changed in it, by point. */
function reported(change: (objects: RenderedObject[], workload: Mutable<RenderedStatefulSet>) => unknown, judged = Object.keys(HARDENING_POINTS)): Record<string, readonly string[]> {
  const subject = subjectOf(validator);
  const objects = structuredClone(subject.objects) as RenderedObject[];
  change(objects, statefulSets(objects).find(({ metadata }) => metadata.name.endsWith('-validator'))! as Mutable<RenderedStatefulSet>);
  const changed: Subject = { ...subject, objects };
  return Object.fromEntries(judged.map((name) => [name, [...HARDENING_POINTS[name]!(changed)]] as const).filter(([, problems]) => problems.length > 0));
}

type Mutable<T> = T extends (infer U)[] | readonly (infer U)[] ? Mutable<U>[] : T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;

it('nothing is wrong before a mistake is made', () => {
  expect(problemsOf(propsOf(validator))).toEqual([]);
  expect(reported(() => undefined)).toEqual({});
});

describe('the slashing database is not on the volume', () => {
  it('because the validator is started without its data folder', () => {
    const args = ['validator_client', '--network=hoodi', '--beacon-nodes=http://beacon:5052'];
    expect(problemsOf(withComponent('validator', () => ({ args, prepare: [] })))).toEqual([
      problem('signing-state-unused', 'nothing tells validator to keep its signing state in /signing-state, so it would write it where a restart loses it', args),
    ]);
  });

  it('because the data folder only looks like the volume', () => {
    const problems = problemsOf(withComponent('validator', ({ args }) => ({ args: args.map((arg) => arg.replace('=/signing-state', '=/signing-state-2')), prepare: [] })));
    expect(problems.map(({ code }) => code)).toEqual(['signing-state-unused']);
  });

  it('because it is on an emptyDir', () => {
    const temporary = [{ name: 'data', mountPath: '/signing-state', sizeMiB: 64, medium: 'disk' as const }];
    expect(problemsOf(withComponent('validator', () => ({ volumes: [], temporary })))).toEqual([
      problem('no-signing-state', 'validator signs, so it must have a volume that remembers what it signed', []),
    ]);
  });

  it('because an emptyDir lies over the folder in which it is', () => {
    const temporary = [{ name: 'validators', mountPath: '/signing-state/validators', sizeMiB: 64, medium: 'disk' as const }];
    expect(problemsOf(withComponent('validator', () => ({ temporary })))).toEqual([
      problem('path-conflict', 'the signing state of validator must lie outside /signing-state/validators, so that neither a snapshot nor a restart takes it along', '/signing-state'),
    ]);
  });

  it('because it is inside the chain data', () => {
    const volumes = [
      { name: 'chain-data', kind: 'chain-data' as const, mountPath: '/data', sizeGiB: 100 },
      { name: 'signing-state', kind: 'signing-state' as const, mountPath: '/data/signing-state', sizeGiB: 10 },
    ];
    expect(problemsOf(withComponent('validator', () => ({ volumes, args: ['--datadir=/data/signing-state'] }))).map(({ code }) => code)).toEqual(['path-conflict']);
  });

  it('because it is in chain data that the definition does not call so', () => {
    const signer = inChainData('polkadot');
    const volumes = [{ name: 'chain-data', kind: 'chain-data' as const, mountPath: '/chain-data', sizeGiB: 100 }];
    const components = propsOf(signer).components.map((component) => ({ ...component, volumes }));
    expect(problemsOf(propsOf(signer, { components })).map(({ code }) => code)).toEqual(['no-signing-state']);
  });

  it('because part of the chain data that holds it is elsewhere', () => {
    const signer = inChainData('avalanche');
    const temporary = [{ name: 'db', mountPath: '/chain-data/db', sizeMiB: 64, medium: 'disk' as const }];
    const components = propsOf(signer).components.map((component) => ({ ...component, temporary }));
    expect(problemsOf(propsOf(signer, { components })).map(({ code }) => code)).toEqual(['path-conflict']);
  });

  it('because persistence is off', () => {
    expect(
      reported((_objects, workload) => {
        const volume = workload.spec.template.spec.volumes.find(({ name }) => name === 'signing-state')!;
        delete volume.persistentVolumeClaim;
        volume.emptyDir = {};
      }),
    ).toMatchObject({
      'explicit-claims-mounted-by-one-pod': [expect.stringContaining('claims that pods mount is ')],
      'temporary-folders-have-limits': ['ethereum-0-validator: folder signing-state has no size limit'],
    });
  });
});

describe('a missing slashing database is replaced by an empty one', () => {
  it('on a node whose first start nobody approved', () => {
    expect(problemsOf(withComponent('validator', ({ args }) => ({ args: [...args, '--init-slashing-protection'] })))).toEqual([
      problem('first-start-not-approved', 'validator would replace a missing signing state by an empty one', '--init-slashing-protection'),
    ]);
  });

  it('never by a chain definition, and only where the first start is approved by Lighthouse\'s', () => {
    const argsOf = (firstStart: boolean) => chains.ethereum.components({ ...validator.node, firstStart }).flatMap(({ args }) => args);
    expect(argsOf(false).filter((arg) => /init-slashing|import.*slashing/.test(arg))).toEqual([]);
    expect(argsOf(true).filter((arg) => /init-slashing|import.*slashing/.test(arg))).toEqual(['--init-slashing-protection']);
  });

  it('because the guard was told that this is a first start', () => {
    expect(
      reported((objects) => {
        for (const { kind, data } of objects as Mutable<RenderedObject>[]) if (kind === 'ConfigMap' && data) data['agent.json'] = data['agent.json']!.replace('"firstStart": false', '"firstStart": true');
      }),
    ).toEqual({ 'first-start-is-approved': [expect.stringContaining('guard of validator is {"firstStart":true,')] });
  });
});

describe('a second copy of a signer', () => {
  it('by an autoscaler', () => {
    const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'ethereum-0-validator', namespace: 'staking-hoodi' } };
    expect(reported((objects) => objects.push(autoscaler))).toEqual({
      'one-stateful-set-per-component': ["HorizontalPodAutoscaler ethereum-0-validator is none of a staking node's kinds"],
    });
  });

  it('by replicas that all have the same keys', () => {
    expect(reported((_objects, { spec }) => (spec.replicas = 3))).toEqual({ 'single-replica': ['ethereum-0-validator: replicas is 3, expected 1'] });
  });

  it('by a Deployment, whose new pod starts before the old one has ended', () => {
    const points = reported((_objects, workload) => (workload.kind = 'Deployment'), ['one-stateful-set-per-component']);
    expect(points).toEqual({
      'one-stateful-set-per-component': [
        'StatefulSets ethereum-0-builder, ethereum-0-consensus, ethereum-0-execution instead of ethereum-0-builder, ethereum-0-consensus, ethereum-0-execution, ethereum-0-validator',
        "Deployment ethereum-0-validator is none of a staking node's kinds",
      ],
    });
  });
});

describe('the client is not ended as it should be', () => {
  it.each([0, -1, NaN])('because its grace is %d s', (graceSeconds) => {
    expect(problemsOf(withComponent('validator', () => ({ shutdown: { graceSeconds } })))).toEqual([problem('no-grace', 'validator must have time to shut down', graceSeconds)]);
  });

  it('because the pod\'s grace was set to 0', () => {
    expect(reported((_objects, { spec }) => (spec.template.spec.terminationGracePeriodSeconds = 0))).toEqual({
      'grace-of-client-plus-agent': ['ethereum-0-validator: terminationGracePeriodSeconds is 0, expected 150'],
    });
  });

  it.each([
    ['a shell', ['sh', '-c', 'lighthouse validator_client'], 'sh'],
    ['a shell by its path', ['/bin/bash', '-c', 'lighthouse validator_client'], '/bin/bash'],
    ['a shell behind an init', ['tini', '--', '/bin/sh', '-c', 'lighthouse validator_client'], '/bin/sh'],
  ])('because %s is the main process', (_, command, value) => {
    expect(problemsOf(withComponent('validator', () => ({ command })))).toEqual([
      problem('shell-entry-point', 'validator must be started directly: a shell keeps SIGTERM to itself', value),
    ]);
    if (command[0] !== 'tini') {
      expect(Object.keys(reported((_objects, { spec }) => (clientOf(spec.template.spec as RenderedPodSpec) as Mutable<ReturnType<typeof clientOf>>).command = command))).toEqual(['client-is-the-main-process']);
    }
  });
});

describe('an API is open to the world', () => {
  it('because it is on the port meant for P2P', () => {
    const problems = problemsOf(withComponent('execution', ({ ports }) => ({ ports: [...ports, { name: 'rpc-public', port: 8545, protocol: 'TCP', purpose: 'p2p' }] })));
    expect(problems).toEqual([problem('api-exposed', 'port 8545 of execution is for the P2P network and for rpc', 'rpc-public')]);
  });

  it('because its own port was declared as one for P2P', () => {
    const problems = problemsOf(withComponent('execution', ({ ports }) => ({ ports: ports.map((port) => (port.name === 'rpc' ? { ...port, purpose: 'p2p' } : port)) })));
    expect(problems).toEqual([problem('api-exposed', 'port 8545 of execution is for the P2P network and for its health or metrics', 'rpc')]);
  });

  it('because the engine API is on it', () => {
    const problems = problemsOf(withComponent('execution', ({ ports }) => ({ ports: [...ports, { name: 'engine-public', port: 8551, protocol: 'TCP', purpose: 'p2p' }] })));
    expect(problems.map(({ code, value }) => [code, value])).toEqual([['api-exposed', 'engine-public']]);
  });

  it('because a Service was changed to a node port', () => {
    const points = reported((objects) => {
      const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'ethereum-0-execution') as Mutable<RenderedObject>;
      Object.assign(service.spec as object, { type: 'NodePort' });
    });
    expect(points['only-p2p-leaves-the-cluster']).toContainEqual('ethereum-0-execution: ethereum-0-execution exposes port 8545, which is for rpc');
    expect(points['reached-as-declared']).toEqual(['Service types is ["NodePort"], expected []']);
  });
});

describe('a secret in plain text', () => {
  const hex = 'c0'.repeat(32);

  it.each([
    ['a literal JWT', [`--authrpc.jwtsecret=${hex}`], '--authrpc.jwtsecret'],
    ['a literal JWT as a word of its own', ['--authrpc.jwtsecret', hex], '--authrpc.jwtsecret'],
    ['a node key', [`--nodekeyhex=${hex}`], '--nodekeyhex'],
    ['a password', ['--unlock', '--password=hunter2'], '--password'],
    ['32 bytes under any name', [`--key=${hex}`], '--key'],
  ])('as an argument: %s', (_, added, value) => {
    expect(problemsOf(withComponent('execution', ({ args }) => ({ args: [...args, ...added] })))).toEqual([problem('secret-in-plain', 'execution is given a secret in plain text', value)]);
  });

  it('is not repeated by the error', () => {
    const props = withComponent('execution', ({ args }) => ({ args: [...args, `--authrpc.jwtsecret=${hex}`] }));
    expect(() => yamlOf(props)).toThrow(StakingNodeError);
    expect(() => yamlOf(props)).not.toThrow(hex);
  });

  it('in the environment', () => {
    expect(problemsOf(withComponent('validator', () => ({ env: { KEYSTORE_PASSWORD: 'hunter2' } }))).map(({ code, value }) => [code, value])).toEqual([['secret-in-plain', 'KEYSTORE_PASSWORD']]);
  });

  it.each([
    ['node_key.json', '{}'],
    ['priv_validator_key.json', '{}'],
    ['validator.pem', ''],
    ['settings.json', '{"crypto":{"cipher":{"ciphertext":""}}}'],
    ['identity.json', JSON.stringify(Array.from({ length: 64 }, (_, index) => index))],
    ['tls.txt', '-----BEGIN PRIVATE KEY-----'],
  ])('in a ConfigMap: %s', (file, content) => {
    const config = [{ name: 'keys', mountPath: '/keys', files: { [file]: content } }];
    expect(problemsOf(withComponent('execution', () => ({ config })))).toEqual([
      problem('secret-in-plain', 'the config folder keys of execution, which everybody may read, holds a secret', file),
    ]);
  });

  it('is told from what is public: paths, switches, hashes', () => {
    const added = ['--jwt-secret=/secrets/jwt/jwt.hex', '--password-file', '/secrets/password', '--nodekeyhex-enabled=false', `--trusted-block-root=0x${hex}`, `--genesis-hash=${hex}`];
    expect(problemsOf(withComponent('execution', ({ args }) => ({ args: [...args, ...added] })))).toEqual([]);
  });

  it('on a disk', () => {
    const secrets = [{ name: 'jwt', kind: 'nodeSecret' as const, format: 'jwt-hex' as const, path: '/data/jwt.hex' }];
    expect(problemsOf(withComponent('execution', () => ({ secrets })))).toEqual([problem('secret-path', 'secrets of execution must lie below /secrets, which is memory', '/data/jwt.hex')]);
  });

  it('as a Kubernetes Secret', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace: 'staking-hoodi' } };
    expect(reported((objects) => objects.push(secret))).toMatchObject({ 'no-kubernetes-secrets': ['Secret keys'] });
  });
});

describe('an image that can change under the node', () => {
  it('of a client', () => {
    expect(problemsOf(withComponent('validator', ({ image }) => ({ image: { ...image, version: 'latest' } })))).toEqual([problem('image-latest', 'validator must run one version', 'latest')]);
  });

  it('of the agent', () => {
    expect(problemsOf({ ...propsOf(validator), agent: { repository: 'registry.example/agent', version: 'latest' } })).toEqual([problem('image-latest', 'the secret agent must run one version', 'latest')]);
  });

  it('in what was rendered', () => {
    const points = reported((_objects, { spec }) => (spec.template.spec.containers[0]!.image = 'sigp/lighthouse:latest'));
    expect(points).toEqual({ 'one-version-of-each-image': ['ethereum-0-validator: client: image sigp/lighthouse:latest does not name one version'] });
  });
});

describe('more power than the pod needs', () => {
  it('by an init container that is root and changes the owner of the data at every start', () => {
    const points = reported((_objects, { spec }) => {
      const client = structuredClone(spec.template.spec.containers[0]!);
      spec.template.spec.initContainers = [
        { ...client, name: 'chown', command: ['chown', '-R', '10001', '/data'], securityContext: { ...client.securityContext, runAsUser: 0 } },
        ...(spec.template.spec.initContainers ?? []),
      ];
    });
    expect(points['runs-as-one-unprivileged-user']).toEqual(['ethereum-0-validator: chown has a user of its own']);
    expect(points['agent-starts-before-the-client']).toEqual([expect.stringContaining('init containers is ["chown",')]);
  });

  it('by the host\'s network without a declared exception', () => {
    const problems = problemsOf(withComponent('execution', () => ({ hostNetwork: true })));
    expect(problems.map(({ code }) => code)).toEqual(['exception-missing', 'reach-mismatch']);
  });

  it('by Pod Security labels on the pod, where nobody reads them', () => {
    const misplaced = (objects: readonly RenderedObject[]): string[] =>
      statefulSets(objects).flatMap(({ spec }) => Object.keys(spec.template.metadata.labels).filter((label) => label.startsWith('pod-security.kubernetes.io/')));
    const { objects } = subjectOf(validator);
    expect(misplaced(objects)).toEqual([]);
    const wrong = structuredClone(objects) as RenderedObject[];
    for (const { spec } of statefulSets(wrong)) Object.assign(spec.template.metadata.labels, { 'pod-security.kubernetes.io/enforce': 'restricted' });
    expect(misplaced(wrong)).toHaveLength(4);
  });
});
