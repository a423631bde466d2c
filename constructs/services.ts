import { IntOrString, KubeService, type ServicePort } from 'cdk8s-plus-27/lib/imports/k8s';
import { componentName, p2pAddressName, p2pServiceName, publicSubnetName, unreadyServiceName } from '../naming';
import type { ComponentSpec, Port } from '../chains/component';
import { labels, manifestOf, selector, type Manifest } from './manifest';
import type { NodeIdentity } from './staking-node-props';

export interface ServicesInput {
  readonly node: NodeIdentity;
  readonly component: ComponentSpec;
  readonly reach: 'outbound' | 'loadBalancer' | 'nodePort' | 'hostNetwork';
  /** Whether one load balancer of this cluster carries TCP and UDP of a Service. */
  readonly mixedProtocolLoadBalancers: boolean;
}

/** How a component's ports are found: by name inside the cluster, by a load balancer or node port from outside. */
export function services(input: ServicesInput): Manifest[] {
  const { node, component } = input;
  const name = componentName(node.name, component.name);
  const withPurpose = (purpose: Port['purpose']) => component.ports.filter((port) => port.purpose === purpose);
  const rpc = withPurpose('rpc');
  return [
    ...(rpc.length > 0 ? [inCluster(input, name, rpc, false)] : []),
    // An execution client becomes ready only because its consensus client can already reach it; a sentry likewise.
    ...(['engine', 'sentry'] as const).flatMap((purpose) => {
      const ports = withPurpose(purpose);
      return ports.length > 0 ? [inCluster(input, unreadyServiceName(node.name, component.name, purpose), ports, true)] : [];
    }),
    ...p2pServices(input, withPurpose('p2p')),
  ];
}

function inCluster({ node, component }: ServicesInput, name: string, ports: Port[], publishNotReadyAddresses: boolean): Manifest {
  return manifestOf(KubeService, {
    metadata: { name, namespace: node.namespace, labels: labels(node, component) },
    spec: {
      clusterIp: 'None',
      selector: selector(node.network, node.name, component.name),
      publishNotReadyAddresses,
      ports: ports.map(servicePort),
    },
  });
}

function p2pServices({ node, component, reach, mixedProtocolLoadBalancers }: ServicesInput, ports: Port[]): Manifest[] {
  if (ports.length === 0 || reach === 'outbound' || reach === 'hostNetwork') return [];
  const exposed = (name: string, type: 'LoadBalancer' | 'NodePort', of: Port[]): Manifest =>
    manifestOf(KubeService, {
      metadata: {
        name,
        namespace: node.namespace,
        labels: labels(node, component),
        ...(type === 'LoadBalancer' ? { annotations: loadBalancerAnnotations(node, component, of) } : {}),
      },
      spec: {
        type,
        ...(type === 'LoadBalancer' ? { loadBalancerClass: LOAD_BALANCER_CLASS[node.cloud] } : {}),
        ...(!throughNodePorts(type, node) ? { allocateLoadBalancerNodePorts: false } : {}),
        selector: selector(node.network, node.name, component.name),
        publishNotReadyAddresses: true,
        // Keeps the caller's address, which peer discovery and the NetworkPolicy both go by.
        externalTrafficPolicy: 'Local',
        ports: of.map((port) => ({ ...servicePort(port), ...(throughNodePorts(type, node) && isNodePort(port.port) ? { nodePort: port.port } : {}) })),
      },
    });
  if (reach === 'nodePort') return [exposed(p2pServiceName(node.name, component.name), 'NodePort', ports)];
  const protocols = [...new Set(ports.map(({ protocol }) => protocol))];
  if (mixedProtocolLoadBalancers || protocols.length === 1) {
    return [exposed(p2pServiceName(node.name, component.name), 'LoadBalancer', ports)];
  }
  return protocols.map((protocol) =>
    exposed(
      p2pServiceName(node.name, component.name, protocol === 'TCP' ? 'tcp' : 'udp'),
      'LoadBalancer',
      ports.filter((port) => port.protocol === protocol),
    ),
  );
}

const servicePort = ({ name, port, protocol }: Port): ServicePort => ({
  name,
  port,
  protocol,
  targetPort: IntOrString.fromNumber(port),
});

const LOAD_BALANCER_CLASS: Record<NodeIdentity['cloud'], string> = {
  gcp: 'networking.gke.io/l4-regional-external',
  aws: 'service.k8s.aws/nlb',
};

/**
 * Google's load balancers of this class hand packets to the machines as they are, addressed to the load balancer. Without node
 * ports, TCP and UDP of one number fit in two Services: Kubernetes gives a node port to one Service, whatever its protocol.
 */
const throughNodePorts = (type: 'LoadBalancer' | 'NodePort', { cloud }: NodeIdentity): boolean => type === 'NodePort' || cloud === 'aws';

/** Ties the load balancer to the address that was reserved for it, so that it is the same after every change. */
function loadBalancerAnnotations(node: NodeIdentity, component: ComponentSpec, ports: Port[]): Record<string, string> {
  if (node.cloud === 'gcp') {
    return { 'networking.gke.io/load-balancer-ip-addresses': p2pAddressName(node.cluster, node.name, component.name) };
  }
  const aws = 'service.beta.kubernetes.io/aws-load-balancer-';
  const allocation = node.addressAllocations?.[component.name];
  return {
    [`${aws}scheme`]: 'internet-facing',
    // Instance targets keep the caller's address and are health-checked on the machine, not in the pod.
    [`${aws}nlb-target-type`]: 'instance',
    [`${aws}subnets`]: publicSubnetName(node.cluster, node.zone),
    ...(allocation ? { [`${aws}eip-allocations`]: allocation } : {}),
    ...(new Set(ports.map(({ protocol }) => protocol)).size > 1 ? { [`${aws}enable-tcp-udp-listener`]: 'true' } : {}),
  };
}

/** Port numbers that Kubernetes lets a Service ask for; others are assigned. */
const isNodePort = (port: number): boolean => port >= 30000 && port <= 32767;
