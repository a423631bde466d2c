import {
  type AutomationIdentity,
  automationIdentityName,
  gkeIssuer,
  LOAD_BALANCER_CONTROLLER_IMAGE,
  PULL_THROUGH_PREFIX,
  snapshotsBucketName,
  STATE_KEY_NAME,
  stateKey,
} from '../../naming/clouds';
import type { StackContext } from '../context';
import { flowLogsGroup } from './flow-logs';
import { type Statement, USE_A_KEY } from './policies';

/** What Atlantis runs Terraform as: `plan` reads what stacks make and writes nothing; `apply` makes, changes and deletes it. */
export type Identity = Exclude<AutomationIdentity, 'deploy'>;

/** A managed policy of one identity. */
export interface IdentityPolicy {
  readonly name: string;
  readonly statements: readonly Statement[];
}

/** What IAM takes: characters of a managed policy, white space aside, and managed policies of a role (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). */
export const POLICY_LIMITS = { characters: 6144, ofARole: 10 } as const;

/**
 * What the identities of Atlantis may do on AWS, written out: it follows from the types of what stacks make ({@link ALWAYS}, {@link AT_HOME}) and from the names, regions
 * and tags that they give.
 *
 * Whoever may write IAM may give itself anything: that `apply` is used for reviewed plans alone is what bounds it, not this. What is here bounds a mistake, and says what
 * neither identity has any business with ({@link never}).
 */
export function terraformPolicies(context: StackContext, identity: Identity): readonly IdentityPolicy[] {
  const place = placeOf(context);
  const access = accessOf(place);
  const parts: Readonly<Record<string, readonly Statement[]>> = {
    read: [...readEverywhere(access), ...readNamed(access, place, ['clusters'])],
    'read-data': readNamed(access, place, ['data', 'identities', 'machines']),
    ...(identity === 'plan'
      ? {}
      : {
          network: changeEc2(access, place),
          machines: changeNamed(access, place, 'machines'),
          clusters: changeNamed(access, place, 'clusters'),
          identities: [...changeNamed(access, place, 'identities'), ...changeRoles(place)],
          data: [...changeNamed(access, place, 'data'), ...changeWithoutResource(access, place), ...keysThroughServices(place)],
        }),
    state: state(place, identity),
    never: never(place, identity),
  };
  return Object.entries(parts).map(([part, statements]) => ({ name: `${automationIdentityName(identity)}-${part}`, statements }));
}

type Part = 'clusters' | 'data' | 'identities' | 'machines';

/** The policy that a service's statement is in, so that each fits. EC2 has one of its own. */
const partOf = (service: string): Part => {
  if (service === 'iam') return 'identities';
  if (['ecr', 'eks', 'logs'].includes(service)) return 'clusters';
  return ['autoscaling', 'elasticloadbalancing', 'ssm'].includes(service) ? 'machines' : 'data';
};

/** What Terraform calls for one type of resource, or of data source (`data.`), by what the call does. */
interface Access {
  /** On refresh, while it plans. */
  readonly read: readonly string[];
  /** When there is nothing yet that could bear a tag, and what AWS asks of the caller for it. */
  readonly make?: readonly string[];
  /** What is there. */
  readonly change?: readonly string[];
}

const ROUTES = ['ec2:DescribeRouteTables'] as const;
const FIREWALL_RULES = ['ec2:DescribeSecurityGroupRules'] as const;
/** EC2 Auto Scaling and EKS try a launch template out as whoever names it. */
const TRY_TEMPLATE = ['ec2:RunInstances', 'ssm:GetParameters'] as const;
const BUCKET = ['s3:ListBucket'] as const;

/**
 * What provider 6.25 calls, by the type of Terraform.
 *
 * Every action, and which resources and condition keys it knows, is in the service authorization reference (https://docs.aws.amazon.com/service-authorization/latest/reference/).
 * Which calls a type makes was looked up in the provider's source (hashicorp/terraform-provider-aws, `internal/service`, versions from 4 to 6) for the groups and rules of
 * security, the accepter of peerings, EC2 Auto Scaling's groups, roles, instance profiles, roles of services, buckets, the replication of the database's backups, and the data
 * source of KMS; for the other types it is from memory. None of it was tried against AWS.
 *
 * What has `prevent_destroy` and belongs to no cluster, whose tombstone would destroy it, no plan deletes: buckets and their policies, the database, and roles of AWS's services have no
 * deletion here.
 */
