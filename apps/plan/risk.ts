import type { Context } from './context';
import { called, finding } from './context';
import { differences, Unexplained, type ObjectChange, type TreeDifference } from './diff';
import type { Finding, TemplateChange } from './model';
import { declaredRules } from './rules/declared';
import { firstStarts, keyPlacements, type KeyHistory } from './rules/keys';
import { nodeTransition, unmergedPlacements } from './rules/nodes';
import { networkPolicy, service } from './rules/network';
import { isRbac, permissions } from './rules/permissions';
import { isProgramWorkload, programPlace, programWorkload } from './rules/programs';
import { configMap, guard, namespace, podDisruptionBudget, priorityClass, resourceQuota, secret, serviceAccount } from './rules/surroundings';
import { persistentVolumeClaim, storageClass } from './rules/volumes';
import { statefulSet } from './rules/workloads';

export interface Judgement {
  readonly findings: readonly Finding[];
  readonly templates: readonly TemplateChange[];
}

/** Says of everything that differs what it means. Nothing that differs goes unsaid: what no rule explains is told by its fields. Pure. */
export function judge(difference: TreeDifference, context: Context, history: KeyHistory | undefined): Judgement {
  const findings: Finding[] = [];
  const templates: TemplateChange[] = [];
  for (const change of difference.objects) {
    try {
      findings.push(...programPlace(change, context));
      if (isRbac(change)) continue;
      const judged = judgeObject(change, context, history);
      findings.push(...judged.findings);
      templates.push(...judged.templates);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      findings.push(malformed(change, error));
    }
  }
  for (const { file, before, after } of difference.files) {
    findings.push({ section: 'other', risk: 'harmless', code: 'file', what: `a file that is no manifest ${before === undefined ? 'is new' : after === undefined ? 'is removed' : 'changes'}`, cluster: file.split('/')[0] ?? '', subject: file });
  }
  for (const { id, files } of difference.twice) {
    findings.push({ section: 'other', risk: 'interrupting', code: 'declared-twice', what: `${id.kind} "${id.name}" is rendered twice, differently, in ${files.join(' and ')}`, refused: true, next: 'Render it once.', cluster: id.cluster, subject: `${id.namespace}/${id.name}` });
  }
  findings.push(...permissions(difference.objects.filter(isRbac), context.base, context.head), ...keyPlacements(difference, context, history), ...(history ? declaredRules(history.declared) : []));
  return { findings: oncePerPlace(findings), templates };
}

function judgeObject(change: ObjectChange, context: Context, history: KeyHistory | undefined): Judgement {
  const rest = new Unexplained(change.before && change.after ? differences(change.before, change.after) : []);
  const { findings, template }: { findings: Finding[]; template?: TemplateChange } =
    isProgramWorkload(change) ? { findings: programWorkload(change, rest) } : change.id.kind === 'StatefulSet' ? statefulSet(change, rest, context) : { findings: (RULES[change.id.kind] ?? (isGuard(change) ? guard : unknownKind))(change, rest, context) };
  const said = [...findings, ...nodeTransition(change, context), ...unmergedPlacements(change, context, history), ...firstStarts(change, context), ...lastResort(change, rest)];
  // A field that a rule took and made nothing of is told by its name.
  const silent = said.length === 0 && !template && change.before && change.after;
  return { findings: silent ? lastResort(change, new Unexplained(differences(change.before, change.after))) : said, templates: template ? [template] : [] };
}

/** A field that is a list in every object of its kind holds a word here: rules that go by it can't judge, and an API server would not take it. */
const malformed = (change: ObjectChange, error: TypeError): Finding =>
  finding(change, 'other', 'second-signer risk', 'malformed', `${called(change)} is not shaped as its kind is, so no rule can judge it (${error.message})`, { refused: true, next: 'Mend what renders it.' });

type Rule = (change: ObjectChange, rest: Unexplained, context: Context) => Finding[];

const RULES: Readonly<Record<string, Rule>> = {
  PersistentVolumeClaim: persistentVolumeClaim,
  StorageClass: storageClass,
  NetworkPolicy: networkPolicy,
  Service: service,
  ConfigMap: configMap,
  PodDisruptionBudget: podDisruptionBudget,
  ResourceQuota: resourceQuota,
  ServiceAccount: serviceAccount,
  Namespace: namespace,
  PriorityClass: priorityClass,
  Secret: secret,
};

const isGuard = ({ id: { group } }: ObjectChange): boolean => group === 'admissionregistration.k8s.io' || group.endsWith('.gatekeeper.sh');

/** A kind that no rule knows: it counts as one that takes effect at once. */
function unknownKind(change: ObjectChange, rest: Unexplained): Finding[] {
  if (change.before && change.after) return [];
  for (const field of Object.keys(change.after ?? change.before ?? {})) rest.take(field);
  return [finding(change, 'other', 'interrupting', 'unknown-kind', `${called(change)} ${change.after ? 'is new' : 'is removed'}; no rule knows this kind`)];
}

function lastResort(change: ObjectChange, rest: Unexplained): Finding[] {
  const meta = rest.take('metadata', 'labels').concat(rest.take('metadata', 'annotations'));
  const findings: Finding[] = [];
  if (meta.length > 0) findings.push(finding(change, 'other', 'harmless', 'labels', `${called(change)} changes ${names(meta.map(({ path }) => path.slice(1).join('.')))}`));
  if (rest.left.length > 0) findings.push(finding(change, 'interrupting', 'interrupting', 'changed', `${called(change)} changes ${names(rest.left.map(({ path }) => path.slice(0, 3).join('.')))} at once`));
  return findings;
}

function names(paths: readonly string[]): string {
  const unique = [...new Set(paths)];
  return unique.length > 5 ? `${unique.slice(0, 5).join(', ')} and ${unique.length - 5} more fields` : unique.join(', ');
}

/** A node's transition is seen on each of its objects, and is one. */
function oncePerPlace(findings: readonly Finding[]): Finding[] {
  const once = new Set<string>();
  return findings.filter((one) => {
    if (!/^(node-|first-start)/.test(one.code)) return true;
    const key = JSON.stringify([one.code, one.cluster, one.network, one.subject]);
    if (once.has(key)) return false;
    once.add(key);
    return true;
  });
}
