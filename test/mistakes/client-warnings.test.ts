import { describe, expect, it } from 'vitest';
import { chains } from '../../chains';
import type { ComponentSpec } from '../../chains/component';
import type { StakingNodeError } from '../../constructs/staking-node-error';
import { guardedVolume } from '../../constructs/secret-agent';
import { everySample, type Sample } from '../chains/every-chain';
import { agentOf } from '../properties/hardening-points';
import { allContainers, clientOf, ofKind, parseYaml, statefulSets, type RenderedStatefulSet } from '../rendered';
import { propsOf, yamlOf } from '../staking-nodes';

/** What each client is known to get wrong unless it is told, held against the rendered YAML of each client in each role. */
const ONE_OF_EACH: readonly Sample[] = [
  ...new Map(
    everySample().flatMap((sample) => Object.entries(sample.node.clients).map(([component, { client }]): [string, Sample] => [`${sample.chain.name} ${sample.variant} ${component} ${client} ${sample.node.firstStart}`, sample])),
  ).values(),
];

interface RenderedSample {
  readonly sample: Sample;
  readonly component: ComponentSpec;
  readonly workload: RenderedStatefulSet;
  readonly text: string;
  readonly agent: { readonly guard?: unknown; readonly secrets: readonly { readonly file?: string; readonly claim?: string }[] };
}

const rendered: readonly RenderedSample[] = [...new Set(ONE_OF_EACH)].flatMap((sample) => {
  const props = propsOf(sample);
  const text = yamlOf(props);
  const objects = parseYaml(text);
  return props.components.map((component) => ({
    sample,
    component,
    workload: statefulSets(objects).find(({ metadata }) => metadata.name === `${props.name}-${component.name}`)!,
    text: ofKind(objects, 'ConfigMap').filter(({ metadata }) => metadata.labels?.['stockade.dev/component'] === component.name).map(({ data }) => Object.values(data ?? {}).join('\n')).join('\n'),
    agent: agentOf(objects, `${props.name}-${component.name}`),
  }));
});

const of = (chain: string, client?: string, component?: string): readonly RenderedSample[] => {
  const found = rendered.filter((candidate) => candidate.sample.chain.name === chain && (client === undefined || candidate.component.client === client) && (component === undefined || candidate.component.name === component));
  if (found.length === 0) throw new Error(`no sample of ${chain} ${client ?? ''} ${component ?? ''}`);
  return found;
};
const argsOf = ({ workload }: RenderedSample): readonly string[] => clientOf(workload.spec.template.spec).args ?? [];

describe('a signer that is not told where its signing state belongs', () => {
  const signers = rendered.filter(({ component, sample }) => component.signs && !sample.node.firstStart);
  it.each([...new Set(signers.map(({ sample, component }) => `${sample.chain.name} ${sample.variant} ${component.client}`))])('is refused: %s', (label) => {
    const { sample, component } = signers.find((candidate) => `${candidate.sample.chain.name} ${candidate.sample.variant} ${candidate.component.client}` === label)!;
    const { mountPath } = guardedVolume(component)!;
    const elsewhere = (text: string): string => text.replaceAll(mountPath, '/elsewhere');
    const wrong: ComponentSpec = {
      ...component,
      command: component.command?.map(elsewhere),
      args: component.args.map(elsewhere),
      env: Object.fromEntries(Object.entries(component.env ?? {}).map(([name, value]) => [name, elsewhere(value)])),
      config: component.config?.map((folder) => ({ ...folder, files: Object.fromEntries(Object.entries(folder.files).map(([name, content]) => [name, elsewhere(content)])) })),
      prepare: component.prepare?.map((step) => (step.kind === 'link' ? { ...step, target: elsewhere(step.target) } : step)),
    };
    const props = propsOf(sample);
    const components = props.components.map((candidate) => (candidate.name === component.name ? wrong : candidate));
    try {
      yamlOf({ ...props, components });
      expect.unreachable();
    } catch (error) {
      expect((error as StakingNodeError).problems.map(({ code, message }) => [code, message])).toEqual([
        ['signing-state-unused', `nothing tells ${component.name} to keep its signing state in ${mountPath}, so it would write it where a restart loses it`],
      ]);
    }
  });
});

