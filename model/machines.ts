import { own } from './lookup';
import type { Cluster, Pool } from './types';

/**
 * Machine types that staking pools are built of, and what Kubernetes can allocate of them. A type that isn't here is
 * declared in its pool, with `machine:`.
 *
 * vCPUs and memory: https://cloud.google.com/compute/docs/machine-resource and
 * https://aws.amazon.com/ec2/instance-types/.
 */
export interface MachineType {
  readonly cpus: number;
  readonly memoryGiB: number;
  /** Disks that can be attached besides the boot disk. */
  readonly attachableVolumes: number;
}

/** What pods can ask of one machine, system pods already taken off. */
export interface Allocatable {
  readonly cpuMillis: number;
  readonly memoryMiB: number;
  readonly ephemeralMiB: number;
  readonly volumes: number;
  readonly pods: number;
}

/**
 * Kept for the DaemonSets of the cloud and of ours (network, storage and metadata agents, logs, metrics), and for the
 * images of clients, which lie on the boot disk and are counted by no request. An allowance of ours, not a measurement.
 */
export const SYSTEM_ALLOWANCE = { cpuMillis: 500, memoryMiB: 1024, ephemeralMiB: 10 * 1024, pods: 15 } as const;

/** The machine type of a pool; what the pool declares goes before the catalogue. */
export const machineOf = (cloud: Cluster['cloud'], pool: Pick<Pool, 'machineType' | 'machine'>): MachineType | undefined =>
  pool.machine ?? own(MACHINE_TYPES[cloud], pool.machineType);

/**
 * What pods can ask of one machine of a pool.
 *
 * GKE reserves by https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes, of what the kernel leaves
 * (kubernetes/autoscaler, cloudprovider/gce/reserved.go). EKS reserves by the AMI's bootstrap
 * (awslabs/amazon-eks-ami, nodeadm); there the share that never reaches the guest is Karpenter's default for it,
 * VM_MEMORY_OVERHEAD_PERCENT, 7.5 %.
 */
export function allocatable(cluster: Pick<Cluster, 'cloud' | 'podsPerMachine'>, machine: MachineType, bootDiskGiB: number): Allocatable {
  const physicalMiB = machine.memoryGiB * 1024;
  const diskMiB = bootDiskGiB * 1024;
  const gcp = cluster.cloud === 'gcp';
  const guestMiB = gcp ? physicalMiB - gceKernelMiB(physicalMiB) : physicalMiB * (1 - 0.075);
  const reservedMiB = gcp ? gkeReservedMiB(physicalMiB) : 255 + 11 * cluster.podsPerMachine;
  const ephemeralMiB = gcp ? diskMiB - gkeReservedDiskMiB(diskMiB) : diskMiB - 1024;
  return {
    cpuMillis: Math.floor(machine.cpus * 1000 - reservedCpuMillis(machine.cpus)) - SYSTEM_ALLOWANCE.cpuMillis,
    memoryMiB: Math.floor(guestMiB - reservedMiB - EVICTION_MIB) - SYSTEM_ALLOWANCE.memoryMiB,
    ephemeralMiB: Math.floor(ephemeralMiB - diskMiB * EVICTION_DISK_SHARE) - SYSTEM_ALLOWANCE.ephemeralMiB,
    volumes: machine.attachableVolumes,
    pods: cluster.podsPerMachine - SYSTEM_ALLOWANCE.pods,
  };
}

/** The kubelet's hard eviction thresholds on both clouds: `memory.available<100Mi`, `nodefs.available<10%`. */
const EVICTION_MIB = 100;
const EVICTION_DISK_SHARE = 0.1;

/** 6 % of the first core, 1 % of the next, 0.5 % of the next two, 0.25 % of the others: the same on GKE and EKS. */
const reservedCpuMillis = (cpus: number): number =>
  tiered(cpus, [
    [1, 60],
    [1, 10],
    [2, 5],
    [Infinity, 2.5],
  ]);

