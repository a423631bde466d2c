import { PLATFORM_ROLES, rulesFor, type PlatformRole } from '../../apps/platform/permissions';
import { nodeOperatorRules } from '../../constructs/node-role';
import { ANNOTATIONS } from '../../naming';
import type { DocumentedCommand } from './commands';
import type { Fault } from './pages';

/** Who a page says acts. The identity that builds clusters is cluster admin: RBAC lets it, the policies know it as `platform`. */
export type Actor = PlatformRole | 'platform';

const SPOKEN: readonly (readonly [RegExp, Actor])[] = [
  [/\bbreak-glass\b/gi, 'breakGlass'],
  [/\boperators?\b/gi, 'operator'],
  [/\bdata custodians?\b/gi, 'dataCustodian'],
  [/\bdeployer\b/gi, 'deployer'],
  [/\bidentity that builds clusters\b/gi, 'platform'],
];

/** A request that a `kubectl` command makes, as RBAC sees it. */
interface Request {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
}

const KINDS: Readonly<Record<string, readonly [group: string, resource: string]>> = {
  statefulset: ['apps', 'statefulsets'],
  pod: ['', 'pods'],
  pdb: ['policy', 'poddisruptionbudgets'],
  service: ['', 'services'],
  pvc: ['', 'persistentvolumeclaims'],
  pv: ['', 'persistentvolumes'],
  node: ['', 'nodes'],
  validatingwebhookconfiguration: ['admissionregistration.k8s.io', 'validatingwebhookconfigurations'],
};
const READS = ['get', 'describe', 'logs', 'wait', 'auth', 'config', 'version', 'diff', 'api-resources', 'top'];

/** Commands that write to a cluster; a verb that is only named, as in "`kubectl scale` starts nothing", is none. */
export function writes(commands: readonly DocumentedCommand[]): readonly DocumentedCommand[] {
  return commands.filter(({ args: [program, ...args] }) => {
    const [verb = '', name] = withoutGlobals(args);
    return program === 'kubectl' && !READS.includes(verb) && name !== undefined;
  });
}

/** What a page tells somebody to do with `kubectl` that they may not: the roles don't grant it, a policy refuses it, or nobody is named. */
export function refusedActs(commands: readonly DocumentedCommand[]): Fault[] {
  return writes(commands).flatMap(({ page, line, text, args, around }) => {
    const [verb = '', name = ''] = withoutGlobals(args.slice(1));
    const found = (problem: string): Fault[] => [{ page, line, problem: `\`${text}\`: ${problem}` }];
    const requests = requestsOf(verb, name);
    if (requests === undefined) return found(`test/docs/gates.ts doesn't know what "${verb} ${name}" asks for: say it there`);
    const allowed = [...PLATFORM_ROLES, 'platform' as const].filter((who) => requests.every((request) => may(who, request)) && !refusedByPolicy(who, verb, name, args));
    // A page may also show what is refused, to everybody.
    if (/^[^.]{0,12}\bis refused\b/.test(around[0]!.split('\u0000')[1] ?? '')) return allowed.length === 0 ? [] : found(`is said to be refused, and ${allowed.join(', ')} may do it`);
    const who = actorOf(around);
    if (who === undefined) return found(`nobody is named who does it; ${allowed.join(', ') || 'nobody'} may`);
    if (!allowed.includes(who)) return found(`${who} may not do it; ${allowed.join(', ') || 'nobody'} may`);
    return [];
  });
}

/** The last one named before the command in its own block, else the first in what surrounds it. */
function actorOf([own = '', ...around]: readonly string[]): Actor | undefined {
  const [before = '', after = ''] = own.split('\u0000');
  const inOrder = (text: string): Actor[] =>
    SPOKEN.flatMap(([pattern, actor]) => [...text.matchAll(pattern)].map(({ index }) => ({ index, actor })))
      .sort((a, b) => a.index - b.index)
      .map(({ actor }) => actor);
  return inOrder(before).at(-1) ?? inOrder(after)[0] ?? around.map((text) => inOrder(text).at(-1)).find((one) => one !== undefined);
}

const GLOBALS = ['-n', '--namespace', '--kubeconfig', '--context'];
function withoutGlobals(args: readonly string[]): string[] {
  return args.filter((one, index) => !GLOBALS.includes(one) && !GLOBALS.includes(args[index - 1] ?? ''));
}