describe('every signer', () => {
  it('has a guarded volume, claims each of its keys, and gets them in memory', () => {
    const signers = rendered.filter(({ component }) => component.signs);
    expect(signers.length).toBeGreaterThan(10);
    for (const { sample, agent, component } of signers) {
      expect(agent.guard, sample.label).toMatchObject({ firstStart: sample.node.firstStart });
      expect(new Set(agent.secrets.flatMap(({ claim }) => claim ?? [])), sample.label).toEqual(new Set(sample.node.keys));
      for (const { file } of agent.secrets) expect(file, component.client).toMatch(/^\/secrets\//);
    }
  });

  it('has a claim on no key anywhere else in its node', () => {
    for (const { sample, agent } of rendered.filter(({ component }) => !component.signs)) expect(agent.secrets.filter(({ claim }) => claim !== undefined), sample.label).toEqual([]);
  });
});

describe('Ethereum', () => {
  it('replaces a missing slashing database by an empty one on an approved first start alone', () => {
    for (const { sample, component, workload } of of('ethereum')) {
      const flags = allContainers(workload.spec.template.spec).flatMap(({ args = [] }) => args.filter((arg) => /init-slashing-protection|slashing-protection-import/.test(arg)));
      expect(flags, sample.label).toEqual(component.name === 'validator' && component.client === 'lighthouse' && sample.node.firstStart ? ['--init-slashing-protection'] : []);
    }
  });

  it('takes a beacon node that is syncing (206) for not ready', () => {
    for (const { component } of of('ethereum', undefined, 'consensus')) expect(component.health).toEqual({ kind: 'http', port: 'rpc', path: '/eth/v1/node/health', readyStatus: [200] });
  });

  it('gives execution clients the minutes that their databases need to close', () => {
    for (const { component, workload } of of('ethereum', undefined, 'execution')) {
      expect(component.shutdown.graceSeconds, component.client).toBeGreaterThanOrEqual(300);
      expect(workload.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(component.shutdown.graceSeconds);
    }
  });

  it('serves no key-manager API', () => {
    for (const node of of('ethereum', undefined, 'validator')) {
      expect(argsOf(node).filter((arg) => /^--(http|rpc|keymanager|validator-api-enabled|web)(=|$)/.test(arg)), node.component.client).toEqual([]);
      expect(node.component.ports.map(({ purpose }) => purpose)).toEqual(['metrics']);
    }
  });

  it('keeps Erigon\'s private API to itself', () => {
    for (const node of of('ethereum', 'erigon')) expect(argsOf(node)).toContain('--private.api.addr=127.0.0.1:9090');
  });

  it('finds the JWT in a file that both sides got from the agent', () => {
    for (const node of [...of('ethereum', undefined, 'execution'), ...of('ethereum', undefined, 'consensus')]) {
      const files = node.agent.secrets.map(({ file }) => file!);
      expect(files).toHaveLength(1);
      expect(argsOf(node).some((arg) => arg.endsWith(`=${files[0]}`)), node.component.client).toBe(true);
    }
  });

  it.each([
    ['lighthouse', '/signing-state'],
    ['prysm', '/signing-state/prysm'],
    ['teku', '/signing-state'],
    ['nimbus', '/signing-state/nimbus'],
    ['lodestar', '/signing-state'],
  ])('%s has its data folder on the signing volume', (client, folder) => {
    for (const node of of('ethereum', client, 'validator')) expect(argsOf(node).find((arg) => /^--(datadir|data-path|data-dir|dataDir)=/.test(arg))?.split('=')[1]).toBe(folder);
  });
});

describe('Cosmos', () => {
  it('gives a sentried validator no other peers than its sentries, and hides it from theirs', () => {
    for (const { sample, text } of of('cosmos').filter((candidate) => candidate.sample.variant === 'sentried validator')) {
      expect(text, sample.label).toMatch(/^pex = false$/m);
      expect(text).toMatch(/^seeds = ""$/m);
      const ids = Object.values(sample.node.peers).map(({ options }) => String(options['publicNodeId']));
      expect(/^persistent_peers = "(.*)"$/m.exec(text)![1]!.split(',').map((peer) => peer.split('@')[0])).toEqual(ids);
    }
    for (const { sample, text } of of('cosmos').filter((candidate) => candidate.sample.variant === 'sentry')) {
      const ids = Object.values(sample.node.referrers).map(({ options }) => String(options['publicNodeId']));
      expect(/^private_peer_ids = "(.*)"$/m.exec(text)![1]!.split(',').sort()).toEqual(ids.sort());
    }
  });

  it('mounts the folder of the state file, which is replaced by rename, and no key file of its own making', () => {
    for (const { sample, text, workload } of of('cosmos').filter(({ component }) => component.signs)) {
      const { mountPath } = clientOf(workload.spec.template.spec).volumeMounts!.find(({ name }) => name === 'signing-state')!;
      expect(/^priv_validator_state_file = "(.*)\/[^/"]+"$/m.exec(text)?.[1], sample.label).toBe(mountPath);
      expect(/^priv_validator_key_file = "(.*)"$/m.exec(text)?.[1]).toMatch(/^\/secrets\//);
      expect(/^node_key_file = "(.*)"$/m.exec(text)?.[1]).toMatch(/^\/secrets\//);
    }
  });
});

describe('Solana', () => {
  it('requires its tower at every start but an approved first one, and keeps it on the signing volume', () => {
    for (const node of of('solana').filter(({ component }) => component.signs)) {
      expect(argsOf(node).includes('--require-tower'), node.sample.label).toBe(!node.sample.node.firstStart);
      const { mountPath } = node.component.volumes.find(({ kind }) => kind === 'signing-state')!;
      const args = argsOf(node);
      expect(args.some((arg, index) => arg === `--tower=${mountPath}` || (arg === '--tower' && args[index + 1] === mountPath))).toBe(true);
    }
  });

  it('is told to exit before it is sent SIGTERM', () => {
    for (const { workload } of of('solana')) expect(clientOf(workload.spec.template.spec).lifecycle?.preStop?.exec?.command[0]).toMatch(/agave-validator$/);
  });

  it('opens as many ports as its newest release needs', () => {
    for (const node of of('solana')) {
      const range = argsOf(node).join(' ').match(/--dynamic-port-range[= ](\d+)-(\d+)/)!;
      expect(Number(range[2]) - Number(range[1])).toBeGreaterThanOrEqual(27);
    }
    expect(chains.solana.portSpan).toBeGreaterThanOrEqual(27);
  });
});
