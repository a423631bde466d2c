import { catalogue } from '../../chains';
import { askCloud } from '../../apps/keys/ask-cloud';
import { askAboutMachine, placeOf, type MachinePlace, type Verdict } from '../../apps/keys/machines';
import type { Obstacle } from '../../apps/keys/signers';
import { isError, type Problem } from '../../model/errors';
import type { DraftEntry } from '../../model/keys/journal';
import { quote, type MachineProof } from '../../model/keys/machine-proof';
import type { JournalPlan } from '../../model/keys/plan-placement';
import { planRetirement } from '../../model/keys/plan-retirement';
import { committer } from '../../workspace/base-revision';
import { command, fleetOption, type Io, misused } from '../io';
import { baseOption, byOption, carryOut, dryRunOption, judgedBy, type Merged, nodeName, readFleet, readLock, readMerged, refuse } from './journal';

interface Options {
  readonly fleet: string;
  readonly node?: string;
  readonly proof: string;
  readonly machine?: readonly string[];
  readonly base?: string;
  readonly by?: string;
  readonly dryRun?: true;
}

export const retire = command<Options, [key?: string]>({
  define: (one) =>
    one
      .argument('[key]')
      .option(...fleetOption)
      .option('--node <cluster/node>', 'all keys that are placed at this node')
      .requiredOption('--proof <text>', 'how you know that the signer has stopped, for those who review it; the cluster is asked besides')
      .option('--machine <cloud id>', 'a machine that the signer ran on and that the cloud calls gone for good, where the cluster can never be asked again; repeatable', (id: string, ids: readonly string[] = []) => [...ids, id])
      .option(...baseOption)
      .option(...byOption)
      .option(...dryRunOption),
  body,
});

async function body(options: Options, io: Io, key?: string): Promise<number> {
  if ((options.node === undefined) === (key === undefined)) return misused('give either a key or --node <cluster/node>');
  const select = key === undefined ? nodeName(options.node ?? '') : { key };
  const { lock, text } = readLock(options.fleet);
  const { fleet, locate, problems } = readFleet(options.fleet);
  if (!fleet) return refuse(io, [...problems.filter(isError), ...lock.problems], options.fleet);

  const merged = await readMerged(options.fleet, options.base, io);
  const now = new Date();
  const by = options.by ?? (await committer(options.fleet));
  const plan = planRetirement({ lock, base: merged.lock, merged: merged.declarations, baseName: merged.name, fleet, catalogue, locate, now, by, proof: options.proof, select });
  const proven = plan.problems.length > 0 ? plan : await withMachines(plan, options.machine ?? [], merged);
  return carryOut(proven, io, { lock, text, now, folder: options.fleet, dryRun: options.dryRun === true, merged, check: judgedBy(merged, fleet, now) });
}

/** Quotes in each proof what the cloud says of the machines, asked as whoever runs this; whoever plans the change asks again. */
async function withMachines(plan: JournalPlan, machines: readonly string[], { declarations }: Merged): Promise<JournalPlan> {
  const askOnce = asker();
  const drafts: DraftEntry[] = [];
  const problems: Problem[] = [];
  for (const draft of plan.drafts) {
    const place = machines.length > 0 ? placeOf(declarations, { ...draft, keys: [draft.key] }) : undefined;
    const proofs: MachineProof[] = [];
    for (const id of machines) {
      const verdict = place === undefined ? undefined : await askOnce(place, id);
      if (verdict && 'proof' in verdict) proofs.push(verdict.proof);
      else problems.push(machineProblem(id, draft, verdict?.obstacle));
    }
    drafts.push({ ...draft, proof: quote(draft.proof ?? '', proofs) });
  }
  return { ...plan, drafts: problems.length > 0 ? [] : drafts, problems };
}

/** Many keys of one node are one question. */
function asker(): (place: MachinePlace, id: string) => Promise<Verdict> {
  const verdicts = new Map<string, Promise<Verdict>>();
  return (place, id) => {
    const question = JSON.stringify([place, id]);
    const asked = verdicts.get(question) ?? askAboutMachine(place, id, askCloud(), new Date());
    verdicts.set(question, asked);
    return asked;
  };
}

const machineProblem = (id: string, { cluster, node }: DraftEntry, obstacle?: Obstacle): Problem => ({
  code: 'keys-machine',
  level: 'error',
  message: obstacle?.message ?? `machine ${JSON.stringify(id)} proves nothing: what was merged does not say in which cloud and zone ${cluster}/${node} is`,
  places: [{ file: `clusters/${cluster}.yaml`, line: 1, column: 1 }],
  value: id,
  allowed: 'a machine of that cluster and zone that EC2 calls terminated, or that Compute Engine has deleted, with no other machine of the cluster left in the zone',
  next: obstacle?.next ?? 'Declare the cluster and the node again, stopped, and have that merged.',
});
