import { type Problem, problems } from '../errors';
import type { Cluster } from '../types';
import { type CheckContext, clusterFile, INFRASTRUCTURE_FILE } from './context';
import type { Path } from '../yaml';

/** What IAM takes for a role, less the longest of what is put around a cluster's name. */
const MAX_EKS_NAME = 64 - 'stockade--machines-private'.length;
const MAX_NODE_GROUP_NAME = 63;
/** A kubelet may be three minors older than its API server. */
const SKEW = 3;

type AwsCluster = Extract<Cluster, { cloud: 'aws' }>;

/** What Amazon can't build, where the fleet is to become Terraform: zones, subnets, accounts, names, machine versions. */
export function amazon(context: CheckContext): Problem[] {
  const { clusters, infrastructure } = context.fleet;
  if (infrastructure === undefined) return [];
  const { aws, home } = infrastructure;
  const eks = Object.values(clusters).filter((cluster): cluster is AwsCluster => cluster.cloud === 'aws');
  const shared = (path: Path) => context.at(INFRASTRUCTURE_FILE, path);
  const found: Problem[] = eks.flatMap((cluster) => clusterProblems(cluster, aws.account, context));
  found.push(
    ...zoneLetters(aws.management.zones, aws.management.region, 'the management network', (index) => shared(['aws', 'management', 'zones', index])),
    ...subnetsFit(aws.management.range, 22, shared(['aws', 'management', 'range'])),
  );
  if (home.cloud === 'aws') {
    if (home.region !== aws.management.region) found.push(problems.homeElsewhere(shared(['home', 'region']), { region: home.region, management: aws.management.region }));
    found.push(...subnetsFit(home.range, 25, shared(['home', 'range'])));
  }
  const version = aws.systemPool.machineVersion;
  const oldest = eks.reduce<AwsCluster | undefined>((least, cluster) => (least && minorOf(least.kubernetesVersion) <= minorOf(cluster.kubernetesVersion) ? least : cluster), undefined);
  if (version !== undefined && oldest) found.push(...versionProblems(version, oldest, 'the system pool', shared(['aws', 'systemPool', 'machineVersion'])));
  return found;
}

function clusterProblems(cluster: AwsCluster, account: string, context: CheckContext): Problem[] {
  const { name, zones, region, ranges, pools } = cluster;
  const at = (path: Path) => context.at(clusterFile(name), path);
  const found: Problem[] = [];
  if (name.length > MAX_EKS_NAME) found.push(problems.nameTooLong({ file: clusterFile(name), line: 1, column: 1 }, { what: 'the EKS cluster', name, limit: MAX_EKS_NAME }));
  if (cluster.account !== account) found.push(problems.foreignAccount(at(['account']), { cluster: name, account: cluster.account, shared: account }));
  if (zones.length < 2) found.push(problems.zonesUnfit(at(['zones']), { of: `cluster "${name}"`, problem: 'are too few: EKS puts a control plane in two at least', value: zones.join(', '), allowed: 'at least 2 zones' }));
  found.push(...zoneLetters(zones, region, `cluster "${name}"`, (index) => at(['zones', index])), ...subnetsFit(ranges.machines, 20, at(['ranges', 'machines'])));
  if (ranges.pods !== undefined) found.push(...subnetsFit(ranges.pods, 20, at(['ranges', 'pods'])));
  pools.forEach((pool, index) => {
    const longest = zones.reduce((most, zone) => Math.max(most, `${pool.name}-${zone}`.length), 0);
    if (longest > MAX_NODE_GROUP_NAME) found.push(problems.nameTooLong(at(['pools', index, 'name']), { what: 'the EKS node group', name: pool.name, limit: MAX_NODE_GROUP_NAME - (longest - pool.name.length) }));
    if (pool.machineVersion !== undefined) found.push(...versionProblems(pool.machineVersion, cluster, `pool "${pool.name}"`, at(['pools', index, 'machineVersion'])));
  });
  return found;
}

/** A zone's subnets have their place by its letter, so that a zone more moves none. */
function zoneLetters(zones: readonly string[], region: string, of: string, place: (index: number) => ReturnType<CheckContext['at']>): Problem[] {
  return zones.flatMap((zone, index) =>
    new RegExp(`^${region}[a-f]$`).test(zone) ? [] : [problems.zonesUnfit(place(index), { of, problem: `are not all of region "${region}", by one letter from a to f`, value: zone, allowed: `${region}a to ${region}f` })],
  );
}

/** A VPC has /16 at most; the last eighth of it is divided by eight again, and a subnet has /28 at least. */
function subnetsFit(range: string, smallest: number, place: ReturnType<CheckContext['at']>): Problem[] {
  const bits = Number(range.split('/')[1]);
  if (bits >= 16 && bits <= smallest) return [];
  return [problems.wrongRange(place, { range, problem: 'can not be divided into subnets for six zones', allowed: `a /16 to a /${smallest}` })];
}

function versionProblems(version: string, { name, kubernetesVersion }: AwsCluster, of: string, place: ReturnType<CheckContext['at']>): Problem[] {
  const [minor, newest] = [minorOf(version), minorOf(kubernetesVersion)];
  const wrong = (problem: string): Problem[] => [problems.wrongMachineVersion(place, { of, version, problem, allowed: `a release of the EKS machine image from 1.${newest - SKEW} to ${kubernetesVersion}, such as "${kubernetesVersion}.0-20260101"` })];
  if (!/-[0-9]{8}$/.test(version)) return wrong('is not a release of the EKS machine image');
  if (minor > newest) return wrong(`is newer than the control plane of cluster "${name}"`);
  if (minor < newest - SKEW) return wrong(`is more than ${SKEW} minor versions older than the control plane of cluster "${name}"`);
  return [];
}

const minorOf = (version: string): number => Number(version.split('.')[1]);
