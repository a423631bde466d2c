import {
  IntOrString,
  KubeStatefulSet,
  Quantity,
  type Affinity,
  type Container,
  type Probe,
  type ResourceRequirements,
  type Volume as PodVolume,
  type VolumeMount,
} from 'cdk8s-plus-27/lib/imports/k8s';
import { ANNOTATIONS, componentName, LABELS, priorityClassName, pvcName, SECRET_MANAGER } from '../naming';
import { AGENT } from '../contract/agent';
import { AGENT_DEMAND, SECRETS_PATH, TMP_PATH, type ComponentSpec, type ImageReference } from '../chains/component';
import { containerSecurityContext, podSecurityContext, TMP_MIB } from './hardening';
import { manifestOf, selector, workloadLabels, type Manifest } from './manifest';
import { guardedVolume, needsToken } from './secret-agent';
import type { AgentImage, NodeIdentity, TargetPool } from './staking-node-props';

export interface StatefulSetInput {
  readonly node: NodeIdentity;
  readonly component: ComponentSpec;
  readonly agent: AgentImage;
  readonly placement: TargetPool;
  /** Name of the component's content-addressed ConfigMap. */
  readonly configMap: string;
  readonly running: boolean;
}

/** The workload of one component: one replica, armed, hardened. */
export function statefulSet(input: StatefulSetInput): Manifest {
  const { node, component, placement } = input;
  const name = componentName(node.name, component.name);
  const matchLabels = selector(node.network, node.name, component.name);
  const manifest = manifestOf(KubeStatefulSet, {
    metadata: {
      name,
      namespace: node.namespace,
      labels: { ...workloadLabels(node, component), ...(node.ring ? { [LABELS.ring]: node.ring } : {}) },
      annotations: {
        [ANNOTATIONS.version]: component.image.version,
        [ANNOTATIONS.dataSchema]: String(component.image.dataSchema),
        ...exceptionsAnnotation(component),
      },
    },
    spec: {
      replicas: input.running ? 1 : 0,
      serviceName: name,
      selector: { matchLabels },
      // OrderedReady can't revert a broken template without deleting the pod (kubernetes/kubernetes#67250).
      podManagementPolicy: 'Parallel',
      // Armed: neither an apply nor a control-plane upgrade (kubernetes/kubernetes#134773) restarts the pod; partition 0 fires it.
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
      revisionHistoryLimit: 10,
      template: {
        metadata: { labels: workloadLabels(node, component), annotations: { 'kubectl.kubernetes.io/default-container': AGENT.clientContainerName } },
        spec: {
          serviceAccountName: name,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          shareProcessNamespace: true,
          ...(component.hostNetwork ? { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' } : {}),
          priorityClassName: priorityClassName(component.signs),
          terminationGracePeriodSeconds: component.shutdown.graceSeconds + AGENT.shutdownMarginSeconds,
          securityContext: podSecurityContext(component),
          nodeSelector: { 'topology.kubernetes.io/zone': node.zone, [LABELS.pool]: placement.pool },
          tolerations: [...placement.taints.map(({ key, value, effect }) => ({ key, value, effect, operator: 'Equal' })), ...STAYS],
          affinity: apart(matchLabels),
          initContainers: agentContainers(input),
          containers: [clientContainer(component)],
          volumes: podVolumes(input),
        },
      },
    },
  });
  return withNativeSidecar(manifest);
}

/**
 * Kubernetes would mark the pod for deletion after five minutes on a machine that it can't reach, and end it when the machine is back. A
 * signer that kept running is not to be restarted for that, and nothing may start in its place meanwhile.
 */
const STAYS = ['not-ready', 'unreachable'].map((state) => ({ key: `node.kubernetes.io/${state}`, operator: 'Exists', effect: 'NoExecute' }));

/** No two pods of one node and component on a machine, whatever namespace the second one was put in. */
function apart(matchLabels: Record<string, string>): Affinity {
  return {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels }, namespaceSelector: {} },
      ],
    },
  };
}

