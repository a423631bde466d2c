import { isDeepStrictEqual } from 'node:util';
import { LABEL_PREFIX, LABELS } from '../../../naming';
import { called, finding, type Context } from '../context';
import type { ObjectChange, Unexplained } from '../diff';
import type { Finding } from '../model';
import { annotation, type K8sObject } from '../tree';
import { bytes } from './volumes';

/** Annotation by which Helm, and everybody who applies, leaves an object alone that is no longer declared. */
const KEEP = 'helm.sh/resource-policy';
const kept = (object: K8sObject | undefined): boolean => annotation(object, KEEP) === 'keep';

/** Files of running pods. Named by their content and kept, a change of them is a change of the pod's template; anything else reaches running pods. */
export function configMap(change: ObjectChange, rest: Unexplained, context: Context): Finding[] {
  const node = context.nodeOf(change);
  const name = called(change);
  const { before, after } = change;
  if (!after) {
    if (node?.after === 'retired' || node?.after === 'absent') return [];
    const named = context.beside(change, 'base', 'StatefulSet').some((other) => JSON.stringify(other['spec']).includes(`"${change.id.name}"`));
    if (kept(before)) return [finding(change, 'other', 'harmless', 'config-map-replaced', `${name} is no longer rendered, and kept while a running revision names it`)];
    return named
      ? [finding(change, 'interrupting', 'interrupting', 'config-map-removed', `${name}, which the running revision names, is removed: its pod would not start again`)]
      : [finding(change, 'other', 'harmless', 'config-map-removed', `${name} is removed; no workload of its folder names it`)];
  }
  const configures = node?.before === 'absent' ? [] : [finding(change, 'other', 'harmless', 'config-map-added', `${name} is new`)];
  if (!before) return kept(after) || node === undefined ? configures : [...configures, finding(change, 'interrupting', 'interrupting', 'config-map-not-kept', `${name} is not marked to be kept: removing it later would reach a running revision`)];
  const findings: Finding[] = [];
  const data = [...rest.take('data'), ...rest.take('binaryData')];
  if (data.length > 0) {
    const files = data.map(({ path }) => path.slice(1).join('.') || 'everything').join(', ');
    findings.push(
      before['immutable'] === true
        ? finding(change, 'interrupting', 'interrupting', 'config-map-immutable', `${name} is immutable, and changes ${files}: no API server accepts that`, { refused: true, next: 'Give the new content a new name, by its digest.' })
        : finding(change, 'interrupting', 'interrupting', 'config-map-changed', `${name} changes ${files} in place: running pods see it at once, or at their next crash`),
    );
  }
  for (const { before: old } of rest.take('immutable')) {
    if (old === true) findings.push(finding(change, 'interrupting', 'interrupting', 'config-map-immutable', `${name} is immutable for good, and is to become mutable`, { refused: true, next: 'Leave it immutable.' }));
    else findings.push(finding(change, 'other', 'harmless', 'config-map-immutable', `${name} becomes immutable`));
  }
  for (const { before: old } of rest.take('metadata', 'annotations', KEEP)) {
    if (old === 'keep') findings.push(finding(change, 'interrupting', 'interrupting', 'config-map-not-kept', `${name} is no longer marked to be kept while a running revision names it`));
  }
  return findings;
}

/** Budgets act on the next drain. */
export function podDisruptionBudget(change: ObjectChange, rest: Unexplained, context: Context): Finding[] {
  const node = context.nodeOf(change);
  const who = change.component ?? called(change);
  if (!change.before) return node?.before === 'absent' ? [] : [finding(change, 'other', 'harmless', 'budget-added', `a disruption budget for ${who}`)];
  if (!change.after) return node?.after === 'retired' || node?.after === 'absent' ? [] : [finding(change, 'interrupting', 'interrupting', 'budget-removed', `the disruption budget of ${who} is removed: any drain may evict it`)];
  return rest.take('spec').map(({ path, before, after }) => {
    const field = path.slice(1).join('.');
    const tighter = field === 'maxUnavailable' && Number(after) < Number(before);
    return finding(change, tighter ? 'other' : 'interrupting', tighter ? 'harmless' : 'interrupting', 'budget-changed', `${field} of the disruption budget of ${who} goes from ${text(before)} to ${text(after)}`);
  });
}

