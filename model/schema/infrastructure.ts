import { z } from 'zod';
import { cidr, gibibytes, imageRepository, machineVersion, name, version } from './primitives';

const gcpProject = z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be a GCP project id');
const awsAccount = z.string().regex(/^[0-9]{12}$/, 'must be a 12 digit AWS account id in quotes');
const region = z.string().min(1);
const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, 'must be lower case letters, digits and "-", 3 to 63 of them: what both clouds take for a bucket');
const principals = z
  .array(z.string().regex(/^arn:aws:iam::[0-9]{12}:role\/.+$/, 'must be the ARN of an IAM role'))
  .min(1);

const secretName = z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, 'must be letters, digits, "_" and "-"');

const releaseVersion = z.string().regex(/^v?[0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.+-]*$/, 'must be one whole version, such as "3.23.1"');

const time = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'must be a time in UTC, such as "03:00", in quotes');
const date = z.iso.date();

const maintenance = z
  .strictObject({
    start: time.describe('When a window opens, in UTC.'),
    hours: z.number().int().min(4).max(24).describe('How long it stays open. GKE asks for at least 4.'),
    days: z.array(z.enum(['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'])).min(2).describe('GKE asks for 48 hours in 32 days, so for two days a week at least.'),
    exclusions: z
      .array(z.strictObject({ name, from: date, to: date }))
      .max(20)
      .default([])
      .describe('Spans of days, in UTC, both included, in which no machine and no control plane is upgraded unasked.'),
  })
  .describe('When the clouds may touch control planes and machines on their own.');

const managementNetwork = z.strictObject({
  region,
  range: cidr.describe('Atlantis and what it runs have addresses of it; private control planes let it in.'),
});

const systemPool = z
  .strictObject({
    machineType: z.string().min(1),
    machinesPerZone: z.number().int().min(1).max(20),
    bootDiskGiB: gibibytes,
    machineVersion: machineVersion.optional(),
  })
  .describe('Machines in every zone of every cluster for what is no staking pod: DNS, Gatekeeper, the secret manager, monitoring. Staking pools are tainted against them.');

const tombstone = z
  .discriminatedUnion('cloud', [
    z.strictObject({ cluster: name, cloud: z.literal('gcp'), project: gcpProject, region, destroyed: z.boolean() }),
    z.strictObject({ cluster: name, cloud: z.literal('aws'), account: awsAccount, region, destroyed: z.boolean() }),
  ])
  .describe('A cluster that was taken out of the fleet. Its stacks stay listed, empty, until all of them are destroyed; then `destroyed: true`.');

