import { DataGoogleStorageProjectServiceAccount } from '@cdktf/provider-google/lib/data-google-storage-project-service-account';
import { ProjectService } from '@cdktf/provider-google/lib/project-service';
import { StorageBucket } from '@cdktf/provider-google/lib/storage-bucket';
import type { Construct } from 'constructs';
import { STATE_KEY_NAME } from '../../../naming/clouds';
import { gcpKeys } from '../../parts/gcp-keys';
import { GcpStack } from '../stack';
import type { StackContext } from '../../context';

/** What every other stack's state needs, its own included: `docs/starting.md` says how the first apply goes. GCS locks states by itself. */
export class GcpBootstrapStack extends GcpStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { project, bucket, location } = context.fleet.infrastructure.state.gcp;
    super(scope, id, context, { project, region: location });
    const apis = ['cloudresourcemanager', 'serviceusage', 'iam', 'cloudkms', 'storage'].map((api) => new ProjectService(this, api, { project, service: `${api}.googleapis.com`, disableOnDestroy: false }));
    const storage = new DataGoogleStorageProjectServiceAccount(this, 'storage-agent', { project, dependsOn: apis });
    const keys = gcpKeys(this, 'state', { project, location, ring: STATE_KEY_NAME, keys: { [STATE_KEY_NAME]: [storage.member] } });
    new StorageBucket(this, 'bucket', {
      project,
      name: bucket,
      location,
      storageClass: 'STANDARD',
      uniformBucketLevelAccess: true,
      publicAccessPrevention: 'enforced',
      versioning: { enabled: true },
      encryption: { defaultKmsKeyName: keys[STATE_KEY_NAME]!.id },
      softDeletePolicy: { retentionDurationSeconds: 30 * DAY_SECONDS },
      // A state is small: a hundred versions of each are kept, and whatever else is younger than a quarter.
      lifecycleRule: [{ action: { type: 'Delete' }, condition: { numNewerVersions: 100, daysSinceNoncurrentTime: 90, withState: 'ARCHIVED' } }],
      forceDestroy: false,
      lifecycle: { preventDestroy: true },
      dependsOn: apis,
    });
  }
}

const DAY_SECONDS = 24 * 3600;
