import type { Risk } from '../model';

/** One way in which a pod is held less tightly than `StakingNode` holds it. */
export interface Weakness {
  readonly risk: Risk;
  readonly what: string;
}

/** Pod specs as rules read them; everything may be missing. */
export interface PodSpec {
  readonly [field: string]: unknown;
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly { readonly key?: string; readonly effect?: string; readonly tolerationSeconds?: number }[];
  readonly affinity?: { readonly podAntiAffinity?: { readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly unknown[] } };
  readonly securityContext?: Security;
  readonly serviceAccountName?: string;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly args?: readonly string[];
  readonly securityContext?: Security;
  readonly ports?: readonly { readonly hostPort?: number; readonly protocol?: string }[];
}

export interface Volume {
  readonly name: string;
  readonly hostPath?: { readonly path: string };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly configMap?: { readonly name: string };
  readonly secret?: unknown;
  readonly [kind: string]: unknown;
}

interface Security {
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly procMount?: string;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: { readonly type?: string; readonly localhostProfile?: string };
  readonly sysctls?: readonly { readonly name: string }[];
}

/** Everything in a staking node's pod that is weaker than the rule, whether declared as an exception or not. */
export function weaknesses(pod: PodSpec, signs: boolean): Map<string, Weakness> {
  const found = loosenesses(pod);
  const add = (what: string, risk: Risk): void => void found.set(what, { risk, what });
  if ((pod.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).length === 0) add('there is no required anti-affinity', signs ? 'second-signer risk' : 'hardening');
  for (const key of ['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready']) {
    const tolerated = (pod.tolerations ?? []).some((toleration) => toleration.key === key && toleration.effect === 'NoExecute' && toleration.tolerationSeconds === undefined);
    if (!tolerated) add(`${key} is not tolerated without end: the pod is replaced while its machine may still run it`, signs ? 'second-signer risk' : 'hardening');
  }
  return found;
}

/** What holds for every pod of ours: how far it can reach its machine, its neighbours and the API server. */
export function loosenesses(pod: PodSpec): Map<string, Weakness> {
  const found = new Map<string, Weakness>();
  const add = (what: string, risk: Risk = 'hardening'): void => void found.set(what, { risk, what });
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) if (pod[field] === true) add(`${field} is on`, field === 'hostNetwork' ? 'exposure' : 'hardening');
  if (pod['automountServiceAccountToken'] !== false) add('a service account token is mounted into every container', 'permissions');
  if (pod['enableServiceLinks'] !== false) add('enableServiceLinks is not off');
  if (pod['terminationGracePeriodSeconds'] === 0) add('terminationGracePeriodSeconds is 0: the client is killed while it signs', 'second-signer risk');
  const security = pod.securityContext ?? {};
  if (security.runAsNonRoot !== true) add('runAsNonRoot is not set');
  if (security.runAsUser === 0) add('the pod runs as root');
  if (security.seccompProfile?.type !== 'RuntimeDefault') add(`seccomp profile is ${security.seccompProfile?.localhostProfile ?? security.seccompProfile?.type ?? 'not set'}`);
  for (const { name } of security.sysctls ?? []) add(`sysctl ${name} is set`);
  for (const container of [...(pod.initContainers ?? []), ...(pod.containers ?? [])]) {
    const own = container.securityContext ?? {};
    const of = `of container ${container.name}`;
    if (own.privileged) add(`privileged ${of} is on`);
    if (own.allowPrivilegeEscalation !== false) add(`allowPrivilegeEscalation ${of} is not off`);
    if (own.readOnlyRootFilesystem !== true) add(`the root filesystem ${of} is writable`);
    if (own.runAsNonRoot === false || own.runAsUser === 0) add(`the user ${of} may be root`);
    if (!(own.capabilities?.drop ?? []).includes('ALL')) add(`capabilities ${of} are not all dropped`);
    for (const capability of own.capabilities?.add ?? []) add(`capability ${capability} ${of} is added`);
    if (own.seccompProfile && own.seccompProfile.type !== 'RuntimeDefault') add(`seccomp profile ${of} is ${own.seccompProfile.localhostProfile ?? String(own.seccompProfile.type)}`);
    if (own.procMount !== undefined && own.procMount !== 'Default') add(`procMount ${of} is ${own.procMount}`);
    // On the host's network every port is one of the host's, and is counted there.
    if (pod['hostNetwork'] !== true) for (const { hostPort, protocol = 'TCP' } of container.ports ?? []) if (hostPort) add(`host port ${hostPort}/${protocol} ${of} is open`, 'exposure');
  }
  for (const volume of pod.volumes ?? []) {
    if (volume.hostPath) add(`host path ${volume.hostPath.path} is mounted`);
    if (volume.secret) add(`volume ${volume.name} is a Kubernetes Secret`);
  }
  return found;
}
