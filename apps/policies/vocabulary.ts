import type { VolumeKind } from '../../model/catalogue';
import type { Cluster, Settings } from '../../model/types';
import { ANNOTATIONS, LABELS, ROLLOUT_ENGINE_SERVICE_ACCOUNT, SYSTEM_NAMESPACE } from '../../naming';
import { celList, celString } from './policy';

/** What the policies of one cluster must know of the fleet. */
export interface PolicyFacts {
  readonly settings: Settings;
  readonly cluster: Cluster;
  /** By protected namespace: exceptions from the hardening that its nodes declare, as `kind` or `kind:value`. */
  readonly exceptions: Readonly<Record<string, readonly string[]>>;
  /** Volume, as chains name what they keep on PVCs, then its kind. */
  readonly volumes: Readonly<Record<string, VolumeKind>>;
}

/**
 * Variables that any policy may use. A policy is rendered with those that it names, directly or through another.
 *
 * An audit by Gatekeeper has no requester, hence the defaults.
 */
export function vocabulary({ settings: { access }, cluster: { cloud } }: PolicyFacts): Readonly<Record<string, string>> {
  const inGroups = (groups: readonly string[]): string => `variables.groups.exists(group, group in ${celList(groups)})`;
  return {
    user: `has(request.userInfo) && has(request.userInfo.username) ? request.userInfo.username : ''`,
    groups: `has(request.userInfo) && has(request.userInfo.groups) ? request.userInfo.groups : []`,
    subresource: `has(request.subResource) ? request.subResource : ''`,
    isOperator: inGroups(access.operators[cloud]),
    // Who plans is judged as the deployer would be, in dry runs.
    isDeployer: `(${inGroups(access.deployers[cloud])}) || variables.isPlanning`,
    isPlanning: `${inGroups(access.planners[cloud])} && has(request.dryRun) && request.dryRun`,
    isBreakGlass: inGroups(access.breakGlass[cloud]),
    isDataCustodian: inGroups(access.dataCustodians[cloud]),
    isPlatform: inGroups(access.platform[cloud]),
    isRolloutEngine: `variables.user == ${celString(`system:serviceaccount:${SYSTEM_NAMESPACE}:${ROLLOUT_ENGINE_SERVICE_ACCOUNT}`)}`,
    // Who disarms, stops, holds, lifts a hold and lifts a budget.
    mayFire: `variables.isOperator || variables.isRolloutEngine || variables.isBreakGlass`,
    isKubelet: `variables.user.startsWith('system:node:')`,
    // Of the machine that the pod is bound to.
    isOwnKubelet: `variables.machine != '' && variables.user == 'system:node:' + variables.machine`,
    // Kubernetes' own controllers and the clouds': no person and no program outside the control plane can be given such a name by RBAC.
    isControlPlane:
      `variables.user.startsWith('system:serviceaccount:kube-system:') || variables.user.startsWith('eks:') || ` +
      `(variables.user.startsWith('system:') && !variables.user.startsWith('system:serviceaccount:') && !variables.user.startsWith('system:node:') && variables.user != 'system:anonymous')`,

    // Another annotation than the pod's or machine's own name is no proof: one text can't be pasted over many.
    proven: `variables.isBreakGlass && oldObject != null && oldObject.metadata.?annotations[?${celString(ANNOTATIONS.machineEnded)}].orValue('').startsWith(variables.machine + ': ')`,
    machine: `oldObject == null ? '' : (oldObject.kind == 'Node' ? oldObject.metadata.name : oldObject.spec.?nodeName.orValue(''))`,

    // Left out, it is 1; a Scale alone leaves out a 0.
    oldReplicas: `oldObject == null ? 0 : oldObject.spec.?replicas.orValue(oldObject.kind == 'Scale' ? 0 : 1)`,
    newReplicas: `object == null ? 0 : object.spec.?replicas.orValue(object.kind == 'Scale' ? 0 : 1)`,
    oldPartition: `oldObject == null ? 0 : oldObject.spec.?updateStrategy.?rollingUpdate.?partition.orValue(0)`,
    newPartition: `object == null ? 0 : object.spec.?updateStrategy.?rollingUpdate.?partition.orValue(0)`,
    oldLabels: `oldObject == null ? {} : oldObject.metadata.?labels.orValue({})`,
    newLabels: `object == null ? {} : object.metadata.?labels.orValue({})`,
    oldHold: `oldObject != null && ${celString(ANNOTATIONS.hold)} in oldObject.metadata.?annotations.orValue({})`,
    newHold: `object != null && ${celString(ANNOTATIONS.hold)} in object.metadata.?annotations.orValue({})`,
    // Of the pod itself, or of the template that pods are made of.
    podSpec: `object.kind == 'Pod' ? object.spec : object.spec.template.spec`,
    containers: `variables.podSpec.containers + variables.podSpec.?initContainers.orValue([])`,
    signs: `object.metadata.?labels[?${celString(LABELS.signer)}].orValue('') == 'true'`,
  };
}

/** Labels by which a node's objects are told apart; none of them ever changes. */
export const IDENTITY_LABELS: readonly string[] = [LABELS.network, LABELS.node, LABELS.component, LABELS.signer, LABELS.volumeKind];

const CONTAINER_STATUSES: readonly string[] = ['containerStatuses', 'ephemeralContainerStatuses', 'initContainerStatuses'];

/** CEL: a field of the metadata is what it was. */
export const metadataKept = (field: 'finalizers' | 'ownerReferences'): string => `object.metadata.?${field}.orValue([]) == oldObject.metadata.?${field}.orValue([])`;
/** CEL: an annotation is what it was. */
export const annotationKept = (name: string): string =>
  `object.metadata.?annotations[?${celString(name)}].orValue('') == oldObject.metadata.?annotations[?${celString(name)}].orValue('')`;
/** CEL: all annotations but one are what they were. */
export const otherAnnotationsKept = (name: string): string =>
  `[object, oldObject].all(one, one.metadata.?annotations.orValue({}).all(key, key == ${celString(name)} || object.metadata.?annotations[?key].orValue('') == oldObject.metadata.?annotations[?key].orValue('')))`;

/** CEL: the status of a pod says of a container that it runs. */
export const someContainerRuns = (pod: 'object' | 'oldObject'): string =>
  CONTAINER_STATUSES.map((statuses) => `${pod}.?status.?${statuses}.orValue([]).exists(container, has(container.state) && has(container.state.running))`).join(' || ');
/** CEL: what the status of a pod says of its containers is what it was. */
export const containersKept: string = CONTAINER_STATUSES.map((statuses) => `object.?status.?${statuses}.orValue([]) == oldObject.?status.?${statuses}.orValue([])`).join(' && ');

/** CEL: the identity labels of `object` are those of `oldObject`. */
export const identityKept = `${celList(IDENTITY_LABELS)}.all(label, variables.oldLabels[?label].orValue('') == variables.newLabels[?label].orValue(''))`;
