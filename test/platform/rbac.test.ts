import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../constructs/manifest';
import { allowed, type AccessRequest, type Identity } from './rbac';

const ann: Identity = { user: 'ann', groups: ['team'] };
const getPod: AccessRequest = { verb: 'get', group: '', resource: 'pods', name: 'a', namespace: 'one' };

const role = (kind: 'Role' | 'ClusterRole', name: string, rules: object[], namespace?: string): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name, namespace },
  rules,
});
const binding = (to: 'Role' | 'ClusterRole', name: string, subject: object, namespace?: string): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: { name: 'b', namespace },
  roleRef: { kind: to, name },
  subjects: [subject],
});
const team = { kind: 'Group', name: 'team' };
const pods = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };

/** Whether Ann may, by one rule that holds for her everywhere. */
const byRule = (rule: object, request: Partial<AccessRequest>): boolean =>
  allowed([role('ClusterRole', 'r', [rule]), binding('ClusterRole', 'r', team)], ann, { ...getPod, ...request });

describe('the evaluator judges as Kubernetes does', () => {
  it('a RoleBinding holds in its namespace alone, whatever it binds', () => {
    for (const objects of [
      [role('ClusterRole', 'r', [pods]), binding('ClusterRole', 'r', team, 'one')],
      [role('Role', 'r', [pods], 'one'), binding('Role', 'r', team, 'one')],
    ]) {
      expect(allowed(objects, ann, getPod)).toBe(true);
      expect(allowed(objects, ann, { ...getPod, namespace: 'two' })).toBe(false);
      expect(allowed(objects, ann, { ...getPod, namespace: undefined })).toBe(false);
    }
  });

  it('a Role of another namespace, or one that is not there, grants nothing', () => {
    expect(allowed([role('Role', 'r', [pods], 'two'), binding('Role', 'r', team, 'one')], ann, getPod)).toBe(false);
    expect(allowed([binding('ClusterRole', 'r', team)], ann, getPod)).toBe(false);
  });

  it('resourceNames hold for named requests, subresources included, and an empty list for all', () => {
    expect(byRule({ ...pods, resourceNames: ['a'] }, {})).toBe(true);
    expect(byRule({ ...pods, resourceNames: ['a'] }, { name: 'b' })).toBe(false);
    expect(byRule({ ...pods, resourceNames: ['a'] }, { name: undefined })).toBe(false);
    expect(byRule({ ...pods, resourceNames: [] }, { name: 'b' })).toBe(true);
    const eviction = { apiGroups: [''], resources: ['pods/eviction'], resourceNames: ['a'], verbs: ['create'] };
    expect(byRule(eviction, { verb: 'create', resource: 'pods/eviction' })).toBe(true);
    expect(byRule(eviction, { verb: 'create', resource: 'pods/eviction', name: 'b' })).toBe(false);
  });

  it('a resource does not imply its subresources, and knows wildcards of whole parts', () => {
    expect(byRule(pods, { resource: 'pods/exec' })).toBe(false);
    expect(byRule({ ...pods, resources: ['pods/*'] }, { resource: 'pods/exec' })).toBe(false);
    expect(byRule({ ...pods, resources: ['*/exec'] }, { resource: 'pods/exec' })).toBe(true);
    expect(byRule({ ...pods, resources: ['*/exec'] }, {})).toBe(false);
    expect(byRule({ ...pods, resources: ['*'] }, { resource: 'pods/exec' })).toBe(true);
    expect(byRule({ ...pods, verbs: ['*'] }, { verb: 'deletecollection' })).toBe(true);
    expect(byRule({ ...pods, apiGroups: ['*'] }, { group: 'apps' })).toBe(true);
    expect(byRule(pods, { group: 'apps' })).toBe(false);
  });

  it('tells users, groups and service accounts apart', () => {
    const to = (subject: object, identity: Identity): boolean =>
      allowed([role('ClusterRole', 'r', [pods]), binding('ClusterRole', 'r', subject)], identity, getPod);
    const engine: Identity = { serviceAccount: 'engine', namespace: 'system' };
    expect(to({ kind: 'User', name: 'team' }, ann)).toBe(false);
    expect(to({ kind: 'User', name: 'ann' }, ann)).toBe(true);
    expect(to({ kind: 'Group', name: 'system:authenticated' }, ann)).toBe(true);
    expect(to({ kind: 'ServiceAccount', name: 'engine', namespace: 'system' }, engine)).toBe(true);
    expect(to({ kind: 'ServiceAccount', name: 'engine', namespace: 'other' }, engine)).toBe(false);
    expect(to({ kind: 'Group', name: 'system:serviceaccounts:system' }, engine)).toBe(true);
    expect(to({ kind: 'User', name: 'system:serviceaccount:system:engine' }, engine)).toBe(true);
  });
});
