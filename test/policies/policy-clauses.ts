import type { RenderedPolicies } from './policy-points';

/**
 * Of each policy the clauses that a second signer, or another's key, would come through if they were gone: of a validation, of a variable (`name: ...`), or of what it is asked about
 * (`CREATE,UPDATE apps/statefulsets`). What comes of it without them is shown on a live control plane (`test/cluster/acts/`); this says at once which is gone.
 */
export const POLICY_CLAUSES: Readonly<Record<string, readonly string[]>> = {
  'single-replica': ['variables.newReplicas <= 1', '.?ordinals.?start.orValue(0) == 0', 'CREATE,UPDATE apps/statefulsets', 'UPDATE apps/statefulsets/scale'],
  'no-other-workloads': ['variables.kept || (false)', 'CREATE,UPDATE apps/deployments', 'CREATE,UPDATE apps/replicasets/scale', 'CREATE,UPDATE batch/jobs'],
  'workload-identity': [
    "variables.name == variables.node + '-' + variables.component",
    'size(variables.selected) == 3',
    "variables.template.spec.?serviceAccountName.orValue('') == variables.name",
    "volume.persistentVolumeClaim.claimName == variables.name + '-' + volume.name",
    '!has(object.metadata.ownerReferences)',
    '!has(object.spec.volumeClaimTemplates)',
  ],
  'pods-from-statefulsets': [
    "variables.user in ['system:serviceaccount:kube-system:statefulset-controller', 'system:kube-controller-manager']",
    "object.metadata.?name.orValue('') == variables.owner + '-0'",
    "object.spec.?serviceAccountName.orValue('') == variables.owner",
    "volume.persistentVolumeClaim.claimName == variables.owner + '-' + volume.name",
    "object.spec.?nodeName.orValue('') == ''",
    'CREATE pods',
  ],
  'pod-binding': ["variables.user == 'system:kube-scheduler'", 'CREATE bindings', 'CREATE pods/binding'],
  'workload-writers': [
    'variables.isScale ? variables.mayFire : (variables.mayApply',
    "request.operation != 'CREATE' || variables.newPartition == 1",
    'contentKept: object.spec.template == oldObject.spec.template',
    'variables.isControlPlane ? variables.newPartition == variables.oldPartition : variables.newPartition == 1',
    'variables.newReplicas <= variables.oldReplicas || variables.mayApply || variables.isOperator',
  ],
  hold: [
    '!variables.raises || variables.isBreakGlass || !(variables.oldHold || variables.newHold)',
    'raises: variables.newReplicas > variables.oldReplicas',
    "variables.subresource != 'scale' || !variables.raises || variables.isBreakGlass",
    'variables.oldHold == variables.newHold',
    "request.operation != 'DELETE' || !variables.oldHold",
  ],
  'workload-deletion': ['variables.oldReplicas == 0 && oldObject.?status.?replicas.orValue(0) == 0', "request.options.propagationPolicy != 'Orphan'", 'request.options.orphanDependents != true', 'DELETE apps/statefulsets'],
  'hardened-pods': [
    'variables.agentImages.exists(prefix, container.image.startsWith(prefix)) : variables.registries.exists(prefix, container.image.startsWith(prefix))',
    'container.?securityContext.?allowPrivilegeEscalation.orValue(true) == false',
    "exists(capability, capability == 'ALL')",
    '!variables.podSpec.?hostPID.orValue(false)',
    'source.serviceAccountToken.?audience.orValue(\'\') == "stockade-secret-manager"',
    'variables.podSpec.?automountServiceAccountToken.orValue(true) == false',
    "term.topologyKey == 'kubernetes.io/hostname'",
    'CREATE pods',
  ],
  'signing-state-kept': [
    'variables.oldDisks.all(disk, variables.newVolumes.exists(volume, volume.name == disk.name && has(volume.persistentVolumeClaim) && volume.persistentVolumeClaim.claimName == disk.persistentVolumeClaim.claimName))',
    'variables.inits[0].name == "signing-state-guard"',
    'mount.name == guarded.name && mount.mountPath == guarded.mountPath',
    "container.?restartPolicy.orValue('') == 'Always'",
  ],
  'pod-changes': ["variables.subresource != 'resize'", "variables.subresource == 'ephemeralcontainers' || object.spec == oldObject.spec", 'variables.proven && variables.newFinalizers.all(', "variables.proof.startsWith(variables.machine + ': ')", 'UPDATE pods/ephemeralcontainers'],
  'pod-status': ['variables.isOwnKubelet || (variables.machine ==', '.?finalizers.orValue([]) == oldObject', 'UPDATE pods/status'],
  'pod-deletion': ['variables.proven || variables.asked >= variables.grace', '!variables.isEviction && variables.isOwnKubelet', '!has(object.deleteOptions.gracePeriodSeconds)', 'CREATE pods/eviction'],
  budgets: ['!variables.signer || variables.allowed == 0', 'variables.allowed <= variables.oldAllowed || variables.mayFire', 'object.spec.?selector == oldObject.spec.?selector', "variables.subresource == 'status' ? variables.isControlPlane"],
  sessions: ["variables.isBreakGlass && variables.subresource != 'proxy'", '!variables.isToken || variables.isBreakGlass || variables.isKubelet', 'object.spec.?audiences.orValue([]) == ["stockade-secret-manager"]', 'CONNECT pods/exec'],
  'volume-claims': [
    "object.spec.?accessModes.orValue([]) == ['ReadWriteOncePod']",
    '!has(object.spec.volumeName) && !has(object.spec.selector)',
    "variables.source == '' || (variables.kind == 'chain-data' && variables.source == 'VolumeSnapshot')",
    'quantity(oldObject.spec.resources.requests.storage)) >= 0',
    "request.operation != 'DELETE' || variables.isDataCustodian",
  ],
  'volume-snapshots': ['["signing-state"].exists(volume, variables.source.endsWith(', "variables.source != ''"],
  'persistent-volumes': ["request.operation != 'DELETE' || variables.isContent || !variables.touchesDisks || variables.isControlPlane || (variables.isDataCustodian", 'object.spec.?claimRef == oldObject.spec.?claimRef', '!variables.isContent || variables.isControlPlane'],
  surroundings: ["variables.kind != 'Secret' || (variables.isPlatform", "variables.name != 'default-deny' || variables.isPlatform", "'ExternalName'", 'object.?immutable.orValue(false)', "variables.kind in ['ControllerRevision', 'Endpoints', 'EndpointSlice']) || variables.isControlPlane"],
  bounds: ['variables.isPlatform', 'CREATE,UPDATE,DELETE rbac.authorization.k8s.io/rolebindings', 'CREATE,UPDATE,DELETE resourcequotas'],
  'bounds-of-the-cluster': [".startsWith('stockade-') || variables.isPlatform", 'CREATE,UPDATE,DELETE rbac.authorization.k8s.io/clusterrolebindings', 'CREATE,UPDATE,DELETE storage.k8s.io/storageclasses'],
  namespaces: ['variables.newLabels[?"stockade.dev/protection"].orValue(\'\') == \'staking\'', "!('admission.gatekeeper.sh/ignore' in variables.newLabels)", "request.operation != 'DELETE' || !variables.concerned", 'concerned: variables.wasProtected || variables.isStaking'],
  machines: ['!variables.byPerson || variables.isBreakGlass', 'taint.key == variables.outOfService) || variables.proven', "variables.proof.startsWith(variables.machine + ': ')", "request.operation != 'DELETE' || !variables.isStaking || variables.isControlPlane", 'CONNECT nodes/proxy'],
  'admission-guard': ['!variables.isGatekeepers || variables.isPlatform', 'CREATE,UPDATE,DELETE constraints.gatekeeper.sh/*', 'CREATE,UPDATE,DELETE apiextensions.k8s.io/customresourcedefinitions'],
  'webhook-guard': ["variables.name.startsWith('gatekeeper') || variables.name.startsWith('stockade')", 'CREATE,UPDATE,DELETE admissionregistration.k8s.io/validatingwebhookconfigurations'],
  'dry-runs-only': ["has(request.dryRun) && request.dryRun && request.operation != 'CONNECT'", 'CREATE,UPDATE,DELETE,CONNECT */*/*'],
};

/** The clauses that a rendered policy lacks. */
export function missingClauses({ rules, validations }: RenderedPolicies, name: string): string[] {
  const rule = rules.find((one) => one.name === name);
  if (rule === undefined) return ['all of it'];
  const asked = rule.resources.flatMap(({ group, resources, operations }) => resources.map((resource) => `${operations.join(',')} ${group === '' ? '' : `${group}/`}${resource}`));
  const variables = Object.entries(rule.variables ?? {}).map(([variable, expression]) => `${variable}: ${expression}`);
  const texts = [...variables, ...validations(name)];
  return POLICY_CLAUSES[name]!.filter((clause) => !asked.includes(clause) && !texts.some((text) => text.includes(clause)));
}
