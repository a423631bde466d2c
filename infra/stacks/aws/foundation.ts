import type { Construct } from 'constructs';
import { AccessanalyzerAnalyzer } from '@cdktf/provider-aws/lib/accessanalyzer-analyzer';
import { EbsEncryptionByDefault } from '@cdktf/provider-aws/lib/ebs-encryption-by-default';
import { EbsSnapshotBlockPublicAccess } from '@cdktf/provider-aws/lib/ebs-snapshot-block-public-access';
import { Ec2InstanceMetadataDefaults } from '@cdktf/provider-aws/lib/ec2-instance-metadata-defaults';
import { EcrLifecyclePolicy } from '@cdktf/provider-aws/lib/ecr-lifecycle-policy';
import { EcrPullThroughCacheRule } from '@cdktf/provider-aws/lib/ecr-pull-through-cache-rule';
import { EcrRepository } from '@cdktf/provider-aws/lib/ecr-repository';
import { IamServiceLinkedRole } from '@cdktf/provider-aws/lib/iam-service-linked-role';
import { S3AccountPublicAccessBlock } from '@cdktf/provider-aws/lib/s3-account-public-access-block';
import { LOAD_BALANCER_CONTROLLER_IMAGE, PULL_THROUGH_PREFIX } from '../../../naming/clouds';
import { AwsStack } from '../stack';
import type { AwsCluster, StackContext } from '../../context';

/**
 * What holds for the whole account: disks are encrypted and nothing is public even where somebody forgets to say so, machines' metadata asks for a
 * session, and the roles of AWS's own services exist before key policies name them.
 *
 * The registry's mirror is a pull-through cache of public.ecr.aws, the one public registry that ECR copies without credentials and that an add-on of ours comes
 * from. It is beside each cluster. Staking images are declared by their own registries in `fleet/settings.yaml`: ECR asks for a password of Docker Hub and of GitHub
 * to cache theirs, and Stockade keeps no such password; push copies to ECR and declare its prefix instead.
 */
export class AwsFoundationStack extends AwsStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { account, region } = context.fleet.infrastructure.aws;
    super(scope, id, context, { account, region });
    new S3AccountPublicAccessBlock(this, 'buckets-private', { accountId: account, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true });
    // An account has each of them once. Where one is there already, import it: the plan says that it exists.
    for (const service of SERVICES_WITH_ROLES) new IamServiceLinkedRole(this, `role-${service}`, { awsServiceName: `${service}.amazonaws.com`, lifecycle: { preventDestroy: true } });
    const { all, ofClusters } = regionsOf(context);
    for (const place of all) {
      new EbsEncryptionByDefault(this, `disks-encrypted-${place}`, { enabled: true, region: place });
      new EbsSnapshotBlockPublicAccess(this, `disk-snapshots-private-${place}`, { state: 'block-all-sharing', region: place });
      new Ec2InstanceMetadataDefaults(this, `metadata-${place}`, { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1, instanceMetadataTags: 'disabled', region: place });
      new AccessanalyzerAnalyzer(this, `access-analyzer-${place}`, { analyzerName: 'stockade', type: 'ACCOUNT', region: place });
    }
    for (const place of ofClusters) {
      new EcrPullThroughCacheRule(this, `mirror-${place}`, { ecrRepositoryPrefix: PULL_THROUGH_PREFIX, upstreamRegistryUrl: 'public.ecr.aws', region: place });
      // Made here, so that machines need no permission to create repositories.
      const repository = new EcrRepository(this, `mirror-controller-${place}`, {
        name: `${PULL_THROUGH_PREFIX}/${LOAD_BALANCER_CONTROLLER_IMAGE}`,
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
        region: place,
      });
      new EcrLifecyclePolicy(this, `mirror-controller-lifecycle-${place}`, {
        repository: repository.name,
        region: place,
        policy: JSON.stringify({ rules: [{ rulePriority: 1, description: 'The last 10', selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 10 }, action: { type: 'expire' } }] }),
      });
    }
  }
}

const SERVICES_WITH_ROLES = ['autoscaling', 'eks', 'eks-nodegroup', 'elasticloadbalancing'] as const;

function regionsOf({ fleet: { clusters, infrastructure: { aws, home } } }: StackContext): { readonly all: readonly string[]; readonly ofClusters: readonly string[] } {
  const ofClusters = Object.values(clusters).filter((cluster): cluster is AwsCluster => cluster.cloud === 'aws').map(({ region }) => region);
  const sorted = (regions: readonly string[]): string[] => [...new Set(regions)].sort();
  return { all: sorted([...ofClusters, aws.region, aws.snapshotsRegion, aws.management.region, ...(home.cloud === 'aws' ? [home.region] : [])]), ofClusters: sorted(ofClusters) };
}
