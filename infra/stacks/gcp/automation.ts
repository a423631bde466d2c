import { DataGoogleProject } from '@cdktf/provider-google/lib/data-google-project';
import { IamWorkloadIdentityPool } from '@cdktf/provider-google/lib/iam-workload-identity-pool';
import { IamWorkloadIdentityPoolProvider } from '@cdktf/provider-google/lib/iam-workload-identity-pool-provider';
import { ProjectIamMember } from '@cdktf/provider-google/lib/project-iam-member';
import { ServiceAccount } from '@cdktf/provider-google/lib/service-account';
import { ServiceAccountIamMember } from '@cdktf/provider-google/lib/service-account-iam-member';
import { StorageBucketIamMember } from '@cdktf/provider-google/lib/storage-bucket-iam-member';
import type { Construct } from 'constructs';
import { ATLANTIS_NAME, ATLANTIS_POOL_PROVIDER, AUTOMATION_IDENTITIES, automationIdentityName, type AutomationIdentity, CONNECT_ROLE } from '../../../naming/clouds';
import { gcpProjects } from '../../context/gcp';
import { GcpStack } from '../stack';
import type { StackContext } from '../../context';

/** What the plan identity may do in every project of the fleet: look at what stacks make. No role reads a secret's content, nor an object of a bucket. */
const PLAN_ROLES = [
  'roles/artifactregistry.reader',
  'roles/binaryauthorization.policyViewer',
  'roles/browser',
  'roles/cloudkms.viewer',
  'roles/cloudsql.viewer',
  'roles/compute.viewer',
  'roles/container.clusterViewer',
  'roles/dns.reader',
  'roles/iam.roleViewer',
  'roles/iam.securityReviewer',
  'roles/iam.serviceAccountViewer',
  'roles/iam.workloadIdentityPoolViewer',
  'roles/secretmanager.viewer',
  'roles/serviceusage.serviceUsageViewer',
  'roles/storage.bucketViewer',
] as const;

/**
 * What the apply identity may do, by what stacks make. Whoever may write IAM may give itself anything: its use is bound to reviewed plans, to this one machine,
 * and to the audit log. It may not read a secret's content.
 */
const APPLY_ROLES = [
  'roles/artifactregistry.admin',
  'roles/binaryauthorization.policyEditor',
  'roles/cloudkms.admin',
  'roles/cloudsql.admin',
  'roles/compute.admin',
  // Cluster admin as well, by way of the cloud's IAM: the identity that builds clusters.
  'roles/container.admin',
  'roles/dns.admin',
  'roles/iam.roleAdmin',
  'roles/iam.serviceAccountAdmin',
  'roles/iam.serviceAccountUser',
  'roles/iam.workloadIdentityPoolAdmin',
  'roles/iap.admin',
  'roles/resourcemanager.projectIamAdmin',
  'roles/serviceusage.serviceUsageAdmin',
  'roles/storage.admin',
] as const;

/** Roles on a project, by identity. What they may do in a cluster, their groups say; the role that lets one connect is the foundation's. */
const rolesOf = (identity: AutomationIdentity, project: string): readonly string[] => {
  const connect = `projects/${project}/roles/${CONNECT_ROLE}`;
  return { plan: [...PLAN_ROLES, connect], apply: APPLY_ROLES, deploy: [connect] }[identity];
};

/** On the bucket of Terraform's state. */
const STATE_ROLES: Readonly<Record<AutomationIdentity, string | undefined>> = { plan: 'roles/storage.objectViewer', apply: 'roles/storage.objectAdmin', deploy: undefined };

/**
 * Who Atlantis is on Google Cloud. Its machine may become these identities and do nothing by itself: at home it has a service account here, and on Amazon it is known by the
 * role of its instance, without a key.
 */
export class GcpAutomationStack extends GcpStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { gcp: { project, region }, state } = context.fleet.infrastructure;
    super(scope, id, context, { project, region });
    const machine = this.machine(context);
    for (const identity of AUTOMATION_IDENTITIES) {
      const account = new ServiceAccount(this, identity, { project, accountId: automationIdentityName(identity), displayName: `Atlantis, ${identity}`, description: 'Has no key: Atlantis becomes it' });
      new ServiceAccountIamMember(this, `${identity}-by-machine`, { serviceAccountId: account.name, ...machine });
      for (const where of gcpProjects(context)) {
        for (const role of rolesOf(identity, where)) new ProjectIamMember(this, `${identity}-${where}-${role.split('/').at(-1)!.replaceAll('.', '-')}`, { project: where, role, member: account.member });
      }
      const stateRole = STATE_ROLES[identity];
      if (stateRole !== undefined) new StorageBucketIamMember(this, `${identity}-state`, { bucket: state.gcp.bucket, role: stateRole, member: account.member });
    }
  }

  /** Atlantis' machine, and by which role it becomes another account. */
  private machine({ fleet: { infrastructure: { home, gcp: { project }, aws: { account } } } }: StackContext): { readonly member: string; readonly role: string } {
    if (home.cloud === 'gcp') {
      const machine = new ServiceAccount(this, 'machine', { project, accountId: ATLANTIS_NAME, displayName: 'Atlantis, the machine', description: 'Becomes plan, apply and deploy; may do nothing by itself' });
      return { member: machine.member, role: 'roles/iam.serviceAccountTokenCreator' };
    }
    const machine = `arn:aws:sts::${account}:assumed-role/${ATLANTIS_NAME}`;
    const pool = new IamWorkloadIdentityPool(this, 'amazon', { project, workloadIdentityPoolId: ATLANTIS_NAME, displayName: 'Atlantis on Amazon', description: "Atlantis' machine, by the role of its instance." });
    new IamWorkloadIdentityPoolProvider(this, 'amazon-account', {
      project,
      workloadIdentityPoolId: pool.workloadIdentityPoolId,
      workloadIdentityPoolProviderId: ATLANTIS_POOL_PROVIDER,
      displayName: 'Amazon',
      // The session's name, which is the instance's, is left out: every machine of the role is the same to us.
      attributeMapping: { 'google.subject': "assertion.arn.extract('assumed-role/{role}/')" },
      attributeCondition: `assertion.arn.startsWith('${machine}/')`,
      aws: { accountId: account },
    });
    const { number } = new DataGoogleProject(this, 'project', { projectId: project });
    return { member: `principal://iam.googleapis.com/projects/${number}/locations/global/workloadIdentityPools/${ATLANTIS_NAME}/subject/${ATLANTIS_NAME}`, role: 'roles/iam.workloadIdentityUser' };
  }
}
