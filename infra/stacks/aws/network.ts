import type { Construct } from 'constructs';
import { AwsStack, type ClusterContext, type AwsCluster } from '../stack';

export class AwsNetworkStack extends AwsStack {
  constructor(scope: Construct, id: string, context: ClusterContext<AwsCluster>) {
    super(scope, id, context, context.cluster);
  }
}
