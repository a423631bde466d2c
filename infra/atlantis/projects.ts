import { catalogue } from '../../chains';
import type { Cluster, Fleet } from '../../model/types';
import { FleetIndex } from '../../model/resolve';
import { CLUSTER_STACKS, type ClusterStackKind } from '../../naming/clouds';
import type { ClusterDemand } from '../context/demand';
import { NEEDS, stacksOf, type StackDescription } from '../stacks';
import type { StackContext } from '../context';

/** One project as Atlantis is told of it: what is planned, locked and applied by itself. */
export interface Project {
  /** Of a stack: its id. */
  readonly name: string;
  /** In git, so that it is there before anything is rendered. */
  readonly dir: string;
  /** Only named here: what it runs is defined on the server. */
  readonly workflow: 'terraform' | 'manifests' | 'keys';
  readonly executionOrderGroup: number;
  /** Projects that are applied before, where the same pull request touches them too. */
  readonly dependsOn: readonly string[];
  /** What touches it, relative to {@link dir}. */
  readonly whenModified: readonly string[];
  /** What the project takes from the fleet, as `demand.json` in {@link dir}: an edit that doesn't change it doesn't touch the project. */
  readonly demand: unknown;
}

export const PROJECTS_FOLDER = 'infra/projects';
export const DEMAND_FILE = 'demand.json';
export const KEYS_PROJECT = 'keys';
export const manifestsProject = (cluster: string): string => `${cluster}-manifests`;

/** The cluster that a project is of, by the project's name; undefined where it is the whole fleet's. */
export function clusterOfProject(name: string): string | undefined {
  const kind = [...CLUSTER_STACKS, 'manifests'].find((one) => name.endsWith(`-${one}`) && name.length > one.length + 1);
  return kind === undefined ? undefined : name.slice(0, -kind.length - 1);
}

/**
 * Every project of a fleet, in the order of their groups, then by name.
 *
 * @param folder of the fleet, from the repository's root
 */
export function projectsOf(context: StackContext, folder = FLEET): Project[] {
  const stacks = stacksOf(context.fleet);
  const index = new FleetIndex(context.fleet, catalogue);
  const afterStacks = Math.max(...stacks.map(({ order }) => order)) + 2;
  const projects: Project[] = [
    keysProject(context.fleet),
    ...stacks.map((stack) => stackProject(stack, stacks, context)),
    ...Object.values(context.fleet.clusters).map((cluster) => clusterManifests(cluster, context.fleet, index, afterStacks)),
  ];
  const inFolder = (pattern: string): string => pattern.replace(fromRoot(`${FLEET}/`), fromRoot(`${folder}/`));
  return projects.map((project) => ({ ...project, whenModified: project.whenModified.map(inFolder) })).sort((a, b) => a.executionOrderGroup - b.executionOrderGroup || (a.name < b.name ? -1 : 1));
}

/**
 * One for the whole fleet. Whoever adds, takes away or moves a key touches it, and holds its lock until the change is merged: no two
 * changes place keys at the same time.
 */
function keysProject({ nodes }: Fleet): Project {
  return {
    name: KEYS_PROJECT,
    dir: folderOf(KEYS_PROJECT),
    workflow: 'keys',
    executionOrderGroup: 0,
    dependsOn: [],
    whenModified: [DEMAND_FILE, fromRoot('fleet/keys.lock')],
    demand: {
      keys: Object.fromEntries(nodes.filter(({ keys }) => keys.length > 0).map(({ cluster, network, name, keys }): [string, readonly string[]] => [`${cluster}/${network}/${name}`, [...keys].sort()]).sort(byName)),
    },
  };
}

function stackProject(stack: StackDescription, stacks: readonly StackDescription[], { fleet, demands }: StackContext): Project {
  const { id, kind, cloud, cluster: clusterName, tombstone } = stack;
  const cluster = clusterName === undefined || tombstone ? undefined : fleet.clusters[clusterName];
  return {
    name: id,
    dir: folderOf(id),
    workflow: 'terraform',
    executionOrderGroup: stack.order + 1,
    dependsOn: stacks.filter((other) => other.cloud === cloud && NEEDS[kind].includes(other.kind) && (other.cluster === undefined || clusterName === undefined || other.cluster === clusterName)).map((other) => other.id),
    whenModified: [
      ...['infra/**', '!infra/atlantis/**', `!${PROJECTS_FOLDER}/**`, `!infra/stacks/${cloud === 'gcp' ? 'aws' : 'gcp'}/**`].map(fromRoot),
      ...['naming/**', 'errors/**', 'contract/**', 'chains/**', 'model/**', 'workspace/**', 'package-lock.json', 'fleet/infrastructure.yaml', 'fleet/settings.yaml'].map(fromRoot),
      // What a cloud assigned; these two look further than their own declaration.
      ...(kind === 'identities' ? [fromRoot('fleet/observed/*.yaml')] : kind === 'add-ons' && !tombstone ? [fromRoot(`fleet/observed/${clusterName}.yaml`)] : []),
      DEMAND_FILE,
    ],
    demand: tombstone
      ? { tombstone: true, note: 'The cluster was taken out of the fleet: applying this destroys what the stack has.' }
      : cluster === undefined
        ? { clusters: Object.values(fleet.clusters).map(withoutMachines).sort((a, b) => (a.name < b.name ? -1 : 1)) }
        : demandOf(kind as ClusterStackKind, cluster, demands[cluster.name]!),
  };
}