/** Quotas: what runs goes on, but a pod that has to be made anew may be refused. */
export function resourceQuota(change: ObjectChange, rest: Unexplained): Finding[] {
  const name = called(change);
  if (!change.before) return [finding(change, 'interrupting', 'interrupting', 'quota-added', `${name} now bounds the namespace`)];
  if (!change.after) return [finding(change, 'policies', 'second-signer risk', 'quota-removed', `${name} is removed: kinds of workloads that it forbids (count/...: 0) can be made`)];
  const findings: Finding[] = [];
  const [raised, lowered]: [string[], string[]] = [[], []];
  for (const { path, before, after } of rest.take('spec', 'hard')) {
    const resource = path.slice(2).join('.');
    const [old, young] = [bytes(before), bytes(after)];
    if (resource.startsWith('count/') && resource !== 'count/statefulsets.apps' && (young === undefined || young > 0)) {
      findings.push(finding(change, 'policies', 'second-signer risk', 'quota-opened', `${name} lets ${resource} be ${after === undefined ? 'unlimited' : text(after)} instead of ${text(before)}`));
    } else if (young === undefined || (old !== undefined && young > old)) raised.push(resource);
    else lowered.push(resource);
  }
  if (lowered.length > 0) {
    findings.push(
      finding(change, 'interrupting', 'interrupting', 'quota-lowered', `${name} is lowered at once (${list(lowered)}): what runs goes on, but a pod that has to be made anew by its old revision may be refused until its node is fired or stopped`),
    );
  }
  if (raised.length > 0) findings.push(finding(change, 'other', 'harmless', 'quota-raised', `${name} is raised (${list(raised)})`));
  return findings;
}

