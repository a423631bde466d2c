import { describe, expect, it } from 'vitest';
import { defaultDeny } from '../../apps/platform/namespaces';
import type { ComponentSpec } from '../../chains/component';
import { everySample, type Sample } from '../chains/every-chain';
import { FORBIDDEN_ADDRESSES, INTERNET, reaches, type Endpoint, type Policy, type Protocol } from '../reachability';
import { ofKind, parseYaml, statefulSets, type RenderedObject } from '../rendered';
import { neighbourPropsOf, propsOf, yamlOf } from '../staking-nodes';

/** Ports that nobody declared, or that only some declare. */
const PROBED = [1, 22, 53, 80, 443, 2379, 5052, 6443, 8443, 8545, 8551, 8899, 9440, 10250, 26657, 30400];
const CLUSTER_RANGES = ['10.7.0.0/16', '33.1.0.0/16'];

const SYSTEM: readonly Endpoint[] = [
  system('dns', 'kube-system', { 'k8s-app': 'kube-dns' }, '10.7.0.10'),
  system('another system pod', 'kube-system', { 'k8s-app': 'metrics-server' }, '10.7.0.11'),
  system('secret manager', 'stockade-system', { 'app.kubernetes.io/name': 'secret-manager' }, '10.7.0.12'),
  system('rollout engine', 'stockade-system', { 'app.kubernetes.io/name': 'rollout-engine' }, '10.7.0.13'),
  system('prometheus', 'stockade-monitoring', { 'app.kubernetes.io/name': 'prometheus' }, '10.7.0.14'),
  system('grafana', 'stockade-monitoring', { 'app.kubernetes.io/name': 'grafana' }, '10.7.0.15'),
  system('gateway', 'rpc-gateway', { app: 'gateway' }, '10.7.0.16'),
  system('prometheus elsewhere', 'default', { 'app.kubernetes.io/name': 'prometheus' }, '10.7.0.17'),
  { name: 'a public range that is a cluster\'s', address: '33.1.2.3' },
];

describe('what is reachable is what was declared, nothing more', () => {
  const kinds = new Map<string, Sample>();
  for (const sample of everySample()) kinds.set(`${sample.chain.name} ${sample.variant} ${sample.node.reach.via}`, sample);
  // A pod on the host's network is bound by no policy; that exception is tested with the chain's.
  for (const [kind, sample] of [...kinds].filter(([, { node }]) => node.reach.via !== 'hostNetwork')) {
    it(kind, () => {
      const { pods, policies } = worldOf(sample);
      const strangers = [stranger(sample, `staking-${sample.node.network}`), stranger(sample, 'staking-another')];
      const everyone = [...pods.map(({ endpoint }) => endpoint), ...SYSTEM, ...strangers, ...INTERNET, ...FORBIDDEN_ADDRESSES];
      const ports = [...new Set([...PROBED, ...pods.flatMap(({ component }) => component.ports.map(({ port }) => port))])];
      const mine = pods.filter(({ node }) => node === sample.node.name);
      const surprises: string[] = [];
      for (const pod of mine) {
        for (const other of everyone.filter((endpoint) => endpoint !== pod.endpoint)) {
          for (const port of ports) {
            for (const protocol of ['TCP', 'UDP'] as const) {
              const out = { actual: reaches(policies, {}, pod.endpoint, other, port, protocol), expected: mayCall(pod, other, port, protocol, pods) };
              if (out.actual !== out.expected) surprises.push(`${pod.endpoint.name} -> ${other.name} ${protocol} ${port}: ${out.actual ? 'open' : 'closed'}`);
              const incoming = { actual: reaches(policies, {}, other, pod.endpoint, port, protocol), expected: mayBeCalled(pod, other, port, protocol, pods, sample) };
              if (incoming.actual !== incoming.expected) surprises.push(`${other.name} -> ${pod.endpoint.name} ${protocol} ${port}: ${incoming.actual ? 'open' : 'closed'}`);
            }
          }
        }
      }
      expect(surprises.slice(0, 10)).toEqual([]);
    });
  }

  it('reaches a consumer\'s port only for the declared pods of the declared namespace', () => {
    const sample = everySample().find(({ chain, variant }) => chain.name === 'ethereum' && variant === 'execution')!;
    const consumers = [{ namespace: 'rpc-gateway', podLabels: { app: 'gateway' }, component: 'execution', ports: ['rpc'] }];
    const { pods, policies } = worldOf(sample, { consumers });
    const [execution] = pods;
    const gateway = SYSTEM.find(({ name }) => name === 'gateway')!;
    const callers = SYSTEM.filter((endpoint) => reaches(policies, {}, endpoint, execution!.endpoint, 8545, 'TCP'));
    expect(callers).toEqual([gateway]);
    expect(reaches(policies, {}, gateway, execution!.endpoint, 8551, 'TCP')).toBe(false);
  });
});

