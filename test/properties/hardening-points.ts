import type { ComponentSpec } from '../../chains/component';
import type { AgentSecret } from '../../contract/agent-config';
import {
  allContainers,
  clientOf,
  ofKind,
  statefulSets,
  type RenderedClaim,
  type RenderedContainer,
  type RenderedObject,
  type RenderedPodSpec,
  type RenderedService,
  type RenderedStatefulSet,
} from '../rendered';

/** A rendered node with what was declared of it. */
export interface Subject {
  readonly name: string;
  readonly network: string;
  readonly namespace: string;
  readonly zone: string;
  readonly cloud: 'gcp' | 'aws';
  readonly state: 'running' | 'stopped';
  readonly reach: 'outbound' | 'loadBalancer' | 'nodePort' | 'hostNetwork';
  readonly firstStart: boolean;
  readonly keys: readonly string[];
  readonly pool: { readonly pool: string; readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[] };
  readonly components: readonly ComponentSpec[];
  /** Parsed back from the YAML. */
  readonly objects: readonly RenderedObject[];
}

/** What is wrong with a subject, in words; nothing if the point holds. */
export type Point = (subject: Subject) => Iterable<string>;

/**
 * Every point of the hardening, by name. The property tests hold each against every combination of clients, roles and clouds;
 * `npm run test:mutations` weakens each in the source and expects the test of that name to fail.
 */
