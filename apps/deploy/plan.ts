import { type Failure, NO_CHANGES, refuse, told, UserError } from '../../errors/user-error';
import type { Manifest } from '../../constructs/manifest';
import { holdOf } from '../../acts/component';
import { isKubeError } from '../../kube/errors';
import type { Kube } from '../../kube/kube';
import type { Live } from '../../kube/objects';
import { differencesBetween, differencesByReading, FIELD_MANAGER, substanceDigest } from './compare';
import { FORMAT, type PlanFile, type Planned } from './plan-file';
import { judgePlacements, placementsOf, replicasOf, type Declared } from './placements';
import { inParallel, leftAlone, read, undeclaredSigners, type Reading } from './read';
import { manifestsOfNodes, nameOf, type ReviewedObject } from './rendered';
import { podTemplateOf } from '../system/program';

export interface PlanOptions {
  readonly cluster: string;
  readonly declared: Declared;
  readonly base?: string;
  readonly head?: string;
  /** Leaves Gatekeeper's objects out where the cluster doesn't serve them. @default false: that is refused */
  readonly withoutGatekeeper?: boolean;
}

/**
 * Compares what was rendered with what the cluster runs, and changes nothing. What the deployer applies is tried out by a server-side dry run, as
 * every admission policy judges it; what bounds nodes is compared by reading.
 *
 * @throws UserError with every object that the API server would refuse, or that would let a key sign where it is not known to be the only one
 */
export async function planManifests(kube: Kube, rendered: readonly ReviewedObject[], { cluster, declared, base, head, withoutGatekeeper = false }: PlanOptions): Promise<PlanFile> {
  const uid = (await kube.clusterUid()) ?? refuse(`cluster "${cluster}" has no namespace kube-system that this identity may read`, 'Check the kubeconfig.');
  const manifests = rendered.map(({ manifest }) => manifest);
  const reading = await read(kube, manifests);
  const { unmerged, problems } = judgePlacements(manifestsOfNodes(rendered), cluster, declared);
  const undeclared = await undeclaredSigners(kube, reading, manifests);
  const dangers = [...problems, ...startsUnmerged(manifests, reading, unmerged), ...undeclared.running];
  if (dangers.length > 0) throw new UserError(dangers);
  const objects = withGatekeeper(rendered, reading, withoutGatekeeper);
  const bounds = objects.filter(({ by }) => by === 'platform').map((one) => compare(one, reading, undefined));
  const applied = objects.filter(({ manifest }) => !unmerged.has(nameOf(manifest)));
  const { tried, untried } = await tryOut(kube, applied, reading, bounds.some(({ action }) => action !== 'unchanged'));
  const planned = objects.map((one): Planned => {
    const compared = compare(one, reading, tried.get(nameOf(one.manifest)));
    const keys = unmerged.get(nameOf(one.manifest));
    return keys === undefined || compared.action === 'held' ? compared : { ...compared, action: 'unmerged', changes: [], unmerged: keys };
  });
  return { format: FORMAT, cluster, clusterUid: uid, ...(base === undefined ? {} : { base }), ...(head === undefined ? {} : { head }), objects: planned, leftAlone: [...new Set([...leftAlone(reading, manifests), ...undeclared.stopped])].sort(), untried };
}

/** What would sign because of this plan, with a key that the merged journal does not place here. */
const startsUnmerged = (manifests: readonly Manifest[], { live }: Reading, unmerged: ReadonlyMap<string, readonly string[]>): Failure[] =>
  manifests.flatMap((manifest): Failure[] => {
    const name = nameOf(manifest);
    const [keys, now] = [unmerged.get(name), live.get(name)];
    if (keys === undefined || replicasOf(manifest) === 0 || (now !== undefined && replicasOf(now) > 0) || holdOf(now) !== undefined) return [];
    return [{ message: `${name} would start, and ${placementsOf(keys)} is not merged: another change may place it elsewhere`, next: 'Merge the journal first: declare the node stopped in this change (state: stopped), have that applied and merged, then start it in a change of its own.' }];
  });

function compare(one: ReviewedObject, { live: all }: Reading, after: Live | undefined): Planned {
  const live = all.get(nameOf(one.manifest));
  if (live === undefined) return { ...one, action: 'create', changes: [] };
  const before = substanceDigest(live);
  if (one.manifest.kind === 'StatefulSet' && holdOf(live) !== undefined) return { ...one, action: 'held', before, changes: [] };
  const changes = after === undefined ? differencesByReading(live, one.manifest) : differencesBetween(live, after);
  return { ...one, action: changes.length > 0 ? 'update' : 'unchanged', before, changes };
}

