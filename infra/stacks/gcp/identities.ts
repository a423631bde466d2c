import { IamWorkloadIdentityPool } from '@cdktf/provider-google/lib/iam-workload-identity-pool';
import { IamWorkloadIdentityPoolProvider } from '@cdktf/provider-google/lib/iam-workload-identity-pool-provider';
import { KmsCryptoKeyIamMember } from '@cdktf/provider-google/lib/kms-crypto-key-iam-member';
import { ProjectIamCustomRole } from '@cdktf/provider-google/lib/project-iam-custom-role';
import { ProjectIamMember } from '@cdktf/provider-google/lib/project-iam-member';
import { ServiceAccount } from '@cdktf/provider-google/lib/service-account';
import { ServiceAccountIamMember } from '@cdktf/provider-google/lib/service-account-iam-member';
import { SqlUser } from '@cdktf/provider-google/lib/sql-user';
import { StorageBucketIamMember } from '@cdktf/provider-google/lib/storage-bucket-iam-member';
import type { Construct } from 'constructs';
import { SYSTEM_NAMESPACE } from '../../../naming';
import {
  DATABASE_NAME,
  ENVELOPE_KEY_NAME,
  FEDERATION_AUDIENCE,
  FEDERATION_POOL,
  federatedSubject,
  gcpKeyId,
  SERVICE_IDENTITIES,
  serviceIdentityName,
  snapshotsBucketName,
  type ServiceIdentity,
} from '../../../naming/clouds';
import { eksIssuers, gkeClusters } from '../../context/gcp';
import { GcpStack } from '../stack';
import type { StackContext } from '../../context';

/**
 * Who our programs are on Google Cloud. No long-lived key anywhere: a pod on GKE is taken for its service account by Workload Identity, and one on
 * EKS by the token that its cluster signs, whose issuer is known from `fleet/observed/`.
 *
 * Workload Identity goes by project, namespace and service account, not by cluster: clusters of one project are one to it. Clusters that must not
 * be taken for each other are put in projects of their own. On EKS each cluster is a name of its own.
 */
export class GcpIdentitiesStack extends GcpStack {
  private readonly project: string;

  constructor(scope: Construct, id: string, private readonly context: StackContext) {
    const { project, region } = context.fleet.infrastructure.gcp;
    super(scope, id, context, { project, region });
    this.project = project;
    const accounts = Object.fromEntries(
      SERVICE_IDENTITIES.map((identity) => [
        identity,
        new ServiceAccount(this, identity, { project, accountId: serviceIdentityName(identity), displayName: `Stockade: ${identity}`, description: 'A program of stockade-system. It has no key.' }),
      ]),
    ) as Record<ServiceIdentity, ServiceAccount>;
    this.fromGke(accounts);
    this.fromEks(accounts);
    this.snapshots(accounts);
    if (context.fleet.infrastructure.home.cloud === 'gcp') this.secretManager(accounts['secret-manager']);
  }

  private fromGke(accounts: Record<ServiceIdentity, ServiceAccount>): void {
    for (const identity of SERVICE_IDENTITIES) {
      const projects = new Set(gkeClusters(this.context.fleet.clusters).filter(({ region }) => this.runsIn(identity, 'gcp', region)).map(({ project }) => project));
      for (const project of projects) {
        new ServiceAccountIamMember(this, `${identity}-gke-${project}`, {
          serviceAccountId: accounts[identity].name,
          role: 'roles/iam.workloadIdentityUser',
          member: `serviceAccount:${project}.svc.id.goog[${SYSTEM_NAMESPACE}/${identity}]`,
        });
      }
    }
  }

