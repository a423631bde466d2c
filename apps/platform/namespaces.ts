import { KubeNamespace, KubeNetworkPolicy } from 'cdk8s-plus-27/lib/imports/k8s';
import type { HardeningException } from '../../chains/component';
import { manifestOf, type Manifest } from '../../constructs/manifest';
import type { Cluster, Network } from '../../model/types';
import { ANNOTATIONS, LABELS, networkNamespace, PLATFORM_LABELS, PROGRAM_NAMESPACES } from '../../naming';
import { capabilityUnnamed } from './errors';
import { KEPT } from './model';

/**
 * The namespace of a network's nodes. Pods are held to the Pod Security Standard `restricted`, or to the strictest level
 * that the exceptions declared by the network's components leave; the API server goes on to audit all that `restricted` would
 * have refused, so an undeclared weakening doesn't hide behind a declared one. It doesn't warn of it: a warning at every apply is
 * one that nobody reads.
 *
 * @throws PlatformError `capability-unnamed`
 */
export function stakingNamespace(cluster: Cluster, network: Network, exceptions: readonly HardeningException[]): Manifest {
  const reasons = [...new Set(exceptions.map(describe))].sort();
  return manifestOf(KubeNamespace, {
    metadata: {
      name: networkNamespace(network.name),
      labels: {
        ...PLATFORM_LABELS,
        [LABELS.network]: network.name,
        [LABELS.chain]: network.chain,
        [LABELS.protection]: 'staking',
        ...podSecurity(cluster, enforcedLevel(cluster, network, exceptions)),
      },
      annotations: { ...KEPT, ...(reasons.length > 0 ? { [ANNOTATIONS.exceptions]: reasons.join('\n') } : {}) },
    },
  });
}

/** The namespace of programs that serve the staking namespaces; `restricted`, without exceptions. Ours are labelled, so that policies can tell them from an add-on's. */
export function serviceNamespace(cluster: Cluster, name: string): Manifest {
  const protection: Readonly<Record<string, string>> = PROGRAM_NAMESPACES.includes(name) ? { [LABELS.protection]: 'system' } : {};
  return manifestOf(KubeNamespace, { metadata: { name, labels: { ...PLATFORM_LABELS, ...protection, ...podSecurity(cluster, 'restricted') }, annotations: { ...KEPT } } });
}

/** Nothing in, nothing out, for every pod: what a pod may do is opened by a policy of its own. */
export function defaultDeny(namespace: string): Manifest {
  return manifestOf(KubeNetworkPolicy, {
    metadata: { name: 'default-deny', namespace, labels: { ...PLATFORM_LABELS } },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  });
}

export type PodSecurityLevel = 'restricted' | 'baseline' | 'privileged';

/**
 * The strictest level under which a pod with this exception is admitted, after
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/. Undefined: a capability that isn't named.
 */
export function levelFor(exception: HardeningException): PodSecurityLevel | undefined {
  switch (exception.what) {
    // Baseline forbids both. A pod on the host's network has host ports too: its container ports become them.
    case 'host-network':
    case 'host-port':
      return 'privileged';
    // Restricted asks for runAsNonRoot; baseline lets root be.
    case 'root-user':
      return 'baseline';
    case 'capability':
      if (exception.value === undefined) return undefined;
      if (exception.value === 'NET_BIND_SERVICE') return 'restricted';
      return BASELINE_CAPABILITIES.has(exception.value) ? 'baseline' : 'privileged';
    // Restricted accepts a Localhost profile as it does RuntimeDefault, asks nothing of the root file system, and what is
    // set up on a machine is no field of a pod.
    case 'seccomp-localhost':
    case 'writable-root':
    case 'machine-feature':
      return 'restricted';
  }
}

const LEVELS: readonly PodSecurityLevel[] = ['restricted', 'baseline', 'privileged'];

const BASELINE_CAPABILITIES: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

function enforcedLevel(cluster: Cluster, network: Network, exceptions: readonly HardeningException[]): PodSecurityLevel {
  const needed = exceptions.map((exception) => {
    const level = levelFor(exception);
    if (level === undefined) throw capabilityUnnamed(cluster.name, network.name, exception.reason);
    return LEVELS.indexOf(level);
  });
  return LEVELS[Math.max(0, ...needed)]!;
}

/** Pinned to the cluster's minor: with `latest` an upgrade of the control plane would change what is admitted. */
function podSecurity(cluster: Cluster, enforced: PodSecurityLevel): Record<string, string> {
  const version = `v${cluster.kubernetesVersion}`;
  return {
    'pod-security.kubernetes.io/enforce': enforced,
    'pod-security.kubernetes.io/enforce-version': version,
    'pod-security.kubernetes.io/audit': 'restricted',
    'pod-security.kubernetes.io/audit-version': version,
    'pod-security.kubernetes.io/warn': enforced,
    'pod-security.kubernetes.io/warn-version': version,
  };
}

const describe = ({ what, value, reason }: HardeningException): string =>
  `${what}${value === undefined ? '' : ` (${value})`}: ${reason}`;
