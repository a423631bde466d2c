import { createHash } from 'node:crypto';
import { ApiObject } from 'cdk8s';
import { KubeConfigMap, KubePodDisruptionBudget, KubeServiceAccount, IntOrString } from 'cdk8s-plus-27/lib/imports/k8s';
import { Construct } from 'constructs';
import { componentName, configMapName, networkNamespace } from '../naming';
import type { ComponentSpec, HardeningException, ImageReference } from './chains/component';
import { labels, manifestOf, selector, type Manifest } from './manifest';
import { networkPolicy, type ComponentPeer } from './network-policy';
import { nodeRole } from './node-role';
import { agentConfig, AGENT } from './secret-agent';
import { services } from './services';
import { checkProps } from './staking-node-errors';
import { configKey, statefulSet } from './stateful-set';
import { volumeClaim, type AccessMode } from './storage';

export { StakingNodeError } from './staking-node-errors';

export interface StakingNodeProps {
  /** Name of the node, unique in its namespace. Every object's name starts with it; another name is another disk. */
  readonly name: string;
  /** The blockchain network, such as `ethereum-mainnet`. */
  readonly network: string;
  /** The network's protocol family, such as `ethereum`. */
  readonly chain: string;
  /** What the node is for, in the chain's words: `validator`, `sentry`. */
  readonly role: string;
  /** The cluster that the manifests are for. */
  readonly cluster: string;
  readonly cloud: 'gcp' | 'aws';
  /** Zone of the machines and disks. */
  readonly zone: string;
  /** What the node runs, from a chain definition. */
  readonly components: readonly ComponentSpec[];
  /** Component, then the pool of machines that it runs on. */
  readonly placements: Readonly<Record<string, Placement>>;
  /** Image of the secret agent. */
  readonly agent: AgentImage;
  /**
   * How the node is reached from outside. Must be what the components were defined with.
   * @default 'outbound'
   */
  readonly reach?: 'outbound' | 'loadBalancer' | 'nodePort' | 'hostNetwork';
  /**
   * Public keys that the node signs with, in the chain's canonical form.
   * @default - none
   */
  readonly keys?: readonly string[];
  /**
   * Whether pods run. A stopped node keeps everything at zero replicas; of a retired one only the disks are left.
   * @default 'running'
   */
  readonly state?: 'running' | 'stopped' | 'retired';
  /**
   * Whether an empty signing volume is the right one.
   * @default false
   */
  readonly firstStart?: boolean;
  /**
   * Step of a rollout, as a label.
   * @default - no label
   */
  readonly ring?: string;
  /** @default - the network's: `staking-<network>` */
  readonly namespace?: string;
  /**
   * Address ranges of the clusters, which "public addresses" never include.
   * @default - only what no public address lies in
   */
  readonly clusterRanges?: readonly string[];
  /**
   * Components of other nodes that this node's `talksTo` names, by node.
   * @default - none
   */
  readonly peers?: Readonly<Record<string, readonly ComponentSpec[]>>;
  /**
   * Components of other nodes that talk to this one.
   * @default - none
   */
  readonly callers?: readonly RemoteCaller[];
  /**
   * Pods outside the staking namespaces that may call ports of this node.
   * @default - none
   */
  readonly consumers?: readonly NodeConsumer[];
  /**
   * Kubernetes groups that may stop and fire this one node.
   * @default - nobody
   */
  readonly operatorGroups?: readonly string[];
  /**
   * Access mode of the disks; `ReadWriteOnce` only where the storage driver lacks the stricter one.
   * @default 'ReadWriteOncePod'
   */
  readonly accessMode?: AccessMode;
  /**
   * Whether one load balancer carries TCP and UDP of a Service (GKE from 1.34.1-gke.2190000; EKS with the AWS Load
   * Balancer Controller's EnableTCPUDPListener). Otherwise two Services share the address.
   * @default true
   */
  readonly mixedProtocolLoadBalancers?: boolean;
  /**
   * EKS only: component, then the Elastic IP allocation of its load balancer.
   * @default - the load balancer takes any address
   */
  readonly addressAllocations?: Readonly<Record<string, string>>;
}

/** A pool of machines: its name is a label on them, its taints keep others off. */
export interface Placement {
  readonly pool: string;
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
}

export type AgentImage = Pick<ImageReference, 'repository' | 'version' | 'digest'>;

/** A component that may reach ports of another one in its namespace. */
export interface Caller {
  readonly node: string;
  readonly component: string;
  /** Names of the target's ports. */
  readonly ports: readonly string[];
}

export interface RemoteCaller extends Caller {
  /** The component of this node that is called. */
  readonly target: string;
}

export interface Consumer {
  readonly namespace: string;
  readonly podLabels: Readonly<Record<string, string>>;
  /** Names of the target's ports. */
  readonly ports: readonly string[];
}

export interface NodeConsumer extends Consumer {
  /** The component of this node that is called. */
  readonly component: string;
}

/** What the objects of a node are named and labelled by. */
export type NodeIdentity = Pick<
  StakingNodeProps,
  'name' | 'network' | 'chain' | 'role' | 'ring' | 'cluster' | 'cloud' | 'zone' | 'addressAllocations'
> & { readonly namespace: string };

/**
 * One staking node in Kubernetes: for each component a single-replica, armed StatefulSet with explicit disks, the
 * Services and NetworkPolicy that its declared ports and peers need, a disruption budget, an identity, and the
 * operators' right to stop and fire this node by name. A chain says what runs; this decides how.
 *
 * @throws StakingNodeError naming every mistake in the props, before any object is made.
 *
 * @example
 * new StakingNode(chart, 'hoodi-0', { name: 'hoodi-0', network: 'ethereum-hoodi', components, ... });
 */
