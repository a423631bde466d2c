import { App, Chart } from 'cdk8s';
import { toYaml } from '../apps/render/yaml';
import { StakingNode } from '../constructs/staking-node';
import type { RemoteCaller, StakingNodeProps } from '../constructs/staking-node-props';
import type { ChainNode, PeerNode } from '../model/catalogue';
import type { Sample } from './chains/every-chain';
import type { Subject } from './properties/hardening-points';
import { parseYaml } from './rendered';

export const POOL = { pool: 'staking', taints: [{ key: 'stockade.dev/pool', value: 'staking', effect: 'NoSchedule' }] } as const;

/** The props of a sample node; components that its options refer to in other nodes of the cluster are its own, renamed. */
export function propsOf(sample: Sample, differs: Partial<StakingNodeProps> = {}): StakingNodeProps {
  const { chain, node } = sample;
  const components = chain.components(node);
  return {
    name: node.name,
    network: node.network,
    chain: chain.name,
    role: node.role,
    ring: 'main',
    cluster: 'test-cluster',
    cloud: 'gcp',
    zone: 'zone-a',
    components,
    placements: Object.fromEntries(components.map(({ name }) => [name, POOL])),
    agent: { repository: 'registry.example/agent', version: '0.1.0' },
    reach: node.reach.via,
    keys: node.keys,
    firstStart: node.firstStart,
    callers: callersFrom(sample),
    peers: Object.fromEntries(neighbours(sample).map((other) => [other.name, chain.components(asNode(sample, other))])),
    operatorGroups: ['operators'],
    ...differs,
  };
}

/** Other nodes of the same cluster that the sample refers to, or that refer to it. */
const neighbours = ({ node }: Sample): PeerNode[] => [...Object.values(node.peers), ...Object.values(node.referrers)].filter(({ sameCluster }) => sameCluster);

/** A neighbour as its chain sees it: it knows the sample. */
function asNode({ node }: Sample, other: PeerNode): ChainNode {
  const { name, role, portBase, reach, clients, options } = node;
  const known = { [name]: { name, role, sameCluster: true, portBase, reach, clients, options } };
  return { ...node, ...other, clients: { ...clients, ...other.clients }, keys: [], peers: known, referrers: {} };
}

/** What neighbours declare of calling the sample. */
const callersFrom = (sample: Sample): RemoteCaller[] =>
  neighbours(sample).flatMap((other) =>
    sample.chain.components(asNode(sample, other)).flatMap(({ name, talksTo }) =>
      talksTo.flatMap((peer) => (peer.kind === 'component' && peer.node === sample.node.name ? [{ node: other.name, component: name, target: peer.component, ports: peer.ports }] : [])),
    ),
  );

/** The props of a sample's neighbours, so that a whole namespace can be rendered. */
export function neighbourPropsOf(sample: Sample, differs: Partial<StakingNodeProps> = {}): StakingNodeProps[] {
  const own = propsOf(sample);
  return neighbours(sample).map((other) => {
    const node = asNode(sample, other);
    const key = sample.node.keys[0] ?? 'example-key';
    return {
      ...propsOf({ ...sample, node: { ...node, peers: {}, referrers: {}, keys: [key] } }),
      components: sample.chain.components(node),
      peers: { [own.name]: own.components },
      callers: own.components.flatMap(({ name, talksTo }) =>
        talksTo.flatMap((peer) => (peer.kind === 'component' && peer.node === other.name ? [{ node: own.name, component: name, target: peer.component, ports: peer.ports }] : [])),
      ),
      ...differs,
    };
  });
}

/** YAML of a node, all files in one. */
export function yamlOf(props: StakingNodeProps): string {
  const node = new StakingNode(new Chart(new App(), 'chart', { disableResourceNameHashes: true }), props.name, props);
  return toYaml([...[...node.manifests.components.values()].flat(), ...node.manifests.shared]);
}

/** A rendered sample, parsed back, for the points of the hardening. */
export function subjectOf(sample: Sample, differs: Partial<StakingNodeProps> = {}): Subject {
  const props = propsOf(sample, differs);
  return {
    name: props.name,
    network: props.network,
    namespace: `staking-${props.network}`,
    zone: props.zone,
    cloud: props.cloud,
    state: props.state === 'stopped' ? 'stopped' : 'running',
    reach: props.reach ?? 'outbound',
    firstStart: props.firstStart ?? false,
    keys: props.keys ?? [],
    pool: POOL,
    components: props.components,
    objects: parseYaml(yamlOf(props)),
  };
}
