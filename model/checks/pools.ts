import { type Problem, problems } from '../errors';
import { own } from '../lookup';
import { MACHINE_TYPES } from '../machines';
import type { Cluster, Pool } from '../types';
import { type CheckContext, clusterFile } from './context';
import { duplicates } from './duplicates';

/** Zones, pools, taints and machine types of every cluster. */
export function pools(context: CheckContext): Problem[] {
  return Object.values(context.fleet.clusters).flatMap((cluster) => {
    const file = clusterFile(cluster.name);
    return [
      ...duplicates(cluster.zones, 'zone', (index, label) => context.at(file, ['zones', index], label)),
      ...cluster.zones.flatMap((zone, index) =>
        zone.startsWith(cluster.region) ? [] : [problems.zoneOutsideRegion(context.at(file, ['zones', index]), { zone, region: cluster.region })],
      ),
      ...duplicates(
        cluster.pools.map(({ name }) => name),
        'pool',
        (index, label) => context.at(file, ['pools', index, 'name'], label),
      ),
      ...cluster.pools.flatMap((pool, index) => poolProblems(cluster, pool, index, context)),
    ];
  });
}

function poolProblems(cluster: Cluster, pool: Pool, index: number, context: CheckContext): Problem[] {
  const found: Problem[] = [];
  const at = (path: readonly (string | number)[], label?: string) => context.at(clusterFile(cluster.name), ['pools', index, ...path], label);

  pool.zones?.forEach((zone, position) => {
    if (cluster.zones.includes(zone)) return;
    found.push(problems.unknownZone(at(['zones', position]), { name: zone, allowed: cluster.zones, of: `cluster "${cluster.name}"` }));
  });
  found.push(...duplicates(pool.zones ?? [], 'zone', (position, label) => at(['zones', position], label)));
  pool.chains.forEach((chain, position) => {
    if (own(context.catalogue.chains, chain)) return;
    found.push(problems.unknownChain(at(['chains', position]), { name: chain, allowed: Object.keys(context.catalogue.chains) }));
  });

  pool.taints.forEach((taint, position) => {
    const text = `${taint.key}:${taint.effect}`;
    const domain = taint.key.split('/')[0] ?? '';
    // Kubernetes keeps these two domains, and the parts of them, for itself and the clouds.
    if (taint.key.includes('/') && /(^|\.)(kubernetes|k8s)\.io$/.test(domain)) {
      found.push(problems.wrongTaint(at(['taints', position, 'key']), { pool: pool.name, taint: text, problem: 'uses a domain that Kubernetes keeps for itself' }));
    }
    const first = pool.taints.findIndex(({ key, effect }) => key === taint.key && effect === taint.effect);
    if (first < position) {
      const places = [at(['taints', position, 'key'], 'given again here'), at(['taints', first, 'key'], 'given first here')];
      found.push(problems.wrongTaint(places, { pool: pool.name, taint: text, problem: 'is given twice' }));
    }
  });

  const known = own(MACHINE_TYPES[cluster.cloud], pool.machineType);
  if (!known && !pool.machine) {
    const allowed = Object.keys(MACHINE_TYPES[cluster.cloud]);
    found.push(problems.unknownMachineType(at(['machineType']), { name: pool.machineType, allowed, of: `the catalogue for ${cluster.cloud}` }));
  }
  if (known && pool.machine && (known.cpus !== pool.machine.cpus || known.memoryGiB !== pool.machine.memoryGiB)) {
    const text = (of: { cpus: number; memoryGiB: number }) => `${of.cpus} vCPUs and ${of.memoryGiB} GiB`;
    found.push(problems.wrongMachine(at(['machine']), { machineType: pool.machineType, declared: text(pool.machine), known: text(known) }));
  }
  return found;
}