export class StakingNode extends Construct {
  /** Component, then its objects, in the order in which they are written. */
  readonly components: ReadonlyMap<string, readonly ApiObject[]>;
  /** Objects that belong to the node as a whole. */
  readonly shared: readonly ApiObject[];
  /**
   * The same objects as plain data, without what is changed on them afterwards (`addJsonPatch`): for writers of many nodes, since
   * `ApiObject.toJson` looks for tokens in every field, and there are none.
   */
  readonly manifests: { readonly components: ReadonlyMap<string, readonly Manifest[]>; readonly shared: readonly Manifest[] };
  /** Declared weakenings of the hardening. */
  readonly exceptions: readonly (HardeningException & { readonly component: string })[];

  constructor(scope: Construct, id: string, props: StakingNodeProps) {
    super(scope, id);
    checkProps(props);
    const node: NodeIdentity = { ...props, namespace: props.namespace ?? networkNamespace(props.network) };
    this.manifests = {
      components: new Map(props.components.map((component) => [component.name, componentManifests(node, component, props)])),
      shared: props.state === 'retired' ? [] : nodeRole(node, props.components, props.operatorGroups ?? []),
    };
    const add = (manifest: Manifest): ApiObject => new ApiObject(this, `${manifest.kind}-${manifest.metadata.name}`, manifest);
    this.components = new Map([...this.manifests.components].map(([name, manifests]) => [name, manifests.map(add)]));
    this.shared = this.manifests.shared.map(add);
    this.exceptions = props.components.flatMap(({ name, exceptions = [] }) =>
      exceptions.map((exception) => ({ component: name, ...exception })),
    );
  }
}

function componentManifests(node: NodeIdentity, component: ComponentSpec, props: StakingNodeProps): Manifest[] {
  const disks = component.volumes.map((volume) => volumeClaim(node, component, volume, props.accessMode ?? 'ReadWriteOncePod'));
  if (props.state === 'retired') return disks;
  const name = componentName(node.name, component.name);
  const metadata = { name, namespace: node.namespace, labels: labels(node, component) };
  const reach = props.reach ?? 'outbound';
  const config = configMap(node, component, props);
  return [
    manifestOf(KubeServiceAccount, { metadata, automountServiceAccountToken: false }),
    config,
    ...disks,
    ...services({ node, component, reach, mixedProtocolLoadBalancers: props.mixedProtocolLoadBalancers ?? true }),
    // A NetworkPolicy does not bind a pod on the host's network; one that looks as if it did would mislead.
    ...(component.hostNetwork
      ? []
      : [
          networkPolicy(node, component, {
            portsOf: (peer) => peerPorts(props, peer),
            publicIngress: reach !== 'outbound',
            clusterRanges: props.clusterRanges ?? [],
            callers: callersOf(component, props),
            consumers: (props.consumers ?? []).filter((consumer) => consumer.component === component.name),
          }),
        ]),
    manifestOf(KubePodDisruptionBudget, {
      metadata,
      spec: {
        // Draining a signer is an operator's deliberate, serial act.
        maxUnavailable: IntOrString.fromNumber(component.signs ? 0 : 1),
        selector: { matchLabels: selector(node.network, node.name, component.name) },
      },
    }),
    statefulSet({
      node,
      component,
      agent: props.agent,
      placement: props.placements[component.name]!,
      configMap: config.metadata.name,
      running: (props.state ?? 'running') === 'running',
    }),
  ];
}

/** Immutable and named by its content: a changed file in place would slip past the armed partition at the next crash. */
function configMap(node: NodeIdentity, component: ComponentSpec, props: StakingNodeProps): Manifest {
  const agent = agentConfig(component, {
    cluster: node.cluster,
    network: node.network,
    node: node.name,
    keys: props.keys ?? [],
    firstStart: props.firstStart ?? false,
  });
  const data: Record<string, string> = { [AGENT.configKey]: `${JSON.stringify(agent, null, 2)}\n` };
  for (const folder of component.config ?? []) {
    for (const [file, content] of Object.entries(folder.files)) data[configKey(folder.name, file)] = content;
  }
  const digest = createHash('sha256').update(JSON.stringify(data)).digest('hex');
  return manifestOf(KubeConfigMap, {
    metadata: {
      name: configMapName(node.name, component.name, digest),
      namespace: node.namespace,
      labels: labels(node, component),
      // An armed pod still runs the revision that names the previous one.
      annotations: { 'helm.sh/resource-policy': 'keep' },
    },
    immutable: true,
    data,
  });
}

/** Who may call a component: its siblings, and other nodes, that say they talk to it. */
function callersOf(component: ComponentSpec, props: StakingNodeProps): Caller[] {
  const siblings = props.components.flatMap((sibling) =>
    sibling.talksTo.flatMap((peer) =>
      peer.kind === 'component' && (peer.node ?? props.name) === props.name && peer.component === component.name
        ? [{ node: props.name, component: sibling.name, ports: peer.ports }]
        : [],
    ),
  );
  return [...siblings, ...(props.callers ?? []).filter(({ target }) => target === component.name)];
}

function peerPorts(props: StakingNodeProps, peer: ComponentPeer): ComponentSpec['ports'] {
  const components = peer.node === undefined || peer.node === props.name ? props.components : (props.peers?.[peer.node] ?? []);
  return components.find(({ name }) => name === peer.component)!.ports.filter(({ name }) => peer.ports.includes(name));
}
