import type { ComponentSpec, ImageReference } from '../chains/component';

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
  readonly placements: Readonly<Record<string, TargetPool>>;
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
export interface TargetPool {
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

/** ReadWriteOncePod keeps a second pod off the disk even on the same machine; ReadWriteOnce only for drivers without it. */
export type AccessMode = 'ReadWriteOncePod' | 'ReadWriteOnce';

/** What the objects of a node are named and labelled by. */
export type NodeIdentity = Pick<
  StakingNodeProps,
  'name' | 'network' | 'chain' | 'role' | 'ring' | 'cluster' | 'cloud' | 'zone' | 'addressAllocations'
> & { readonly namespace: string };
