import type { Construct } from 'constructs';
import { GcpStack, type StackContext } from '../stack';

export class GcpAtlantisStack extends GcpStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { project, region } = context.fleet.infrastructure.gcp;
    super(scope, id, context, { project, region });
  }
}
