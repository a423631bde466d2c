import { AGENT } from '../../../contract/agent';
import type { AgentConfig } from '../../../contract/agent-config';
import { state } from '../../../model/keys/text';
import { claimsOf } from '../../../constructs/claims';
import { finding, type Context, type NodeChange } from '../context';
import type { ObjectChange } from '../diff';
import type { Finding, Risk } from '../model';
import { label, type K8sObject } from '../tree';
import type { KeyHistory } from './keys';

/** Nodes that come, go, start and stop; one finding a node. An apply starts, and neither stops nor removes: policies of the cluster see to that. */
export function nodeTransition(change: ObjectChange, context: Context): Finding[] {
  // Only these objects make a state.
  const { kind: of } = change.id;
  if (!(of === 'StatefulSet' && replicasOf(change.before) !== replicasOf(change.after)) && !(of === 'PersistentVolumeClaim' && !(change.before && change.after))) return [];
  const node = context.nodeOf(change);
  if (!node || node.before === node.after) return [];
  const { before, after, signs: signer } = node;
  const kind = signer ? 'signer' : 'node';
  const say = (risk: Risk, code: string, what: string, more = {}): Finding[] => [finding(change, 'nodes', risk, code, what, more)];
  const stopFirst = `applying this does not stop it: an operator stops it first (\`npm run manifests -- stop\`), else the plan of its cluster's manifests refuses`;
  if (before === 'absent') {
    if (after === 'running') return say(signer ? 'second-signer risk' : 'harmless', 'node-new', `new ${kind}: its pods start as soon as it is applied${signer ? firstStart(node, change, context) : ''}`);
    return say('harmless', 'node-new', `new ${kind}, ${after}`);
  }
  if (after === 'absent') {
    return before === 'retired'
      ? say('data loss', 'node-deleted', 'retired node is deleted from the fleet: its disks stay in the cluster, undeclared')
      : say('data loss', 'node-deleted', `${before} ${kind} is deleted from the fleet: its disks would be left undeclared`, { refused: true, next: 'Retire it first (state: retired), in a change of its own, and its keys with it.' });
  }
  if (after === 'running') {
    return say(signer ? 'second-signer risk' : 'interrupting', 'node-started', `${before} ${kind} is started as soon as it is applied${signer ? `: its keys sign, from the signing state on its disk${firstStart(node, change, context)}` : ''}`);
  }
  if (after === 'retired') {
    const stays = 'nothing removes its workload, which stays at zero replicas until break-glass deletes it; its disks stay';
    if (before !== 'running') return say('interrupting', 'node-retired', `${before} ${kind} is retired: ${stays}`);
    if (!signer) return say('interrupting', 'node-retired', `running node is retired, and nothing stops it: an operator does (\`npm run manifests -- stop\`); then ${stays}`);
    return say('second-signer risk', 'node-retired', 'running signer is retired while what is merged has it running: nothing stops it, and its keys would count as free', {
      refused: true,
      next: 'Declare it stopped first (state: stopped), have an operator stop it, apply and merge that; retire it in a change of its own.',
    });
  }
  return say('interrupting', 'node-stopped', before === 'running' ? `running ${kind} is declared stopped: ${stopFirst}` : `${before} ${kind} is declared again, stopped`);
}

/**
 * Signers whose keys the merged journal does not place where they are claimed. Two changes may place one key, and be applied before either is merged: a cluster's manifests
 * let no such signer start, and leave one that runs as it is (`apps/deploy/placements.ts`).
 */
export function unmergedPlacements(change: ObjectChange, context: Context, history: KeyHistory | undefined): Finding[] {
  const { before, after, id } = change;
  if (history === undefined || history.base.problems.length > 0 || id.kind !== 'StatefulSet' || after === undefined) return [];
  const { network, node, keys } = claimsOf(after, { cluster: id.cluster, configMaps: context.beside(change, 'head', 'ConfigMap') });
  const merged = state(history.base.entries);
  const missing = keys.filter((key) => {
    const at = merged.get(key);
    return at?.status !== 'placed' || at.network !== network || at.cluster !== id.cluster || at.node !== node;
  });
  if (missing.length === 0) return [];
  const starts = replicasOf(after) !== 0 && (before === undefined || replicasOf(before) === 0);
  if (!starts) return [finding(change, 'keys', 'second-signer risk', 'node-unmerged', `the StatefulSet of ${change.component ?? id.name} is left as it is until the journal is merged that places its keys; the next change of its cluster applies it`)];
  return [
    finding(change, 'keys', 'second-signer risk', 'node-unmerged', `${change.component ?? id.name} would start with a key whose placement is not merged: another change may place it elsewhere`, {
      refused: true,
      next: 'Declare the node stopped in this change (state: stopped), have that applied and merged, then start it in a change of its own.',
    }),
  ];
}

const replicasOf = (object: K8sObject | undefined): unknown => (object?.['spec'] as { replicas?: number } | undefined)?.replicas;

/** What becomes of a signer's first start; nothing where its disk may hold what it signed, or where no guard looks. */
function firstStart({ before }: NodeChange, change: ObjectChange, context: Context): string {
  const guards = context.beside(change, 'head', 'ConfigMap').filter((object) => label(object, 'node') === change.node).flatMap((object) => guardOf(object) ?? []);
  if (guards.length === 0) return before === 'absent' ? ', and it signs: nothing guards its first start' : '';
  if (guards.some(({ firstStart: approved }) => approved)) return before === 'absent' ? ', and it signs: its first start is approved' : '; an empty disk is taken for the right one: its first start is approved';
  return before === 'absent' ? ', but the guard stops it: its first start is not approved' : '; where that is empty the guard stops it: its first start is not approved';
}

function guardOf(object: K8sObject): AgentConfig['guard'] {
  try {
    return (JSON.parse((object['data'] as Record<string, string> | undefined)?.[AGENT.configKey] ?? '{}') as Partial<AgentConfig>).guard;
  } catch {
    return undefined;
  }
}
