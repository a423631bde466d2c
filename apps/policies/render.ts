import type { Manifest } from '../../constructs/manifest';
import { LABELS, PLATFORM_LABELS } from '../../naming';
import { keptAndNothingStarts } from './kept';
import { celList, celString, type Policy, type ResourceRule, type Validation } from './policy';

/** A policy with all variables that its expressions name, those first that others are made of. */
export interface BoundPolicy extends Omit<Policy, 'variables'> {
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
}

/** @throws Error if an expression names a variable that there is not, two name each other, or it is about an object of no shape */
export function bind(policy: Policy, shared: Readonly<Record<string, string>>): BoundPolicy {
  const validations = policy.validations.map((validation) => unlessKept(policy, validation));
  const known: Readonly<Record<string, string>> = { ...shared, kept: keptAndNothingStarts(policy.shape ?? []), ...policy.variables };
  const ordered = new Map<string, string>();
  const visit = (expression: string, above: readonly string[]): void => {
    for (const [, name] of expression.matchAll(/\bvariables\.(\w+)/g)) {
      if (ordered.has(name!)) continue;
      const definition = known[name!];
      if (definition === undefined) throw new Error(`policy ${policy.name} names variables.${name}, which is neither its own nor of the vocabulary`);
      if (above.includes(name!)) throw new Error(`policy ${policy.name}: variables.${name} is made of itself`);
      visit(definition, [...above, name!]);
      ordered.set(name!, definition);
    }
  };
  for (const { expression, message } of validations) visit(`${expression} ${message}`, []);
  return { ...policy, validations, variables: [...ordered].map(([name, expression]) => ({ name, expression })) };
}

/** What a validation says of an object holds for updates that change or start something. In an audit nothing is an update. */
function unlessKept({ name, judges, shape }: Policy, validation: Validation): Validation {
  if ((validation.judges ?? judges) !== 'object') return validation;
  if (shape === undefined) throw new Error(`policy ${name} judges objects and says nothing of their shape`);
  return { ...validation, expression: `variables.kept || (${validation.expression})` };
}

export const nativeName = (policy: string): string => `stockade-${policy}`;
/** `SingleReplica` of `single-replica`, with the project's name before it. */
export const templateKind = (policy: string): string => `Stockade${policy.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`;
/** What Gatekeeper calls the constraints of a rule in paths: their kind in lower case. */
export const constraintPlural = (rule: string): string => `stockade${rule.replaceAll('-', '')}`;

/** The policy and its binding, in force as soon as both are there. */
export function nativePolicy(policy: BoundPolicy): Manifest[] {
  const metadata = { name: nativeName(policy.name), labels: { ...PLATFORM_LABELS }, annotations: { [`${'kubernetes.io'}/description`]: policy.purpose } };
  const inForce = policy.scope === 'protected' ? { namespaceSelector: { matchLabels: PROTECTED } } : {};
  return [
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: { matchPolicy: 'Equivalent', ...inForce, resourceRules: policy.resources.map(resourceRule) },
        ...(policy.when === undefined ? {} : { matchConditions: [{ name: 'concerned', expression: policy.when }] }),
        variables: policy.variables,
        validations: policy.validations.map(({ expression, message }) => ({ expression, messageExpression: message, reason: 'Forbidden' })),
      },
    },
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: metadata.name, validationActions: ['Deny'] },
    },
  ];
}

/**
 * The same for Gatekeeper. It generates no native policy of its own (`generateVAP`): that would leave out DELETE and all subresources.
 * Gatekeeper finds constraints by kind alone, so which requests are meant is said in CEL; an audit has no operation.
 */
