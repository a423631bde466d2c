import { ANNOTATIONS } from '../../../naming';
import { say, type Rule } from '../policy';
import { annotationKept, identityKept } from '../vocabulary';

/** An emergency stop holds through every apply, until somebody who may lifts it. */
export const hold: Rule = {
  purpose: 'A node that was stopped in an emergency stays stopped until its hold is lifted.',
  scope: 'protected',
  judges: 'request',
  resources: [
    { group: 'apps', resources: ['statefulsets'], operations: ['UPDATE', 'DELETE'] },
    { group: 'apps', resources: ['statefulsets/scale', 'statefulsets/status'], operations: ['UPDATE'] },
  ],
  variables: {
    raises: `variables.newReplicas > variables.oldReplicas`,
    held: `oldObject.metadata.?annotations[?'${ANNOTATIONS.hold}'].orValue('')`,
  },
  validations: [
    {
      expression: `request.operation == 'DELETE' || variables.subresource != '' || !variables.raises || variables.isBreakGlass || !(variables.oldHold || variables.newHold)`,
      message: `'the node is held' + (variables.oldHold ? ' (' + variables.held + ')' : '') + ': nothing starts it. Find out why it was stopped; lift the hold in a change of its own (runbook stop-a-node), then start it.'`,
    },
    {
      // A Scale says nothing of a hold.
      expression: `variables.subresource != 'scale' || !variables.raises || variables.isBreakGlass`,
      message: say('"kubectl scale" can\'t see a hold, so nothing is started by it. Patch spec.replicas of the StatefulSet instead (runbook stop-a-node).'),
    },
    {
      expression: `request.operation == 'DELETE' || variables.subresource == 'scale' || (${annotationKept(ANNOTATIONS.hold)} && variables.oldHold == variables.newHold) || (variables.subresource == '' && variables.mayFire)`,
      message: say(`${ANNOTATIONS.hold} is set and lifted by operators, the rollout engine and break-glass, by a change of the StatefulSet. Leave it as it is.`),
    },
    {
      // Which revision an armed pod comes back at is read from it, and a write of it carries owners and finalizers along.
      expression: `variables.subresource != 'status' || (variables.isControlPlane && ${identityKept})`,
      message: `variables.user + ' may not write the status of a StatefulSet: it is its controller\\'s, which goes by it when it makes a pod. Labels are none.'`,
    },
    {
      expression: `request.operation != 'DELETE' || !variables.oldHold || variables.isBreakGlass`,
      message: say('deleting a held StatefulSet would let the next apply start it. Lift the hold first.'),
    },
  ],
};
