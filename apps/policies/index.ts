import type { Manifest } from '../../constructs/manifest';
import type { Policy } from './policy';
import { bind, constraint, constraintTemplate, nativePolicy } from './render';
import { policies } from './rules';
import { vocabulary, type PolicyFacts } from './vocabulary';
import { gatekeeperWebhook } from './webhook';

export type { PolicyFacts } from './vocabulary';
export { GATEKEEPER_NAMESPACE, GATEKEEPER_WEBHOOK } from '../../naming';
export { constraintPlural, nativeName, templateKind } from './render';
export { RULE_NAMES } from './rules';

/** The admission policies of one cluster: the rules of `rules/`, each from one source for two judges. */
export interface AdmissionPolicies {
  readonly rules: readonly Policy[];
  /** Rule, then its ValidatingAdmissionPolicy and binding: judged inside the API server. */
  readonly native: ReadonlyMap<string, readonly Manifest[]>;
  /** Judged by Gatekeeper, which also audits what was there before. Templates come first; constraints when their kinds are served. */
  readonly gatekeeper: {
    readonly templates: readonly Manifest[];
    readonly constraints: readonly Manifest[];
    readonly webhook: Manifest;
  };
}

export function admissionPolicies(facts: PolicyFacts): AdmissionPolicies {
  const shared = vocabulary(facts);
  const rules = policies(facts);
  const bound = rules.map((rule) => bind(rule, shared));
  const byGatekeeper = bound.filter(({ nativeOnly }) => nativeOnly === undefined);
  return {
    rules,
    native: new Map(bound.map((policy) => [policy.name, nativePolicy(policy)])),
    gatekeeper: {
      templates: byGatekeeper.map(constraintTemplate),
      constraints: byGatekeeper.map(constraint),
      webhook: gatekeeperWebhook(byGatekeeper, shared),
    },
  };
}