export function constraintTemplate(policy: BoundPolicy): Manifest {
  const kind = templateKind(policy.name);
  return {
    apiVersion: 'templates.gatekeeper.sh/v1',
    kind: 'ConstraintTemplate',
    metadata: { name: kind.toLowerCase(), labels: { ...PLATFORM_LABELS }, annotations: { description: policy.purpose } },
    spec: {
      crd: { spec: { names: { kind } } },
      targets: [
        {
          target: 'admission.k8s.gatekeeper.sh',
          code: [
            {
              engine: 'K8sNativeValidation',
              source: {
                generateVAP: false,
                failurePolicy: 'Fail',
                matchCondition: [{ name: 'concerned', expression: concerned(policy) }],
                variables: policy.variables,
                validations: policy.validations.map(({ expression, message }) => ({ expression, messageExpression: message, message: policy.purpose })),
              },
            },
          ],
        },
      ],
    },
  };
}

export function constraint(policy: BoundPolicy): Manifest {
  return {
    apiVersion: 'constraints.gatekeeper.sh/v1beta1',
    kind: templateKind(policy.name),
    metadata: { name: nativeName(policy.name), labels: { ...PLATFORM_LABELS } },
    spec: {
      enforcementAction: 'deny',
      match: {
        kinds: policy.resources.flatMap(({ group, resources }) => resources.map((resource) => kindOf(group, resource))),
        ...(policy.scope === 'protected' ? { namespaceSelector: { matchLabels: PROTECTED } } : {}),
      },
    },
  };
}

export const ADMISSION = 'admissionregistration.k8s.io/v1';
export const PROTECTED = { [LABELS.protection]: 'staking' };

export function resourceRule({ group, resources, operations }: ResourceRule): object {
  return { apiGroups: [group], apiVersions: ['*'], resources, operations };
}

function concerned({ resources, when, judges }: BoundPolicy): string {
  const requests = resources.flatMap(({ group, resources: names, operations }) =>
    names.map((name) => {
      const [resource, subresource = ''] = name.split('/') as [string, string?];
      const one = resource === '*' ? 'true' : `request.resource.resource == ${celString(resource)}`;
      return `(request.resource.group == ${celString(group)} && ${one} && (has(request.subResource) ? request.subResource : '') == ${celString(subresource)} && request.operation in ${celList(operations)})`;
    }),
  );
  const all = [...(judges === 'object' ? [`request.operation == ''`] : []), ...requests].join(' || ');
  return when === undefined ? all : `(${all}) && (${when})`;
}

/** The kind that a request for a resource carries. */
function kindOf(group: string, resource: string): { apiGroups: string[]; kinds: string[] } {
  const [kindGroup, kind] = KINDS[`${group}/${resource}`] ?? missing(`${group}/${resource}`);
  return { apiGroups: [kindGroup], kinds: [kind] };
}

function missing(resource: string): never {
  throw new Error(`no kind is known for ${resource}: add it to KINDS`);
}