/** What a stack of a cluster takes from the cluster's declaration, and what its nodes ask of it. */
function demandOf(kind: ClusterStackKind, cluster: Cluster, { pools, ports }: ClusterDemand): unknown {
  const base = withoutMachines(cluster);
  switch (kind) {
    case 'network':
      return { cluster: { ...base, publicPools: cluster.pools.filter(({ exposure }) => exposure === 'public').map(({ name, zones }) => ({ name, zones: zones ?? cluster.zones })) }, ports };
    case 'cluster':
      return { cluster, pools };
    case 'storage':
      return { cluster: base };
    case 'add-ons':
      return { cluster: { ...base, kubernetesVersion: cluster.kubernetesVersion } };
  }
}

/**
 * The manifests of one cluster. They follow from its nodes, the networks of these, and whatever their peers in other clusters declare. Of
 * its pools they take what decides where a pod may run and what disks it may have, not how many machines there are.
 */
function clusterManifests(cluster: Cluster, fleet: Fleet, index: FleetIndex, executionOrderGroup: number): Project {
  const nodes = fleet.nodes.filter((node) => node.cluster === cluster.name);
  const peers = nodes.flatMap((node) => [...index.referencesOf(node).flatMap(({ candidates }) => candidates), ...index.referrers(node)]).filter((peer) => peer.cluster !== cluster.name);
  const networks = [...new Set(nodes.map(({ network }) => network))].sort();
  const genesis = networks.flatMap((network) => {
    const declared = fleet.networks[network]?.genesis;
    return declared !== undefined && 'file' in declared ? [`fleet/networks/${declared.file}`] : [];
  });
  return {
    name: manifestsProject(cluster.name),
    dir: folderOf(manifestsProject(cluster.name)),
    workflow: 'manifests',
    executionOrderGroup,
    dependsOn: [KEYS_PROJECT, `${cluster.name}-add-ons`],
    whenModified: [
      DEMAND_FILE,
      fromRoot('fleet/settings.yaml'),
      fromRoot(`fleet/nodes/${cluster.name}/*.yaml`),
      ...networks.map((network) => fromRoot(`fleet/networks/${network}.yaml`)),
      ...genesis.map(fromRoot),
      ...[...new Set([cluster.name, ...peers.map((peer) => peer.cluster)])].sort().map((name) => fromRoot(`fleet/observed/${name}.yaml`)),
      ...[...new Set(peers.map(({ source }) => `fleet/${source.file}`))].sort().map(fromRoot),
      ...MANIFEST_CODE.map(fromRoot),
    ],
    demand: {
      cluster: {
        ...withoutMachines(cluster),
        kubernetesVersion: cluster.kubernetesVersion,
        pools: cluster.pools.map(({ name, machineType, chains, zones, exposure, features, taints }) => ({ name, machineType, chains, zones, exposure, features, taints })),
      },
    },
  };
}

/** What a step is asked to work on, as Atlantis says it. */
export interface Asked extends Pick<Project, 'name' | 'dir'> {
  readonly workflow: string;
  readonly workspace: string;
}

/** Why a step refuses what it is asked, by what the fleet comes to; undefined where it is a project of the fleet. Atlantis takes it from the pull request's own file, or from a comment. */
export function whyUnknown(projects: readonly Project[], { name, dir, workflow, workspace }: Asked): string | undefined {
  const project = projects.find((one) => one.name === name);
  if (project === undefined) return `the fleet has no project ${JSON.stringify(name)}`;
  if (project.workflow !== workflow) return `project "${name}" is one of workflow "${project.workflow}", not of "${workflow}"`;
  if (project.dir !== dir) return `project "${name}" is in folder "${project.dir}", not in ${JSON.stringify(dir)}`;
  if (workspace !== DEFAULT_WORKSPACE) return `project "${name}" has the one workspace "${DEFAULT_WORKSPACE}", not ${JSON.stringify(workspace)}`;
  return undefined;
}
/** Atlantis' own name of it. Each workspace has a lock of its own. */
const DEFAULT_WORKSPACE = 'default';

/** Where a fleet is as a rule, and what patterns below are written for. */
const FLEET = 'fleet';

const MANIFEST_CODE = ['apps/**', 'contract/**', 'chains/**', 'constructs/**', 'naming/**', 'errors/**', 'model/**', 'workspace/**', 'package-lock.json'] as const;

const folderOf = (project: string): string => `${PROJECTS_FOLDER}/${project}`;
/** `when_modified` is relative to the project's folder; the last pattern that matches decides, and `!` takes out again. */
const fromRoot = (path: string): string => (path.startsWith('!') ? `!../../../${path.slice(1)}` : `../../../${path}`);

/** A cluster's declaration without what concerns its machines and their version alone. */
function withoutMachines(cluster: Cluster): { readonly name: string } & Readonly<Record<string, unknown>> {
  const rest = Object.entries(cluster).filter(([key]) => key !== 'pools' && key !== 'kubernetesVersion' && key !== 'podsPerMachine');
  return { name: cluster.name, ...Object.fromEntries(rest) };
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);
