import type { Construct } from 'constructs';
import { TerraformOutput } from 'cdktf';
import { DataAwsRouteTable } from '@cdktf/provider-aws/lib/data-aws-route-table';
import { DataAwsVpc } from '@cdktf/provider-aws/lib/data-aws-vpc';
import { DefaultSecurityGroup } from '@cdktf/provider-aws/lib/default-security-group';
import { Eip } from '@cdktf/provider-aws/lib/eip';
import { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway';
import { NatGateway } from '@cdktf/provider-aws/lib/nat-gateway';
import { Route } from '@cdktf/provider-aws/lib/route';
import { RouteTable } from '@cdktf/provider-aws/lib/route-table';
import { RouteTableAssociation } from '@cdktf/provider-aws/lib/route-table-association';
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { Subnet } from '@cdktf/provider-aws/lib/subnet';
import { Vpc } from '@cdktf/provider-aws/lib/vpc';
import { VpcEndpoint } from '@cdktf/provider-aws/lib/vpc-endpoint';
import { VpcIpv4CidrBlockAssociation } from '@cdktf/provider-aws/lib/vpc-ipv4-cidr-block-association';
import { VpcPeeringConnection } from '@cdktf/provider-aws/lib/vpc-peering-connection';
import { VpcPeeringConnectionAccepterA } from '@cdktf/provider-aws/lib/vpc-peering-connection-accepter';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule';
import {
  addOnRoleName,
  controlPlaneFirewallName,
  DATABASE_ROUTES,
  logsKeyName,
  machinesFirewallName,
  MANAGEMENT_NETWORK,
  MANAGEMENT_ROUTES,
  natAddressName,
  networkName,
  podsSubnetName,
  privatePoolFirewallName,
  privateSubnetName,
  publicPoolTag,
  routeTableName,
} from '../../../naming/clouds';
import { p2pAddressName, publicSubnetName } from '../../../naming';
import { flowLogs, flowLogsGroup } from '../../aws/flow-logs';
import { hasPublicPools } from '../../parts/cluster-props';
import { portRanges, type OpenPorts } from '../../context/demand';
import { OUTPUTS } from '../../context/outputs';
import { clusterSubnets } from '../../context/ranges';
import { AwsStack } from '../stack';
import type { ClusterContext, AwsCluster } from '../../context';

/**
 * A VPC over the cluster's zones: private subnets that leave through a NAT gateway of their zone, at an address that stays; public subnets for load balancers, NAT
 * gateways and machines with public addresses; flow logs; the way to the management network; the addresses that nodes' load balancers keep; and every
 * security group, so that a changed port touches this stack alone.
 */
export class AwsNetworkStack extends AwsStack {
  constructor(scope: Construct, id: string, context: ClusterContext<AwsCluster>) {
    const { cluster, demand } = context;
    super(scope, id, context, cluster);
    const { name, ranges, zones } = cluster;

    const vpc = new Vpc(this, 'network', { cidrBlock: ranges.machines, enableDnsSupport: true, enableDnsHostnames: true, tags: named(networkName(name)), lifecycle: { preventDestroy: true } });
    // Whatever is started without a group of its own is in this one: it lets nothing in and nothing out.
    new DefaultSecurityGroup(this, 'default-firewall', { vpcId: vpc.id, ingress: [], egress: [], tags: named(`${networkName(name)}-default`) });
    const subnets = clusterSubnets(ranges, zones);
    const publicSubnets = addSubnets(this, vpc, context, subnets);
    const { privateRoutes, publicRoutes } = addRoutes(this, vpc, context, publicSubnets);
    new VpcEndpoint(this, 's3', { vpcId: vpc.id, serviceName: `com.amazonaws.${cluster.region}.s3`, vpcEndpointType: 'Gateway', routeTableIds: [...privateRoutes, publicRoutes].map((table) => table.id), tags: named(`${networkName(name)}-s3`) });
    addPeering(this, vpc, context, privateRoutes);
    const groups = [flowLogsGroup(name), `/aws/eks/${name}/cluster`];
    flowLogs(this, { vpc, account: cluster.account, region: cluster.region, owner: name, keyAlias: logsKeyName(name), roleName: addOnRoleName(name, 'flow-logs'), groups });
    addAddresses(this, context);
    addFirewalls(this, vpc, context, demand.ports);
  }
}

const named = (Name: string): { readonly Name: string } => ({ Name });

/** @returns the public subnets, in the order of zones */
function addSubnets(stack: AwsNetworkStack, vpc: Vpc, { cluster }: ClusterContext<AwsCluster>, subnets: ReturnType<typeof clusterSubnets>): readonly Subnet[] {
  const pods = cluster.ranges.pods === undefined ? undefined : new VpcIpv4CidrBlockAssociation(stack, 'pods-range', { vpcId: vpc.id, cidrBlock: cluster.ranges.pods });
  return subnets.map((ranges) => {
    const { zone } = ranges;
    const common = { vpcId: vpc.id, availabilityZone: zone, lifecycle: { preventDestroy: true } };
    new Subnet(stack, `private-${zone}`, { ...common, cidrBlock: ranges.private, mapPublicIpOnLaunch: false, tags: named(privateSubnetName(cluster.name, zone)) });
    if (ranges.pods !== undefined && pods) new Subnet(stack, `pods-${zone}`, { ...common, cidrBlock: ranges.pods, mapPublicIpOnLaunch: false, tags: named(podsSubnetName(cluster.name, zone)), dependsOn: [pods] });
    // EKS refuses a node group with public machines in a subnet that gives none an address.
    return new Subnet(stack, `public-${zone}`, { ...common, cidrBlock: ranges.public, mapPublicIpOnLaunch: hasPublicPools(cluster), tags: named(publicSubnetName(cluster.name, zone)) });
  });
}

function addRoutes(stack: AwsNetworkStack, vpc: Vpc, { cluster }: ClusterContext<AwsCluster>, publicSubnets: readonly Subnet[]): { readonly privateRoutes: readonly RouteTable[]; readonly publicRoutes: RouteTable } {
  const { name, zones } = cluster;
  const gateway = new InternetGateway(stack, 'internet', { vpcId: vpc.id, tags: named(networkName(name)) });
  const publicRoutes = new RouteTable(stack, 'public-routes', { vpcId: vpc.id, tags: named(routeTableName(name, 'public')) });
  new Route(stack, 'public-internet', { routeTableId: publicRoutes.id, destinationCidrBlock: '0.0.0.0/0', gatewayId: gateway.id });
  const addresses: Eip[] = [];
  const privateRoutes = zones.map((zone, index) => {
    new RouteTableAssociation(stack, `public-routes-${zone}`, { routeTableId: publicRoutes.id, subnetId: publicSubnets[index]!.id });
    const address = new Eip(stack, `nat-address-${zone}`, { domain: 'vpc', tags: named(natAddressName(name, zone)), lifecycle: { preventDestroy: true } });
    addresses.push(address);
    const nat = new NatGateway(stack, `nat-${zone}`, { allocationId: address.id, subnetId: publicSubnets[index]!.id, connectivityType: 'public', tags: named(natAddressName(name, zone)), dependsOn: [gateway] });
    const table = new RouteTable(stack, `private-routes-${zone}`, { vpcId: vpc.id, tags: named(routeTableName(name, `private-${zone}`)) });
    new Route(stack, `private-internet-${zone}`, { routeTableId: table.id, destinationCidrBlock: '0.0.0.0/0', natGatewayId: nat.id });
    for (const kind of cluster.ranges.pods === undefined ? ['private'] : ['private', 'pods']) {
      const subnet = stack.node.findChild(`${kind}-${zone}`) as Subnet;
      new RouteTableAssociation(stack, `${kind}-routes-of-${zone}`, { routeTableId: table.id, subnetId: subnet.id });
    }
    return table;
  });
  new TerraformOutput(stack, OUTPUTS.natAddresses, { value: addresses.map(({ publicIp }) => publicIp), description: 'Public addresses that private machines leave from' }).overrideLogicalId(OUTPUTS.natAddresses);
  return { privateRoutes, publicRoutes };
}

/** Atlantis reaches the control plane through it; the clusters of the home region reach the secret manager's database. */
function addPeering(stack: AwsNetworkStack, vpc: Vpc, { cluster, fleet: { infrastructure: { aws: { management }, home } } }: ClusterContext<AwsCluster>, privateRoutes: readonly RouteTable[]): void {
  const { region, range } = management;
  const other = new DataAwsVpc(stack, 'management', { region, tags: named(MANAGEMENT_NETWORK) });
  const peering = new VpcPeeringConnection(stack, 'management-peering', { vpcId: vpc.id, peerVpcId: other.id, peerRegion: region, autoAccept: false, tags: named(`${networkName(cluster.name)}-management`) });
  const accepted = new VpcPeeringConnectionAccepterA(stack, 'management-peering-accepted', { region, vpcPeeringConnectionId: peering.id, autoAccept: true, tags: named(`${networkName(cluster.name)}-management`) });
  const toDatabase = home.cloud === 'aws' && home.region === cluster.region;
  for (const [index, table] of privateRoutes.entries()) {
    const zone = cluster.zones[index]!;
    new Route(stack, `to-management-${zone}`, { routeTableId: table.id, destinationCidrBlock: range, vpcPeeringConnectionId: peering.id, dependsOn: [accepted] });
    if (toDatabase) new Route(stack, `to-database-${zone}`, { routeTableId: table.id, destinationCidrBlock: home.range, vpcPeeringConnectionId: peering.id, dependsOn: [accepted] });
  }
  for (const [what, table] of [['management', MANAGEMENT_ROUTES], ...(toDatabase ? [['database', DATABASE_ROUTES] as const] : [])] as const) {
    const routes = new DataAwsRouteTable(stack, `${what}-routes`, { region, tags: named(table) });
    // Machines have addresses of this range, pods too unless the cluster declares one for them; what leaves the VPC has a machine's address either way.
    new Route(stack, `from-${what}`, { region, routeTableId: routes.id, destinationCidrBlock: cluster.ranges.machines, vpcPeeringConnectionId: peering.id, dependsOn: [accepted] });
  }
}

/** One address for each component behind a load balancer: a node that comes back at another one is a stranger to its peers. */
function addAddresses(stack: AwsNetworkStack, { cluster: { name }, demand }: ClusterContext<AwsCluster>): void {
  const reserved = demand.ports.filter(({ via }) => via === 'loadBalancer').map(({ node, component }) => ({
    node,
    component,
    eip: new Eip(stack, `address-${node}-${component}`, { domain: 'vpc', tags: named(p2pAddressName(name, node, component)), lifecycle: { preventDestroy: true } }),
  }));
  const recorded = (of: (eip: Eip) => string): Record<string, Record<string, string>> => {
    const byNode: Record<string, Record<string, string>> = {};
    for (const { node, component, eip } of reserved) (byNode[node] ??= {})[component] = of(eip);
    return byNode;
  };
  new TerraformOutput(stack, OUTPUTS.p2pAddresses, { value: recorded(({ publicIp }) => publicIp), description: 'Reserved addresses of load balancers' }).overrideLogicalId(OUTPUTS.p2pAddresses);
  new TerraformOutput(stack, OUTPUTS.p2pAllocations, { value: recorded(({ allocationId }) => allocationId), description: 'Elastic IP allocations of load balancers' }).overrideLogicalId(OUTPUTS.p2pAllocations);
}

/** Where an API server asks its webhooks: Gatekeeper and the load balancer controller; and the kubelet, for logs. */
const CONTROL_PLANE_TO_MACHINES = { kubelet: 10250, gatekeeper: 8443, 'load-balancer-controller': 9443 } as const;

/**
 * What a public machine may reach on a private one: name servers and pods, by the ports that pods have. The kubelet and its neighbours (10250 to 10259) and everything
 * below 1024 but DNS stay closed: NetworkPolicy doesn't bind a pod on the host's network, this does.
 */
const PODS_FROM_PUBLIC = [['53', 'tcp'], ['53', 'udp'], ['1024-10249', 'tcp'], ['1024-10249', 'udp'], ['10260-65535', 'tcp'], ['10260-65535', 'udp']] as const;

function addFirewalls(stack: AwsNetworkStack, vpc: Vpc, { cluster, fleet: { infrastructure } }: ClusterContext<AwsCluster>, ports: readonly OpenPorts[]): void {
  const { name } = cluster;
  const group = (id: string, groupName: string, description: string): SecurityGroup =>
    new SecurityGroup(stack, id, { name: groupName, description, vpcId: vpc.id, revokeRulesOnDelete: false, tags: named(groupName) });
  const open = (into: SecurityGroup, id: string, range: string, protocol: string, from: { readonly cidrIpv4: string } | { readonly referencedSecurityGroupId: string }, description: string): void => {
    const [first, last = first] = range.split('-').map(Number);
    new VpcSecurityGroupIngressRule(stack, id, { securityGroupId: into.id, ipProtocol: protocol, ...(protocol === '-1' ? {} : { fromPort: first!, toPort: last! }), ...from, description });
  };
  const leave = (of: SecurityGroup, id: string): void => {
    new VpcSecurityGroupEgressRule(stack, id, { securityGroupId: of.id, ipProtocol: '-1', cidrIpv4: '0.0.0.0/0', description: 'P2P peers listen on any port; NetworkPolicies say which pod may' });
  };
  const sourceOf = ({ id }: SecurityGroup): { readonly referencedSecurityGroupId: string } => ({ referencedSecurityGroupId: id });

  const controlPlane = group('control-plane', controlPlaneFirewallName(name), `Private endpoint of ${name}`);
  const machines = group('machines-private', machinesFirewallName(name, 'private'), `Private machines of ${name} among themselves`);
  const exposed = hasPublicPools(cluster) ? group('machines-public', machinesFirewallName(name, 'public'), `Public machines of ${name} inside the cluster`) : undefined;

  for (const [exposure, of] of [['private', machines], ['public', exposed]] as const) {
    if (of === undefined) continue;
    open(controlPlane, `control-plane-from-${exposure}`, '443', 'tcp', sourceOf(of), `Kubernetes API for ${exposure} machines`);
    for (const [who, port] of Object.entries(CONTROL_PLANE_TO_MACHINES).filter(([who]) => exposure === 'private' || who === 'kubelet')) {
      open(of, `${exposure}-${who}`, String(port), 'tcp', sourceOf(controlPlane), `Control plane to ${who}`);
      new VpcSecurityGroupEgressRule(stack, `control-plane-to-${exposure}-${who}`, { securityGroupId: controlPlane.id, ipProtocol: 'tcp', fromPort: port, toPort: port, referencedSecurityGroupId: of.id, description: `Control plane to ${who}` });
    }
    leave(of, `${exposure}-out`);
  }
  for (const { name: who, range } of [{ name: 'management', range: infrastructure.aws.management.range }, ...infrastructure.authorizedNetworks]) {
    open(controlPlane, `control-plane-from-network-${who}`, '443', 'tcp', { cidrIpv4: range }, `Kubernetes API for ${who}`);
  }
  open(machines, 'private-among-themselves', '', '-1', sourceOf(machines), 'Pods and machines; NetworkPolicies judge pods');
  if (exposed) {
    open(exposed, 'public-among-themselves', '', '-1', sourceOf(exposed), 'Pods and machines; NetworkPolicies judge pods');
    open(exposed, 'public-from-private', '', '-1', sourceOf(machines), 'Validators to their sentries and beacon nodes, Prometheus to what it scrapes');
    for (const [range, protocol] of PODS_FROM_PUBLIC) open(machines, `private-from-public-${protocol}-${range}`, range, protocol, sourceOf(exposed), 'Public machines to pods and name servers');
  }

  for (const pool of cluster.pools) {
    const isPublic = pool.exposure === 'public';
    const of = group(`pool-${pool.name}`, (isPublic ? publicPoolTag : privatePoolFirewallName)(name, pool.name), `What the world reaches on pool ${pool.name} of ${name}`);
    const asked = ports.filter((open) => open.pool === pool.name);
    for (const protocol of ['TCP', 'UDP'] as const) {
      for (const range of portRanges(asked.flatMap(({ ports: all }) => all.filter((port) => port.protocol === protocol).map(({ port }) => port)))) {
        open(of, `pool-${pool.name}-${protocol.toLowerCase()}-${range}`, range, protocol.toLowerCase(), { cidrIpv4: '0.0.0.0/0' }, 'P2P, as the fleet declares');
      }
    }
    // A load balancer asks the machine whether the pod is there, on a node port that Kubernetes chooses, from its own address in the zone's public subnet.
    for (const zone of [...new Set(asked.filter(({ via }) => via === 'loadBalancer').map((open) => open.zone))].sort()) {
      const { public: from } = clusterSubnets(cluster.ranges, cluster.zones).find((subnet) => subnet.zone === zone)!;
      open(of, `pool-${pool.name}-health-${zone}`, '30000-32767', 'tcp', { cidrIpv4: from }, `Health checks of load balancers in ${zone}`);
    }
  }
}
