import { AGENT } from '../../../contract/agent';
import type { AgentConfig } from '../../../contract/agent-config';
import { catalogue } from '../../../chains';
import type { Problem } from '../../../model/errors';
import type { Declarations } from '../../../model/keys/declarations';
import { asDeclared, keyNames, type KeyNames } from '../../../model/keys/names';
import { shortened } from '../../../model/keys/journal';
import { waits } from '../../../model/keys/waits';
import { checkTransition, transitionRules } from '../../../model/keys/transitions';
import { state } from '../../../model/keys/text';
import type { KeysLock, ReadEntry } from '../../../model/keys/journal';
import { finding, type Context } from '../context';
import type { ObjectChange, TreeDifference } from '../diff';
import type { Finding } from '../model';
import { clusterOf, grouped, label, type K8sObject, type RenderedTree } from '../tree';

/** The journals of both revisions, and what a placement is judged by. */
export interface KeyHistory {
  readonly base: KeysLock;
  readonly head: KeysLock;
  /** What each of them declares; what demands more counts. */
  readonly declared: { readonly base: Declarations; readonly head: Declarations };
  readonly now: Date;
  readonly baseName: string;
}

/**
 * Where keys may sign: what the journals say, and, independently of them, what the rendered configurations claim. A key that is taken from one
 * place and given to another in one change is refused: clusters are applied one by one.
 */
export function keyPlacements(difference: TreeDifference, context: Context, history: KeyHistory | undefined): Finding[] {
  const names = history ? keyNames([history.declared.head, history.declared.base], catalogue) : String;
  const journal = history ? ofJournal(history, names) : [];
  return [...journal, ...ofTrees(difference, context, names), ...(history ? changedWaits(history) : [])];
}

/** A first start takes an empty signing volume for the right one. */
export function firstStarts(change: ObjectChange, context: Context): Finding[] {
  if (change.id.kind !== 'ConfigMap' || change.component === undefined || !agentOf(change.after)?.guard?.firstStart) return [];
  const earlier = context.beside(change, 'base', 'ConfigMap').filter((object) => label(object, 'component') === change.component && label(object, 'node') === change.node);
  if (earlier.some((object) => agentOf(object)?.guard?.firstStart)) return [];
  return [finding(change, 'keys', 'second-signer risk', 'first-start', `first start of ${change.component} is approved: an empty signing volume is taken for the right one`)];
}

function ofJournal({ base, head, declared, now, baseName }: KeyHistory, names: KeyNames): Finding[] {
  const broken = [...base.problems.map((problem) => ({ ...problem, message: `in ${baseName}: ${problem.message}` })), ...head.problems];
  if (broken.length > 0) return broken.map(refusal);
  const problems = checkTransition(base.entries, head.entries, transitionRules({ ...declared, now, baseName }, catalogue)).map((problem) => asDeclared(problem, names));
  const merged = state(base.entries);
  const fresh = head.entries.slice(base.entries.length);
  const rewritten = problems.some(({ code }) => code.includes('history') || code.includes('rewritten'));
  return [...problems.map(refusal), ...(rewritten ? [] : fresh.map((entry) => placement(entry, merged.has(entry.key), names)))];
}

const refusal = (problem: Problem): Finding => ({
  section: 'keys',
  risk: 'second-signer risk',
  code: problem.code,
  what: problem.message,
  refused: true,
  next: problem.next,
  cluster: problem.places[0]?.file ?? 'keys.lock',
  subject: problem.places[0] ? `line ${problem.places[0].line}` : 'whole file',
});

const placement = ({ act, network, cluster, node, proof, key }: ReadEntry, known: boolean, names: KeyNames): Finding => ({
  section: 'keys',
  risk: 'second-signer risk',
  code: act === 'place' ? 'key-placed' : 'key-retired',
  what: act === 'place' ? `key ${shortened(names(key))} is placed at ${node}${known ? ', after its retirement' : ' for the first time'}` : `key ${shortened(names(key))} is retired from ${node}; proof: ${proof ?? 'none'}`,
  network,
  cluster,
  subject: node,
});

interface Claim {
  readonly key: string;
  readonly cluster: string;
  readonly network: string;
  readonly node: string;
}

