import type { Cluster, Fleet, Infrastructure } from '../../model/types';
import type { ClusterDemand } from './demand';

/** A fleet that declares its infrastructure: what every stack is made from. */
export interface StackContext {
  readonly fleet: Fleet & { readonly infrastructure: Infrastructure };
  /** By cluster. */
  readonly demands: Readonly<Record<string, ClusterDemand>>;
}

/** The context of one cluster's stacks. */
export interface ClusterContext<C extends Cluster = Cluster> extends StackContext {
  readonly cluster: C;
  readonly demand: ClusterDemand;
}

export type GcpCluster = Extract<Cluster, { cloud: 'gcp' }>;

export type AwsCluster = Extract<Cluster, { cloud: 'aws' }>;
