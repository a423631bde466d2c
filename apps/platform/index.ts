import type { Cluster, Fleet } from '../../model/types';
import { networkNamespace, PROGRAM_NAMESPACES } from '../../naming';
import { clusterAccess, namespaceBindings } from './access';
import { addOnNetworkPolicies } from './add-on-network-policies';
import { admissionPolicies, type PolicyFacts } from '../policies';
import { factsMissing, networkUnknown } from './errors';
import type { NetworkFacts, PlatformFacts, PlatformFile } from './model';
import { defaultDeny, serviceNamespace, stakingNamespace } from './namespaces';
import { priorityClasses } from './priority-classes';
import { networkQuota } from './quotas';
import { storageClasses } from './storage-classes';

export { PlatformError, programWrong } from './errors';
export type { NetworkFacts, PlatformFacts, PlatformFile } from './model';
export { appliedBy } from './permissions';

/**
 * What a cluster needs once, before any staking node: the walls that nodes stand in.
 *
 * | file | holds |
 * | --- | --- |
 * | `00-namespaces.yaml` | one namespace for each network, one each for our services and for monitoring; Pod Security levels |
 * | `network-policies.yaml` | default deny, both ways, in each of them |
 * | `add-on-network-policies.yaml` | EKS only, whose CNI starts every pod closed: what DNS, disks, load balancers, Gatekeeper and monitoring may reach |
 * | `storage-classes.yaml` | one for each kind of volume, under the cluster's own key |
 * | `priority-classes.yaml` | signers, and other staking pods |
 * | `access.yaml` | the roles of `permissions.ts`, and who holds them across namespaces |
 * | `networks/<network>.yaml` | a network's quota, and who holds which role in its namespace |
 * | `policies/<rule>.yaml` | the admission policies of `apps/policies`, judged inside the API server |
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
        ...PROGRAM_NAMESPACES.map((name) => serviceNamespace(cluster, name)),
        ...networks.map(({ network, counted }) => stakingNamespace(cluster, network, counted.exceptions)),
      ],
    },
    {
      path: 'network-policies.yaml',
      objects: [...PROGRAM_NAMESPACES, ...networks.map(({ namespace }) => namespace)].map(defaultDeny),
    },
    ...(cluster.cloud === 'aws' ? [{ path: 'add-on-network-policies.yaml', objects: addOnNetworkPolicies(cluster) }] : []),
    { path: 'storage-classes.yaml', objects: storageClasses(cluster) },
    { path: 'priority-classes.yaml', objects: priorityClasses() },
    { path: 'access.yaml', objects: clusterAccess(fleet, cluster) },
    ...networks.map(({ network, namespace, counted }) => ({
      path: `networks/${network.name}.yaml`,
      objects: [networkQuota(cluster, namespace, counted, facts.helm), ...namespaceBindings(fleet, cluster, namespace)],
    })),
    ...[...admissionPolicies(policyFacts(fleet, cluster, facts.networks)).native].map(([rule, objects]) => ({ path: `policies/${rule}.yaml`, objects })),
  ];
}

/**
 * The same policies for Gatekeeper, in two folders beside `platform/`: constraints are of kinds that exist only once Gatekeeper has taken in
 * their templates, so it is templates first, then a wait, then constraints and the webhook that asks about them.
 */
export function gatekeeperFiles(fleet: Fleet, cluster: Cluster, facts: PlatformFacts): Readonly<Record<'gatekeeper-templates' | 'gatekeeper-constraints', readonly PlatformFile[]>> {
  const { templates, constraints, webhook } = admissionPolicies(policyFacts(fleet, cluster, facts.networks)).gatekeeper;
  return {
    'gatekeeper-templates': templates.map((object) => ({ path: `${object.metadata.name}.yaml`, objects: [object] })),
    'gatekeeper-constraints': [{ path: 'constraints.yaml', objects: constraints }, { path: 'webhook.yaml', objects: [webhook] }],
  };
}

/** What the admission policies of a cluster go by. */
export function policyFacts({ settings }: Fleet, cluster: Cluster, networks: Readonly<Record<string, NetworkFacts>>): PolicyFacts {
  const byName = Object.entries(networks).sort(([a], [b]) => (a < b ? -1 : 1));
  const exceptions = byName.map(([network, { exceptions: declared }]) => {
    const kinds = declared.map(({ what, value }) => (value === undefined ? what : `${what}:${value}`));
    return [networkNamespace(network), [...new Set(kinds)].sort()] as const;
  });
  return {
    settings,
    cluster,
    exceptions: Object.fromEntries(exceptions.filter(([, kinds]) => kinds.length > 0)),
    volumes: Object.assign({}, ...byName.map(([, { volumeNames }]) => volumeNames)) as PolicyFacts['volumes'],
  };
}
