import type { Act, Identity } from './act';
import { boundActs, diskActs } from './disks-and-bounds';
import { planActs } from './plans';
import { podActs } from './pods';
import { endedActs, stopActs } from './stops';
import { workloadActs } from './workloads';

export * from './act';

/** Every act: the table of who may do what to a running signer, cell by cell, and every way around it that we know. */
export const ACTS: readonly Act[] = [...[...workloadActs, ...stopActs, ...podActs, ...endedActs, ...diskActs, ...boundActs].map(alsoByPlanner), ...planActs];

/** What is only tried is judged of the plan identity as it is of the deployer; a session can't be tried. */
function alsoByPlanner(act: Act): Act {
  if (act.connects) return { ...act, or: [...(act.or ?? []), 'dry-runs-only'] };
  const withPlanner = (identities: readonly Identity[]): readonly Identity[] => (identities.includes('deployer') ? [...identities, 'planner'] : identities);
  return { ...act, allowed: withPlanner(act.allowed), ...(act.table === undefined ? {} : { table: withPlanner(act.table) }) };
}
