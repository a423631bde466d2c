import type { Construct } from 'constructs';
import { Fn, type ITerraformDependable } from 'cdktf';
import { DataAwsEksCluster } from '@cdktf/provider-aws/lib/data-aws-eks-cluster';
import { DataAwsVpc } from '@cdktf/provider-aws/lib/data-aws-vpc';
import { EksAddon } from '@cdktf/provider-aws/lib/eks-addon';
import { addOnRoleName, LOAD_BALANCER_CONTROLLER_IMAGE, networkName, PULL_THROUGH_PREFIX } from '../../../naming/clouds';
import { diskKeyName, GATEKEEPER_NAMESPACE, MONITORING_NAMESPACE } from '../../../naming';
import { Lookups } from '../../aws/lookups';
import { clusterArn, role, type Statement, trustPodIdentity } from '../../aws/policies';
import { podIdentity } from '../../parts/eks-cluster';
import { helmProvider, helmRelease } from '../../parts/helm-release';
import { AwsStack } from '../stack';
import type { ClusterContext, AwsCluster } from '../../context';

/**
 * What runs on pods' own network. The CNI starts every such pod closed, so the cluster's `platform/add-on-network-policies.yaml` is applied before this stack, or its
 * add-ons don't become healthy. One after the other: names first, then disks, load balancers, Gatekeeper with its CRDs, monitoring. Templates, the wait for their
 * kinds, constraints and workloads follow as manifests.
 */
export class AwsAddOnsStack extends AwsStack {
  constructor(scope: Construct, id: string, context: ClusterContext<AwsCluster>) {
    super(scope, id, context, context.cluster);
    const { cluster, fleet: { infrastructure: { aws: { addOns }, charts }, settings } } = context;
    const { name, account, region } = cluster;
    const arn = clusterArn(region, account, name);
    const tags = { ...settings.labels, ...cluster.labels };

    const addOn = (addonName: string, addonVersion: string, configuration: unknown, after: ITerraformDependable[], identity?: { readonly serviceAccount: string; readonly roleArn: string }): EksAddon =>
      new EksAddon(this, addonName, {
        clusterName: name,
        addonName,
        addonVersion,
        resolveConflictsOnCreate: 'OVERWRITE',
        resolveConflictsOnUpdate: 'OVERWRITE',
        ...(configuration === undefined ? {} : { configurationValues: JSON.stringify(configuration) }),
        ...(identity ? { podIdentityAssociation: [identity] } : {}),
        ...(after.length > 0 ? { dependsOn: after } : {}),
      });

    const names = addOn('coredns', addOns.coreDns, { replicaCount: 3, podDisruptionBudget: { enabled: true, maxUnavailable: 1 } }, []);
    const snapshots = addOn('snapshot-controller', addOns.snapshotController, undefined, [names]);
    const disks = role(this, 'disks-role', {
      name: addOnRoleName(name, 'disks'),
      description: `EBS CSI driver of ${name}`,
      trust: [trustPodIdentity(account, [arn], 'kube-system', 'ebs-csi-controller-sa')],
      allows: diskAllows(region, account, name, new Lookups(this).keyArn(diskKeyName(name))),
    });
    const driver = addOn(
      'aws-ebs-csi-driver',
      addOns.ebsCsiDriver,
      // The tag by which the driver's role knows this cluster's disks from another's. Machines' metadata is out of a pod's reach: the driver asks Kubernetes.
      { controller: { k8sTagClusterId: name, extraVolumeTags: { ...tags, cluster: name } }, node: { tolerateAllTaints: true } },
      [names, snapshots, disks.policy!],
      { serviceAccount: 'ebs-csi-controller-sa', roleArn: disks.role.arn },
    );

    const found = new DataAwsEksCluster(this, 'cluster', { name });
    const provider = helmProvider(this, {
      host: found.endpoint,
      clusterCaCertificate: Fn.base64decode(found.certificateAuthority.get(0).data),
      // A token of a few minutes that no state keeps.
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'aws', args: ['eks', 'get-token', '--cluster-name', name, '--region', region, '--output', 'json'] },
    });
    const balancers = role(this, 'balancers-role', {
      name: addOnRoleName(name, 'balancers'),
      description: `Load balancer controller of ${name}`,
      trust: [trustPodIdentity(account, [arn], 'kube-system', CONTROLLER)],
      allows: balancerAllows(region, account, name),
    });
    const identity = podIdentity(this, 'balancers-identity', { cluster: name, namespace: 'kube-system', serviceAccount: CONTROLLER, roleArn: balancers.role.arn });
    const controller = helmRelease(this, CONTROLLER, {
      provider,
      chart: 'awsLoadBalancerController',
      version: charts.awsLoadBalancerController,
      namespace: 'kube-system',
      values: {
        clusterName: name,
        region,
        vpcId: new DataAwsVpc(this, 'network', { tags: { Name: networkName(name) } }).id,
        defaultTags: { ...tags, cluster: name },
        image: { repository: `${account}.dkr.ecr.${region}.amazonaws.com/${PULL_THROUGH_PREFIX}/${LOAD_BALANCER_CONTROLLER_IMAGE}` },
      },
      dependsOn: [driver, identity, balancers.policy!],
    });
    const gatekeeper = helmRelease(this, 'gatekeeper', { provider, chart: 'gatekeeper', version: charts.gatekeeper, namespace: GATEKEEPER_NAMESPACE, dependsOn: [controller] });
    helmRelease(this, 'monitoring', { provider, chart: 'monitoring', version: charts.monitoring, namespace: MONITORING_NAMESPACE, dependsOn: [gatekeeper] });
  }
}

