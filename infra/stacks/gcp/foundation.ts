import { ArtifactRegistryRepository } from '@cdktf/provider-google/lib/artifact-registry-repository';
import { BinaryAuthorizationPolicy } from '@cdktf/provider-google/lib/binary-authorization-policy';
import { DataGoogleProject } from '@cdktf/provider-google/lib/data-google-project';
import { ProjectIamAuditConfig } from '@cdktf/provider-google/lib/project-iam-audit-config';
import { ProjectIamCustomRole } from '@cdktf/provider-google/lib/project-iam-custom-role';
import { ProjectIamMember } from '@cdktf/provider-google/lib/project-iam-member';
import { ProjectService } from '@cdktf/provider-google/lib/project-service';
import type { Construct } from 'constructs';
import type { Settings } from '../../../model/types';
import { CONNECT_ROLE, MIRROR_KEY_NAME, mirrorRepositoryName } from '../../../naming/clouds';
import { gcpKeys, serviceAgent } from '../../parts/gcp-keys';
import { gcpProjects, mirroredHosts } from '../../context/gcp';
import { GcpStack } from '../stack';
import type { StackContext } from '../../context';

/** What every cluster's project needs once: APIs, who connects, what is logged, and which images may run. */
export class GcpFoundationStack extends GcpStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { infrastructure, settings } = context.fleet;
    const { project, region, imageMirror } = infrastructure.gcp;
    super(scope, id, context, { project, region });

    const apis = gcpProjects(context).flatMap((one) => APIS.map((api) => new ProjectService(this, `api-${one}-${api}`, { project: one, service: `${api}.googleapis.com`, disableOnDestroy: false })));
    for (const one of gcpProjects(context)) {
      this.access(one, settings);
      new BinaryAuthorizationPolicy(this, `images-${one}`, {
        project: one,
        description: 'Staking clusters run images of the declared mirror and registries, and what GKE itself needs.',
        // Google's own policy for what GKE itself runs.
        globalPolicyEvaluationMode: 'ENABLE',
        admissionWhitelistPatterns: allowedImages(context).map((namePattern) => ({ namePattern })),
        defaultAdmissionRule: { evaluationMode: 'ALWAYS_DENY', enforcementMode: 'ENFORCED_BLOCK_AND_AUDIT_LOG' },
        dependsOn: apis,
      });
    }

    const { number } = new DataGoogleProject(this, 'project', { projectId: project });
    const keys = gcpKeys(this, 'images', { project, location: imageMirror.location, ring: MIRROR_KEY_NAME, keys: { [MIRROR_KEY_NAME]: [serviceAgent(number, 'artifact-registry')] } });
    for (const host of mirroredHosts(settings)) {
      new ArtifactRegistryRepository(this, `mirror-${mirrorRepositoryName(imageMirror.repository, host)}`, {
        project,
        location: imageMirror.location,
        repositoryId: mirrorRepositoryName(imageMirror.repository, host),
        description: `Mirror of ${host}`,
        format: 'DOCKER',
        mode: 'REMOTE_REPOSITORY',
        kmsKeyName: keys[MIRROR_KEY_NAME]!.id,
        remoteRepositoryConfig: {
          description: host,
          dockerRepository: host === 'docker.io' ? { publicRepository: 'DOCKER_HUB' } : { customRepository: { uri: `https://${host}` } },
        },
        dependsOn: apis,
      });
    }
  }

  /** People connect; what they may do then is their groups' roles in the cluster. */
  private access(project: string, { access }: Settings): void {
    const role = new ProjectIamCustomRole(this, `connect-${project}`, {
      project,
      roleId: CONNECT_ROLE,
      title: 'Connect to staking clusters',
      description: 'Reach the control plane. Nothing in the cluster: Kubernetes permissions are RBAC groups alone.',
      permissions: ['container.clusters.connect', 'container.clusters.get', 'container.clusters.list'],
    });
    const groups = [...new Set(Object.values(access).flatMap(({ gcp }) => gcp))].sort();
    for (const group of groups) new ProjectIamMember(this, `connect-${project}-${group.replace(/[^a-z0-9]+/gi, '-')}`, { project, role: role.name, member: `group:${group}` });
    for (const [service, types] of Object.entries(AUDITED)) {
      new ProjectIamAuditConfig(this, `audit-${project}-${service}`, { project, service: `${service}.googleapis.com`, auditLogConfig: types.map((logType) => ({ logType })) });
    }
  }
}

const APIS = ['artifactregistry', 'binaryauthorization', 'cloudkms', 'cloudresourcemanager', 'compute', 'container', 'containersecurity', 'dns', 'iam', 'iamcredentials', 'iap', 'logging', 'monitoring', 'secretmanager', 'servicenetworking', 'sqladmin', 'storage', 'sts'] as const;

/** Uses of keys, identities and disks' snapshots that are not logged unless asked for. */
const AUDITED: Readonly<Record<string, readonly string[]>> = {
  cloudkms: ['DATA_READ', 'DATA_WRITE'],
  iam: ['DATA_READ', 'DATA_WRITE'],
  storage: ['DATA_READ', 'DATA_WRITE'],
  sts: ['DATA_READ', 'DATA_WRITE'],
};

/** `**` crosses slashes, `*` doesn't; without either a pattern is one image. */
function allowedImages({ fleet: { infrastructure, settings } }: StackContext): string[] {
  const { project, imageMirror } = infrastructure.gcp;
  const mirror = mirroredHosts(settings).map((host) => `${imageMirror.location}-docker.pkg.dev/${project}/${mirrorRepositoryName(imageMirror.repository, host)}/**`);
  return [...mirror, ...settings.registries.map((prefix) => `${prefix}/**`)];
}
