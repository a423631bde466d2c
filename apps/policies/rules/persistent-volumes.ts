import type { Cluster } from '../../../model/types';
import { celString, say, type Rule } from '../policy';
import type { PolicyFacts } from '../vocabulary';

/** Volumes are made by the storage driver's provisioner. Two that name one disk would let two pods mount it. */
export const persistentVolumes = ({ cluster: { cloud } }: PolicyFacts): Rule => ({
  purpose: 'A second volume object for a signer\'s disk is a way around ReadWriteOncePod, and a deleted one loses the disk.',
  scope: 'cluster',
  judges: 'request',
  resources: [
    { group: '', resources: ['persistentvolumes'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: '', resources: ['persistentvolumes/status'], operations: ['UPDATE'] },
    { group: 'snapshot.storage.k8s.io', resources: ['volumesnapshotcontents'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
  ],
  variables: {
    any: `object == null ? oldObject : object`,
    isContent: `variables.any.kind == 'VolumeSnapshotContent'`,
    touchesDisks: `[object, oldObject].exists(volume, volume != null && volume.kind == 'PersistentVolume' && (volume.spec.?storageClassName.orValue('').startsWith('stockade-') || volume.spec.?claimRef.?namespace.orValue('').startsWith('staking-') || volume.spec.?csi.?driver.orValue('') == ${celString(DRIVERS[cloud])} || has(volume.spec.gcePersistentDisk) || has(volume.spec.awsElasticBlockStore)))`,
    isStaking: `oldObject != null && !variables.isContent && (oldObject.spec.?storageClassName.orValue('').startsWith('stockade-') || oldObject.spec.?claimRef.?namespace.orValue('').startsWith('staking-'))`,
  },
  validations: [
    {
      expression: `request.operation != 'CREATE' || variables.isContent || !variables.touchesDisks || variables.isControlPlane`,
      message: `variables.user + ' may not make a volume for a disk of this cluster: it could name a signer\\'s. Make a PVC; the storage driver makes its volume.'`,
    },
    {
      expression: `request.operation != 'UPDATE' || variables.isContent || !variables.touchesDisks || variables.isControlPlane || (variables.isDataCustodian && variables.isStaking && variables.subresource == '')`,
      message: `variables.user + ' may not change a volume. Data custodians change its reclaim policy.'`,
    },
    {
      expression:
        `request.operation != 'UPDATE' || variables.isContent || !variables.touchesDisks || variables.isControlPlane || (object.spec.?claimRef == oldObject.spec.?claimRef && object.spec.?storageClassName == oldObject.spec.?storageClassName && ` +
        `object.spec.?nodeAffinity == oldObject.spec.?nodeAffinity && object.spec.?accessModes == oldObject.spec.?accessModes && object.spec.?capacity == oldObject.spec.?capacity && object.spec.?mountOptions == oldObject.spec.?mountOptions && ` +
        `object.spec.?volumeAttributesClassName == oldObject.spec.?volumeAttributesClassName && object.metadata.?finalizers.orValue([]) == oldObject.metadata.?finalizers.orValue([]))`,
      message: say('of a volume only persistentVolumeReclaimPolicy may be changed: a new claimRef would put a second workload on the disk.'),
    },
    {
      expression: `request.operation != 'DELETE' || variables.isContent || !variables.touchesDisks || variables.isControlPlane || (variables.isDataCustodian && variables.isStaking)`,
      message: `variables.user + ' may not delete a volume. Two people of the data custodians decide that.'`,
    },
    {
      expression: `!variables.isContent || variables.isControlPlane`,
      message: say('a snapshot\'s content is made by the snapshot controller; one made by hand could name any disk, a signer\'s too.'),
    },
  ],
});

const DRIVERS: Readonly<Record<Cluster['cloud'], string>> = { gcp: 'pd.csi.storage.gke.io', aws: 'ebs.csi.aws.com' };
