import type { Construct } from 'constructs';
import { AutoscalingGroup } from '@cdktf/provider-aws/lib/autoscaling-group';
import { DefaultSecurityGroup } from '@cdktf/provider-aws/lib/default-security-group';
import { Eip } from '@cdktf/provider-aws/lib/eip';
import { IamInstanceProfile } from '@cdktf/provider-aws/lib/iam-instance-profile';
import { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway';
import { LaunchTemplate } from '@cdktf/provider-aws/lib/launch-template';
import { NatGateway } from '@cdktf/provider-aws/lib/nat-gateway';
import { Route } from '@cdktf/provider-aws/lib/route';
import { RouteTable } from '@cdktf/provider-aws/lib/route-table';
import { RouteTableAssociation } from '@cdktf/provider-aws/lib/route-table-association';
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { Subnet } from '@cdktf/provider-aws/lib/subnet';
import { Vpc } from '@cdktf/provider-aws/lib/vpc';
import { VpcIpv4CidrBlockAssociation } from '@cdktf/provider-aws/lib/vpc-ipv4-cidr-block-association';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule';
import { Token } from 'cdktf';
import { DATABASE_ROUTES, databaseSubnetName, MANAGEMENT_GATEWAY, MANAGEMENT_NETWORK, MANAGEMENT_ROUTES, managementSubnetName } from '../../../naming/clouds';
import { flowLogs, flowLogsGroup } from '../../aws/flow-logs';
import { role, sessionAgent, trustService } from '../../aws/policies';
import { clusterSubnets, databaseSubnets } from '../../context/ranges';
import { AwsStack } from '../stack';
import type { StackContext } from '../../context';

/**
 * The network from which private control planes are reached. Each cluster's VPC is peered to it by the cluster's own network stack. Atlantis is in it where the home
 * cloud is Amazon; where it isn't, and for people, there is the gateway. The secret manager's database has its subnets here, in a range of its own.
 */
export class AwsManagementStack extends AwsStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { aws: { account, management: { region, range, zones } }, home } = context.fleet.infrastructure;
    super(scope, id, context, { account, region });
    const named = (Name: string) => ({ Name });
    const vpc = new Vpc(this, 'network', { cidrBlock: range, enableDnsSupport: true, enableDnsHostnames: true, tags: named(MANAGEMENT_NETWORK), lifecycle: { preventDestroy: true } });
    new DefaultSecurityGroup(this, 'default-firewall', { vpcId: vpc.id, ingress: [], egress: [], tags: named(`${MANAGEMENT_NETWORK}-default`) });
    const internet = new InternetGateway(this, 'internet', { vpcId: vpc.id, tags: named(MANAGEMENT_NETWORK) });
    const table = (tableId: string, name: string): RouteTable => new RouteTable(this, tableId, { vpcId: vpc.id, tags: named(name) });
    const [publicRoutes, privateRoutes] = [table('public-routes', `${MANAGEMENT_NETWORK}-public`), table('private-routes', MANAGEMENT_ROUTES)];
    const subnet = (exposure: 'private' | 'public', zone: string, cidrBlock: string): Subnet => {
      const made = new Subnet(this, `${exposure}-${zone}`, { vpcId: vpc.id, availabilityZone: zone, cidrBlock, mapPublicIpOnLaunch: false, tags: named(managementSubnetName(exposure, zone)), lifecycle: { preventDestroy: true } });
      new RouteTableAssociation(this, `${exposure}-routes-${zone}`, { subnetId: made.id, routeTableId: (exposure === 'public' ? publicRoutes : privateRoutes).id });
      return made;
    };
    const subnets = clusterSubnets({ machines: range }, zones).map((of) => ({ private: subnet('private', of.zone, of.private), public: subnet('public', of.zone, of.public) }));
    // One gateway: while its zone is away plans wait, and no node notices.
    const address = new Eip(this, 'nat-address', { domain: 'vpc', tags: named(MANAGEMENT_NETWORK), lifecycle: { preventDestroy: true } });
    const nat = new NatGateway(this, 'nat', { allocationId: address.id, subnetId: subnets[0]!.public.id, connectivityType: 'public', tags: named(MANAGEMENT_NETWORK), dependsOn: [internet] });
    new Route(this, 'public-internet', { routeTableId: publicRoutes.id, destinationCidrBlock: '0.0.0.0/0', gatewayId: internet.id });
    new Route(this, 'private-internet', { routeTableId: privateRoutes.id, destinationCidrBlock: '0.0.0.0/0', natGatewayId: nat.id });
    flowLogs(this, { vpc, account, region, owner: MANAGEMENT_NETWORK, keyAlias: `${MANAGEMENT_NETWORK}-logs`, roleName: `${MANAGEMENT_NETWORK}-flow-logs`, groups: [flowLogsGroup(MANAGEMENT_NETWORK)] });

    if (home.cloud === 'aws') {
      const routes = table('database-routes', DATABASE_ROUTES);
      const more = new VpcIpv4CidrBlockAssociation(this, 'database-range', { vpcId: vpc.id, cidrBlock: home.range });
      for (const { zone, range: cidrBlock } of databaseSubnets(home.range, zones)) {
        const made = new Subnet(this, `database-${zone}`, { vpcId: vpc.id, availabilityZone: zone, cidrBlock, mapPublicIpOnLaunch: false, tags: named(databaseSubnetName(zone)), lifecycle: { preventDestroy: true }, dependsOn: [more] });
        new RouteTableAssociation(this, `database-routes-${zone}`, { subnetId: made.id, routeTableId: routes.id });
      }
    }
    addGateway(this, vpc, subnets.map((of) => of.private), account, region);
  }
}

