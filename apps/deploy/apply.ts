import { setTimeout as sleep } from 'node:timers/promises';
import { type Failure, refuse, told, UserError } from '../../errors/user-error';
import { substanceDigest } from './compare';
import { applyServerSide, getRaw, rootOf, type Live } from './kubectl';
import type { Access } from './access';
import { judgePlacements, placementsOf, replicasOf, type Declared } from './placements';
import { describeUnmerged } from './plan';
import type { PlanFile, Planned } from './plan-file';
import { clusterUid, holdOf, listOf, read } from './read';
import { manifestsOfNodes, nameOf, STAGES, type Stage } from './rendered';

export interface ApplyOptions {
  /** The identity that builds clusters: what bounds nodes. */
  readonly platform: Access;
  /** Applies workloads. */
  readonly deployer: Access;
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
    const access = identities[by];
    if (by === 'deployer' && !deployerIsKnown) await until(deadlineIn(timeoutSeconds), 'the deployer may read the cluster', () => isPlanned('deployer', deployer, plan, 'unless-forbidden'));
    const result = await applyServerSide(access, objects.map(({ manifest }) => manifest));
    done.push(...result.objects.map(nameOf));
    for (const object of result.objects) say(`applied ${nameOf(object)}`);
    if (result.refused !== '') {
      throw new UserError([
        {
          message: `stopped at ${stage}, since something was refused. ${done.length} of ${toApply.length} objects were applied, in their order; no running pod is touched by that.`,
          detail: result.refused,
          next: 'Mend what was refused and plan again: what was applied is then unchanged.',
        },
      ]);
    }
    await AFTER[stage]?.(access, objects, deadlineIn(timeoutSeconds));
  }
  await nothingRestarted(platform, workloads, before, deadlineIn(timeoutSeconds));
  say(`${done.length} applied. No running pod ${toApply.some(({ stage }) => stage === 'programs') ? 'of a node ' : ''}was replaced.`);
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
async function isPlanned(who: string, access: Access, { clusterUid: planned }: PlanFile, forbidden?: 'unless-forbidden'): Promise<boolean> {
  let uid: string | undefined;
  try {
    uid = await clusterUid(access);
  } catch (error) {
    if (forbidden !== undefined && error instanceof UserError && /\(Forbidden\)/.test(error.message)) return false;
    throw error;
  }
  if (uid !== planned) refuse(`the kubeconfig of the ${who} leads to another cluster (${uid ?? 'unknown'}) than was planned (${planned})`, 'Name the kubeconfig of the cluster that was planned.');
  return true;
}

/** @returns names of StatefulSets that an operator has held since the plan @throws UserError where something else changed */
async function unchangedSince(access: Access, touched: readonly Planned[]): Promise<ReadonlySet<string>> {
  const { live } = await read(access, touched.map(({ manifest }) => manifest));
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

const AFTER: Partial<Record<Stage, (access: Access, objects: readonly Planned[], deadline: number) => Promise<void>>> = {
  // Until the controller has counted, the API server refuses whatever a quota limits.
  platform: async (access, objects, deadline) => {
    const quotas = objects.filter(({ manifest }) => manifest.kind === 'ResourceQuota');
    await until(deadline, 'every ResourceQuota was counted', async () => {
      for (const { manifest } of quotas) {
        const live = await getRaw<Live & { spec: { hard: object }; status?: { hard?: object } }>(access, `/api/v1/namespaces/${manifest.metadata.namespace}/resourcequotas/${manifest.metadata.name}`);
        if (JSON.stringify(live?.spec.hard) !== JSON.stringify(live?.status?.hard)) return false;
      }
      return true;
    });
  },
  // Constraints are of kinds that Gatekeeper makes from templates.
  'gatekeeper-templates': (access, objects, deadline) => {
    const kinds = objects.map(({ manifest }) => (manifest['spec'] as { crd: { spec: { names: { kind: string } } } }).crd.spec.names.kind);
    return until(deadline, `Gatekeeper has made ${kinds.length} kinds`, async () => {
      const served = await getRaw<{ resources: { kind: string }[] }>(access, rootOf('constraints.gatekeeper.sh/v1beta1'));
      return kinds.every((kind) => served?.resources.some((one) => one.kind === kind));
    });
  },
};

interface StatefulSet extends Live {
  readonly status?: { readonly observedGeneration?: number };
}

/** Waits until the controller has acted on every StatefulSet of a node, and compares the pods. @throws UserError where one was replaced */
async function nothingRestarted(access: Access, applied: readonly Planned[], before: ReadonlyMap<string, string>, deadline: number): Promise<void> {
  const workloads = new Set(applied.map(({ manifest }) => nameOf(manifest)));
  const namespaces = [...new Set([...workloads].map((name) => /^StatefulSet ([^/]+)\//.exec(name)![1]!))];
  await until(deadline, 'the controller has looked at every StatefulSet', async () => {
    for (const namespace of namespaces) {
      const all = await listOf<StatefulSet>(access, `/apis/apps/v1/namespaces/${namespace}/statefulsets`);
      const waiting = all.some(({ metadata, status }) => workloads.has(`StatefulSet ${namespace}/${metadata.name}`) && status?.observedGeneration !== metadata.generation);
      if (waiting) return false;
    }
    return true;
  });
  const after = await livesIn(access, namespaces);
  const replaced = [...before].filter(([name, uid]) => after.get(name) !== uid).map(([name]) => name);
  if (replaced.length > 0) refuse(`pods that ran before are gone or were replaced: ${replaced.join(', ')}`, 'Applying does not do that: find out who did (kubectl get events, the audit log), and look whether each signs once.');
}

/** The life that each pod is in. */
async function livesIn(access: Access, namespaces: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const lives = new Map<string, string>();
  for (const namespace of namespaces) {
    for (const { metadata } of await listOf<Live & { metadata: { deletionTimestamp?: string } }>(access, `/api/v1/namespaces/${namespace}/pods`)) {
      if (metadata.deletionTimestamp === undefined) lives.set(`${namespace}/${metadata.name}`, metadata.uid);
    }
  }
  return lives;
}

export const deadlineIn = (seconds: number): number => Date.now() + seconds * 1000;

/** Asks again until it holds. @throws UserError at the deadline */
export async function until(deadline: number, what: string, holds: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  for (let wait = 100; !(await holds()); wait = Math.min(wait * 2, 2000)) {
    if (signal?.aborted) refuse(`interrupted while waiting until ${what}`, 'Look at the cluster before you go on.');
    if (Date.now() > deadline) refuse(`it was waited in vain until ${what}`, 'Look at the cluster, then go on: what was done until here stays.');
    await sleep(wait);
  }
}