/** `fleet/infrastructure.yaml`: what the clouds hold for the whole fleet, beside its clusters. Only Terraform needs it. */
export const infrastructureSchema = z.strictObject({
  state: z
    .strictObject({
      gcp: z.strictObject({ project: gcpProject, bucket, location: region }),
      aws: z.strictObject({ account: awsAccount, bucket, region }),
    })
    .describe('Where Terraform keeps its state: that of each stack in a bucket of the stack\'s own cloud.'),
  gcp: z.strictObject({
    project: gcpProject.describe('Project of what the whole fleet shares.'),
    region,
    releaseChannel: z.enum(['REGULAR', 'STABLE', 'EXTENDED']).describe('Release channel of every GKE cluster.'),
    upgradesHeld: z
      .strictObject({ from: date, until: date })
      .describe('Days, in UTC, both included, in which GKE upgrades no minor version and no machine on its own. GKE takes no end beyond that of support for the minor: move it with each upgrade.'),
    securityGroup: z
      .string()
      .regex(/^gke-security-groups@[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be "gke-security-groups@" and the organisation\'s domain')
      .describe('Google group whose member groups RBAC may name. All of `access` are members of it.'),
    natAddresses: z.number().int().min(1).max(20).describe('Fixed addresses of each cluster\'s NAT. One has 64,512 ports, of which each machine keeps `natPortsPerMachine`.'),
    natPortsPerMachine: z
      .number()
      .int()
      .refine((ports) => ports >= 64 && ports <= 65536 && Number.isInteger(Math.log2(ports)), { message: 'must be a power of 2 from 64 to 65536' })
      .describe('Ports of the NAT that each private machine has for itself: one for each connection to one destination. P2P clients hold hundreds.'),
    imageMirror: z.strictObject({ location: region, repository: name }).describe('Artifact Registry repository that clusters pull staking images from.'),
    snapshotsLocation: region.describe('Location of the bucket of snapshots: a region or a dual-region.'),
    systemPool,
    management: managementNetwork,
  }),
  aws: z.strictObject({
    account: awsAccount.describe('Account of what the whole fleet shares.'),
    region,
    principals: z
      .strictObject({ viewers: principals, operators: principals, deployers: principals, planners: principals, breakGlass: principals, dataCustodians: principals, platform: principals })
      .describe('IAM roles, beside those of Atlantis, that may connect to EKS clusters, by the Kubernetes group they are put in.'),
    addOns: z
      .strictObject({ vpcCni: releaseVersion, kubeProxy: releaseVersion, coreDns: releaseVersion, ebsCsiDriver: releaseVersion, snapshotController: releaseVersion, podIdentityAgent: releaseVersion })
      .describe('Versions of EKS add-ons, as `aws eks describe-addon-versions` lists them.'),
    snapshotsRegion: region.describe('Region of the bucket of snapshots.'),
    systemPool,
    management: managementNetwork.extend({ zones: z.array(z.string().min(1)).min(2).describe('Zones of the network, two at least: a database that is highly available needs them.') }),
  }),
  home: z
    .strictObject({
      cloud: z.enum(['gcp', 'aws']),
      region,
      database: z.strictObject({
        machine: z.string().min(1).describe('Cloud SQL tier or RDS instance class.'),
        version: z.string().regex(/^[0-9]{2}$/, 'must be a major version of PostgreSQL in quotes, such as "17"'),
        storageGiB: gibibytes,
        backupDays: z.number().int().min(7).max(35),
      }),
      range: cidr.describe('Private range of the database, in the management network\'s cloud.'),
    })
    .describe('Where the secret manager\'s database is. Other regions reach it through its service only.'),
  snapshots: z.strictObject({
    bucketPrefix: bucket.describe('Buckets are named by it, the cloud and nothing else.'),
    retentionDays: z.number().int().min(1).max(365).describe('So long nobody deletes or overwrites a snapshot.'),
    keepDays: z.number().int().min(1).max(3650).describe('After so long it is deleted by the bucket itself.'),
  }),
  authorizedNetworks: z
    .array(z.strictObject({ name, range: cidr }))
    .default([])
    .describe('Ranges, beside the management networks, that private control planes let in.'),
  maintenance,
  charts: z
    .strictObject({ gatekeeper: releaseVersion, monitoring: releaseVersion, awsLoadBalancerController: releaseVersion })
    .describe('Versions of the Helm charts: gatekeeper, kube-prometheus-stack, aws-load-balancer-controller.'),
  atlantis: z.strictObject({
    image: imageRepository,
    version,
    hostname: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a host name'),
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 hex digits').optional().describe('Of the image; without it whoever may push to the registry may exchange what the machine runs.'),
    zone: z.string().min(1).describe('Zone of the home cloud\'s management network that its machine is in.'),
    machineType: z.string().min(1),
    bootImage: z.string().min(1).describe('Image of the machine: of a container-optimised system on Google Cloud, the id of one of Amazon Linux 2023 on Amazon.'),
    diskGiB: gibibytes,
    webhookRanges: z.array(cidr).min(1).max(10).describe('Where the Git host sends webhooks from; all others are refused. GitHub lists its own at https://api.github.com/meta.'),
    user: z.string().regex(/^[A-Za-z0-9-]+(\[bot\])?$/, 'must be a user name of the Git host').describe('Whose token it is: the user of the Git host that Atlantis comments as.'),
    secrets: z.strictObject({ token: secretName, webhook: secretName }).describe("Names in the cloud's secret store: the Git host's token, and the webhook's secret. Their content is put there by hand, never by Terraform."),
    repository: z.string().regex(/^github\.com\/[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/, 'must be such as "github.com/organisation/repository"'),
  }),
  tombstones: z.array(tombstone).default([]),
});
export type Infrastructure = z.output<typeof infrastructureSchema>;
export type Tombstone = z.output<typeof tombstone>;
export type Maintenance = Infrastructure['maintenance'];
