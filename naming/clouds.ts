/**
 * Names of what Terraform makes, by which its stacks find each other's parts: a stack never reads another one's state. Pure, like
 * all of `naming/`. Both clouds take them: lower case, digits and `-`; what is bound to fewer characters says so.
 */

/** The kinds of stack that every cluster has, in the order in which they are made. */
export const CLUSTER_STACKS = ['network', 'storage', 'cluster', 'add-ons'] as const;
export type ClusterStackKind = (typeof CLUSTER_STACKS)[number];

/** The kinds of stack that a cloud has for the whole fleet. */
export const FLEET_STACKS = ['bootstrap', 'foundation', 'management', 'snapshots', 'identities', 'automation', 'secret-manager', 'atlantis'] as const;
export type FleetStackKind = (typeof FLEET_STACKS)[number];

export const clusterStackName = (cluster: string, kind: ClusterStackKind): string => `${cluster}-${kind}`;
export const fleetStackName = (cloud: 'gcp' | 'aws', kind: FleetStackKind): string => `${cloud}-${kind}`;

/** The place of a stack's state in its cloud's state bucket. */
export const stateKey = (stack: string): string => `stacks/${stack}`;
/** Alias of the KMS key that encrypts Terraform's state; on GCP the key, in a ring of the same name. */
export const STATE_KEY_NAME = 'stockade-state';

/**
 * A KMS key of Google Cloud by its resource id, which is known before the key is there. Keys that no cluster owns are in a ring of their
 * own name.
 */
export const gcpKeyId = (project: string, location: string, ring: string, key: string): string => `projects/${project}/locations/${location}/keyRings/${ring}/cryptoKeys/${key}`;

/** VPC of a cluster. */
export const networkName = (cluster: string): string => `stockade-${cluster}`;
/** VPC that Atlantis is in, one in each cloud. */
export const MANAGEMENT_NETWORK = 'stockade-management';
/** Subnet of a cluster's private machines; on AWS there is one in each zone. */
export const privateSubnetName = (cluster: string, zone?: string): string => `stockade-${cluster}-private${zone === undefined ? '' : `-${zone}`}`;
/** Secondary ranges of the private subnet on GCP. */
export const PODS_RANGE = 'pods';
export const SERVICES_RANGE = 'services';
/** A fixed address of a cluster's NAT gateway; on AWS `which` is the zone, on GCP a number. */
export const natAddressName = (cluster: string, which: string | number): string => `stockade-${cluster}-nat-${which}`;

/** The machines of one pool in one zone. GKE takes 40 characters. */
export const machinePoolName = (pool: string, zone: string): string => `${pool}-${zone}`;
/** Network tag (GCP) of all machines of a cluster. */
export const machinesTag = (cluster: string): string => `stockade-${cluster}-machines`;
/** Network tag (GCP) or security group (AWS) of a pool's machines with public addresses. */
export const publicPoolTag = (cluster: string, pool: string): string => `stockade-${cluster}-${pool}-public`;

/** Service account (GCP, at most 30 characters) of a cluster's machines, by what their addresses let them do. */
export const machineAccountName = (cluster: string, exposure: 'private' | 'public'): string => `${cluster}-${exposure}`;
/** Longest name of a GKE cluster from which every name above can be made. */
export const MAX_GKE_CLUSTER_NAME = 22;
/** Longest name of a GKE node pool. */
export const MAX_NODE_POOL_NAME = 40;

/** Role (AWS) of a cluster's machines, by what their addresses let them do. */
export const machineRoleName = (cluster: string, exposure: 'private' | 'public'): string => `stockade-${cluster}-machines-${exposure}`;
/** Alias of the KMS key that encrypts the Kubernetes Secrets of a cluster. */
export const secretsKeyName = (cluster: string): string => `stockade-${cluster}-secrets`;

/** Bucket of snapshots in a cloud. */
export const snapshotsBucketName = (prefix: string, cloud: 'gcp' | 'aws'): string => `${prefix}-${cloud}`;
/** Alias of the KMS key of a cloud's snapshots. */
export const SNAPSHOTS_KEY_NAME = 'stockade-snapshots';

/** The secret manager's database, and the aliases of the KMS keys of its disks and of what it encrypts itself. */
export const DATABASE_NAME = 'stockade-secret-manager';
export const DATABASE_KEY_NAME = 'stockade-secret-manager-database';
export const ENVELOPE_KEY_NAME = 'stockade-secret-manager-envelope';

/** Private DNS zone of the secret manager's database in the networks that reach it, and its name in it. */
export const DATABASE_ZONE = 'secret-manager.stockade.internal';
export const DATABASE_HOST = `database.${DATABASE_ZONE}`;

/** Service accounts of programs in {@link SYSTEM_NAMESPACE}, each with an identity in both clouds. */
export const SERVICE_IDENTITIES = ['secret-manager', 'snapshot-writer', 'snapshot-reader'] as const;
export type ServiceIdentity = (typeof SERVICE_IDENTITIES)[number];
/** Service account (GCP, at most 30 characters) or role (AWS) of a program. */
export const serviceIdentityName = (identity: ServiceIdentity): string => `stockade-${identity}`;

/** Workload Identity Pool on GCP that EKS clusters' service accounts are taken for members of; each cluster is a provider in it. */
export const FEDERATION_POOL = 'stockade-eks';
/** Audience of the projected tokens by which a program shows itself to the other cloud. */
export const FEDERATION_AUDIENCE = { gcp: 'stockade-google-cloud', aws: 'sts.amazonaws.com' } as const;
/** What an EKS cluster's service account is called in {@link FEDERATION_POOL}: at most 127 characters. */
export const federatedSubject = (cluster: string, namespace: string, serviceAccount: string): string => `${cluster}/${namespace}/${serviceAccount}`;