/**
 * A machine that passes calls on to private control planes and to nothing else. It has no public address and no open port: whoever IAM lets start a session on it forwards
 * the proxy's port to himself (`aws ssm start-session`), and sets it as the proxy of kubectl or of Terraform's Helm provider (`KUBE_PROXY_URL`).
 */
function addGateway(stack: AwsManagementStack, vpc: Vpc, subnets: readonly Subnet[], account: string, region: string): void {
  const { role: machine } = role(stack, 'gateway-role', {
    name: MANAGEMENT_GATEWAY,
    description: 'Lets Session Manager reach the gateway',
    trust: [trustService('ec2.amazonaws.com')],
    allows: sessionAgent(account, region),
  });
  const profile = new IamInstanceProfile(stack, 'gateway-profile', { name: MANAGEMENT_GATEWAY, role: machine.name });
  const firewall = new SecurityGroup(stack, 'gateway-firewall', { name: MANAGEMENT_GATEWAY, description: 'Nothing in', vpcId: vpc.id, tags: { Name: MANAGEMENT_GATEWAY } });
  new VpcSecurityGroupEgressRule(stack, 'gateway-out', { securityGroupId: firewall.id, ipProtocol: 'tcp', fromPort: 443, toPort: 443, cidrIpv4: '0.0.0.0/0', description: 'Control planes, Session Manager and package mirrors' });
  const template = new LaunchTemplate(stack, 'gateway-template', {
    name: MANAGEMENT_GATEWAY,
    // What Amazon's latest image is, EC2 looks up when it starts a machine.
    imageId: 'resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
    instanceType: 't4g.small',
    updateDefaultVersion: true,
    iamInstanceProfile: { name: profile.name },
    metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1, instanceMetadataTags: 'disabled' },
    blockDeviceMappings: [{ deviceName: '/dev/xvda', ebs: { volumeType: 'gp3', volumeSize: 10, encrypted: 'true', deleteOnTermination: 'true' } }],
    networkInterfaces: [{ deviceIndex: 0, associatePublicIpAddress: 'false', deleteOnTermination: 'true', securityGroups: [firewall.id] }],
    userData: Buffer.from(PROXY).toString('base64'),
    tagSpecifications: (['instance', 'volume'] as const).map((resourceType) => ({ resourceType, tags: { Name: MANAGEMENT_GATEWAY } })),
  });
  new AutoscalingGroup(stack, 'gateway', {
    name: MANAGEMENT_GATEWAY,
    minSize: 1,
    maxSize: 1,
    desiredCapacity: 1,
    vpcZoneIdentifier: subnets.map(({ id }) => id),
    launchTemplate: { id: template.id, version: Token.asString(template.latestVersion) },
    instanceRefresh: { strategy: 'Rolling', preferences: { minHealthyPercentage: 0 } },
  });
}

const PROXY = `#!/bin/bash
set -euo pipefail
dnf install -y squid
cat > /etc/squid/squid.conf <<'SQUID'
http_port 127.0.0.1:3128
acl control_planes dstdomain .eks.amazonaws.com
acl kubernetes port 443
acl tunnel method CONNECT
http_access allow tunnel control_planes kubernetes
http_access deny all
cache deny all
SQUID
systemctl enable --now squid
`;
