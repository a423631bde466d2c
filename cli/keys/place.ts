import { catalogue } from '../../chains';
import { EXIT } from '../../errors/user-error';
import { isError } from '../../model/errors';
import { planPlacement } from '../../model/keys/plan-placement';
import { committer } from '../../workspace/base-revision';
import { command, fleetOption, type Io, misused, say } from '../io';
import { baseOption, byOption, carryOut, dryRunOption, judgedBy, namesIn, nodeName, readFleet, readLock, readMerged, refuse } from './journal';

interface Options {
  readonly fleet: string;
  readonly node?: string;
  readonly allNew?: true;
  readonly base?: string;
  readonly by?: string;
  readonly dryRun?: true;
}

export const place = command<Options>({
  define: (one) =>
    one
      .option(...fleetOption)
      .option('--node <cluster/node>', 'the keys of this node')
      .option('--all-new', 'the keys of all nodes that were never placed')
      .option(...baseOption)
      .option(...byOption)
      .option(...dryRunOption),
  body,
});

async function body(options: Options, io: Io): Promise<number> {
  if ((options.node === undefined) === (options.allNew === undefined)) return misused('give either --node <cluster/node> or --all-new');
  const select = options.node === undefined ? ('all-new' as const) : nodeName(options.node);
  const { lock, text } = readLock(options.fleet);
  const { fleet, locate, problems } = readFleet(options.fleet);
  if (!fleet) return refuse(io, [...problems.filter(isError), ...lock.problems], options.fleet);

  const merged = await readMerged(options.fleet, options.base, io);
  if (merged.lock.problems.length > 0) return refuse(io, merged.lock.problems, options.fleet);
  const now = new Date();
  const by = options.by ?? (await committer(options.fleet));
  const plan = planPlacement({ lock, base: merged.lock, merged: merged.declarations, baseName: merged.name, mergedAt: merged.at, fleet, catalogue, locate, now, by, select });
  const code = await carryOut(plan, io, { lock, text, now, folder: options.fleet, dryRun: options.dryRun === true, merged, check: judgedBy(merged, fleet, now) });
  if (code === EXIT.done && plan.leftOut.length > 0) {
    say(io, `${plan.leftOut.length} declared keys are retired and were left alone; to place them again, name their nodes with --node: ${plan.leftOut.slice(0, 5).map(namesIn(options.fleet, merged)).join(', ')}${plan.leftOut.length > 5 ? ', ...' : ''}`);
  }
  return code;
}