const CONTROLLER = 'aws-load-balancer-controller';

/** After AmazonEBSCSIDriverPolicyV2, narrowed to volumes and snapshots that bear this cluster's tag: its driver never touches a disk of another. */
function diskAllows(region: string, account: string, cluster: string, keyArn: string): Statement[] {
  const ec2 = `arn:aws:ec2:${region}`;
  const [volumes, snapshots, instances] = [`${ec2}:${account}:volume/*`, `${ec2}:${account}:snapshot/*`, `${ec2}:${account}:instance/*`];
  // Snapshots have no account in their ARN when they are made.
  const newSnapshots = `${ec2}::snapshot/*`;
  const tag = `kubernetes.io/cluster/${cluster}`;
  const [asked, has] = [{ StringEquals: { [`aws:RequestTag/${tag}`]: 'owned' } }, { StringEquals: { [`aws:ResourceTag/${tag}`]: 'owned' } }];
  return [
    { Sid: 'See', Action: ['ec2:DescribeAvailabilityZones', 'ec2:DescribeInstances', 'ec2:DescribeSnapshots', 'ec2:DescribeTags', 'ec2:DescribeVolumeStatus', 'ec2:DescribeVolumes', 'ec2:DescribeVolumesModifications'], Resource: '*' },
    { Sid: 'Make', Action: 'ec2:CreateVolume', Resource: volumes, Condition: asked },
    { Sid: 'MakeFromSnapshot', Action: 'ec2:CreateVolume', Resource: [snapshots, newSnapshots], Condition: has },
    { Sid: 'Attach', Action: ['ec2:AttachVolume', 'ec2:DetachVolume'], Resource: volumes, Condition: has },
    { Sid: 'AttachTo', Action: ['ec2:AttachVolume', 'ec2:DetachVolume'], Resource: instances, Condition: { StringEquals: { 'aws:ResourceTag/eks:cluster-name': cluster } } },
    { Sid: 'Change', Action: ['ec2:DeleteVolume', 'ec2:ModifyVolume'], Resource: volumes, Condition: has },
    { Sid: 'SnapshotOf', Action: 'ec2:CreateSnapshot', Resource: volumes, Condition: has },
    { Sid: 'Snapshot', Action: 'ec2:CreateSnapshot', Resource: [snapshots, newSnapshots], Condition: asked },
    { Sid: 'Forget', Action: 'ec2:DeleteSnapshot', Resource: [snapshots, newSnapshots], Condition: has },
    { Sid: 'Tag', Action: 'ec2:CreateTags', Resource: [volumes, snapshots, newSnapshots], Condition: { StringEquals: { 'ec2:CreateAction': ['CreateVolume', 'CreateSnapshot'] } } },
    { Sid: 'Key', Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'], Resource: keyArn, Condition: { StringEquals: { 'kms:ViaService': `ec2.${region}.amazonaws.com` } } },
    { Sid: 'KeyGrants', Action: 'kms:CreateGrant', Resource: keyArn, Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } } },
  ];
}

