import { AGENT } from '../../../contract/agent';
import { POD_USER } from '../../../constructs/hardening';
import { LABELS, priorityClassName, SECRET_MANAGER } from '../../../naming';
import { celList, celMap, celString, say, type Rule } from '../policy';
import type { PolicyFacts } from '../vocabulary';

/**
 * What a staking pod may do to its machine and its neighbours, and what keeps a second one off. The namespace's Pod Security level holds most of
 * it; this holds the rest, and for a network whose level is lower, everything but what its chain declares as exceptions.
 */
export const hardenedPods = ({ settings, cluster, exceptions }: PolicyFacts): Rule => ({
  purpose: 'A pod that is less confined than its chain declares can reach other signers\' keys, or run beside its own copy.',
  scope: 'protected',
  judges: 'object',
  shape: ['spec.template'],
  resources: [
    { group: 'apps', resources: ['statefulsets'], operations: ['CREATE', 'UPDATE'] },
    { group: '', resources: ['pods'], operations: ['CREATE'] },
  ],
  variables: {
    podLabels: `object.kind == 'Pod' ? object.metadata.?labels.orValue({}) : object.spec.template.metadata.?labels.orValue({})`,
    declared: `${celMap(exceptions)}[?object.metadata.namespace].orValue([])`,
    volumes: `variables.podSpec.?volumes.orValue([])`,
    security: `variables.podSpec.?securityContext.orValue({})`,
    registries: celList(settings.registries.map((prefix) => (prefix.endsWith('/') ? prefix : `${prefix}/`))),
    agentImages: celList([`${settings.agent.image}:`, `${settings.agent.image}@`]),
    tolerated: celList([...new Set([...cluster.pools.flatMap(({ taints }) => taints.map(({ key }) => key)), ...KUBERNETES_TAINTS])].sort()),
    apart:
      `variables.podSpec.?affinity.?podAntiAffinity.?requiredDuringSchedulingIgnoredDuringExecution.orValue([])` +
      `.filter(term, term.topologyKey == 'kubernetes.io/hostname' && has(term.namespaceSelector) && size(term.namespaceSelector) == 0 && !has(term.namespaces) && !has(term.matchLabelKeys) && !has(term.mismatchLabelKeys) && ` +
      `has(term.labelSelector) && has(term.labelSelector.matchLabels) && !has(term.labelSelector.matchExpressions))`,
  },
  validations: [
    {
      expression: `variables.containers.all(container, container.name in ${celList(AGENT_CONTAINERS)} ? variables.agentImages.exists(prefix, container.image.startsWith(prefix)) : variables.registries.exists(prefix, container.image.startsWith(prefix)))`,
      message: `'images come from the registries of the fleet\\'s settings, and the agent\\'s containers run the agent: found ' + variables.containers.map(container, container.name + ': ' + container.image).join(', ') + '. Declare the image, by review.'`,
    },
    ...(settings.requireDigest
      ? [
          {
            expression: `variables.containers.all(container, container.image.contains('@sha256:'))`,
            message: say('images are named by digest: a tag can be moved. Run "npm run pin".'),
          },
        ]
      : []),
    {
      expression:
        `variables.containers.all(container, container.?securityContext.?allowPrivilegeEscalation.orValue(true) == false && container.?securityContext.?privileged.orValue(false) == false && ` +
        `(container.?securityContext.?readOnlyRootFilesystem.orValue(false) || ('writable-root' in variables.declared && !(container.name in ${celList(AGENT_CONTAINERS)}))))`,
      message: refused('no privileges, no escalation and a read-only root'),
    },
    {
      expression:
        `variables.containers.all(container, container.?securityContext.?capabilities.?drop.orValue([]).exists(capability, capability == 'ALL') && ` +
        `container.?securityContext.?capabilities.?add.orValue([]).all(capability, 'capability:' + capability in variables.declared && !(container.name in ${celList(AGENT_CONTAINERS)})))`,
      message: refused('all capabilities dropped'),
    },
    {
      expression:
        `(variables.security.?runAsNonRoot.orValue(false) && variables.security.?runAsUser.orValue(0) == ${POD_USER} || ('root-user' in variables.declared && variables.security.?runAsUser.orValue(-1) == 0)) && ` +
        `!has(variables.security.sysctls) && !has(variables.security.seLinuxOptions) && !has(variables.security.windowsOptions) && ` +
        `variables.containers.all(container, !has(container.securityContext.runAsUser) && !has(container.securityContext.runAsGroup) && !has(container.securityContext.runAsNonRoot) && !has(container.securityContext.procMount) && ` +
        `!has(container.securityContext.seLinuxOptions) && !has(container.securityContext.windowsOptions))`,
      message: refused(`one unprivileged user, ${POD_USER}, for the whole pod`),
    },
    {
      expression:
        `(variables.security.?seccompProfile.?type.orValue('') == 'RuntimeDefault' || (variables.security.?seccompProfile.?type.orValue('') == 'Localhost' && 'seccomp-localhost:' + variables.security.seccompProfile.?localhostProfile.orValue('') in variables.declared)) && ` +
        `variables.security.?appArmorProfile.?type.orValue('') != 'Unconfined' && variables.containers.all(container, !has(container.securityContext.seccompProfile) && container.securityContext.?appArmorProfile.?type.orValue('') != 'Unconfined')`,
      message: refused('the runtime\'s seccomp profile'),
    },
    {
      expression:
        `!variables.podSpec.?hostPID.orValue(false) && !variables.podSpec.?hostIPC.orValue(false) && (!variables.podSpec.?hostNetwork.orValue(false) || 'host-network' in variables.declared) && ` +
        `(variables.podSpec.?hostNetwork.orValue(false) || variables.containers.all(container, container.?ports.orValue([]).all(port, port.?hostPort.orValue(0) == 0)))`,
      message: refused('no namespace or port of the machine'),
    },
    {
      expression:
        `variables.volumes.all(volume, has(volume.persistentVolumeClaim) || has(volume.configMap) || has(volume.emptyDir) || (has(volume.projected) && volume.projected.?sources.orValue([]).all(source, ` +
        `has(source.serviceAccountToken) && source.serviceAccountToken.?audience.orValue('') == ${celString(SECRET_MANAGER.audience)})))`,
      message: say('volumes are PVCs, ConfigMaps, memory, and a token for the secret manager. Secrets come from the agent, and nothing of the machine is mounted.'),
    },
    {
      expression: `variables.containers.all(container, !has(container.envFrom) && container.?env.orValue([]).all(variable, !has(variable.valueFrom) || !has(variable.valueFrom.secretKeyRef)))`,
      message: say('a secret in the environment is in every crash report. The agent writes secrets to memory: declare it in the chain.'),
    },
    {
      expression: `variables.podSpec.?automountServiceAccountToken.orValue(true) == false`,
      message: say('automountServiceAccountToken must be false: a client has no business with the API server.'),
    },
    {
      expression:
        `variables.podSpec.?terminationGracePeriodSeconds.orValue(30) >= ${AGENT.shutdownMarginSeconds} && !has(variables.podSpec.activeDeadlineSeconds) && ` +
        `variables.containers.all(container, [container.?livenessProbe, container.?startupProbe].all(probe, probe.?terminationGracePeriodSeconds.orValue(${AGENT.shutdownMarginSeconds}) >= ${AGENT.shutdownMarginSeconds}))`,
      message: say(`the client needs its grace to close its database and its signing state: at least the agent's ${AGENT.shutdownMarginSeconds} s, by pod and probe, and no deadline. Change it in the chain.`),
    },
    {
      expression: `variables.containers.all(container, has(container.resources) && has(container.resources.limits) && 'memory' in container.resources.limits && 'ephemeral-storage' in container.resources.limits)`,
      message: say('every container has limits of memory and ephemeral storage: without them it takes the machine from its neighbours.'),
    },
    {
      expression:
        `[${[LABELS.network, LABELS.node, LABELS.component].map(celString).join(', ')}].all(label, label in variables.podLabels) && variables.apart.exists(term, size(term.labelSelector.matchLabels) == 3 && ` +
        `[${[LABELS.network, LABELS.node, LABELS.component].map(celString).join(', ')}].all(label, term.labelSelector.matchLabels[?label].orValue('') == variables.podLabels[?label].orValue('-')))`,
      message: say('required anti-affinity by machine, in all namespaces, against its own network, node and component keeps two copies apart. Apply what synth rendered.'),
    },
    {
      expression: `${celString(LABELS.pool)} in variables.podSpec.?nodeSelector.orValue({}) && 'topology.kubernetes.io/zone' in variables.podSpec.?nodeSelector.orValue({}) && variables.podSpec.?schedulerName.orValue('default-scheduler') == 'default-scheduler' && (object.kind == 'Pod' || !has(variables.podSpec.nodeName))`,
      message: say('a staking pod goes to its declared zone and pool, by the default scheduler; no machine is named.'),
    },
    {
      expression: `variables.podSpec.?tolerations.orValue([]).all(toleration, toleration.?key.orValue('') in variables.tolerated)`,
      message: `'a staking pod tolerates its pool\\'s taints and a machine that is out of reach, no more: found ' + variables.podSpec.?tolerations.orValue([]).map(toleration, toleration.?key.orValue('(any)')).join(', ') + '.'`,
    },
    {
      expression: `variables.podSpec.?priorityClassName.orValue('') == (variables.podLabels[?${celString(LABELS.signer)}].orValue('') == 'true' ? ${celString(priorityClassName(true))} : ${celString(priorityClassName(false))})`,
      message: say(`priorityClassName is ${priorityClassName(true)} for what signs and ${priorityClassName(false)} for the rest: another one could preempt a signer.`),
    },
  ],
});

/** Containers of the agent's image; no exception of a chain is theirs. */
const AGENT_CONTAINERS: readonly string[] = [AGENT.guardName, AGENT.prepareName, AGENT.containerName];

/** What pods are given a toleration of by Kubernetes itself, or by us for signers to stay (`stateful-set.ts`). */
const KUBERNETES_TAINTS: readonly string[] = ['node.kubernetes.io/memory-pressure', 'node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** Names the containers, since which field it was is in the expression. */
function refused(rule: string): string {
  return `${celString(`staking pods run with ${rule}, except for what their chain declares with a reason. Declared in this namespace: `)} + (size(variables.declared) == 0 ? 'nothing' : variables.declared.join(', ')) + '. Apply what synth rendered, or declare the exception by review.'`;
}
