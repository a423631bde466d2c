import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const PAGE = 'docs/runbooks/get-in.md says who may, and how.';
const ANY = `Get a kubeconfig of the cluster, and name it with --kubeconfig: ${PAGE}`;

/**
 * How a person gets into a cluster, from what its file declares. Read raw: a fleet that is wrong elsewhere must not be in anybody's way, least of all
 * in that of a stop.
 */
export function getIntoCluster(fleet: string, cluster: string): string {
  const declared = read(join(fleet, 'clusters', `${cluster}.yaml`));
  const [cloud, region, project] = ['cloud', 'region', 'project'].map((field) => declared?.[field]);
  const login = loginTo({ cloud, cluster, region, project });
  return login === undefined ? ANY : `Get into cluster ${cluster}: ${login} ${PAGE}`;
}

/** The same for the cluster, or the clusters, in which a network has a node of this name. */
export function getIntoNode(fleet: string, network: string, node: string): string {
  const clusters = list(join(fleet, 'nodes')).filter((cluster) => {
    const nodes = read(join(fleet, 'nodes', cluster, `${network}.yaml`))?.['nodes'];
    return Array.isArray(nodes) && nodes.some((one: unknown) => (one as { name?: unknown } | null)?.name === node);
  });
  return clusters.length === 0 ? ANY : clusters.map((cluster) => getIntoCluster(fleet, cluster)).join(' Or: ');
}

function loginTo({ cloud, cluster, region, project }: Readonly<Record<'cloud' | 'cluster' | 'region' | 'project', unknown>>): string | undefined {
  // It is offered to be copied into a shell.
  if (![cluster, region, ...(cloud === 'gcp' ? [project] : [])].every((word) => typeof word === 'string' && /^[a-z0-9][a-z0-9:.-]*$/.test(word))) return undefined;
  if (cloud === 'gcp') return `gcloud container clusters get-credentials ${String(cluster)} --location ${String(region)} --project ${String(project)} --dns-endpoint`;
  if (cloud === 'aws') return `aws eks update-kubeconfig --name ${String(cluster)} --region ${String(region)} (from outside the management network through its gateway: docs/starting.md, "Into a private EKS control plane").`;
  return undefined;
}

function read(file: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
