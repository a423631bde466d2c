import type { Construct } from 'constructs';
import { TerraformOutput } from 'cdktf';
import type { Infrastructure, Settings } from '../../../model/types';
import {
  AUTOMATION_ACCESS,
  AUTOMATION_IDENTITIES,
  automationIdentityName,
  controlPlaneFirewallName,
  logsKeyName,
  machinesFirewallName,
  networkName,
  podsSubnetName,
  privatePoolFirewallName,
  privateSubnetName,
  publicPoolTag,
  PULL_THROUGH_PREFIX,
  roleArn,
  secretsKeyName,
} from '../../../naming/clouds';
import { diskKeyName, publicSubnetName, SYSTEM_POOL } from '../../../naming';
import { LOG_DAYS } from '../../aws/flow-logs';
import { Lookups } from '../../aws/lookups';
import { clusterProps } from '../../parts/cluster-props';
import { EksCluster, type AccessEntry } from '../../parts/eks-cluster';
import { OUTPUTS } from '../../context/outputs';
import { AwsStack } from '../stack';
import type { ClusterContext, AwsCluster } from '../../context';

/** The control plane, its machines, and who may connect. */
export class AwsClusterStack extends AwsStack {
  constructor(scope: Construct, id: string, context: ClusterContext<AwsCluster>) {
    const { cluster, demand, fleet: { infrastructure, settings } } = context;
    super(scope, id, context, cluster);
    const { name, account, zones, ranges } = cluster;
    const vpc = networkName(name);
    const found = new Lookups(this);
    const machinesFirewall = (exposure: 'private' | 'public') => found.securityGroupId(vpc, machinesFirewallName(name, exposure));

    const eks = new EksCluster(this, 'eks', {
      ...clusterProps(cluster, demand, infrastructure, settings.labels),
      account,
      servicesRange: ranges.services,
      controlPlaneSubnetIds: zones.map((zone) => found.subnetId(vpc, privateSubnetName(name, zone))),
      controlPlaneSecurityGroupId: found.securityGroupId(vpc, controlPlaneFirewallName(name)),
      machineNetwork: {
        subnetId: (exposure, zone) => found.subnetId(vpc, exposure === 'public' ? publicSubnetName(name, zone) : privateSubnetName(name, zone)),
        securityGroupIds: (exposure, pool) => [
          machinesFirewall(exposure),
          ...(pool === SYSTEM_POOL ? [] : [found.securityGroupId(vpc, (exposure === 'public' ? publicPoolTag : privatePoolFirewallName)(name, pool))]),
        ],
      },
      ...(ranges.pods === undefined
        ? {}
        : { podSubnets: Object.fromEntries(zones.map((zone) => [zone, { id: found.subnetId(vpc, podsSubnetName(name, zone)), securityGroups: [machinesFirewall('private')] }])) }),
      keys: { secretsArn: found.keyArn(secretsKeyName(name)), disksArn: found.keyArn(diskKeyName(name)), logsArn: found.keyArn(logsKeyName(name)) },
      logDays: LOG_DAYS,
      addOns: infrastructure.aws.addOns,
      access: accessEntries(infrastructure, settings),
      mirrorPrefix: PULL_THROUGH_PREFIX,
    });
    new TerraformOutput(this, OUTPUTS.oidcIssuer, { value: eks.oidcIssuer, description: "Issuer of the cluster's service account tokens" }).overrideLogicalId(OUTPUTS.oidcIssuer);
  }
}

/**
 * Everybody who may connect, once each, with the groups of all their roles: what Atlantis becomes, and whom the fleet names. Only what builds clusters gets an access
 * policy of EKS: it is a program, and there is nobody before it who could give it a role by RBAC.
 */
export function accessEntries({ aws: { account, principals } }: Infrastructure, { access }: Settings): AccessEntry[] {
  const automation = AUTOMATION_IDENTITIES.map((identity) => [AUTOMATION_ACCESS[identity], roleArn(account, automationIdentityName(identity))] as const);
  const everybody = [...automation, ...Object.entries(principals).flatMap(([who, roles]) => roles.map((role) => [who as keyof typeof principals, role] as const))];
  const roles = [...new Set(everybody.map(([, role]) => role))].sort();
  return roles.map((principalArn) => {
    const kinds = everybody.filter(([, role]) => role === principalArn).map(([who]) => who);
    return { principalArn, groups: [...new Set(kinds.flatMap((who) => access[who].aws))].sort(), administrator: kinds.includes('platform') };
  });
}
