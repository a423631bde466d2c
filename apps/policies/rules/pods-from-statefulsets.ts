import { LABELS } from '../../../naming';
import { celList, celString, say, type Rule } from '../policy';
import type { PolicyFacts } from '../vocabulary';

/** The StatefulSet controller makes pods, one for each StatefulSet, and the scheduler places them. */
export const podsFromStatefulSets = ({ volumes }: PolicyFacts): Rule => ({
  purpose: 'A pod made by anybody but the StatefulSet controller is a second copy that nothing counts.',
  scope: 'protected',
  judges: 'request',
  resources: [{ group: '', resources: ['pods'], operations: ['CREATE'] }],
  variables: {
    owners: `object.metadata.?ownerReferences.orValue([])`,
    owner: `size(variables.owners) == 1 ? variables.owners[0].name : ''`,
    disks: `object.spec.?volumes.orValue([]).filter(volume, has(volume.persistentVolumeClaim))`,
  },
  validations: [
    {
      expression: `variables.user in ['system:serviceaccount:kube-system:statefulset-controller', 'system:kube-controller-manager']`,
      message: `variables.user + ' may not make pods here: a pod beside the StatefulSet\\'s own is a second signer. Declare a node in the fleet, or run it in another namespace.'`,
    },
    {
      expression:
        `variables.owner != '' && variables.owners[0].kind == 'StatefulSet' && variables.owners[0].apiVersion == 'apps/v1' && variables.owners[0].?controller.orValue(false) && ` +
        `object.metadata.?name.orValue('') == variables.owner + '-0'`,
      message: say('a pod here is the first and only one of its StatefulSet: named <statefulset>-0 and owned by it.'),
    },
    {
      expression: `object.metadata.?labels[?${celString(LABELS.node)}].orValue('') + '-' + object.metadata.?labels[?${celString(LABELS.component)}].orValue('') == variables.owner`,
      message: say('the pod\'s labels name another node or component than its StatefulSet.'),
    },
    {
      expression: `object.spec.?serviceAccountName.orValue('') == variables.owner`,
      message: say('the pod uses a service account that isn\'t its own: another signer\'s keys would be given to it.'),
    },
    {
      expression: `variables.disks.all(volume, volume.name in ${celList(Object.keys(volumes).sort())} && volume.persistentVolumeClaim.claimName == variables.owner + '-' + volume.name)`,
      message: say('the pod mounts a PVC that isn\'t its own.'),
    },
    {
      expression: `object.spec.?nodeName.orValue('') == '' && !('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}))`,
      message: say('the pod names its machine itself, past the scheduler, which keeps two copies apart. Leave spec.nodeName empty.'),
    },
  ],
});
