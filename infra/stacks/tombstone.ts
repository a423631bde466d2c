import type { Construct } from 'constructs';
import type { Tombstone } from '../../model/types';
import { AwsStack, GcpStack } from './stack';
import type { StackContext } from '../context';

/** A stack of a cluster that was taken out of the fleet: a state and a provider, and nothing in it. Its plan destroys what the state has. */
export class GcpTombstoneStack extends GcpStack {
  constructor(scope: Construct, id: string, context: StackContext, place: Extract<Tombstone, { cloud: 'gcp' }>) {
    super(scope, id, context, place);
  }
}

export class AwsTombstoneStack extends AwsStack {
  constructor(scope: Construct, id: string, context: StackContext, place: Extract<Tombstone, { cloud: 'aws' }>) {
    super(scope, id, context, place);
  }
}
