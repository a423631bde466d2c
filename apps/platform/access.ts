import { KubeClusterRole, KubeClusterRoleBinding, KubeRoleBinding, KubeServiceAccount } from 'cdk8s-plus-27/lib/imports/k8s';
import { manifestOf, type Manifest } from '../../constructs/manifest';
import type { Cluster, Fleet, Settings } from '../../model/types';
import { PLATFORM_LABELS, PROGRAM_NAMESPACES, ROLLOUT_ENGINE_SERVICE_ACCOUNT, SYSTEM_NAMESPACE } from '../../naming';
import { PLATFORM_ROLES, rulesFor, type PlatformRole, type PolicyRule, type Scope } from './permissions';

/** The ClusterRole of a role: for staking namespaces, for those of our programs, or for what is in no namespace. */
export function clusterRoleName(role: PlatformRole, scope: Scope): string {
  return `stockade-${role.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}${scope === 'namespaced' ? '' : `-${scope}`}`;
}

/**
 * The roles of the cluster, the bindings of those that must see across namespaces, and the rollout engine's service account.
 * A role for namespaces grants nothing until {@link namespaceBindings} binds it in one.
 */
export function clusterAccess(fleet: Fleet, cluster: Cluster): readonly Manifest[] {
  return [
    ...PLATFORM_ROLES.flatMap((role) => [
      ...clusterRole(role, 'namespaced'),
      ...clusterRole(role, 'programs'),
      ...clusterRole(role, 'cluster'),
      ...(rulesFor(role, 'cluster').length === 0
        ? []
        : [
            manifestOf(KubeClusterRoleBinding, {
              metadata: { name: clusterRoleName(role, 'cluster'), labels: { ...PLATFORM_LABELS } },
              roleRef: roleRef(clusterRoleName(role, 'cluster')),
              subjects: subjects(fleet.settings, cluster, role),
            }),
          ]),
      ...(rulesFor(role, 'programs').length === 0 ? [] : PROGRAM_NAMESPACES.map((namespace) => bindingIn(namespace, fleet, cluster, role, 'programs'))),
    ]),
    manifestOf(KubeServiceAccount, {
      metadata: { name: ROLLOUT_ENGINE_SERVICE_ACCOUNT, namespace: SYSTEM_NAMESPACE, labels: { ...PLATFORM_LABELS } },
      // Its pod projects a token of its own, with an audience and an end.
      automountServiceAccountToken: false,
    }),
  ];
}

/** Who holds which role in one staking namespace. */
export function namespaceBindings(fleet: Fleet, cluster: Cluster, namespace: string): readonly Manifest[] {
  return PLATFORM_ROLES.map((role) => bindingIn(namespace, fleet, cluster, role, 'namespaced'));
}

const bindingIn = (namespace: string, fleet: Fleet, cluster: Cluster, role: PlatformRole, scope: Scope): Manifest =>
  manifestOf(KubeRoleBinding, {
    metadata: { name: clusterRoleName(role, scope), namespace, labels: { ...PLATFORM_LABELS } },
    roleRef: roleRef(clusterRoleName(role, scope)),
    subjects: subjects(fleet.settings, cluster, role),
  });

const RBAC = 'rbac.authorization.k8s.io';

interface Subject {
  apiGroup?: string;
  kind: string;
  name: string;
  namespace?: string;
}

const roleRef = (name: string): { apiGroup: string; kind: string; name: string } => ({ apiGroup: RBAC, kind: 'ClusterRole', name });

/** No aggregation labels: a rule that somebody else adds to `view` or `edit` must not end up here, nor ours there. */
function clusterRole(role: PlatformRole, scope: Scope): Manifest[] {
  const rules = rulesFor(role, scope);
  if (rules.length === 0) return [];
  return [
    manifestOf(KubeClusterRole, {
      metadata: { name: clusterRoleName(role, scope), labels: { ...PLATFORM_LABELS } },
      rules: rules.map(writable),
    }),
  ];
}

const writable = ({ apiGroups, resources, verbs }: PolicyRule): { apiGroups: string[]; resources: string[]; verbs: string[] } => ({
  apiGroups: [...apiGroups],
  resources: [...resources],
  verbs: [...verbs],
});

/** People by their groups, as the cluster's cloud names them; on GKE these are members of `gke-security-groups`. */
function subjects({ access }: Settings, cluster: Cluster, role: PlatformRole): Subject[] {
  if (role === 'rolloutEngine') {
    return [{ kind: 'ServiceAccount', name: ROLLOUT_ENGINE_SERVICE_ACCOUNT, namespace: SYSTEM_NAMESPACE }];
  }
  const groups = {
    viewer: access.viewers,
    operator: access.operators,
    deployer: access.deployers,
    planner: access.planners,
    breakGlass: access.breakGlass,
    dataCustodian: access.dataCustodians,
  }[role];
  return groups[cluster.cloud].map((name) => ({ apiGroup: RBAC, kind: 'Group', name }));
}
