import { Construct } from 'constructs';
import { Fn, type ITerraformDependable } from 'cdktf';
import { CloudwatchLogGroup } from '@cdktf/provider-aws/lib/cloudwatch-log-group';
import { EksAccessEntry } from '@cdktf/provider-aws/lib/eks-access-entry';
import { EksAccessPolicyAssociation } from '@cdktf/provider-aws/lib/eks-access-policy-association';
import { EksAddon } from '@cdktf/provider-aws/lib/eks-addon';
import { EksCluster as Cluster } from '@cdktf/provider-aws/lib/eks-cluster';
import { EksPodIdentityAssociation } from '@cdktf/provider-aws/lib/eks-pod-identity-association';
import { IamOpenidConnectProvider } from '@cdktf/provider-aws/lib/iam-openid-connect-provider';
import { awsPodAddresses } from '../../model/machines';
import { addOnRoleName, controlPlaneRoleName } from '../../naming/clouds';
import { clusterArn, role, trustService, type Statement } from '../aws/policies';
import type { ClusterProps } from './cluster-props';
import { EksNodeGroup, MachineRole, type MachineNetwork } from './eks-node-group';

/**
 * What EKS asks for beside what both clouds' clusters are made from. It takes no maintenance windows: EKS upgrades nothing unasked, until a version's extended support is
 * over. Nor does the endpoint have a list of networks: the control plane's security group is it.
 */
export interface EksClusterProps extends ClusterProps {
  readonly account: string;
  readonly servicesRange: string;
  /** Where the control plane's interfaces are: the private subnets of all zones. */
  readonly controlPlaneSubnetIds: readonly string[];
  readonly controlPlaneSecurityGroupId: string;
  readonly machineNetwork: MachineNetwork;
  /** Subnets and security group of pods, by zone, where they have a range of their own. */
  readonly podSubnets?: Readonly<Record<string, { readonly id: string; readonly securityGroups: readonly string[] }>>;
  readonly keys: { readonly secretsArn: string; readonly disksArn: string; readonly logsArn: string };
  readonly logDays: number;
  /** Exact versions of what machines need before they are ready. */
  readonly addOns: { readonly vpcCni: string; readonly kubeProxy: string; readonly podIdentityAgent: string };
  readonly access: readonly AccessEntry[];
  /** What the mirror's repositories begin with, which private machines may have filled. */
  readonly mirrorPrefix: string;
}

/** A role that may connect. What it may do there, RBAC says by its groups. */
export interface AccessEntry {
  readonly principalArn: string;
  readonly groups: readonly string[];
  /** What builds clusters, a program: it applies the very roles that RBAC goes by, so these can't be what lets it. */
  readonly administrator: boolean;
}

/**
 * An EKS cluster: a private control plane with encrypted Secrets and all its logs, what machines need to become ready, and its machines. What runs on pods' own network
 * comes later, with the add-ons: the CNI starts such a pod closed, so its NetworkPolicies have to be there first.
 */
export class EksCluster extends Construct {
  readonly cluster: Cluster;
  /** `https://` included, as tokens name it. */
  readonly oidcIssuer: string;

