import { ArtifactRegistryRepositoryIamMember } from '@cdktf/provider-google/lib/artifact-registry-repository-iam-member';
import { ProjectIamMember } from '@cdktf/provider-google/lib/project-iam-member';
import { ServiceAccount } from '@cdktf/provider-google/lib/service-account';
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { diskKeyName, keyRingName } from '../../../naming';
import { gcpKeyId, gkeIssuer, machineAccountName, mirrorRepositoryName, networkName, privateSubnetName, secretsKeyName } from '../../../naming/clouds';
import { clusterProps } from '../../parts/cluster-props';
import { GkeCluster } from '../../parts/gke-cluster';
import { mirroredHosts } from '../../context/gcp';
import { OUTPUTS } from '../../context/outputs';
import { GcpStack } from '../stack';
import type { ClusterContext, GcpCluster } from '../../context';

/** The cluster, its node pools, and who its machines are. */
export class GcpClusterStack extends GcpStack {
  constructor(scope: Construct, id: string, context: ClusterContext<GcpCluster>) {
    super(scope, id, context, context.cluster);
    const { cluster, demand, fleet } = context;
    const { infrastructure, settings } = fleet;
    const { name, project, region } = cluster;
    const accounts = { private: this.machineAccount(context, 'private'), public: this.machineAccount(context, 'public') };
    // Logs and metrics of private machines. A pod on a public machine's network has the machine's token, so that one may pull and nothing else.
    const reports = new ProjectIamMember(this, 'machines-private-report', { project, role: 'roles/container.defaultNodeServiceAccount', member: accounts.private.member });
    const pulls = mirroredHosts(settings).flatMap((host) =>
      (['private', 'public'] as const).map(
        (exposure) =>
          new ArtifactRegistryRepositoryIamMember(this, `pull-${exposure}-${host}`, {
            project: infrastructure.gcp.project,
            location: infrastructure.gcp.imageMirror.location,
            repository: mirrorRepositoryName(infrastructure.gcp.imageMirror.repository, host),
            role: 'roles/artifactregistry.reader',
            member: accounts[exposure].member,
          }),
      ),
    );
    const key = (of: string): string => gcpKeyId(project, region, keyRingName(name), of);
    new GkeCluster(this, 'gke', {
      ...clusterProps(cluster, demand, infrastructure, settings.labels),
      project,
      network: networkName(name),
      subnetwork: privateSubnetName(name),
      controlPlaneRange: cluster.ranges.controlPlane,
      releaseChannel: infrastructure.gcp.releaseChannel,
      upgradesHeld: infrastructure.gcp.upgradesHeld,
      securityGroup: infrastructure.gcp.securityGroup,
      secretsKey: key(secretsKeyName(name)),
      bootDiskKey: key(diskKeyName(name)),
      machineAccounts: { private: accounts.private.email, public: accounts.public.email },
      dependsOn: [reports, ...pulls],
    });
    new TerraformOutput(this, 'oidc-issuer-output', { value: gkeIssuer(cluster.project, cluster.region, cluster.name) }).overrideLogicalId(OUTPUTS.oidcIssuer);
  }

  private machineAccount({ cluster: { name, project } }: ClusterContext<GcpCluster>, exposure: 'private' | 'public'): ServiceAccount {
    return new ServiceAccount(this, `machines-${exposure}`, {
      project,
      accountId: machineAccountName(name, exposure),
      displayName: `Machines of ${name} with ${exposure} addresses`,
      description: exposure === 'public' ? 'Joins the cluster and pulls images; nothing else.' : 'Joins the cluster, pulls images, writes logs and metrics.',
    });
  }
}
