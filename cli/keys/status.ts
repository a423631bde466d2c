import { EXIT } from '../../errors/user-error';
import { isError } from '../../model/errors';
import { state } from '../../model/keys/text';
import { command, fleetOption, type Io, say } from '../io';
import { differences, namesIn, readFleet, readLock, refuse } from './journal';

interface Options {
  readonly fleet: string;
  readonly json?: true;
}

export const status = command<Options>({
  define: (one) => one.option(...fleetOption).option('--json', 'for other programs'),
  body,
});

function body({ fleet: folder, json }: Options, io: Io): number {
  const { lock } = readLock(folder);
  const loaded = readFleet(folder);
  const problems = [...lock.problems, ...loaded.problems.filter(isError), ...differences(lock, loaded)];
  const placements = lock.problems.length > 0 ? [] : [...state(lock.entries)].map(([key, placement]) => ({ key, ...placement }));
  if (json) {
    say(io, JSON.stringify({ entries: lock.entries.length, placements, problems }, null, 2));
    return problems.length > 0 ? EXIT.refused : EXIT.done;
  }
  const names = namesIn(folder);
  const placed = placements.filter((placement) => placement.status === 'placed');
  for (const { key, network, cluster, node, at } of placed) say(io, `${network}  ${cluster}/${node}  ${names(key)}  since ${at}`);
  for (const { key, network, cluster, node, at } of placements.filter((placement) => placement.status === 'retired')) {
    say(io, `${network}  retired from ${cluster}/${node}  ${names(key)}  at ${at}`);
  }
  if (lock.problems.length === 0) say(io, `${placed.length} placed, ${placements.length - placed.length} retired, ${lock.entries.length} entries.`);
  return problems.length > 0 ? refuse(io, problems, folder) : EXIT.done;
}
