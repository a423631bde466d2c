/**
 * Names of what Terraform makes, by which its stacks find each other's parts: a stack never reads another one's state. Pure, like
 * all of `naming/`. Both clouds take them: lower case, digits and `-`; what is bound to fewer characters says so.
 */

/** The kinds of stack that every cluster has, in the order in which they are made. */
export const CLUSTER_STACKS = ['network', 'storage', 'cluster', 'add-ons'] as const;
export type ClusterStackKind = (typeof CLUSTER_STACKS)[number];

/** The kinds of stack that a cloud has for the whole fleet. */
export const FLEET_STACKS = ['bootstrap', 'foundation', 'management', 'snapshots', 'identities', 'secret-manager', 'atlantis'] as const;
export type FleetStackKind = (typeof FLEET_STACKS)[number];

export const clusterStackName = (cluster: string, kind: ClusterStackKind): string => `${cluster}-${kind}`;
export const fleetStackName = (cloud: 'gcp' | 'aws', kind: FleetStackKind): string => `${cloud}-${kind}`;

/** The place of a stack's state in its cloud's state bucket. */
export const stateKey = (stack: string): string => `stacks/${stack}`;
/** Alias of the KMS key that encrypts Terraform's state; on GCP the key, in a ring of the same name. */
export const STATE_KEY_NAME = 'stockade-state';

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
/** Network tag (GCP) or security group (AWS) of a pool's machines with public addresses. */
export const publicPoolTag = (cluster: string, pool: string): string => `stockade-${cluster}-${pool}-public`;

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

/** Service accounts of programs in {@link SYSTEM_NAMESPACE}, each with an identity in both clouds. */
export const SERVICE_IDENTITIES = ['secret-manager', 'snapshot-writer', 'snapshot-reader'] as const;
export type ServiceIdentity = (typeof SERVICE_IDENTITIES)[number];
/** Service account (GCP, at most 30 characters) or role (AWS) of a program. */
export const serviceIdentityName = (identity: ServiceIdentity): string => `stockade-${identity}`;

/** Atlantis' machine, its own identity, and what is around it. */
export const ATLANTIS_NAME = 'stockade-atlantis';
/** What Atlantis may do: `plan` reads, and patches in dry runs; `apply` writes. */
export const automationIdentityName = (identity: 'plan' | 'apply'): string => `stockade-${identity}`;

/** E-mail address of a GCP service account. */
export const serviceAccountEmail = (account: string, project: string): string => `${account}@${project}.iam.gserviceaccount.com`;
/** ARN of an IAM role. */
export const roleArn = (account: string, role: string): string => `arn:aws:iam::${account}:role/${role}`;
