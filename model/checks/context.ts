import type { ChainCatalogue, ChainEntry, ComponentDemand } from '../catalogue';
import type { Place, Problem } from '../errors';
import type { Cluster, Fleet, FleetNode, Network, Settings } from '../types';
import type { FleetIndex } from '../resolve';
import type { Locator, Path } from '../yaml';

/** A fleet under judgement: what could be read of it. */
export type CheckedFleet = Omit<Fleet, 'settings'> & { readonly settings: Settings | undefined };

/** What is declared but could not be read. Checks don't call it unknown, and don't draw conclusions from its absence. */
export interface Unread {
  readonly clusters: Set<string>;
  readonly networks: Set<string>;
  /** By network: names of its nodes, or that names are missing. */
  readonly nodes: Map<string, { all: boolean; readonly names: Set<string> }>;
  nodesDropped: boolean;
}

export interface CheckInput {
  readonly fleet: CheckedFleet;
  readonly catalogue: ChainCatalogue;
  readonly locator: Locator;
  readonly unread: Unread;
}

/** What every check is given. A check is pure, and returns what it found. */
export class CheckContext {
  readonly fleet: CheckedFleet;
  readonly catalogue: ChainCatalogue;
  readonly unread: Unread;
  private readonly locator: Locator;

  constructor(
    { fleet, catalogue, locator, unread }: CheckInput,
    readonly index: FleetIndex,
  ) {
    this.fleet = fleet;
    this.catalogue = catalogue;
    this.locator = locator;
    this.unread = unread;
  }

  /** Where a part of a file stands. */
  at(file: string, path: Path, label?: string): Place {
    return this.locator.place(file, path, { label });
  }

  /** The same, pointing to the key of an entry rather than its value. */
  atKey(file: string, path: Path, label?: string): Place {
    return this.locator.place(file, path, { target: 'key', label });
  }

  /** Where a part of a node stands: in its entry or, when inherited, in the defaults. */
  atNode(node: FleetNode, path: Path, label?: string): Place {
    return this.at(node.source.file, [...node.source.path, ...path], label);
  }

  atNodeKey(node: FleetNode, path: Path, label?: string): Place {
    return this.atKey(node.source.file, [...node.source.path, ...path], label);
  }
}

/** A node whose cluster, network and chain are there. */
export interface NodeSubject {
  readonly node: FleetNode;
  readonly cluster: Cluster;
  readonly network: Network;
  readonly chain: ChainEntry;
}

/** A node with nothing wrong so far, and what it runs. */
export interface RunningSubject extends NodeSubject {
  readonly components: readonly ComponentDemand[];
}

export type NodeCheck = (subject: NodeSubject, context: CheckContext) => Problem[];
export type RunningCheck = (subject: RunningSubject, context: CheckContext) => Problem[];

export const clusterFile = (cluster: string): string => `clusters/${cluster}.yaml`;
export const networkFile = (network: string): string => `networks/${network}.yaml`;
export const INFRASTRUCTURE_FILE = 'infrastructure.yaml';
export const SETTINGS_FILE = 'settings.yaml';
