import { SYSTEM_POOL } from '../../naming';
import { NAT_PORTS_OF_AN_ADDRESS, type Problem, problems } from '../errors';
import type { Cluster, Infrastructure } from '../types';
import { type CheckContext, clusterFile, INFRASTRUCTURE_FILE } from './context';

type GkeCluster = Extract<Cluster, { cloud: 'gcp' }>;

/** What Google Cloud refuses on apply, or takes and then has no room for; and the one pool name that is ours in both clouds. */
export function google(context: CheckContext): Problem[] {
  const { clusters, infrastructure } = context.fleet;
  const gke = Object.values(clusters).filter((cluster): cluster is GkeCluster => cluster.cloud === 'gcp');
  return [
    ...Object.values(clusters).flatMap((cluster) => reservedPools(cluster, context)),
    ...gke.flatMap((cluster) => machineVersions(cluster, context)),
    ...(infrastructure === undefined ? [] : [...spans(infrastructure, context), ...gke.flatMap((cluster) => nat(cluster, infrastructure, context)), ...home(gke, infrastructure, context)]),
  ];
}

function reservedPools({ name, pools }: Cluster, context: CheckContext): Problem[] {
  return pools.flatMap((pool, index) =>
    pool.name === SYSTEM_POOL
      ? [problems.wrongValue(context.at(clusterFile(name), ['pools', index, 'name']), { path: 'name', value: pool.name, allowed: `any name but "${SYSTEM_POOL}", which is the pool for what is no staking pod` })]
      : [],
  );
}

/** GKE takes machines of the control plane's minor and of the two before it. */
function machineVersions({ name, pools, kubernetesVersion }: GkeCluster, context: CheckContext): Problem[] {
  return pools.flatMap(({ machineVersion }, index) => {
    if (machineVersion === undefined) return [];
    const behind = Number(kubernetesVersion.split('.')[1]) - Number(machineVersion.split('.')[1]);
    if (machineVersion.includes('-gke.') && behind >= 0 && behind <= 2) return [];
    const allowed = `a version of GKE, of minor ${kubernetesVersion} or at most two before it, such as "1.34.1-gke.2190000"`;
    return [problems.wrongValue(context.at(clusterFile(name), ['pools', index, 'machineVersion']), { path: 'machineVersion', value: machineVersion, allowed, next: 'Upgrade the control plane first, then its machines.' })];
  });
}

/** Longest span in which GKE leaves everything alone. */
const MOST_DAYS = 30;
/** So many spans of that kind a cluster may have. */
const MOST_SPANS = 3;

function spans({ gcp, maintenance }: Infrastructure, context: CheckContext): Problem[] {
  const at = (...path: (string | number)[]) => context.at(INFRASTRUCTURE_FILE, path);
  const found: Problem[] = [];
  if (gcp.upgradesHeld.until < gcp.upgradesHeld.from) found.push(problems.wrongValue(at('gcp', 'upgradesHeld', 'until'), { path: 'until', value: gcp.upgradesHeld.until, allowed: `${gcp.upgradesHeld.from} or later` }));
  maintenance.exclusions.forEach(({ from, to }, index) => {
    const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
    if (days < 1 || days > MOST_DAYS) {
      found.push(problems.wrongValue(at('maintenance', 'exclusions', index, 'to'), { path: 'to', value: to, allowed: `from ${from} on, at most ${MOST_DAYS} days`, next: 'Shorten the span: GKE leaves nothing alone for longer.' }));
    }
  });
  if (maintenance.exclusions.length > MOST_SPANS) {
    found.push(problems.wrongValue(at('maintenance', 'exclusions', MOST_SPANS), { path: 'exclusions', value: maintenance.exclusions.length, allowed: `at most ${MOST_SPANS}`, next: 'Remove those that are past.' }));
  }
  return found;
}

/** Room for every machine that the private pools may ever have, and for the one more that an upgrade brings. */
function nat({ name, zones, pools }: GkeCluster, { gcp }: Infrastructure, context: CheckContext): Problem[] {
  const staking = pools.filter(({ exposure }) => exposure === 'private').reduce((sum, pool) => sum + (pool.zones ?? zones).length * pool.maxMachinesPerZone, 0);
  const machines = staking + zones.length * gcp.systemPool.machinesPerZone + 1;
  const fit = Math.floor((gcp.natAddresses * NAT_PORTS_OF_AN_ADDRESS) / gcp.natPortsPerMachine);
  if (machines <= fit) return [];
  const places = [context.at(INFRASTRUCTURE_FILE, ['gcp', 'natAddresses'], 'the addresses'), context.at(clusterFile(name), ['pools'], 'the pools')];
  return [problems.natTooSmall(places, { cluster: name, machines, ports: gcp.natPortsPerMachine, addresses: gcp.natAddresses, fit })];
}

function home(clusters: readonly GkeCluster[], { home: { cloud, region } }: Infrastructure, context: CheckContext): Problem[] {
  if (cloud !== 'gcp' || context.unread.clusters.size > 0 || clusters.some((cluster) => cluster.region === region)) return [];
  return [problems.homeWithoutCluster(context.at(INFRASTRUCTURE_FILE, ['home', 'region']), { region, allowed: [...new Set(clusters.map((cluster) => cluster.region))] })];
}
