import type { Construct } from 'constructs';
import { GcsBackend, S3Backend, TerraformStack } from 'cdktf';
import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import { GoogleProvider } from '@cdktf/provider-google/lib/provider';
import { STATE_KEY_NAME, stateKey } from '../../naming/clouds';
import type { StackContext } from '../context';

/** A stack whose state and provider are Google's. */
export abstract class GcpStack extends TerraformStack {
  protected constructor(scope: Construct, id: string, { fleet: { infrastructure, settings } }: StackContext, place: { readonly project: string; readonly region: string; readonly labels?: Readonly<Record<string, string>> }) {
    super(scope, id);
    new GcsBackend(this, { bucket: infrastructure.state.gcp.bucket, prefix: stateKey(id) });
    const provider = new GoogleProvider(this, 'google', { project: place.project, region: place.region });
    // As a property CDKTF would write the labels' own names in snake case.
    provider.addOverride('default_labels', { ...settings.labels, ...place.labels, 'managed-by': 'stockade', stack: id });
  }
}

/** A stack whose state and provider are Amazon's. */
export abstract class AwsStack extends TerraformStack {
  protected constructor(scope: Construct, id: string, { fleet: { infrastructure, settings } }: StackContext, place: { readonly account: string; readonly region: string; readonly labels?: Readonly<Record<string, string>> }) {
    super(scope, id);
    const { bucket, region, account } = infrastructure.state.aws;
    const backend = new S3Backend(this, { bucket, region, key: `${stateKey(id)}.tfstate`, encrypt: true, kmsKeyId: `arn:aws:kms:${region}:${account}:alias/${STATE_KEY_NAME}` });
    // CDKTF's S3Backend has no property for it: a lock is a file of the bucket, no table.
    backend.addOverride('use_lockfile', true);
    new AwsProvider(this, 'aws', {
      region: place.region,
      // Whatever credentials are at hand, another account is refused.
      allowedAccountIds: [place.account],
      defaultTags: [{ tags: { ...settings.labels, ...place.labels, 'managed-by': 'stockade', stack: id } }],
    });
  }
}
