import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claimsOf } from '../../constructs/claims';
import { judgePlacements, type PlacementJudgement } from '../../apps/deploy/placements';
import { readRendered } from '../../apps/deploy/rendered';
import type { Manifest } from '../../constructs/manifest';
import type { AgentConfig } from '../../contract/agent-config';
import type { DraftEntry } from '../../model/keys/journal';
import { keySecretPath } from '../../naming';
import { GOLDEN } from '../golden/trees';
import { CLUSTER, goldenFleet, goldenRendered, journal, placement, SIGNER, signerKeys, signerManifests } from './stand-in';

const fleet = goldenFleet();
const rendered = goldenRendered().map(({ manifest }) => manifest);
const [first, second] = signerKeys() as [string, string];
const at = (key: string, more: Partial<DraftEntry> = {}): DraftEntry => ({ ...placement(key, SIGNER.network, CLUSTER, SIGNER.node), ...more });
const judge = (manifests: readonly Manifest[] = rendered, entries = journal(), cluster = CLUSTER): PlacementJudgement => judgePlacements(manifests, cluster, { journal: entries, fleet });
const messages = (manifests: readonly Manifest[]): string => judge(manifests).problems.map(({ message }) => message).join('\n');

/** The rendered tree with the signer's configuration changed. */
function configured(change: (agent: { -readonly [Field in keyof AgentConfig]: AgentConfig[Field] }, configMap: Manifest & { data: Record<string, string> }) => void): Manifest[] {
  const { configMap, all } = signerManifests();
  const { data } = configMap as Manifest & { data: Record<string, string> };
  const agent = JSON.parse(data['agent.json']!) as AgentConfig;
  const before = data['agent.json'];
  change(agent, configMap as never);
  if (data['agent.json'] === before) data['agent.json'] = JSON.stringify(agent);
  return all;
}

describe('the merged journal', () => {
  it('lets every signer of a fleet pass whose keys it places where they are claimed', () => {
    expect(judge()).toEqual({ unmerged: new Map(), problems: [] });
    expect(judge(readRendered(join(GOLDEN.dist, 'eks-golden')).map(({ manifest }) => manifest), journal(), 'eks-golden')).toEqual({ unmerged: new Map(), problems: [] });
    // The control: it was judged by more than its absence.
    expect(judge(rendered, []).unmerged.size).toBe(3);
  });

  const others = journal().filter(({ key }) => !signerKeys().includes(key)).map(({ key, network, cluster, node }) => placement(key, network, cluster, node));
  it.each<[string, readonly (readonly DraftEntry[])[], readonly string[]]>([
    ['lacks one of two keys', [[...others, at(first)]], [second]],
    ['lacks both', [others], [first, second]],
    ['places one in another cluster', [[...others, at(first), at(second, { cluster: 'eks-golden' })]], [second]],
    ['places one in another network', [[...others, at(first, { network: 'mainnet' }), at(second)]], [first]],
    ['places one at another node', [[...others, at(first), at(second, { node: 'eth-gke-1' })]], [second]],
    ['has retired one', [[...others, at(first), at(second)], [at(second, { act: 'retire', proof: 'ana saw its pod end' })]], [second]],
    ['has moved one', [[...others, at(first), at(second)], [at(second, { act: 'retire', proof: 'ana saw its pod end' })], [at(second, { node: 'eth-gke-1' })]], [second]],
  ])('keeps the signer out where it %s', (_what, steps, keys) => {
    expect(judge(rendered, journal(...steps)).unmerged).toEqual(new Map([[SIGNER.full, keys]]));
  });

  it('counts a key that is fetched without being claimed', () => {
    const fetched = configured((agent) => (agent.secrets = agent.secrets.map((secret) => ({ ...secret, claim: undefined }))));
    expect(judge(fetched).problems).toEqual([]);
    expect(judge(fetched, journal(others)).unmerged).toEqual(new Map([[SIGNER.full, [first, second]]]));
  });
});