const ALWAYS: Readonly<Record<string, Access>> = {
  aws_accessanalyzer_analyzer: {
    read: ['access-analyzer:GetAnalyzer', 'access-analyzer:ListTagsForResource'],
    make: ['access-analyzer:CreateAnalyzer'],
    change: ['access-analyzer:DeleteAnalyzer', 'access-analyzer:TagResource', 'access-analyzer:UntagResource'],
  },
  aws_autoscaling_group: {
    read: ['autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeInstanceRefreshes', 'autoscaling:DescribeScalingActivities', 'ec2:DescribeLaunchTemplates', 'ec2:DescribeLaunchTemplateVersions', 'ec2:DescribeSubnets'],
    make: ['autoscaling:CreateAutoScalingGroup', ...TRY_TEMPLATE],
    change: [
      'autoscaling:CancelInstanceRefresh',
      'autoscaling:CreateOrUpdateTags',
      'autoscaling:DeleteAutoScalingGroup',
      'autoscaling:DeleteTags',
      'autoscaling:SetInstanceProtection',
      'autoscaling:StartInstanceRefresh',
      'autoscaling:UpdateAutoScalingGroup',
    ],
  },
  aws_cloudwatch_log_group: {
    read: ['logs:DescribeLogGroups', 'logs:ListTagsForResource'],
    make: ['logs:CreateLogGroup'],
    change: ['logs:AssociateKmsKey', 'logs:DeleteLogGroup', 'logs:DeleteRetentionPolicy', 'logs:DisassociateKmsKey', 'logs:PutRetentionPolicy', 'logs:TagResource', 'logs:UntagResource'],
  },
  aws_default_security_group: {
    read: ['ec2:DescribeSecurityGroups'],
    change: ['ec2:RevokeSecurityGroupEgress', 'ec2:RevokeSecurityGroupIngress'],
  },
  aws_ebs_encryption_by_default: { read: ['ec2:GetEbsEncryptionByDefault'], change: ['ec2:DisableEbsEncryptionByDefault', 'ec2:EnableEbsEncryptionByDefault'] },
  aws_ebs_snapshot_block_public_access: { read: ['ec2:GetSnapshotBlockPublicAccessState'], change: ['ec2:DisableSnapshotBlockPublicAccess', 'ec2:EnableSnapshotBlockPublicAccess'] },
  aws_ec2_instance_metadata_defaults: { read: ['ec2:GetInstanceMetadataDefaults'], change: ['ec2:ModifyInstanceMetadataDefaults'] },
  aws_ecr_lifecycle_policy: { read: ['ecr:GetLifecyclePolicy'], change: ['ecr:DeleteLifecyclePolicy', 'ecr:PutLifecyclePolicy'] },
  aws_ecr_pull_through_cache_rule: {
    read: ['ecr:DescribePullThroughCacheRules'],
    change: ['ecr:CreatePullThroughCacheRule', 'ecr:DeletePullThroughCacheRule', 'ecr:UpdatePullThroughCacheRule'],
  },
  aws_ecr_repository: {
    read: ['ecr:DescribeRepositories', 'ecr:ListTagsForResource'],
    make: ['ecr:CreateRepository'],
    change: ['ecr:DeleteRepository', 'ecr:PutImageScanningConfiguration', 'ecr:PutImageTagMutability', 'ecr:TagResource', 'ecr:UntagResource'],
  },
  aws_eip: { read: ['ec2:DescribeAddresses', 'ec2:DescribeAddressesAttribute'], make: ['ec2:AllocateAddress'], change: ['ec2:ReleaseAddress'] },
  aws_eks_access_entry: {
    read: ['eks:DescribeAccessEntry'],
    make: ['eks:CreateAccessEntry'],
    change: ['eks:DeleteAccessEntry', 'eks:TagResource', 'eks:UntagResource', 'eks:UpdateAccessEntry'],
  },
  aws_eks_access_policy_association: { read: ['eks:ListAssociatedAccessPolicies'], change: ['eks:AssociateAccessPolicy', 'eks:DisassociateAccessPolicy'] },
  aws_eks_addon: {
    read: ['eks:DescribeAddon', 'eks:DescribePodIdentityAssociation', 'eks:DescribeUpdate'],
    make: ['eks:CreateAddon', 'eks:CreatePodIdentityAssociation'],
    change: ['eks:DeleteAddon', 'eks:DeletePodIdentityAssociation', 'eks:TagResource', 'eks:UntagResource', 'eks:UpdateAddon', 'eks:UpdatePodIdentityAssociation'],
  },
  aws_eks_cluster: {
    read: ['ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs', 'eks:DescribeCluster', 'eks:DescribeUpdate', 'eks:ListTagsForResource', 'iam:GetRole', 'kms:DescribeKey'],
    make: ['eks:CreateCluster'],
    change: ['eks:AssociateEncryptionConfig', 'eks:DeleteCluster', 'eks:TagResource', 'eks:UntagResource', 'eks:UpdateClusterConfig', 'eks:UpdateClusterVersion'],
  },
  aws_eks_node_group: {
    read: ['ec2:DescribeLaunchTemplates', 'ec2:DescribeLaunchTemplateVersions', 'ec2:DescribeSubnets', 'eks:DescribeNodegroup', 'eks:DescribeUpdate', 'iam:GetRole', 'iam:ListAttachedRolePolicies'],
    make: ['eks:CreateNodegroup', ...TRY_TEMPLATE],
    change: ['eks:DeleteNodegroup', 'eks:TagResource', 'eks:UntagResource', 'eks:UpdateNodegroupConfig', 'eks:UpdateNodegroupVersion'],
  },
  aws_eks_pod_identity_association: {
    read: ['eks:DescribePodIdentityAssociation', 'iam:GetRole'],
    make: ['eks:CreatePodIdentityAssociation'],
    change: ['eks:DeletePodIdentityAssociation', 'eks:TagResource', 'eks:UntagResource', 'eks:UpdatePodIdentityAssociation'],
  },
  aws_flow_log: { read: ['ec2:DescribeFlowLogs'], make: ['ec2:CreateFlowLogs'], change: ['ec2:DeleteFlowLogs'] },
  aws_iam_instance_profile: {
    read: ['iam:GetInstanceProfile', 'iam:GetRole'],
    make: ['iam:CreateInstanceProfile'],
    change: ['iam:AddRoleToInstanceProfile', 'iam:DeleteInstanceProfile', 'iam:RemoveRoleFromInstanceProfile', 'iam:TagInstanceProfile', 'iam:UntagInstanceProfile'],
  },
  aws_iam_openid_connect_provider: {
    read: ['iam:GetOpenIDConnectProvider'],
    make: ['iam:CreateOpenIDConnectProvider'],
    change: [
      'iam:AddClientIDToOpenIDConnectProvider',
      'iam:DeleteOpenIDConnectProvider',
      'iam:RemoveClientIDFromOpenIDConnectProvider',
      'iam:TagOpenIDConnectProvider',
      'iam:UntagOpenIDConnectProvider',
      'iam:UpdateOpenIDConnectProviderThumbprint',
    ],
  },
  aws_iam_policy: {
    read: ['iam:GetPolicy', 'iam:GetPolicyVersion', 'iam:ListPolicyVersions'],
    make: ['iam:CreatePolicy'],
    change: ['iam:CreatePolicyVersion', 'iam:DeletePolicy', 'iam:DeletePolicyVersion', 'iam:TagPolicy', 'iam:UntagPolicy'],
  },
  aws_iam_role: {
    read: ['iam:GetRole', 'iam:GetRolePolicy', 'iam:ListAttachedRolePolicies', 'iam:ListInstanceProfilesForRole', 'iam:ListRolePolicies'],
    make: ['iam:CreateRole'],
    change: ['iam:DeleteRole', 'iam:RemoveRoleFromInstanceProfile', 'iam:TagRole', 'iam:UntagRole', 'iam:UpdateAssumeRolePolicy', 'iam:UpdateRole', 'iam:UpdateRoleDescription'],
  },
  aws_iam_role_policy: { read: ['iam:GetRolePolicy'], change: ['iam:DeleteRolePolicy', 'iam:PutRolePolicy'] },
  // Attached are policies of the stacks' own: changeRoles.
  aws_iam_role_policy_attachment: { read: ['iam:ListAttachedRolePolicies'] },
  // By the service's name: changeRoles.
  aws_iam_service_linked_role: { read: ['iam:GetRole'] },
  aws_internet_gateway: {
    read: ['ec2:DescribeInternetGateways'],
    make: ['ec2:CreateInternetGateway'],
    change: ['ec2:AttachInternetGateway', 'ec2:DeleteInternetGateway', 'ec2:DetachInternetGateway'],
  },
  aws_kms_alias: { read: ['kms:ListAliases'], change: ['kms:CreateAlias', 'kms:DeleteAlias', 'kms:UpdateAlias'] },
  aws_kms_key: {
    read: ['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetKeyRotationStatus', 'kms:ListResourceTags'],
    make: ['kms:CreateKey'],
    // ScheduleKeyDeletion: of a cluster that is no more. It can be taken back for 30 days.
    change: ['kms:EnableKeyRotation', 'kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion', 'kms:TagResource', 'kms:UntagResource', 'kms:UpdateKeyDescription'],
  },
  aws_launch_template: {
    read: ['ec2:DescribeLaunchTemplates', 'ec2:DescribeLaunchTemplateVersions'],
    make: ['ec2:CreateLaunchTemplate', 'ssm:GetParameters'],
    change: ['ec2:CreateLaunchTemplateVersion', 'ec2:DeleteLaunchTemplate', 'ec2:ModifyLaunchTemplate'],
  },
  aws_nat_gateway: { read: ['ec2:DescribeNatGateways'], make: ['ec2:CreateNatGateway'], change: ['ec2:DeleteNatGateway'] },
  aws_route: { read: ROUTES, change: ['ec2:CreateRoute', 'ec2:DeleteRoute', 'ec2:ReplaceRoute'] },
  aws_route_table: { read: ROUTES, make: ['ec2:CreateRouteTable'], change: ['ec2:DeleteRouteTable', 'ec2:DisassociateRouteTable'] },
  aws_route_table_association: { read: ROUTES, change: ['ec2:AssociateRouteTable', 'ec2:DisassociateRouteTable', 'ec2:ReplaceRouteTableAssociation'] },
  aws_s3_account_public_access_block: { read: ['s3:GetAccountPublicAccessBlock'], change: ['s3:PutAccountPublicAccessBlock'] },
  aws_s3_bucket: {
    read: [
      ...BUCKET,
      's3:GetAccelerateConfiguration',
      's3:GetBucketAcl',
      's3:GetBucketCORS',
      's3:GetBucketLocation',
      's3:GetBucketLogging',
      's3:GetBucketObjectLockConfiguration',
      's3:GetBucketPolicy',
      's3:GetBucketRequestPayment',
      's3:GetBucketTagging',
      's3:GetBucketVersioning',
      's3:GetBucketWebsite',
      's3:GetEncryptionConfiguration',
      's3:GetLifecycleConfiguration',
      's3:GetReplicationConfiguration',
      // Since provider 6.23, which tags a bucket as it makes it (hashicorp/terraform-provider-aws#45251).
      's3:ListTagsForResource',
    ],
    make: ['s3:CreateBucket'],
    change: ['s3:PutBucketObjectLockConfiguration', 's3:PutBucketTagging', 's3:PutBucketVersioning', 's3:TagResource', 's3:UntagResource'],
  },
  aws_s3_bucket_lifecycle_configuration: { read: [...BUCKET, 's3:GetLifecycleConfiguration'], change: ['s3:PutLifecycleConfiguration'] },
  aws_s3_bucket_object_lock_configuration: { read: [...BUCKET, 's3:GetBucketObjectLockConfiguration'], change: ['s3:PutBucketObjectLockConfiguration'] },
  aws_s3_bucket_ownership_controls: { read: [...BUCKET, 's3:GetBucketOwnershipControls'], change: ['s3:PutBucketOwnershipControls'] },
  aws_s3_bucket_policy: { read: [...BUCKET, 's3:GetBucketPolicy'], change: ['s3:PutBucketPolicy'] },
  aws_s3_bucket_public_access_block: { read: [...BUCKET, 's3:GetBucketPublicAccessBlock'], change: ['s3:PutBucketPublicAccessBlock'] },
  aws_s3_bucket_server_side_encryption_configuration: { read: [...BUCKET, 's3:GetEncryptionConfiguration'], change: ['s3:PutEncryptionConfiguration'] },
  aws_s3_bucket_versioning: { read: [...BUCKET, 's3:GetBucketVersioning'], change: ['s3:PutBucketVersioning'] },
  aws_security_group: {
    read: ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSecurityGroups'],
    make: ['ec2:CreateSecurityGroup'],
    // The rule that lets everything out, which a new group has.
    change: ['ec2:DeleteSecurityGroup', 'ec2:RevokeSecurityGroupEgress'],
  },
  aws_subnet: { read: ['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'], make: ['ec2:CreateSubnet'], change: ['ec2:DeleteSubnet', 'ec2:ModifySubnetAttribute'] },
  aws_vpc: {
    read: ['ec2:DescribeNetworkAcls', 'ec2:DescribeRouteTables', 'ec2:DescribeSecurityGroups', 'ec2:DescribeVpcAttribute', 'ec2:DescribeVpcs'],
    make: ['ec2:CreateVpc'],
    change: ['ec2:DeleteVpc', 'ec2:ModifyVpcAttribute'],
  },
  aws_vpc_endpoint: { read: ['ec2:DescribePrefixLists', 'ec2:DescribeVpcEndpoints'], make: ['ec2:CreateVpcEndpoint'], change: ['ec2:DeleteVpcEndpoints', 'ec2:ModifyVpcEndpoint'] },
  // Of a cluster that declares a range of its own for pods, and of the database's.
  aws_vpc_ipv4_cidr_block_association: { read: ['ec2:DescribeVpcs'], change: ['ec2:AssociateVpcCidrBlock', 'ec2:DisassociateVpcCidrBlock'] },
  aws_vpc_peering_connection: { read: ['ec2:DescribeVpcPeeringConnections'], make: ['ec2:CreateVpcPeeringConnection'], change: ['ec2:DeleteVpcPeeringConnection'] },
  aws_vpc_peering_connection_accepter: { read: ['ec2:DescribeVpcPeeringConnections'], make: ['ec2:AcceptVpcPeeringConnection'] },
  aws_vpc_security_group_egress_rule: { read: FIREWALL_RULES, change: ['ec2:AuthorizeSecurityGroupEgress', 'ec2:ModifySecurityGroupRules', 'ec2:RevokeSecurityGroupEgress'] },
  aws_vpc_security_group_ingress_rule: { read: FIREWALL_RULES, change: ['ec2:AuthorizeSecurityGroupIngress', 'ec2:ModifySecurityGroupRules', 'ec2:RevokeSecurityGroupIngress'] },
  'data.aws_eks_cluster': { read: ['eks:DescribeCluster'] },
  'data.aws_kms_alias': { read: ['kms:DescribeKey', 'kms:ListAliases'] },
  'data.aws_route_table': { read: ROUTES },
  'data.aws_security_group': { read: ['ec2:DescribeSecurityGroups'] },
  'data.aws_subnet': { read: ['ec2:DescribeSubnets'] },
  'data.aws_vpc': { read: ['ec2:DescribeRouteTables', 'ec2:DescribeVpcAttribute', 'ec2:DescribeVpcs'] },
};

