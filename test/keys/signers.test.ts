import { describe, expect, it } from 'vitest';
import { obstacles, type ConfigMap, type ControllerRevision, type Pod, type SignerReading, type StatefulSet } from '../../apps/keys/signers';
import { keySecretPath } from '../../naming';

const RETIRED = { cluster: 'eu', network: 'hoodi', node: 'eth-0', keys: ['0xaa'] };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Set = { metadata: Mutable<StatefulSet['metadata']>; spec: Mutable<NonNullable<StatefulSet['spec']>>; status: Mutable<NonNullable<StatefulSet['status']>> };

const IDENTITY = { cluster: 'eu', network: 'hoodi', node: 'eth-0', component: 'validator' };
const agent = (name: string, ...secrets: object[]): ConfigMap => ({ metadata: { name }, data: { 'agent.json': JSON.stringify({ identity: IDENTITY, secrets: [{ source: 'jwt' }, ...secrets] }) } });
const config = (name: string, ...claims: string[]): ConfigMap => agent(name, ...claims.map((claim) => ({ source: 'key', claim })));
const template = (node: string, configMap: string) => ({ metadata: { labels: { 'stockade.dev/node': node } }, spec: { volumes: [{}, { configMap: { name: configMap } }] } });
const revision = (name: string, node: string, configMap: string): ControllerRevision => ({ metadata: { name }, data: { spec: { template: template(node, configMap) } } });
const set = (node: string, configMap: string): Set => ({
  metadata: { name: `${node}-validator`, generation: 4, labels: { 'stockade.dev/node': node } },
  spec: { replicas: 0, template: template(node, configMap) },
  status: { observedGeneration: 4, replicas: 0, currentRevision: `${node}-1`, updateRevision: `${node}-1` },
});

/** A node that was stopped and whose every revision is without the key, beside one that runs with another. */
class Cluster {
  readonly node = set('eth-0', 'without');
  readonly other = set('eth-1', 'others');
  statefulSets: StatefulSet[] = [this.node, this.other];
  pods: Pod[] = [{ metadata: { name: 'eth-1-validator-0', labels: { 'stockade.dev/node': 'eth-1' } }, spec: { volumes: [{ configMap: { name: 'others' } }] } }];
  revisions: ControllerRevision[] = [revision('eth-0-1', 'eth-0', 'without'), revision('eth-0-0', 'eth-0', 'with'), revision('eth-1-1', 'eth-1', 'others')];
  configMaps: ConfigMap[] = [config('without'), config('with', '0xaa'), config('others', '0xbb')];

  constructor() {
    this.other.spec.replicas = 1;
    this.other.status.replicas = 1;
  }

  get reading(): SignerReading {
    return { statefulSets: this.statefulSets, pods: this.pods, revisions: this.revisions, configMaps: this.configMaps };
  }
}

const found = (change: (cluster: Cluster) => unknown): string[] => {
  const cluster = new Cluster();
  change(cluster);
  return obstacles(cluster.reading, RETIRED).map(({ message, next }) => `${message} | ${next}`);
};