function requestsOf(verb: string, name: string): readonly Request[] | undefined {
  const asks = (what: string, [group, resource]: readonly [string, string]): Request[] => [{ verb: what, group, resource }];
  const kind = KINDS[name];
  if (verb === 'patch' || verb === 'annotate') return kind && asks('patch', kind);
  if (verb === 'delete') return kind && asks('delete', kind);
  if (verb === 'scale') return kind && asks('patch', [kind[0], `${kind[1]}/scale`]);
  if (verb === 'cordon' || verb === 'uncordon') return asks('patch', ['', 'nodes']);
  if (verb === 'drain') return [...asks('patch', ['', 'nodes']), ...asks('create', ['', 'pods/eviction']), ...asks('list', ['', 'pods']), ...asks('list', ['apps', 'daemonsets'])];
  // A whole folder of what bounds nodes.
  if (verb === 'apply') return asks('create', ['rbac.authorization.k8s.io', 'clusterroles']);
  return undefined;
}

/** Whether the table's roles grant it; an operator's are those of a node. */
function may(who: Actor, { verb, group, resource }: Request): boolean {
  if (who === 'platform') return true;
  const rules = [...rulesFor(who, 'namespaced'), ...rulesFor(who, 'cluster'), ...(who === 'operator' ? nodeOperatorRules('x', ['x']) : [])];
  return rules.some((rule) => rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb));
}

/**
 * What the admission policies refuse of what RBAC grants, as far as pages come near it. `test/cluster/acts/` shows each on a live API server, by the rule that is named here.
 */
function refusedByPolicy(who: Actor, verb: string, name: string, args: readonly string[]): boolean {
  const patch = args[args.indexOf('-p') + 1] ?? '';
  const fields = verb === 'patch' ? leaves(patch) : [];
  // dry-runs-only
  if (who === 'planner') return true;
  const replicas = Number(/--replicas=(\d+)/.exec(args.join(' '))?.[1] ?? value(patch, 'spec.replicas') ?? Number.NaN);
  switch (name) {
    case 'statefulset':
      // single-replica; hold: a Scale starts nothing.
      if (replicas > 1 || (verb === 'scale' && replicas > 0 && who !== 'breakGlass')) return true;
      // workload-writers: what operators change, and who fires and stops.
      if (verb === 'patch' && who === 'operator') return fields.some((field) => !OPERATORS.includes(field));
      if (verb === 'scale' || replicas === 0 || value(patch, PARTITION) === '0') return !MAY_FIRE.includes(who);
      if (verb === 'patch') return false;
      // workload-deletion
      return verb === 'delete' && (!['rolloutEngine', 'breakGlass'].includes(who) || args.includes('--cascade=orphan'));
    case 'pod':
      // pod-deletion, pod-changes: a shorter grace and its proof are break-glass's.
      if (verb === 'delete') return /--force|--grace-period|--now/.test(args.join(' ')) ? who !== 'breakGlass' : !MAY_FIRE.includes(who);
      return verb === 'annotate' && (who !== 'breakGlass' || !args.some((one) => one.startsWith(`${ANNOTATIONS.machineEnded}=x: `)));
    case 'pdb':
      // budgets
      return verb === 'patch' && (fields.some((field) => field !== 'spec.maxUnavailable') || (value(patch, 'spec.maxUnavailable') !== '0' && !MAY_FIRE.includes(who)));
    case 'service':
      // surroundings
      return verb === 'delete' && !['rolloutEngine', 'breakGlass'].includes(who);
    case 'pvc':
    case 'pv':
      // volume-claims, persistent-volumes
      return verb === 'delete' && who !== 'dataCustodian';
    case 'validatingwebhookconfiguration':
      // webhook-guard
      return who !== 'platform';
    default:
      // A drain that goes past budgets or graces: budgets, pod-deletion.
      return verb === 'drain' && args.some((one) => /^--(force|disable-eviction|grace-period)/.test(one));
  }
}

const MAY_FIRE: readonly Actor[] = ['operator', 'rolloutEngine', 'breakGlass'];
const PARTITION = 'spec.updateStrategy.rollingUpdate.partition';
const OPERATORS = ['spec.replicas', PARTITION, `metadata.annotations.${ANNOTATIONS.hold}`];

/** Paths of a merge patch; of what can't be read: the whole. */
function leaves(patch: string): string[] {
  const below = (at: unknown, path: string): string[] => (at !== null && typeof at === 'object' ? Object.entries(at).flatMap(([key, inner]) => below(inner, path === '' ? key : `${path}.${key}`)) : [path]);
  try {
    return below(JSON.parse(patch) as unknown, '');
  } catch {
    return ['(no JSON)'];
  }
}

function value(patch: string, path: string): string | undefined {
  try {
    const found = path.split('.').reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], JSON.parse(patch) as unknown);
    return found === undefined ? undefined : JSON.stringify(found);
  } catch {
    return undefined;
  }
}
