import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Fleet, FleetNode } from '../../model/types';
import { networkNamespace } from '../../naming';
import { gatekeeperFiles, platformFiles, type NetworkFacts } from '../platform';
import { programFiles } from '../system';
import type { Program } from '../system/program';
import { FleetContext, type FullCatalogue } from './fleet-context';
import { chartTooLarge, chartYaml, escapeTemplate, RELEASE_LIMIT_BYTES, releaseBytes } from './helm';
import { addFacts, NO_FACTS, type NodeReport } from './node-report';
import { Staging } from './output';
import { inWorkers } from './pool';
import { toYaml } from './yaml';
import { writeNode } from './write-node';
import { type Format, type Selection, isSelected, isFull } from './selection';
import { filesBelow } from '../../workspace/walk';

export interface RenderOptions {
  /** The output folder, `dist` by custom. */
  readonly out: string;
  readonly format: Format;
  readonly selection?: Selection;
  /** What runs beside the nodes. @default - the programs of `apps/system` */
  readonly programs?: readonly Program[];
  /** Stockade's version, for charts. */
  readonly version: string;
  /** Called now and then with how many nodes are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** @default - as many as there are cores, once it is worth starting them */
  readonly workers?: number;
}

export interface RenderReport {
  readonly clusters: readonly string[];
  readonly nodes: readonly NodeReport[];
  /** Objects that belong to clusters rather than to nodes. */
  readonly platformObjects: number;
  /** Only what a filter named was rendered. */
  readonly partial: boolean;
}

/** Under this many nodes, starting workers costs more than they give. */
const WORTH_WORKERS = 400;

/**
 * Renders a validated fleet into `out/<cluster>/platform/` and `out/<cluster>/<namespace>/<node>/`. A full run replaces the whole
 * folder; a selection replaces the folders of what it names and removes nothing else. On any error nothing is changed.
 *
 * @throws UserError, StakingNodeError
 */
export async function renderFleet(fleet: Fleet, catalogue: FullCatalogue, options: RenderOptions): Promise<RenderReport> {
  const selection = options.selection ?? {};
  const nodes = fleet.nodes.filter((node) => isSelected(node, selection));
  const staging = new Staging(options.out, options.format, isFull(selection));
  try {
    const reports = await renderNodes(fleet, catalogue, nodes, staging.folder, options);
    const wholeClusters = selection.networks || selection.nodes ? [] : (selection.clusters ?? Object.keys(fleet.clusters)).filter((name) => fleet.clusters[name]);
    const platformObjects = wholeClusters.reduce((sum, name) => sum + writePlatform(fleet, name, reports, staging.folder, options), 0);
    if (options.format === 'helm') finishCharts(fleet, nodes, staging.folder, options.version);
    if (isFull(selection)) staging.replaceAll();
    else staging.replace(selectedFolders(nodes, wholeClusters, options.format));
    return { clusters: [...new Set([...wholeClusters, ...nodes.map(({ cluster }) => cluster)])].sort(), nodes: reports, platformObjects, partial: !isFull(selection) };
  } catch (error) {
    staging.discard();
    throw error;
  }
}

async function renderNodes(
  fleet: Fleet,
  catalogue: FullCatalogue,
  nodes: readonly FleetNode[],
  folder: string,
  options: RenderOptions,
): Promise<NodeReport[]> {
  const workers = options.workers ?? (nodes.length < WORTH_WORKERS ? 1 : availableParallelism());
  if (workers > 1) return inWorkers(fleet, nodes, folder, options.format, workers, options.onProgress);
  const context = new FleetContext(fleet, catalogue);
  return nodes.map((node, index) => {
    if (index % 50 === 0) options.onProgress?.(index, nodes.length);
    return writeNode(context, node, folder, options.format);
  });
}

function writePlatform(fleet: Fleet, clusterName: string, reports: readonly NodeReport[], folder: string, options: RenderOptions): number {
  const networks: Record<string, NetworkFacts> = {};
  for (const { network, facts } of reports.filter(({ cluster }) => cluster === clusterName)) {
    networks[network] = addFacts(networks[network] ?? NO_FACTS, facts);
  }
  const helm = options.format === 'helm';
  const cluster = fleet.clusters[clusterName]!;
  const folders = { platform: [...platformFiles(fleet, cluster, { helm, networks }), ...programFiles(fleet, cluster, options.programs)], ...gatekeeperFiles(fleet, cluster, { helm, networks }) };
  for (const [name, files] of Object.entries(folders)) {
    for (const { path, objects } of files) {
      const text = toYaml(objects, `Rendered for cluster ${clusterName}: do not edit. Every change starts in fleet/.`);
      write(join(folder, clusterName, name, helm ? 'templates' : '.', path), helm ? escapeTemplate(text) : text);
    }
  }
  return Object.values(folders)
    .flat()
    .reduce((sum, { objects }) => sum + objects.length, 0);
}

/** Gives each folder of templates its chart, and checks that Helm can keep the release. */
function finishCharts(fleet: Fleet, nodes: readonly FleetNode[], folder: string, version: string): void {
  const charts = new Set(nodes.map(({ cluster, network }) => `${cluster}/${networkNamespace(network)}`));
  for (const cluster of Object.keys(fleet.clusters)) for (const name of ['platform', 'gatekeeper-templates', 'gatekeeper-constraints']) charts.add(`${cluster}/${name}`);
  for (const chart of charts) {
    const templates = join(folder, chart, 'templates');
    const files = filesBelow(templates).map((name) => ({ name, text: readFileSync(join(templates, name), 'utf8') }));
    if (files.length === 0) continue;
    const bytes = releaseBytes(files);
    if (bytes > RELEASE_LIMIT_BYTES) throw chartTooLarge(chart, bytes);
    const [cluster = '', name = ''] = chart.split('/');
    write(join(folder, chart, 'Chart.yaml'), chartYaml(name, cluster, version));
  }
}

/** A node is a folder of its own in plain output; in a chart, its namespace's chart is what is replaced. */
function selectedFolders(nodes: readonly FleetNode[], wholeClusters: readonly string[], format: Format): string[] {
  const single = nodes.filter(({ cluster }) => !wholeClusters.includes(cluster));
  const folders = single.flatMap(({ cluster, network, name }) => {
    const namespace = `${cluster}/${networkNamespace(network)}`;
    return format === 'helm' ? [`${namespace}/Chart.yaml`, `${namespace}/templates/${name}`] : [`${namespace}/${name}`];
  });
  return [...wholeClusters, ...new Set(folders)];
}

function write(file: string, text: string): void {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
}