export const HARDENING_POINTS: Readonly<Record<string, Point>> = {
  'one-stateful-set-per-component': function* ({ components, objects, name }) {
    const expected = components.map((component) => `${name}-${component.name}`).sort();
    const actual = statefulSets(objects).map(({ metadata }) => metadata.name).sort();
    if (JSON.stringify(expected) !== JSON.stringify(actual)) yield `StatefulSets ${actual.join(', ')} instead of ${expected.join(', ')}`;
    for (const { kind, metadata } of objects) {
      if (!ALLOWED_KINDS.includes(kind)) yield `${kind} ${metadata.name} is none of a staking node's kinds`;
    }
  },
  'single-replica': perStatefulSet(function* ({ spec }, _component, { state }) {
    yield* expectEqual('replicas', spec.replicas, state === 'running' ? 1 : 0);
  }),
  'parallel-pod-management': perStatefulSet(function* ({ spec }) {
    yield* expectEqual('podManagementPolicy', spec.podManagementPolicy, 'Parallel');
  }),
  'armed-partition': perStatefulSet(function* ({ spec }) {
    yield* expectEqual('updateStrategy', spec.updateStrategy, { type: 'RollingUpdate', rollingUpdate: { partition: 1 } });
  }),
  'no-volume-claim-templates': perStatefulSet(function* ({ spec }) {
    yield* expectEqual('volumeClaimTemplates', spec.volumeClaimTemplates, undefined);
  }),
  'explicit-claims-mounted-by-one-pod': function* ({ objects, components, name }) {
    const claims = ofKind<RenderedClaim>(objects, 'PersistentVolumeClaim').map(({ metadata }) => metadata.name);
    const mounted = statefulSets(objects).flatMap(({ spec }) => spec.template.spec.volumes.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []));
    const declared = components.flatMap((component) => component.volumes.map((volume) => `${name}-${component.name}-${volume.name}`));
    yield* expectEqual('claims', [...claims].sort(), [...declared].sort());
    yield* expectEqual('claims that pods mount', [...mounted].sort(), [...declared].sort());
  },
  'read-write-once-pod': perClaim(function* ({ spec }) {
    yield* expectEqual('accessModes', spec.accessModes, ['ReadWriteOncePod']);
  }),
  'encrypted-retained-storage-class': perClaim(function* ({ spec, metadata }) {
    yield* expectEqual('storageClassName', spec.storageClassName, `stockade-${metadata.labels?.['stockade.dev/volume-kind']}`);
  }),
  'claims-are-never-restored-or-cloned': perClaim(function* ({ spec }) {
    yield* expectEqual('dataSource', spec.dataSource ?? spec.dataSourceRef, undefined);
  }),
  'claims-outlive-their-release': function* ({ objects }) {
    for (const { kind, metadata } of objects.filter((object) => ['PersistentVolumeClaim', 'ConfigMap'].includes(object.kind))) {
      if (metadata.annotations?.['helm.sh/resource-policy'] !== 'keep') yield `${kind} ${metadata.name} would go with its Helm release`;
    }
  },
  'signing-state-on-its-own-volume': perPod(function* (pod, component) {
    const signing = component.volumes.filter(({ kind }) => kind === 'signing-state' || kind === 'signing-chain');
    for (const { name, mountPath } of signing) {
      const mount = clientOf(pod).volumeMounts?.find((candidate) => candidate.name === name);
      yield* expectEqual('mount of the signing state', mount?.mountPath, mountPath);
      if (mount?.subPath !== undefined) yield 'signing state is mounted as a sub-path';
      for (const other of clientOf(pod).volumeMounts ?? []) {
        if (other.name !== name && (within(other.mountPath, mountPath) || within(mountPath, other.mountPath))) yield `signing state at ${mountPath} and ${other.name} at ${other.mountPath} overlap`;
      }
    }
  }),
  'folders-not-files': perPod(function* (pod) {
    for (const container of allContainers(pod)) for (const { name, subPath } of container.volumeMounts ?? []) if (subPath !== undefined) yield `${container.name} mounts ${name} by sub-path`;
  }),
  'secrets-in-memory': perPod(function* (pod, component) {
    const wanted = (component.secrets?.length ?? 0) > 0;
    const volume = pod.volumes.find(({ name }) => name === 'secrets');
    if (wanted && (volume?.emptyDir?.medium !== 'Memory' || !volume.emptyDir.sizeLimit)) yield 'the secrets folder is not memory with a size limit';
    const mount = clientOf(pod).volumeMounts?.find(({ name }) => name === 'secrets');
    if (wanted) yield* expectEqual('read-only secrets', mount?.readOnly ?? false, component.writableSecrets === undefined);
    for (const { path, passwordPath } of component.secrets ?? []) for (const file of [path, passwordPath ?? path]) if (!within(file, mount?.mountPath ?? '/nowhere')) yield `secret ${file} lies outside ${mount?.mountPath}`;
  }),
  'secrets-of-the-right-key': function* ({ objects, components, name, keys }) {
    for (const component of components) {
      const claimed = agentOf(objects, `${name}-${component.name}`).secrets.filter(({ claim }) => claim !== undefined);
      const files = claimed.map(({ file }) => file);
      if (new Set(files).size !== files.length && !claimed.every(({ format }) => format === 'prysm-wallet')) yield `two keys of ${component.name} are written to one file`;
      if (component.signs) yield* expectEqual(`keys of ${component.name}`, [...new Set(claimed.map(({ claim }) => claim))].sort(), [...keys].sort());
    }
  },
  'no-kubernetes-secrets': function* ({ objects }) {
    for (const object of objects) {
      if (object.kind === 'Secret') yield `Secret ${object.metadata.name}`;
      if (/secretKeyRef|secretRef|"secret":|secretName/.test(JSON.stringify(object.spec ?? {}))) yield `${object.kind} ${object.metadata.name} refers to a Secret`;
    }
    for (const { spec } of statefulSets(objects)) {
      for (const container of allContainers(spec.template.spec)) {
        if (container.envFrom !== undefined) yield `${container.name} takes its environment from elsewhere`;
        for (const variable of container.env ?? []) if (variable.valueFrom !== undefined) yield `${container.name} takes ${variable.name} from elsewhere`;
      }
    }
  },
  'runs-as-one-unprivileged-user': perPod(function* ({ securityContext, initContainers = [], containers }, component) {
    if (excepted(component, 'root-user')) return;
    yield* expectEqual('runAsNonRoot', securityContext?.runAsNonRoot, true);
    if (!((securityContext?.runAsUser ?? 0) > 0)) yield `runAsUser is ${securityContext?.runAsUser}`;
    for (const container of [...initContainers, ...containers]) if (container.securityContext.runAsUser !== undefined) yield `${container.name} has a user of its own`;
  }),
  'no-recursive-chown': perPod(function* ({ securityContext }) {
    yield* expectEqual('fsGroupChangePolicy', securityContext?.fsGroupChangePolicy, 'OnRootMismatch');
    if (!((securityContext?.fsGroup ?? 0) > 0)) yield `fsGroup is ${securityContext?.fsGroup}`;
  }),
  'seccomp-profile': perPod(function* ({ securityContext }, component) {
    const localhost = component.exceptions?.find(({ what }) => what === 'seccomp-localhost')?.value;
    yield* expectEqual('seccompProfile', securityContext?.seccompProfile, localhost ? { type: 'Localhost', localhostProfile: localhost } : { type: 'RuntimeDefault' });
  }),
  'no-privilege-escalation': perContainer(function* ({ securityContext }) {
    yield* expectEqual('allowPrivilegeEscalation', securityContext.allowPrivilegeEscalation, false);
    yield* expectEqual('privileged', securityContext.privileged, false);
  }),
  'all-capabilities-dropped': perContainer(function* ({ securityContext, name }, component) {
    yield* expectEqual('dropped capabilities', securityContext.capabilities?.drop, ['ALL']);
    const added = name === 'client' ? (component.exceptions ?? []).filter(({ what }) => what === 'capability').map(({ value }) => value) : [];
    yield* expectEqual('added capabilities', securityContext.capabilities?.add ?? [], added);
  }),
  'read-only-root': perContainer(function* ({ securityContext, name }, component) {
    if (name === 'client' && excepted(component, 'writable-root')) return;
    yield* expectEqual('readOnlyRootFilesystem', securityContext.readOnlyRootFilesystem, true);
  }),
  'no-host-namespaces': perPod(function* (pod, component) {
    yield* expectEqual('hostPID and hostIPC', [pod.hostPID, pod.hostIPC], [undefined, undefined]);
    yield* expectEqual('hostNetwork', pod.hostNetwork ?? false, component.hostNetwork && excepted(component, 'host-network'));
    for (const { hostPath, name, secret } of pod.volumes) if (hostPath !== undefined || secret !== undefined) yield `volume ${name} is of a kind that staking pods never mount`;
  }),
  'no-service-account-token': function* ({ objects }) {
    for (const { metadata, automountServiceAccountToken } of ofKind(objects, 'ServiceAccount')) {
      if (automountServiceAccountToken !== false) yield `ServiceAccount ${metadata.name} mounts its token`;
    }
    for (const { spec, metadata } of statefulSets(objects)) {
      if (spec.template.spec.automountServiceAccountToken !== false) yield `pod of ${metadata.name} mounts a token`;
      if (!ofKind(objects, 'ServiceAccount').some((account) => account.metadata.name === spec.template.spec.serviceAccountName)) yield `ServiceAccount ${spec.template.spec.serviceAccountName} is not rendered`;
      if (spec.template.spec.serviceAccountName !== metadata.name) yield `pod of ${metadata.name} runs as ${spec.template.spec.serviceAccountName}`;
    }
  },
  'agent-token-has-an-audience': perPod(function* (pod, component) {
    const tokens = pod.volumes.flatMap(({ name, projected }) => (projected ? [{ name, projected }] : []));
    yield* expectEqual('projected tokens', tokens.length, (component.secrets?.length ?? 0) > 0 ? 1 : 0);
    for (const { name, projected } of tokens) {
      yield* expectEqual('sources', projected.sources.map(({ serviceAccountToken }) => serviceAccountToken?.audience), ['stockade-secret-manager']);
      if (!((projected.sources[0]?.serviceAccountToken?.expirationSeconds ?? Infinity) <= 3600)) yield 'the token lives for more than an hour';
      for (const container of allContainers(pod)) {
        if (container.name !== 'secret-agent' && container.volumeMounts?.some((mount) => mount.name === name)) yield `${container.name} can read the agent's token`;
      }
    }
  }),
  'no-service-links': perPod(function* (pod) {
    yield* expectEqual('enableServiceLinks', pod.enableServiceLinks, false);
  }),
  'memory-requests-equal-limits': perContainer(function* ({ resources }) {
    if (!resources.requests['memory'] || resources.requests['memory'] !== resources.limits['memory']) yield `memory requests ${resources.requests['memory']}, limits ${resources.limits['memory']}`;
    if (!resources.requests['cpu']) yield 'no CPU is requested';
  }),
  'ephemeral-storage-limits': perContainer(function* ({ resources }) {
    if (!resources.limits['ephemeral-storage']) yield 'ephemeral storage has no limit';
  }),
  'temporary-folders-have-limits': perPod(function* (pod) {
    for (const { name, emptyDir } of pod.volumes) if (emptyDir && !emptyDir.sizeLimit) yield `folder ${name} has no size limit`;
  }),
  'never-two-copies-on-a-machine': perStatefulSet(function* ({ spec }, component, { name, network }) {
    const terms = spec.template.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const labels = { 'stockade.dev/network': network, 'stockade.dev/node': name, 'stockade.dev/component': component.name };
    yield* expectEqual('required anti-affinity', terms, [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels }, namespaceSelector: {} }]);
    for (const [key, value] of Object.entries(labels)) if (spec.template.metadata.labels[key] !== value) yield `the pod lacks label ${key}=${value}`;
  }),
  'dedicated-tainted-machines': perPod(function* ({ nodeSelector, tolerations }, _component, { pool }) {
    yield* expectEqual('pool', nodeSelector?.['stockade.dev/pool'], pool.pool);
    const own = (tolerations ?? []).filter(({ key }) => !key?.startsWith('node.kubernetes.io/'));
    yield* expectEqual('tolerations', own, pool.taints.map((taint) => ({ ...taint, operator: 'Equal' })));
  }),
  'stays-on-an-unreachable-machine': perPod(function* ({ tolerations = [] }) {
    const expected = ['not-ready', 'unreachable'].map((state) => ({ key: `node.kubernetes.io/${state}`, operator: 'Exists', effect: 'NoExecute' }));
    yield* expectEqual('tolerations of Kubernetes\' own taints', tolerations.filter(({ key }) => key?.startsWith('node.kubernetes.io/')), expected);
  }),
  'zone-is-declared': perPod(function* ({ nodeSelector }, _component, { zone }) {
    yield* expectEqual('zone', nodeSelector?.['topology.kubernetes.io/zone'], zone);
  }),
  'disruption-budget': function* ({ objects, components, name }) {
    for (const component of components) {
      const budgets = ofKind(objects, 'PodDisruptionBudget').filter(({ metadata }) => metadata.name === `${name}-${component.name}`);
      yield* expectEqual(`budget of ${component.name}`, budgets.map(({ spec }) => (spec as { maxUnavailable?: unknown }).maxUnavailable), [component.signs ? 0 : 1]);
    }
  },
  'priority-without-preemption': perPod(function* ({ priorityClassName }, component) {
    yield* expectEqual('priorityClassName', priorityClassName, component.signs ? 'stockade-signer' : 'stockade-node');
  }),
  'probes-ask-the-agent': perPod(function* (pod) {
    const { startupProbe, livenessProbe, readinessProbe } = clientOf(pod);
    yield* expectEqual('probe paths', [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet?.path), ['/live', '/live', '/ready']);
    yield* expectEqual('probe ports', [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet?.port), [9440, 9440, 9440]);
  }),
  'syncing-is-alive-not-ready': perPod(function* (pod, component) {
    const { startupProbe } = clientOf(pod);
    const allowance = (startupProbe?.periodSeconds ?? 0) * (startupProbe?.failureThreshold ?? 0);
    if (allowance < component.startupSeconds) yield `liveness is judged after ${allowance} s, but the client may take ${component.startupSeconds} s to answer`;
  }),
  'agent-starts-before-the-client': perPod(function* (pod, component) {
    const order = (pod.initContainers ?? []).map(({ name, restartPolicy }) => `${name}${restartPolicy ? `:${restartPolicy}` : ''}`);
    const guarded = component.signs;
    const expected = [...(guarded ? ['signing-state-guard'] : []), ...((component.prepare?.length ?? 0) > 0 ? ['prepare'] : []), 'secret-agent:Always'];
    yield* expectEqual('init containers', order, expected);
    const agent = pod.initContainers?.find(({ name }) => name === 'secret-agent');
    yield* expectEqual('agent start', agent?.startupProbe?.httpGet?.path, '/started');
    yield* expectEqual('containers', pod.containers.map(({ name }) => name), ['client']);
  }),
  'first-start-is-approved': function* ({ objects, components, name, firstStart }) {
    for (const component of components) {
      const guarded = component.signs ? component.volumes.find(({ kind }) => kind === 'signing-state' || kind === 'signing-chain') : undefined;
      const agent = agentOf(objects, `${name}-${component.name}`);
      yield* expectEqual(`guard of ${component.name}`, agent.guard, guarded ? { folder: guarded.mountPath, firstStart } : undefined);
    }
  },
  'agent-can-end-the-client': perPod(function* (pod) {
    yield* expectEqual('shareProcessNamespace', pod.shareProcessNamespace, true);
  }),
  'grace-of-client-plus-agent': perPod(function* ({ terminationGracePeriodSeconds = 0 }, component) {
    if (component.shutdown.graceSeconds <= 0) yield 'the client has no time to shut down';
    yield* expectEqual('terminationGracePeriodSeconds', terminationGracePeriodSeconds, component.shutdown.graceSeconds + 30);
  }),
  'unready-services-are-published': perService(function* ({ spec, metadata }, component) {
    const p2p = metadata.name.includes('-p2p');
    const unready = p2p || /-(engine|sentry)$/.test(metadata.name);
    yield* expectEqual('publishNotReadyAddresses', spec.publishNotReadyAddresses ?? false, unready);
    if (component === undefined) yield 'it belongs to no component';
  }),
  'config-is-immutable-and-content-addressed': function* ({ objects }) {
    for (const { metadata, immutable, data } of ofKind(objects, 'ConfigMap')) {
      if (immutable !== true) yield `ConfigMap ${metadata.name} can be changed in place`;
      if (!/-[0-9a-f]{10}$/.test(metadata.name)) yield `ConfigMap ${metadata.name} is not named by its content`;
      if (data?.['agent.json'] === undefined) yield `ConfigMap ${metadata.name} lacks the agent's configuration`;
    }
    for (const { spec, metadata } of statefulSets(objects)) {
      const names = spec.template.spec.volumes.flatMap(({ configMap }) => configMap?.name ?? []);
      for (const name of names) if (!ofKind(objects, 'ConfigMap').some((map) => map.metadata.name === name)) yield `${metadata.name} mounts a ConfigMap ${name} that is not rendered`;
    }
  },
  'only-p2p-leaves-the-cluster': perService(function* ({ spec, metadata }, component) {
    if (spec.type === undefined || spec.type === 'ClusterIP') {
      yield* expectEqual('clusterIP', spec.clusterIP, 'None');
      return;
    }
    for (const { port } of spec.ports) {
      const purposes = (component?.ports ?? []).filter((candidate) => candidate.port === port).map(({ purpose }) => purpose);
      if (purposes.length === 0 || purposes.some((purpose) => purpose !== 'p2p' && purpose !== 'sentry')) yield `${metadata.name} exposes port ${port}, which is for ${purposes.join(', ') || 'nobody'}`;
    }
    yield* expectEqual('externalTrafficPolicy', spec.externalTrafficPolicy, 'Local');
  }),
  'reached-as-declared': function* ({ objects, reach, components }) {
    const types = [...new Set(ofKind<RenderedService>(objects, 'Service').map(({ spec }) => spec.type).filter((type) => type !== undefined))];
    const p2p = components.some(({ ports }) => ports.some(({ purpose }) => purpose === 'p2p'));
    const expected = !p2p || reach === 'outbound' || reach === 'hostNetwork' ? [] : [reach === 'nodePort' ? 'NodePort' : 'LoadBalancer'];
    yield* expectEqual('Service types', types, expected);
  },
  'same-port-inside-and-outside': perService(function* ({ spec, metadata }) {
    for (const { port, targetPort, nodePort } of spec.ports) {
      if (port !== targetPort) yield `${metadata.name} maps ${port} to ${targetPort}`;
      if (nodePort !== undefined && nodePort !== port) yield `${metadata.name} maps node port ${nodePort} to ${port}`;
      if (spec.type === 'NodePort' && nodePort === undefined) yield `${metadata.name} leaves the node port of ${port} to chance`;
    }
  }),
  'ports-are-listed-once': perPod(function* (pod, component) {
    const listed = (clientOf(pod).ports ?? []).map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
    yield* expectEqual('ports', [...listed].sort(), [...new Set(component.ports.map(({ port, protocol }) => `${port}/${protocol}`))].sort());
  }),
  'denied-unless-declared': function* ({ objects, components, name, network }) {
    for (const component of components.filter(({ hostNetwork }) => !hostNetwork)) {
      const policies = ofKind(objects, 'NetworkPolicy').filter(({ metadata }) => metadata.name === `${name}-${component.name}`);
      yield* expectEqual(
        `policy of ${component.name}`,
        policies.map(({ spec }) => {
          const { podSelector, policyTypes } = spec as { podSelector: unknown; policyTypes: unknown };
          return { podSelector, policyTypes };
        }),
        [
          {
            podSelector: { matchLabels: { 'stockade.dev/network': network, 'stockade.dev/node': name, 'stockade.dev/component': component.name } },
            policyTypes: ['Ingress', 'Egress'],
          },
        ],
      );
    }
  },
  'public-is-neither-private-nor-metadata': function* ({ objects }) {
    for (const { name, peers } of policyRules(objects)) {
      for (const { ipBlock } of peers) {
        if (ipBlock === undefined) continue;
        if (!ipBlock.cidr.endsWith('/0') && !ipBlock.cidr.endsWith('/32')) yield `${name} opens range ${ipBlock.cidr}`;
        if (!ipBlock.cidr.endsWith('/0')) continue;
        for (const range of ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', '127.0.0.0/8']) {
          if (!ipBlock.except?.includes(range)) yield `${name} takes ${range} for public`;
        }
      }
    }
  },
  'every-rule-names-its-peers': function* ({ objects }) {
    for (const { name, peers, ports } of policyRules(objects)) {
      if (peers.length === 0) yield `${name} has a rule that is open to everybody`;
      for (const { ipBlock, podSelector } of peers) {
        if (ipBlock === undefined && Object.keys(podSelector ?? {}).length === 0) yield `${name} opens to every pod of a namespace`;
        if (ipBlock === undefined && ports === undefined) yield `${name} opens every port to pods`;
      }
    }
  },
  'operators-act-on-one-named-node': function* ({ objects, name, components }) {
    const names = components.flatMap((component) => [`${name}-${component.name}`, `${name}-${component.name}-0`]);
    for (const { metadata, rules = [] } of ofKind(objects, 'Role')) {
      for (const { resources, resourceNames, verbs } of rules) {
        if (!resourceNames?.length) yield `${metadata.name} grants ${verbs.join(', ')} on all ${resources.join(', ')}`;
        for (const named of resourceNames ?? []) if (!names.includes(named)) yield `${metadata.name} reaches ${named}`;
        if ([...verbs, ...resources].includes('*')) yield `${metadata.name} has a wildcard`;
      }
    }
  },
  'one-version-of-each-image': perContainer(function* ({ image }) {
    if (!/:[A-Za-z0-9_][\w.-]*(@sha256:[0-9a-f]{64})?$/.test(image) || /:latest(@|$)/.test(image)) yield `image ${image} does not name one version`;
  }),
  'arguments-hold-no-secret': perPod(function* (pod, component, { keys }) {
    const text = JSON.stringify(allContainers(pod).map(({ args, env, command }) => [args, env, command]));
    if (/-----BEGIN|"[0-9a-f]{64}"/.test(text)) yield 'an argument looks like a secret';
    void component;
    void keys;
  }),
  'client-is-the-main-process': perPod(function* (pod) {
    const command = clientOf(pod).command ?? [];
    if (/(^|\/)(ba|da)?sh$/.test(command[0] ?? '')) yield `the client is started by ${command[0]}, which keeps SIGTERM to itself`;
  }),
};