function clientContainer(component: ComponentSpec): Container {
  const { command, args, env = {}, shutdown } = component;
  return {
    name: AGENT.clientContainerName,
    image: imageName(component.image),
    imagePullPolicy: 'IfNotPresent',
    ...(command ? { command: [...command] } : {}),
    args: [...args],
    env: Object.entries({ HOME: TMP_PATH, ...env }).map(([name, value]) => ({ name, value })),
    ports: containerPorts(component),
    resources: requirements(component.resources),
    securityContext: containerSecurityContext(component),
    ...(shutdown.preStop ? { lifecycle: { preStop: { exec: { command: [...shutdown.preStop] } } } } : {}),
    // A client may spend long on its database before it answers; liveness is judged after that.
    startupProbe: agentProbe(AGENT.paths.live, { periodSeconds: 10, failureThreshold: Math.ceil(component.startupSeconds / 10) }),
    livenessProbe: agentProbe(AGENT.paths.live, { periodSeconds: 30, failureThreshold: 10 }),
    readinessProbe: agentProbe(AGENT.paths.ready, { periodSeconds: 10, failureThreshold: 3 }),
    volumeMounts: [
      ...component.volumes.map(({ name, mountPath }) => ({ name, mountPath })),
      ...(component.config ?? []).map(({ name, mountPath }) => ({ name: configVolume(name), mountPath, readOnly: true })),
      ...(needsToken(component) ? [{ name: 'secrets', mountPath: SECRETS_PATH, readOnly: !component.writableSecrets }] : []),
      ...(component.temporary ?? []).map(({ name, mountPath }) => ({ name, mountPath })),
      { name: 'tmp', mountPath: TMP_PATH },
    ],
  };
}

/** Guard, then preparation, then the agent: a key is fetched only once the disk is known to be the right one. */
function agentContainers({ component, agent }: StatefulSetInput): Container[] {
  const guarded = guardedVolume(component);
  const shared = {
    image: imageName(agent),
    imagePullPolicy: 'IfNotPresent',
    resources: requirements(AGENT_DEMAND),
    securityContext: containerSecurityContext(),
  };
  const config: VolumeMount = { name: 'agent-config', mountPath: AGENT.configFolder, readOnly: true };
  const args = (act: string) => [act, `--config=${AGENT.configFile}`];
  return [
    ...(guarded
      ? [{ ...shared, name: AGENT.guardName, args: args('guard'), volumeMounts: [config, { name: guarded.name, mountPath: guarded.mountPath }] }]
      : []),
    ...((component.prepare?.length ?? 0) > 0
      ? [
          {
            ...shared,
            name: AGENT.prepareName,
            args: args('prepare'),
            volumeMounts: [
              config,
              ...component.volumes.map(({ name, mountPath }) => ({ name, mountPath })),
              ...(component.config ?? []).map(({ name, mountPath }) => ({ name: configVolume(name), mountPath, readOnly: true })),
              ...(component.temporary ?? []).map(({ name, mountPath }) => ({ name, mountPath })),
            ],
          },
        ]
      : []),
    {
      ...shared,
      name: AGENT.containerName,
      args: args('serve'),
      ports: [{ name: AGENT.healthPortName, containerPort: AGENT.healthPort, protocol: 'TCP' }],
      // The client starts when this succeeds: waiting for a claim may take as long as it takes.
      startupProbe: agentProbe(AGENT.paths.started, { periodSeconds: 2, failureThreshold: 43200 }),
      volumeMounts: [
        config,
        ...(needsToken(component)
          ? [
              { name: 'secrets', mountPath: SECRETS_PATH },
              { name: 'token', mountPath: AGENT.tokenFolder, readOnly: true },
            ]
          : []),
      ],
    },
  ];
}