/** After the controller's own policy, without what is not used here: application load balancers, certificates, firewalls, and security groups above all. */
function balancerAllows(region: string, account: string, cluster: string): Statement[] {
  const elb = `arn:aws:elasticloadbalancing:${region}:${account}`;
  const [balancers, groups, listeners] = [`${elb}:loadbalancer/net/*`, `${elb}:targetgroup/*`, `${elb}:listener/net/*`];
  const [asked, has] = [{ StringEquals: { 'aws:RequestTag/elbv2.k8s.aws/cluster': cluster } }, { StringEquals: { 'aws:ResourceTag/elbv2.k8s.aws/cluster': cluster } }];
  return [
    {
      Sid: 'See',
      Action: [
        'ec2:DescribeAccountAttributes',
        'ec2:DescribeAddresses',
        'ec2:DescribeAvailabilityZones',
        'ec2:DescribeInstances',
        'ec2:DescribeInternetGateways',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeRouteTables',
        'ec2:DescribeSecurityGroups',
        'ec2:DescribeSubnets',
        'ec2:DescribeTags',
        'ec2:DescribeVpcPeeringConnections',
        'ec2:DescribeVpcs',
        'elasticloadbalancing:DescribeCapacityReservation',
        'elasticloadbalancing:DescribeListenerAttributes',
        'elasticloadbalancing:DescribeListeners',
        'elasticloadbalancing:DescribeLoadBalancerAttributes',
        'elasticloadbalancing:DescribeLoadBalancers',
        'elasticloadbalancing:DescribeTags',
        'elasticloadbalancing:DescribeTargetGroupAttributes',
        'elasticloadbalancing:DescribeTargetGroups',
        'elasticloadbalancing:DescribeTargetHealth',
      ],
      Resource: '*',
    },
    { Sid: 'Make', Action: ['elasticloadbalancing:CreateLoadBalancer', 'elasticloadbalancing:CreateTargetGroup'], Resource: [balancers, groups], Condition: asked },
    { Sid: 'MakeListener', Action: 'elasticloadbalancing:CreateListener', Resource: balancers, Condition: has },
    { Sid: 'TagNew', Action: 'elasticloadbalancing:AddTags', Resource: [balancers, groups, listeners], Condition: { ...asked, Null: { 'elasticloadbalancing:CreateAction': 'false' } } },
    { Sid: 'Tag', Action: ['elasticloadbalancing:AddTags', 'elasticloadbalancing:RemoveTags'], Resource: [balancers, groups, listeners], Condition: has },
    {
      Sid: 'Change',
      Action: [
        'elasticloadbalancing:DeleteListener',
        'elasticloadbalancing:DeleteLoadBalancer',
        'elasticloadbalancing:DeleteTargetGroup',
        'elasticloadbalancing:DeregisterTargets',
        'elasticloadbalancing:ModifyListener',
        'elasticloadbalancing:ModifyListenerAttributes',
        'elasticloadbalancing:ModifyLoadBalancerAttributes',
        'elasticloadbalancing:ModifyTargetGroup',
        'elasticloadbalancing:ModifyTargetGroupAttributes',
        'elasticloadbalancing:RegisterTargets',
        'elasticloadbalancing:SetSubnets',
      ],
      Resource: [balancers, groups, listeners],
      Condition: has,
    },
  ];
}
