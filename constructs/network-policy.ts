import { IntOrString, KubeNetworkPolicy, type NetworkPolicyEgressRule, type NetworkPolicyIngressRule, type NetworkPolicyPort } from 'cdk8s-plus-27/lib/imports/k8s';
import { componentName, MONITORING_NAMESPACE, MONITORING_POD_LABELS, SECRET_MANAGER, SYSTEM_NAMESPACE } from '../naming';
import type { ComponentSpec, Peer, Port } from '../chains/component';
import { labels, manifestOf, selector, type Manifest } from './manifest';
import { callsSecretManager } from './secret-agent';
import type { Caller, Consumer, NodeIdentity } from './staking-node-props';

/**
 * Never reached from a staking pod by "any public address": private ranges (RFC 1918), shared address space (RFC 6598), link-local
 * with the metadata addresses of both clouds, loopback, and what RFC 6890 and RFC 5771 set aside.
 */
export const NON_PUBLIC_RANGES = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const;

export interface ComponentTraffic {
  /** The ports of a destination inside the cluster that this component names. */
  portsOf(peer: ComponentPeer): readonly Port[];
  /** Whether anything outside the cluster may dial the P2P ports. */
  readonly publicIngress: boolean;
  /** Address ranges of all clusters, which "public" never includes. */
  readonly clusterRanges: readonly string[];
  readonly callers: readonly Caller[];
  readonly consumers: readonly Consumer[];
}

/** Exactly the traffic that a component declares, both ways. The namespace denies the rest. */
export function networkPolicy(node: NodeIdentity, component: ComponentSpec, traffic: ComponentTraffic): Manifest {
  return manifestOf(KubeNetworkPolicy, {
    metadata: {
      name: componentName(node.name, component.name),
      namespace: node.namespace,
      labels: labels(node, component),
    },
    spec: {
      podSelector: { matchLabels: selector(node.network, node.name, component.name) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: ingress(node, component, traffic),
      egress: egress(node, component, traffic),
    },
  });
}

function ingress(node: NodeIdentity, component: ComponentSpec, traffic: ComponentTraffic): NetworkPolicyIngressRule[] {
  const rules: NetworkPolicyIngressRule[] = [];
  const p2p = component.ports.filter(({ purpose }) => purpose === 'p2p');
  if (traffic.publicIngress && p2p.length > 0) {
    rules.push({ from: [publicAddresses(traffic.clusterRanges)], ports: policyPorts(p2p) });
  }
  for (const caller of traffic.callers) {
    rules.push({
      from: [{ podSelector: { matchLabels: selector(node.network, caller.node, caller.component) } }],
      ports: policyPorts(portsByName(component, caller.ports)),
    });
  }
  for (const consumer of traffic.consumers) {
    rules.push({
      from: [{ namespaceSelector: namespaceNamed(consumer.namespace), podSelector: { matchLabels: { ...consumer.podLabels } } }],
      ports: policyPorts(portsByName(component, consumer.ports)),
    });
  }
  const metrics = component.ports.filter(({ purpose }) => purpose === 'metrics');
  if (metrics.length > 0) {
    rules.push({
      from: [{ namespaceSelector: namespaceNamed(MONITORING_NAMESPACE), podSelector: { matchLabels: { ...MONITORING_POD_LABELS } } }],
      ports: policyPorts(metrics),
    });
  }
  return rules;
}

function egress(node: NodeIdentity, component: ComponentSpec, traffic: ComponentTraffic): NetworkPolicyEgressRule[] {
  const rules: NetworkPolicyEgressRule[] = [];
  if (resolvesNames(component)) {
    rules.push(DNS[node.cloud]);
  }
  if (component.egress.includes('p2p')) {
    rules.push({ to: [publicAddresses(traffic.clusterRanges)] });
  } else if (component.egress.includes('https')) {
    rules.push({ to: [publicAddresses(traffic.clusterRanges)], ports: [{ protocol: 'TCP', port: IntOrString.fromNumber(443) }] });
  }
  for (const peer of component.talksTo) {
    rules.push(
      peer.kind === 'component'
        ? {
            to: [{ podSelector: { matchLabels: selector(node.network, peer.node ?? node.name, peer.component) } }],
            ports: policyPorts(traffic.portsOf(peer)),
          }
        : {
            to: [{ ipBlock: { cidr: `${peer.address}/32` } }],
            ports: [{ protocol: peer.protocol, port: IntOrString.fromNumber(peer.port) }],
          },
    );
  }
  if (callsSecretManager(component)) {
    rules.push({
      to: [{ namespaceSelector: namespaceNamed(SYSTEM_NAMESPACE), podSelector: { matchLabels: { ...SECRET_MANAGER.podLabels } } }],
      ports: [{ protocol: 'TCP', port: IntOrString.fromNumber(SECRET_MANAGER.port) }],
    });
  }
  return rules;
}

/** DNS as each cloud runs it: the cluster's servers, and on GKE the caches that may run on every machine. */
const DNS: Record<NodeIdentity['cloud'], NetworkPolicyEgressRule> = {
  gcp: dnsRule(['kube-dns', 'node-local-dns']),
  aws: dnsRule(['kube-dns']),
};

function dnsRule(apps: string[]): NetworkPolicyEgressRule {
  return {
    to: [
      {
        namespaceSelector: namespaceNamed('kube-system'),
        podSelector: { matchExpressions: [{ key: 'k8s-app', operator: 'In', values: apps }] },
      },
    ],
    ports: (['UDP', 'TCP'] as const).map((protocol) => ({ protocol, port: IntOrString.fromNumber(53) })),
  };
}

function resolvesNames(component: ComponentSpec): boolean {
  return component.egress.length > 0 || callsSecretManager(component) || component.talksTo.some(({ kind }) => kind === 'component');
}

function publicAddresses(clusterRanges: readonly string[]) {
  let except = exceptions.get(clusterRanges);
  if (!except) exceptions.set(clusterRanges, (except = [...NON_PUBLIC_RANGES, ...clusterRanges.filter((range) => !isNonPublic(range))]));
  return { ipBlock: { cidr: '0.0.0.0/0', except } };
}

/** A fleet's nodes share one list of ranges. */
const exceptions = new WeakMap<readonly string[], string[]>();

/** Whether a range lies inside {@link NON_PUBLIC_RANGES}. */
function isNonPublic(range: string): boolean {
  const inner = parseRange(range);
  return NON_PUBLIC_RANGES.some((candidate) => {
    const outer = parseRange(candidate);
    return outer.bits <= inner.bits && inner.address >>> (32 - outer.bits) === outer.address >>> (32 - outer.bits);
  });
}

function parseRange(range: string): { address: number; bits: number } {
  const [address = '', bits = '32'] = range.split('/');
  return { address: address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0), bits: Number(bits) };
}

const portsByName = (component: ComponentSpec, names: readonly string[]): Port[] =>
  component.ports.filter(({ name }) => names.includes(name));

export type ComponentPeer = Extract<Peer, { kind: 'component' }>;

function namespaceNamed(name: string) {
  return { matchLabels: { 'kubernetes.io/metadata.name': name } };
}

function policyPorts(ports: readonly Pick<Port, 'port' | 'protocol'>[]): NetworkPolicyPort[] {
  return ports.map(({ port, protocol }) => ({ protocol, port: IntOrString.fromNumber(port) }));
}
