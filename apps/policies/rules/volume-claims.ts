import { LABELS, storageClassName } from '../../../naming';
import { celList, celString, say, type Rule } from '../policy';
import { identityKept, metadataKept, type PolicyFacts } from '../vocabulary';

/** A PVC is made once, in its declared shape and empty; it may grow; it goes only by the hand of a data custodian. */
export const volumeClaims = ({ volumes }: PolicyFacts): Rule => ({
  purpose: 'A PVC that was filled from elsewhere, pointed at another disk or deleted takes the signing state with it.',
  scope: 'protected',
  judges: 'request',
  resources: [
    { group: '', resources: ['persistentvolumeclaims'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
    { group: '', resources: ['persistentvolumeclaims/status'], operations: ['UPDATE'] },
  ],
  variables: {
    mayGrow: `variables.isDeployer || variables.isPlatform || variables.isBreakGlass`,
    isCreate: `request.operation == 'CREATE'`,
    isUpdate: `request.operation == 'UPDATE'`,
    kind: `object == null ? '' : object.metadata.?labels[?${celString(LABELS.volumeKind)}].orValue('')`,
    stem: `object == null ? '' : object.metadata.?labels[?${celString(LABELS.node)}].orValue('') + '-' + object.metadata.?labels[?${celString(LABELS.component)}].orValue('')`,
    source: `object == null ? '' : object.spec.?dataSource.?kind.orValue(object.spec.?dataSourceRef.?kind.orValue(''))`,
  },
  validations: [
    {
      expression: `!variables.isCreate || variables.mayGrow || variables.isRolloutEngine`,
      message: `variables.user + ' may not make a PVC here: it is declared in the fleet, and applied with its node.'`,
    },
    {
      expression: `!variables.isCreate || ${celList(Object.keys(volumes).sort())}.exists(volume, object.metadata.?name.orValue('') == variables.stem + '-' + volume)`,
      message: `'a PVC is named <node>-<component>-<volume> after its labels and its chain\\'s volumes; ' + object.metadata.?name.orValue('(none)') + ' is not. Apply what synth rendered.'`,
    },
    {
      expression:
        `!variables.isCreate || (variables.kind in ${celList([...new Set(Object.values(volumes))].sort())} && ${celList(Object.entries(volumes).map(([name, kind]) => `${name} ${kind}`).sort())}.exists(pair, pair == object.metadata.?name.orValue('').substring(size(variables.stem) + 1 > size(object.metadata.?name.orValue('')) ? size(object.metadata.?name.orValue('')) : size(variables.stem) + 1) + ' ' + variables.kind) && ` +
        `object.spec.?storageClassName.orValue('') == ${celString(storageClassName('scratch').replace('scratch', ''))} + variables.kind && object.spec.?accessModes.orValue([]) == ['ReadWriteOncePod'] && object.spec.?volumeMode.orValue('Filesystem') == 'Filesystem')`,
      message: say('a PVC is of its volume\'s kind and StorageClass, and mounted by one pod (ReadWriteOncePod). Apply what synth rendered.'),
    },
    {
      expression: `!variables.isCreate || (!has(object.spec.volumeName) && !has(object.spec.selector))`,
      message: say('a PVC may not choose its disk: the disk could be another signer\'s. Leave volumeName and selector out.'),
    },
    {
      expression: `!variables.isCreate || variables.source == '' || (variables.kind == 'chain-data' && variables.source == 'VolumeSnapshot')`,
      message: say('signing state is never a copy: what another disk knew to be signed is older than what was signed. Only chain data, and none that holds signing state, may come from a VolumeSnapshot.'),
    },
    {
      expression: `!variables.isUpdate || variables.isControlPlane || (variables.mayGrow && variables.subresource == '')`,
      message: `variables.user + ' may not change a PVC. Its size is declared in the fleet; the deployer grows it.'`,
    },
    {
      expression: `!variables.isUpdate || (${identityKept} && (variables.isControlPlane || (${metadataKept('finalizers')} && ${metadataKept('ownerReferences')})))`,
      message: say('labels, finalizers and owners of a PVC stay as they are: they say whose disk it is and keep it from going while it is mounted.'),
    },
    {
      expression:
        `!variables.isUpdate || variables.isControlPlane || (object.spec.?volumeName == oldObject.spec.?volumeName && object.spec.?volumeAttributesClassName == oldObject.spec.?volumeAttributesClassName && ` +
        `object.spec.?storageClassName == oldObject.spec.?storageClassName && quantity(object.spec.resources.requests.storage).compareTo(quantity(oldObject.spec.resources.requests.storage)) >= 0)`,
      message: say('of a PVC only its size changes, and it only grows.'),
    },
    {
      expression: `request.operation != 'DELETE' || variables.isDataCustodian`,
      message: `variables.user + ' may not delete a PVC: its disk holds what a signer has signed. Two people of the data custodians decide that, once its keys are retired.'`,
    },
  ],
});
