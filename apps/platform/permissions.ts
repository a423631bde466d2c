import { constraintPlural, RULE_NAMES } from '../policies';

/**
 * Who may do what to a running signer: the table of `docs/architecture.md`, as data. Every role is rendered from it.
 *
 * RBAC sees a verb, a resource and a name, never a field. Where a row turns on a field (`replicas`, `partition`, a hold, a
 * grace period, a finalizer), the row grants the verb and says in `admission` what the admission policies (`apps/policies`) refuse.
 *
 * ## Who applies what
 * Nobody in this table writes namespaces, quotas, StorageClasses, PriorityClasses, admission policies or RBAC. These are
 * applied by the identity that builds clusters (cluster admin by the cloud's IAM, held by no person): everything below
 * `dist/<cluster>/platform/`, and every Role and RoleBinding of a node ({@link appliedBy}). A new node needs it anyway, for room in
 * its pool, and three problems go away:
 * - Kubernetes lets only those hand out a permission who hold it, or hold `escalate` or `bind`. The deployer may not delete a
 *   pod, so it could not make the Role that lets operators delete one; `bind`, even on one named Role, chooses its subjects freely.
 * - Who applies workloads can't raise the quota that bounds them, nor lower the namespace's Pod Security level.
 * - There is no verb here by which any role could add to its own powers.
 *
 * ## What a retired node needs
 * Taking a StatefulSet away stops a signer, which the deployer may not do; taking a NetworkPolicy, a budget, a ConfigMap or a
 * ServiceAccount away breaks one that runs. So the deployer deletes nothing. The rollout engine removes a retired node's objects,
 * one by one, after it has seen the pod end. Nobody may delete a collection: `deletecollection` takes no names.
 *
 * ## Nodes of the cluster
 * Only break-glass patches a Node (to cordon it). The same verb sets the taint `node.kubernetes.io/out-of-service`, by which pods
 * are force-deleted and their disks detached without proof that the machine ended, takes the taint off staking machines, and
 * moves labels that pin pods. Operators don't need it: an upgrade of a pool cordons by itself, and waits for the budget that they
 * lift. Nobody deletes a Node: the garbage collector force-deletes its pods.
 */
