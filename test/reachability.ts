/**
 * Who reaches whom on which port, read from rendered NetworkPolicies alone, by the rules of the Kubernetes API: a pod
 * that no policy selects for a direction is open in it; policies add up; traffic needs the sender's egress and the receiver's
 * ingress. Conservative where network plugins differ: an `ipBlock` is taken to match pods by their address too.
 */

export interface Endpoint {
  readonly name: string;
  readonly address: string;
  /** Absent for what is outside the cluster. */
  readonly pod?: { readonly namespace: string; readonly labels: Readonly<Record<string, string>>; readonly hostNetwork: boolean };
}

export type Protocol = 'TCP' | 'UDP';

export interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podSelector: LabelSelector;
    readonly policyTypes: readonly ('Ingress' | 'Egress')[];
    readonly ingress?: readonly { readonly from?: readonly PolicyPeer[]; readonly ports?: readonly PolicyPort[] }[];
    readonly egress?: readonly { readonly to?: readonly PolicyPeer[]; readonly ports?: readonly PolicyPort[] }[];
  };
}

/** Labels of the namespaces by name; every namespace also carries `kubernetes.io/metadata.name`. */
export type Namespaces = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Whether `from` can open a connection to `port` of `to`. */
export function reaches(policies: readonly Policy[], namespaces: Namespaces, from: Endpoint, to: Endpoint, port: number, protocol: Protocol): boolean {
  const world = { policies, namespaces };
  return allows(world, 'Egress', from, to, port, protocol) && allows(world, 'Ingress', to, from, port, protocol);
}

/** Addresses that no staking pod may reach, whatever it declares: the metadata services of both clouds and private neighbours. */
export const FORBIDDEN_ADDRESSES: readonly Endpoint[] = [
  { name: 'metadata of GCP and AWS', address: '169.254.169.254' },
  { name: 'EKS Pod Identity', address: '169.254.170.23' },
  { name: 'ECS task metadata', address: '169.254.170.2' },
  { name: 'GKE metadata server', address: '169.254.169.252' },
  { name: 'private 10/8', address: '10.200.0.9' },
  { name: 'private 172.16/12', address: '172.20.1.1' },
  { name: 'private 192.168/16', address: '192.168.1.1' },
  { name: 'shared address space', address: '100.64.3.3' },
  { name: 'loopback', address: '127.0.0.1' },
  { name: 'multicast', address: '224.0.0.251' },
];

export const INTERNET: readonly Endpoint[] = [
  { name: 'a public address', address: '8.8.8.8' },
  { name: 'another public address', address: '203.0.113.77' },
];

interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

interface PolicyPeer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface PolicyPort {
  readonly port?: number;
  readonly endPort?: number;
  readonly protocol?: string;
}

interface World {
  readonly policies: readonly Policy[];
  readonly namespaces: Namespaces;
}

function allows(world: World, direction: 'Ingress' | 'Egress', subject: Endpoint, other: Endpoint, port: number, protocol: Protocol): boolean {
  const { pod } = subject;
  // Nobody's policy binds an address outside, or a pod on the host's network.
  if (!pod || pod.hostNetwork) return true;
  const selecting = world.policies.filter(
    ({ metadata, spec }) => metadata.namespace === pod.namespace && spec.policyTypes.includes(direction) && matches(spec.podSelector, pod.labels),
  );
  if (selecting.length === 0) return true;
  return selecting.some(({ metadata, spec }) => {
    const rules =
      direction === 'Ingress'
        ? (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
        : (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
    return rules.some(
      ({ peers, ports }) =>
        (peers === undefined || peers.length === 0 || peers.some((peer) => peerMatches(world, metadata.namespace, peer, other))) &&
        (ports === undefined || ports.length === 0 || ports.some((candidate) => portMatches(candidate, port, protocol))),
    );
  });
}

function peerMatches({ namespaces }: World, policyNamespace: string, peer: PolicyPeer, other: Endpoint): boolean {
  if (peer.ipBlock) return inRange(other.address, peer.ipBlock.cidr) && !(peer.ipBlock.except ?? []).some((range) => inRange(other.address, range));
  if (!other.pod || other.pod.hostNetwork) return false;
  const namespaceOk = peer.namespaceSelector
    ? matches(peer.namespaceSelector, { 'kubernetes.io/metadata.name': other.pod.namespace, ...namespaces[other.pod.namespace] })
    : other.pod.namespace === policyNamespace;
  return namespaceOk && (peer.podSelector === undefined || matches(peer.podSelector, other.pod.labels));
}

function matches(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          throw new Error(`unknown operator ${operator}`);
      }
    })
  );
}

function portMatches(candidate: PolicyPort, port: number, protocol: Protocol): boolean {
  if ((candidate.protocol ?? 'TCP') !== protocol) return false;
  if (candidate.port === undefined) return true;
  return candidate.endPort === undefined ? candidate.port === port : candidate.port <= port && port <= candidate.endPort;
}

function inRange(address: string, range: string): boolean {
  const [base = '', bits = '32'] = range.split('/');
  const size = 2 ** (32 - Number(bits));
  return Math.floor(toNumber(address) / size) === Math.floor(toNumber(base) / size);
}

const toNumber = (address: string): number => address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
