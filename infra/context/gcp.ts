import type { Settings } from '../../model/types';
import { mirroredImage } from '../../naming/clouds';
import type { GcpCluster, StackContext } from '.';

/** Every Google Cloud project of a fleet, the shared one first. */
export function gcpProjects({ fleet: { infrastructure, clusters } }: StackContext): string[] {
  return [...new Set([infrastructure.gcp.project, ...gkeClusters(clusters).map(({ project }) => project)])];
}

export const gkeClusters = (clusters: StackContext['fleet']['clusters']): GcpCluster[] => Object.values(clusters).flatMap((cluster) => (cluster.cloud === 'gcp' ? [cluster] : []));

/** Hosts of registries that are mirrored: what the fleet declares, and where add-ons come from. */
export function mirroredHosts({ registries }: Settings): string[] {
  return [...new Set([...registries.map((prefix) => prefix.split('/')[0]!), ...ADD_ON_HOSTS])].sort();
}

const ADD_ON_HOSTS = ['docker.io', 'quay.io', 'registry.k8s.io'] as const;

/** An add-on's image as a GKE cluster may pull it. */
export const mirrored = ({ fleet: { infrastructure } }: StackContext, image: string): string =>
  mirroredImage({ ...infrastructure.gcp.imageMirror, project: infrastructure.gcp.project }, image);

/** EKS clusters whose issuer was recorded, and those where it has yet to be. */
export function eksIssuers({ fleet: { clusters, observed } }: StackContext): { readonly name: string; readonly region: string; readonly issuer: string }[] {
  return Object.values(clusters).flatMap(({ name, cloud, region }) => {
    const issuer = observed[name]?.oidcIssuer;
    return cloud === 'aws' && issuer !== undefined ? [{ name, region, issuer }] : [];
  });
}
