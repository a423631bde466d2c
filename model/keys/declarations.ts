import type { Fleet } from '../types';
import { readYaml } from '../yaml';

/**
 * What one revision declares of where keys may sign, read without any revision's schema: a change that is judged may have changed that too. What
 * can't be read is `undefined`, and whoever judges takes that for the worse.
 */
export interface Declarations {
  readonly clusters: ReadonlyMap<string, DeclaredCluster>;
  readonly networks: ReadonlyMap<string, DeclaredNetwork>;
  readonly nodes: readonly DeclaredNode[];
  /** Every file as it was read, by its path below the fleet's folder; undefined where it is not YAML of ours. */
  readonly files: ReadonlyMap<string, unknown>;
}

/** Where a cluster is: what its cloud is asked by. */
export interface DeclaredCluster {
  readonly cloud: string | undefined;
  /** The project or account. */
  readonly home: string | undefined;
  readonly region: string | undefined;
}

export interface DeclaredNetwork {
  readonly chain: string | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  readonly waitMinutes: number | undefined;
}

/** A node with its file's defaults below it. */
export interface DeclaredNode {
  readonly cluster: string;
  readonly network: string;
  readonly name: string;
  readonly state: string | undefined;
  readonly zone: string | undefined;
  /** As they are spelled there. */
  readonly keys: readonly string[];
}

/** Reads a revision's files, by their paths below the fleet's folder. */
export function readDeclarations(texts: ReadonlyMap<string, string>): Declarations {
  const files = new Map([...texts].filter(([path]) => path.endsWith('.yaml')).map(([path, text]) => [path, readYaml(path, text).value]));
  const clusters = new Map<string, DeclaredCluster>();
  const networks = new Map<string, DeclaredNetwork>();
  const nodes: DeclaredNode[] = [];
  for (const [path, value] of files) {
    const name = /^clusters\/([^/]+)\.yaml$/.exec(path)?.[1];
    if (name !== undefined) clusters.set(name, readCluster(value));
    const network = /^networks\/([^/]+)\.yaml$/.exec(path)?.[1];
    if (network !== undefined) networks.set(network, readNetwork(value));
    const [, cluster, of] = /^nodes\/([^/]+)\/([^/]+)\.yaml$/.exec(path) ?? [];
    if (cluster !== undefined && of !== undefined) nodes.push(...readNodes(value).map((node) => ({ cluster, network: of, ...node })));
  }
  return { clusters, networks, nodes, files };
}

/** The same of a fleet that was validated. */
export function declarationsOf(fleet: Pick<Fleet, 'clusters' | 'networks' | 'nodes'>): Declarations {
  return {
    clusters: new Map(Object.entries(fleet.clusters).map(([name, cluster]) => [name, readCluster(cluster)])),
    networks: new Map(Object.entries(fleet.networks).map(([name, { chain, options, keyMoveWaitMinutes }]) => [name, { chain, options, waitMinutes: keyMoveWaitMinutes }])),
    nodes: fleet.nodes,
    files: new Map(),
  };
}

/** The nodes that bear a place's name; usually one. */
export const nodesAt = ({ nodes }: Declarations, place: { readonly cluster: string; readonly network: string; readonly node: string }): readonly DeclaredNode[] =>
  nodes.filter(({ cluster, network, name }) => cluster === place.cluster && network === place.network && name === place.node);

export const asMap = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {});
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function readCluster(value: unknown): DeclaredCluster {
  const { cloud, project, account, region } = asMap(value);
  return { cloud: asText(cloud), home: asText(cloud === 'gcp' ? project : account), region: asText(region) };
}

function readNetwork(value: unknown): DeclaredNetwork {
  const { chain, options, keyMoveWaitMinutes: wait } = asMap(value);
  return { chain: asText(chain), options: asMap(options), waitMinutes: typeof wait === 'number' && Number.isFinite(wait) ? wait : undefined };
}

function readNodes(value: unknown): Omit<DeclaredNode, 'cluster' | 'network'>[] {
  const { defaults, nodes } = asMap(value);
  return asList(nodes).flatMap((entry) => {
    const { name, state, zone, keys } = { ...asMap(defaults), ...asMap(entry) };
    return typeof name === 'string' ? [{ name, state: asText(state), zone: asText(zone), keys: asList(keys).flatMap((key) => asText(key) ?? []) }] : [];
  });
}
