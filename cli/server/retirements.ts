import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EXIT, UserError } from '../../errors/user-error';
import { resolveCommit } from '../../workspace/base-revision';
import { fleetAt } from '../../model/keys/at-commit';
import { askCloud } from '../../apps/keys/ask-cloud';
import { askCluster, type Answer } from '../../apps/keys/ask-cluster';
import { fromKubeconfig } from '../../kube/kubeconfig';
import { judgeRetirement, retirementsOf } from '../../apps/keys/retirements';
import { refusedByPlan, type Refusal } from '../../apps/plan/trusted-plan';
import { readDeclarations } from '../../model/keys/declarations';
import { EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import { KEYS_LOCK_FILE } from '../../model/keys/journal';
import { printable } from '../../naming/printable';
import { command, type Io, say } from '../io';
import { BIN } from './bin';

interface Options {
  readonly fleet: string;
  readonly base: string;
  readonly plan: string;
}

/**
 * A step of Atlantis' server (`infra/atlantis/server/bin/keys-plan` and `keys-apply`), by the plan identity: whether the readable plan refuses nothing about keys,
 * and whether the signers that a change retires have ended. Which cluster is asked, and where, was merged; the change has no say in it.
 */
export const retirements = command<Options>({
  define: (one) =>
    one
      .requiredOption('--fleet <folder>', 'the reviewed fleet, in a repository that has the base')
      .requiredOption('--base <commit>', 'what is merged')
      .requiredOption('--plan <file>', 'the plan of the reviewed tree, as the server wrote it'),
  body: async (options, io) => {
    const refusals = await refusalsOf(options, io);
    if (refusals.length > 0) throw new UserError(refusals);
    return EXIT.done;
  },
});

async function refusalsOf({ fleet, base, plan }: Options, io: Io): Promise<Refusal[]> {
  const commit = await resolveCommit(fleet, base);
  const merged = commit === undefined ? new Map<string, string>() : await fleetAt(fleet, commit);
  const before = parse(merged.get(KEYS_LOCK_FILE) ?? EMPTY_KEYS_LOCK);
  const after = parse(readFileSync(join(fleet, KEYS_LOCK_FILE), 'utf8'));
  const refusals = refusedByPlan(plan, commit?.id, ({ section }) => section === 'keys');
  // `keys verify` ran before and found both whole.
  if (before.problems.length + after.problems.length > 0) return [...refusals, { message: `${KEYS_LOCK_FILE} is damaged`, next: 'npm run keys -- verify says where.' }];
  const declared = readDeclarations(merged);
  for (const retired of retirementsOf(after.entries.slice(before.entries.length))) {
    const found = await judgeRetirement(retired, await ask(retired.cluster, retired.network, merged), declared, askCloud([join(BIN, 'as'), 'plan', '--']), new Date());
    refusals.push(...found);
    if (found.length === 0) say(io, `${printable(`${retired.cluster}/${retired.node}`)}: its signer has ended, and nothing can start it.`);
  }
  return refusals;
}

/** A cluster that nothing merged declares, or that its cloud does not find, can't be reached. */
async function ask(cluster: string, network: string, merged: ReadonlyMap<string, string>): Promise<Answer> {
  const file = `clusters/${cluster}.yaml`;
  const text = merged.get(file);
  if (text === undefined) return { kind: 'unreachable', why: 'what was merged does not declare it' };
  const folder = mkdtempSync(join(tmpdir(), 'stockade-merged-'));
  try {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
    const { status, stdout, stderr } = spawnSync(join(BIN, 'kubeconfig'), ['plan', cluster, folder], { encoding: 'utf8' });
    if (status !== 0) return { kind: 'unreachable', why: stderr.trim().replaceAll(/\s+/g, ' ') || `no kubeconfig (exit code ${status})` };
    const kube = fromKubeconfig({ kubeconfig: stdout.trim() });
    try {
      return await askCluster(kube, network);
    } finally {
      kube.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