/** The same, of what is on Amazon only where that is the home cloud: the secret manager's database, and Atlantis. */
const AT_HOME: Readonly<Record<string, Access>> = {
  aws_acm_certificate: {
    read: ['acm:DescribeCertificate', 'acm:ListTagsForCertificate'],
    make: ['acm:RequestCertificate'],
    change: ['acm:AddTagsToCertificate', 'acm:DeleteCertificate', 'acm:RemoveTagsFromCertificate'],
  },
  aws_acm_certificate_validation: { read: ['acm:DescribeCertificate'] },
  aws_db_instance: {
    // RDS looks at the network as whoever asks it (AmazonRDSFullAccess).
    read: [
      'ec2:DescribeAccountAttributes',
      'ec2:DescribeAvailabilityZones',
      'ec2:DescribeInternetGateways',
      'ec2:DescribeSecurityGroups',
      'ec2:DescribeSubnets',
      'ec2:DescribeVpcAttribute',
      'ec2:DescribeVpcs',
      'rds:DescribeDBInstances',
      'rds:ListTagsForResource',
    ],
    make: ['rds:CreateDBInstance'],
    change: ['rds:AddTagsToResource', 'rds:ModifyDBInstance', 'rds:RebootDBInstance', 'rds:RemoveTagsFromResource'],
  },
  aws_db_instance_automated_backups_replication: {
    read: ['rds:DescribeDBInstanceAutomatedBackups', 'rds:DescribeDBInstances'],
    make: ['rds:StartDBInstanceAutomatedBackupsReplication'],
    change: ['rds:StopDBInstanceAutomatedBackupsReplication'],
  },
  aws_db_parameter_group: {
    read: ['rds:DescribeDBParameterGroups', 'rds:DescribeDBParameters', 'rds:ListTagsForResource'],
    make: ['rds:CreateDBParameterGroup'],
    change: ['rds:AddTagsToResource', 'rds:DeleteDBParameterGroup', 'rds:ModifyDBParameterGroup', 'rds:RemoveTagsFromResource', 'rds:ResetDBParameterGroup'],
  },
  aws_db_subnet_group: {
    read: ['rds:DescribeDBSubnetGroups', 'rds:ListTagsForResource'],
    make: ['rds:CreateDBSubnetGroup'],
    change: ['rds:AddTagsToResource', 'rds:DeleteDBSubnetGroup', 'rds:ModifyDBSubnetGroup', 'rds:RemoveTagsFromResource'],
  },
  aws_instance: {
    read: [
      'ec2:DescribeImages',
      'ec2:DescribeInstanceAttribute',
      'ec2:DescribeInstanceCreditSpecifications',
      'ec2:DescribeInstanceStatus',
      'ec2:DescribeInstanceTypes',
      'ec2:DescribeInstances',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeTags',
      'ec2:DescribeVolumes',
      'iam:GetInstanceProfile',
    ],
    make: ['ec2:RunInstances'],
    // Not its network interface, which bears no tag: whoever may change that one may change every signer's.
    change: ['ec2:ModifyInstanceAttribute', 'ec2:ModifyInstanceMetadataOptions', 'ec2:ModifyVolume', 'ec2:StartInstances', 'ec2:StopInstances', 'ec2:TerminateInstances'],
  },
  aws_lb: {
    read: [
      'ec2:DescribeAccountAttributes',
      'ec2:DescribeAddresses',
      'ec2:DescribeInternetGateways',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSecurityGroups',
      'ec2:DescribeSubnets',
      'ec2:DescribeVpcs',
      'elasticloadbalancing:DescribeCapacityReservation',
      'elasticloadbalancing:DescribeLoadBalancerAttributes',
      'elasticloadbalancing:DescribeLoadBalancers',
      'elasticloadbalancing:DescribeTags',
    ],
    make: ['elasticloadbalancing:CreateLoadBalancer'],
    change: [
      'elasticloadbalancing:AddTags',
      'elasticloadbalancing:DeleteLoadBalancer',
      'elasticloadbalancing:ModifyLoadBalancerAttributes',
      'elasticloadbalancing:RemoveTags',
      'elasticloadbalancing:SetSecurityGroups',
      'elasticloadbalancing:SetSubnets',
    ],
  },
  aws_lb_listener: {
    read: ['elasticloadbalancing:DescribeListenerAttributes', 'elasticloadbalancing:DescribeListeners', 'elasticloadbalancing:DescribeTags'],
    make: ['elasticloadbalancing:CreateListener'],
    change: ['elasticloadbalancing:AddTags', 'elasticloadbalancing:DeleteListener', 'elasticloadbalancing:ModifyListener', 'elasticloadbalancing:ModifyListenerAttributes', 'elasticloadbalancing:RemoveTags'],
  },
  aws_lb_listener_rule: {
    read: ['elasticloadbalancing:DescribeListeners', 'elasticloadbalancing:DescribeRules', 'elasticloadbalancing:DescribeTags'],
    make: ['elasticloadbalancing:CreateRule'],
    change: ['elasticloadbalancing:AddTags', 'elasticloadbalancing:DeleteRule', 'elasticloadbalancing:ModifyRule', 'elasticloadbalancing:RemoveTags', 'elasticloadbalancing:SetRulePriorities'],
  },
  aws_lb_target_group: {
    read: ['elasticloadbalancing:DescribeTags', 'elasticloadbalancing:DescribeTargetGroupAttributes', 'elasticloadbalancing:DescribeTargetGroups'],
    make: ['elasticloadbalancing:CreateTargetGroup'],
    change: ['elasticloadbalancing:AddTags', 'elasticloadbalancing:DeleteTargetGroup', 'elasticloadbalancing:ModifyTargetGroup', 'elasticloadbalancing:ModifyTargetGroupAttributes', 'elasticloadbalancing:RemoveTags'],
  },
  aws_lb_target_group_attachment: { read: ['elasticloadbalancing:DescribeTargetHealth'], change: ['elasticloadbalancing:DeregisterTargets', 'elasticloadbalancing:RegisterTargets'] },
  aws_ssm_parameter: {
    read: ['ssm:DescribeParameters', 'ssm:GetParameter', 'ssm:GetParameters', 'ssm:ListTagsForResource'],
    make: ['ssm:PutParameter'],
    change: ['ssm:AddTagsToResource', 'ssm:DeleteParameter', 'ssm:RemoveTagsFromResource'],
  },
  'data.aws_db_instance': { read: ['rds:DescribeDBInstances'] },
};

