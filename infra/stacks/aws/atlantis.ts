import type { Construct } from 'constructs';
import { AcmCertificate } from '@cdktf/provider-aws/lib/acm-certificate';
import { AcmCertificateValidation } from '@cdktf/provider-aws/lib/acm-certificate-validation';
import { IamInstanceProfile } from '@cdktf/provider-aws/lib/iam-instance-profile';
import { Instance } from '@cdktf/provider-aws/lib/instance';
import { Lb } from '@cdktf/provider-aws/lib/lb';
import { LbListener } from '@cdktf/provider-aws/lib/lb-listener';
import { LbListenerRule } from '@cdktf/provider-aws/lib/lb-listener-rule';
import { LbTargetGroup } from '@cdktf/provider-aws/lib/lb-target-group';
import { LbTargetGroupAttachment } from '@cdktf/provider-aws/lib/lb-target-group-attachment';
import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group';
import { SsmParameter } from '@cdktf/provider-aws/lib/ssm-parameter';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule';
import { DataGoogleProject } from '@cdktf/provider-google/lib/data-google-project';
import { GoogleProvider } from '@cdktf/provider-google/lib/provider';
import { TerraformOutput } from 'cdktf';
import { ATLANTIS_NAME, MANAGEMENT_NETWORK, managementSubnetName } from '../../../naming/clouds';
import { Lookups } from '../../aws/lookups';
import { encryptionKey, usesThrough } from '../../aws/policies';
import { ATLANTIS_PORT, fetchScript, machineScript, SCRIPT_PARAMETER } from '../../machines/atlantis';
import { AwsStack } from '../stack';
import type { StackContext } from '../../context';

/**
 * Atlantis: one machine without a public address in the management network, which is peered to every cluster's. Webhooks come through an HTTPS load balancer that lets in
 * nobody but the Git host, to one path. Its identity is the automation stack's. Its pages, on which locks can be taken away, are reached by Session Manager: by whom, IAM says.
 */
export class AwsAtlantisStack extends AwsStack {
  constructor(scope: Construct, id: string, context: StackContext) {
    const { atlantis, gcp, aws: { account, management: { region, zones } } } = context.fleet.infrastructure;
    super(scope, id, context, { account, region });
    const found = new Lookups(this);
    const vpcId = found.vpcId(MANAGEMENT_NETWORK);
    const named = (Name: string) => ({ Name });

    const key = encryptionKey(this, 'key', { account, alias: ATLANTIS_NAME, description: "Disk of Atlantis' machine", uses: usesThrough(account, region, 'ec2') });

    const firewall = (which: string, description: string): SecurityGroup =>
      new SecurityGroup(this, `${which}-firewall`, { name: `${ATLANTIS_NAME}-${which}`, description, vpcId, tags: named(`${ATLANTIS_NAME}-${which}`) });
    const [front, machineFirewall] = [firewall('front', 'The Git host in, Atlantis out'), firewall('machine', 'The load balancer in, HTTPS out')];
    const tcp = (port: number) => ({ ipProtocol: 'tcp', fromPort: port, toPort: port });
    atlantis.webhookRanges.forEach((cidrIpv4, index) => new VpcSecurityGroupIngressRule(this, `webhooks-${index}`, { securityGroupId: front.id, ...tcp(443), cidrIpv4, description: 'Webhooks' }));
    new VpcSecurityGroupEgressRule(this, 'front-to-machine', { securityGroupId: front.id, ...tcp(ATLANTIS_PORT), referencedSecurityGroupId: machineFirewall.id, description: 'Atlantis' });
    new VpcSecurityGroupIngressRule(this, 'machine-from-front', { securityGroupId: machineFirewall.id, ...tcp(ATLANTIS_PORT), referencedSecurityGroupId: front.id, description: 'Load balancer' });
    new VpcSecurityGroupEgressRule(this, 'machine-out', { securityGroupId: machineFirewall.id, ...tcp(443), cidrIpv4: '0.0.0.0/0', description: 'Clouds, control planes, the Git host and registries' });

    // Google's number of its project is what the pool there, which knows this machine, is named by.
    new GoogleProvider(this, 'google', { project: gcp.project, region: gcp.region });
    const { number } = new DataGoogleProject(this, 'project', { projectId: gcp.project });
    const script = new SsmParameter(this, 'script', { name: SCRIPT_PARAMETER, description: "What Atlantis' machine runs at each start: names, no secret", type: 'String', tier: 'Standard', value: machineScript(context, { STOCKADE_GCP_PROJECT_NUMBER: number }) });
    const profile = new IamInstanceProfile(this, 'profile', { name: ATLANTIS_NAME, role: ATLANTIS_NAME });
    const machine = new Instance(this, 'machine', {
      ami: atlantis.bootImage,
      instanceType: atlantis.machineType,
      subnetId: found.subnetId(MANAGEMENT_NETWORK, managementSubnetName('private', atlantis.zone)),
      associatePublicIpAddress: false,
      vpcSecurityGroupIds: [machineFirewall.id],
      iamInstanceProfile: profile.name,
      // Terraform runs on it: who stops it here, stops himself, and nobody starts it again.
      disableApiStop: true,
      disableApiTermination: true,
      // On its host's own network: a hop further nobody is answered.
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1, instanceMetadataTags: 'disabled' },
      rootBlockDevice: { encrypted: true, kmsKeyId: key.arn, volumeSize: atlantis.diskGiB, volumeType: 'gp3', deleteOnTermination: true },
      userData: fetchScript(region),
      tags: named(ATLANTIS_NAME),
      // With the instance, in one call. Of the volume alone they would be set later, as of one that nobody's yet is.
      volumeTags: named(ATLANTIS_NAME),
      dependsOn: [script],
    });

