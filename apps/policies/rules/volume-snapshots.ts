import { SIGNING_VOLUMES } from '../../../model/catalogue';
import { celList, type Rule } from '../policy';
import type { PolicyFacts } from '../vocabulary';

export const volumeSnapshots = ({ volumes }: PolicyFacts): Rule => ({
  purpose: 'A snapshot of signing state is old the moment after, and whoever restores it signs again what was signed since.',
  scope: 'protected',
  judges: 'object',
  shape: ['spec.source'],
  resources: [{ group: 'snapshot.storage.k8s.io', resources: ['volumesnapshots'], operations: ['CREATE', 'UPDATE'] }],
  variables: {
    source: `object.spec.source.?persistentVolumeClaimName.orValue('')`,
  },
  validations: [
    {
      expression: `variables.source != '' && !${celList(Object.keys(volumes).filter((name) => SIGNING_VOLUMES.includes(volumes[name]!)).sort())}.exists(volume, variables.source.endsWith('-' + volume))`,
      message: `'no snapshot is taken of signing state, of chain data that holds it, or of a disk that isn\\'t named by its PVC: ' + (variables.source == '' ? '(no PVC)' : variables.source) + '. Other chain data is worth one.'`,
    },
  ],
});