/** Types of Terraform that the permissions cover, data sources with `data.` before them: in every fleet, and in one at home on Amazon beside these. */
export const COVERED: { readonly always: ReadonlySet<string>; readonly atHome: ReadonlySet<string> } = { always: new Set(Object.keys(ALWAYS)), atHome: new Set(Object.keys(AT_HOME)) };

/** The tag that every AWS provider of the stacks puts on what it makes. */
export const OUR_TAG = { key: 'managed-by', value: 'stockade' } as const;

/** What a fleet's names and regions are. */
interface FleetScope {
  readonly account: string;
  readonly atHome: boolean;
  /** All that stacks make anything in, or made. */
  readonly regions: readonly string[];
  /** EKS clusters, those included that are yet to be destroyed. */
  readonly clusters: readonly string[];
  /** Google's projects with GKE clusters, whose issuers are trusted. */
  readonly projects: readonly string[];
  readonly state: { readonly bucket: string; readonly region: string; readonly account: string };
  readonly snapshots: string;
}

function placeOf({ fleet: { clusters, infrastructure: { aws, home, snapshots, state: { aws: state }, tombstones } } }: StackContext): FleetScope {
  const declared = [...Object.values(clusters).map((cluster) => ({ ...cluster, cluster: cluster.name })), ...tombstones.filter(({ destroyed }) => !destroyed)];
  const [eks, gke] = [declared.filter(({ cloud }) => cloud === 'aws'), declared.flatMap((one) => (one.cloud === 'gcp' ? [one.project] : []))];
  const atHome = home.cloud === 'aws';
  return {
    account: aws.account,
    atHome,
    regions: sorted([...eks.map(({ region }) => region), aws.region, aws.management.region, aws.snapshotsRegion, state.region, ...(atHome ? [home.region] : [])]),
    clusters: sorted(eks.map(({ cluster }) => cluster)),
    projects: sorted(gke),
    state,
    snapshots: snapshotsBucketName(snapshots.bucketPrefix, 'aws'),
  };
}

