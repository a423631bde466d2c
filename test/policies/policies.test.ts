import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gatekeeperFiles, platformFiles, policyFacts } from '../../apps/platform';
import { admissionPolicies, GATEKEEPER_WEBHOOK, nativeName, templateKind } from '../../apps/policies';
import { bind } from '../../apps/policies/render';
import { constraintPlural, RULE_NAMES } from '../../apps/policies';
import type { Policy } from '../../apps/policies/policy';
import type { Manifest } from '../../constructs/manifest';
import { ANNOTATIONS } from '../../naming';
import { everySample } from '../chains/every-chain';
import { eks, facts, fleet, gke, GROUPS } from '../platform/fleet';

const RULES = join(__dirname, '..', '..', 'apps', 'policies', 'rules');

const of = (cluster: ReturnType<typeof gke> | typeof eks) => admissionPolicies(policyFacts(fleet, cluster, facts().networks));
const policies = of(gke());

interface NativePolicy extends Manifest {
  readonly spec: {
    readonly failurePolicy: string;
    readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
    readonly matchConstraints: { readonly namespaceSelector?: object; readonly objectSelector?: object; readonly resourceRules: readonly { readonly apiGroups: string[]; readonly resources: string[]; readonly operations: string[] }[] };
    readonly variables: readonly { readonly name: string; readonly expression: string }[];
    readonly validations: readonly { readonly expression: string; readonly messageExpression: string }[];
  };
}
const native = (rule: string): NativePolicy => policies.native.get(rule)![0] as NativePolicy;

describe('the rules', () => {
  it('are one a file, named after it', () => {
    const files = readdirSync(RULES).filter((file) => file !== 'index.ts').map((file) => file.replace(/\.ts$/, ''));
    expect(policies.rules.map(({ name }) => name).sort()).toEqual(files.sort());
  });

  it('are those that permissions go by', () => {
    expect(policies.rules.map(({ name }) => name)).toEqual(RULE_NAMES);
    expect(RULE_NAMES.map(constraintPlural)).toEqual(RULE_NAMES.map((name) => templateKind(name).toLowerCase()));
  });

  it('say why, and their messages are never empty', () => {
    for (const { purpose, validations } of policies.rules) {
      expect(purpose.length).toBeGreaterThan(20);
      for (const { message } of validations) expect(message.length).toBeGreaterThan(20);
    }
  });

  it('name no variable that is not there', () => {
    const rule: Policy = { name: 'x', purpose: '', scope: 'cluster', resources: [], judges: 'request', validations: [{ expression: 'variables.nobody', message: `''` }] };
    expect(() => bind(rule, {})).toThrow('policy x names variables.nobody, which is neither its own nor of the vocabulary');
    expect(() => bind({ ...rule, variables: { nobody: 'variables.b', b: 'variables.nobody' } }, {})).toThrow('variables.nobody is made of itself');
  });

  it('carry a variable before those that are made of it, and none that is not used', () => {
    for (const { name } of policies.rules) {
      const { variables, validations } = native(name).spec;
      const known: string[] = [];
      for (const { name: variable, expression } of variables) {
        for (const [, used] of expression.matchAll(/\bvariables\.(\w+)/g)) expect(known).toContain(used);
        known.push(variable);
      }
      const text = [...variables.map(({ expression }) => expression), ...validations.flatMap(({ expression, messageExpression }) => [expression, messageExpression])].join(' ');
      expect(known.filter((variable) => !new RegExp(`\\bvariables\\.${variable}\\b`).test(text))).toEqual([]);
    }
  });

  it('know the groups of their cluster\'s cloud, and no others', () => {
    const text = JSON.stringify([...of(gke()).native.values()]);
    const other = JSON.stringify([...of(eks).native.values()]);
    for (const role of ['operators', 'deployers', 'planners', 'breakGlass', 'dataCustodians', 'platform'] as const) {
      expect(text).toContain(GROUPS.gcp[role]);
      expect(text).not.toContain(GROUPS.aws[role]);
      expect(other).toContain(GROUPS.aws[role]);
    }
  });

  it('allow what a chain declares as an exception in its own namespace alone', () => {
    const declared = native('hardened-pods').spec.variables.find(({ name }) => name === 'declared')!.expression;
    expect(declared).toBe('{"staking-solana-testnet": ["host-network", "seccomp-localhost:profiles/x.json"]}[?object.metadata.namespace].orValue([])'.replace('profiles/x.json', seccompProfile()));
  });
});

