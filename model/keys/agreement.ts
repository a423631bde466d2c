import type { ChainCatalogue } from '../catalogue';
import { type Place, type Problem, problems } from '../errors';
import type { Fleet, FleetNode, Source } from '../types';
import { earlierEntries, firstStartAgain } from './first-start';
import type { Placement, ReadEntry } from './journal';
import { state } from './text';
import { at, lockPlace, placeOf } from './words';

/** Turns a declaration's source into a line and column, which only whoever read the file knows. */
export type Locate = (source: Source) => Place;

/**
 * Whether the lock and the fleet agree: every key of every node that isn't retired is placed exactly there, and no
 * key is placed where nothing declares it. A key that was placed before starts on no empty volume.
 */
export function checkAgainstFleet(
  entries: readonly ReadEntry[],
  fleet: Fleet,
  catalogue: ChainCatalogue,
  locate: Locate,
): Problem[] {
  const placements = state(entries);
  const findings = new Map<string, Finding>();
  const found = (kind: Finding['kind'], subject: string, key: string, source: Source | undefined, placement: Placement | undefined): void => {
    const id = `${kind} ${subject} ${placement ? `${placement.network} ${at(placement)} ${placement.status}` : ''}`;
    const known = findings.get(id);
    if (known) known.keys.push(key);
    else findings.set(id, { kind, subject, keys: [key], source, placement });
  };

  const declaredAt = new Map<string, string>();
  const earlier = earlierEntries(entries);
  const again: Problem[] = [];
  for (const { key, node, source } of declaredKeys(fleet, catalogue)) {
    if (node.state === 'retired') continue;
    const first = node.firstStart === 'approved' ? earlier.get(key) : undefined;
    if (first) again.push(firstStartAgain(key, node, locate({ file: node.source.file, path: [...node.source.path, 'firstStart'] }), first));
    declaredAt.set(key, at(placeOf(node)));
    const placement = placements.get(key);
    if (placement === undefined) found('unplaced', at(placeOf(node)), key, source, undefined);
    else if (at(placement) !== at(placeOf(node))) found('elsewhere', at(placeOf(node)), key, source, placement);
    else if (placement.network !== node.network) found('other-network', at(placeOf(node)), key, source, placement);
    else if (placement.status === 'retired') found('elsewhere', at(placeOf(node)), key, source, placement);
  }
  const nodes = new Map(fleet.nodes.map((node) => [at(placeOf(node)), node]));
  for (const [key, placement] of placements) {
    if (placement.status === 'retired' || declaredAt.has(key)) continue;
    found('undeclared', at(placement), key, nodes.get(at(placement))?.source, placement);
  }
  return [...again, ...[...findings.values()].map((finding) => findingProblem(finding, nodes.get(finding.subject), locate))];
}

interface Finding {
  readonly kind: 'unplaced' | 'elsewhere' | 'other-network' | 'undeclared';
  /** `cluster/node` that declares the keys, or that the lock names. */
  readonly subject: string;
  /** Of one node usually many, and with one cause: one problem says it once. */
  readonly keys: string[];
  readonly source: Source | undefined;
  readonly placement: Placement | undefined;
}

export function findingProblem(finding: Finding, node: FleetNode | undefined, locate: Locate): Problem {
  const { kind, subject, keys, source, placement } = finding;
  const declared = source ? [{ ...locate(source), label: kind === 'undeclared' ? 'the node' : 'declared here' }] : [];
  if (kind === 'unplaced' || !placement) return problems.keysLockUnplaced(declared, { keys, at: subject });
  const { network, status, at: since } = placement;
  const recorded = lockPlace(placement.line, status === 'placed' ? 'placed here' : 'retired here');
  if (kind === 'undeclared') {
    const why = node === undefined ? 'missing' : node.state === 'retired' ? 'retired' : 'without-keys';
    return problems.keysLockUndeclared([recorded, ...declared], { keys, at: subject, node: why });
  }
  const places = [...declared, recorded];
  if (kind === 'other-network') return problems.keysLockNetwork(places, { keys, at: subject, declared: node?.network, status, recorded: network });
  if (status === 'retired') return problems.keysLockRetired(places, { keys, at: subject, from: at(placement), since });
  return problems.keysLockElsewhere(places, { keys, at: subject, placed: at(placement), since });
}

/** Every declared key in its chain's canonical form. Meant for a fleet that was validated. */
export function* declaredKeys(fleet: Fleet, catalogue: ChainCatalogue): Generator<{ key: string; node: FleetNode; source: Source }> {
  for (const node of fleet.nodes) {
    const chain = fleet.networks[node.network]?.chain;
    const entry = chain === undefined ? undefined : catalogue.chains[chain];
    for (const [index, declared] of node.keys.entries()) {
      const parsed = entry?.parseKey(declared);
      // Going on with a spelling that isn't canonical could hide that two are one key.
      if (parsed === undefined || !('canonical' in parsed)) {
        throw new TypeError(`The keys of ${at(placeOf(node))} can't be read, got "${declared}"; validate the fleet first`);
      }
      yield { key: parsed.canonical, node, source: { file: node.source.file, path: [...node.source.path, 'keys', index] } };
    }
  }
}
