import { LABELS } from '../../../naming';
import { celList, celString, say, type Rule } from '../policy';
import type { PolicyFacts } from '../vocabulary';

/**
 * A StatefulSet is what its name says: the labels that find its pod, the account it runs under and the disks it mounts all follow
 * from its node and component, so none can be another's.
 */
export const workloadIdentity = ({ volumes }: PolicyFacts): Rule => ({
  purpose: 'A workload that wears another one\'s name, account or disks is a second signer.',
  scope: 'protected',
  judges: 'object',
  shape: [
    'metadata.labels',
    'metadata.ownerReferences',
    'spec.podManagementPolicy',
    'spec.selector',
    'spec.template',
    'spec.updateStrategy.rollingUpdate.maxUnavailable',
    'spec.updateStrategy.type',
    'spec.volumeClaimTemplates',
  ],
  resources: [{ group: 'apps', resources: ['statefulsets'], operations: ['CREATE', 'UPDATE'] }],
  variables: {
    name: `object.metadata.name`,
    network: `object.metadata.?labels[?${celString(LABELS.network)}].orValue('')`,
    node: `object.metadata.?labels[?${celString(LABELS.node)}].orValue('')`,
    component: `object.metadata.?labels[?${celString(LABELS.component)}].orValue('')`,
    selected: `object.spec.selector.?matchLabels.orValue({})`,
    template: `object.spec.template`,
    disks: `variables.template.spec.?volumes.orValue([]).filter(volume, has(volume.persistentVolumeClaim))`,
  },
  validations: [
    {
      expression: `variables.node != '' && variables.component != '' && variables.name == variables.node + '-' + variables.component && object.metadata.namespace == 'staking-' + variables.network`,
      message: `'the labels ${LABELS.network}, ${LABELS.node} and ${LABELS.component} of ' + variables.name + ' must name its network, node and component, as it is called itself. Apply what synth rendered.'`,
    },
    {
      expression:
        `size(variables.selected) == 3 && !has(object.spec.selector.matchExpressions) && ` +
        `variables.selected[?${celString(LABELS.network)}].orValue('') == variables.network && variables.selected[?${celString(LABELS.node)}].orValue('') == variables.node && variables.selected[?${celString(LABELS.component)}].orValue('') == variables.component`,
      message: say('the selector must be the node\'s network, node and component, and nothing else: another one could take over or leave behind a running pod. Apply what synth rendered.'),
    },
    {
      expression: `${celList([LABELS.network, LABELS.node, LABELS.component, LABELS.signer])}.all(label, variables.template.metadata.?labels[?label].orValue('') == object.metadata.?labels[?label].orValue(''))`,
      message: say('the pod\'s labels must name its network, node, component and whether it signs, as the StatefulSet\'s do: what keeps a second pod away finds it by them.'),
    },
    {
      expression: `!has(object.metadata.ownerReferences)`,
      message: say('a StatefulSet that is owned goes with its owner, and its pod with it. Take metadata.ownerReferences out.'),
    },
    {
      expression: `variables.template.spec.?serviceAccountName.orValue('') == variables.name`,
      message: `'it must run under its own service account, ' + variables.name + ': that is whom the secret manager gives a key to.'`,
    },
    {
      expression: `!has(object.spec.volumeClaimTemplates) && !variables.template.spec.?volumes.orValue([]).exists(volume, has(volume.ephemeral))`,
      message: say('volumes made for a pod begin empty, and a signer without its signing state signs again. Name the PVC that the fleet declares.'),
    },
    {
      expression: `variables.disks.all(volume, volume.name in ${celList(Object.keys(volumes).sort())} && volume.persistentVolumeClaim.claimName == variables.name + '-' + volume.name)`,
      message: `'its PVCs must be its own, named ' + variables.name + '-<volume>, for the volumes that its chain declares; found ' + variables.disks.map(volume, volume.persistentVolumeClaim.claimName).join(', ') + '.'`,
    },
    {
      expression: `object.spec.?podManagementPolicy.orValue('') == 'Parallel' && object.spec.?updateStrategy.?type.orValue('') == 'RollingUpdate' && !has(object.spec.updateStrategy.rollingUpdate.maxUnavailable)`,
      message: say('podManagementPolicy must be Parallel and updateStrategy RollingUpdate: a broken template can\'t be reverted otherwise, and the partition does not hold.'),
    },
    {
      expression: `variables.newPartition in [0, 1]`,
      message: say('updateStrategy.rollingUpdate.partition is 1 (armed) or 0 (fired).'),
    },
  ],
});