/** A cluster that has a chain of each way to keep signing state. */
const mixed = admissionPolicies({ ...policyFacts(fleet, gke(), facts().networks), volumes: { ledger: 'chain-data', 'signing-chain': 'signing-chain', 'signing-state': 'signing-state', snapshots: 'scratch' } });

describe('chain data that holds signing state', () => {
  const expressions = (rule: string): string[] => (mixed.native.get(rule)![0] as NativePolicy).spec.validations.map(({ expression }) => expression);

  it('is in no snapshot, as signing state alone is in none, and other chain data may be', () => {
    expect(expressions('volume-snapshots')).toEqual(['variables.kept || (variables.source != \'\' && !["signing-chain", "signing-state"].exists(volume, variables.source.endsWith(\'-\' + volume)))']);
  });

  it('is made from no snapshot: only what is of the kind chain-data is, and a PVC is of its volume\'s kind', () => {
    expect(expressions('volume-claims').filter((expression) => expression.includes('variables.source'))).toEqual([
      '!variables.isCreate || variables.source == \'\' || (variables.kind == \'chain-data\' && variables.source == \'VolumeSnapshot\')',
    ]);
    const kinds = expressions('volume-claims').find((expression) => expression.includes('variables.kind in'))!;
    expect(kinds).toContain('["ledger chain-data", "signing-chain signing-chain", "signing-state signing-state", "snapshots scratch"]');
  });
});

function seccompProfile(): string {
  return facts().networks['solana-testnet']!.exceptions.find(({ what }) => what === 'seccomp-localhost')!.value!;
}