function ofTrees({ objects }: TreeDifference, context: Context, names: KeyNames): Finding[] {
  const of = (side: 'before' | 'after'): Map<string, Claim[]> => grouped(objects.flatMap((change) => claims(change[side], change.id.cluster)), ({ key }) => key);
  const [gone, come] = [of('before'), of('after')];
  const findings: Finding[] = [];
  const at = ({ cluster, node }: Claim): string => `${cluster}/${node}`;
  const added = [...come].flatMap(([key, places]) => places.filter((place) => !(gone.get(key) ?? []).some((earlier) => at(earlier) === at(place))));
  // Only where a key turns up: everything else that claims it, in the files that did not change too.
  const everywhere = added.length === 0 ? undefined : { base: allClaims(context.base), head: allClaims(context.head) };
  const say = (claim: Claim, code: string, what: string, more: { refused?: boolean; next?: string } = {}): void =>
    void findings.push({ section: 'keys', risk: 'second-signer risk', code, what, network: claim.network, cluster: claim.cluster, subject: claim.node, ...more });
  for (const claim of added) {
    const before = (everywhere?.base.get(claim.key) ?? []).filter((place) => at(place) !== at(claim));
    const twice = (everywhere?.head.get(claim.key) ?? []).filter((place) => at(place) !== at(claim));
    if (twice.length > 0) {
      say(claim, 'key-twice', `key ${shortened(names(claim.key))} would be claimed here and at ${at(twice[0]!)}`, { refused: true, next: 'A key has one place: take it from one of the two.' });
    } else if (before.length > 0) {
      say(claim, 'key-moved', `key ${shortened(names(claim.key))} would move here from ${at(before[0]!)} in one change: its old signer may still run when the new one starts`, {
        refused: true,
        next: 'Retire it there first (`npm run keys -- retire`), merge and apply that, wait, then place it here.',
      });
    } else say(claim, 'key-claimed', 'starts to sign with a key that it did not have, once it is fired or started');
  }
  for (const [key, places] of gone) {
    for (const place of places) {
      if ((come.get(key) ?? []).some((other) => at(other) === at(place))) continue;
      say(place, 'key-dropped', 'no longer has a key that it signed with; a running pod goes on signing until it is fired or stopped');
    }
  }
  return findings;
}

function allClaims(tree: RenderedTree): Map<string, Claim[]> {
  const claimed = /^\s*"claim":/m;
  return grouped(
    tree.paths.flatMap((path) => (claimed.test(tree.text(path)!) ? tree.documents(path).filter(({ text }) => claimed.test(text)).flatMap((document) => tree.parse(document).flatMap((object) => claims(object, clusterOf(path)))) : [])),
    ({ key }) => key,
  );
}

/** The keys that a component's agent asks for. */
function claims(object: K8sObject | undefined, cluster: string): Claim[] {
  const agent = agentOf(object);
  if (!agent) return [];
  const node = label(object, 'node') ?? object!.metadata.name;
  return (agent.secrets ?? []).flatMap(({ claim }) => (claim === undefined ? [] : [{ key: claim, cluster, network: label(object, 'network') ?? '', node }]));
}

/** Undefined where it is no agent's configuration, or one that can't be read. */
function agentOf(object: K8sObject | undefined): Partial<AgentConfig> | undefined {
  if (object?.kind !== 'ConfigMap') return undefined;
  const text = (object['data'] as Record<string, string> | undefined)?.[AGENT.configKey];
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Partial<AgentConfig>);
  } catch {
    return undefined;
  }
}

/** What a key would wait by each revision alone. A network that is gone, or of another chain, counts by what is left of it. */
function changedWaits({ declared: { base, head }, baseName }: KeyHistory): Finding[] {
  return [...base.networks.keys()].flatMap((network) => {
    const [before, after] = [waits(base, base, baseName, catalogue).of(network).minutes, waits(head, head, baseName, catalogue).of(network).minutes];
    if (!head.networks.has(network) || before === after) return [];
    const what = `the wait before a key is placed again goes from ${before} to ${after} minutes; this change itself is judged by the longer one`;
    return [{ section: 'keys' as const, risk: after < before ? ('second-signer risk' as const) : ('harmless' as const), code: 'key-wait-changed', what, network, cluster: 'all clusters', subject: network }];
  });
}
