import type { ChainCatalogue } from '../catalogue';
import type { Place, Problem } from '../errors';
import type { FleetNode, Source } from '../types';
import { declaredKeys } from './agreement';
import { declarationsOf } from './declarations';
import type { DraftEntry, Placement } from './journal';
import { isProof } from './line';
import type { JournalPlan, PlanInput } from './plan-placement';
import { retirementProblem } from './retirement';
import { state } from './text';
import { clockBehind } from './transitions';
import { at, lockPlace, placeOf, short } from './words';

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
  if (!isProof(proof)) problems.push(noProof(input.proof));
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
      problems.push(stillRunning(key, placement, locate(signer.source)));
      continue;
    }
    const elsewhere = declarations.get(key)?.find(({ node }) => at(placeOf(node)) !== at(placement) && node.state !== 'retired');
    if (elsewhere) {
      problems.push(declaredElsewhere(key, placement, elsewhere.node, locate(elsewhere.source)));
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

function noProof(proof: string): Problem {
  return {
    code: 'keys-no-proof',
    level: 'error',
    message: 'A retirement says how it was proven that the old signer has stopped',
    places: [lockPlace(1)],
    value: proof,
    allowed: 'one line of 10 to 500 characters',
    next: 'Give --proof, such as --proof "StatefulSet at 0 replicas, pod gone since 14:02, machine deleted (INC-4711)".',
  };
}

function nothingToRetire(select: { key: string } | { cluster: string; node: string }, placements: ReadonlyMap<string, Placement>, catalogue: ChainCatalogue): Problem {
  if (!('key' in select)) {
    return {
      code: 'keys-nothing-placed',
      level: 'error',
      message: `No key is placed at ${at(select)}`,
      places: [lockPlace(1)],
      value: at(select),
      next: 'See `npm run keys -- status` for where keys are placed.',
    };
  }
  const retired = spellings(select.key, catalogue).map((key) => placements.get(key)).find((placement) => placement !== undefined);
  return {
    code: 'keys-nothing-placed',
    level: 'error',
    message: retired ? `${short(select.key)} is retired already, from ${at(retired)} since ${retired.at}` : `${short(select.key)} was never placed`,
    places: retired ? [lockPlace(retired.line, 'retired here')] : [lockPlace(1)],
    value: select.key,
    next: 'See `npm run keys -- status` for where keys are placed.',
  };
}

function stillRunning(key: string, placement: Placement, place: Place): Problem {
  return {
    code: 'keys-still-running',
    level: 'error',
    message: `${short(key)} can't be retired: ${at(placement)} is running`,
    places: [{ ...place, label: 'the node' }, lockPlace(placement.line, 'placed here')],
    value: key,
    next: 'Stop the node (state: stopped), have that merged and applied, see its pod gone, then retire: docs/runbooks/move-a-key.md.',
  };
}

function declaredElsewhere(key: string, placement: Placement, node: FleetNode, place: Place): Problem {
  return {
    code: 'keys-declared-elsewhere',
    level: 'error',
    message: `${short(key)} can't be retired from ${at(placement)}: ${at(placeOf(node))} declares it already`,
    places: [{ ...place, label: 'declared here' }, lockPlace(placement.line, 'placed here')],
    value: key,
    next: 'Take it out there: a move is two merged changes, and that declaration belongs to the second.',
  };
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