    const balancer = new Lb(this, 'front', {
      name: ATLANTIS_NAME,
      internal: false,
      loadBalancerType: 'application',
      securityGroups: [front.id],
      subnets: zones.map((zone) => found.subnetId(MANAGEMENT_NETWORK, managementSubnetName('public', zone))),
      enableDeletionProtection: true,
      dropInvalidHeaderFields: true,
      desyncMitigationMode: 'strictest',
      tags: named(ATLANTIS_NAME),
    });
    const targets = new LbTargetGroup(this, 'targets', { name: ATLANTIS_NAME, vpcId, port: ATLANTIS_PORT, protocol: 'HTTP', targetType: 'instance', healthCheck: { path: '/healthz', matcher: '200' } });
    new LbTargetGroupAttachment(this, 'target', { targetGroupArn: targets.arn, targetId: machine.id, port: ATLANTIS_PORT });
    const certificate = new AcmCertificate(this, 'certificate', { domainName: atlantis.hostname, validationMethod: 'DNS', lifecycle: { createBeforeDestroy: true } });
    // Waits until the record below is in the DNS, which is yours.
    const validated = new AcmCertificateValidation(this, 'validation', { certificateArn: certificate.arn, timeouts: { create: '45m' } });
    const listener = new LbListener(this, 'https', {
      loadBalancerArn: balancer.arn,
      port: 443,
      protocol: 'HTTPS',
      sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      certificateArn: validated.certificateArn,
      defaultAction: [{ type: 'fixed-response', fixedResponse: { contentType: 'text/plain', statusCode: '403' } }],
    });
    // Of the whole server the Git host sees one path.
    new LbListenerRule(this, 'webhooks', { listenerArn: listener.arn, priority: 1, action: [{ type: 'forward', targetGroupArn: targets.arn }], condition: [{ pathPattern: { values: ['/events'] } }] });
    new TerraformOutput(this, 'front-name', { value: balancer.dnsName, description: `What the name ${atlantis.hostname} is to be an alias of` }).overrideLogicalId('front_name');
    new TerraformOutput(this, 'certificate-records', { value: certificate.domainValidationOptions, description: 'Record by which the certificate is issued' }).overrideLogicalId('certificate_records');
  }
}
