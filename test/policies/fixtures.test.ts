import { describe, expect, it } from 'vitest';
import { admissionPolicies } from '../../apps/policies';
import { policyFacts } from '../../apps/platform';
import { ACTS, ROLES } from '../cluster/acts';
import { facts, fleet, gke } from '../platform/fleet';

const rules = admissionPolicies(policyFacts(fleet, gke(), facts().networks)).rules.map(({ name }) => name);

/** What each act comes to is shown on a live control plane, by `npm run test:cluster`. */
describe('the fixtures of the admission policies', () => {
  it.each(rules)('%s has requests that it lets through and requests that it refuses', (rule) => {
    const acts = ACTS.filter((act) => act.rule === rule);
    expect(acts.some(({ allowed }) => allowed.length > 0)).toBe(true);
    expect(acts.some(({ allowed }) => ROLES.some((role) => !allowed.includes(role)))).toBe(true);
  });

  it('name rules that there are, and each act once', () => {
    expect(ACTS.flatMap(({ rule, or = [] }) => [rule, ...or]).filter((rule) => !rules.includes(rule))).toEqual([]);
    const titles = ACTS.map(({ rule, title }) => `${rule}: ${title}`);
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  });

  it('let nobody do by the table what the rules refuse to everybody', () => {
    expect(ACTS.filter(({ allowed, table = [] }) => table.some((role) => !allowed.includes(role))).map(({ title }) => title)).toEqual([]);
  });
});
