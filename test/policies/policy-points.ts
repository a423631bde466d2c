import { admissionPolicies, type AdmissionPolicies } from '../../apps/policies';
import { policyFacts } from '../../apps/platform';
import type { Policy } from '../../apps/policies/policy';
import type { Manifest } from '../../constructs/manifest';
import { facts, fleet, gke } from '../platform/fleet';

/** What is wrong with the rendered policies, in words; nothing if the point holds. */
export type PolicyPoint = (policies: RenderedPolicies) => Iterable<string>;

/** Policies as they are rendered: by rule, its variables with all that they are made of, and its validations. */
export interface RenderedPolicies {
  readonly rules: readonly Policy[];
  readonly variable: (rule: string, name: string) => string;
  readonly validations: (rule: string) => readonly string[];
  readonly webhooks: readonly { readonly matchConditions: readonly { readonly name: string; readonly expression: string }[] }[];
}

/**
 * What must never be refused, and what must be for it to be safe. Acts on a live control plane show what comes of it (`test/cluster/acts/stops.ts`);
 * these say at once which clause is gone.
 */
export const POLICY_POINTS: Readonly<Record<string, PolicyPoint>> = {
  'a-stop-always-passes': function* ({ rules, variable, validations }) {
    for (const rule of rules.filter(({ judges }) => judges === 'object')) {
      yield* validations(rule.name).filter((expression) => !expression.startsWith('variables.kept || (')).map((expression) => `${rule.name} judges every update by ${expression}`);
      // What a stop and an arming write is compared by no rule.
      yield* [...variable(rule.name, 'kept').matchAll(/object((?:\.\?\w+)+) == oldObject/g)].map(([, path]) => path!.replaceAll('?', '')).filter((path) => ['.spec.replicas', '.spec.updateStrategy', '.metadata.annotations', '.metadata', '.spec'].includes(path)).map((path) => `${rule.name} takes ${path} for its shape`);
    }
    yield* lacks(variable('no-other-workloads', 'kept'), `key in ['replicas', 'parallelism', 'minReplicas', 'maxReplicas', 'suspend'] || `);
  },
  'a-start-is-judged-in-full': function* ({ rules, variable }) {
    for (const { name } of rules.filter(({ shape }) => shape !== undefined)) {
      yield* lacks(
        variable(name, 'kept'),
        `request.operation == 'UPDATE' && ['replicas', 'parallelism', 'minReplicas', 'maxReplicas'].all(count, object.?spec[?count].orValue((object.kind == 'Scale' ? 0 : 1)) <= oldObject.?spec[?count].orValue((object.kind == 'Scale' ? 0 : 1)))`,
        `(object.?spec.?suspend.orValue(false) || !oldObject.?spec.?suspend.orValue(false))`,
        `(object.?spec.?updateStrategy.?rollingUpdate.?partition.orValue(0) == oldObject.?spec.?updateStrategy.?rollingUpdate.?partition.orValue(0) || object.?spec.?updateStrategy.?rollingUpdate.?partition.orValue(0) == 1)`,
      );
    }
  },
  // What a rule reads and doesn't declare could be changed past it.
  'a-changed-shape-is-judged-in-full': function* ({ rules, variable }) {
    for (const rule of rules) {
      const shaped = rule.validations.filter(({ judges }) => (judges ?? rule.judges) === 'object');
      for (const path of new Set(shaped.flatMap(({ expression }) => pathsRead((name) => variable(rule.name, name), expression)))) {
        if (!ALWAYS_KEPT.includes(path) && !rule.shape!.some((declared) => path === declared || path.startsWith(`${declared}.`))) yield `${rule.name} reads ${path}, and declares ${rule.shape!.join(', ')}`;
      }
    }
    yield* lacks(variable('no-other-workloads', 'kept'), 'object.spec[?key] == oldObject.spec[?key]', 'object.?template == oldObject.?template');
  },
  'who-asks-is-always-judged': function* ({ rules, validations }) {
    for (const rule of rules) {
      for (const { expression } of rule.validations.filter(({ judges }) => (judges ?? rule.judges) === 'request')) {
        if (!validations(rule.name).includes(expression)) yield `${rule.name} does not always judge ${expression}`;
      }
    }
  },
  'a-pod-that-ended-goes': function* ({ variable, validations }) {
    if (!validations('pod-deletion').some((expression) => expression.includes(' || variables.ended || '))) yield 'a pod that ended is held to its grace';
    yield* lacks(variable('pod-deletion', 'ended'), `oldObject.?status.?phase.orValue('') in ['Failed', 'Succeeded']`);
  },
  'a-running-container-outweighs-the-phase': function* ({ variable, validations }) {
    for (const statuses of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']) {
      const runs = `oldObject.?status.?${statuses}.orValue([]).exists(container, has(container.state) && has(container.state.running))`;
      yield* lacks(variable('pod-deletion', 'ended'), runs);
      yield* lacks(validations('pod-status').join('\n'), runs, `object.?status.?${statuses}.orValue([]) == oldObject`);
    }
    yield* lacks(variable('pod-deletion', 'ended'), ' && !(');
  },
  'its-own-kubelet-says-that-a-pod-ended': function* ({ variable, validations }) {
    if (variable('pod-status', 'isOwnKubelet') !== `variables.machine != '' && variables.user == 'system:node:' + variables.machine`) yield 'another machine passes for its own';
    const [phase = '', containers = ''] = validations('pod-status');
    yield* lacks(phase, `![variables.phase, variables.oldPhase].exists(phase, phase in ['Failed', 'Succeeded']) || variables.isOwnKubelet || (variables.machine == '' && has(oldObject.metadata.deletionTimestamp) && variables.isControlPlane)`);
    if (!containers.startsWith('variables.isOwnKubelet || ')) yield 'others say what runs';
  },
  'a-stop-waits-for-no-webhook': function* ({ webhooks }) {
    for (const { matchConditions } of webhooks) {
      const stop = matchConditions.find(({ name }) => name === 'not-a-mere-stop')?.expression ?? '';
      yield* lacks(stop, `group in ["operators@stakes.example"]`, 'object.spec[?key] == oldObject.spec[?key]', 'object.?metadata.?labels == ', 'object.?metadata.?finalizers == ', 'object.?metadata.?ownerReferences == ', 'key == "stockade.dev/hold" || ');
      if (stop.includes('variables.')) yield 'a condition of a webhook has no variables';
    }
  },
};

