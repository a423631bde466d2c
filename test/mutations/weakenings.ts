import { ACT_WEAKENINGS } from './acts';
import { JOURNAL_WEAKENINGS } from './journal';
import { POLICY_WEAKENINGS } from './policies';
import type { Weakening } from './weakening';

const STATEFUL_SET = 'constructs/stateful-set.ts';
const STAKING_NODE = 'constructs/staking-node.ts';
const HARDENING = 'constructs/hardening.ts';
const STORAGE = 'constructs/storage.ts';
const SERVICES = 'constructs/services.ts';
const AGENT = 'constructs/secret-agent.ts';

/** Of a node's manifests. */
const NODE_WEAKENINGS: readonly Weakening[] = [
  { point: 'one-stateful-set-per-component', file: STAKING_NODE, from: '    statefulSet({\n', to: "    { apiVersion: 'batch/v1', kind: 'Job', metadata },\n    statefulSet({\n" },
  { point: 'no-service-account-token', file: STAKING_NODE, from: 'KubeServiceAccount, { metadata,', to: 'KubeServiceAccount, { metadata: { ...metadata, name: `${metadata.name}-x` },' },
  { point: 'single-replica', file: STATEFUL_SET, from: 'replicas: input.running ? 1 : 0', to: 'replicas: input.running ? 2 : 0' },
  { point: 'single-replica', file: STATEFUL_SET, from: 'replicas: input.running ? 1 : 0', to: 'replicas: 1' },
  { point: 'parallel-pod-management', file: STATEFUL_SET, from: "podManagementPolicy: 'Parallel'", to: "podManagementPolicy: 'OrderedReady'" },
  { point: 'armed-partition', file: STATEFUL_SET, from: 'partition: 1', to: 'partition: 0' },
  { point: 'no-volume-claim-templates', file: STATEFUL_SET, from: 'revisionHistoryLimit: 10,', to: "revisionHistoryLimit: 10, volumeClaimTemplates: [{ metadata: { name: 'x' } }]," },
  { point: 'explicit-claims-mounted-by-one-pod', file: STATEFUL_SET, from: 'claimName: pvcName(node.name, component.name, name)', to: "claimName: 'shared'" },
  { point: 'read-write-once-pod', file: STAKING_NODE, from: "?? 'ReadWriteOncePod'", to: "?? 'ReadWriteOnce'" },
  { point: 'encrypted-retained-storage-class', file: STORAGE, from: 'storageClassName: storageClassName(volume.kind)', to: "storageClassName: 'standard'" },
  { point: 'claims-are-never-restored-or-cloned', file: STORAGE, from: "volumeMode: 'Filesystem',", to: "volumeMode: 'Filesystem', dataSource: { kind: 'PersistentVolumeClaim', name: 'other' }," },
  { point: 'claims-outlive-their-release', file: STORAGE, from: "'helm.sh/resource-policy': 'keep'", to: "'helm.sh/resource-policy': 'delete'" },
  { point: 'claims-outlive-their-release', file: STAKING_NODE, from: "'helm.sh/resource-policy': 'keep'", to: "'helm.sh/resource-policy': 'delete'" },
  { point: 'signing-state-on-its-own-volume', file: STATEFUL_SET, from: '...component.volumes.map(({ name, mountPath }) => ({ name, mountPath })),\n      ...(component.config ?? []).map(({ name, mountPath }) => ({ name: configVolume(name), mountPath, readOnly: true })),\n      ...(needsToken', to: "...component.volumes.map(({ name, mountPath }) => ({ name, mountPath: name === 'signing-state' ? '/data/signing' : mountPath })),\n      ...(component.config ?? []).map(({ name, mountPath }) => ({ name: configVolume(name), mountPath, readOnly: true })),\n      ...(needsToken" },
  { point: 'signing-state-on-its-own-volume', file: STATEFUL_SET, from: '...component.volumes.map(({ name, mountPath }) => ({ name, mountPath })),\n      ...(component.config ?? []).map(({ name, mountPath }) => ({ name: configVolume(name), mountPath, readOnly: true })),\n      ...(needsToken', to: "...component.volumes.map(({ name, mountPath }) => ({ name, mountPath, ...(name === 'signing-chain' ? { subPath: 'new' } : {}) })),\n      ...(component.config ?? []).map(({ name, mountPath }) => ({ name: configVolume(name), mountPath, readOnly: true })),\n      ...(needsToken" },
  { point: 'folders-not-files', file: STATEFUL_SET, from: "{ name: 'tmp', mountPath: TMP_PATH },", to: "{ name: 'tmp', mountPath: TMP_PATH, subPath: 'x' }," },
  { point: 'secrets-in-memory', file: STATEFUL_SET, from: "emptyDir: { medium: 'Memory', sizeLimit: Quantity.fromString(`${AGENT.secretsMiB}Mi`) }", to: 'emptyDir: {}' },
  { point: 'secrets-in-memory', file: STATEFUL_SET, from: 'readOnly: !component.writableSecrets', to: 'readOnly: false' },
  { point: 'no-kubernetes-secrets', file: STATEFUL_SET, from: 'args: [...args],', to: "args: [...args], envFrom: [{ secretRef: { name: 'keys' } }]," },
  { point: 'runs-as-one-unprivileged-user', file: HARDENING, from: 'runAsNonRoot: !root', to: 'runAsNonRoot: false' },
  { point: 'runs-as-one-unprivileged-user', file: HARDENING, from: 'runAsUser: root ? 0 : POD_USER', to: 'runAsUser: 0' },
  { point: 'no-recursive-chown', file: HARDENING, from: "fsGroupChangePolicy: 'OnRootMismatch'", to: "fsGroupChangePolicy: 'Always'" },
  { point: 'seccomp-profile', file: HARDENING, from: "{ type: 'RuntimeDefault' }", to: "{ type: 'Unconfined' }" },
  { point: 'no-privilege-escalation', file: HARDENING, from: 'allowPrivilegeEscalation: false', to: 'allowPrivilegeEscalation: true' },
  { point: 'all-capabilities-dropped', file: HARDENING, from: "drop: ['ALL']", to: "drop: ['NET_RAW']" },
  { point: 'read-only-root', file: HARDENING, from: "readOnlyRootFilesystem: !(component && exception(component, 'writable-root'))", to: 'readOnlyRootFilesystem: !component' },
  { point: 'no-host-namespaces', file: STATEFUL_SET, from: 'shareProcessNamespace: true,', to: 'shareProcessNamespace: true, hostPid: true,' },
  { point: 'no-service-account-token', file: STAKING_NODE, from: 'automountServiceAccountToken: false', to: 'automountServiceAccountToken: true' },
  { point: 'no-service-account-token', file: STATEFUL_SET, from: 'automountServiceAccountToken: false', to: 'automountServiceAccountToken: true' },
  { point: 'agent-token-has-an-audience', file: STATEFUL_SET, from: 'audience: SECRET_MANAGER.audience, ', to: '' },
  { point: 'no-service-links', file: STATEFUL_SET, from: 'enableServiceLinks: false', to: 'enableServiceLinks: true' },
  { point: 'memory-requests-equal-limits', file: STATEFUL_SET, from: "limits: { memory, 'ephemeral-storage': ephemeral }", to: "limits: { 'ephemeral-storage': ephemeral }" },
  { point: 'ephemeral-storage-limits', file: STATEFUL_SET, from: "limits: { memory, 'ephemeral-storage': ephemeral }", to: 'limits: { memory }' },
  { point: 'temporary-folders-have-limits', file: STATEFUL_SET, from: 'emptyDir: { sizeLimit: Quantity.fromString(`${TMP_MIB}Mi`) }', to: 'emptyDir: {}' },
  { point: 'never-two-copies-on-a-machine', file: STATEFUL_SET, from: ', namespaceSelector: {} }', to: ' }' },
  { point: 'never-two-copies-on-a-machine', file: STATEFUL_SET, from: "topologyKey: 'kubernetes.io/hostname'", to: "topologyKey: 'topology.kubernetes.io/zone'" },
  { point: 'dedicated-tainted-machines', file: STATEFUL_SET, from: "operator: 'Equal' })),", to: "operator: 'Exists' }))," },
  { point: 'stays-on-an-unreachable-machine', file: STATEFUL_SET, from: ', ...STAYS]', to: ']' },
  { point: 'zone-is-declared', file: STATEFUL_SET, from: "'topology.kubernetes.io/zone': node.zone, ", to: '' },
  { point: 'disruption-budget', file: STAKING_NODE, from: 'component.signs ? 0 : 1', to: '1' },
  { point: 'priority-without-preemption', file: STATEFUL_SET, from: 'priorityClassName: priorityClassName(component.signs)', to: "priorityClassName: 'system-node-critical'" },
  { point: 'probes-ask-the-agent', file: STATEFUL_SET, from: 'readinessProbe: agentProbe(AGENT.paths.ready', to: 'readinessProbe: agentProbe(AGENT.paths.live' },
  { point: 'syncing-is-alive-not-ready', file: STATEFUL_SET, from: 'failureThreshold: Math.ceil(component.startupSeconds / 10)', to: 'failureThreshold: 3' },
  { point: 'agent-starts-before-the-client', file: STATEFUL_SET, from: "container['restartPolicy'] = 'Always'", to: "container['restartPolicy'] = undefined" },
  { point: 'first-start-is-approved', file: AGENT, from: 'firstStart: identity.firstStart', to: 'firstStart: true' },
  { point: 'agent-starts-before-the-client', file: AGENT, from: 'SIGNING_VOLUMES.includes(kind)', to: "kind === 'signing-state'" },
  { point: 'secrets-of-the-right-key', file: AGENT, from: 'keys.filter((key) => key.startsWith(keyPrefix)).map', to: 'keys.map' },
  { point: 'agent-can-end-the-client', file: STATEFUL_SET, from: 'shareProcessNamespace: true', to: 'shareProcessNamespace: false' },
  { point: 'grace-of-client-plus-agent', file: STATEFUL_SET, from: 'component.shutdown.graceSeconds + AGENT.shutdownMarginSeconds', to: '30' },
  { point: 'unready-services-are-published', file: SERVICES, from: 'ports, true)]', to: 'ports, false)]' },
  { point: 'unready-services-are-published', file: SERVICES, from: 'rpc, false)]', to: 'rpc, true)]' },
  { point: 'config-is-immutable-and-content-addressed', file: STAKING_NODE, from: 'immutable: true', to: 'immutable: false' },
  { point: 'config-is-immutable-and-content-addressed', file: STAKING_NODE, from: 'name: configMapName(node.name, component.name, digest)', to: 'name' },
  { point: 'only-p2p-leaves-the-cluster', file: SERVICES, from: "...p2pServices(input, withPurpose('p2p'))", to: '...p2pServices(input, [...component.ports])' },
  { point: 'reached-as-declared', file: SERVICES, from: "reach === 'outbound' || reach === 'hostNetwork'", to: "reach === 'hostNetwork'" },
  { point: 'same-port-inside-and-outside', file: SERVICES, from: 'targetPort: IntOrString.fromNumber(port)', to: 'targetPort: IntOrString.fromNumber(port + 1)' },
  { point: 'ports-are-listed-once', file: STATEFUL_SET, from: ' && seen.add(`${port}/${protocol}`)', to: '' },
  { point: 'denied-unless-declared', file: 'constructs/network-policy.ts', from: "policyTypes: ['Ingress', 'Egress']", to: "policyTypes: ['Ingress']" },
  { point: 'public-is-neither-private-nor-metadata', file: 'constructs/network-policy.ts', from: "  '169.254.0.0/16',\n", to: '' },
  { point: 'public-is-neither-private-nor-metadata', file: 'constructs/network-policy.ts', from: "  '10.0.0.0/8',\n", to: '' },
  { point: 'every-rule-names-its-peers', file: 'constructs/network-policy.ts', from: 'from: [{ podSelector: { matchLabels: selector(node.network, caller.node, caller.component) } }],', to: 'from: [],' },
  { point: 'operators-act-on-one-named-node', file: 'constructs/node-role.ts', from: "resources: ['pods'], resourceNames: pods,", to: "resources: ['pods'], resourceNames: []," },
  { point: 'one-version-of-each-image', file: STATEFUL_SET, from: '`${repository}:${version}${digest', to: '`${repository}:latest${digest' },
  { point: 'arguments-hold-no-secret', file: STATEFUL_SET, from: 'args: [...args],', to: "args: [...args, 'a'.repeat(64)]," },
  { point: 'client-is-the-main-process', file: STATEFUL_SET, from: '...(command ? { command: [...command] } : {}),', to: "command: ['/bin/sh', '-c']," },
];

export const WEAKENINGS: readonly Weakening[] = [...NODE_WEAKENINGS, ...POLICY_WEAKENINGS, ...JOURNAL_WEAKENINGS, ...ACT_WEAKENINGS];
