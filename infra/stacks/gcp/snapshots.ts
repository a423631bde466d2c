import { DataGoogleStorageProjectServiceAccount } from '@cdktf/provider-google/lib/data-google-storage-project-service-account';
import { StorageBucket } from '@cdktf/provider-google/lib/storage-bucket';
import type { Construct } from 'constructs';
import { SNAPSHOTS_KEY_NAME, snapshotsBucketName } from '../../../naming/clouds';
import { gcpKeys } from '../../parts/gcp-keys';
import { GcpStack } from '../stack';
import type { StackContext } from '../../context';

/** The bucket of chain data snapshots. Signing state is in none of them. */
export class GcpSnapshotsStack extends GcpStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { gcp, snapshots } = context.fleet.infrastructure;
    const { project, region, snapshotsLocation } = gcp;
    super(scope, id, context, { project, region });
    const storage = new DataGoogleStorageProjectServiceAccount(this, 'storage-agent', { project });
    const keys = gcpKeys(this, 'snapshots', { project, location: snapshotsLocation.toLowerCase(), ring: SNAPSHOTS_KEY_NAME, keys: { [SNAPSHOTS_KEY_NAME]: [storage.member] } });
    new StorageBucket(this, 'bucket', {
      project,
      name: snapshotsBucketName(snapshots.bucketPrefix, 'gcp'),
      location: snapshotsLocation,
      storageClass: 'STANDARD',
      uniformBucketLevelAccess: true,
      publicAccessPrevention: 'enforced',
      encryption: { defaultKmsKeyName: keys[SNAPSHOTS_KEY_NAME]!.id },
      versioning: { enabled: true },
      // The writer locks each snapshot until its day. Google's bucket-wide retention was long at odds with versioning, and this one works with it.
      enableObjectRetention: true,
      // What is deleted all the same can be brought back: Google keeps it for 90 days at most.
      softDeletePolicy: { retentionDurationSeconds: Math.min(Math.max(snapshots.retentionDays, 7), 90) * DAY_SECONDS },
      lifecycleRule: [
        { action: { type: 'Delete' }, condition: { age: snapshots.keepDays, withState: 'LIVE' } },
        { action: { type: 'Delete' }, condition: { daysSinceNoncurrentTime: snapshots.retentionDays, withState: 'ARCHIVED' } },
        { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 1 } },
      ],
      forceDestroy: false,
      lifecycle: { preventDestroy: true },
    });
  }
}

const DAY_SECONDS = 24 * 3600;