/** Custom role on GCP with which people connect to clusters; what they may do there is RBAC's. */
export const CONNECT_ROLE = 'stockadeConnect';

/** Key ring and KMS key of the image mirror on GCP. */
export const MIRROR_KEY_NAME = 'stockade-images';
/** Artifact Registry repository that mirrors one upstream registry host. */
export const mirrorRepositoryName = (repository: string, host: string): string => `${repository}-${host.replace(/[^a-z0-9]+/g, '-')}`;
/** Where an upstream image is in the mirror: `europe-docker.pkg.dev/<project>/staking-docker-io/ethereum/client-go`. */
export const mirroredImage = (mirror: { readonly location: string; readonly project: string; readonly repository: string }, image: string): string => {
  const [host = '', ...path] = image.split('/');
  return [`${mirror.location}-docker.pkg.dev`, mirror.project, mirrorRepositoryName(mirror.repository, host), ...path].join('/');
};

/** Atlantis' machine, its own identity, and what is around it; on GCP also the pool by which its machine on AWS is known there. */
export const ATLANTIS_NAME = 'stockade-atlantis';
/** Provider of {@link ATLANTIS_NAME}'s pool: the fleet's AWS account. */
export const ATLANTIS_POOL_PROVIDER = 'amazon';
/**
 * Who Atlantis becomes, in both clouds and in every cluster: `plan` reads, and patches in dry runs; `apply` builds clusters, and what bounds nodes in them; `deploy`
 * applies nodes.
 */
export const AUTOMATION_IDENTITIES = ['plan', 'apply', 'deploy'] as const;
export type AutomationIdentity = (typeof AUTOMATION_IDENTITIES)[number];
/** Service account (GCP) or role (AWS). */
export const automationIdentityName = (identity: AutomationIdentity): string => `stockade-${identity}`;
/** Whom of `access` each of them is one of: its groups in clusters. */
export const AUTOMATION_ACCESS = { plan: 'planners', apply: 'platform', deploy: 'deployers' } as const satisfies Record<AutomationIdentity, string>;

/** E-mail address of a GCP service account. */
export const serviceAccountEmail = (account: string, project: string): string => `${account}@${project}.iam.gserviceaccount.com`;
/** ARN of an IAM role. */
export const roleArn = (account: string, role: string): string => `arn:aws:iam::${account}:role/${role}`;

// Amazon only

/** Subnet of a zone's pods, where a cluster declares a range of their own. */
export const podsSubnetName = (cluster: string, zone: string): string => `stockade-${cluster}-pods-${zone}`;
/** Route tables: of each zone's private subnets, and of all public ones. */
export const routeTableName = (cluster: string, which: string): string => `stockade-${cluster}-${which}`;
/** Security groups: of the control plane, of all machines of an exposure, and of one pool's private machines. */
export const controlPlaneFirewallName = (cluster: string): string => `stockade-${cluster}-control-plane`;
export const machinesFirewallName = (cluster: string, exposure: 'private' | 'public'): string => `stockade-${cluster}-machines-${exposure}`;
export const privatePoolFirewallName = (cluster: string, pool: string): string => `stockade-${cluster}-${pool}-private`;
/** Alias of the KMS key of a cluster's logs: flow logs and the control plane's. */
export const logsKeyName = (cluster: string): string => `stockade-${cluster}-logs`;
/** Role of the control plane, and roles of add-ons. IAM takes 64 characters. */
export const controlPlaneRoleName = (cluster: string): string => `stockade-${cluster}-control-plane`;
export const addOnRoleName = (cluster: string, addOn: 'cni' | 'disks' | 'balancers' | 'flow-logs'): string => `stockade-${cluster}-${addOn}`;
/** Route tables of the management network: its private subnets, and those of the secret manager's database. */
export const MANAGEMENT_ROUTES = `${MANAGEMENT_NETWORK}-private`;
export const DATABASE_ROUTES = `${DATABASE_NAME}-routes`;
/** Subnet of the management network in one zone. */
export const managementSubnetName = (exposure: 'private' | 'public', zone: string): string => `${MANAGEMENT_NETWORK}-${exposure}-${zone}`;
/** ECR repositories that hold copies of public.ecr.aws begin with it. */
export const PULL_THROUGH_PREFIX = 'public-ecr';
/** ARN of a KMS key's alias. */
export const keyAliasArn = (region: string, account: string, alias: string): string => `arn:aws:kms:${region}:${account}:alias/${alias}`;
/** Parameter group that the secret manager's database refuses plain connections by. */
export const DATABASE_PARAMETERS = `${DATABASE_NAME}-force-ssl`;
/** The role by which the secret manager connects to its database. */
export const DATABASE_USER = 'secret_manager';
/** Image of the load balancer controller in public.ecr.aws, and behind {@link PULL_THROUGH_PREFIX} in the mirror. */
export const LOAD_BALANCER_CONTROLLER_IMAGE = 'eks/aws-load-balancer-controller';
/** Subnet of the secret manager's database in one zone. */
export const databaseSubnetName = (zone: string): string => `${DATABASE_NAME}-${zone}`;
/** Machine of the management network through which private control planes are reached from outside it. */
export const MANAGEMENT_GATEWAY = `${MANAGEMENT_NETWORK}-gateway`;
/** Role (AWS) that a program of a GKE cluster takes by its service account's token. One for each cluster: a role's trust takes 2,048 characters. */
export const federatedRoleName = (identity: ServiceIdentity, cluster: string): string => `${serviceIdentityName(identity)}-${cluster}`;
/** Issuer of a GKE cluster's service account tokens. */
export const gkeIssuer = (project: string, region: string, cluster: string): string => `https://container.googleapis.com/v1/projects/${project}/locations/${region}/clusters/${cluster}`;
