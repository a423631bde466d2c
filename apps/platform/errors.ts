import { UserError } from '../../errors/user-error';

/** A cluster whose platform can not be rendered: what is wrong, the value, and what to do next. */
export class PlatformError extends UserError {
  override readonly name = 'PlatformError';

  constructor(
    readonly code: PlatformErrorCode,
    readonly cluster: string,
    readonly value: unknown,
    problem: string,
    readonly next: string,
  ) {
    super([{ message: `${cluster}: ${problem}`, next: `${next}.` }]);
  }
}

export type PlatformErrorCode =
  | 'facts-missing'
  | 'network-unknown'
  | 'capability-unnamed'
  | 'machine-series-unknown'
  | 'disk-type-none'
  | 'program-wrong';

export const factsMissing = (cluster: string, network: string): PlatformError =>
  new PlatformError(
    'facts-missing',
    cluster,
    network,
    `network ${JSON.stringify(network)} has nodes here, but the facts given do not count them`,
    'Count every network of the cluster, retired nodes included: without a count its quota would be wrong',
  );

export const networkUnknown = (cluster: string, network: string, known: readonly string[]): PlatformError =>
  new PlatformError(
    'network-unknown',
    cluster,
    network,
    `the facts count network ${JSON.stringify(network)}, which the fleet does not declare`,
    `Declare it in fleet/networks/${network}.yaml; declared are: ${known.join(', ')}`,
  );

export const capabilityUnnamed = (cluster: string, network: string, reason: string): PlatformError =>
  new PlatformError(
    'capability-unnamed',
    cluster,
    undefined,
    `network ${JSON.stringify(network)} has a capability exception that names no capability (reason given: ${JSON.stringify(reason)})`,
    'Give the capability as the exception\'s value, such as "NET_BIND_SERVICE"',
  );

export const machineSeriesUnknown = (cluster: string, pool: string, machineType: string, known: readonly string[]): PlatformError =>
  new PlatformError(
    'machine-series-unknown',
    cluster,
    machineType,
    `pool ${JSON.stringify(pool)} has machine type ${JSON.stringify(machineType)}, of whose series it is not known which disks it takes`,
    `Use one of the series ${known.join(', ')}, or add this one to apps/platform/storage-classes.ts with its source`,
  );

export const diskTypeNone = (cluster: string, pools: readonly string[]): PlatformError =>
  new PlatformError(
    'disk-type-none',
    cluster,
    pools,
    `no one type of disk can be attached to the machines of all pools: ${pools.join('; ')}`,
    'Give all pools of the cluster series that take Hyperdisk Balanced, or all of them series that take Persistent Disk',
  );

export const programWrong = (cluster: string, program: string, problem: string): PlatformError =>
  new PlatformError('program-wrong', cluster, program, `program ${JSON.stringify(program)}: ${problem}`, `Mend apps/system/${program}.ts; what a program may be is in apps/system/program.ts`);
