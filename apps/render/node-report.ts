import type { ComponentSpec, HardeningException } from '../../chains/component';
import type { Manifest } from '../../constructs/manifest';
import type { VolumeKind } from '../../model/catalogue';
import type { NodeState } from '../../model/types';
import type { NetworkFacts } from '../platform';

/** What rendering one node tells the rest: small, plain data that a worker can send. */
export interface NodeReport {
  readonly cluster: string;
  readonly network: string;
  readonly node: string;
  readonly state: NodeState;
  readonly objects: number;
  readonly bytes: number;
  readonly exceptions: readonly (HardeningException & { readonly component: string })[];
  /** What nobody has run against the real client, by component. */
  readonly unverified: readonly string[];
  readonly facts: NetworkFacts;
}

/** The sums that quotas follow from. */
export function addFacts(a: NetworkFacts, b: NetworkFacts): NetworkFacts {
  return {
    exceptions: [...a.exceptions, ...b.exceptions],
    statefulSets: a.statefulSets + b.statefulSets,
    running: {
      pods: a.running.pods + b.running.pods,
      cpuMillis: a.running.cpuMillis + b.running.cpuMillis,
      memoryMiB: a.running.memoryMiB + b.running.memoryMiB,
    },
    volumes: addVolumes(a.volumes, b.volumes),
    volumeNames: { ...a.volumeNames, ...b.volumeNames },
    loadBalancers: a.loadBalancers + b.loadBalancers,
    nodePorts: a.nodePorts + b.nodePorts,
  };
}

export const NO_FACTS: NetworkFacts = {
  exceptions: [],
  statefulSets: 0,
  running: { pods: 0, cpuMillis: 0, memoryMiB: 0 },
  volumes: {},
  volumeNames: {},
  loadBalancers: 0,
  nodePorts: 0,
};

/** What one node adds to the facts of its network, read from what it runs and from the objects that were made of it. */
export function nodeFacts(
  state: NodeState,
  components: readonly ComponentSpec[],
  objects: readonly Manifest[],
  agent: { readonly cpuMillis: number; readonly memoryMiB: number },
): NetworkFacts {
  const running = state === 'running' ? components : [];
  const of = (kind: string) => objects.filter((object) => object.kind === kind);
  const exposed = of('Service')
    .map(({ spec }) => spec as { readonly type?: string; readonly allocateLoadBalancerNodePorts?: boolean; readonly ports: readonly unknown[] })
    .filter(({ type }) => type === 'LoadBalancer' || type === 'NodePort');
  return {
    exceptions: state === 'retired' ? [] : components.flatMap(({ exceptions = [] }) => exceptions),
    statefulSets: of('StatefulSet').length,
    running: {
      pods: running.length,
      cpuMillis: running.reduce((sum, { resources }) => sum + resources.cpuMillis + agent.cpuMillis, 0),
      memoryMiB: running.reduce((sum, { resources }) => sum + resources.memoryMiB + agent.memoryMiB, 0),
    },
    volumes: components
      .flatMap(({ volumes }) => volumes)
      .reduce<NetworkFacts['volumes']>((sum, { kind, sizeGiB }) => addVolumes(sum, { [kind]: { count: 1, storageGiB: sizeGiB } }), {}),
    volumeNames: Object.fromEntries(components.flatMap(({ volumes }) => volumes).map(({ name, kind }) => [name, kind])),
    loadBalancers: exposed.filter(({ type }) => type === 'LoadBalancer').length,
    nodePorts: exposed.filter(({ allocateLoadBalancerNodePorts }) => allocateLoadBalancerNodePorts !== false).reduce((sum, { ports }) => sum + ports.length, 0),
  };
}

function addVolumes(a: NetworkFacts['volumes'], b: NetworkFacts['volumes']): NetworkFacts['volumes'] {
  const sum: Partial<Record<VolumeKind, { count: number; storageGiB: number }>> = { ...a };
  for (const [kind, { count, storageGiB }] of Object.entries(b) as [VolumeKind, { count: number; storageGiB: number }][]) {
    const before = sum[kind] ?? { count: 0, storageGiB: 0 };
    sum[kind] = { count: before.count + count, storageGiB: before.storageGiB + storageGiB };
  }
  return sum;
}
