import { EXIT } from '../../errors/user-error';
import { isError } from '../../model/errors';
import { KEYS_LOCK_FILE } from '../../model/keys/journal';
import { command, fleetOption, type Io, say } from '../io';
import { baseOption, differences, judgedBy, readFleet, readLock, readMerged, refuse } from './journal';

interface Options {
  readonly fleet: string;
  readonly base?: string;
}

export const verify = command<Options>({
  define: (one) => one.option(...fleetOption).option(...baseOption),
  body,
});

async function body(options: Options, io: Io): Promise<number> {
  const { lock } = readLock(options.fleet);
  const loaded = readFleet(options.fleet);
  const merged = await readMerged(options.fleet, options.base, io);
  const intact = lock.problems.length === 0 && merged.lock.problems.length === 0;
  const problems = [
    ...loaded.problems.filter(isError),
    ...lock.problems,
    ...merged.lock.problems,
    ...(intact && loaded.fleet ? judgedBy(merged, loaded.fleet, new Date())(lock) : []),
    ...differences(lock, loaded),
  ];
  if (problems.length > 0) return refuse(io, problems, options.fleet, merged);
  say(io, `${KEYS_LOCK_FILE} is intact: ${lock.entries.length} entries, ${lock.entries.length - merged.lock.entries.length} of them new since ${merged.name}; every declared key is placed where it is declared.`);
  return EXIT.done;
}