interface Pod {
  readonly node: string;
  readonly component: ComponentSpec;
  readonly endpoint: Endpoint;
}

function worldOf(sample: Sample, differs: Parameters<typeof propsOf>[1] = {}): { pods: Pod[]; policies: Policy[] } {
  const nodes = [propsOf(sample, { clusterRanges: CLUSTER_RANGES, ...differs }), ...neighbourPropsOf(sample, { clusterRanges: CLUSTER_RANGES })];
  const pods: Pod[] = [];
  const objects: RenderedObject[] = [];
  for (const props of nodes) {
    const rendered = parseYaml(yamlOf(props));
    objects.push(...rendered);
    for (const { metadata, spec } of statefulSets(rendered)) {
      pods.push({
        node: props.name,
        component: props.components.find(({ name }) => metadata.name === `${props.name}-${name}`)!,
        endpoint: {
          name: metadata.name,
          address: `10.7.1.${pods.length + 1}`,
          pod: { namespace: metadata.namespace!, labels: spec.template.metadata.labels, hostNetwork: spec.template.spec.hostNetwork ?? false },
        },
      });
    }
  }
  const policies = [...ofKind(objects, 'NetworkPolicy'), defaultDeny(`staking-${sample.node.network}`)] as unknown as Policy[];
  return { pods, policies };
}

/** What a component declares of where it goes. */
function mayCall({ component, node }: Pod, other: Endpoint, port: number, protocol: Protocol, pods: readonly Pod[]): boolean {
  const target = pods.find(({ endpoint }) => endpoint === other);
  if (target) {
    return component.talksTo.some(
      (peer) => peer.kind === 'component' && (peer.node ?? node) === target.node && peer.component === target.component.name && opens(target.component, peer.ports, port, protocol),
    );
  }
  const fetches = (component.prepare ?? []).some(({ kind }) => kind === 'fetch');
  const asksAgent = (component.secrets?.length ?? 0) > 0 || fetches;
  const resolves = asksAgent || component.egress.length > 0 || component.talksTo.some(({ kind }) => kind === 'component');
  if (other.name === 'dns') return resolves && port === 53;
  if (other.name === 'secret manager') return asksAgent && port === 8443 && protocol === 'TCP';
  if (INTERNET.includes(other)) {
    if (component.talksTo.some((peer) => peer.kind === 'address' && peer.address === other.address && peer.port === port && peer.protocol === protocol)) return true;
    return component.egress.includes('p2p') || (component.egress.includes('https') && port === 443 && protocol === 'TCP');
  }
  return false;
}

/** What was declared of who comes in. */
function mayBeCalled(pod: Pod, other: Endpoint, port: number, protocol: Protocol, pods: readonly Pod[], sample: Sample): boolean {
  const caller = pods.find(({ endpoint }) => endpoint === other);
  if (caller) return mayCall(caller, pod.endpoint, port, protocol, pods);
  const purposes = pod.component.ports.filter((candidate) => candidate.port === port && candidate.protocol === protocol).map(({ purpose }) => purpose);
  if (other.name === 'prometheus') return purposes.includes('metrics');
  if (INTERNET.includes(other)) return purposes.includes('p2p') && sample.node.reach.via !== 'outbound';
  return false;
}

const opens = (component: ComponentSpec, names: readonly string[], port: number, protocol: Protocol): boolean =>
  component.ports.some((candidate) => names.includes(candidate.name) && candidate.port === port && candidate.protocol === protocol);

function system(name: string, namespace: string, labels: Record<string, string>, address: string): Endpoint {
  return { name, address, pod: { namespace, labels, hostNetwork: false } };
}

/** A pod that wears a component's own labels where it has no business, or none of them in the node's namespace. */
function stranger({ node }: Sample, namespace: string): Endpoint {
  const same = namespace === `staking-${node.network}`;
  const labels: Record<string, string> = same ? { app: 'stranger' } : { 'stockade.dev/network': node.network, 'stockade.dev/node': node.name, 'stockade.dev/component': 'consensus' };
  return system(`stranger in ${namespace}`, namespace, labels, same ? '10.7.9.1' : '10.7.9.2');
}