export function serviceAccount(change: ObjectChange, rest: Unexplained, context: Context): Finding[] {
  const node = context.nodeOf(change);
  const who = change.component ? `the service account of ${change.component}` : called(change);
  const { before, after } = change;
  if (!after) return node?.after === 'retired' || node?.after === 'absent' ? [] : [finding(change, 'interrupting', 'interrupting', 'service-account-removed', `${who} is removed: its pod loses its tokens, and would not start again`)];
  const findings = rest.take('automountServiceAccountToken').map(({ after: now }) => finding(change, 'permissions', 'permissions', 'token-mounted', `${who} ${now === false ? 'no longer gives' : 'gives'} its token to every container`));
  const identities = (object: K8sObject | undefined): Record<string, string> =>
    Object.fromEntries(Object.entries(object?.metadata.annotations ?? {}).filter(([key]) => /^(iam\.gke\.io|eks\.amazonaws\.com)\//.test(key)));
  const [old, young] = [identities(before), identities(after)];
  for (const key of new Set([...Object.keys(old), ...Object.keys(young)])) {
    rest.take('metadata', 'annotations', key);
    if (old[key] !== young[key]) findings.push(finding(change, 'permissions', 'permissions', 'cloud-identity', `${who} becomes ${young[key] ?? 'nobody'} in the cloud (${key}), ${old[key] === undefined ? 'and was nobody' : `instead of ${old[key]}`}`));
  }
  if (!before && node?.before !== 'absent') findings.push(finding(change, 'other', 'harmless', 'service-account-added', `${who} is new`));
  if (!before && after['automountServiceAccountToken'] !== false) findings.push(finding(change, 'permissions', 'permissions', 'token-mounted', `${who} gives its token to every container`));
  return findings;
}

/** Namespaces carry the labels by which policies know what to guard; deleting one deletes every PVC in it. */
export function namespace(change: ObjectChange, rest: Unexplained): Finding[] {
  const name = called(change);
  if (!change.before) return [finding(change, 'policies', 'harmless', 'namespace-added', `${name} is new`)];
  if (!change.after) return [finding(change, 'policies', 'data loss', 'namespace-removed', `${name} is no longer declared: apply leaves it, and deleting it deletes every PVC in it`)];
  const findings: Finding[] = [];
  for (const { path, before, after } of rest.take('metadata', 'labels')) {
    const key = path.slice(2).join('.');
    // A namespace that had none is guarded from now on, like by a new policy.
    if (key === LABELS.protection) findings.push(finding(change, 'policies', before === undefined ? 'interrupting' : 'second-signer risk', 'namespace-protection', `${name}: ${key} goes from ${text(before)} to ${text(after)}; policies guard namespaces by it`));
    else if (key.startsWith('pod-security.kubernetes.io/')) findings.push(finding(change, 'exceptions', 'hardening', 'pod-security', `${name}: ${key} goes from ${text(before)} to ${text(after)}`));
    else findings.push(finding(change, 'policies', key.startsWith(LABEL_PREFIX) ? 'second-signer risk' : 'harmless', 'namespace-label', `${name}: label ${key} goes from ${text(before)} to ${text(after)}`));
  }
  for (const { path, after } of rest.take('metadata', 'annotations')) {
    const key = path.slice(2).join('.');
    if (key === KEEP) findings.push(finding(change, 'policies', 'data loss', 'namespace-not-kept', `${name} is ${after === 'keep' ? 'now' : 'no longer'} kept when a Helm release is removed`));
    else findings.push(finding(change, 'exceptions', 'harmless', 'namespace-annotation', `${name}: annotation ${key} changes`));
  }
  return findings;
}

export function priorityClass(change: ObjectChange, rest: Unexplained): Finding[] {
  const name = called(change);
  if (!change.before) return [finding(change, 'policies', 'harmless', 'priority-class-added', `${name} is new`)];
  if (!change.after) return [finding(change, 'interrupting', 'interrupting', 'priority-class-removed', `${name} is removed: a pod that names it can not be made anew`)];
  return [...rest.take('value'), ...rest.take('preemptionPolicy')].map(({ path, before, after }) =>
    finding(change, 'interrupting', 'interrupting', 'priority-class-immutable', `${path[0]} of ${name} goes from ${text(before)} to ${text(after)}: no API server accepts that`, {
      refused: true,
      next: 'Make a PriorityClass of another name.',
    }),
  );
}

/** Secrets have no place in a rendered tree. */
export function secret(change: ObjectChange, rest: Unexplained): Finding[] {
  rest.take('data');
  rest.take('stringData');
  if (!change.after) return [finding(change, 'other', 'interrupting', 'secret-removed', `${called(change)} is removed`)];
  return [finding(change, 'exceptions', 'second-signer risk', 'secret-rendered', `${called(change)} is rendered: secrets are the secret manager's`, { refused: true, next: 'Take it out of the tree, and count what it held as known.' })];
}

/** Admission policies, constraints, webhooks: the layer that keeps a second signer out whoever asks. */
export function guard(change: ObjectChange, rest: Unexplained): Finding[] {
  const { kind, name } = change.id;
  const what = `${kind} "${name}"`;
  if (!change.before) return [finding(change, 'policies', 'interrupting', 'guard-added', `${what} is new: it refuses at once what it does not allow`)];
  if (!change.after) return [finding(change, 'policies', 'second-signer risk', 'guard-removed', `${what} is removed: what it refused is no longer refused by it`)];
  const changed = [...new Set(rest.left.filter(({ path }) => path[0] !== 'metadata').map(({ path }) => path.slice(0, 2).join('.')))];
  for (const field of new Set(changed.map((path) => path.split('.')[0]!))) rest.take(field);
  const softer = softened(change.before, change.after);
  return [
    ...softer.map((how) => finding(change, 'policies', 'second-signer risk', 'guard-softened', `${what} ${how}`)),
    ...(softer.length === 0 && changed.length > 0 ? [finding(change, 'policies', 'second-signer risk', 'guard-changed', `${what} changes ${changed.join(', ')}: read it; no program can tell what it lets through now`)] : []),
  ];
}

/** Ways of weakening that can be told from the fields alone. */
function softened(before: K8sObject, after: K8sObject): string[] {
  const [old, young] = [before['spec'], after['spec']] as { failurePolicy?: string; enforcementAction?: string; validationActions?: string[]; validations?: unknown[] }[];
  const found: string[] = [];
  if (old?.failurePolicy !== 'Ignore' && young?.failurePolicy === 'Ignore') found.push('lets everything through when it fails (failurePolicy: Ignore)');
  if (young?.enforcementAction !== undefined && young.enforcementAction !== 'deny' && !isDeepStrictEqual(old?.enforcementAction, young.enforcementAction)) found.push(`no longer refuses (enforcementAction: ${young.enforcementAction})`);
  if (old?.validationActions?.includes('Deny') && !young?.validationActions?.includes('Deny')) found.push('no longer refuses (validationActions without Deny)');
  if ((young?.validations?.length ?? 0) < (old?.validations?.length ?? 0)) found.push(`has ${old!.validations!.length - (young?.validations?.length ?? 0)} validations less`);
  const hooks = (object: K8sObject): { name?: string; failurePolicy?: string }[] => (object['webhooks'] as { name?: string; failurePolicy?: string }[] | undefined) ?? [];
  for (const hook of hooks(before)) {
    const now = hooks(after).find(({ name }) => name === hook.name);
    if (!now) found.push(`loses its webhook ${hook.name ?? ''}`);
    else if (hook.failurePolicy !== 'Ignore' && now.failurePolicy === 'Ignore') found.push(`lets everything through when ${hook.name ?? 'it'} is down`);
  }
  return found;
}

const text = (value: unknown): string => (value === undefined ? 'nothing' : typeof value === 'object' ? JSON.stringify(value) : `"${typeof value === 'string' ? value : JSON.stringify(value)}"`);
const list = (names: readonly string[]): string => (names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', '));
