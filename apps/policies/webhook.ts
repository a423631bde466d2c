import type { Manifest } from '../../constructs/manifest';
import { ANNOTATIONS, GATEKEEPER_NAMESPACE, GATEKEEPER_WEBHOOK, PLATFORM_LABELS } from '../../naming';
import { keptAndNothingStarts } from './kept';
import type { Operation, Policy, ResourceRule } from './policy';
import { ADMISSION, PROTECTED, resourceRule, type BoundPolicy } from './render';
import { otherAnnotationsKept } from './vocabulary';

/** What the API server is to ask Gatekeeper about, and nothing else: a webhook that fails closed stops whatever it is asked about. */
export function gatekeeperWebhook(policies: readonly BoundPolicy[], shared: Readonly<Record<string, string>>): Manifest {
  const webhook = (scope: Policy['scope'], name: string, selector: object): object => ({
    name,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 10,
    // The certificate is Gatekeeper's: it renews it, and writes its authority here.
    clientConfig: { service: { namespace: GATEKEEPER_NAMESPACE, name: 'gatekeeper-webhook-service', path: '/v1/admit', port: 443 } },
    namespaceSelector: selector,
    matchConditions: [
      { name: 'not-the-control-plane', expression: NOT_THE_CONTROL_PLANE },
      { name: 'not-a-mere-stop', expression: inline(NOT_A_MERE_STOP, shared) },
    ],
    rules: mergeRules(policies.filter((policy) => policy.scope === scope).flatMap(({ resources }) => resources)).map(resourceRule),
  });
  return {
    apiVersion: ADMISSION,
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: GATEKEEPER_WEBHOOK, labels: { ...PLATFORM_LABELS } },
    webhooks: [
      webhook('protected', 'staking.gatekeeper.stockade.dev', { matchLabels: PROTECTED }),
      // The system's namespaces are out, by the label that nobody can change.
      webhook('cluster', 'cluster.gatekeeper.stockade.dev', { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'kube-node-lease', 'kube-public', GATEKEEPER_NAMESPACE] }] }),
    ],
  };
}

/**
 * With Gatekeeper down, machines, controllers and the scheduler go on: they are judged by the native policies alone, which have no
 * server that could be down.
 */
const NOT_THE_CONTROL_PLANE =
  `!(request.userInfo.username.startsWith('system:serviceaccount:kube-system:') || request.userInfo.username.startsWith('eks:') || ` +
  `(request.userInfo.username.startsWith('system:') && !request.userInfo.username.startsWith('system:serviceaccount:') && request.userInfo.username != 'system:anonymous'))`;

/**
 * Nor does a stop wait for it, by whom the native policies let stop: of all that a constraint could judge, nothing changes but that less runs,
 * and the hold.
 */
const NOT_A_MERE_STOP =
  `!(request.resource.group == 'apps' && request.resource.resource == 'statefulsets' && variables.subresource in ['', 'scale'] && variables.mayFire && ` +
  `${keptAndNothingStarts(['metadata.finalizers', 'metadata.labels', 'metadata.ownerReferences', 'spec'])} && ${otherAnnotationsKept(ANNOTATIONS.hold)})`;

/** An expression with what its variables stand for: conditions of a webhook have none. */
function inline(expression: string, shared: Readonly<Record<string, string>>): string {
  return expression.replaceAll(/\bvariables\.(\w+)/g, (_, name: string) => `(${inline(shared[name]!, shared)})`);
}

/** One rule for each group and set of operations, sorted. */
function mergeRules(rules: readonly ResourceRule[]): ResourceRule[] {
  const operations = new Map<string, Set<Operation>>();
  for (const rule of rules) {
    for (const resource of rule.resources) {
      const key = `${rule.group}\n${resource}`;
      operations.set(key, new Set([...(operations.get(key) ?? []), ...rule.operations]));
    }
  }
  const merged = new Map<string, ResourceRule>();
  for (const [key, set] of [...operations].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [group, resource] = key.split('\n') as [string, string];
    const together = `${group}\n${[...set].sort().join(',')}`;
    const rule = merged.get(together);
    merged.set(together, { group, operations: [...set].sort(), resources: [...(rule?.resources ?? []), resource] });
  }
  return [...merged.values()];
}
