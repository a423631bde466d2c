import type { Construct } from 'constructs';
import { S3BucketLifecycleConfiguration } from '@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration';
import { S3BucketObjectLockConfigurationA } from '@cdktf/provider-aws/lib/s3-bucket-object-lock-configuration';
import { federatedRoleName, type ServiceIdentity, serviceIdentityName, SNAPSHOTS_KEY_NAME, snapshotsBucketName } from '../../../naming/clouds';
import { AwsStack } from '../stack';
import type { StackContext } from '../../context';
import { privateBucket } from '../../aws/bucket';
import { accountRoot, encryptionKey, onlyRoles, through } from '../../aws/policies';

/**
 * The bucket of snapshots, with object lock in compliance mode: until its retention is over nobody deletes or overwrites a snapshot, the account's root
 * included. Governance mode would leave a permission that undoes it. What compliance mode costs is bounded: a mistaken object is paid for as long as the fleet's
 * `retentionDays`.
 */
export class AwsSnapshotsStack extends AwsStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { clusters, infrastructure: { aws: { account, snapshotsRegion: region }, snapshots } } = context.fleet;
    super(scope, id, context, { account, region });
    const name = snapshotsBucketName(snapshots.bucketPrefix, 'aws');
    const gke = Object.values(clusters).filter(({ cloud }) => cloud === 'gcp');
    const roles = (identity: ServiceIdentity) => onlyRoles(account, [serviceIdentityName(identity), ...gke.map((cluster) => federatedRoleName(identity, cluster.name))]);
    const throughS3 = through(account, region, 's3');
    const key = encryptionKey(this, 'key', {
      account,
      alias: SNAPSHOTS_KEY_NAME,
      description: 'Snapshots of chain data',
      uses: [
        // A part of a multipart upload is read back by S3 to complete it: a writer needs to decrypt, through S3.
        { Sid: 'Write', Principal: { AWS: accountRoot(account) }, Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Condition: { ...throughS3, ...roles('snapshot-writer') } },
        { Sid: 'Read', Principal: { AWS: accountRoot(account) }, Action: 'kms:Decrypt', Condition: { ...throughS3, ...roles('snapshot-reader') } },
      ],
    });
    const { versioning } = privateBucket(this, 'bucket', {
      name,
      region,
      keyArn: key.arn,
      objectLock: true,
      statements: [
        // Another key, or none, would take a snapshot out of the reader's reach or this key's protection.
        { Sid: 'OwnKeyOnly', Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${name}/*`, Condition: { StringNotEqualsIfExists: { 's3:x-amz-server-side-encryption': 'aws:kms' } } },
      ],
    });
    new S3BucketObjectLockConfigurationA(this, 'bucket-lock', {
      bucket: name,
      region,
      objectLockEnabled: 'Enabled',
      rule: { defaultRetention: { mode: 'COMPLIANCE', days: snapshots.retentionDays } },
      dependsOn: [versioning],
    });
    new S3BucketLifecycleConfiguration(this, 'bucket-lifecycle', {
      bucket: name,
      region,
      rule: [
        {
          id: 'old-snapshots',
          status: 'Enabled',
          filter: [{ prefix: '' }],
          expiration: [{ days: snapshots.keepDays }],
          noncurrentVersionExpiration: [{ noncurrentDays: 1 }],
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: 2 }],
        },
      ],
      dependsOn: [versioning],
    });
  }
}