const sorted = (all: readonly string[]): string[] => [...new Set(all)].sort();

const accessOf = ({ atHome }: FleetScope): readonly Access[] => [...Object.values(ALWAYS), ...(atHome ? Object.values(AT_HOME) : [])];

const reads = (access: readonly Access[]): string[] => sorted(access.flatMap(({ read }) => read));
const writes = (access: readonly Access[]): string[] => sorted(access.flatMap(({ make = [], change = [] }) => [...make, ...change]));

const serviceOf = (action: string): string => action.split(':')[0]!;
const of = (service: string) => (action: string): boolean => serviceOf(action) === service;

/** A statement for some actions, or none where there is no action. */
const allow = (Sid: string, Action: readonly string[], Resource: string | readonly string[], Condition?: Statement['Condition']): Statement[] =>
  Action.length === 0 ? [] : [{ Sid, Action, Resource, ...(Condition === undefined ? {} : { Condition }) }];

/** Only in the fleet's regions: ARNs leave the region out, so that a policy names each of them once. */
const within = ({ regions }: FleetScope): NonNullable<Statement['Condition']> => ({ StringEquals: { 'aws:RequestedRegion': regions } });

/** Writes for which IAM knows no resource, so that a policy has to say `*`: the fleet's regions bound them. */
export const WITHOUT_RESOURCE: ReadonlySet<string> = new Set([
  'acm:RequestCertificate',
  'ec2:DisableEbsEncryptionByDefault',
  'ec2:DisableSnapshotBlockPublicAccess',
  'ec2:EnableEbsEncryptionByDefault',
  'ec2:EnableSnapshotBlockPublicAccess',
  'ec2:ModifyInstanceMetadataDefaults',
  'ecr:CreatePullThroughCacheRule',
  'ecr:DeletePullThroughCacheRule',
  'ecr:UpdatePullThroughCacheRule',
  'eks:CreateCluster',
  'kms:CreateKey',
  's3:PutAccountPublicAccessBlock',
]);

