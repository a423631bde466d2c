import { kind } from './kind';
import { count, q } from './words';

/** Ports that one address of Google's NAT has for machines, TCP and UDP each (https://cloud.google.com/nat/docs/ports-and-addresses). */
export const NAT_PORTS_OF_AN_ADDRESS = 64_512;

/** What a cluster and the clouds around it declare: ranges, pools and their room, tombstones. */
export const clusterProblems = {
  // Ranges
  wrongRange: kind('wrong-range', (input: { range: string; problem: string; allowed: string }) => ({
    message: `range ${q(input.range)} ${input.problem}`,
    value: input.range,
    allowed: input.allowed,
    next: 'Correct the range before anything is built in it.',
  })),
  rangeOverlap: kind('range-overlap', (input: { a: string; aRange: string; b: string; bRange: string }) => ({
    message: `${input.b} (${input.bRange}) overlaps ${input.a} (${input.aRange})`,
    value: input.bRange,
    allowed: 'ranges that overlap no other range of the fleet',
    next: 'Choose a free range for the newer one.',
  })),

  // Tombstones
  tombstoneStands: kind('tombstone-stands', (input: { cluster: string; destroyed: boolean }) => ({
    message: `cluster ${q(input.cluster)} is declared, and has a tombstone${input.destroyed ? ' of an earlier cluster of that name' : ''}`,
    value: input.cluster,
    allowed: 'a tombstone of a cluster whose file is gone',
    next: input.destroyed ? `Remove the tombstone: what it stood for is destroyed.` : `Remove the tombstone, or take clusters/${input.cluster}.yaml and the cluster's nodes out of the fleet. A name is free again once the tombstone says destroyed: true.`,
  })),
  duplicateTombstone: kind('duplicate-tombstone', (input: { cluster: string }) => ({
    message: `cluster ${q(input.cluster)} has two tombstones`,
    value: input.cluster,
    next: 'Remove one of them.',
  })),

  // Pools
  wrongTaint: kind('wrong-taint', (input: { pool: string; taint: string; problem: string }) => ({
    message: `taint ${q(input.taint)} of pool ${q(input.pool)} ${input.problem}`,
    value: input.taint,
    allowed: 'each key and effect once, outside kubernetes.io and k8s.io',
    next: 'Use a key of your own, such as "stockade.dev/staking".',
  })),
  zoneOutsideRegion: kind('zone-outside-region', (input: { zone: string; region: string }) => ({
    message: `zone ${q(input.zone)} is not one of region ${q(input.region)}`,
    value: input.zone,
    allowed: `zones whose names start with ${q(input.region)}`,
    next: 'Correct the zone or the region.',
  })),
  zonesUnfit: kind('zones-unfit', (input: { of: string; problem: string; value: string; allowed: string }) => ({
    message: `zones of ${input.of} ${input.problem}`,
    value: input.value,
    allowed: input.allowed,
    next: 'Correct the zones before anything is built in them.',
  })),
  foreignAccount: kind('foreign-account', (input: { cluster: string; account: string; shared: string }) => ({
    message: `cluster ${q(input.cluster)} is in an account of its own; its network is peered to the management network, its keys trust roles, within one account`,
    value: input.account,
    allowed: input.shared,
    next: 'Put it in the account of infrastructure.yaml, or keep a fleet for each account.',
  })),
  homeElsewhere: kind('home-elsewhere', (input: { region: string; management: string }) => ({
    message: 'the secret manager\'s database has its subnets in the management network, which is in another region',
    value: input.region,
    allowed: input.management,
    next: 'Give home.region and aws.management.region the same region.',
  })),
  wrongMachineVersion: kind('wrong-machine-version', (input: { of: string; version: string; problem: string; allowed: string }) => ({
    message: `machine version of ${input.of} ${input.problem}`,
    value: input.version,
    allowed: input.allowed,
    next: 'Upgrade the control plane first, then its machines: docs/runbooks/upgrade-pools.md.',
  })),
  wrongMachine: kind('wrong-machine', (input: { machineType: string; declared: string; known: string }) => ({
    message: `machine type ${q(input.machineType)} is declared with ${input.declared}, but is known to have ${input.known}`,
    value: input.declared,
    allowed: input.known,
    next: 'Remove "machine:", or declare only another number of attachable volumes.',
  })),
  noPool: kind('no-pool', (input: { node: string; component: string; cluster: string; zone: string; needs: string; tried: readonly string[] }) => ({
    message: `${input.component} of node ${q(input.node)} fits no pool of cluster ${q(input.cluster)} in zone ${q(input.zone)}`,
    value: input.needs,
    allowed: input.tried.length > 0 ? input.tried : 'the cluster has no pools',
    next: 'Choose another zone or size, or add a pool that fits to the cluster.',
  })),
  poolMismatch: kind('pool-mismatch', (input: { node: string; component: string; pool: string; reason: string; needs: string }) => ({
    message: `${input.component} of node ${q(input.node)} can not run on pool ${q(input.pool)}: ${input.reason}`,
    value: input.pool,
    allowed: `a pool with room for ${input.needs}`,
    next: 'Name another pool, or remove the entry to get the smallest that fits.',
  })),
  poolTooSmall: kind('pool-too-small', (input: { cluster: string; pool: string; zone: string; machines: number; headroom: number; limit: number; components: number }) => ({
    message: `pool ${q(input.pool)} of cluster ${q(input.cluster)} needs ${count(input.machines, 'machine')} in zone ${q(input.zone)} for ${count(input.components, 'component')}, ${input.headroom} of them headroom`,
    value: input.machines,
    allowed: `at most ${input.limit}, as its maxMachinesPerZone says`,
    next: 'Raise maxMachinesPerZone within the quota of the account, or place nodes elsewhere.',
  })),
  poolFragmented: kind('pool-fragmented', (input: { cluster: string; pool: string; zone: string; machines: number; filled: number }) => ({
    level: 'warning' as const,
    message: `pool ${q(input.pool)} of cluster ${q(input.cluster)} needs ${count(input.machines, 'machine')} in zone ${q(input.zone)} beside headroom, and ${input.filled} would hold what is placed there: its large and small components come in each other's way`,
    value: input.machines,
    next: 'Give the largest components a pool of their own, or larger machines, and name it under `pools` of their nodes. Kubernetes spreads pods over machines and keeps no room for large ones.',
  })),

  natTooSmall: kind('nat-too-small', (input: { cluster: string; machines: number; ports: number; addresses: number; fit: number }) => ({
    message: `the NAT of cluster ${q(input.cluster)} has ports for ${input.fit} machines at ${input.ports} each, but its private pools may have ${input.machines}`,
    value: input.addresses,
    allowed: `at least ${Math.ceil((input.machines * input.ports) / NAT_PORTS_OF_AN_ADDRESS)} addresses, or fewer ports for each machine`,
    next: 'Raise gcp.natAddresses: a machine without ports reaches nothing outside.',
  })),
  homeWithoutCluster: kind('home-without-cluster', (input: { region: string; allowed: readonly string[] }) => ({
    message: `the secret manager's database is in ${q(input.region)}, where no cluster of its cloud could run the secret manager`,
    value: input.region,
    allowed: input.allowed,
    next: 'Choose the region of a cluster as home.region, or add a cluster there.',
  })),
} as const;
