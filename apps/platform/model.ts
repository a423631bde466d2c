import type { HardeningException } from '../../chains/component';
import type { Manifest } from '../../constructs/manifest';
import type { VolumeKind } from '../../model/catalogue';

/** One file below `dist/<cluster>/platform/`. */
export interface PlatformFile {
  /** With `/`; stable, so that a reviewer's diff is about content. */
  readonly path: string;
  readonly objects: readonly Manifest[];
}

/** What the platform must know of the nodes that a cluster runs. Whoever resolved them through their chains counts it. */
export interface PlatformFacts {
  /** The nodes are installed as Helm releases, which Helm remembers as Secrets in their namespace. */
  readonly helm: boolean;
  /** By network: every network that has a node in this cluster, retired ones included, since their disks are kept. */
  readonly networks: Readonly<Record<string, NetworkFacts>>;
}

/** Sums over one network's components in one cluster. */
export interface NetworkFacts {
  /** Of every component, in any order; the same one may come many times. */
  readonly exceptions: readonly HardeningException[];
  /** Components of nodes that are running or stopped. */
  readonly statefulSets: number;
  /**
   * Of running nodes alone, as the scheduler counts them: the sum of a pod's requests, its agent included. A stopped
   * node has no room here, so a `kubectl scale` by hand does not start it: declaring it running does.
   */
  readonly running: {
    readonly pods: number;
    readonly cpuMillis: number;
    readonly memoryMiB: number;
  };
  /** PVCs of running, stopped and retired nodes; a kind that nobody uses may be left out. */
  readonly volumes: Readonly<Partial<Record<VolumeKind, { readonly count: number; readonly storageGiB: number }>>>;
  /** Every volume that the chain's nodes keep on a PVC, by its name in the chain, then its kind. */
  readonly volumeNames: Readonly<Record<string, VolumeKind>>;
  /** Services of type LoadBalancer, of running and stopped nodes. */
  readonly loadBalancers: number;
  /** Ports of Services of type NodePort, and of LoadBalancer where it is given node ports, of running and stopped nodes. */
  readonly nodePorts: number;
}

/** Keeps Helm from deleting an object that its chart no longer holds: a namespace goes with every disk in it. */
export const KEPT: Readonly<Record<string, string>> = { 'helm.sh/resource-policy': 'keep' };
