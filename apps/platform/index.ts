import type { Cluster, Fleet } from '../../fleet/model';
import { MONITORING_NAMESPACE, networkNamespace, SYSTEM_NAMESPACE } from '../../naming';
import { clusterAccess, namespaceBindings } from './access';
import { factsMissing, networkUnknown } from './errors';
import type { PlatformFacts, PlatformFile } from './model';
import { defaultDeny, serviceNamespace, stakingNamespace } from './namespaces';
import { priorityClasses } from './priority-classes';
import { networkQuota } from './quotas';
import { storageClasses } from './storage-classes';

export { PlatformError } from './errors';
export type { NetworkFacts, PlatformFacts, PlatformFile } from './model';
export { appliedBy } from './permissions';

/**
 * What a cluster needs once, before any staking node: the walls that nodes stand in.
 *
 * | file | holds |
 * | --- | --- |
 * | `00-namespaces.yaml` | one namespace for each network, one each for our services and for monitoring; Pod Security levels |
 * | `network-policies.yaml` | default deny, both ways, in each of them |
 * | `storage-classes.yaml` | one for each kind of volume, under the cluster's own key |
 * | `priority-classes.yaml` | signers, and other staking pods |
 * | `access.yaml` | the roles of `permissions.ts`, and who holds them across namespaces |
 * | `networks/<network>.yaml` | a network's quota, and who holds which role in its namespace |
 *
 * It is applied in this order, before the nodes, by the identity that builds clusters: none of the roles in `access.yaml`
 * may write any of it. Neither does anything here get pruned: a namespace goes with every disk in it.
 *
 * Quota follows the fleet: whoever adds a node, or starts a stopped one, applies this folder first.
 *
 * @throws PlatformError if the facts and the fleet don't agree on the cluster's networks, an exception names no capability,
 * or no one type of disk fits the machines of all pools.
 */
export function platformFiles(fleet: Fleet, cluster: Cluster, facts: PlatformFacts): PlatformFile[] {
  for (const { network } of fleet.nodes.filter((node) => node.cluster === cluster.name)) {
    if (facts.networks[network] === undefined) throw factsMissing(cluster.name, network);
  }
  const networks = Object.entries(facts.networks)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, counted]) => {
      const network = fleet.networks[name];
      if (network === undefined) throw networkUnknown(cluster.name, name, Object.keys(fleet.networks).sort());
      return { network, namespace: networkNamespace(name), counted };
    });

  return [
    {
      path: '00-namespaces.yaml',
      objects: [
        ...SERVICE_NAMESPACES.map((name) => serviceNamespace(cluster, name)),
        ...networks.map(({ network, counted }) => stakingNamespace(cluster, network, counted.exceptions)),
      ],
    },
    {
      path: 'network-policies.yaml',
      objects: [...SERVICE_NAMESPACES, ...networks.map(({ namespace }) => namespace)].map(defaultDeny),
    },
    { path: 'storage-classes.yaml', objects: storageClasses(cluster) },
    { path: 'priority-classes.yaml', objects: priorityClasses() },
    { path: 'access.yaml', objects: clusterAccess(fleet, cluster) },
    ...networks.map(({ network, namespace, counted }) => ({
      path: `networks/${network.name}.yaml`,
      objects: [networkQuota(cluster, namespace, counted, facts.helm), ...namespaceBindings(fleet, cluster, namespace)],
    })),
  ];
}

const SERVICE_NAMESPACES: readonly string[] = [MONITORING_NAMESPACE, SYSTEM_NAMESPACE];
