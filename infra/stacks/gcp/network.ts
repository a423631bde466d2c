import { ComputeAddress } from '@cdktf/provider-google/lib/compute-address';
import { ComputeFirewall } from '@cdktf/provider-google/lib/compute-firewall';
import { ComputeNetwork } from '@cdktf/provider-google/lib/compute-network';
import { ComputeRouter } from '@cdktf/provider-google/lib/compute-router';
import { ComputeRouterNat } from '@cdktf/provider-google/lib/compute-router-nat';
import { ComputeSubnetwork } from '@cdktf/provider-google/lib/compute-subnetwork';
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { p2pAddressName } from '../../../naming';
import { machinesTag, natAddressName, networkName, PODS_RANGE, privateSubnetName, publicPoolTag, SERVICES_RANGE } from '../../../naming/clouds';
import { portRanges, type OpenPorts } from '../../context/demand';
import { OUTPUTS } from '../../context/outputs';
import { GcpStack } from '../stack';
import type { ClusterContext, GcpCluster } from '../../context';

/** VPC, fixed addresses and firewalls of one cluster. Nothing is let in but what is written here and what GKE opens for its load balancers. */
export class GcpNetworkStack extends GcpStack {
  private readonly cluster: GcpCluster;
  private readonly network: ComputeNetwork;

  constructor(scope: Construct, id: string, context: ClusterContext<GcpCluster>) {
    super(scope, id, context, context.cluster);
    const { cluster, demand } = context;
    this.cluster = cluster;
    this.network = new ComputeNetwork(this, 'network', { name: networkName(cluster.name), autoCreateSubnetworks: false, routingMode: 'REGIONAL' });
    const subnet = new ComputeSubnetwork(this, 'machines', {
      name: privateSubnetName(cluster.name),
      network: this.network.id,
      region: cluster.region,
      ipCidrRange: cluster.ranges.machines,
      secondaryIpRange: [
        { rangeName: PODS_RANGE, ipCidrRange: cluster.ranges.pods },
        { rangeName: SERVICES_RANGE, ipCidrRange: cluster.ranges.services },
      ],
      privateIpGoogleAccess: true,
      logConfig: { aggregationInterval: 'INTERVAL_1_MIN', flowSampling: 0.1, metadata: 'INCLUDE_ALL_METADATA' },
    });
    this.nat(context, subnet);
    this.addresses(demand.ports.filter(({ via }) => via === 'loadBalancer'));
    this.firewalls(demand.ports.filter(({ via }) => via === 'machine'));
  }

  /**
   * The addresses are ours, so that they are the same after every change and others can allow them. Each machine has its ports for itself, and a
   * port serves any number of destinations once each: with endpoint-independent mapping it would serve one, and P2P would run out.
   */
  private nat({ fleet: { infrastructure } }: ClusterContext<GcpCluster>, subnet: ComputeSubnetwork): void {
    const { name, region } = this.cluster;
    const addresses = Array.from({ length: infrastructure.gcp.natAddresses }, (_, index) =>
      new ComputeAddress(this, `nat-address-${index}`, { name: natAddressName(name, index), region, addressType: 'EXTERNAL', networkTier: 'PREMIUM', lifecycle: { preventDestroy: true } }),
    );
    const router = new ComputeRouter(this, 'router', { name: networkName(name), network: this.network.id, region });
    new ComputeRouterNat(this, 'nat', {
      name: networkName(name),
      router: router.name,
      region,
      natIpAllocateOption: 'MANUAL_ONLY',
      natIps: addresses.map(({ selfLink }) => selfLink),
      sourceSubnetworkIpRangesToNat: 'LIST_OF_SUBNETWORKS',
      subnetwork: [{ name: subnet.id, sourceIpRangesToNat: ['ALL_IP_RANGES'] }],
      minPortsPerVm: infrastructure.gcp.natPortsPerMachine,
      enableDynamicPortAllocation: false,
      enableEndpointIndependentMapping: false,
      logConfig: { enable: true, filter: 'ERRORS_ONLY' },
    });
    new TerraformOutput(this, 'nat-addresses-output', { value: addresses.map(({ address }) => address) }).overrideLogicalId(OUTPUTS.natAddresses);
  }