export const PERMISSIONS: readonly Act[] = [
  {
    act: 'read, logs',
    grants: [
      {
        to: ['viewer', 'operator', 'deployer', 'planner', 'rolloutEngine', 'breakGlass'],
        namespaced: [
          rule('', ['configmaps', 'endpoints', 'events', 'persistentvolumeclaims', 'pods', 'resourcequotas', 'serviceaccounts', 'services'], read()),
          rule('', ['pods/log'], ['get']),
          rule('apps', ['controllerrevisions', 'statefulsets'], read()),
          rule('discovery.k8s.io', ['endpointslices'], read()),
          rule('events.k8s.io', ['events'], read()),
          rule('metrics.k8s.io', ['pods'], ['get', 'list']),
          rule('networking.k8s.io', ['networkpolicies'], read()),
          rule('policy', ['poddisruptionbudgets'], read()),
          rule('rbac.authorization.k8s.io', ['rolebindings', 'roles'], read()),
        ],
        // Where a disk is and what holds it (VolumeAttachments) is what proof of a stop is made of.
        cluster: [
          rule('', ['namespaces', 'nodes', 'persistentvolumes'], read()),
          rule('admissionregistration.k8s.io', ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'], read()),
          rule('metrics.k8s.io', ['nodes'], ['get', 'list']),
          rule('rbac.authorization.k8s.io', ['clusterrolebindings', 'clusterroles'], read()),
          rule('scheduling.k8s.io', ['priorityclasses'], read()),
          rule('storage.k8s.io', ['storageclasses', 'volumeattachments'], read()),
        ],
      },
    ],
    admission: 'Nothing. Secrets are not among what is read, and a `get` of exec, attach or proxy (WebSockets) is not granted.',
  },
  {
    act: 'apply manifests, armed',
    grants: [
      {
        to: ['deployer', 'rolloutEngine', 'breakGlass'],
        // Server-side apply is a PATCH, and needs `create` too where nothing is there yet.
        namespaced: [
          rule('', ['configmaps', 'serviceaccounts', 'services'], ['create', 'patch']),
          rule('apps', ['statefulsets'], ['create', 'patch']),
          rule('networking.k8s.io', ['networkpolicies'], ['create', 'patch']),
          rule('policy', ['poddisruptionbudgets'], ['create', 'patch']),
          // The rollout engine has no `patch` here (growing is not its to do): it POSTs a PVC that isn't there.
          rule('', ['persistentvolumeclaims'], ['create']),
        ],
      },
      {
        to: ['rolloutEngine', 'breakGlass'],
        namespaced: [
          rule('', ['configmaps', 'serviceaccounts', 'services'], ['delete']),
          rule('apps', ['statefulsets'], ['delete']),
          rule('networking.k8s.io', ['networkpolicies'], ['delete']),
          rule('policy', ['poddisruptionbudgets'], ['delete']),
        ],
      },
    ],
    admission:
      'The deployer leaves `partition: 1` as it is; nobody sets more than one replica, names a PVC of another component, or touches the policy ' +
      '`default-deny`. A StatefulSet is deleted only at zero replicas, and never with its pods orphaned.',
  },
  {
    act: 'try out, in dry runs, what the deployer would apply',
    grants: [
      {
        to: ['planner'],
        namespaced: [
          rule('', ['configmaps', 'persistentvolumeclaims', 'serviceaccounts', 'services'], ['create', 'patch']),
          rule('apps', ['statefulsets'], ['create', 'patch']),
          rule('networking.k8s.io', ['networkpolicies'], ['create', 'patch']),
          rule('policy', ['poddisruptionbudgets'], ['create', 'patch']),
        ],
        // What bounds nodes is compared by reading: Kubernetes lets nobody try out a Role that holds more than one's own.
        cluster: [
          rule('', ['serviceaccounts'], ['get', 'list']),
          rule('admissionregistration.k8s.io', ['validatingwebhookconfigurations'], ['get', 'list']),
          rule('constraints.gatekeeper.sh', RULE_NAMES.map(constraintPlural), ['get', 'list']),
          rule('networking.k8s.io', ['networkpolicies'], ['get', 'list']),
          rule('templates.gatekeeper.sh', ['constrainttemplates'], ['get', 'list']),
        ],
        // So are programs: who may try out a Deployment there is one policy away from running it beside the secret manager.
        programs: [
          rule('', ['configmaps', 'persistentvolumeclaims', 'services'], ['get', 'list']),
          rule('apps', ['daemonsets', 'deployments', 'replicasets', 'statefulsets'], ['get', 'list']),
          rule('batch', ['cronjobs', 'jobs'], ['get', 'list']),
          rule('policy', ['poddisruptionbudgets'], ['get', 'list']),
          rule('rbac.authorization.k8s.io', ['rolebindings', 'roles'], ['get', 'list']),
        ],
      },
    ],
    admission: 'Everything of the planner that is no dry run, wherever it is.',
  },
  {
    act: 'disarm (`partition: 0`), delete the pod with its full grace',
    grants: [
      { to: ['operator'], node: true },
      { to: ['rolloutEngine', 'breakGlass'], namespaced: [rule('apps', ['statefulsets'], ['patch']), rule('', ['pods'], ['delete'])] },
    ],
    admission: 'Operators patch `partition`, the hold and `replicas: 0`, no other field of a StatefulSet.',
  },
  {
    act: 'scale 1 to 0 (stop, hold)',
    grants: [
      { to: ['operator'], node: true },
      { to: ['rolloutEngine', 'breakGlass'], namespaced: [rule('apps', ['statefulsets', 'statefulsets/scale'], ['patch'])] },
    ],
    admission: 'The deployer holds `patch` of the StatefulSet and may not lower its replicas by it.',
  },
  {
    act: 'scale 0 to 1',
    grants: [
      { to: ['operator'], node: true },
      { to: ['deployer'], namespaced: [rule('apps', ['statefulsets'], ['patch'])] },
      { to: ['rolloutEngine', 'breakGlass'], namespaced: [rule('apps', ['statefulsets', 'statefulsets/scale'], ['patch'])] },
    ],
    admission: 'Refused while a hold stands, to operators, the deployer and the rollout engine alike; by the scale, which shows no hold, to all but break-glass.',
  },
  {
    act: 'more than 1, autoscaler, second workload on a PVC',
    grants: [],
    admission: 'More than one replica by any route. RBAC lets nobody make a pod, or any workload but a StatefulSet.',
  },
  {
    act: 'grace 0, also inside an Eviction; finalizers',
    grants: [{ to: ['breakGlass'], namespaced: [rule('', ['pods'], ['delete', 'patch'])] }],
    admission:
      'A grace of 0 from anyone but the kubelet of that pod, and break-glass with proof that the machine ended; a finalizer taken off by anyone else; ' +
      'and any other change that break-glass could make with `patch` of a pod (its image, its labels).',
  },
  {
    act: 'evict (drain)',
    grants: [
      { to: ['operator'], node: true },
      {
        to: ['rolloutEngine'],
        namespaced: [rule('', ['pods/eviction'], ['create']), rule('policy', ['poddisruptionbudgets'], ['patch'])],
      },
      {
        to: ['breakGlass'],
        namespaced: [rule('', ['pods/eviction'], ['create']), rule('policy', ['poddisruptionbudgets'], ['patch'])],
        // `kubectl drain` cordons, then lists the machine's pods in all namespaces and asks for the DaemonSets that own some.
        cluster: [rule('', ['nodes'], ['patch']), rule('', ['pods'], ['get', 'list']), rule('apps', ['daemonsets'], ['get', 'list'])],
      },
    ],
    admission: 'Of a Node, `spec.unschedulable` alone; the out-of-service taint only with proof that the machine ended.',
  },
  {
    act: 'exec, attach, port-forward, debug; read Secrets; mint its service account\'s tokens',
    grants: [
      {
        to: ['breakGlass'],
        namespaced: [
          // `get` is how WebSocket clients start a session; `create` is how SPDY clients do.
          rule('', ['pods/attach', 'pods/exec', 'pods/portforward'], ['create', 'get']),
          rule('', ['pods/ephemeralcontainers'], ['patch']),
          rule('', ['secrets'], ['get', 'list']),
          // Bound in the staking namespaces only: never a token of the rollout engine or of the secret manager.
          rule('', ['serviceaccounts/token'], ['create']),
        ],
      },
    ],
    admission: 'Tokens for other audiences or longer than the agent\'s own. Each use is in the audit log.',
  },
  {
    act: 'grow a PVC',
    grants: [{ to: ['deployer', 'breakGlass'], namespaced: [rule('', ['persistentvolumeclaims'], ['patch'])] }],
    admission: 'Any change but a larger request (finalizers, `volumeAttributesClassName`).',
  },
  {
    act: 'delete a PVC or PV, change a reclaim policy',
    grants: [
      {
        to: ['dataCustodian'],
        namespaced: [rule('', ['persistentvolumeclaims'], ['delete', 'get', 'list'])],
        cluster: [rule('', ['persistentvolumes'], ['delete', 'get', 'list', 'patch'])],
      },
    ],
    admission:
      'A PV that no staking PVC claimed; of a PV any change but its reclaim policy (a new `claimRef` would put a second workload on the disk). ' +
      'That it takes two people is the group\'s: membership is granted for an hour, by two.',
  },
];

export interface Act {
  /** The row of the table, word for word. */
  readonly act: string;
  readonly grants: readonly Grant[];
  /** What RBAC can't say, so that admission has to. */
  readonly admission: string;
}

export interface Grant {
  readonly to: readonly PlatformRole[];
  /** In every staking namespace. */
  readonly namespaced?: readonly PolicyRule[];
  /** In the namespaces of our programs. */
  readonly programs?: readonly PolicyRule[];
  /** For what is in no namespace, or must be seen in all of them. */
  readonly cluster?: readonly PolicyRule[];
  /** One node at a time, by `nodeOperatorRules` of `constructs/node-role.ts`. */
  readonly node?: true;
}

/** The kubelet's own powers are built into Kubernetes: it has no object here. */
export const PLATFORM_ROLES = ['viewer', 'operator', 'deployer', 'planner', 'rolloutEngine', 'breakGlass', 'dataCustodian'] as const;
export type PlatformRole = (typeof PLATFORM_ROLES)[number];

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Absent: all names. An empty list would mean all of them too, so there is none. */
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Where a role holds: in every staking namespace, in those of our programs, or in the cluster. */
export type Scope = 'namespaced' | 'programs' | 'cluster';

/** All that a role may do in one of these; sorted, each verb once. */
export function rulesFor(role: PlatformRole, scope: Scope): PolicyRule[] {
  const verbs = new Map<string, Set<string>>();
  for (const grant of PERMISSIONS.flatMap(({ grants }) => grants)) {
    if (!grant.to.includes(role)) continue;
    for (const { apiGroups, resources, verbs: granted } of grant[scope] ?? []) {
      for (const key of apiGroups.flatMap((group) => resources.map((resource) => `${group}\n${resource}`))) {
        const known = verbs.get(key) ?? new Set();
        for (const verb of granted) known.add(verb);
        verbs.set(key, known);
      }
    }
  }
  const resources = new Map<string, string[]>();
  for (const [key, granted] of [...verbs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [group, resource] = key.split('\n') as [string, string];
    const together = `${group}\n${[...granted].sort().join(',')}`;
    resources.set(together, [...(resources.get(together) ?? []), resource]);
  }
  return [...resources].map(([key, names]) => {
    const [group, granted] = key.split('\n') as [string, string];
    return { apiGroups: [group], resources: names, verbs: granted.split(',') };
  });
}

/**
 * The identity that applies an object: `deployer` (and the rollout engine) for what a node is made of, `platform` for what
 * bounds it, its Roles included.
 */
export function appliedBy(object: { readonly apiVersion: string; readonly kind: string }): 'platform' | 'deployer' {
  return WORKLOAD_KINDS.has(`${object.apiVersion}/${object.kind}`) ? 'deployer' : 'platform';
}

const WORKLOAD_KINDS: ReadonlySet<string> = new Set([
  'apps/v1/StatefulSet',
  'networking.k8s.io/v1/NetworkPolicy',
  'policy/v1/PodDisruptionBudget',
  'v1/ConfigMap',
  'v1/PersistentVolumeClaim',
  'v1/Service',
  'v1/ServiceAccount',
]);

/** A function, as the table above is made before any constant below it. */
function read(): readonly string[] {
  return ['get', 'list', 'watch'];
}

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]): PolicyRule {
  return { apiGroups: [apiGroup], resources, verbs };
}
