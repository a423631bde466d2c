import type { ChainCatalogue } from '../catalogue';
import type { Place, Problem } from '../errors';
import type { Fleet, FleetNode, Source } from '../types';
import { earlierEntries, firstStartAgain } from './first-start';
import { KEYS_LOCK_FILE, type Placement, type ReadEntry } from './journal';
import { state } from './text';
import { at, listed, lockPlace, placeOf } from './words';

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
  const what = listed(keys);
  const [is, them] = keys.length === 1 ? ['is', 'it'] : ['are', 'them'];
  const declared = source ? [{ ...locate(source), label: kind === 'undeclared' ? 'the node' : 'declared here' }] : [];
  const recorded = placement ? [lockPlace(placement.line, placement.status === 'placed' ? 'placed here' : 'retired here')] : [];
  const base = { level: 'error' as const, places: [...declared, ...recorded], value: keys[0] };

  if (kind === 'unplaced' || !placement) {
    return {
      ...base,
      code: 'keys-lock-unplaced',
      message: `${what} ${is} declared at ${subject}, but ${KEYS_LOCK_FILE} doesn't place ${them} anywhere`,
      next: `Run \`npm run keys -- place --node ${subject}\` and commit the lock with the node.`,
    };
  }
  if (kind === 'undeclared') {
    const why = node === undefined ? 'no such node is declared' : node.state === 'retired' ? 'the node is retired' : "the node doesn't declare " + them;
    return {
      ...base,
      places: [...recorded, ...declared],
      code: 'keys-lock-undeclared',
      message: `${what} ${is} placed at ${subject}, but ${why}`,
      next: `Prove that the signer there has stopped, then \`npm run keys -- retire --node ${subject} --proof "..."\` (or one key by its name).`,
    };
  }
  if (kind === 'other-network') {
    return {
      ...base,
      code: 'keys-lock-network',
      message: `${what} ${is} declared at ${subject} for network ${node?.network}, but ${placement.status} there for network ${placement.network}`,
      next: 'A key stays with its network: declare new keys for the other one, or set the network back.',
    };
  }
  if (placement.status === 'retired') {
    const here = at(placement) === subject;
    return {
      ...base,
      code: 'keys-lock-retired',
      message: `${what} ${is} declared at ${subject}, but retired from ${here ? 'it' : at(placement)} since ${placement.at} and not placed again`,
      next: here
        ? `Take ${them} out of the node. To sign there again: once the retirement is merged and the waiting time has passed, \`npm run keys -- place --node ${subject}\`.`
        : `Once the retirement is merged and the network's waiting time has passed: \`npm run keys -- place --node ${subject}\`.`,
    };
  }
  return {
    ...base,
    code: 'keys-lock-elsewhere',
    message: `${what} ${is} declared at ${subject}, but placed at ${at(placement)} since ${placement.at}`,
    next: `A move is two merged changes: take ${them} out of ${at(placement)}, prove that its signer has stopped, \`npm run keys -- retire\`, merge; after the waiting time declare and place ${them} at ${subject}.`,
  };
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