  constructor(scope: Construct, id: string, props: EksClusterProps) {
    super(scope, id);
    const { name, account, region, keys } = props;

    const controlPlane = role(this, 'control-plane-role', {
      name: controlPlaneRoleName(name),
      description: `Control plane of ${name}`,
      trust: [trustService('eks.amazonaws.com', { StringEquals: { 'aws:SourceAccount': account }, ArnEquals: { 'aws:SourceArn': clusterArn(region, account, name) } })],
      allows: controlPlaneAllows(props),
    });
    const logs = new CloudwatchLogGroup(this, 'control-plane-logs', { name: `/aws/eks/${name}/cluster`, retentionInDays: props.logDays, kmsKeyId: keys.logsArn });
    this.cluster = new Cluster(this, 'cluster', {
      name,
      roleArn: controlPlane.role.arn,
      version: props.kubernetesVersion,
      // Add-ons at versions of the fleet's, not those of the day.
      bootstrapSelfManagedAddons: false,
      deletionProtection: true,
      enabledClusterLogTypes: ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'],
      accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false },
      encryptionConfig: { provider: { keyArn: keys.secretsArn }, resources: ['secrets'] },
      kubernetesNetworkConfig: { ipFamily: 'ipv4', serviceIpv4Cidr: props.servicesRange },
      // With standard support alone EKS upgrades a control plane on a day of its own choosing, a year earlier.
      upgradePolicy: { supportType: 'EXTENDED' },
      vpcConfig: {
        endpointPrivateAccess: true,
        endpointPublicAccess: false,
        subnetIds: [...props.controlPlaneSubnetIds],
        securityGroupIds: [props.controlPlaneSecurityGroupId],
      },
      lifecycle: { preventDestroy: true },
      dependsOn: [logs, controlPlane.policy!],
    });
    this.oidcIssuer = this.cluster.identity.get(0).oidc.get(0).issuer;
    const issuer = new IamOpenidConnectProvider(this, 'issuer', { url: this.oidcIssuer, clientIdList: ['sts.amazonaws.com'] });

    for (const { principalArn, groups, administrator } of props.access) addAccess(this, this.cluster, principalArn, groups, administrator);

