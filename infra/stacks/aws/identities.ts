import type { Construct } from 'constructs';
import { DataAwsDbInstance } from '@cdktf/provider-aws/lib/data-aws-db-instance';
import { IamOpenidConnectProvider } from '@cdktf/provider-aws/lib/iam-openid-connect-provider';
import {
  DATABASE_NAME,
  DATABASE_USER,
  ENVELOPE_KEY_NAME,
  federatedRoleName,
  gkeIssuer,
  SERVICE_IDENTITIES,
  type ServiceIdentity,
  serviceIdentityName,
  SNAPSHOTS_KEY_NAME,
  snapshotsBucketName,
} from '../../../naming/clouds';
import { SYSTEM_NAMESPACE } from '../../../naming';
import { clusterArn, role, type Statement, trustPodIdentity } from '../../aws/policies';
import { podIdentity } from '../../parts/eks-cluster';
import { AwsStack } from '../stack';
import type { AwsCluster, GcpCluster, StackContext } from '../../context';

/**
 * What programs of ours may do on AWS, without a key that lives longer than an hour. On EKS a service account has its role by pod identity; a GKE cluster's issuer is trusted
 * for exactly one service account and audience. The other direction, from EKS to Google Cloud, is in `gcp-identities`.
 */
export class AwsIdentitiesStack extends AwsStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { clusters, infrastructure: { aws: { account, region }, home } } = context.fleet;
    super(scope, id, context, { account, region });
    const eks = Object.values(clusters).filter((one): one is AwsCluster => one.cloud === 'aws');
    const gke = Object.values(clusters).filter((one): one is GcpCluster => one.cloud === 'gcp');
    const issuers = gke.map((cluster) => {
      const issuer = gkeIssuer(cluster.project, cluster.region, cluster.name);
      return { cluster, host: issuer.slice('https://'.length), provider: new IamOpenidConnectProvider(this, `issuer-${cluster.name}`, { url: issuer, clientIdList: [AUDIENCE], tags: { cluster: cluster.name } }) };
    });

    for (const identity of SERVICE_IDENTITIES) {
      // The secret manager works beside its database, and has nothing to do on AWS where that is elsewhere.
      const alone = identity === 'secret-manager';
      if (alone && home.cloud !== 'aws') continue;
      const at = eks.filter((cluster) => !alone || cluster.region === home.region);
      const allows = alone ? secretManagerAllows(this, context) : snapshotAllows(identity, context);
      if (at.length > 0) {
        const { role: made } = role(this, identity, {
          name: serviceIdentityName(identity),
          description: `${identity} on EKS`,
          trust: [trustPodIdentity(account, at.map((cluster) => clusterArn(cluster.region, cluster.account, cluster.name)), SYSTEM_NAMESPACE, identity)],
          allows,
        });
        for (const cluster of at) podIdentity(this, `${identity}-${cluster.name}`, { cluster: cluster.name, region: cluster.region, namespace: SYSTEM_NAMESPACE, serviceAccount: identity, roleArn: made.arn });
      }
      if (alone) continue;
      for (const { cluster, host, provider } of issuers) {
        role(this, `${identity}-from-${cluster.name}`, {
          name: federatedRoleName(identity, cluster.name),
          description: `${identity} on GKE cluster ${cluster.name}`,
          trust: [
            {
              Principal: { Federated: provider.arn },
              Action: 'sts:AssumeRoleWithWebIdentity',
              Condition: { StringEquals: { [`${host}:aud`]: AUDIENCE, [`${host}:sub`]: `system:serviceaccount:${SYSTEM_NAMESPACE}:${identity}` } },
            },
          ],
          allows,
        });
      }
    }
  }
}

/** Audience of the projected tokens by which a program of a GKE cluster shows itself to AWS. */
const AUDIENCE = 'sts.amazonaws.com';

/** A writer adds and never deletes; a reader reads. Both see what is there. */
function snapshotAllows(identity: ServiceIdentity, { fleet: { infrastructure: { aws: { account, snapshotsRegion }, snapshots } } }: StackContext): Statement[] {
  const bucket = `arn:aws:s3:::${snapshotsBucketName(snapshots.bucketPrefix, 'aws')}`;
  const key = keyByAlias(account, snapshotsRegion, SNAPSHOTS_KEY_NAME);
  const writes = identity === 'snapshot-writer';
  return [
    { Sid: 'List', Action: ['s3:GetBucketLocation', 's3:ListBucket', ...(writes ? ['s3:ListBucketMultipartUploads'] : [])], Resource: bucket },
    { Sid: writes ? 'Write' : 'Read', Action: writes ? ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:PutObject'] : ['s3:GetObject', 's3:GetObjectVersion'], Resource: `${bucket}/*` },
    { Sid: 'Key', Action: writes ? ['kms:Decrypt', 'kms:GenerateDataKey'] : 'kms:Decrypt', ...key },
  ];
}

function secretManagerAllows(stack: AwsIdentitiesStack, { fleet: { infrastructure: { aws: { account }, home } } }: StackContext): Statement[] {
  // IAM knows the database by an id that RDS gave it.
  const database = new DataAwsDbInstance(stack, 'database', { dbInstanceIdentifier: DATABASE_NAME, region: home.region });
  return [
    { Sid: 'Connect', Action: 'rds-db:connect', Resource: `arn:aws:rds-db:${home.region}:${account}:dbuser:${database.resourceId}/${DATABASE_USER}` },
    { Sid: 'Key', Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'], ...keyByAlias(account, home.region, ENVELOPE_KEY_NAME) },
  ];
}

/** A key by its alias: IAM takes no alias for a resource, but a condition on it. */
const keyByAlias = (account: string, region: string, alias: string): Pick<Statement, 'Resource' | 'Condition'> => ({
  Resource: `arn:aws:kms:${region}:${account}:key/*`,
  Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': `alias/${alias}` } },
});