function* lacks(text: string, ...parts: readonly string[]): Iterable<string> {
  for (const part of parts) if (!text.includes(part)) yield `lacks ${part}`;
}

/** What never changes in an object, and the two things that `kept.ts` lets fall and be armed. */
const ALWAYS_KEPT: readonly string[] = ['kind', 'metadata.name', 'metadata.namespace', 'spec.replicas', 'spec.updateStrategy.rollingUpdate.partition'];

/** The paths of `object` in an expression and in the variables that it is made of. Of pods, which are only made, nothing is kept. */
export function pathsRead(variable: (name: string) => string, expression: string): string[] {
  const own = [...expression.replaceAll(/object\.kind == 'Pod' \? [^:]*:/g, '').matchAll(/\bobject((?:\.\??[A-Za-z]+)+)/g)].map(([, path]) => path!.slice(1).replaceAll('?', '').replace(/\.(orValue|all|exists)$/, ''));
  const used = [...expression.matchAll(/\bvariables\.(\w+)/g)].flatMap(([, name]) => pathsRead(variable, variable(name!)));
  return [...new Set([...own, ...used])];
}

type Native = Manifest & { readonly spec: { readonly variables: readonly { readonly name: string; readonly expression: string }[]; readonly validations: readonly { readonly expression: string }[] } };

export function rendered({ rules, native, gatekeeper }: AdmissionPolicies = admissionPolicies(policyFacts(fleet, gke(), facts().networks))): RenderedPolicies {
  const spec = (rule: string): Native['spec'] => (native.get(rule)![0] as Native).spec;
  return {
    rules,
    variable: (rule, name) => spec(rule).variables.find((one) => one.name === name)?.expression ?? '',
    validations: (rule) => spec(rule).validations.map(({ expression }) => expression),
    webhooks: (gatekeeper.webhook as Manifest & { webhooks: RenderedPolicies['webhooks'] }).webhooks,
  };
}
