import { describe, expect, it } from 'vitest';
import { bind } from '../../apps/policies/render';
import type { Policy } from '../../apps/policies/policy';
import { missingClauses, POLICY_CLAUSES } from './policy-clauses';
import { pathsRead, POLICY_POINTS, rendered } from './policy-points';

/** That each of these can fail is shown by `npm run test:mutations`. */
describe('the policies', () => {
  for (const [point, check] of Object.entries(POLICY_POINTS)) {
    it(`[${point}]`, () => {
      expect([...check(rendered())]).toEqual([]);
    });
  }

  for (const name of Object.keys(POLICY_CLAUSES)) {
    it(`[${name}] has the clauses that hold it`, () => {
      expect(missingClauses(rendered(), name)).toEqual([]);
    });
  }

  it('have clauses that hold them, every one', () => {
    expect(rendered().rules.map(({ name }) => name).sort()).toEqual(Object.keys(POLICY_CLAUSES).sort());
  });

  it('hold updates to a shape in these rules', () => {
    const shaped = rendered().rules.filter((rule) => rule.validations.some(({ judges }) => (judges ?? rule.judges) === 'object'));
    expect(shaped.map(({ name }) => name)).toEqual(['single-replica', 'no-other-workloads', 'workload-identity', 'hardened-pods', 'signing-state-kept', 'volume-snapshots', 'surroundings', 'namespaces']);
  });

  it('that are about objects and declare no shape are not rendered', () => {
    const rule: Policy = { name: 'x', purpose: '', scope: 'cluster', resources: [], judges: 'object', validations: [{ expression: 'true', message: `''` }] };
    expect(() => bind(rule, {})).toThrow('policy x judges objects and says nothing of their shape');
  });

  it('the control: what an expression reads is found through its variables', () => {
    const variables: Readonly<Record<string, string>> = { signs: 'variables.labels == object.metadata.?labels.orValue({})', labels: 'object.spec.x' };
    expect(pathsRead((name) => variables[name]!, 'object.spec.?template.spec.x && variables.signs')).toEqual(['spec.template.spec.x', 'metadata.labels', 'spec.x']);
  });
});
