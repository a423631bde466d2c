import type { Rule } from '../policy';
import { say } from '../policy';

/** No StatefulSet asks for a second pod, by whatever way and whoever asks. A `Scale` carries neither labels nor template. */
export const singleReplica: Rule = {
  purpose: 'A component runs once: a second replica is a second signer.',
  scope: 'protected',
  judges: 'object',
  shape: ['spec.ordinals'],
  resources: [
    { group: 'apps', resources: ['statefulsets'], operations: ['CREATE', 'UPDATE'] },
    { group: 'apps', resources: ['statefulsets/scale'], operations: ['UPDATE'] },
  ],
  validations: [
    {
      expression: `variables.newReplicas <= 1`,
      message: `'replicas: ' + string(variables.newReplicas) + ' would start a second signer. Leave it at 1, or 0 to stop; declare another node in the fleet for more.'`,
    },
    {
      expression: `object.kind != 'StatefulSet' || object.spec.?ordinals.?start.orValue(0) == 0`,
      message: say('spec.ordinals.start makes the controller start another pod before the first has ended. Take it out.'),
    },
  ],
};