/** What becomes of the plan, for a comment: never a value, only where something changes. */
export function describePlan({ cluster, objects, leftAlone: left, untried }: PlanFile, digest: string): string {
  const of = (action: Planned['action']): readonly Planned[] => objects.filter((one) => one.action === action);
  const [created, updated, held, unmerged] = [of('create'), of('update'), of('held'), of('unmerged')];
  const templates = updated.filter(({ manifest, changes }) => podTemplateOf(manifest) !== undefined && changes.some((path) => path.startsWith('spec.template')));
  const [programs, workloads] = [templates.filter(({ stage }) => stage === 'programs'), templates.filter(({ stage }) => stage !== 'programs')];
  const lines = [
    ...created.map(({ manifest, by }) => `+ ${nameOf(manifest)}${by === 'platform' ? ' (platform)' : ''}`),
    ...updated.flatMap(({ manifest, by, changes }) => [`~ ${nameOf(manifest)}${by === 'platform' ? ' (platform)' : ''}: ${changes.slice(0, SHOWN).join(', ')}${changes.length > SHOWN ? `, ${changes.length - SHOWN} more` : ''}`]),
    ...held.map(({ manifest }) => `! ${nameOf(manifest)} is held: left as it is`),
    ...unmerged.map(describeUnmerged),
    ...untried.map((line) => `? refused by what is in force now, which this plan changes: ${line}`),
    ...(left.length === 0 ? [] : [`Left alone, since nothing is ever deleted here: ${left.join(', ')}`]),
    ...(workloads.length === 0 ? [] : [`${programs.length === 0 ? 'Nothing' : 'No node'} restarts. To be fired, one node at a time: ${workloads.map(({ manifest }) => nameOf(manifest).replace('StatefulSet ', '')).join(', ')}`]),
    ...(programs.length === 0 ? [] : [`Restarts as soon as it is applied, being no node: ${programs.map(({ manifest }) => nameOf(manifest)).join(', ')}`]),
    `${cluster}: ${created.length} to create, ${updated.length} to update, ${of('unchanged').length} unchanged, ${held.length} held${unmerged.length === 0 ? '' : `, ${unmerged.length} unmerged`}.`,
  ].map(told);
  return `${[...lines, ...(created.length + updated.length + unmerged.length === 0 ? [NO_CHANGES] : []), `Plan ${digest}`].join('\n')}\n`;
}

/** For a plan and for an apply. */
export function describeUnmerged({ manifest, before, unmerged = [] }: Planned): string {
  const stop = replicasOf(manifest) === 0 && before !== undefined ? '. If it runs, stop it now: npm run manifests -- stop' : '';
  return `! ${nameOf(manifest)}: ${placementsOf(unmerged)} is not merged: merge the journal first; the next change of this cluster applies it${stop}`;
}

const SHOWN = 5;

function withGatekeeper(rendered: readonly ReviewedObject[], { isServed }: Reading, without: boolean): readonly ReviewedObject[] {
  const templates = rendered.find(({ stage }) => stage === 'gatekeeper-templates');
  if (templates === undefined || isServed(templates.manifest)) return rendered;
  if (!without) refuse('the cluster serves no ConstraintTemplate: Gatekeeper is not installed', 'Apply the add-ons of the cluster first. Or go by the native policies alone, with --without-gatekeeper.');
  return rendered.filter(({ stage }) => stage !== 'gatekeeper-templates' && stage !== 'gatekeeper-constraints');
}

/**
 * The deployer's objects as they would be. Those of a namespace that isn't there yet can't be tried, and held ones would only be refused. What a
 * quota or policy of today refuses may pass the one that the same plan brings: then that is said, and the object is compared by reading.
 */
async function tryOut(kube: Kube, rendered: readonly ReviewedObject[], { live, namespaces }: Reading, boundsChange: boolean): Promise<{ readonly tried: ReadonlyMap<string, Live>; readonly untried: readonly string[] }> {
  const subjects = rendered
    .filter(({ by, manifest }) => by === 'deployer' && namespaces.has(manifest.metadata.namespace ?? ''))
    .map(({ manifest }) => manifest)
    .filter((manifest) => !(manifest.kind === 'StatefulSet' && holdOf(live.get(nameOf(manifest))) !== undefined));
  const tried = new Map<string, Live>();
  const refused = new Map<string, string>();
  await inParallel(subjects, async (manifest) => {
    try {
      tried.set(nameOf(manifest), await kube.apply(manifest, { fieldManager: FIELD_MANAGER, dryRun: true }));
    } catch (error) {
      // Whoever does not answer has refused nothing.
      if (!isKubeError(error) || error.transient || error.words === '') throw error;
      refused.set(nameOf(manifest), error.words.replaceAll(/\s*\n\s*/g, ' '));
    }
  });
  const lines = subjects.map(nameOf).filter((name) => refused.has(name)).map((name) => `${name}: ${refused.get(name)}`);
  const untried = lines.filter((line) => boundsChange && /exceeded quota|ValidatingAdmissionPolicy|admission webhook|is forbidden: User/.test(line));
  const wrong = lines.filter((line) => !untried.includes(line));
  if (wrong.length > 0) throw new UserError(wrong.map((line) => ({ message: `the API server would refuse it: ${line}`, next: nextOf(line) })));
  return { tried, untried };
}

function nextOf(line: string): string {
  if (/conflict/i.test(line)) return 'Somebody set this field by hand. Bring the fleet in line with it, or have it set back, and plan again.';
  if (/may not stop a signer/.test(line)) return 'Stop the node first: npm run manifests -- stop.';
  return 'Change the fleet or its code, and plan again.';
}
