import { App, Chart } from 'cdk8s';
import type { ComponentSpec } from '../../chains/component';
import { StakingNode } from '../../constructs/staking-node';
import type { RemoteCaller } from '../../constructs/staking-node-props';
import type { Cluster, FleetNode } from '../../model/types';
import { poolOf } from '../../model/sizing';
import { networkNamespace } from '../../naming';
import type { FleetContext } from './fleet-context';
import { nodeFacts, type NodeReport } from './node-report';
import { toYaml } from './yaml';

/** One file of a node's folder. */
export interface NodeFile {
  /** Below the node's folder: `execution.yaml`. */
  readonly name: string;
  readonly text: string;
}

/** The manifests of one node, a file for each component, and what they add up to. Pure. */
export function renderNode(context: FleetContext, node: FleetNode): { files: NodeFile[]; report: NodeReport } {
  const components = context.componentsOf(node);
  const stakingNode = buildStakingNode(context, node, components);
  const header = `Rendered from fleet/${node.source.file}: do not edit. Every change starts there.`;
  const { components: byComponent, shared } = stakingNode.manifests;
  const objects = [...[...byComponent.values()].flat(), ...shared];
  const files = [...byComponent, ['rbac', shared] as const]
    .filter(([, manifests]) => manifests.length > 0)
    .map(([name, manifests]): NodeFile => ({ name: `${name}.yaml`, text: toYaml(manifests, header) }));
  return {
    files,
    report: {
      cluster: node.cluster,
      network: node.network,
      node: node.name,
      state: node.state,
      objects: objects.length,
      bytes: files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
      exceptions: node.state === 'retired' ? [] : stakingNode.exceptions,
      unverified: [...new Set(components.flatMap(({ name, client, unverified = [] }) => unverified.map((what) => `${name} ${client}: ${what}`)))],
      facts: nodeFacts(node.state, components, objects, context.catalogue.agentDemand),
    },
  };
}

/** Many small Apps: one App that holds every node is quadratic in time. */
function buildStakingNode(context: FleetContext, node: FleetNode, components: readonly ComponentSpec[]): StakingNode {
  const { fleet } = context;
  const cluster = fleet.clusters[node.cluster]!;
  const network = fleet.networks[node.network]!;
  const chart = new Chart(new App(), node.name, { disableResourceNameHashes: true, namespace: networkNamespace(node.network) });
  return new StakingNode(chart, node.name, {
    name: node.name,
    network: node.network,
    chain: network.chain,
    role: node.role,
    ring: node.ring,
    cluster: cluster.name,
    cloud: cluster.cloud,
    zone: node.zone,
    components,
    placements: Object.fromEntries(
      components.flatMap((component) => {
        const pool = poolOf(cluster, node, network.chain, component, context.catalogue.agentDemand);
        return pool ? [[component.name, { pool: pool.name, taints: pool.taints }]] : [];
      }),
    ),
    agent: { repository: fleet.settings.agent.image, version: fleet.settings.agent.version, digest: fleet.settings.agent.digest },
    reach: node.reach.via,
    keys: node.keys,
    state: node.state,
    firstStart: node.firstStart === 'approved',
    clusterRanges: context.clusterRanges,
    peers: node.state === 'retired' ? {} : context.peersOf(node, components),
    callers: remoteCallers(context, node),
    consumers: node.consumers,
    operatorGroups: fleet.settings.access.operators[cluster.cloud],
    mixedProtocolLoadBalancers: carriesBothProtocols(cluster),
    addressAllocations: fleet.observed[cluster.name]?.allocations[node.name],
  });
}

/** Components of other nodes of the same cluster and network that say they talk to this one. */
function remoteCallers(context: FleetContext, node: FleetNode): RemoteCaller[] {
  return context.neighboursOf(node).flatMap((other) =>
    context.componentsOf(other).flatMap((component) =>
      component.talksTo.flatMap((peer) =>
        peer.kind === 'component' && peer.node === node.name
          ? [{ node: other.name, component: component.name, target: peer.component, ports: peer.ports }]
          : [],
      ),
    ),
  );
}

/** GKE carries both protocols of one Service from 1.34.1-gke.2190000 on; a minor alone can't tell for 1.34. */
function carriesBothProtocols(cluster: Cluster): boolean {
  return cluster.cloud === 'aws' || Number(cluster.kubernetesVersion.split('.')[1]) >= 35;
}