const KINDS: Readonly<Record<string, readonly [group: string, kind: string]>> = {
  '/bindings': ['', 'Binding'],
  '/configmaps': ['', 'ConfigMap'],
  '/endpoints': ['', 'Endpoints'],
  '/namespaces': ['', 'Namespace'],
  '/namespaces/finalize': ['', 'Namespace'],
  '/namespaces/status': ['', 'Namespace'],
  '/nodes': ['', 'Node'],
  '/nodes/proxy': ['', 'NodeProxyOptions'],
  '/nodes/status': ['', 'Node'],
  '/persistentvolumeclaims': ['', 'PersistentVolumeClaim'],
  '/persistentvolumeclaims/status': ['', 'PersistentVolumeClaim'],
  '/persistentvolumes': ['', 'PersistentVolume'],
  '/persistentvolumes/status': ['', 'PersistentVolume'],
  '/pods': ['', 'Pod'],
  '/pods/attach': ['', 'PodAttachOptions'],
  '/pods/binding': ['', 'Binding'],
  '/pods/ephemeralcontainers': ['', 'Pod'],
  '/pods/eviction': ['policy', 'Eviction'],
  '/pods/exec': ['', 'PodExecOptions'],
  '/pods/portforward': ['', 'PodPortForwardOptions'],
  '/pods/proxy': ['', 'PodProxyOptions'],
  '/pods/resize': ['', 'Pod'],
  '/pods/status': ['', 'Pod'],
  '/podtemplates': ['', 'PodTemplate'],
  '/replicationcontrollers': ['', 'ReplicationController'],
  '/replicationcontrollers/scale': ['autoscaling', 'Scale'],
  '/resourcequotas': ['', 'ResourceQuota'],
  '/limitranges': ['', 'LimitRange'],
  '/secrets': ['', 'Secret'],
  '/serviceaccounts': ['', 'ServiceAccount'],
  '/serviceaccounts/token': ['authentication.k8s.io', 'TokenRequest'],
  '/services': ['', 'Service'],
  '/services/proxy': ['', 'ServiceProxyOptions'],
  'apiextensions.k8s.io/customresourcedefinitions': ['apiextensions.k8s.io', 'CustomResourceDefinition'],
  'apps/daemonsets': ['apps', 'DaemonSet'],
  'apps/deployments': ['apps', 'Deployment'],
  'apps/deployments/scale': ['autoscaling', 'Scale'],
  'apps/replicasets': ['apps', 'ReplicaSet'],
  'apps/replicasets/scale': ['autoscaling', 'Scale'],
  'apps/statefulsets': ['apps', 'StatefulSet'],
  'apps/controllerrevisions': ['apps', 'ControllerRevision'],
  'apps/statefulsets/status': ['apps', 'StatefulSet'],
  'apps/statefulsets/scale': ['autoscaling', 'Scale'],
  'autoscaling/horizontalpodautoscalers': ['autoscaling', 'HorizontalPodAutoscaler'],
  'batch/cronjobs': ['batch', 'CronJob'],
  'batch/jobs': ['batch', 'Job'],
  'constraints.gatekeeper.sh/*': ['constraints.gatekeeper.sh', '*'],
  'config.gatekeeper.sh/*': ['config.gatekeeper.sh', '*'],
  'discovery.k8s.io/endpointslices': ['discovery.k8s.io', 'EndpointSlice'],
  'expansion.gatekeeper.sh/*': ['expansion.gatekeeper.sh', '*'],
  'mutations.gatekeeper.sh/*': ['mutations.gatekeeper.sh', '*'],
  'networking.k8s.io/ingresses': ['networking.k8s.io', 'Ingress'],
  'networking.k8s.io/networkpolicies': ['networking.k8s.io', 'NetworkPolicy'],
  'policy/poddisruptionbudgets': ['policy', 'PodDisruptionBudget'],
  'policy/poddisruptionbudgets/status': ['policy', 'PodDisruptionBudget'],
  'rbac.authorization.k8s.io/clusterrolebindings': ['rbac.authorization.k8s.io', 'ClusterRoleBinding'],
  'rbac.authorization.k8s.io/clusterroles': ['rbac.authorization.k8s.io', 'ClusterRole'],
  'rbac.authorization.k8s.io/rolebindings': ['rbac.authorization.k8s.io', 'RoleBinding'],
  'rbac.authorization.k8s.io/roles': ['rbac.authorization.k8s.io', 'Role'],
  'scheduling.k8s.io/priorityclasses': ['scheduling.k8s.io', 'PriorityClass'],
  'snapshot.storage.k8s.io/volumesnapshotcontents': ['snapshot.storage.k8s.io', 'VolumeSnapshotContent'],
  'storage.k8s.io/storageclasses': ['storage.k8s.io', 'StorageClass'],
  'snapshot.storage.k8s.io/volumesnapshots': ['snapshot.storage.k8s.io', 'VolumeSnapshot'],
  'templates.gatekeeper.sh/*': ['templates.gatekeeper.sh', '*'],
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': ['admissionregistration.k8s.io', 'MutatingWebhookConfiguration'],
  'admissionregistration.k8s.io/validatingwebhookconfigurations': ['admissionregistration.k8s.io', 'ValidatingWebhookConfiguration'],
};