  /** The addresses of load balancers, by the names that Services ask for them. A lost one is a peer that nobody finds any more. */
  private addresses(reached: readonly OpenPorts[]): void {
    const { name: cluster, region } = this.cluster;
    const found: Record<string, Record<string, string>> = {};
    for (const { node, component } of reached) {
      const name = p2pAddressName(cluster, node, component);
      const { address } = new ComputeAddress(this, `p2p-${node}-${component}`, {
        name,
        region,
        addressType: 'EXTERNAL',
        networkTier: 'PREMIUM',
        labels: { node, component },
        lifecycle: { preventDestroy: true },
      });
      found[node] = { ...found[node], [component]: address };
    }
    new TerraformOutput(this, 'p2p-addresses-output', { value: found }).overrideLogicalId(OUTPUTS.p2pAddresses);
  }

  /**
   * Rules at 1,000 and after are GKE's, or somebody's by the console. Ours for public machines stand before them: what the fleet declares is
   * open, the cluster's own ranges are, and nothing else is, whatever comes later. So an RPC or metrics port that a pod on the host's network
   * listens on is closed to the world though no NetworkPolicy binds it.
   *
   * Firewalls for load balancers are GKE's own: it opens exactly the ports of each Service, to the machines of the cluster, which have no
   * public address.
   */
  private firewalls(onMachines: readonly OpenPorts[]): void {
    const { name: cluster, ranges, pools } = this.cluster;
    const network = this.network.id;
    new ComputeFirewall(this, 'webhooks', {
      name: `${networkName(cluster)}-webhooks`,
      description: 'The control plane asks admission webhooks.',
      network,
      direction: 'INGRESS',
      priority: 1000,
      sourceRanges: [ranges.controlPlane],
      targetTags: [machinesTag(cluster)],
      allow: [{ protocol: 'tcp', ports: [...WEBHOOK_PORTS] }],
    });
    for (const pool of pools.filter(({ exposure }) => exposure === 'public')) {
      const targetTags = [publicPoolTag(cluster, pool.name)];
      const of = onMachines.filter((open) => open.pool === pool.name).flatMap(({ ports }) => ports);
      const allow = (['TCP', 'UDP'] as const).flatMap((protocol) => {
        const ports = of.filter((port) => port.protocol === protocol).map(({ port }) => port);
        return ports.length > 0 ? [{ protocol: protocol.toLowerCase(), ports: portRanges(ports) }] : [];
      });
      if (allow.length > 0) {
        new ComputeFirewall(this, `public-${pool.name}-p2p`, {
          name: `${publicPoolTag(cluster, pool.name)}-p2p`,
          description: `P2P ports of the nodes that run on pool ${pool.name}.`,
          network,
          direction: 'INGRESS',
          priority: 700,
          sourceRanges: ['0.0.0.0/0'],
          targetTags,
          allow,
        });
      }
      new ComputeFirewall(this, `public-${pool.name}-cluster`, {
        name: `${publicPoolTag(cluster, pool.name)}-cluster`,
        description: 'The cluster itself: other machines, pods and the control plane.',
        network,
        direction: 'INGRESS',
        priority: 800,
        sourceRanges: [ranges.machines, ranges.pods, ranges.controlPlane],
        targetTags,
        allow: [{ protocol: 'all' }],
      });
      new ComputeFirewall(this, `public-${pool.name}-closed`, {
        name: `${publicPoolTag(cluster, pool.name)}-closed`,
        description: 'Everything else, before any rule that allows more.',
        network,
        direction: 'INGRESS',
        priority: 900,
        sourceRanges: ['0.0.0.0/0'],
        targetTags,
        deny: [{ protocol: 'all' }],
        logConfig: { metadata: 'INCLUDE_ALL_METADATA' },
      });
    }
  }
}

/** Gatekeeper's. GKE opens 443 and 10250 to its control plane by itself. */
const WEBHOOK_PORTS = ['8443'] as const;
