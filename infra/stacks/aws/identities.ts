import type { Construct } from 'constructs';
import { AwsStack, type StackContext } from '../stack';

export class AwsIdentitiesStack extends AwsStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { account, region } = context.fleet.infrastructure.aws;
    super(scope, id, context, { account, region });
  }
}
