import type { ChainCatalogue } from '../catalogue';
import { type Problem, problems as known } from '../errors';
import type { FleetNode, Source } from '../types';
import { declaredKeys } from './agreement';
import { declarationsOf } from './declarations';
import type { DraftEntry, Placement } from './journal';
import { isProof } from './line';
import type { JournalPlan, PlanInput } from './plan-placement';
import { retirementProblem } from './retirement';
import { state } from './text';
import { clockBehind } from './transitions';
import { at, lockPlace, placeOf } from './words';

/** Retires one key, or all that are placed at a node, once nothing running declares them. */
export function planRetirement(
  input: PlanInput & { readonly proof: string; readonly select: { readonly key: string } | { readonly cluster: string; readonly node: string } },
): JournalPlan {
  const { lock, base, fleet, catalogue, locate, now, by, select } = input;
  const broken = [...lock.problems, ...base.problems];
  if (broken.length > 0) return { drafts: [], problems: broken, leftOut: [] };
  const held = { base: input.merged, head: declarationsOf(fleet), baseName: input.baseName, placements: state(base.entries) };

  const problems: Problem[] = [];
  const proof = input.proof.trim();
  if (!isProof(proof)) problems.push(known.keysNoProof(lockPlace(1), { proof: input.proof }));
  const skewed = clockBehind(lock, now);
  if (skewed) problems.push(skewed);

  const placements = state(lock.entries);
  const wanted = 'key' in select ? findKey(select.key, placements, catalogue) : keysAt(select, placements);
  if (wanted.length === 0) problems.push(nothingToRetire(select, placements, catalogue));

  const declarations = new Map<string, { node: FleetNode; source: Source }[]>();
  for (const { key, node, source } of declaredKeys(fleet, catalogue)) {
    declarations.set(key, [...(declarations.get(key) ?? []), { node, source }]);
  }
  const drafts: DraftEntry[] = [];
  for (const key of wanted) {
    const placement = placements.get(key);
    if (!placement) continue;
    const signer = fleet.nodes.find((node) => at(placeOf(node)) === at(placement));
    // Without its key in the YAML too: an armed pod keeps the revision that has the key, and comes back with it.
    if (signer?.state === 'running') {
      problems.push(known.keysStillRunning([{ ...locate(signer.source), label: 'the node' }, lockPlace(placement.line, 'placed here')], { key, at: at(placement) }));
      continue;
    }
    const elsewhere = declarations.get(key)?.find(({ node }) => at(placeOf(node)) !== at(placement) && node.state !== 'retired');
    if (elsewhere) {
      const places = [{ ...locate(elsewhere.source), label: 'declared here' }, lockPlace(placement.line, 'placed here')];
      problems.push(known.keysDeclaredElsewhere(places, { key, at: at(placement), elsewhere: at(placeOf(elsewhere.node)) }));
      continue;
    }
    const problem = retirementProblem({ ...placement, key }, held);
    if (problem) {
      problems.push(problem);
      continue;
    }
    drafts.push({ act: 'retire', key, network: placement.network, cluster: placement.cluster, node: placement.node, by, proof });
  }
  return { drafts: problems.length > 0 ? [] : drafts, problems, leftOut: [] };
}

function nothingToRetire(select: { key: string } | { cluster: string; node: string }, placements: ReadonlyMap<string, Placement>, catalogue: ChainCatalogue): Problem {
  if (!('key' in select)) return known.keysNothingPlaced(lockPlace(1), { at: at(select) });
  const retired = spellings(select.key, catalogue).map((key) => placements.get(key)).find((placement) => placement !== undefined);
  if (retired === undefined) return known.keysNothingPlaced(lockPlace(1), { key: select.key });
  return known.keysNothingPlaced(lockPlace(retired.line, 'retired here'), { key: select.key, retired: { from: at(retired), since: retired.at } });
}

function findKey(key: string, placements: ReadonlyMap<string, Placement>, catalogue: ChainCatalogue): string[] {
  const found = spellings(key, catalogue).filter((spelling) => placements.get(spelling)?.status === 'placed');
  return found.slice(0, 1);
}

/** A key as it was typed, and as each chain would write it. */
function spellings(key: string, catalogue: ChainCatalogue): string[] {
  const canonical = Object.values(catalogue.chains).flatMap((chain) => {
    const parsed = chain.parseKey(key);
    return 'canonical' in parsed ? [parsed.canonical] : [];
  });
  return [...new Set([key, ...canonical])];
}

const keysAt = (place: { cluster: string; node: string }, placements: ReadonlyMap<string, Placement>): string[] =>
  [...placements].filter(([, placement]) => placement.status === 'placed' && at(placement) === at(place)).map(([key]) => key);