/**
 * Reads for which IAM knows no resource, and those of RDS, which the provider asks for a database by a filter. None gives what is in anything: descriptions, and lists of names.
 */
const readsEverywhere = (action: string): boolean =>
  /^(autoscaling|ec2|elasticloadbalancing|rds):(Describe|Get)/.test(action) || ['ecr:DescribePullThroughCacheRules', 'kms:ListAliases', 'logs:DescribeLogGroups', 's3:GetAccountPublicAccessBlock', 'ssm:DescribeParameters'].includes(action);

/**
 * What of a service is the stacks', by the names that they give. ACM and KMS name what they make themselves: a certificate and a key are any of the account's.
 * (KMS could tell keys by alias or tag, but takes five minutes to know either: https://docs.aws.amazon.com/kms/latest/developerguide/abac.html.)
 */
function scopesOf({ account, clusters, projects, snapshots, state }: FleetScope): Readonly<Record<string, readonly string[]>> {
  const arn = (service: string, resource: string): string => `arn:aws:${service}:*:${account}:${resource}`;
  const iam = (resource: string): string => `arn:aws:iam::${account}:${resource}`;
  const all = (service: string, resources: readonly string[]): readonly string[] => resources.map((resource) => arn(service, resource));
  return {
    'access-analyzer': [arn('access-analyzer', 'analyzer/stockade')],
    acm: [arn('acm', 'certificate/*')],
    autoscaling: [arn('autoscaling', 'autoScalingGroup:*:autoScalingGroupName/stockade-*')],
    ecr: [arn('ecr', `repository/${PULL_THROUGH_PREFIX}/${LOAD_BALANCER_CONTROLLER_IMAGE}`)],
    // A cluster, and after its name what is in it: node groups, add-ons, access entries, pod identities.
    eks: all('eks', clusters.flatMap((cluster) => [`cluster/${cluster}`, `*/${cluster}/*`])),
    elasticloadbalancing: all('elasticloadbalancing', ['loadbalancer/app/stockade-*', 'listener/app/stockade-*', 'listener-rule/app/stockade-*', 'targetgroup/stockade-*']),
    iam: [
      iam('role/stockade-*'),
      iam('instance-profile/stockade-*'),
      iam('policy/stockade-*'),
      iam('oidc-provider/oidc.eks.*.amazonaws.com/id/*'),
      ...projects.map((project) => iam(`oidc-provider/${gkeIssuer(project, '*', '*').slice('https://'.length)}`)),
    ],
    kms: all('kms', ['alias/stockade-*', 'key/*']),
    logs: all('logs', [flowLogsGroup('*'), ...clusters.map((cluster) => `/aws/eks/${cluster}/*`), '/aws/rds/instance/stockade-*'].map((group) => `log-group:${group}`)),
    // Option groups are RDS's own; a backup has an id that RDS gives it.
    rds: all('rds', ['auto-backup:*', 'db:stockade-*', 'og:default:*', 'pg:stockade-*', 'subgrp:stockade-*']),
    s3: [state.bucket, snapshots].map((bucket) => `arn:aws:s3:::${bucket}`),
    // AWS's own have no account.
    ssm: ['arn:aws:ssm:*::parameter/aws/service/*', arn('ssm', 'parameter/stockade/*')],
  };
}

const readEverywhere = (access: readonly Access[]): Statement[] => allow('See', reads(access).filter(readsEverywhere), '*');

function readNamed(access: readonly Access[], place: FleetScope, parts: readonly Part[]): Statement[] {
  const named = reads(access).filter((action) => !readsEverywhere(action));
  return servicesOf(named, parts).flatMap((service) => allow(`See${pascal(service)}`, named.filter(of(service)), [...scopeOf(place, service), ...(service === 'iam' ? [serviceRoles(place)] : [])]));
}

/** S3's names are the world's and IAM has no region: what they scope is in no other. */
const GLOBAL: ReadonlySet<string> = new Set(['iam', 's3']);

