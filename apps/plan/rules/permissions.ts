import { networkNamespace } from '../../../naming';
import { generic } from '../context';
import type { ObjectChange } from '../diff';
import type { Finding } from '../model';
import { grouped, groupOf, idOf, keyOf, label, type K8sObject, type RenderedTree } from '../tree';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs?: readonly string[];
}
interface Reference {
  readonly kind: string;
  readonly name: string;
}
interface Subject extends Reference {
  readonly namespace?: string;
}

const RBAC = 'rbac.authorization.k8s.io';
export const isRbac = (change: ObjectChange): boolean => change.id.group === RBAC;

/**
 * Who may do what they could not, and the other way round: rules of roles through the bindings that lead to them. What a changed role or binding
 * refers to is looked up in the unchanged files too.
 *
 * @returns a finding for each subject, resource and scope; every changed RBAC object is told of, in the worst case as one that changes nobody's rights
 */
export function permissions(changes: readonly ObjectChange[], base: RenderedTree, head: RenderedTree): Finding[] {
  return [...grouped(changes, ({ id }) => id.cluster)].flatMap(([cluster, mine]) => ofCluster(cluster, mine, base, head));
}

function ofCluster(cluster: string, all: readonly ObjectChange[], base: RenderedTree, head: RenderedTree): Finding[] {
  const changes = all.filter(({ before, after }) => wellFormed(before) && wellFormed(after));
  const names = namesToLookUp(changes);
  const has = (text: string): boolean => text.includes(RBAC) && [...text.matchAll(/^\s*name: ["']?([^\s"']+)["']?\s*$/gm)].some(([, name]) => names.has(name!));
  const [old, young] = [grants(around(changes, base.search(cluster, has), 'before', cluster), cluster), grants(around(changes, head.search(cluster, has), 'after', cluster), cluster)];
  const findings: Finding[] = all
    .filter((change) => !changes.includes(change))
    .map((change) => ({ section: 'permissions', risk: 'permissions', code: 'malformed', what: `${change.id.kind} "${generic(change.id.name, change.node)}" is not shaped as its kind is, so nobody can say whom it lets do what`, refused: true, next: 'Mend what renders it.', network: change.network, cluster, subject: change.node ?? (change.id.namespace || 'the whole cluster') }));
  const told = new Set<string>();
  const say = (from: Map<string, Grant>, missing: Map<string, Grant>, verb: 'gains' | 'loses'): void => {
    const news = [...from].filter(([key]) => !missing.has(key)).map(([, grant]) => grant);
    for (const [, same] of grouped(news, ({ subject, scope, resource, node }) => JSON.stringify([subject, scope, resource, node]))) {
      const [{ subject, scope, resource, node, network }] = same as [Grant, ...Grant[]];
      for (const { via } of same) for (const key of via) told.add(key);
      const verbsOf = grouped(same, ({ name }) => name);
      const names = grouped([...verbsOf], ([, those]) => [...new Set(those.map((grant) => grant.verb))].sort().map((one) => (one === '*' ? 'EVERY VERB' : one)).join(', '));
      for (const [verbs, those] of names) {
        const named = those.map(([name]) => generic(name, node)).filter((name) => name !== '').sort();
        const on = resource === '*/*' ? 'EVERY RESOURCE' : resource;
        const where = network !== undefined && scope === networkNamespace(network) ? '' : scope === '' ? ' in the whole cluster' : ` in ${scope}`;
        findings.push({
          section: 'permissions',
          risk: 'permissions',
          code: verb === 'gains' ? 'right-gained' : 'right-lost',
          what: `${subject} ${verb} ${verbs} on ${on}${named.length === 0 ? '' : ` named ${named.join(', ')}`}${where}`,
          network,
          cluster,
          subject: node ?? (scope || 'the whole cluster'),
        });
      }
    }
  };
  say(young, old, 'gains');
  say(old, young, 'loses');
  for (const change of changes) {
    if (told.has(keyOf(change.id))) continue;
    const { kind, name, namespace } = change.id;
    const role = roleRefOf(change.before) !== undefined && roleRefOf(change.after) !== undefined && roleRefOf(change.before) !== roleRefOf(change.after);
    findings.push({
      section: 'permissions',
      risk: role ? 'permissions' : 'harmless',
      code: role ? 'role-ref-immutable' : 'rbac-unchanged-rights',
      what: role
        ? `roleRef of ${kind} "${generic(name, change.node)}" changes: no API server accepts that`
        : `${kind} "${generic(name, change.node)}" ${change.before ? (change.after ? 'changes' : 'is removed') : 'is new'}; nobody's rights change by it`,
      ...(role ? { refused: true, next: 'Give the binding another name.' } : {}),
      network: change.network,
      cluster,
      subject: change.node ?? (namespace || 'the whole cluster'),
    });
  }
  return findings;
}

