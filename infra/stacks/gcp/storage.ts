import type { Construct } from 'constructs';
import { GcpStack, type ClusterContext, type GcpCluster } from '../stack';

export class GcpStorageStack extends GcpStack {
  constructor(scope: Construct, id: string, context: ClusterContext<GcpCluster>) {
    super(scope, id, context, context.cluster);
  }
}