function changeNamed(access: readonly Access[], place: FleetScope, part: Part): Statement[] {
  const named = writes(access).filter((action) => !WITHOUT_RESOURCE.has(action) && !of('ec2')(action));
  return servicesOf(named, [part]).flatMap((service) => allow(`Change${pascal(service)}`, named.filter(of(service)), scopeOf(place, service), GLOBAL.has(service) ? undefined : within(place)));
}

const servicesOf = (actions: readonly string[], parts: readonly Part[]): string[] => sorted(actions.map(serviceOf)).filter((service) => parts.includes(partOf(service)));

/** @throws Error where nobody has said what of a service is the stacks' */
function scopeOf(place: FleetScope, service: string): readonly string[] {
  const scope = scopesOf(place)[service];
  if (scope === undefined) throw new Error(`no scope is declared for the service "${service}": say in scopesOf (infra/aws/terraform-permissions.ts) by which names its resources are the stacks'`);
  return scope;
}

const changeWithoutResource = (access: readonly Access[], place: FleetScope): Statement[] => allow('ChangeWithoutResource', writes(access).filter((action) => WITHOUT_RESOURCE.has(action)), '*', within(place));

/** `AccessAnalyzer` of `access-analyzer`: a statement's id takes letters and digits. */
const pascal = (service: string): string => service.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');

/** What of EC2 stacks make that bears tags. */
const EC2_TYPES = [
  'elastic-ip',
  'instance',
  'internet-gateway',
  'launch-template',
  'natgateway',
  'network-interface',
  'route-table',
  'security-group',
  'security-group-rule',
  'subnet',
  'volume',
  'vpc',
  'vpc-endpoint',
  'vpc-flow-log',
  'vpc-peering-connection',
] as const;

/** What is there before Terraform can tag it: a VPC brings a group along, rules are tagged once they are made, and a peering has its tags on either side. */
const TAGGED_LATER = ['security-group', 'security-group-rule', 'vpc-peering-connection'] as const;

/**
 * EC2 gives ids, not names, so what is the stacks' is told by their tag. They may make things that are tagged as they are made, and change and delete what bears the tag: the
 * machines of EKS, which run the nodes, bear none, nor do the disks of pods. What is imported has to be tagged by hand before.
 */
function changeEc2(access: readonly Access[], place: FleetScope): Statement[] {
  const types = (names: readonly string[]): string[] => names.map((name) => `arn:aws:ec2:*:${place.account}:${name}/*`);
  const ec2 = (actions: readonly string[]): string[] => sorted(actions).filter((action) => of('ec2')(action) && !WITHOUT_RESOURCE.has(action));
  const made = ec2(access.flatMap(({ make = [] }) => make));
  const changed = ec2(access.flatMap(({ change = [] }) => change));
  const { key, value } = OUR_TAG;
  const region = within(place)['StringEquals'];
  const [asked, ours] = [{ StringEquals: { ...region, [`aws:RequestTag/${key}`]: value } }, { StringEquals: { ...region, [`aws:ResourceTag/${key}`]: value } }];
  const tagging = ['ec2:CreateTags'];
  // Where a condition says which, an action's own types suffice.
  const any = `arn:aws:ec2:*:${place.account}:*/*`;
  return [
    // Images and their snapshots are Amazon's, or nobody's that IAM would name.
    ...allow('MakeEc2', made, [...types(EC2_TYPES), 'arn:aws:ec2:*::image/*', 'arn:aws:ec2:*::snapshot/*'], within(place)),
    ...allow('ChangeEc2', [...changed, ...tagging, 'ec2:DeleteTags'], any, ours),
    // In a group of ours, which the statement above asks for, a rule that isn't there yet.
    ...allow('NewRules', changed.filter((action) => action.startsWith('ec2:Authorize')), types(['security-group-rule']), within(place)),
    ...allow('TagNew', tagging, any, { StringEquals: { ...region, 'ec2:CreateAction': made.map((action) => action.slice('ec2:'.length)) } }),
    ...allow('TagLater', tagging, types(TAGGED_LATER), asked),
  ];
}

const serviceRoles = ({ account }: FleetScope, service = '*'): string => `arn:aws:iam::${account}:role/aws-service-role/${service === '*' ? '*' : `${service}.amazonaws.com/*`}`;

/** Services whose roles the foundation makes. */
const ROLES_OF_SERVICES = ['autoscaling', 'eks', 'eks-nodegroup', 'elasticloadbalancing'] as const;
/** Services that have their role made as whoever first asks them for something. */
const MAKE_THEIR_ROLE = ['access-analyzer', 'pullthroughcache.ecr'] as const;
/** What machines, control planes, pods and flow logs get their roles from. */
const PASSED_TO = ['ec2', 'eks', 'pods.eks', 'vpc-flow-logs'] as const;

const hosts = (services: readonly string[]): string[] => services.map((service) => `${service}.amazonaws.com`);

/** Roles that are given to services, roles of services, and policies that roles are given: each bound to whom or what. */
function changeRoles(place: FleetScope): Statement[] {
  const { account, atHome } = place;
  const roles = `arn:aws:iam::${account}:role/stockade-*`;
  return [
    ...allow('PassRoles', ['iam:PassRole'], roles, { StringEquals: { 'iam:PassedToService': hosts(PASSED_TO) } }),
    ...allow('AttachOurPolicies', ['iam:AttachRolePolicy', 'iam:DetachRolePolicy'], roles, { ArnLike: { 'iam:PolicyARN': `arn:aws:iam::${account}:policy/stockade-*` } }),
    ...allow('MakeServiceRoles', ['iam:CreateServiceLinkedRole'], serviceRoles(place), {
      StringEquals: { 'iam:AWSServiceName': hosts([...ROLES_OF_SERVICES, ...MAKE_THEIR_ROLE, ...(atHome ? ['rds'] : [])]) },
    }),
    ...allow('TagServiceRoles', ['iam:TagRole', 'iam:UntagRole', 'iam:UpdateRole'], ROLES_OF_SERVICES.map((service) => serviceRoles(place, service))),
  ];
}

