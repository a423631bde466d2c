import { catalogue } from '../../chains';
import { getIntoCluster } from '../../apps/deploy/get-in';
import type { Declared } from '../../apps/deploy/placements';
import { InvalidArgumentError } from 'commander';
import { refuse } from '../../errors/user-error';
import type { Kube } from '../../kube/kube';
import { fromKubeconfig } from '../../kube/kubeconfig';
import { formatProblems, isError, sortProblems } from '../../model/errors';
import { KEYS_LOCK_FILE } from '../../model/keys/journal';
import { EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import { loadFleet } from '../../model/load';
import { fileAtBase, resolveCommit } from '../../workspace/base-revision';

/* What the commands about manifests share. */

export const baseOption = ['--base <revision>', 'what is merged: only keys that its journal places are let sign; default: origin/main, else main'] as const;

export const intoCluster = (fleet: string, cluster: string, kubeconfig: string | undefined): Kube => fromKubeconfig({ kubeconfig, getIn: () => getIntoCluster(fleet, cluster) });

/** What keys are judged by: the journal as it is merged, and the fleet as this folder has it. @throws UserError */
export async function declaredIn(folder: string, revision: string | undefined): Promise<{ declared: Declared; base: string | undefined }> {
  const commit = await resolveCommit(folder, revision);
  const merged = await fileAtBase(folder, KEYS_LOCK_FILE, commit?.id ?? revision);
  const journal = parse(merged.text ?? EMPTY_KEYS_LOCK);
  if (journal.problems.length > 0) refuse(`${KEYS_LOCK_FILE} as it is merged in ${merged.name} can't be relied on`, 'Find the change that damaged it, and restore the file as it was before, by an exceptional, reviewed merge.', formatProblems(journal.problems, folder));
  const { fleet, problems } = loadFleet(folder, catalogue);
  if (fleet === undefined) return refuse(`the fleet in ${folder} is not valid`, 'Run `npm run synth`, and mend what it says.', formatProblems(sortProblems(problems.filter(isError)), folder));
  return { declared: { journal: journal.entries, fleet }, base: commit?.id };
}

export function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 86_400) throw new InvalidArgumentError('a whole number of seconds, from 1 to 86400');
  return value;
}