describe('a signer has ended', () => {
  it.each<[string, (cluster: Cluster) => unknown]>([
    ['at zero replicas, without a pod, and no revision that can start has the key', () => undefined],
    ['when its StatefulSet was deleted and no pod is left', (it) => (it.statefulSets = [it.other])],
    ['when nothing is left of the whole namespace', (it) => Object.assign(it, { statefulSets: [], pods: [], revisions: [], configMaps: [] })],
    ['though its status has no count of replicas, as a new one has none', (it) => delete it.node.status.replicas],
    ['though an older revision, which nothing starts, still has the key', (it) => it.revisions.push(revision('eth-0-old', 'eth-0', 'with'))],
  ])('%s', (_, change) => expect(found(change)).toEqual([]));

  it.each<[string, (cluster: Cluster) => unknown, RegExp]>([
    ['a replica is wanted', (it) => (it.node.spec.replicas = 1), /eth-0-validator is to have 1 replicas \| Stop it.*--network hoodi --node eth-0/],
    ['the replica count is left out, which means one', (it) => delete it.node.spec.replicas, /is to have 1 replicas/],
    ['a replica is left', (it) => (it.node.status.replicas = 1), /still has 1 replicas/],
    ['the controller has not seen the last change', (it) => (it.node.status.observedGeneration = 3), /its controller has not looked at it yet/],
    ['the controller says nothing', (it) => delete it.node.status.observedGeneration, /its controller has not looked at it yet/],
    ['its pod is there', (it) => it.pods.push({ metadata: { name: 'eth-0-validator-0', labels: { 'stockade.dev/node': 'eth-0' } } }), /pod staking-hoodi\/eth-0-validator-0 is there and is of node eth-0/],
    ['its pod is still ending', (it) => it.pods.push({ metadata: { name: 'eth-0-validator-0', labels: { 'stockade.dev/node': 'eth-0' }, deletionTimestamp: '2026-11-30T12:00:00Z' } }), /is still ending and is of node eth-0/],
    ['its pod has lost its labels, and is its own by its owner', (it) => it.pods.push({ metadata: { name: 'x', ownerReferences: [{ kind: 'StatefulSet', name: 'eth-0-validator' }] } }), /pod staking-hoodi\/x is there and is of node eth-0/],
    ['its pod has lost labels and owner, and is its own by its name', (it) => it.pods.push({ metadata: { name: 'eth-0-validator-0' } }), /is of node eth-0/],
    ['its pod is left without its StatefulSet', (it) => ((it.statefulSets = []), it.pods.push({ metadata: { name: 'eth-0-validator-0', labels: { 'stockade.dev/node': 'eth-0' } } })), /is of node eth-0/],
    ['another pod has the key', (it) => it.pods.push({ metadata: { name: 'eth-1-validator-1' }, spec: { volumes: [{ configMap: { name: 'with' } }] } }), /eth-1-validator-1 is there and has the key/],
    ['another pod has a configuration that can not be read', (it) => it.pods.push({ metadata: { name: 'y' }, spec: { volumes: [{ configMap: { name: 'nowhere' } }] } }), /may have the key/],
    ['the current revision has the key, and the update has not', (it) => (it.node.status.currentRevision = 'eth-0-0'), /at zero replicas, and its current revision has the key.*kubectl --namespace staking-hoodi delete statefulset eth-0-validator/],
    ['the update revision has the key, and the current has not', (it) => (it.node.status.updateRevision = 'eth-0-0'), /its update revision has the key/],
    ['the template has the key, and no revision yet', (it) => (it.node.spec.template = template('eth-0', 'with')), /its template has the key/],
    ['a revision is gone', (it) => (it.revisions = it.revisions.filter(({ metadata }) => metadata.name !== 'eth-0-1')), /its current revision can not be read/],
    ['the status names no revision', (it) => delete it.node.status.currentRevision, /its current revision can not be read/],
    ['a configuration is gone', (it) => (it.configMaps = it.configMaps.filter(({ metadata }) => metadata.name !== 'without')), /its current revision can not be read/],
    ['a configuration is not JSON', (it) => (it.configMaps[0] = { metadata: { name: 'without' }, data: { 'agent.json': '{' } }), /can not be read/],
    ['the key is fetched without being claimed', (it) => (it.configMaps[0] = agent('without', { source: keySecretPath('hoodi', '0xaa') })), /its current revision has the key/],
    ['the key is in a configuration of another name', (it) => (it.configMaps[0] = { metadata: { name: 'without' }, data: { ...config('without').data, 'other.json': config('with', '0xaa').data!['agent.json']! } }), /its current revision has the key/],
    ['a configuration says it in another case, which Go reads too', (it) => (it.configMaps[0] = { metadata: { name: 'without' }, data: { 'agent.json': JSON.stringify({ identity: IDENTITY, secrets: [], Secrets: [{ source: 'key', claim: '0xaa' }] }) } }), /can not be read/],
    ['a configuration is in binary', (it) => (it.configMaps[0] = { ...config('without'), binaryData: { 'other.json': 'e30=' } }), /can not be read/],
    ['a configuration lists no secrets', (it) => (it.configMaps[0] = { metadata: { name: 'without' }, data: { 'agent.json': '{}' } }), /can not be read/],
    ['a configuration is mounted by another kind of volume', (it) => (it.node.spec.template = { ...template('eth-0', 'without'), spec: { volumes: [{ projected: { sources: [{ configMap: { name: 'with' } }] } }, { configMap: { name: 'without' } }] } }), /its template has the key/],
    ['no configuration is mounted at all', (it) => (it.node.spec.template = { ...template('eth-0', 'without'), spec: {} }), /its template can not be read/],
    ['another StatefulSet, at zero replicas, has the key', (it) => it.statefulSets.push({ ...set('eth-2', 'with'), status: { ...set('eth-2', 'with').status, currentRevision: 'eth-0-0', updateRevision: 'eth-0-0' } }), /eth-2-validator is at zero replicas, and .*delete statefulset eth-2-validator/],
    ['another StatefulSet, which runs, would take the key at its next start', (it) => (it.other.spec.template = template('eth-1', 'with')), /eth-1-validator is to have 1 replicas \| Stop it.*--node eth-1/],
  ])('not while %s', (_, change, message) => {
    const all = found(change);
    expect(all.length).toBeGreaterThan(0);
    expect(all.join('\n')).toMatch(message);
  });
});
