import {
  componentName,
  MAX_DNS_LABEL,
  MAX_STATEFUL_SET_NAME,
  networkNamespace,
  nodeRoleName,
  p2pAddressName,
  p2pServiceName,
  pvcName,
  unreadyServiceName,
} from '../../naming';
import { machinePoolName, MAX_GKE_CLUSTER_NAME, MAX_NODE_POOL_NAME } from '../../naming/clouds';
import { type Problem, problems } from '../errors';
import type { FleetNode } from '../types';
import { type CheckContext, type RunningSubject } from './context';

/** Names of networks, clusters and pools leave room for what is derived from them. */
export function fleetNames(context: CheckContext): Problem[] {
  const { clusters, networks } = context.fleet;
  const found: Problem[] = [];
  for (const network of Object.keys(networks)) {
    const namespace = networkNamespace(network);
    if (namespace.length > MAX_DNS_LABEL) {
      const place = { file: `networks/${network}.yaml`, line: 1, column: 1 };
      found.push(problems.nameTooLong(place, { what: 'the namespace', name: namespace, limit: MAX_DNS_LABEL }));
    }
  }
  for (const cluster of Object.values(clusters).filter(({ cloud }) => cloud === 'gcp')) {
    const file = `clusters/${cluster.name}.yaml`;
    if (cluster.name.length > MAX_GKE_CLUSTER_NAME) {
      found.push(problems.nameTooLong({ file, line: 1, column: 1 }, { what: 'the GKE cluster, after which the service accounts of its machines are called,', name: cluster.name, limit: MAX_GKE_CLUSTER_NAME }));
    }
    cluster.pools.forEach((pool, index) => {
      const longest = (pool.zones ?? cluster.zones).map((zone) => machinePoolName(pool.name, zone)).reduce((a, b) => (b.length > a.length ? b : a), '');
      if (longest.length <= MAX_NODE_POOL_NAME) return;
      found.push(problems.nameTooLong(context.at(file, ['pools', index, 'name']), { what: 'the GKE node pool', name: longest, limit: MAX_NODE_POOL_NAME }));
    });
  }
  return found;
}

/** What Kubernetes objects nodes would be called: not too long, and no two alike in a namespace. */
export function derivedNames(running: readonly RunningSubject[], context: CheckContext): Problem[] {
  const found: Problem[] = [];
  const taken = new Map<string, { node: FleetNode }>();
  const reported = new Set<string>();
  const take = (node: FleetNode, what: string, name: string): void => {
    const key = `${node.cluster}/${node.network}/${what}/${name}`;
    const other = taken.get(key)?.node;
    if (!other) taken.set(key, { node });
    else if (other !== node && other.name !== node.name) {
      const pair = `${other.name}/${node.name}/${node.cluster}`;
      if (reported.has(pair)) return;
      reported.add(pair);
      const places = [context.atNode(node, ['name'], `node "${node.name}"`), context.atNode(other, ['name'], `node "${other.name}"`)];
      found.push(problems.collidingNames(places, { what, name, namespace: networkNamespace(node.network), nodes: [other.name, node.name] }));
    }
  };
  // The one that is furthest beyond its limit says how much a name has to lose.
  const longest = new Map<FleetNode, { what: string; name: string; limit: number }>();
  const fit = (node: FleetNode, what: string, name: string, limit: number): void => {
    const known = longest.get(node);
    if (name.length > limit && (!known || name.length - limit > known.name.length - known.limit)) longest.set(node, { what, name, limit });
  };

  // Every node, whatever else is wrong with it: the names of retired ones are still on their disks.
  for (const node of context.fleet.nodes) {
    for (const component of Object.keys(node.clients)) {
      const name = componentName(node.name, component);
      take(node, 'StatefulSet', name);
      take(node, 'Service', name);
      fit(node, 'a StatefulSet', name, MAX_STATEFUL_SET_NAME);
    }
    take(node, 'Role', nodeRoleName(node.name));
  }
  for (const { node, cluster, components } of running) {
    for (const component of components) {
      if (cluster.cloud === 'gcp' && node.reach.via === 'loadBalancer') fit(node, 'a reserved address', p2pAddressName(cluster.name, node.name, component.name), MAX_DNS_LABEL);
      for (const name of serviceNames(node.name, component)) {
        take(node, 'Service', name);
        fit(node, 'a Service', name, MAX_DNS_LABEL);
      }
      for (const volume of component.volumes) take(node, 'PVC', pvcName(node.name, component.name, volume.name));
    }
  }
  for (const [node, name] of longest) found.push(problems.nameTooLong(context.atNode(node, ['name']), name));
  return found;
}

/** The Services of a component beside the one that bears its name. */
function serviceNames(node: string, { name, ports }: RunningSubject['components'][number]): string[] {
  const purposes = new Set(ports.map(({ purpose }) => purpose));
  const unready = ['engine', 'sentry'].filter((purpose) => purposes.has(purpose)).map((purpose) => unreadyServiceName(node, name, purpose));
  const p2p = purposes.has('p2p') ? [p2pServiceName(node, name), p2pServiceName(node, name, 'tcp'), p2pServiceName(node, name, 'udp')] : [];
  return [...unready, ...p2p];
}
