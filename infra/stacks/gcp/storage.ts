import { DataGoogleProject } from '@cdktf/provider-google/lib/data-google-project';
import type { Construct } from 'constructs';
import { diskKeyName, keyRingName } from '../../../naming';
import { secretsKeyName } from '../../../naming/clouds';
import { gcpKeys, serviceAgent } from '../../parts/gcp-keys';
import { GcpStack } from '../stack';
import type { ClusterContext, GcpCluster } from '../../context';

/** The keys of a cluster's disks and of its Secrets in etcd. They outlive the cluster: its disks are kept. */
export class GcpStorageStack extends GcpStack {
  constructor(scope: Construct, id: string, context: ClusterContext<GcpCluster>) {
    super(scope, id, context, context.cluster);
    const { name, project, region } = context.cluster;
    const { number } = new DataGoogleProject(this, 'project', { projectId: project });
    gcpKeys(this, 'keys', {
      project,
      location: region,
      ring: keyRingName(name),
      keys: {
        // Boot disks and volumes alike are made by Compute Engine's agent.
        [diskKeyName(name)]: [serviceAgent(number, 'compute')],
        [secretsKeyName(name)]: [serviceAgent(number, 'container')],
      },
    });
  }
}
