import { ComputeBackendService } from '@cdktf/provider-google/lib/compute-backend-service';
import { ComputeFirewall } from '@cdktf/provider-google/lib/compute-firewall';
import { ComputeGlobalAddress } from '@cdktf/provider-google/lib/compute-global-address';
import { ComputeGlobalForwardingRule } from '@cdktf/provider-google/lib/compute-global-forwarding-rule';
import { ComputeHealthCheck } from '@cdktf/provider-google/lib/compute-health-check';
import { ComputeInstance } from '@cdktf/provider-google/lib/compute-instance';
import { ComputeInstanceGroup } from '@cdktf/provider-google/lib/compute-instance-group';
import { ComputeManagedSslCertificate } from '@cdktf/provider-google/lib/compute-managed-ssl-certificate';
import { ComputeSecurityPolicy } from '@cdktf/provider-google/lib/compute-security-policy';
import { ComputeSslPolicy } from '@cdktf/provider-google/lib/compute-ssl-policy';
import { ComputeTargetHttpsProxy } from '@cdktf/provider-google/lib/compute-target-https-proxy';
import { ComputeUrlMap } from '@cdktf/provider-google/lib/compute-url-map';
import { DataGoogleProject } from '@cdktf/provider-google/lib/data-google-project';
import { KmsCryptoKey } from '@cdktf/provider-google/lib/kms-crypto-key';
import { KmsCryptoKeyIamMember } from '@cdktf/provider-google/lib/kms-crypto-key-iam-member';
import { KmsKeyRing } from '@cdktf/provider-google/lib/kms-key-ring';
import { ProjectIamMember } from '@cdktf/provider-google/lib/project-iam-member';
import { SecretManagerSecretIamMember } from '@cdktf/provider-google/lib/secret-manager-secret-iam-member';
import { ServiceAccount } from '@cdktf/provider-google/lib/service-account';
import { ServiceAccountIamMember } from '@cdktf/provider-google/lib/service-account-iam-member';
import { StorageBucketIamMember } from '@cdktf/provider-google/lib/storage-bucket-iam-member';
import type { Construct } from 'constructs';
import { ATLANTIS_NAME, automationIdentityName, MANAGEMENT_NETWORK } from '../../../naming/clouds';
import { GcpStack, type StackContext } from '../stack';

/** What the plan identity may do in every project of the fleet: look at what stacks make. No role reads a secret's content, nor an object of a bucket. */
const PLAN_ROLES = [
  'roles/artifactregistry.reader',
  'roles/binaryauthorization.policyViewer',
  'roles/browser',
  'roles/cloudkms.viewer',
  'roles/cloudsql.viewer',
  'roles/compute.viewer',
  'roles/container.clusterViewer',
  'roles/iam.roleViewer',
  'roles/iam.securityReviewer',
  'roles/iam.serviceAccountViewer',
  'roles/iam.workloadIdentityPoolViewer',
  'roles/secretmanager.viewer',
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
  'roles/iam.roleAdmin',
  'roles/iam.serviceAccountAdmin',
  'roles/iam.serviceAccountUser',
  'roles/iam.workloadIdentityPoolAdmin',
  'roles/logging.configWriter',
  'roles/resourcemanager.projectIamAdmin',
  'roles/storage.admin',
] as const;

/** Google's load balancers and health checks (https://cloud.google.com/load-balancing/docs/firewall-rules). */
const LOAD_BALANCERS = ['130.211.0.0/22', '35.191.0.0/16'] as const;
const PORT = 4141;

/**
 * Atlantis: one machine without a public address in the management network, from which it reaches control planes. Webhooks come through an HTTPS load balancer that
 * refuses everybody but the Git host. The machine's own identity may become the plan and the apply identity, and do nothing else. People reach its pages through IAP.
 */
