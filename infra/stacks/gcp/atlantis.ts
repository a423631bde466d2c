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
import { IapTunnelInstanceIamMember } from '@cdktf/provider-google/lib/iap-tunnel-instance-iam-member';
import { KmsCryptoKey } from '@cdktf/provider-google/lib/kms-crypto-key';
import { KmsCryptoKeyIamMember } from '@cdktf/provider-google/lib/kms-crypto-key-iam-member';
import { KmsKeyRing } from '@cdktf/provider-google/lib/kms-key-ring';
import { ProjectIamMember } from '@cdktf/provider-google/lib/project-iam-member';
import { SecretManagerSecretIamMember } from '@cdktf/provider-google/lib/secret-manager-secret-iam-member';
import type { Construct } from 'constructs';
import { ATLANTIS_NAME, MANAGEMENT_NETWORK, serviceAccountEmail } from '../../../naming/clouds';
import { ATLANTIS_PORT, inArtifactRegistry, machineScript } from '../../machines/atlantis';
import { GcpStack } from '../stack';
import type { StackContext } from '../../context';

/** Google's load balancers and health checks (https://cloud.google.com/load-balancing/docs/firewall-rules). */
const LOAD_BALANCERS = ['130.211.0.0/22', '35.191.0.0/16'] as const;
/** Tunnels of Identity-Aware Proxy (https://cloud.google.com/iap/docs/using-tcp-forwarding). */
const TUNNELS = ['35.235.240.0/20'] as const;

/**
 * Atlantis: one machine without a public address in the management network, from which it reaches control planes. Webhooks come through an HTTPS load balancer that
 * refuses everybody but the Git host. Its identity is the automation stack's; here it is given what only this machine needs. Its pages, on which
 * locks can be taken away, break-glass reaches through a tunnel of IAP, and nobody else.
 */
export class GcpAtlantisStack extends GcpStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { settings, infrastructure: { gcp, atlantis } } = context.fleet;
    const { project, management } = gcp;
    const { region } = management;
    super(scope, id, context, { project, region });
    const email = serviceAccountEmail(ATLANTIS_NAME, project);
    const member = `serviceAccount:${email}`;
    for (const [what, secretId] of Object.entries(atlantis.secrets)) new SecretManagerSecretIamMember(this, `secret-${what}`, { project, secretId, role: 'roles/secretmanager.secretAccessor', member });
    const owner = inArtifactRegistry(atlantis.image);
    if (owner !== undefined) new ProjectIamMember(this, 'image', { project: owner, role: 'roles/artifactregistry.reader', member });

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
      serviceAccount: { email, scopes: ['cloud-platform'] },
      shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
      metadata: { 'startup-script': machineScript(context), 'enable-oslogin': 'TRUE', 'block-project-ssh-keys': 'TRUE', 'serial-port-enable': 'FALSE' },
      dependsOn: [disks],
    });

    for (const [from, ranges] of Object.entries({ 'load-balancers': LOAD_BALANCERS, tunnels: TUNNELS })) {
      new ComputeFirewall(this, `from-${from}`, {
        project,
        name: `${ATLANTIS_NAME}-from-${from}`,
        network: MANAGEMENT_NETWORK,
        direction: 'INGRESS',
        sourceRanges: [...ranges],
        targetTags: [ATLANTIS_NAME],
        allow: [{ protocol: 'tcp', ports: [String(ATLANTIS_PORT)] }],
        logConfig: { metadata: 'INCLUDE_ALL_METADATA' },
      });
    }
    for (const group of settings.access.breakGlass.gcp) new IapTunnelInstanceIamMember(this, `tunnel-${group.replace(/[^a-z0-9]+/gi, '-')}`, { project, zone: atlantis.zone, instance: machine.name, role: 'roles/iap.tunnelResourceAccessor', member: `group:${group}` });
    const group = new ComputeInstanceGroup(this, 'group', { project, zone: atlantis.zone, name: ATLANTIS_NAME, instances: [machine.selfLink], namedPort: [{ name: 'http', port: ATLANTIS_PORT }] });
    const health = new ComputeHealthCheck(this, 'health', { project, name: ATLANTIS_NAME, httpHealthCheck: { port: ATLANTIS_PORT, requestPath: '/healthz' } });
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
