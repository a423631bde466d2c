import { Construct } from 'constructs';
import { Token, type ITerraformDependable } from 'cdktf';
import { EksNodeGroup as NodeGroup } from '@cdktf/provider-aws/lib/eks-node-group';
import type { IamRole } from '@cdktf/provider-aws/lib/iam-role';
import type { IamRolePolicy } from '@cdktf/provider-aws/lib/iam-role-policy';
import { LaunchTemplate } from '@cdktf/provider-aws/lib/launch-template';
import { machineRoleName } from '../../naming/clouds';
import { clusterArn, role, trustService, type Statement } from '../aws/policies';
import type { MachinePool, Taint } from './cluster-props';
import { userData } from './eks-user-data';

/** Where machines are, and what their addresses let through. */
export interface MachineNetwork {
  readonly subnetId: (exposure: MachinePool['exposure'], zone: string) => string;
  /** Those that all machines of an exposure share, and the pool's own. */
  readonly securityGroupIds: (exposure: MachinePool['exposure'], pool: string) => readonly string[];
}

export interface MachineRoleProps {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly exposure: MachinePool['exposure'];
  readonly mirrorPrefix: string;
}

/**
 * What a machine may do by itself: join its cluster and pull images. A private one may also ask for pods' identities, and have the mirror filled; a public one, whose pods on
 * the host's network reach its credentials, may not.
 */
export class MachineRole extends Construct {
  readonly role: IamRole;
  readonly policy: IamRolePolicy;

  constructor(scope: Construct, id: string, props: MachineRoleProps) {
    super(scope, id);
    const { name, exposure } = props;
    const made = role(this, 'role', {
      name: machineRoleName(name, exposure),
      description: `${exposure === 'private' ? 'Private' : 'Public'} machines of ${name}`,
      trust: [trustService('ec2.amazonaws.com')],
      allows: [...joinAndPull(props), ...(exposure === 'private' ? privateOnly(props) : [])],
    });
    this.role = made.role;
    this.policy = made.policy!;
  }
}

const joinAndPull = ({ region, account, name }: MachineRoleProps): Statement[] => [
  { Sid: 'Join', Action: 'eks:DescribeCluster', Resource: clusterArn(region, account, name) },
  // Neither knows resources.
  { Sid: 'JoinAs', Action: ['ec2:DescribeInstanceTypes', 'ec2:DescribeInstances'], Resource: '*' },
  { Sid: 'PullLogin', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
  {
    Sid: 'Pull',
    Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
    // EKS's own images are in an account of AWS that differs by region; ours are in our own.
    Resource: [`arn:aws:ecr:${region}:*:repository/eks/*`, `arn:aws:ecr:${region}:*:repository/amazon*`, `arn:aws:ecr:*:${account}:repository/*`],
  },
];

const privateOnly = ({ region, account, name, mirrorPrefix }: MachineRoleProps): Statement[] => [
  { Sid: 'PodIdentity', Action: 'eks-auth:AssumeRoleForPodIdentity', Resource: clusterArn(region, account, name) },
  { Sid: 'FillMirror', Action: 'ecr:BatchImportUpstreamImage', Resource: `arn:aws:ecr:${region}:${account}:repository/${mirrorPrefix}/*` },
];

export interface EksNodeGroupProps {
  readonly cluster: string;
  readonly pool: MachinePool;
  readonly podsPerMachine: number;
  readonly role: MachineRole;
  readonly network: MachineNetwork;
  readonly disksKeyArn: string;
  /** Tags of machines, their disks and their interfaces. */
  readonly labels: Readonly<Record<string, string>>;
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The machines of one pool in one zone. As many as the fleet's nodes need, no more and no less: no autoscaler moves them. An upgrade takes one machine at a time and waits
 * for budgets; where one stands, EKS gives up rather than evict. Type, disk and user data are the launch template's, so a change of them is such an upgrade
 * and never a new group; what would need a new group is refused by the plan.
 */
export class EksNodeGroup extends Construct {
  constructor(scope: Construct, id: string, { cluster, pool, podsPerMachine, role, network, disksKeyArn, labels, dependsOn }: EksNodeGroupProps) {
    super(scope, id);
    const name = `stockade-${cluster}-${pool.name}`;
    const tags = { ...labels, Name: name, cluster, pool: pool.pool };
    const template = new LaunchTemplate(this, 'template', {
      name,
      instanceType: pool.machineType,
      ebsOptimized: 'true',
      updateDefaultVersion: true,
      userData: userData(podsPerMachine, pool.features),
      blockDeviceMappings: [
        {
          deviceName: '/dev/xvda',
          ebs: { volumeType: 'gp3', volumeSize: pool.bootDiskGiB, encrypted: 'true', kmsKeyId: disksKeyArn, deleteOnTermination: 'true' },
        },
      ],
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1, instanceMetadataTags: 'disabled' },
      networkInterfaces: [
        {
          deviceIndex: 0,
          deleteOnTermination: 'true',
          associatePublicIpAddress: pool.exposure === 'public' ? 'true' : 'false',
          securityGroups: [...network.securityGroupIds(pool.exposure, pool.pool)],
        },
      ],
      monitoring: { enabled: true },
      tagSpecifications: (['instance', 'volume', 'network-interface'] as const).map((resourceType) => ({ resourceType, tags })),
    });
    new NodeGroup(this, 'group', {
      clusterName: cluster,
      nodeGroupName: pool.name,
      nodeRoleArn: role.role.arn,
      subnetIds: [network.subnetId(pool.exposure, pool.zone)],
      amiType: 'AL2023_x86_64_STANDARD',
      capacityType: 'ON_DEMAND',
      // Without a declared version none is asked for: a control plane's upgrade then changes no machine.
      ...(pool.machineVersion === undefined ? {} : { version: minorOf(pool.machineVersion), releaseVersion: pool.machineVersion }),
      launchTemplate: { id: template.id, version: Token.asString(template.latestVersion) },
      // EKS takes no maximum of zero.
      scalingConfig: { desiredSize: pool.machines, minSize: pool.machines, maxSize: Math.max(pool.machines, 1) },
      updateConfig: { maxUnavailable: 1 },
      // Where a budget stands, an upgrade fails; forcing it would evict a signer.
      forceUpdateVersion: false,
      // Nobody replaces a machine unasked: one that doesn't answer may still sign.
      nodeRepairConfig: { enabled: false },
      labels: { ...pool.labels },
      taint: pool.taints.map(({ key, value, effect }) => ({ key, value, effect: EFFECTS[effect] })),
      tags: { Name: name },
      timeouts: { update: '6h' },
      lifecycle: { preventDestroy: true },
      dependsOn: [...dependsOn, role.policy],
    });
  }
}

const EFFECTS: Readonly<Record<Taint['effect'], string>> = { NoSchedule: 'NO_SCHEDULE', NoExecute: 'NO_EXECUTE' };

/** `1.34` of `1.34.2-20251112`. */
const minorOf = (release: string): string => release.split('.').slice(0, 2).join('.');