export class GcpAtlantisStack extends GcpStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { gcp, atlantis, state } = context.fleet.infrastructure;
    const { project, management } = gcp;
    const { region } = management;
    super(scope, id, context, { project, region });
    const projects = [...new Set([project, ...Object.values(context.fleet.clusters).flatMap((cluster) => (cluster.cloud === 'gcp' ? [cluster.project] : []))])].sort();

    const machineAccount = new ServiceAccount(this, 'machine', { project, accountId: ATLANTIS_NAME, displayName: 'Atlantis, the machine', description: 'Becomes stockade-plan and stockade-apply; may do nothing by itself' });
    const identities = (['plan', 'apply'] as const).map((which) => {
      const account = new ServiceAccount(this, which, { project, accountId: automationIdentityName(which), displayName: `Atlantis, ${which}` });
      new ServiceAccountIamMember(this, `${which}-by-machine`, { serviceAccountId: account.name, role: 'roles/iam.serviceAccountTokenCreator', member: machineAccount.member });
      for (const where of projects) {
        for (const role of which === 'plan' ? PLAN_ROLES : APPLY_ROLES) new ProjectIamMember(this, `${which}-${where}-${role.replace('roles/', '').replaceAll('.', '-')}`, { project: where, role, member: account.member });
      }
      return { which, account };
    });
    for (const { which, account } of identities) {
      new StorageBucketIamMember(this, `${which}-state`, { bucket: state.gcp.bucket, role: which === 'plan' ? 'roles/storage.objectViewer' : 'roles/storage.objectAdmin', member: account.member });
    }
    for (const [what, secretId] of Object.entries(atlantis.secrets)) new SecretManagerSecretIamMember(this, `secret-${what}`, { project, secretId, role: 'roles/secretmanager.secretAccessor', member: machineAccount.member });

    const ring = new KmsKeyRing(this, 'ring', { project, name: ATLANTIS_NAME, location: region, lifecycle: { preventDestroy: true } });
    const key = new KmsCryptoKey(this, 'key', { name: ATLANTIS_NAME, keyRing: ring.id, purpose: 'ENCRYPT_DECRYPT', rotationPeriod: `${90 * 24 * 3600}s`, destroyScheduledDuration: `${30 * 24 * 3600}s`, lifecycle: { preventDestroy: true } });
    const { number } = new DataGoogleProject(this, 'project', { projectId: project });
    const disks = new KmsCryptoKeyIamMember(this, 'key-for-disks', { cryptoKeyId: key.id, role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter', member: `serviceAccount:service-${number}@compute-system.iam.gserviceaccount.com` });

    const machine = new ComputeInstance(this, 'instance', {
      project,
      zone: atlantis.zone,
      name: ATLANTIS_NAME,
      machineType: atlantis.machineType,
      tags: [ATLANTIS_NAME],
      deletionProtection: true,
      allowStoppingForUpdate: true,
      bootDisk: { autoDelete: true, kmsKeySelfLink: key.id, initializeParams: { image: atlantis.bootImage, size: atlantis.diskGiB, type: 'pd-balanced' } },
      // No accessConfig: no public address.
      networkInterface: [{ subnetwork: `projects/${project}/regions/${region}/subnetworks/${MANAGEMENT_NETWORK}` }],
      serviceAccount: { email: machineAccount.email, scopes: ['cloud-platform'] },
      shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
      metadata: { 'user-data': cloudConfig(context), 'enable-oslogin': 'TRUE', 'block-project-ssh-keys': 'TRUE', 'serial-port-enable': 'FALSE' },
      dependsOn: [disks],
    });

    new ComputeFirewall(this, 'from-load-balancers', {
      project,
      name: `${ATLANTIS_NAME}-from-load-balancers`,
      network: MANAGEMENT_NETWORK,
      direction: 'INGRESS',
      sourceRanges: [...LOAD_BALANCERS],
      targetTags: [ATLANTIS_NAME],
      allow: [{ protocol: 'tcp', ports: [String(PORT)] }],
      logConfig: { metadata: 'INCLUDE_ALL_METADATA' },
    });
    const group = new ComputeInstanceGroup(this, 'group', { project, zone: atlantis.zone, name: ATLANTIS_NAME, instances: [machine.selfLink], namedPort: [{ name: 'http', port: PORT }] });
    const health = new ComputeHealthCheck(this, 'health', { project, name: ATLANTIS_NAME, httpHealthCheck: { port: PORT, requestPath: '/healthz' } });
    const onlyGit = new ComputeSecurityPolicy(this, 'only-the-git-host', {
      project,
      name: ATLANTIS_NAME,
      rule: [
        // Of the whole server the Git host sees one path.
        { action: 'allow', priority: 1000, description: 'Webhooks', match: { expr: { expression: `request.path == '/events' && (${atlantis.webhookRanges.map((range) => `inIpRange(origin.ip, '${range}')`).join(' || ')})` } } },
        { action: 'deny(403)', priority: 2_147_483_647, description: 'Everybody else', match: { versionedExpr: 'SRC_IPS_V1', config: { srcIpRanges: ['*'] } } },
      ],
    });
    const backend = new ComputeBackendService(this, 'server', { project, name: ATLANTIS_NAME, protocol: 'HTTP', portName: 'http', loadBalancingScheme: 'EXTERNAL_MANAGED', healthChecks: [health.id], securityPolicy: onlyGit.id, backend: [{ group: group.id }], logConfig: { enable: true, sampleRate: 1 } });
    const urls = new ComputeUrlMap(this, 'urls', { project, name: ATLANTIS_NAME, defaultService: backend.id });
    const certificate = new ComputeManagedSslCertificate(this, 'certificate', { project, name: ATLANTIS_NAME, managed: { domains: [atlantis.hostname] } });
    const tls = new ComputeSslPolicy(this, 'tls', { project, name: ATLANTIS_NAME, profile: 'RESTRICTED', minTlsVersion: 'TLS_1_2' });
    const proxy = new ComputeTargetHttpsProxy(this, 'proxy', { project, name: ATLANTIS_NAME, urlMap: urls.id, sslCertificates: [certificate.id], sslPolicy: tls.id });
    const address = new ComputeGlobalAddress(this, 'address', { project, name: ATLANTIS_NAME });
    new ComputeGlobalForwardingRule(this, 'entry', { project, name: ATLANTIS_NAME, loadBalancingScheme: 'EXTERNAL_MANAGED', target: proxy.id, ipAddress: address.id, portRange: '443' });
  }
}