describe('native policies', () => {
  it.each(policies.rules.map(({ name, scope }) => ({ name, scope })))('$name fails closed, and goes by the namespace alone', ({ name, scope }) => {
    const [policy, binding] = policies.native.get(name) as [NativePolicy, Manifest];
    expect(policy.metadata.name).toBe(nativeName(name));
    expect(policy.spec.failurePolicy).toBe('Fail');
    expect(policy.spec.matchConstraints.objectSelector).toBeUndefined();
    expect(policy.spec.matchConstraints.namespaceSelector).toEqual(scope === 'protected' ? { matchLabels: { 'stockade.dev/protection': 'staking' } } : undefined);
    expect(binding).toMatchObject({ kind: 'ValidatingAdmissionPolicyBinding', spec: { policyName: nativeName(name), validationActions: ['Deny'] } });
  });

  it('never ask about leases, events or all kinds of a group that the control plane needs', () => {
    const narrowed = native('dry-runs-only').spec;
    expect(narrowed.matchConditions).toEqual([{ name: 'concerned', expression: expect.stringMatching(/^has\(request\.userInfo\.groups\) && request\.userInfo\.groups\.exists\(group, group in \["planners@stakes\.example"\]\) && /) }]);
    const asked = policies.rules.filter(({ name }) => name !== 'dry-runs-only').flatMap(({ name }) => native(name).spec.matchConstraints.resourceRules).flatMap(({ apiGroups, resources }) => apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}`)));
    expect(asked.filter((one) => /leases|events/.test(one))).toEqual([]);
    expect(asked.filter((one) => one.endsWith('/*')).every((one) => one.split('/')[0]!.endsWith('.gatekeeper.sh'))).toBe(true);
  });

  it('are part of the platform, a file each', () => {
    const files = platformFiles(fleet, gke(), facts()).filter(({ path }) => path.startsWith('policies/'));
    expect(files.map(({ path }) => path).sort()).toEqual(policies.rules.map(({ name }) => `policies/${name}.yaml`).sort());
  });
});

describe('for Gatekeeper', () => {
  const { templates, constraints, webhook } = policies.gatekeeper;
  const held = policies.rules.filter(({ nativeOnly }) => nativeOnly === undefined);

  it('every rule has a template and a constraint, unless it says why not', () => {
    expect(templates.map(({ metadata }) => metadata.name)).toEqual(held.map(({ name }) => templateKind(name).toLowerCase()));
    expect(constraints.map(({ kind, metadata }) => [kind, metadata.name])).toEqual(held.map(({ name }) => [templateKind(name), nativeName(name)]));
    expect(policies.rules.filter(({ nativeOnly }) => nativeOnly !== undefined).map(({ name }) => name)).toEqual(['pod-status', 'webhook-guard', 'dry-runs-only']);
  });

  it('a template has the native policy\'s own variables and validations, and generates no policy of its own', () => {
    for (const [index, { name }] of held.entries()) {
      const template = templates[index] as Manifest & { spec: { targets: { code: { source: { generateVAP: boolean; failurePolicy: string; variables: unknown; validations: { expression: string; messageExpression: string }[] } }[] }[] } };
      const { source } = template.spec.targets[0]!.code[0]!;
      expect(source.generateVAP).toBe(false);
      expect(source.failurePolicy).toBe('Fail');
      expect(source.variables).toEqual(native(name).spec.variables);
      expect(source.validations.map(({ expression, messageExpression }) => ({ expression, messageExpression }))).toEqual(native(name).spec.validations.map(({ expression, messageExpression }) => ({ expression, messageExpression })));
    }
  });

  it('the webhook fails closed, asks about exactly what the rules judge, and not for the control plane', () => {
    const { webhooks } = webhook as Manifest & { webhooks: { failurePolicy: string; namespaceSelector: object; matchConditions: { name: string; expression: string }[]; rules: { apiGroups: string[]; resources: string[]; operations: string[] }[] }[] };
    expect(webhook.metadata.name).toBe(GATEKEEPER_WEBHOOK);
    const flat = (rules: readonly { apiGroups: readonly string[]; resources: readonly string[]; operations: readonly string[] }[]): string[] =>
      [...new Set(rules.flatMap(({ apiGroups, resources, operations }) => apiGroups.flatMap((group) => resources.flatMap((resource) => operations.map((operation) => `${operation} ${group}/${resource}`)))))].sort();
    for (const [index, scope] of (['protected', 'cluster'] as const).entries()) {
      const { failurePolicy, matchConditions, rules } = webhooks[index]!;
      expect(failurePolicy).toBe('Fail');
      expect(matchConditions.map(({ name }) => name)).toEqual(['not-the-control-plane', 'not-a-mere-stop']);
      for (const { expression } of matchConditions) expect(expression).not.toContain('variables.');
      expect(flat(rules)).toEqual(flat(held.filter((rule) => rule.scope === scope).flatMap(({ name }) => native(name).spec.matchConstraints.resourceRules)));
    }
    expect(webhooks[0]!.namespaceSelector).toEqual({ matchLabels: { 'stockade.dev/protection': 'staking' } });
    expect(flat(webhooks.flatMap(({ rules }) => rules))).toContain('DELETE /pods');
  });

  it('templates are a folder of their own, since constraints need the kinds that they make', () => {
    const files = gatekeeperFiles(fleet, gke(), facts());
    expect(files['gatekeeper-templates'].flatMap(({ objects }) => objects)).toEqual(templates);
    expect(files['gatekeeper-constraints'].flatMap(({ objects }) => objects)).toEqual([...constraints, webhook]);
  });
});

describe('what the rules take for granted', () => {
  it('no volume\'s name ends in another\'s, so the name of a PVC is of one workload only', () => {
    const names = [...new Set(everySample().flatMap(({ chain, node }) => chain.components(node).flatMap(({ volumes }) => volumes.map(({ name }) => name))))];
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => names.some((other) => other.endsWith(`-${name}`)))).toEqual([]);
  });

  it('a proof and a hold are annotations of their own', () => {
    expect(new Set(Object.values(ANNOTATIONS)).size).toBe(Object.values(ANNOTATIONS).length);
  });
});
