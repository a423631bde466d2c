import { holdOf } from '../../acts/component';
import { type Failure, refuse, told, UserError } from '../../errors/user-error';
import { isKubeError, type KubeError } from '../../kube/errors';
import type { Kube } from '../../kube/kube';
import type { Live } from '../../kube/objects';
import { pathTo, PODS, STATEFUL_SETS } from '../../kube/paths';
import { deadlineIn, until } from '../../kube/wait';
import type { Manifest } from '../../constructs/manifest';
import { FIELD_MANAGER, substanceDigest } from './compare';
import { judgePlacements, placementsOf, replicasOf, type Declared } from './placements';
import { describeUnmerged } from './plan';
import type { PlanFile, Planned } from './plan-file';
import { read } from './read';
import { manifestsOfNodes, nameOf, STAGES, type Stage } from './rendered';

export interface ApplyOptions {
  /** The identity that builds clusters: what bounds nodes. */
  readonly platform: Kube;
  /** Applies workloads. */
  readonly deployer: Kube;
  /** As it is now: what was merged since the plan counts. */
  readonly declared: Declared;
  readonly say: (line: string) => void;
  /** How long to wait for what follows from an apply: quotas that are counted, kinds that are served, StatefulSets that are looked at. @default 120 */
  readonly timeoutSeconds?: number;
}

/**
 * Applies what a plan holds and nothing else, to the cluster that it was made for, if that is still in the state that was reviewed. Nothing is
 * deleted, nothing is forced, and no pod that runs is replaced; the last is checked, not only meant. A key whose placement was retired or moved since it
 * was planned starts nowhere.
 *
 * @throws UserError before anything was done, or with what was done until then
 */
export async function applyPlan(plan: PlanFile, { platform, deployer, declared, say: print, timeoutSeconds = 120 }: ApplyOptions): Promise<void> {
  const say = (line: string): void => print(told(line));
  const touched = stillPlaced(plan, declared, say);
  const identities = { platform, deployer };
  await isPlanned('platform', platform, plan);
  // In a new cluster the deployer is nobody until its roles are there.
  const deployerIsKnown = await isPlanned('deployer', deployer, plan, 'unless-forbidden');
  const held = await unchangedSince(platform, touched);
  for (const name of held) say(`! ${name} was held since it was planned: left as it is`);
  const toApply = touched.filter(({ manifest }) => !held.has(nameOf(manifest)));
  if (toApply.length === 0) return say('Nothing to apply.');

  const workloads = toApply.filter(({ stage }) => stage === 'workloads');
  const namespaces = [...new Set(workloads.map(({ manifest }) => manifest.metadata.namespace!))];
  const before = await livesIn(platform, namespaces);
  const done: string[] = [];
  for (const stage of STAGES) {
    const objects = toApply.filter((one) => one.stage === stage);
    if (objects.length === 0) continue;
    const { by } = objects[0]!;
    const kube = identities[by];
    if (by === 'deployer' && !deployerIsKnown) await until(deadlineIn(timeoutSeconds), 'the deployer may read the cluster', () => isPlanned('deployer', deployer, plan, 'unless-forbidden'));
    const refused: string[] = [];
    for (const { manifest } of objects) {
      const error = await applyOne(kube, manifest);
      if (error === undefined) {
        done.push(nameOf(manifest));
        say(`applied ${nameOf(manifest)}`);
        continue;
      }
      refused.push(`${nameOf(manifest)}: ${error.words === '' ? error.message : error.words}`);
      // Whoever does not answer one is not asked the next.
      if (error.transient) break;
    }
    if (refused.length > 0) {
      throw new UserError([
        {
          message: `stopped at ${stage}, since something was refused. ${done.length} of ${toApply.length} objects were applied, in their order; no running pod is touched by that.`,
          detail: refused.join('\n'),
          next: 'Mend what was refused and plan again: what was applied is then unchanged.',
        },
      ]);
    }
    await AFTER[stage]?.(kube, objects, deadlineIn(timeoutSeconds));
  }
  await nothingRestarted(platform, workloads, before, deadlineIn(timeoutSeconds));
  say(`${done.length} applied. No running pod ${toApply.some(({ stage }) => stage === 'programs') ? 'of a node ' : ''}was replaced.`);
}

/** Never by force. @returns why it was not done */
async function applyOne(kube: Kube, manifest: Manifest): Promise<KubeError | undefined> {
  try {
    await kube.apply(manifest, { fieldManager: FIELD_MANAGER });
    return undefined;
  } catch (error) {
    if (isKubeError(error)) return error;
    throw error;
  }
}

/** What is to be applied, by the journal that is merged by now. @throws UserError where a key would sign that it places elsewhere, or nowhere, since the plan */
function stillPlaced({ objects, cluster }: PlanFile, declared: Declared, say: ApplyOptions['say']): readonly Planned[] {
  const { unmerged, problems } = judgePlacements(manifestsOfNodes(objects), cluster, declared);
  const touched = objects.filter(({ action }) => action === 'create' || action === 'update');
  const moved = touched.filter(({ manifest }) => unmerged.has(nameOf(manifest)));
  const dangers = moved.filter(({ manifest }) => replicasOf(manifest) > 0);
  const all = [...problems, ...dangers.map(({ manifest }): Failure => ({ message: `${nameOf(manifest)} claims a key that is no longer placed here: ${placementsOf(unmerged.get(nameOf(manifest))!)} was retired or moved since it was planned`, next: 'Plan again, and have that reviewed.' }))];
  if (all.length > 0) throw new UserError(all);
  for (const one of objects) if (one.action === 'unmerged') say(describeUnmerged(one));
  for (const one of moved) say(describeUnmerged({ ...one, unmerged: unmerged.get(nameOf(one.manifest)) }));
  return touched.filter((one) => !moved.includes(one));
}

