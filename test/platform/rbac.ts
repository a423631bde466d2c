import type { Manifest } from '../../constructs/manifest';

/** Who asks. A service account is in its groups by itself; a person is in those that the cloud's token names. */
export type Identity =
  | { readonly user: string; readonly groups: readonly string[] }
  | { readonly serviceAccount: string; readonly namespace: string };

/** One request, as the API server hands it to its authorizers. */
export interface AccessRequest {
  readonly verb: string;
  /** `''` for the core group. */
  readonly group: string;
  /** `pods`, or with its subresource `pods/log`. */
  readonly resource: string;
  /** As it stands in the URL: none for list, watch, deletecollection, and for the create of a whole object. */
  readonly name?: string;
  /** None for what is in no namespace, and for a list over all of them. */
  readonly namespace?: string;
}

/**
 * Whether RBAC allows a request, given every Role, ClusterRole and binding that there is. Follows `VisitRulesFor` and
 * `RuleAllows` of Kubernetes (plugin/pkg/auth/authorizer/rbac, pkg/apis/rbac/v1/evaluation_helpers.go).
 */
export function allowed(objects: readonly Manifest[], identity: Identity, request: AccessRequest): boolean {
  const roles = new Map(
    objects.filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole').map((role) => [`${role.kind}/${role.metadata.namespace ?? ''}/${role.metadata.name}`, role]),
  );
  return objects
    .filter(({ kind, metadata }) => kind === 'ClusterRoleBinding' || (kind === 'RoleBinding' && metadata.namespace === request.namespace))
    .filter((binding) => ((binding['subjects'] ?? []) as Subject[]).some((subject) => isSubject(subject, identity)))
    .some((binding) => {
      const { kind, name } = binding['roleRef'] as { kind: string; name: string };
      const role = roles.get(`${kind}/${kind === 'Role' ? binding.metadata.namespace : ''}/${name}`);
      // A binding to a role that isn't there grants nothing.
      return ((role?.['rules'] ?? []) as Rule[]).some((rule) => ruleAllows(rule, request));
    });
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

function ruleAllows({ verbs, apiGroups = [], resources = [], resourceNames = [] }: Rule, { verb, group, resource, name = '' }: AccessRequest): boolean {
  const subresource = resource.split('/')[1];
  return (
    (verbs.includes('*') || verbs.includes(verb)) &&
    (apiGroups.includes('*') || apiGroups.includes(group)) &&
    // `pods/*` is no wildcard; `*/scale` is.
    (resources.includes('*') || resources.includes(resource) || (subresource !== undefined && resources.includes(`*/${subresource}`))) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}

function isSubject({ kind, name, namespace }: Subject, identity: Identity): boolean {
  if (kind === 'ServiceAccount') {
    return 'serviceAccount' in identity && identity.serviceAccount === name && identity.namespace === namespace;
  }
  const user = 'user' in identity ? identity.user : `system:serviceaccount:${identity.namespace}:${identity.serviceAccount}`;
  const groups =
    'user' in identity ? identity.groups : ['system:serviceaccounts', `system:serviceaccounts:${identity.namespace}`];
  if (kind === 'User') return name === user;
  return kind === 'Group' && [...groups, 'system:authenticated'].includes(name);
}
