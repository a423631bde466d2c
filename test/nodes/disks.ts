import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Api, LiveObject } from '../cluster/api';
import { ApiError } from '../cluster/api';

export interface Claim extends LiveObject {
  readonly spec: { readonly storageClassName?: string; readonly volumeName?: string; readonly accessModes: readonly string[]; readonly resources: { readonly requests: { readonly storage: string } } };
}

/**
 * Stands in for a cloud's disks: a folder for each PVC whose pod was placed, as a `local` volume that every machine of the zone can mount,
 * with the ownership that Kubernetes gives it. Nothing keeps two machines from having it at once, as a cloud's disk that was detached by
 * force or a wrong `nodeAffinity` wouldn't: what keeps two signers apart here is only what is above the disk.
 */
export async function provideDisks(api: Api, root: string, signal: AbortSignal): Promise<void> {
  await api.watch<Claim>('/api/v1/persistentvolumeclaims', (claim) => {
    provide(api, root, claim).catch((error: unknown) => {
      // Events come twice.
      if (!(error instanceof ApiError && error.status === 409)) process.stderr.write(`disks: ${String(error)}\n`);
    });
  }, signal);
}

/** The folder of a claim's disk. */
export const folderOf = (root: string, claim: Claim): string => join(root, claim.metadata.uid);

async function provide(api: Api, root: string, claim: Claim): Promise<void> {
  const machine = claim.metadata.annotations?.['volume.kubernetes.io/selected-node'];
  if (claim.spec.volumeName !== undefined || machine === undefined) return;
  const { labels } = (await api.get(`/api/v1/nodes/${machine}`)).metadata;
  const folder = folderOf(root, claim);
  mkdirSync(folder, { recursive: true });
  await api.call('POST', '/api/v1/persistentvolumes', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `pvc-${claim.metadata.uid}`, annotations: { 'pv.kubernetes.io/provisioned-by': 'stockade.test/folders' } },
    spec: {
      accessModes: claim.spec.accessModes,
      capacity: { storage: claim.spec.resources.requests.storage },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: claim.metadata.namespace, name: claim.metadata.name, uid: claim.metadata.uid },
      local: { path: folder },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: [labels?.[ZONE]] }] }] } },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: claim.spec.storageClassName,
      volumeMode: 'Filesystem',
    },
  });
}

const ZONE = 'topology.kubernetes.io/zone';
