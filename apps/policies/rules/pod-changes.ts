import { ANNOTATIONS } from '../../../naming';
import { celString, say, type Rule } from '../policy';
import { identityKept, metadataKept, otherAnnotationsKept, type PolicyFacts } from '../vocabulary';

/** A running pod stays as its StatefulSet made it. Labels, owner and finalizers are what keeps a second one from being made. */
export const podChanges = ({ settings: { registries } }: PolicyFacts): Rule => ({
  purpose: 'A pod that its StatefulSet no longer finds runs on, while another one is started in its place.',
  scope: 'protected',
  judges: 'request',
  resources: [{ group: '', resources: ['pods', 'pods/ephemeralcontainers', 'pods/resize'], operations: ['UPDATE'] }],
  variables: {
    oldFinalizers: `oldObject.metadata.?finalizers.orValue([])`,
    newFinalizers: `object.metadata.?finalizers.orValue([])`,
    proof: `object.metadata.?annotations[?${celString(ANNOTATIONS.machineEnded)}].orValue('')`,
    oldProof: `oldObject.metadata.?annotations[?${celString(ANNOTATIONS.machineEnded)}].orValue('')`,
    registries: `[${registries.map((prefix) => celString(prefix.endsWith('/') ? prefix : `${prefix}/`)).join(', ')}]`,
  },
  validations: [
    {
      expression: `variables.isControlPlane || variables.isBreakGlass`,
      message: `variables.user + ' may not change a pod. Change the fleet, and fire the node.'`,
    },
    {
      expression: `variables.subresource != 'resize'`,
      message: say('resources follow from the fleet: change them there, and fire the node.'),
    },
    {
      expression: `variables.subresource != 'ephemeralcontainers' || variables.isBreakGlass && object.spec.?ephemeralContainers.orValue([]).all(container, variables.registries.exists(prefix, container.image.startsWith(prefix)))`,
      message: say('a debugging container sees the signer\'s keys. Break-glass may add one, from the fleet\'s registries.'),
    },
    {
      expression: `variables.subresource == 'ephemeralcontainers' || object.spec == oldObject.spec`,
      message: say('a pod\'s specification stays as its StatefulSet made it. Change the fleet, and fire the node.'),
    },
    {
      expression: `${identityKept} && (variables.isControlPlane || variables.oldLabels == variables.newLabels) && ${metadataKept('ownerReferences')}`,
      message: say('a pod whose labels or owner change is let go by its StatefulSet, which starts a second one. Delete the pod with its full grace instead.'),
    },
    {
      expression: `variables.isControlPlane || variables.oldFinalizers == variables.newFinalizers || (variables.proven && variables.newFinalizers.all(finalizer, finalizer in variables.oldFinalizers))`,
      message: `'finalizers decide when the pod is gone. Break-glass may take them off once the pod carries ${ANNOTATIONS.machineEnded}: "' + variables.machine + ': <evidence that the machine ended>".'`,
    },
    {
      expression: `variables.proof == variables.oldProof || (variables.isBreakGlass && (variables.proof == '' || (variables.machine != '' && variables.proof.startsWith(variables.machine + ': ') && size(variables.proof) >= size(variables.machine) + 12)))`,
      message: `'${ANNOTATIONS.machineEnded} is break-glass\\'s to set, to "' + variables.machine + ': <evidence>": what the cloud said of the machine, and when.'`,
    },
    {
      expression: `variables.isControlPlane || ${otherAnnotationsKept(ANNOTATIONS.machineEnded)}`,
      message: say(`of a pod's annotations only ${ANNOTATIONS.machineEnded} may be changed.`),
    },
  ],
});
