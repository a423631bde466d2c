import { describe, expect, it } from 'vitest';
import { platformFiles } from '../../apps/platform';
import type { Manifest } from '../../constructs/manifest';
import { GATEKEEPER_NAMESPACE, MONITORING_NAMESPACE, MONITORING_POD_LABELS } from '../../naming';
import { eks, facts, fleet, gke } from './fleet';

interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  readonly namespaceSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly protocol: string; readonly port: number }[];
}
interface Spec {
  readonly podSelector: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

const FILE = 'add-on-network-policies.yaml';
const objects: readonly Manifest[] = platformFiles(fleet, eks, facts()).find(({ path }) => path === FILE)?.objects ?? [];
const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
const machines = eks.ranges.machines;

/** The rules that bind a pod of these labels: of every policy that selects it. */
const rulesOf = (namespace: string, labels: Readonly<Record<string, string>>, direction: 'ingress' | 'egress'): readonly Rule[] =>
  policies
    .filter(({ metadata }) => metadata.namespace === namespace)
    .map((object) => object['spec'] as Spec)
    .filter(({ podSelector }) => Object.entries(podSelector.matchLabels ?? {}).every(([key, value]) => labels[key] === value))
    .flatMap((spec) => spec[direction] ?? []);

const allows = (rules: readonly Rule[], port: number, protocol: string, matches: (peer: Peer) => boolean): boolean =>
  rules.some((rule) => (rule.ports === undefined || rule.ports.some((open) => open.port === port && open.protocol === protocol)) && (rule.to ?? rule.from ?? []).some(matches));

const block = (cidr: string) => (peer: Peer): boolean => peer.ipBlock?.cidr === cidr;
const namespace = (name: string) => (peer: Peer): boolean => peer.namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] === name;

/** Every add-on of EKS on pods' own network, by the labels that its own manifests give it. */
const ADD_ONS: readonly { readonly what: string; readonly in: string; readonly labels: Readonly<Record<string, string>> }[] = [
  { what: 'coredns', in: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  { what: 'ebs-csi-controller', in: 'kube-system', labels: { app: 'ebs-csi-controller' } },
  { what: 'ebs-csi-node', in: 'kube-system', labels: { app: 'ebs-csi-node' } },
  { what: 'snapshot-controller', in: 'kube-system', labels: { 'app.kubernetes.io/name': 'snapshot-controller' } },
  { what: 'aws-load-balancer-controller', in: 'kube-system', labels: { 'app.kubernetes.io/name': 'aws-load-balancer-controller' } },
  { what: 'gatekeeper', in: GATEKEEPER_NAMESPACE, labels: { 'gatekeeper.sh/operation': 'webhook' } },
  { what: 'prometheus', in: MONITORING_NAMESPACE, labels: { ...MONITORING_POD_LABELS } },
  { what: 'alertmanager', in: MONITORING_NAMESPACE, labels: { 'app.kubernetes.io/name': 'alertmanager' } },
  { what: 'kube-state-metrics', in: MONITORING_NAMESPACE, labels: { 'app.kubernetes.io/name': 'kube-state-metrics' } },
];

describe('network policies of add-ons, which EKS needs in strict mode', () => {
  it('are rendered for EKS alone', () => {
    expect(policies.length).toBeGreaterThan(8);
    expect(platformFiles(fleet, gke(), facts()).map(({ path }) => path)).not.toContain(FILE);
  });

  it.each(ADD_ONS)('let $what ask for names and call the API server, by its Service and by its interfaces', ({ in: home, labels }) => {
    const egress = rulesOf(home, labels, 'egress');
    expect(allows(egress, 53, 'UDP', namespace('kube-system'))).toBe(true);
    expect(allows(egress, 53, 'TCP', namespace('kube-system'))).toBe(true);
    expect(allows(egress, 443, 'TCP', block(machines))).toBe(true);
    const service = eks.ranges.services.replace(/0\/\d+$/, '1/32');
    expect(service).toMatch(/\.1\/32$/);
    expect(allows(egress, 443, 'TCP', block(service))).toBe(true);
  });

  it('let everybody in the cluster ask CoreDNS, and CoreDNS ask the resolvers of the VPC', () => {
    const labels = { 'k8s-app': 'kube-dns' };
    for (const protocol of ['UDP', 'TCP']) {
      expect(allows(rulesOf('kube-system', labels, 'ingress'), 53, protocol, ({ namespaceSelector }) => namespaceSelector !== undefined && namespaceSelector.matchLabels === undefined)).toBe(true);
      expect(allows(rulesOf('kube-system', labels, 'ingress'), 53, protocol, block(machines))).toBe(true);
      expect(allows(rulesOf('kube-system', labels, 'egress'), 53, protocol, block('169.254.169.253/32'))).toBe(true);
      expect(allows(rulesOf('kube-system', labels, 'egress'), 53, protocol, block(machines.replace(/0\/\d+$/, '2/32')))).toBe(true);
    }
  });

  it.each(['ebs-csi-controller', 'aws-load-balancer-controller'])('let %s call AWS and the pod identity agent, and no address inside', (what) => {
    const egress = rulesOf('kube-system', ADD_ONS.find((addOn) => addOn.what === what)!.labels, 'egress');
    expect(allows(egress, 80, 'TCP', block('169.254.170.23/32'))).toBe(true);
    const world = egress.flatMap(({ to = [] }) => to).filter(block('0.0.0.0/0'));
    expect(world).toHaveLength(1);
    expect(world[0]!.ipBlock!.except).toEqual(expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10']));
  });

  it('let the control plane call the webhooks', () => {
    expect(allows(rulesOf(GATEKEEPER_NAMESPACE, { 'gatekeeper.sh/operation': 'webhook' }, 'ingress'), 8443, 'TCP', block(machines))).toBe(true);
    expect(allows(rulesOf('kube-system', { 'app.kubernetes.io/name': 'aws-load-balancer-controller' }, 'ingress'), 9443, 'TCP', block(machines))).toBe(true);
  });

  it('let Prometheus scrape pods, kubelets and node exporters, and nobody else', () => {
    const egress = rulesOf(MONITORING_NAMESPACE, MONITORING_POD_LABELS, 'egress');
    for (const port of [9100, 10250]) expect(allows(egress, port, 'TCP', block(machines))).toBe(true);
    expect(allows(egress, 6060, 'TCP', ({ namespaceSelector }) => namespaceSelector !== undefined && namespaceSelector.matchLabels === undefined)).toBe(true);
    const exporter = rulesOf(MONITORING_NAMESPACE, { 'app.kubernetes.io/name': 'kube-state-metrics' }, 'egress');
    expect(allows(exporter, 10250, 'TCP', block(machines))).toBe(false);
  });

  it('reach the metadata address from nowhere', () => {
    const reached = policies.flatMap((object) => ((object['spec'] as Spec).egress ?? []).flatMap(({ to = [] }) => to)).map(({ ipBlock }) => ipBlock?.cidr);
    expect(reached).not.toContain('169.254.169.254/32');
    expect(reached.filter((cidr) => cidr?.startsWith('169.254.')).sort()).toEqual(['169.254.169.253/32', '169.254.170.23/32', '169.254.170.23/32']);
  });

  it('come after the namespace that they are in', () => {
    expect(objects[0]).toMatchObject({ kind: 'Namespace', metadata: { name: GATEKEEPER_NAMESPACE } });
  });
});