/** Whether an identity reaches the cluster that was planned; false where it may not even ask. @throws UserError where it is another */
async function isPlanned(who: string, kube: Kube, { clusterUid: planned }: PlanFile, forbidden?: 'unless-forbidden'): Promise<boolean> {
  let uid: string | undefined;
  try {
    uid = await kube.clusterUid();
  } catch (error) {
    if (forbidden !== undefined && isKubeError(error, 'forbidden')) return false;
    throw error;
  }
  if (uid !== planned) refuse(`the kubeconfig of the ${who} leads to another cluster (${uid ?? 'unknown'}) than was planned (${planned})`, 'Name the kubeconfig of the cluster that was planned.');
  return true;
}

/** @returns names of StatefulSets that an operator has held since the plan @throws UserError where something else changed */
async function unchangedSince(kube: Kube, touched: readonly Planned[]): Promise<ReadonlySet<string>> {
  const { live } = await read(kube, touched.map(({ manifest }) => manifest));
  const held = new Set<string>();
  const problems: Failure[] = touched.flatMap(({ manifest, before }): Failure[] => {
    const name = nameOf(manifest);
    const now = live.get(name);
    if (before === (now === undefined ? undefined : substanceDigest(now))) return [];
    if (manifest.kind === 'StatefulSet' && holdOf(now) !== undefined) {
      held.add(name);
      return [];
    }
    const what = now === undefined ? 'is gone' : before === undefined ? 'was made by somebody else' : 'was changed';
    return [{ message: `${name} ${what} since it was planned, so what was reviewed is not what would happen`, next: 'Plan again, and have that reviewed.' }];
  });
  if (problems.length > 0) throw new UserError(problems);
  return held;
}

const AFTER: Partial<Record<Stage, (kube: Kube, objects: readonly Planned[], deadline: number) => Promise<void>>> = {
  // Until the controller has counted, the API server refuses whatever a quota limits.
  platform: async (kube, objects, deadline) => {
    const quotas = objects.filter(({ manifest }) => manifest.kind === 'ResourceQuota');
    await until(deadline, 'every ResourceQuota was counted', async () => {
      for (const { manifest } of quotas) {
        const live = await kube.find<Live & { spec: { hard: object }; status?: { hard?: object } }>(pathTo({ apiVersion: 'v1', plural: 'resourcequotas' }, manifest.metadata));
        if (JSON.stringify(live?.spec.hard) !== JSON.stringify(live?.status?.hard)) return false;
      }
      return true;
    });
  },
  // Constraints are of kinds that Gatekeeper makes from templates.
  'gatekeeper-templates': (kube, objects, deadline) => {
    const kinds = objects.map(({ manifest }) => (manifest['spec'] as { crd: { spec: { names: { kind: string } } } }).crd.spec.names.kind);
    return until(deadline, `Gatekeeper has made ${kinds.length} kinds`, async () => {
      for (const kind of kinds) if ((await kube.served({ apiVersion: 'constraints.gatekeeper.sh/v1beta1', kind })) === undefined) return false;
      return true;
    });
  },
};

interface StatefulSet extends Live {
  readonly status?: { readonly observedGeneration?: number };
}

/** Waits until the controller has acted on every StatefulSet of a node, and compares the pods. @throws UserError where one was replaced */
async function nothingRestarted(kube: Kube, applied: readonly Planned[], before: ReadonlyMap<string, string>, deadline: number): Promise<void> {
  const workloads = new Set(applied.map(({ manifest }) => nameOf(manifest)));
  const namespaces = [...new Set([...workloads].map((name) => /^StatefulSet ([^/]+)\//.exec(name)![1]!))];
  await until(deadline, 'the controller has looked at every StatefulSet', async () => {
    for (const namespace of namespaces) {
      const { items } = await kube.list<StatefulSet>(pathTo(STATEFUL_SETS, { namespace }));
      const waiting = items.some(({ metadata, status }) => workloads.has(`StatefulSet ${namespace}/${metadata.name}`) && status?.observedGeneration !== metadata.generation);
      if (waiting) return false;
    }
    return true;
  });
  const after = await livesIn(kube, namespaces);
  const replaced = [...before].filter(([name, uid]) => after.get(name) !== uid).map(([name]) => name);
  if (replaced.length > 0) refuse(`pods that ran before are gone or were replaced: ${replaced.join(', ')}`, 'Applying does not do that: find out who did (kubectl get events, the audit log), and look whether each signs once.');
}

/** The life that each pod is in. */
async function livesIn(kube: Kube, namespaces: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const lives = new Map<string, string>();
  for (const namespace of namespaces) {
    for (const { metadata } of (await kube.list(pathTo(PODS, { namespace }))).items) {
      if (metadata.deletionTimestamp === undefined) lives.set(`${namespace}/${metadata.name}`, metadata.uid);
    }
  }
  return lives;
}
