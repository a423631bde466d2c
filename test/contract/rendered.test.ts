import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chains } from '../../chains';
import type { ComponentSpec } from '../../chains/component';
import { StakingNodeError, type StakingNodeProblem } from '../../constructs/staking-node-error';
import type { StakingNodeProps } from '../../constructs/staking-node-props';
import { AGENT } from '../../contract/agent';
import { readMessage } from '../../contract/messages';
import { keySecretPath, nodeSecretPath } from '../../naming';
import { sampleNode } from '../chains/every-chain';
import { ofKind, parseYaml } from '../rendered';
import { propsOf, yamlOf } from '../staking-nodes';

const GOLDEN = 'test/golden/dist';
const configurations = readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.includes('/staking-') && name.endsWith('.yaml'))
  .flatMap((name) => ofKind(parseYaml(readFileSync(join(GOLDEN, name), 'utf8')), 'ConfigMap').map((object) => [name, object.data?.[AGENT.configKey]] as const))
  .filter((one): one is readonly [string, string] => one[1] !== undefined);

describe('the rendered configuration of an agent', () => {
  it('is one of each chain', () => {
    expect(configurations.length).toBeGreaterThan(10);
  });

  it.each(configurations)('is read: %s', (_, text) => {
    expect(readMessage('agent-config', text).version).toBe(1);
  });
});

describe('where the secret manager keeps secrets', () => {
  it.each([
    keySecretPath('hoodi', `0x${'ab'.repeat(48)}`),
    keySecretPath('cosmoshub', '/x/+a=='),
    keySecretPath('solana-mainnet', '7Np41oeYqPefeNQEHSv1UDhYrehxin3NStELsSKCT4K2'),
    nodeSecretPath('ethereum-mainnet', 'gke-eu-1', 'eth-0', 'jwt'),
  ])('is to the contract: %s', (source) => {
    expect(readMessage('secret-request', JSON.stringify({ source }))).toEqual({ source });
  });
});

describe('a StakingNode whose agent would not read its configuration', () => {
  const node = sampleNode(chains.ethereum, 'validator with relays');
  const props = propsOf({ label: 'validator', chain: chains.ethereum, variant: 'validator with relays', node });
  const changed = (change: (component: ComponentSpec) => Partial<ComponentSpec>): StakingNodeProps => ({
    ...props,
    components: props.components.map((component) => (component.name === 'validator' ? { ...component, ...change(component) } : component)),
  });
  const problemsOf = (given: StakingNodeProps): readonly StakingNodeProblem[] => {
    try {
      yamlOf(given);
      return [];
    } catch (error) {
      if (error instanceof StakingNodeError) return error.problems;
      throw error;
    }
  };

  it('is another one than is rendered', () => expect(problemsOf(props)).toEqual([]));

  it.each<[string, (component: ComponentSpec) => Partial<ComponentSpec>, string]>([
    ['links to a relative path', () => ({ prepare: [{ kind: 'link', target: 'cache', path: '/signing-state/cache' }] }), 'prepare[0].target'],
    ['fetches a file in plain', () => ({ prepare: [{ kind: 'fetch', url: 'http://example.com/a', sha256: 'a'.repeat(64), to: '/signing-state/a' }] }), 'prepare[0].url'],
    ['writes a secret elsewhere', ({ secrets }) => ({ secrets: secrets!.map((secret) => ({ ...secret, path: '/secrets/../signing-state/key' })) }), 'secrets[0].file'],
    ['takes any time to end', () => ({ shutdown: { graceSeconds: 0.5 } }), 'clientGraceSeconds'],
    ['is never ready', ({ health }) => ({ health: { kind: 'http', port: health.port, path: '/', readyStatus: [] } }), 'health.readyStatus'],
  ])('is refused where it %s', (_, change, path) => {
    expect(problemsOf(changed(change))[0]).toMatchObject({ code: 'agent-config', value: path, next: expect.stringContaining('contract/agent-config.ts') });
  });

  it('is let through retired: only its disks are left', () => {
    expect(problemsOf({ ...changed(() => ({ shutdown: { graceSeconds: 0.5 } })), state: 'retired' })).toEqual([]);
  });
});
