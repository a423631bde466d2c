import type { ChainCatalogue } from './catalogue';
import { isError, sortProblems } from './errors';
import { checkAgainstFleet } from './keys/agreement';
import { EMPTY_KEYS_LOCK, parse } from './keys/text';
import { readDeclarations } from './keys/declarations';
import { asDeclared, keyNames } from './keys/names';
import { fleetOnDisk, journalOnDisk } from './keys/on-disk';
import { loadFleet, type LoadedFleet } from './load';

/** The fleet of a folder, held against its own rules and against where `keys.lock` says that its keys are placed. */
export function checkFleetFolder(folder: string, catalogue: ChainCatalogue): LoadedFleet {
  const loaded = loadFleet(folder, catalogue);
  const lock = parse(journalOnDisk(folder) ?? EMPTY_KEYS_LOCK);
  const disagreements = loaded.fleet && lock.problems.length === 0 ? checkAgainstFleet(lock.entries, loaded.fleet, catalogue, loaded.locate) : [];
  // Spelled as they are declared; read again only where there is something to say.
  const names = disagreements.length > 0 ? keyNames([readDeclarations(fleetOnDisk(folder))], catalogue) : String;
  const problems = sortProblems([...loaded.problems, ...lock.problems, ...disagreements.map((problem) => asDeclared(problem, names))]);
  return { ...loaded, fleet: problems.some(isError) ? undefined : loaded.fleet, problems };
}