describe('what a workload claims', () => {
  const secret = (source: string, claim?: string) => ({ source, format: 'eip2335-keystore', file: '/secrets/x', ...(claim === undefined ? {} : { claim }) }) as AgentConfig['secrets'][number];
  it.each<[string, Manifest[], string]>([
    ['that cannot be read', configured((_agent, { data }) => void (data['agent.json'] = '{')), 'has a configuration of its agent that can\'t be read'],
    ['that is no list', configured((agent) => (agent.secrets = {} as never)), 'that can\'t be read (agent.json'],
    ['that is none, for a signer', configured((agent) => (agent.secrets = [])), 'is a signer, and its configuration claims no key'],
    ['of a ConfigMap that is not rendered', configured((_agent, { metadata }) => (metadata.name = 'another')), 'which is not rendered with it'],
    ['of a ConfigMap that may still change', configured((_agent, configMap) => (configMap['immutable'] = false)), 'which is not immutable'],
    ['in binary', configured((_agent, configMap) => (configMap['binaryData'] = { 'agent.json': 'e30=' })), 'whose binaryData nobody can review'],
    ['under the claim of another key', configured((agent) => (agent.secrets = [secret(keySecretPath('hoodi', first), second)])), 'which is neither a key of network "hoodi" by its own claim'],
    ['by a path that leads elsewhere', configured((agent) => (agent.secrets = [...agent.secrets, secret(`networks/hoodi/nodes/${CLUSTER}/${SIGNER.node}/../../../keys/${first}`)])), '/../../../keys/'],
    ['of another network', configured((agent) => (agent.secrets = [...agent.secrets, secret(keySecretPath('mainnet', first))])), 'asks for "networks/mainnet/keys/'],
    ['of another node\'s secrets', configured((agent) => (agent.secrets = [...agent.secrets, secret(`networks/hoodi/nodes/${CLUSTER}/eth-gke-1/jwt`)])), 'asks for "networks/hoodi/nodes/gke-golden/eth-gke-1/jwt"'],
    ['by a spelling of a key that is another', configured((agent) => (agent.secrets = [...agent.secrets, secret(`networks/hoodi/keys/%30${first.slice(1)}`)])), 'asks for "networks/hoodi/keys/%30'],
    ['with another identity', configured((agent) => (agent.identity = { ...agent.identity, node: 'eth-gke-1' })), 'has a configuration of another node than its own: "eth-gke-1"'],
    ['that the fleet does not declare', configured((agent) => (agent.secrets = [...agent.secrets, secret(keySecretPath('hoodi', `0x${'9'.repeat(96)}`), `0x${'9'.repeat(96)}`)])), 'which the fleet does not declare for node "eth-gke-0"'],
    ['in another case, which Go reads too', configured((agent, { data }) => void (data['agent.json'] = JSON.stringify({ ...agent, Secrets: [secret(keySecretPath('hoodi', `0x${'8'.repeat(96)}`))] }))), 'that can\'t be read (agent.json'],
    ['by a source in another case', configured((agent, { data }) => void (data['agent.json'] = JSON.stringify({ ...agent, secrets: agent.secrets.map((one) => ({ ...one, '\u017fource': keySecretPath('hoodi', `0x${'8'.repeat(96)}`) })) }))), 'that can\'t be read (agent.json'],
    ['that is there twice', configured((agent, { data }) => void (data['agent.json'] = `{"secrets":[{"source":"${keySecretPath('hoodi', `0x${'8'.repeat(96)}`)}"}],${JSON.stringify(agent).slice(1)}`)), 'that can\'t be read (agent.json'],
    ['in a second configuration in another case', configured((agent, { data }) => void (data['other.json'] = JSON.stringify({ identity: agent.identity, SECRETS: [secret(keySecretPath('hoodi', `0x${'8'.repeat(96)}`))] }))), 'that can\'t be read (other.json'],
    ['in a second configuration that only some read', configured((agent, { data }) => void (data['other.json'] = `${JSON.stringify({ ...agent, secrets: [secret(keySecretPath('hoodi', `0x${'8'.repeat(96)}`))] })} and more`)), 'that can\'t be read (other.json'],
    ['in a second configuration', configured((agent, { data }) => (data['other.json'] = JSON.stringify({ ...agent, secrets: [secret(keySecretPath('hoodi', `0x${'8'.repeat(96)}`))] }))), 'which the fleet does not declare'],
  ])('is refused where it is one %s', (_what, manifests, message) => {
    expect(messages(manifests)).toContain(message);
    expect(messages(manifests)).toContain(SIGNER.full);
  });

  it('passes as it is rendered', () => expect(messages(configured(() => undefined))).toBe(''));

  it('is refused where the workload does not say that it signs, or bears a name that is not its own', () => {
    const { workload, all } = signerManifests();
    delete workload.metadata.labels!['stockade.dev/signer'];
    expect(messages(all)).toContain('claims keys, and is not labelled as a signer');
    const renamed = signerManifests();
    renamed.workload.metadata.name = 'x';
    expect(messages(renamed.all)).toContain('is not named by its labels, as staking-hoodi/eth-gke-0-validator');
  });

  type Spec = { initContainers: { name: string; args: string[]; command?: string[]; volumeMounts: { name: string; mountPath: string; subPath?: string }[] }[]; containers: { volumeMounts: object[] }[]; volumes: object[] };
  it.each<[string, (spec: Spec) => unknown, string]>([
    ['is told another file', ({ initContainers }) => (initContainers.at(-1)!.args = ['serve', '--config=/signing-state/other.json']), 'is no agent as it is always started'],
    ['is told another file besides', ({ initContainers }) => initContainers.at(-1)!.args.push('--config=/signing-state/other.json'), 'is no agent as it is always started'],
    ['runs another command', ({ initContainers }) => (initContainers.at(-1)!.command = ['sh']), 'is no agent as it is always started'],
    ['is there twice', ({ initContainers }) => initContainers.push({ ...initContainers.at(-1)!, name: 'another' }), 'has an init container "another"'],
    ['has a disk where its configuration belongs', ({ initContainers }) => (initContainers.at(-1)!.volumeMounts.find(({ mountPath }) => mountPath === '/stockade/config')!.name = 'secrets'), 'finds something else than its ConfigMap'],
    ['has a file laid over its configuration', ({ initContainers }) => initContainers.at(-1)!.volumeMounts.push({ name: 'secrets', mountPath: '/stockade//config/agent.json', subPath: 'x' }), 'finds something else than its ConfigMap'],
    ['shares its token with the client', ({ initContainers, containers }) => containers[0]!.volumeMounts.push(initContainers.at(-1)!.volumeMounts.find(({ name }) => name === 'token')!), 'gives container "client" the token'],
  ])('is refused where the agent %s', (_what, change, message) => {
    const { workload, all } = signerManifests();
    expect(messages(all)).toBe('');
    change((workload['spec'] as { template: { spec: Spec } }).template.spec);
    expect(messages(all)).toContain(message);
  });

  it('is refused where two workloads claim one key', () => {
    const { workload, configMap, all } = signerManifests();
    const twin = JSON.parse(JSON.stringify([workload, configMap]).replaceAll('eth-gke-0', 'eth-gke-9')) as Manifest[];
    expect(messages([...all, ...twin])).toContain('StatefulSet staking-hoodi/eth-gke-9-validator claims key 0xa5344a734748');
    expect(messages([...all, ...twin])).toContain(`which ${SIGNER.full} claims too`);
  });

  it('is refused where the workload would run, and the fleet declares its node stopped', () => {
    const stopped = { ...fleet, nodes: fleet.nodes.map((node) => (node.name === SIGNER.node ? { ...node, state: 'stopped' as const } : node)) };
    const { workload, all } = signerManifests();
    const problems = (): string[] => judgePlacements(all, CLUSTER, { journal: journal(), fleet: stopped }).problems.map(({ message }) => message);
    expect(problems()).toEqual([`${SIGNER.full} would run, and the fleet declares its node stopped`]);
    (workload['spec'] as { replicas: number }).replicas = 0;
    expect(problems()).toEqual([]);
  });

  it('is read from whatever a template mounts', () => {
    const { workload, configMap } = signerManifests();
    const spec = (workload['spec'] as { template: { spec: { volumes: object[] } } }).template.spec;
    spec.volumes = [{ name: 'x', projected: { sources: [{ configMap: { name: configMap.metadata.name } }] } }];
    expect(claimsOf(workload, { cluster: CLUSTER, configMaps: [configMap] }).keys).toEqual([first, second]);
  });
});
