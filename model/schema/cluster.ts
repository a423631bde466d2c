import { z } from 'zod';
import { cidr, gibibytes, machineVersion, name } from './primitives';

/** The oldest Kubernetes minor that Stockade renders for: native sidecars and ReadWriteOncePod are stable in it. */
export const KUBERNETES_FLOOR = { major: 1, minor: 33 } as const;

const kubernetesVersion = z
  .string()
  .regex(/^1\.[0-9]{2}$/, 'must be a minor version in quotes, such as "1.34"')
  .refine((version) => Number(version.split('.')[1]) >= KUBERNETES_FLOOR.minor, {
    message: `must be 1.${KUBERNETES_FLOOR.minor} or newer`,
  });

const taint = z
  .strictObject({
    key: z.string().regex(/^([a-z0-9.-]+\/)?[A-Za-z0-9._-]+$/).describe('Taint key.'),
    value: z.string().max(63).describe('Taint value.'),
    effect: z.enum(['NoSchedule', 'NoExecute']).describe('PreferNoSchedule keeps nobody out, so it is not offered.'),
  })
  .describe('A taint that keeps every pod that does not name it off these machines.');

const machine = z
  .strictObject({
    cpus: z.number().int().min(1).describe('vCPUs of the machine.'),
    memoryGiB: z.number().min(1).describe('Memory of the machine.'),
    attachableVolumes: z.number().int().min(1).describe('Disks that can be attached besides the boot disk.'),
  })
  .describe('Size of a machine type that the built-in catalogue does not know.');

const pool = z.strictObject({
  name,
  machineType: z.string().min(1).describe('Machine type as the cloud names it, such as "n2-standard-16".'),
  machine: machine.optional(),
  machineVersion: machineVersion.optional(),
  zones: z.array(z.string()).min(1).optional().describe('Zones of the cluster that have this pool. Default: all of them.'),
  chains: z.array(name).min(1).describe('Chains whose components may run here.'),
  exposure: z.enum(['private', 'public']).describe('Public: each machine has a public address, for node ports and host network.'),
  features: z
    .array(z.enum(['memlock-2g', 'io-uring', 'solana-sysctls']))
    .default([])
    .describe('What is set up on the machine beyond the default image; chains with declared exceptions ask for it.'),
  taints: z.array(taint).min(1).describe('At least one: staking machines run staking pods only.'),
  bootDiskGiB: gibibytes,
  maxMachinesPerZone: z.number().int().min(1).max(1000).describe('Most machines that one zone of this pool may have.'),
  headroomMachines: z.number().int().min(0).max(100).describe('Machines kept free per zone, beyond what the nodes request.'),
});

const common = {
  region: z.string().min(1),
  zones: z.array(z.string().min(1)).min(1).max(6),
  kubernetesVersion,
  podsPerMachine: z.number().int().min(8).max(256).describe('Most pods that one machine runs, system pods included.'),
  pools: z.array(pool).min(1),
  labels: z.record(z.string(), z.string()).default({}).describe('Labels or tags for cost and owner, beside the fleet-wide ones.'),
};

const gcpCluster = z.strictObject({
  cloud: z.literal('gcp'),
  project: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be a GCP project id'),
  ...common,
  ranges: z.strictObject({
    machines: cidr,
    pods: cidr,
    services: cidr,
    controlPlane: cidr.describe('A /28 for the private control plane.'),
  }),
});

const awsCluster = z.strictObject({
  cloud: z.literal('aws'),
  account: z.string().regex(/^[0-9]{12}$/, 'must be a 12 digit AWS account id in quotes'),
  ...common,
  ranges: z.strictObject({
    machines: cidr.describe('The VPC. Pods get addresses of it too, unless `pods` is given.'),
    pods: cidr.optional().describe('A secondary range for pods.'),
    services: cidr,
  }),
});

/** `fleet/clusters/<cluster>.yaml`: one GKE or EKS cluster. Its name is the file's. */
export const clusterSchema = z.discriminatedUnion('cloud', [gcpCluster, awsCluster]);
export type ClusterDeclaration = z.output<typeof clusterSchema>;
export type Cluster = ClusterDeclaration & { name: string };
export type Pool = z.output<typeof pool>;
export type MachineFeature = Pool['features'][number];