function podVolumes({ node, component, configMap }: StatefulSetInput): PodVolume[] {
  return [
    ...component.volumes.map(({ name }) => ({
      name,
      persistentVolumeClaim: { claimName: pvcName(node.name, component.name, name) },
    })),
    { name: 'agent-config', configMap: { name: configMap, items: [{ key: AGENT.configKey, path: AGENT.configKey }] } },
    ...(component.config ?? []).map((folder) => ({
      name: configVolume(folder.name),
      configMap: {
        name: configMap,
        items: Object.keys(folder.files).map((file) => ({ key: configKey(folder.name, file), path: file })),
      },
    })),
    ...(needsToken(component)
      ? [
          { name: 'secrets', emptyDir: { medium: 'Memory', sizeLimit: Quantity.fromString(`${AGENT.secretsMiB}Mi`) } },
          {
            name: 'token',
            projected: {
              defaultMode: 0o440,
              sources: [
                { serviceAccountToken: { audience: SECRET_MANAGER.audience, expirationSeconds: AGENT.tokenSeconds, path: 'token' } },
              ],
            },
          },
        ]
      : []),
    ...(component.temporary ?? []).map(({ name, medium, sizeMiB }) => ({
      name,
      emptyDir: { ...(medium === 'memory' ? { medium: 'Memory' } : {}), sizeLimit: Quantity.fromString(`${sizeMiB}Mi`) },
    })),
    { name: 'tmp', emptyDir: { sizeLimit: Quantity.fromString(`${TMP_MIB}Mi`) } },
  ];
}

/** The key under which a component's ConfigMap holds a file of a config folder. */
export const configKey = (folder: string, file: string): string => `${folder}.${file}`;

export const imageName = ({ repository, version, digest }: Pick<ImageReference, 'repository' | 'version' | 'digest'>): string =>
  `${repository}:${version}${digest ? `@${digest}` : ''}`;

const configVolume = (folder: string): string => `config-${folder}`;

/** The API server warns of a port that is listed twice; a port with two purposes is listed once. */
function containerPorts(component: ComponentSpec): Container['ports'] {
  const seen = new Set<string>();
  return component.ports
    .filter(({ port, protocol }) => !seen.has(`${port}/${protocol}`) && seen.add(`${port}/${protocol}`))
    .map(({ name, port, protocol }) => ({ name, containerPort: port, protocol }));
}

function agentProbe(path: string, timing: Pick<Probe, 'periodSeconds' | 'failureThreshold'>): Probe {
  return { httpGet: { path, port: IntOrString.fromNumber(AGENT.healthPort) }, timeoutSeconds: 3, ...timing };
}

/** Memory and ephemeral storage are what they are asked for; CPU has no limit, because throttling costs attestations. */
function requirements(demand: ComponentSpec['resources']): ResourceRequirements {
  const cpu = Quantity.fromString(`${demand.cpuMillis}m`);
  const memory = Quantity.fromString(`${demand.memoryMiB}Mi`);
  const ephemeral = Quantity.fromString(`${demand.ephemeralMiB}Mi`);
  return {
    requests: { cpu, memory, 'ephemeral-storage': ephemeral },
    limits: { memory, 'ephemeral-storage': ephemeral },
  };
}

function exceptionsAnnotation(component: ComponentSpec): Record<string, string> {
  const exceptions = component.exceptions ?? [];
  if (exceptions.length === 0) return {};
  return {
    [ANNOTATIONS.exceptions]: exceptions
      .map(({ what, value, reason }) => `${what}${value ? ` (${value})` : ''}: ${reason}`)
      .join('\n'),
  };
}

/** The typed L1 has the 1.27 schema, which does not know this field, so it is set on the plain manifest. */
function withNativeSidecar(manifest: Manifest): Manifest {
  const { template } = manifest['spec'] as { template: { spec: { initContainers: Record<string, unknown>[] } } };
  for (const container of template.spec.initContainers) {
    if (container['name'] === AGENT.containerName) container['restartPolicy'] = 'Always';
  }
  return manifest;
}