/** 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next 8, 6 % of the next 112, 2 % of the rest. */
const gkeReservedMiB = (memoryMiB: number): number =>
  memoryMiB < 1024
    ? 255
    : tiered(memoryMiB, [
        [4 * 1024, 0.25],
        [4 * 1024, 0.2],
        [8 * 1024, 0.1],
        [112 * 1024, 0.06],
        [Infinity, 0.02],
      ]);

/** The least of half the boot disk, 6 GiB and 35 % of it, and 100 GiB. */
const gkeReservedDiskMiB = (diskMiB: number): number => Math.min(diskMiB / 2, 6 * 1024 + diskMiB * 0.35, 100 * 1024);

/** A 64th, 16 MiB and 64 MiB for the I/O buffers of machines above 3 GiB, and the correction for Container-Optimized OS. */
const gceKernelMiB = (memoryMiB: number): number =>
  memoryMiB / 64 + 16 + (memoryMiB > 3 * 1024 ? 64 : 0) + (memoryMiB <= 8 * 1024 ? 8 : 0) + Math.min(memoryMiB * 0.00175, 248);

function tiered(amount: number, tiers: readonly (readonly [size: number, rate: number])[]): number {
  let rest = amount;
  let sum = 0;
  for (const [size, rate] of tiers) {
    const part = Math.min(rest, size);
    sum += part * rate;
    rest -= part;
  }
  return sum;
}

/**
 * Persistent disks: 127 besides the boot disk, on every machine type here but C3 and C3D
 * (https://cloud.google.com/kubernetes-engine/docs/concepts/persistent-volume-attach-limits). Those two take
 * Hyperdisk with a limit by vCPU which the driver does not report; the smallest one, 16 with the boot disk, is used
 * for all sizes. A pool may declare more with `machine:`.
 */
const PERSISTENT_DISKS = 127;
const HYPERDISKS = 15;

const gcpFamily = (
  family: string,
  gibPerCpu: number,
  cpus: readonly number[],
  attachableVolumes: number,
): [string, MachineType][] => cpus.map((count) => [`${family}-${count}`, { cpus: count, memoryGiB: count * gibPerCpu, attachableVolumes }]);

/**
 * Nitro machines share 28 attachments among network interfaces, EBS volumes and local NVMe disks
 * (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/volume_limits.html). The boot volume and every interface
 * that the VPC CNI may attach as pods come and go are taken off. Seventh-generation machines have a limit of their
 * own for EBS, which is higher; a pool may declare it with `machine:`.
 */
const NITRO_ATTACHMENTS = 28;

/** Size, then vCPUs and network interfaces; memory follows from the family. */
const AWS_SIZES = {
  large: [2, 3],
  xlarge: [4, 4],
  '2xlarge': [8, 4],
  '4xlarge': [16, 8],
  '8xlarge': [32, 8],
  '12xlarge': [48, 8],
  '16xlarge': [64, 15],
  '24xlarge': [96, 15],
  '32xlarge': [128, 15],
  '48xlarge': [192, 15],
} as const satisfies Record<string, readonly [number, number]>;

const awsFamily = (
  family: string,
  gibPerCpu: number,
  sizes: readonly (keyof typeof AWS_SIZES)[],
  localDisks: Partial<Record<keyof typeof AWS_SIZES, number>> = {},
): [string, MachineType][] =>
  sizes.map((size) => {
    const [cpus, interfaces] = AWS_SIZES[size];
    const attachableVolumes = NITRO_ATTACHMENTS - 1 - interfaces - (localDisks[size] ?? 0);
    return [`${family}.${size}`, { cpus, memoryGiB: cpus * gibPerCpu, attachableVolumes }];
  });

