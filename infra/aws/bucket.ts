import type { Construct } from 'constructs';
import { S3Bucket } from '@cdktf/provider-aws/lib/s3-bucket';
import { S3BucketOwnershipControls } from '@cdktf/provider-aws/lib/s3-bucket-ownership-controls';
import { S3BucketPolicy } from '@cdktf/provider-aws/lib/s3-bucket-policy';
import { S3BucketPublicAccessBlock } from '@cdktf/provider-aws/lib/s3-bucket-public-access-block';
import { S3BucketServerSideEncryptionConfigurationA } from '@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration';
import { S3BucketVersioningA } from '@cdktf/provider-aws/lib/s3-bucket-versioning';
import { policy, tlsOnly, type Statement } from './policies';

export interface BucketProps {
  readonly name: string;
  readonly region: string;
  readonly keyArn: string;
  readonly objectLock: boolean;
  readonly statements?: readonly Statement[];
}

/** A private bucket: versioned, encrypted under a key of its own, closed to the public, reached by TLS only, and not to be destroyed by a plan. */
export function privateBucket(scope: Construct, id: string, { name, region, keyArn, objectLock, statements = [] }: BucketProps): { readonly bucket: S3Bucket; readonly versioning: S3BucketVersioningA } {
  const bucket = new S3Bucket(scope, id, { bucket: name, region, forceDestroy: false, ...(objectLock ? { objectLockEnabled: true } : {}), lifecycle: { preventDestroy: true } });
  const of = { bucket: bucket.bucket, region };
  const versioning = new S3BucketVersioningA(scope, `${id}-versioning`, { ...of, versioningConfiguration: { status: 'Enabled' } });
  new S3BucketServerSideEncryptionConfigurationA(scope, `${id}-encryption`, {
    ...of,
    rule: [{ bucketKeyEnabled: true, applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: keyArn } }],
  });
  const closed = new S3BucketPublicAccessBlock(scope, `${id}-public-access`, { ...of, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true });
  new S3BucketOwnershipControls(scope, `${id}-ownership`, { ...of, rule: { objectOwnership: 'BucketOwnerEnforced' } });
  new S3BucketPolicy(scope, `${id}-policy`, { ...of, policy: policy([tlsOnly(name), ...statements]), dependsOn: [closed] });
  return { bucket, versioning };
}
