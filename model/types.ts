import type { Cluster } from './schema/cluster';
import type { Infrastructure } from './schema/infrastructure';
import type { Network } from './schema/network';
import type { NodeDeclaration } from './schema/node';
import type { Observed } from './schema/observed';
import type { Settings } from './schema/settings';

export type { Cluster, Pool, MachineFeature } from './schema/cluster';
export type { Infrastructure, Maintenance, Tombstone } from './schema/infrastructure';
export type { Network, ClientDeclaration, Release, Genesis } from './schema/network';
export type { NodeDeclaration, ReachDeclaration, NodeState } from './schema/node';
export type { Observed } from './schema/observed';
export type { Settings, GroupsByCloud } from './schema/settings';

/** Where a value was declared: a file of the fleet and the path of keys and indices inside it. */
export interface Source {
  /** Relative to the fleet's folder, with `/`. */
  readonly file: string;
  readonly path: readonly (string | number)[];
}

/** One declared node, with its file's defaults merged in. */
export interface FleetNode extends NodeDeclaration {
  readonly cluster: string;
  readonly network: string;
  /** The node's own entry. */
  readonly source: Source;
}

/** All that is declared, validated: plain data that can be sent to a worker. */
export interface Fleet {
  readonly settings: Settings;
  /** What Terraform makes beside clusters; absent in a fleet that renders manifests only. */
  readonly infrastructure?: Infrastructure;
  readonly clusters: Readonly<Record<string, Cluster>>;
  readonly networks: Readonly<Record<string, Network>>;
  /** In the order of their files and of their entries. */
  readonly nodes: readonly FleetNode[];
  readonly observed: Readonly<Record<string, Observed>>;
}
