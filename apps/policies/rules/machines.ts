import { ANNOTATIONS, LABELS } from '../../../naming';
import { celList, celString, say, type Rule } from '../policy';
import { otherAnnotationsKept, type PolicyFacts } from '../vocabulary';

/**
 * A Node object that is deleted, or tainted out-of-service, makes Kubernetes believe that its pods ended and its disks are free. The label and
 * taints of a staking machine keep other pods off it and its pods on it.
 */
export const machines = ({ cluster }: PolicyFacts): Rule => ({
  purpose: 'Whoever can declare a machine dead, or open it to others, can start a second signer without touching a pod.',
  scope: 'cluster',
  judges: 'request',
  resources: [
    { group: '', resources: ['nodes'], operations: ['UPDATE', 'DELETE'] },
    { group: '', resources: ['nodes/status'], operations: ['UPDATE'] },
    { group: '', resources: ['nodes/proxy'], operations: ['CONNECT'] },
  ],
  variables: {
    keys: celList([...new Set(cluster.pools.flatMap(({ taints }) => taints.map(({ key }) => key)))].sort()),
    oldTaints: `oldObject == null ? [] : oldObject.spec.?taints.orValue([])`,
    newTaints: `object == null ? [] : object.?spec.?taints.orValue([])`,
    isStaking: `oldObject != null && (${celString(LABELS.pool)} in variables.oldLabels || variables.oldTaints.exists(taint, taint.key in variables.keys))`,
    concerned: `variables.isStaking && request.operation == 'UPDATE'`,
    byPerson: `variables.concerned && !variables.isControlPlane && !variables.isKubelet`,
    outOfService: `'node.kubernetes.io/out-of-service'`,
    proof: `object == null || request.operation == 'CONNECT' ? '' : object.metadata.?annotations[?${celString(ANNOTATIONS.machineEnded)}].orValue('')`,
    oldProof: `oldObject == null ? '' : oldObject.metadata.?annotations[?${celString(ANNOTATIONS.machineEnded)}].orValue('')`,
  },
  validations: [
    {
      expression: `!variables.byPerson || variables.isBreakGlass`,
      message: `variables.user + ' may not change a staking machine. To move its pods: drain it as break-glass, with each budget lifted (runbook machines).'`,
    },
    {
      expression:
        `!variables.byPerson || (variables.subresource == '' && variables.oldLabels == variables.newLabels && ${otherAnnotationsKept(ANNOTATIONS.machineEnded)} && object.spec.?podCIDR == oldObject.spec.?podCIDR && object.spec.?providerID == oldObject.spec.?providerID && ` +
        `variables.oldTaints.all(taint, taint.key in [variables.outOfService, 'node.kubernetes.io/unschedulable'] || taint in variables.newTaints) && variables.newTaints.all(taint, taint.key in [variables.outOfService, 'node.kubernetes.io/unschedulable'] || taint in variables.oldTaints))`,
      message: say('break-glass cordons a staking machine, and no more: its labels and taints keep others off it. They follow from the pool, in the fleet.'),
    },
    {
      expression: `!variables.byPerson || variables.oldTaints.exists(taint, taint.key == variables.outOfService) || !variables.newTaints.exists(taint, taint.key == variables.outOfService) || variables.proven`,
      message: `'out-of-service frees the machine\\'s disks while its pods may still sign. First the annotation ${ANNOTATIONS.machineEnded}: "' + variables.machine + ': <evidence that the machine ended>", in a change of its own.'`,
    },
    {
      expression: `!variables.concerned || variables.proof == variables.oldProof || (variables.isBreakGlass && (variables.proof == '' || (variables.proof.startsWith(variables.machine + ': ') && size(variables.proof) >= size(variables.machine) + 12)))`,
      message: `'${ANNOTATIONS.machineEnded} is break-glass\\'s to set, to "' + variables.machine + ': <evidence>": what the cloud said of the machine, and when.'`,
    },
    {
      expression: `!variables.concerned || !variables.isKubelet || variables.oldLabels[?${celString(LABELS.pool)}].orValue('') == variables.newLabels[?${celString(LABELS.pool)}].orValue('')`,
      message: say('a machine may not move itself to another pool.'),
    },
    {
      expression: `request.operation != 'DELETE' || !variables.isStaking || variables.isControlPlane`,
      message: `variables.user + ' may not delete a staking machine\\'s Node: its pods would count as ended while they may run. Shrink the pool by the fleet.'`,
    },
    {
      expression: `request.operation != 'CONNECT' || variables.isControlPlane`,
      message: say('a machine\'s kubelet runs commands in any pod, past every role. Use the API of the pod.'),
    },
  ],
});