interface PolicyPeer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  readonly podSelector?: object;
}

function policyRules(objects: readonly RenderedObject[]): { name: string; peers: readonly PolicyPeer[]; ports?: unknown }[] {
  return ofKind(objects, 'NetworkPolicy').flatMap(({ metadata, spec }) => {
    const { ingress = [], egress = [] } = spec as { ingress?: { from?: PolicyPeer[]; ports?: unknown }[]; egress?: { to?: PolicyPeer[]; ports?: unknown }[] };
    return [
      ...ingress.map(({ from = [], ports }) => ({ name: metadata.name, peers: from, ports })),
      ...egress.map(({ to = [], ports }) => ({ name: metadata.name, peers: to, ports })),
    ];
  });
}

const ALLOWED_KINDS = ['ServiceAccount', 'ConfigMap', 'PersistentVolumeClaim', 'Service', 'NetworkPolicy', 'PodDisruptionBudget', 'StatefulSet', 'Role', 'RoleBinding'];

/** What the agent is told, out of the ConfigMap that a StatefulSet mounts. */
export function agentOf(objects: readonly RenderedObject[], statefulSet: string): { readonly guard?: unknown; readonly secrets: readonly AgentSecret[] } {
  const workload = statefulSets(objects).find(({ metadata }) => metadata.name === statefulSet);
  const mounted = workload?.spec.template.spec.volumes.find(({ name }) => name === 'agent-config')?.configMap?.name;
  const text = ofKind(objects, 'ConfigMap').find(({ metadata }) => metadata.name === mounted)?.data?.['agent.json'];
  if (text === undefined) throw new Error(`${statefulSet} mounts no agent configuration`);
  return JSON.parse(text) as { guard?: unknown; secrets: AgentSecret[] };
}

