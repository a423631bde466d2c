import type { Construct } from 'constructs';
import { S3BucketLifecycleConfiguration } from '@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration';
import { STATE_KEY_NAME } from '../../../naming/clouds';
import { AwsStack } from '../stack';
import type { StackContext } from '../../context';
import { privateBucket } from '../../aws/bucket';
import { accountRoot, encryptionKey, through, USE_A_KEY } from '../../aws/policies';

/**
 * The bucket of Terraform's state and its key. Locks are files in the bucket, so there is no table. In an empty account its own state has to be
 * local until the bucket is there; the README says how.
 */
export class AwsBootstrapStack extends AwsStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { account, region, bucket: name } = context.fleet.infrastructure.state.aws;
    super(scope, id, context, { account, region });
    const key = encryptionKey(this, 'key', {
      account,
      alias: STATE_KEY_NAME,
      description: "Terraform's state",
      // Through S3 only: whoever may read the state's objects, and nobody else, is given their data keys.
      uses: [
        { Sid: 'UseThroughS3', Principal: { AWS: accountRoot(account) }, Action: USE_A_KEY, Condition: through(account, region, 's3') },
      ],
    });
    const { versioning } = privateBucket(this, 'bucket', { name, region, keyArn: key.arn, objectLock: false });
    new S3BucketLifecycleConfiguration(this, 'bucket-lifecycle', {
      bucket: name,
      region,
      rule: [
        {
          id: 'old-states',
          status: 'Enabled',
          filter: [{ prefix: '' }],
          noncurrentVersionExpiration: [{ noncurrentDays: 365, newerNoncurrentVersions: 50 }],
          abortIncompleteMultipartUpload: [{ daysAfterInitiation: 7 }],
        },
      ],
      dependsOn: [versioning],
    });
  }
}