/** Services that use a key as whoever asks them: EKS takes a grant for Secrets; EC2, RDS and Secrets Manager encrypt disks and the password of the database's owner. */
const keyUsers = ({ atHome }: FleetScope): readonly string[] => (atHome ? ['ec2', 'eks', 'rds', 'secretsmanager'] : ['eks']);

const through = (services: readonly string[]): string[] => services.map((service) => `${service}.*.amazonaws.com`);

function keysThroughServices(place: FleetScope): Statement[] {
  const { account, atHome } = place;
  const key = `arn:aws:kms:*:${account}:key/*`;
  const via = { StringLike: { 'kms:ViaService': through(keyUsers(place)) } };
  return [
    ...allow('GrantThroughServices', ['kms:CreateGrant'], key, { ...within(place), ...via, Bool: { 'kms:GrantIsForAWSResource': 'true' } }),
    ...(atHome
      ? [
          ...allow('UseThroughServices', USE_A_KEY, key, { ...within(place), StringLike: { 'kms:ViaService': through(keyUsers(place).filter((service) => service !== 'eks')) } }),
          // RDS makes the secret of the owner's password as whoever makes the database (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html).
          ...allow('OwnersPassword', ['secretsmanager:CreateSecret', 'secretsmanager:TagResource'], `arn:aws:secretsmanager:*:${account}:secret:rds!db-*`, within(place)),
        ]
      : []),
  ];
}

/** A plan looks at the state and takes no lock. Who applies writes it, and makes and removes its lock, which is a file beside it. */
function state({ state: { account, bucket, region } }: FleetScope, identity: Identity): Statement[] {
  const objects = (suffix: string): string => `arn:aws:s3:::${bucket}/${stateKey('*')}${suffix}`;
  const [states, locks] = [objects('.tfstate'), objects('.tfstate.tflock')];
  const reading = identity === 'plan';
  return [
    ...allow('ListStates', ['s3:ListBucket'], `arn:aws:s3:::${bucket}`),
    ...allow(reading ? 'ReadStates' : 'WriteStates', reading ? ['s3:GetObject'] : ['s3:GetObject', 's3:PutObject'], reading ? states : [states, locks]),
    ...(reading ? [] : allow('Unlock', ['s3:DeleteObject'], locks)),
    ...allow('StateKey', reading ? ['kms:Decrypt'] : ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'], `arn:aws:kms:${region}:${account}:key/*`, {
      StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` },
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': `alias/${STATE_KEY_NAME}` },
    }),
  ];
}

const KEY_USES = [
  ...USE_A_KEY.filter((action) => action !== 'kms:DescribeKey'),
  'kms:CreateGrant',
  'kms:DeriveSharedSecret',
  'kms:GenerateDataKeyPair',
  'kms:GenerateDataKeyPairWithoutPlaintext',
  'kms:GenerateMac',
  'kms:Sign',
  'kms:Verify',
  'kms:VerifyMac',
] as const;

/** What neither identity has any business with, whatever else it is ever allowed: content. */
function never(place: FleetScope, identity: Identity): Statement[] {
  const deny = (Sid: string, Action: readonly string[], Resource: string | readonly string[] = '*', Condition?: Statement['Condition']): Statement => ({
    Sid,
    Effect: 'Deny',
    Action,
    Resource,
    ...(Condition === undefined ? {} : { Condition }),
  });
  return [
    deny('NoSecrets', ['secretsmanager:BatchGetSecretValue', 'secretsmanager:GetSecretValue']),
    deny(
      'NoSnapshots',
      [
        's3:BypassGovernanceRetention',
        's3:DeleteObject',
        's3:DeleteObjectVersion',
        's3:GetObject',
        's3:GetObjectTorrent',
        's3:GetObjectVersion',
        's3:GetObjectVersionForReplication',
        's3:GetObjectVersionTorrent',
        's3:PutObject',
        's3:PutObjectLegalHold',
        's3:PutObjectRetention',
        's3:RestoreObject',
      ],
      `arn:aws:s3:::${place.snapshots}/*`,
    ),
    // Without a service in between there is no such key in the request, and "not like" holds.
    deny('NoKeys', KEY_USES, '*', { StringNotLike: { 'kms:ViaService': through(identity === 'plan' ? ['s3'] : ['s3', ...keyUsers(place)]) } }),
    deny('OfBucketsTheStateAlone', KEY_USES, '*', { StringLike: { 'kms:ViaService': through(['s3']) }, 'ForAllValues:StringNotEquals': { 'kms:ResourceAliases': `alias/${STATE_KEY_NAME}` } }),
    deny('NoUsers', [
      'iam:AddUserToGroup',
      'iam:AttachUserPolicy',
      'iam:CreateAccessKey',
      'iam:CreateLoginProfile',
      'iam:CreateServiceSpecificCredential',
      'iam:CreateUser',
      'iam:PutUserPolicy',
      'iam:ResetServiceSpecificCredential',
      'iam:UpdateAccessKey',
      'iam:UpdateLoginProfile',
      'iam:UploadSSHPublicKey',
      'iam:UploadSigningCertificate',
    ]),
    deny('NoDatabases', ['rds-db:connect']),
    deny('NoCommands', ['ec2-instance-connect:OpenTunnel', 'ec2-instance-connect:SendSSHPublicKey', 'ec2-instance-connect:SendSerialConsoleSSHPublicKey', 'ssm:SendCommand']),
    deny('NoDisks', ['ebs:GetSnapshotBlock']),
  ];
}