interface Grant {
  readonly subject: string;
  /** Namespace; empty for the whole cluster. */
  readonly scope: string;
  readonly resource: string;
  readonly name: string;
  readonly verb: string;
  readonly network?: string;
  readonly node?: string;
  /** Keys of the role and of the binding. */
  readonly via: readonly string[];
}

/** Names of roles that changed or that changed bindings lead to. */
function namesToLookUp(changes: readonly ObjectChange[]): Set<string> {
  return new Set(
    changes.flatMap(({ id, before, after }) =>
      id.kind.endsWith('Binding') ? [before, after].flatMap((object) => (object ? [(object['roleRef'] as Reference | undefined)?.name ?? ''] : [])) : [id.name],
    ),
  );
}

const roleRefOf = (object: K8sObject | undefined): string | undefined => {
  const reference = object?.['roleRef'] as Reference | undefined;
  return reference && `${reference.kind}/${reference.name}`;
};

function wellFormed(object: K8sObject | undefined): boolean {
  if (object === undefined) return true;
  const isWord = (value: unknown): boolean => typeof value === 'string';
  const lists = (value: unknown, of: (entry: unknown) => boolean): boolean => value === undefined || (Array.isArray(value) && value.every(of));
  const fields = (value: unknown): Record<string, unknown> | undefined => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined);
  if (!object.kind.endsWith('Binding')) {
    return lists(object['rules'], (rule) => fields(rule) !== undefined && ['apiGroups', 'resources', 'resourceNames', 'nonResourceURLs', 'verbs'].every((field) => lists(fields(rule)![field], isWord)));
  }
  const reference = fields(object['roleRef']);
  return isWord(reference?.['kind']) && isWord(reference?.['name']) && lists(object['subjects'], (subject) => isWord(fields(subject)?.['kind']) && isWord(fields(subject)?.['name']));
}

/** The changed objects of one side and the unchanged ones that were found. */
function around(changes: readonly ObjectChange[], found: readonly K8sObject[], side: 'before' | 'after', cluster: string): K8sObject[] {
  const objects = new Map(found.filter((object) => groupOf(object) === RBAC && wellFormed(object)).map((object) => [keyOf(idOf(object, cluster)), object]));
  for (const change of changes) {
    const object = change[side];
    if (object) objects.set(keyOf(change.id), object);
  }
  return [...objects.values()];
}

function grants(objects: readonly K8sObject[], cluster: string): Map<string, Grant> {
  const idOfRole = ({ kind, namespace, name }: { kind: string; namespace?: string; name: string }): string => `${kind}/${kind === 'Role' ? namespace : ''}/${name}`;
  const roles = new Map(objects.filter(({ kind }) => !kind.endsWith('Binding')).map((object) => [idOfRole({ kind: object.kind, ...object.metadata }), object]));
  const found = new Map<string, Grant>();
  for (const binding of objects.filter(({ kind }) => kind.endsWith('Binding'))) {
    const reference = binding['roleRef'] as Reference;
    const scope = binding.kind === 'RoleBinding' ? (binding.metadata.namespace ?? '') : '';
    const role = roles.get(idOfRole({ kind: reference.kind, name: reference.name, namespace: binding.metadata.namespace }));
    const via = [binding, ...(role ? [role] : [])].map((object) => keyOf(idOf(object, cluster)));
    const rules: readonly Rule[] = role ? ((role['rules'] as Rule[] | undefined) ?? []) : [{ apiGroups: [''], resources: [`everything of ${reference.kind} "${reference.name}", which is not rendered here`], verbs: ['use'] }];
    for (const subject of (binding['subjects'] as Subject[] | undefined) ?? []) {
      for (const { resource, name, verb } of rules.flatMap(flat)) {
        const grant: Grant = {
          subject: `${subject.kind} ${subject.namespace === undefined ? '' : `${subject.namespace}/`}${subject.name}`,
          scope,
          resource,
          name,
          verb,
          network: label(binding, 'network') ?? (scope.startsWith(networkNamespace('')) ? scope.slice(networkNamespace('').length) : undefined),
          node: label(binding, 'node'),
          via,
        };
        const key = JSON.stringify([grant.subject, scope, resource, name, verb]);
        const known = found.get(key);
        found.set(key, known ? { ...known, via: [...known.via, ...via] } : grant);
      }
    }
  }
  return found;
}

function flat({ apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [], verbs = [] }: Rule): { resource: string; name: string; verb: string }[] {
  const targets = [...apiGroups.flatMap((group) => resources.map((resource) => (group === '' ? resource : `${group}/${resource}`))), ...nonResourceURLs];
  const names = resourceNames.length > 0 ? resourceNames : [''];
  return targets.flatMap((resource) => names.flatMap((name) => verbs.map((verb) => ({ resource, name, verb }))));
}