    const ready = this.addNetworking(props, issuer);
    const roles = new Map((['private', 'public'] as const).filter((exposure) => props.pools.some((pool) => pool.exposure === exposure)).map((exposure) => [exposure, new MachineRole(this, `machines-${exposure}`, { ...props, exposure })]));
    for (const pool of props.pools) {
      new EksNodeGroup(this, `pool-${pool.name}`, {
        cluster: name,
        pool,
        podsPerMachine: props.podsPerMachine,
        role: roles.get(pool.exposure)!,
        network: props.machineNetwork,
        disksKeyArn: keys.disksArn,
        labels: props.labels,
        dependsOn: [this.cluster, ...ready],
      });
    }
  }

  /**
   * The three that run on their machine's own network, which NetworkPolicies don't bind: with them a machine becomes ready. The CNI gets its credentials from the cluster's
   * issuer rather than from pod identity, whose agent asks with the machine's role: so public machines need no permission for it.
   */
  private addNetworking(props: EksClusterProps, issuer: IamOpenidConnectProvider): ITerraformDependable[] {
    const { name, account, region, addOns, podSubnets } = props;
    const host = Fn.trimprefix(this.oidcIssuer, 'https://');
    const cni = role(this, 'cni-role', {
      name: addOnRoleName(name, 'cni'),
      description: `VPC CNI of ${name}`,
      trust: [
        {
          Principal: { Federated: issuer.arn },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: { StringEquals: { [`${host}:aud`]: 'sts.amazonaws.com', [`${host}:sub`]: 'system:serviceaccount:kube-system:aws-node' } },
        },
      ],
      allows: cniAllows(region, account, name),
    });
    const addOn = (id: string, addonName: string, addonVersion: string, more: { readonly configuration?: unknown; readonly roleArn?: string } = {}): EksAddon =>
      new EksAddon(this, id, {
        clusterName: this.cluster.name,
        addonName,
        addonVersion,
        resolveConflictsOnCreate: 'OVERWRITE',
        // Whoever changed it by hand finds it as the fleet says.
        resolveConflictsOnUpdate: 'OVERWRITE',
        ...(more.configuration === undefined ? {} : { configurationValues: JSON.stringify(more.configuration) }),
        ...(more.roleArn === undefined ? {} : { serviceAccountRoleArn: more.roleArn }),
      });
    const vpcCni = addOn('vpc-cni', 'vpc-cni', addOns.vpcCni, {
      roleArn: cni.role.arn,
      configuration: {
        enableNetworkPolicy: 'true',
        env: {
          // A pod starts closed and is opened by its policies. In standard mode it starts open, until the agent has heard of them.
          NETWORK_POLICY_ENFORCING_MODE: 'strict',
          ENABLE_PREFIX_DELEGATION: String(needsPrefixes(props)),
          ...(podSubnets === undefined ? {} : { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true', ENI_CONFIG_LABEL_DEF: 'topology.kubernetes.io/zone' }),
        },
        ...(podSubnets === undefined ? {} : { eniConfig: { create: true, region, subnets: podSubnets } }),
      },
    });
    if (cni.policy) vpcCni.node.addDependency(cni.policy);
    const kubeProxy = addOn('kube-proxy', 'kube-proxy', addOns.kubeProxy);
    const agent = addOn('pod-identity-agent', 'eks-pod-identity-agent', addOns.podIdentityAgent);
    return [vpcCni, kubeProxy, agent];
  }
}

/** Whether single addresses don't suffice for a pool's pods. The CNI has one setting for all machines of a cluster. */
export const needsPrefixes = ({ pools, podsPerMachine }: Pick<ClusterProps, 'pools' | 'podsPerMachine'>): boolean =>
  pools.some(({ machineType }) => (awsPodAddresses(machineType) ?? 0) < podsPerMachine);

function addAccess(scope: Construct, cluster: Cluster, principalArn: string, groups: readonly string[], administrator: boolean): void {
  const id = principalArn.split(':').slice(4).join('-').replaceAll('/', '-');
  const entry = new EksAccessEntry(scope, `access-${id}`, { clusterName: cluster.name, principalArn, kubernetesGroups: [...groups], type: 'STANDARD' });
  if (!administrator) return;
  new EksAccessPolicyAssociation(scope, `access-${id}-administrator`, {
    clusterName: cluster.name,
    principalArn,
    policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy',
    accessScope: { type: 'cluster' },
    dependsOn: [entry],
  });
}

/** The least that https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html names, and the key of Secrets. Load balancers are the controller's. */
const controlPlaneAllows = ({ region, account, keys }: EksClusterProps): Statement[] => [
  { Action: 'ec2:CreateTags', Resource: `arn:aws:ec2:${region}:${account}:instance/*`, Condition: { 'ForAnyValue:StringLike': { 'aws:TagKeys': 'kubernetes.io/cluster/*' } } },
  // EC2 knows no resources for reading.
  { Action: ['ec2:DescribeAvailabilityZones', 'ec2:DescribeDhcpOptions', 'ec2:DescribeInstanceTopology', 'ec2:DescribeInstances', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeVpcs'], Resource: '*' },
  { Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt'], Resource: keys.secretsArn },
];

/** After AmazonEKS_CNI_Policy, bound to interfaces that the CNI of this cluster made, or that a machine was born with. */
const cniAllows = (region: string, account: string, cluster: string): Statement[] => {
  const interfaces = `arn:aws:ec2:${region}:${account}:network-interface/*`;
  return [
    { Action: ['ec2:DescribeInstances', 'ec2:DescribeInstanceTypes', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets', 'ec2:DescribeTags'], Resource: '*' },
    { Action: ['ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses'], Resource: interfaces },
    { Action: 'ec2:CreateNetworkInterface', Resource: [interfaces, `arn:aws:ec2:${region}:${account}:subnet/*`, `arn:aws:ec2:${region}:${account}:security-group/*`] },
    { Action: 'ec2:CreateTags', Resource: interfaces, Condition: { StringEquals: { 'ec2:CreateAction': 'CreateNetworkInterface' } } },
    { Action: ['ec2:DeleteNetworkInterface', 'ec2:ModifyNetworkInterfaceAttribute'], Resource: interfaces, Condition: { StringEquals: { 'aws:ResourceTag/cluster.k8s.amazonaws.com/name': cluster } } },
    { Action: ['ec2:AttachNetworkInterface', 'ec2:DetachNetworkInterface'], Resource: [interfaces, `arn:aws:ec2:${region}:${account}:instance/*`] },
  ];
};

/** Ties a service account to a role by pod identity. */
export function podIdentity(scope: Construct, id: string, { cluster, region, namespace, serviceAccount, roleArn }: { readonly cluster: string; readonly region?: string; readonly namespace: string; readonly serviceAccount: string; readonly roleArn: string }): EksPodIdentityAssociation {
  return new EksPodIdentityAssociation(scope, id, { clusterName: cluster, namespace, serviceAccount, roleArn, ...(region === undefined ? {} : { region }) });
}