  /** A cluster whose issuer is not recorded yet is left out; synthesis says so. */
  private fromEks(accounts: Record<ServiceIdentity, ServiceAccount>): void {
    const { project } = this;
    const pool = new IamWorkloadIdentityPool(this, 'eks', { project, workloadIdentityPoolId: FEDERATION_POOL, displayName: 'EKS clusters', description: 'Programs of stockade-system in EKS clusters.' });
    for (const { name, region, issuer } of eksIssuers(this.context)) {
      const identities = SERVICE_IDENTITIES.filter((identity) => this.runsIn(identity, 'aws', region));
      const claims = "assertion['kubernetes.io']";
      const provider = new IamWorkloadIdentityPoolProvider(this, `eks-${name}`, {
        project,
        workloadIdentityPoolId: pool.workloadIdentityPoolId,
        workloadIdentityPoolProviderId: name,
        displayName: name,
        attributeMapping: { 'google.subject': `'${name}/' + ${claims}.namespace + '/' + ${claims}.serviceaccount.name` },
        attributeCondition: `${claims}.namespace == '${SYSTEM_NAMESPACE}' && ${claims}.serviceaccount.name in [${identities.map((identity) => `'${identity}'`).join(', ')}]`,
        oidc: { issuerUri: issuer, allowedAudiences: [FEDERATION_AUDIENCE.gcp] },
      });
      for (const identity of identities) {
        new ServiceAccountIamMember(this, `${identity}-eks-${name}`, {
          serviceAccountId: accounts[identity].name,
          role: 'roles/iam.workloadIdentityUser',
          member: `principal://iam.googleapis.com/${pool.name}/subject/${federatedSubject(name, SYSTEM_NAMESPACE, identity)}`,
          dependsOn: [provider],
        });
      }
    }
  }

  /** The writer adds and looks; it overwrites and deletes nothing. The reader looks. */
  private snapshots(accounts: Record<ServiceIdentity, ServiceAccount>): void {
    const { project } = this;
    const bucket = snapshotsBucketName(this.context.fleet.infrastructure.snapshots.bucketPrefix, 'gcp');
    const looks = ['storage.objects.get', 'storage.objects.list'];
    const roles = {
      'snapshot-writer': { roleId: 'stockadeSnapshotWriter', title: 'Write snapshots', permissions: ['storage.objects.create', ...looks, 'storage.objects.setRetention', 'storage.multipartUploads.create', 'storage.multipartUploads.abort', 'storage.multipartUploads.listParts'] },
      'snapshot-reader': { roleId: 'stockadeSnapshotReader', title: 'Read snapshots', permissions: looks },
    } as const;
    for (const [identity, { roleId, title, permissions }] of Object.entries(roles)) {
      const role = new ProjectIamCustomRole(this, `${identity}-role`, { project, roleId, title, permissions: [...permissions] });
      new StorageBucketIamMember(this, `${identity}-bucket`, { bucket, role: role.name, member: accounts[identity as ServiceIdentity].member });
    }
  }

  private secretManager(account: ServiceAccount): void {
    const { project } = this;
    const { home } = this.context.fleet.infrastructure;
    new KmsCryptoKeyIamMember(this, 'secret-manager-envelope', {
      cryptoKeyId: gcpKeyId(project, home.region, ENVELOPE_KEY_NAME, ENVELOPE_KEY_NAME),
      role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter',
      member: account.member,
    });
    const role = new ProjectIamCustomRole(this, 'database-login-role', {
      project,
      roleId: 'stockadeDatabaseLogin',
      title: 'Log in to the secret manager\'s database',
      permissions: ['cloudsql.instances.get', 'cloudsql.instances.login'],
    });
    new ProjectIamMember(this, 'secret-manager-database', {
      project,
      role: role.name,
      member: account.member,
      condition: { title: 'this database alone', expression: `resource.name == 'projects/${project}/instances/${DATABASE_NAME}' && resource.type == 'sqladmin.googleapis.com/Instance'` },
    });
    // Cloud SQL leaves the end of the address off.
    new SqlUser(this, 'secret-manager-user', { project, instance: DATABASE_NAME, type: 'CLOUD_IAM_SERVICE_ACCOUNT', name: `${serviceIdentityName('secret-manager')}@${project}.iam`, deletionPolicy: 'ABANDON', dependsOn: [account] });
  }

  /** The secret manager runs where its database is, and nowhere else. */
  private runsIn(identity: ServiceIdentity, cloud: 'gcp' | 'aws', region: string): boolean {
    const { home } = this.context.fleet.infrastructure;
    return identity !== 'secret-manager' || (cloud === home.cloud && region === home.region);
  }
}