/** Addresses of one network interface, by size (https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html); the first is the interface's own. */
const AWS_ADDRESSES: Readonly<Record<keyof typeof AWS_SIZES, number>> = {
  large: 10,
  xlarge: 15,
  '2xlarge': 15,
  '4xlarge': 30,
  '8xlarge': 30,
  '12xlarge': 30,
  '16xlarge': 50,
  '24xlarge': 50,
  '32xlarge': 50,
  '48xlarge': 50,
};

/**
 * How many pods of an EKS machine the VPC CNI has single addresses for; beyond them it has to hand out prefixes. Two pods on the machine's own network are counted.
 *
 * @returns undefined for a type that is not in the catalogue
 */
export function awsPodAddresses(machineType: string): number | undefined {
  const size = machineType.split('.')[1] as keyof typeof AWS_SIZES;
  if (own(MACHINE_TYPES.aws, machineType) === undefined) return undefined;
  return AWS_SIZES[size][1] * (AWS_ADDRESSES[size] - 1) + 2;
}

const TO_16 = ['large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '12xlarge', '16xlarge'] as const;

/** The catalogue, by cloud and by the cloud's own name of the type. */
export const MACHINE_TYPES: Readonly<Record<Cluster['cloud'], Readonly<Record<string, MachineType>>>> = {
  gcp: Object.fromEntries([
    ...gcpFamily('e2-standard', 4, [2, 4, 8, 16, 32], PERSISTENT_DISKS),
    ...gcpFamily('e2-highmem', 8, [2, 4, 8, 16], PERSISTENT_DISKS),
    ...gcpFamily('n2-standard', 4, [2, 4, 8, 16, 32, 48, 64, 80, 96, 128], PERSISTENT_DISKS),
    ...gcpFamily('n2-highmem', 8, [2, 4, 8, 16, 32, 48, 64, 80, 96], PERSISTENT_DISKS),
    // The largest of the family has less memory for a vCPU than the others.
    ['n2-highmem-128', { cpus: 128, memoryGiB: 864, attachableVolumes: PERSISTENT_DISKS }],
    ...gcpFamily('n2d-standard', 4, [2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224], PERSISTENT_DISKS),
    ...gcpFamily('n2d-highmem', 8, [2, 4, 8, 16, 32, 48, 64, 80, 96], PERSISTENT_DISKS),
    ...gcpFamily('t2d-standard', 4, [1, 2, 4, 8, 16, 32, 48, 60], PERSISTENT_DISKS),
    ...gcpFamily('c3-standard', 4, [4, 8, 22, 44, 88, 176], HYPERDISKS),
    ...gcpFamily('c3-highmem', 8, [4, 8, 22, 44, 88, 176], HYPERDISKS),
    ...gcpFamily('c3d-standard', 4, [4, 8, 16, 30, 60, 90, 180, 360], HYPERDISKS),
    ...gcpFamily('c3d-highmem', 8, [4, 8, 16, 30, 60, 90, 180, 360], HYPERDISKS),
  ]),
  aws: Object.fromEntries([
    ...awsFamily('c6i', 2, [...TO_16, '24xlarge', '32xlarge']),
    ...awsFamily('m6i', 4, [...TO_16, '24xlarge', '32xlarge']),
    ...awsFamily('m6a', 4, [...TO_16, '24xlarge', '32xlarge', '48xlarge']),
    ...awsFamily('m7i', 4, [...TO_16, '24xlarge', '48xlarge']),
    ...awsFamily('r6i', 8, [...TO_16, '24xlarge', '32xlarge']),
    ...awsFamily('r6a', 8, [...TO_16, '24xlarge', '32xlarge', '48xlarge']),
    ...awsFamily('r7i', 8, [...TO_16, '24xlarge', '48xlarge']),
    ...awsFamily('i4i', 8, [...TO_16, '24xlarge', '32xlarge'], {
      large: 1,
      xlarge: 1,
      '2xlarge': 1,
      '4xlarge': 1,
      '8xlarge': 2,
      '12xlarge': 3,
      '16xlarge': 4,
      '24xlarge': 6,
      '32xlarge': 8,
    }),
  ]),
};
