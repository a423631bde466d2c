import { load, loadAll } from 'js-yaml';

/** What tests read of rendered YAML. Everything is optional where Kubernetes has it so; a test asserts what must be there. */
export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly immutable?: boolean;
  readonly automountServiceAccountToken?: boolean;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
  readonly rules?: readonly { readonly resources: readonly string[]; readonly resourceNames?: readonly string[]; readonly verbs: readonly string[] }[];
}

export interface RenderedStatefulSet extends RenderedObject {
  readonly spec: {
    readonly replicas: number;
    readonly podManagementPolicy: string;
    readonly updateStrategy: { readonly type: string; readonly rollingUpdate?: { readonly partition?: number } };
    readonly volumeClaimTemplates?: unknown;
    readonly serviceName: string;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> }; readonly spec: RenderedPodSpec };
  };
}

export interface RenderedPodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly shareProcessNamespace?: boolean;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly priorityClassName?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly fsGroup?: number;
    readonly fsGroupChangePolicy?: string;
    readonly seccompProfile?: { readonly type: string; readonly localhostProfile?: string };
    readonly sysctls?: unknown;
  };
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly { readonly key?: string; readonly operator?: string; readonly value?: string; readonly effect?: string }[];
  readonly affinity?: {
    readonly podAntiAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly {
        readonly topologyKey: string;
        readonly labelSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
        readonly namespaceSelector?: object;
      }[];
    };
  };
  readonly initContainers?: readonly RenderedContainer[];
  readonly containers: readonly RenderedContainer[];
  readonly volumes: readonly RenderedVolume[];
}

export interface RenderedContainer {
  readonly name: string;
  readonly image: string;
  readonly restartPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly envFrom?: unknown;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly hostPort?: number; readonly protocol?: string }[];
  readonly resources: { readonly requests: Readonly<Record<string, string>>; readonly limits: Readonly<Record<string, string>> };
  readonly securityContext: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly privileged?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly runAsUser?: number;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly lifecycle?: { readonly preStop?: { readonly exec?: { readonly command: readonly string[] } } };
  readonly startupProbe?: RenderedProbe;
  readonly livenessProbe?: RenderedProbe;
  readonly readinessProbe?: RenderedProbe;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean; readonly subPath?: string }[];
}

export interface RenderedProbe {
  readonly httpGet?: { readonly path: string; readonly port: number };
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
}

export interface RenderedVolume {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string; readonly readOnly?: boolean };
  readonly emptyDir?: { readonly medium?: string; readonly sizeLimit?: string };
  readonly configMap?: { readonly name: string; readonly items?: readonly { readonly key: string; readonly path: string }[] };
  readonly projected?: { readonly sources: readonly { readonly serviceAccountToken?: { readonly audience?: string; readonly expirationSeconds?: number } }[] };
  readonly hostPath?: unknown;
  readonly secret?: unknown;
}

export interface RenderedService extends RenderedObject {
  readonly spec: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly selector: Readonly<Record<string, string>>;
    readonly publishNotReadyAddresses?: boolean;
    readonly externalTrafficPolicy?: string;
    readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: number; readonly nodePort?: number; readonly protocol: string }[];
  };
}

export interface RenderedClaim extends RenderedObject {
  readonly spec: {
    readonly accessModes: readonly string[];
    readonly storageClassName: string;
    readonly volumeMode?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
    readonly dataSource?: unknown;
    readonly dataSourceRef?: unknown;
  };
}

/** All documents of a YAML text. */
export const parseYaml = (text: string): RenderedObject[] => loadAll(text) as RenderedObject[];

export const ofKind = <T extends RenderedObject = RenderedObject>(objects: readonly RenderedObject[], kind: string): T[] =>
  objects.filter((object) => object.kind === kind) as T[];

export const statefulSets = (objects: readonly RenderedObject[]): RenderedStatefulSet[] => ofKind(objects, 'StatefulSet');

/** Every container of a pod, init containers first. */
export const allContainers = (pod: RenderedPodSpec): RenderedContainer[] => [...(pod.initContainers ?? []), ...pod.containers];

/** The client's container. */
export const clientOf = (pod: RenderedPodSpec): RenderedContainer => pod.containers[0]!;

export const parseOne = (text: string): unknown => load(text);
