import type { Cluster } from '../../model/types';
import type { AutomationIdentity } from '../../naming/clouds';
import { refusal, refuse, type UserError } from '../../errors/user-error';

/** Projects and account in which this server may look for clusters. A fleet that is only planned must not lead it elsewhere: who answers there is shown a token. */
export interface LookupScope {
  readonly gcpProjects: readonly string[];
  readonly awsAccount: string;
}

/** Where a cluster is, by its declaration. */
export type ClusterLocation = { readonly name: string } & (Pick<Extract<Cluster, { cloud: 'gcp' }>, 'cloud' | 'project' | 'region'> | Pick<Extract<Cluster, { cloud: 'aws' }>, 'cloud' | 'account' | 'region'>);

/**
 * The command that asks the cloud about a cluster. Its output is for {@link kubeconfig}.
 *
 * @throws UserError where the declaration leads out of bounds
 */
export function describeCommand(place: ClusterLocation, { gcpProjects, awsAccount }: LookupScope): readonly string[] {
  if (!/^[a-z0-9-]+$/.test(place.region)) refuse(`cluster ${JSON.stringify(place.name)} is declared in region ${JSON.stringify(place.region)}, which is not a region`, `Correct fleet/clusters/${place.name}.yaml.`);
  if (place.cloud === 'gcp') {
    if (!gcpProjects.includes(place.project)) throw foreign(place, 'project', place.project, gcpProjects);
    return ['gcloud', 'container', 'clusters', 'describe', place.name, `--location=${place.region}`, `--project=${place.project}`, '--format=json'];
  }
  if (place.account !== awsAccount) throw foreign(place, 'account', place.account, [awsAccount]);
  return ['aws', 'eks', 'describe-cluster', `--name=${place.name}`, `--region=${place.region}`, '--output=json'];
}

const foreign = ({ name }: ClusterLocation, what: string, value: string, allowed: readonly string[]): UserError =>
  refusal(`cluster ${JSON.stringify(name)} is in ${what} ${JSON.stringify(value)}, in which this server looks for none`, `Correct fleet/clusters/${name}.yaml. A new ${what} is made known to the server by its own stack, and a restart, first.`, { allowed });

export interface KubeconfigOptions {
  readonly identity: AutomationIdentity;
  /** Folder of the server's programs. */
  readonly bin: string;
  /** What EKS control planes are reached by. @default - by the network */
  readonly proxy?: string;
}

/**
 * A kubeconfig, as JSON, which is YAML. It holds no secret: a token is asked for by `as`, each time, and lives some minutes.
 *
 * @param described what the cloud said of the cluster
 * @throws UserError where it says no endpoint
 */
export function kubeconfig(place: ClusterLocation, described: string, { identity, bin, proxy }: KubeconfigOptions): string {
  const cluster = place.cloud === 'gcp' ? gkeEndpoint(place.name, described) : { ...eksEndpoint(place.name, described), ...(proxy === undefined ? {} : { 'proxy-url': proxy }) };
  const token = place.cloud === 'gcp' ? [`${bin}/google-token`] : ['aws', 'eks', 'get-token', `--cluster-name=${place.name}`, `--region=${place.region}`, '--output=json'];
  const exec = { apiVersion: place.cloud === 'gcp' ? 'client.authentication.k8s.io/v1' : 'client.authentication.k8s.io/v1beta1', command: `${bin}/as`, args: [identity, '--', ...token], interactiveMode: 'Never', provideClusterInfo: false };
  const name = `${identity}@${place.name}`;
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster }],
      users: [{ name, user: { exec } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    },
    null,
    2,
  )}\n`;
}

/** Its certificate is of a public authority. */
function gkeEndpoint(name: string, described: string): { readonly server: string } {
  const { controlPlaneEndpointsConfig } = read<{ controlPlaneEndpointsConfig?: { dnsEndpointConfig?: { endpoint?: string } } }>(name, described);
  const endpoint = controlPlaneEndpointsConfig?.dnsEndpointConfig?.endpoint;
  if (endpoint === undefined || !/^[a-z0-9.-]+\.gke\.goog$/.test(endpoint)) throw noEndpoint(name);
  return { server: `https://${endpoint}` };
}

function eksEndpoint(name: string, described: string): { readonly server: string; readonly 'certificate-authority-data': string } {
  const { cluster } = read<{ cluster?: { endpoint?: string; certificateAuthority?: { data?: string } } }>(name, described);
  const { endpoint, certificateAuthority } = cluster ?? {};
  if (endpoint === undefined || !endpoint.startsWith('https://') || certificateAuthority?.data === undefined) throw noEndpoint(name);
  return { server: endpoint, 'certificate-authority-data': certificateAuthority.data };
}

function read<T>(name: string, described: string): T {
  try {
    return JSON.parse(described) as T;
  } catch {
    throw noEndpoint(name);
  }
}

const noEndpoint = (name: string): UserError => refusal(`the cloud knows no endpoint of cluster ${JSON.stringify(name)}`, 'Apply its stacks first: docs/runbooks/new-region.md.');
