import { KubePersistentVolumeClaim, Quantity } from 'cdk8s-plus-27/lib/imports/k8s';
import { LABELS, pvcName, storageClassName } from '../naming';
import type { ComponentSpec, Volume } from '../chains/component';
import { labels, manifestOf, type Manifest } from './manifest';
import type { AccessMode, NodeIdentity } from './staking-node-props';

/** The PVC of one volume: made once, mounted by one pod, never deleted by us. */
export function volumeClaim(node: NodeIdentity, component: ComponentSpec, volume: Volume, accessMode: AccessMode): Manifest {
  return manifestOf(KubePersistentVolumeClaim, {
    metadata: {
      name: pvcName(node.name, component.name, volume.name),
      namespace: node.namespace,
      labels: { ...labels(node, component), [LABELS.volumeKind]: volume.kind },
      // Helm would otherwise delete the disk with its release.
      annotations: { 'helm.sh/resource-policy': 'keep' },
    },
    spec: {
      accessModes: [accessMode],
      storageClassName: storageClassName(volume.kind),
      volumeMode: 'Filesystem',
      resources: { requests: { storage: Quantity.fromString(`${volume.sizeGiB}Gi`) } },
    },
  });
}