/**
 * What the machine runs, in the form of cloud-init. Secrets are fetched by name when it starts, kept in memory (`/run`), and are part of neither the state nor the
 * machine's metadata. The container may make user namespaces, which Docker's default profile refuses: the sandbox is made of them.
 */
function cloudConfig({ fleet: { infrastructure } }: StackContext): string {
  const { gcp, atlantis, state } = infrastructure;
  const image = `${atlantis.image}${atlantis.digest === undefined ? `:${atlantis.version}` : `@${atlantis.digest}`}`;
  const account = (which: 'plan' | 'apply'): string => `${automationIdentityName(which)}@${gcp.project}.iam.gserviceaccount.com`;
  const settings = [
    `ATLANTIS_ATLANTIS_URL=https://${atlantis.hostname}`,
    `ATLANTIS_REPO_ALLOWLIST=${atlantis.repository}`,
    `STOCKADE_STATE_BUCKETS=${state.gcp.bucket} ${state.aws.bucket}`,
    `STOCKADE_GCP_PLAN=${account('plan')}`,
    `STOCKADE_GCP_APPLY=${account('apply')}`,
  ];
  const fetch = [
    '#!/bin/bash',
    'set -euo pipefail; umask 077',
    'metadata=http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token',
    `token=$(curl -fsS -H 'Metadata-Flavor: Google' "$metadata" | grep -o '"access_token":"[^"]*"' | cut -d'"' -f4)`,
    `secret() { curl -fsS -H "Authorization: Bearer $token" "https://secretmanager.googleapis.com/v1/projects/${gcp.project}/secrets/$1/versions/latest:access" | grep -o '"data": *"[^"]*"' | cut -d'"' -f4 | base64 -d; }`,
    `{ echo "ATLANTIS_GH_TOKEN=$(secret ${atlantis.secrets.token})"; echo "ATLANTIS_GH_WEBHOOK_SECRET=$(secret ${atlantis.secrets.webhook})"; } > /run/atlantis.env`,
  ];
  const unit = [
    '[Unit]',
    'Description=Atlantis',
    'Wants=network-online.target',
    'After=network-online.target docker.service',
    '[Service]',
    'Restart=always',
    'RestartSec=10',
    'ExecStartPre=/bin/bash /etc/atlantis/fetch-secrets',
    'ExecStartPre=-/usr/bin/docker rm -f atlantis',
    `ExecStart=/usr/bin/docker run --rm --name atlantis --env-file /etc/atlantis/settings --env-file /run/atlantis.env --cap-drop ALL --security-opt no-new-privileges --security-opt seccomp=unconfined --security-opt apparmor=unconfined --volume /var/lib/atlantis:/var/lib/stockade --publish ${PORT}:${PORT} ${image} server`,
    'ExecStop=/usr/bin/docker stop -t 60 atlantis',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
  const file = (path: string, lines: readonly string[]): object => ({ path, permissions: '0600', owner: 'root', content: `${lines.join('\n')}\n` });
  // JSON is YAML. What bash means by "${" would be Terraform's: there is none above.
  return `#cloud-config\n${JSON.stringify({
    write_files: [file('/etc/atlantis/settings', settings), file('/etc/atlantis/fetch-secrets', fetch), file('/etc/systemd/system/atlantis.service', unit)],
    runcmd: ['install -d -o 100 -g 1000 -m 0700 /var/lib/atlantis', 'systemctl daemon-reload', 'systemctl enable --now atlantis.service'],
  })}\n`;
}
