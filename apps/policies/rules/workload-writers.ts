import { ANNOTATIONS } from '../../../naming';
import { say, type Rule } from '../policy';
import { identityKept, metadataKept, otherAnnotationsKept } from '../vocabulary';

/**
 * Who may write which part of a StatefulSet. RBAC gives the verb `patch`; this says what may be in it: operators arm, fire, stop and resume,
 * the deployer applies templates, armed, and stops nothing.
 */
export const workloadWriters: Rule = {
  purpose: 'A StatefulSet is changed by reviewed manifests, fired and stopped by operators or the rollout engine, and by nobody else.',
  scope: 'protected',
  judges: 'request',
  resources: [
    { group: 'apps', resources: ['statefulsets'], operations: ['CREATE', 'UPDATE'] },
    { group: 'apps', resources: ['statefulsets/scale'], operations: ['UPDATE'] },
  ],
  variables: {
    mayApply: `variables.isDeployer || variables.isPlatform || variables.isRolloutEngine || variables.isBreakGlass`,
    isScale: `object.kind == 'Scale'`,
    isUpdate: `request.operation == 'UPDATE' && !variables.isScale`,
    // All that can be changed of a StatefulSet but replicas and partition.
    contentKept:
      `object.spec.template == oldObject.spec.template && object.spec.?ordinals == oldObject.spec.?ordinals && object.spec.?minReadySeconds == oldObject.spec.?minReadySeconds && ` +
      `object.spec.?revisionHistoryLimit == oldObject.spec.?revisionHistoryLimit && object.spec.?persistentVolumeClaimRetentionPolicy == oldObject.spec.?persistentVolumeClaimRetentionPolicy`,
  },
  validations: [
    {
      expression: `variables.isScale ? variables.mayFire : (variables.mayApply || (variables.isUpdate && (variables.isOperator || variables.isControlPlane)))`,
      message: `variables.user + ' may not write a staking workload. Change the fleet by a reviewed pull request; an operator of the node stops and fires it.'`,
    },
    {
      expression: `request.operation != 'CREATE' || variables.newPartition == 1`,
      message: say('a StatefulSet is made armed: updateStrategy.rollingUpdate.partition 1. Apply what synth rendered, then fire the node.'),
    },
    {
      expression: `!variables.isUpdate || variables.mayApply || variables.isControlPlane || (variables.contentKept && variables.oldLabels == variables.newLabels && ${otherAnnotationsKept(ANNOTATIONS.hold)})`,
      message: say(`operators change replicas, the partition and ${ANNOTATIONS.hold} of a StatefulSet; everything else comes from the fleet, by a reviewed pull request.`),
    },
    {
      expression: `!variables.isUpdate || variables.mayFire || (variables.isControlPlane ? variables.newPartition == variables.oldPartition : variables.newPartition == 1)`,
      message: say('disarming restarts the signer: only an operator of the node and the rollout engine set partition 0. Apply with partition 1.'),
    },
    {
      expression: `request.operation == 'CREATE' || variables.newReplicas >= variables.oldReplicas || variables.mayFire`,
      message: `variables.user + ' may not stop a signer by applying. An operator stops it first (runbook stop-a-node); then the declared state is applied.'`,
    },
    {
      expression: `request.operation == 'CREATE' || variables.newReplicas <= variables.oldReplicas || variables.mayApply || variables.isOperator`,
      message: `variables.user + ' may not start a signer.'`,
    },
    {
      expression: `!variables.isUpdate || ${identityKept}`,
      message: say('the labels that say which node and component this is, and that it signs, never change: policies and budgets go by them. Declare another node.'),
    },
    {
      expression: `!variables.isUpdate || variables.isControlPlane || ${metadataKept('finalizers')}`,
      message: say('finalizers decide what becomes of the pod when its StatefulSet goes. Leave them as they are.'),
    },
  ],
};