type PerComponent<T> = (thing: T, component: ComponentSpec, subject: Subject) => Iterable<string>;

function perStatefulSet(check: PerComponent<RenderedStatefulSet>): Point {
  return function* (subject) {
    const workloads = statefulSets(subject.objects);
    if (workloads.length === 0) yield 'there is no StatefulSet';
    for (const workload of workloads) {
      const component = subject.components.find(({ name }) => `${subject.name}-${name}` === workload.metadata.name);
      if (!component) yield `${workload.metadata.name} is no component's`;
      else for (const problem of check(workload, component, subject)) yield `${workload.metadata.name}: ${problem}`;
    }
  };
}

function perPod(check: PerComponent<RenderedPodSpec>): Point {
  return perStatefulSet((workload, component, subject) => check(workload.spec.template.spec, component, subject));
}

function perContainer(check: PerComponent<RenderedContainer>): Point {
  return perPod(function* (pod, component, subject) {
    for (const container of allContainers(pod)) for (const problem of check(container, component, subject)) yield `${container.name}: ${problem}`;
  });
}

function perClaim(check: (claim: RenderedClaim) => Iterable<string>): Point {
  return function* ({ objects }) {
    for (const claim of ofKind<RenderedClaim>(objects, 'PersistentVolumeClaim')) for (const problem of check(claim)) yield `${claim.metadata.name}: ${problem}`;
  };
}

function perService(check: (service: RenderedService, component: ComponentSpec | undefined) => Iterable<string>): Point {
  return function* ({ objects, components }) {
    for (const service of ofKind<RenderedService>(objects, 'Service')) {
      const component = components.find(({ name }) => name === service.metadata.labels?.['stockade.dev/component']);
      for (const problem of check(service, component)) yield `${service.metadata.name}: ${problem}`;
    }
  };
}

function* expectEqual(what: string, actual: unknown, expected: unknown): Generator<string> {
  if (canonical(actual) !== canonical(expected)) yield `${what} is ${canonical(actual)}, expected ${canonical(expected)}`;
}

/** JSON with sorted keys, so that the order of keys does not matter. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );

const excepted = (component: ComponentSpec, what: string): boolean => component.exceptions?.some((exception) => exception.what === what) ?? false;

const within = (path: string, folder: string): boolean => `${path}/`.startsWith(`${folder}/`);
