import type { Declarations } from '../../model/keys/declarations';
import { quoted } from '../../model/keys/machine-proof';
import type { ReadEntry } from '../../model/keys/journal';
import type { Answer } from './ask-cluster';
import { askAboutMachine, placeOf, type Ask } from './machines';
import { obstacles, type Obstacle, type Retired } from './signers';

/** Keys of one node that a change retires by one proof. */
export interface RetiredByProof extends Retired {
  readonly proof: string;
}

/** What a change adds, by node and proof. */
export function retirementsOf(added: readonly ReadEntry[]): RetiredByProof[] {
  const groups = new Map<string, RetiredByProof & { readonly keys: string[] }>();
  for (const { act, key, cluster, network, node, proof = '' } of added) {
    if (act !== 'retire') continue;
    const id = JSON.stringify([cluster, network, node, proof]);
    const group = groups.get(id) ?? { cluster, network, node, proof, keys: [] };
    group.keys.push(key);
    groups.set(id, group);
  }
  return [...groups.values()];
}

/**
 * Whether a retirement's signer has ended for good. The cluster's answer decides; what a person wrote beside it is for people. Where the cluster can't be reached,
 * the machines do that the proof names, if their cloud still says so now.
 */
export async function judgeRetirement(retired: RetiredByProof, answer: Answer, merged: Declarations, ask: Ask, now: Date): Promise<Obstacle[]> {
  if (answer.kind === 'read') return obstacles(answer.reading, retired);
  const { cluster, node, proof } = retired;
  const message = `cluster ${cluster} can not be asked about ${node}: ${answer.why}`;
  if (answer.kind === 'refused') return [{ message, next: 'It was reached, so only its own answer counts: give the plan identity its role there (docs/runbooks/new-region.md), and plan again.' }];
  const machines = quoted(proof);
  if (machines.length === 0) {
    return [{ message, next: `Plan again when it answers. If it never will: terminate its machines, and retire with --machine <cloud id> for the one that the pod ran on; words alone prove nothing.` }];
  }
  const place = placeOf(merged, retired);
  if (place === undefined) return [{ message: `${message}; and what was merged does not say in which cloud and zone its machines were`, next: 'Declare the cluster and the node again, stopped, and have that merged.' }];
  const found: Obstacle[] = [];
  for (const { cloud, id } of machines) {
    const verdict = cloud === place.cloud ? await askAboutMachine(place, id, ask, now) : { obstacle: { message: `machine ${id} is of ${cloud}, and cluster ${cluster} is in ${place.cloud}`, next: 'Retire with a machine of that cluster.' } };
    if ('obstacle' in verdict) found.push(verdict.obstacle);
  }
  return found.length > 0 ? [{ message, next: 'Prove it by its machines then; see below.' }, ...found] : [];
}
