import { IntOrString, KubeNetworkPolicy, type NetworkPolicyEgressRule, type NetworkPolicyIngressRule, type NetworkPolicyPeer, type NetworkPolicyPort } from 'cdk8s-plus-27/lib/imports/k8s';
import { manifestOf, type Manifest } from '../../constructs/manifest';
import { NON_PUBLIC_RANGES } from '../../constructs/network-policy';
import type { Cluster } from '../../model/types';
import { GATEKEEPER_NAMESPACE, MONITORING_NAMESPACE, MONITORING_POD_LABELS, PLATFORM_LABELS } from '../../naming';
import { defaultDeny, serviceNamespace } from './namespaces';

/**
 * On EKS the VPC CNI starts every pod closed, those of add-ons included: each is opened here for what it does. Rendered for EKS only; on GKE a pod that no policy selects is
 * open, and its add-ons are Google's. The CNI itself, kube-proxy, the pod identity agent and the node exporter are on their machine's network, which no policy binds.
 *
 * It has to be there before the add-ons are: until CoreDNS may ask the API server no name is resolved. So Gatekeeper's namespace is here too.
 */
export function addOnNetworkPolicies(cluster: Cluster & { cloud: 'aws' }): readonly Manifest[] {
  const api = apiServer(cluster);
  const machines: NetworkPolicyPeer[] = [{ ipBlock: { cidr: cluster.ranges.machines } }];
  const policy = (namespace: string, name: string, matchLabels: Record<string, string>, rules: { readonly ingress?: NetworkPolicyIngressRule[]; readonly egress?: NetworkPolicyEgressRule[] }): Manifest =>
    manifestOf(KubeNetworkPolicy, {
      metadata: { name, namespace, labels: { ...PLATFORM_LABELS } },
      spec: {
        podSelector: Object.keys(matchLabels).length > 0 ? { matchLabels } : {},
        policyTypes: [...(rules.ingress ? ['Ingress'] : []), ...(rules.egress ? ['Egress'] : [])],
        ...(rules.ingress ? { ingress: rules.ingress } : {}),
        ...(rules.egress ? { egress: rules.egress } : {}),
      },
    });
  /** Whatever is in these namespaces asks for names and calls the API server; by no label, so that an add-on's next version can't lose it. */
  const base = (namespace: string): Manifest => policy(namespace, 'add-ons', {}, { egress: [names, api] });
  const scraped = (...ports: number[]): NetworkPolicyIngressRule => ({ from: [prometheus], ports: tcp(...ports) });

  return [
    serviceNamespace(cluster, GATEKEEPER_NAMESPACE),
    defaultDeny(GATEKEEPER_NAMESPACE),
    base('kube-system'),
    policy('kube-system', 'coredns', { 'k8s-app': 'kube-dns' }, {
      // Pods of every namespace, and pods on their machine's network.
      ingress: [{ from: [{ namespaceSelector: {} }, ...machines], ports: dns }, scraped(9153)],
      // What isn't the cluster's own name it asks the VPC's resolver for, which has two addresses.
      egress: [{ to: [`${addressIn(cluster.ranges.machines, 2)}/32`, '169.254.169.253/32'].map((cidr) => ({ ipBlock: { cidr } })), ports: dns }],
    }),
    policy('kube-system', 'ebs-csi-controller', { app: 'ebs-csi-controller' }, { ingress: [scraped(3301, 8080)], egress: [cloud, podIdentity] }),
    policy('kube-system', 'aws-load-balancer-controller', { 'app.kubernetes.io/name': 'aws-load-balancer-controller' }, {
      ingress: [{ from: machines, ports: tcp(9443) }, scraped(8080)],
      egress: [cloud, podIdentity],
    }),
    base(GATEKEEPER_NAMESPACE),
    // The control plane's interfaces are in the subnets of machines.
    policy(GATEKEEPER_NAMESPACE, 'webhook', {}, { ingress: [{ from: machines, ports: tcp(8443) }, scraped(8888)] }),
    base(MONITORING_NAMESPACE),
    policy(MONITORING_NAMESPACE, 'among-themselves', {}, { ingress: [{ from: [{ podSelector: {} }] }], egress: [{ to: [{ podSelector: {} }] }] }),
    policy(MONITORING_NAMESPACE, 'prometheus', { ...MONITORING_POD_LABELS }, {
      // Metrics of pods by whatever port they have them on: the other side's policy says which. Kubelets and node exporters by the machines' own.
      egress: [{ to: [{ namespaceSelector: {} }] }, { to: machines, ports: tcp(9100, 10250) }],
    }),
    policy(MONITORING_NAMESPACE, 'alertmanager', { 'app.kubernetes.io/name': 'alertmanager' }, { egress: [cloud] }),
  ];
}

const port = (protocol: 'TCP' | 'UDP', number: number): NetworkPolicyPort => ({ protocol, port: IntOrString.fromNumber(number) });
const tcp = (...ports: number[]): NetworkPolicyPort[] => ports.map((number) => port('TCP', number));
const dns: NetworkPolicyPort[] = [port('UDP', 53), port('TCP', 53)];

const named = (namespace: string): NetworkPolicyPeer['namespaceSelector'] => ({ matchLabels: { 'kubernetes.io/metadata.name': namespace } });

const names: NetworkPolicyEgressRule = { to: [{ namespaceSelector: named('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }], ports: dns };
const prometheus: NetworkPolicyPeer = { namespaceSelector: named(MONITORING_NAMESPACE), podSelector: { matchLabels: { ...MONITORING_POD_LABELS } } };

/** APIs of AWS, and receivers of alerts: public addresses that change, by TLS. */
const cloud: NetworkPolicyEgressRule = { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: [...NON_PUBLIC_RANGES] } }], ports: tcp(443) };

/** The agent that gives a pod the credentials of its service account's role. */
const podIdentity: NetworkPolicyEgressRule = { to: [{ ipBlock: { cidr: '169.254.170.23/32' } }], ports: tcp(80) };

/**
 * The API server by its Service's address, which the CNI judges before it is translated, and by its interfaces, which are in the subnets of machines at addresses that
 * EKS changes.
 */
const apiServer = ({ ranges }: Cluster & { cloud: 'aws' }): NetworkPolicyEgressRule => ({
  to: [{ ipBlock: { cidr: `${addressIn(ranges.services, 1)}/32` } }, { ipBlock: { cidr: ranges.machines } }],
  ports: tcp(443),
});

/** The address at a place in a range. */
function addressIn(range: string, offset: number): string {
  const octets = range.split('/')[0]!.split('.').map(Number);
  return [...octets.slice(0, 3), octets[3]! + offset].join('.');
}
