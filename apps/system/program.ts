import { claimsKeys } from '../../constructs/claims';
import type { Manifest } from '../../constructs/manifest';
import type { Cluster, Fleet } from '../../model/types';
import { LABELS, PROGRAM_NAMESPACES, storageClassName } from '../../naming';

/** One program of ours that runs in clusters, as the file `apps/system/<name>.ts` declares it. */
export interface Program {
  /** A DNS label: its file is `platform/system/<name>.yaml`. */
  readonly name: string;
  /** All that it is made of in one cluster; none where it does not run there. */
  readonly objects: (fleet: Fleet, cluster: Cluster) => readonly Manifest[];
}

/** What runs pods that are no staking node's. */
const WORKLOADS: ReadonlySet<string> = new Set(['apps/v1/DaemonSet', 'apps/v1/Deployment', 'apps/v1/ReplicaSet', 'apps/v1/StatefulSet', 'batch/v1/CronJob', 'batch/v1/Job']);

/** All that a program may be made of. Secrets are the secret manager's; what reaches beyond a program's namespace is the platform's (`apps/platform`). */
const KINDS: ReadonlySet<string> = new Set([
  ...WORKLOADS,
  'networking.k8s.io/v1/NetworkPolicy',
  'policy/v1/PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1/Role',
  'rbac.authorization.k8s.io/v1/RoleBinding',
  'v1/ConfigMap',
  'v1/PersistentVolumeClaim',
  'v1/Service',
  'v1/ServiceAccount',
]);

/** Whether an object runs pods by a kind that no staking node has; of a StatefulSet its place decides. */
export const runsPods = ({ apiVersion, kind, metadata }: Manifest): boolean =>
  WORKLOADS.has(`${apiVersion}/${kind}`) && (kind !== 'StatefulSet' || PROGRAM_NAMESPACES.includes(metadata.namespace ?? ''));

/**
 * Why an object is no program's to have. A program runs beside the nodes, in a namespace of ours, and is never taken for a part of one: it bears none of their
 * labels, claims none of their keys and reaches none of their disks.
 *
 * @param all objects of all programs of the cluster
 */
export function problemsOfProgram(object: Manifest, all: readonly Manifest[]): string[] {
  const { apiVersion, kind, metadata } = object;
  const { namespace } = metadata;
  if (!KINDS.has(`${apiVersion}/${kind}`)) return ['is of a kind that no program is made of'];
  if (namespace === undefined || !PROGRAM_NAMESPACES.includes(namespace)) return [`is in ${namespace === undefined ? 'no namespace' : `namespace "${namespace}"`}: a program runs in ${PROGRAM_NAMESPACES.join(' or ')}`];
  const declared = new Set(all.filter((one) => one.kind === 'PersistentVolumeClaim' && one.metadata.namespace === namespace).map((one) => one.metadata.name));
  const pods = podTemplateOf(object);
  const disks = claimsOfDisks(object, pods);
  const labelled = [metadata, jobTemplateOf(object)?.metadata, pods?.metadata, ...disks.map((disk) => disk.metadata)].flatMap((one) => Object.keys(one?.labels ?? {}));
  return [
    ...NODE_LABELS.filter((label) => labelled.includes(label)).map((label) => `bears the label ${label}, by which a staking node's objects are known`),
    ...(pods?.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => (persistentVolumeClaim === undefined || declared.has(persistentVolumeClaim.claimName) ? [] : [`mounts the PVC "${persistentVolumeClaim.claimName}", which no program declares`])),
    ...disks.flatMap(({ spec = {} }) => problemsOfDisk(spec)),
    ...(kind === 'ConfigMap' && claimsKeys(object) ? ['claims validator keys, which a staking node alone does'] : []),
  ];
}

/** Who bears one of these is taken for a node's by policies, by anti-affinity and by whoever counts signers. */
const NODE_LABELS: readonly string[] = [LABELS.network, LABELS.node, LABELS.component, LABELS.role, LABELS.signer, LABELS.volumeKind];
const SIGNING_CLASSES: readonly string[] = [storageClassName('signing-state'), storageClassName('signing-chain')];

interface DiskSpec {
  readonly storageClassName?: string;
  readonly [field: string]: unknown;
}
interface DiskTemplate {
  readonly metadata?: PodTemplate['metadata'];
  readonly spec?: DiskSpec;
}
interface PodTemplate {
  readonly metadata?: Pick<Manifest['metadata'], 'labels'>;
  readonly spec?: { readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string }; readonly ephemeral?: { readonly volumeClaimTemplate?: DiskTemplate } }[] };
}
interface WorkloadSpec {
  readonly template?: PodTemplate;
  readonly jobTemplate?: { readonly metadata?: PodTemplate['metadata']; readonly spec?: { readonly template?: PodTemplate } };
  readonly volumeClaimTemplates?: readonly DiskTemplate[];
}

const specOf = (object: Manifest): WorkloadSpec => (object['spec'] ?? {});
const jobTemplateOf = (object: Manifest): WorkloadSpec['jobTemplate'] => specOf(object).jobTemplate;
/** What the pods of a workload are made of. */
export const podTemplateOf = (object: Manifest): PodTemplate | undefined => specOf(object).template ?? jobTemplateOf(object)?.spec?.template;

/** Every disk that an object asks for, whether by a PVC or by what makes one. */
function claimsOfDisks(object: Manifest, pods: PodTemplate | undefined): DiskTemplate[] {
  return [
    ...(object.kind === 'PersistentVolumeClaim' ? [{ spec: specOf(object) as DiskSpec }] : []),
    ...(specOf(object).volumeClaimTemplates ?? []),
    ...(pods?.spec?.volumes ?? []).flatMap(({ ephemeral }) => (ephemeral === undefined ? [] : [ephemeral.volumeClaimTemplate ?? {}])),
  ];
}

/** A released disk of a signer is there for years: nothing may find it by its name, its labels or as a source. */
function problemsOfDisk(disk: DiskSpec): string[] {
  const chosen = ['volumeName', 'selector', 'dataSource', 'dataSourceRef'].filter((field) => disk[field] !== undefined);
  return [
    ...chosen.map((field) => `asks for a disk that is there already (${field}), which may be a signer's: a program's disk begins empty`),
    ...(SIGNING_CLASSES.includes(disk.storageClassName ?? '') ? [`asks for a disk of class "${disk.storageClassName}", which holds signing state`] : []),
  ];
}
