import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { explained, refuse, UserError } from '../../errors/user-error';
import { catalogue } from '../../chains';
import { formatProblems, isError, sortProblems } from '../../model/errors';
import { EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import { KEYS_LOCK_FILE } from '../../model/keys/journal';
import { loadFleet } from '../../model/load';
import { printable } from '../../naming/printable';
import { applyPlan } from '../deploy/apply';
import { getIntoCluster, getIntoNode } from '../deploy/get-in';
import type { NodeTarget } from '../../acts/component';
import { inWords, type ActEvent } from '../../acts/events';
import { fire } from '../../acts/fire';
import { resume } from '../../acts/resume';
import { stop } from '../../acts/stop';
import type { Kube } from '../../kube/kube';
import { fromKubeconfig } from '../../kube/kubeconfig';
import { describePlan, planManifests } from '../deploy/plan';
import { open, seal } from '../deploy/plan-file';
import type { Declared } from '../deploy/placements';
import { readRendered } from '../deploy/rendered';
import { refusedByPlan } from '../plan/trusted-plan';
import { fileAtBase, resolveCommit } from '../../workspace/base-revision';

const program = new Command('manifests')
  .description('What one cluster runs: compare it with what was rendered, apply what was reviewed, and fire, stop or resume one named node.')
  .addHelpText('after', '\nCredentials are kubeconfigs; without one, kubectl finds its own. Nothing here deletes anything.');

const fleetOption = ['--fleet <folder>', 'where the fleet is declared', 'fleet'] as const;
const baseOption = ['--base <revision>', 'what is merged: only keys that its journal places are let sign; default: origin/main, else main'] as const;

program
  .command('plan')
  .description('Compare rendered manifests with a cluster, by server-side dry runs, and write a plan file.')
  .requiredOption('--cluster <name>', 'the cluster')
  .requiredOption('--manifests <folder>', 'its rendered folder, such as dist/<cluster>')
  .requiredOption('--out <file>', 'where the plan is written')
  .option('--kubeconfig <file>', 'of the plan identity')
  .option(...fleetOption)
  .option(...baseOption)
  .option('--head <commit>', 'recorded in the plan; apply can ask for it')
  .option('--trusted-plan <file>', 'what `npm run plan -- --format json` says of the change: what it refuses is not planned')
  .option('--without-gatekeeper', "leave Gatekeeper's objects out where it isn't installed")
  .allowExcessArguments(false)
  .action((options: { cluster: string; manifests: string; out: string; kubeconfig?: string; fleet: string; base?: string; head?: string; trustedPlan?: string; withoutGatekeeper?: true }) =>
    run(async () => {
      const { cluster, fleet, head, kubeconfig, trustedPlan, withoutGatekeeper = false } = options;
      const { declared, base } = await declaredIn(fleet, options.base);
      // A key is never one cluster's alone.
      const refusals = trustedPlan === undefined ? [] : refusedByPlan(trustedPlan, base, ({ section, places }) => section === 'keys' || Object.hasOwn(places, cluster));
      if (refusals.length > 0) throw new UserError(refusals);
      const plan = await planManifests(intoCluster(fleet, cluster, kubeconfig), readRendered(options.manifests), { cluster, declared, base, head, withoutGatekeeper });
      const { text, digest } = seal(plan);
      writeFileSync(options.out, text, { mode: 0o600 });
      process.stdout.write(describePlan(plan, digest));
    }),
  );

program
  .command('apply')
  .description('Apply exactly what a plan file holds.')
  .requiredOption('--cluster <name>', 'the cluster that was planned')
  .requiredOption('--plan <file>', 'the plan file')
  .option('--platform-kubeconfig <file>', 'of the identity that builds clusters')
  .option('--deployer-kubeconfig <file>', 'of the identity that applies workloads')
  .option(...fleetOption)
  .option(...baseOption)
  .option('--head <commit>', 'refuse a plan of another commit')
  .option('--digest <digest>', 'refuse a plan of another digest than the one that was reviewed')
  .option('--timeout <seconds>', 'for each wait', seconds, 120)
  .allowExcessArguments(false)
  .action((options: { cluster: string; plan: string; platformKubeconfig?: string; deployerKubeconfig?: string; fleet: string; base?: string; head?: string; digest?: string; timeout: number }) =>
    run(async () => {
      const { cluster, fleet, timeout } = options;
      const { plan } = open(options.plan, { cluster, head: options.head, digest: options.digest });
      const { declared } = await declaredIn(fleet, options.base);
      await applyPlan(plan, { platform: intoCluster(fleet, cluster, options.platformKubeconfig), deployer: intoCluster(fleet, cluster, options.deployerKubeconfig), declared, say, timeoutSeconds: timeout });
    }),
  );

const intoCluster = (fleet: string, cluster: string, kubeconfig: string | undefined): Kube => fromKubeconfig({ kubeconfig, getIn: () => getIntoCluster(fleet, cluster) });

/** What keys are judged by: the journal as it is merged, and the fleet as this folder has it. @throws UserError */
async function declaredIn(folder: string, revision: string | undefined): Promise<{ declared: Declared; base: string | undefined }> {
  const commit = await resolveCommit(folder, revision);
  const merged = await fileAtBase(folder, KEYS_LOCK_FILE, commit?.id ?? revision);
  const journal = parse(merged.text ?? EMPTY_KEYS_LOCK);
  if (journal.problems.length > 0) refuse(`${KEYS_LOCK_FILE} as it is merged in ${merged.name} can't be relied on`, 'Find the change that damaged it, and restore the file as it was before, by an exceptional, reviewed merge.', formatProblems(journal.problems, folder));
  const { fleet, problems } = loadFleet(folder, catalogue);
  if (fleet === undefined) return refuse(`the fleet in ${folder} is not valid`, 'Run `npm run synth`, and mend what it says.', formatProblems(sortProblems(problems.filter(isError)), folder));
  return { declared: { journal: journal.entries, fleet }, base: commit?.id };
}

interface NodeOptions extends NodeTarget {
  readonly kubeconfig?: string;
  readonly fleet: string;
  readonly timeout: number;
}

const nodeCommand = (name: string, description: string): Command =>
  program
    .command(name)
    .description(description)
    .requiredOption('--network <name>', 'its network')
    .requiredOption('--node <name>', 'the node')
    .option('--component <name>', 'this component alone')
    .option('--kubeconfig <file>', 'of an operator, for the cluster that the node is in')
    .option('--fleet <folder>', 'for messages: says which cluster the node is in', 'fleet')
    // An execution client may take eight minutes to end.
    .option('--timeout <seconds>', 'for each wait', seconds, 900)
    .allowExcessArguments(false);

nodeCommand('fire', 'Let one node take what was applied: its components one after the other, each armed again.').action((options: NodeOptions) =>
  run(() => fire(intoNode(options), options, { timeoutSeconds: options.timeout, signal: interrupted() }, tell)),
);
nodeCommand('stop', 'Stop one node at once and hold it: its signer, or all of it.')
  .requiredOption('--why <text>', 'who stops it and why; everybody who meets the hold reads it')
  .option('--all', 'its other components too', false)
  .action((options: NodeOptions & { why: string; all: boolean }) => run(() => stop(intoNode(options), options, { timeoutSeconds: options.timeout, why: options.why, all: options.all }, tell)));
nodeCommand('resume', 'Lift the hold of one node.')
  .option('--start', 'and start it', false)
  .action((options: NodeOptions & { start: boolean }) => run(() => resume(intoNode(options), options, { start: options.start }, tell)));

const intoNode = ({ kubeconfig, fleet, network, node }: NodeOptions): Kube => fromKubeconfig({ kubeconfig, getIn: () => getIntoNode(fleet, network, node) });

const tell = (event: ActEvent): void => say(inWords(event));

/** Ctrl-C ends the waiting and no more: a node that was disarmed is armed again. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 86_400) throw new InvalidArgumentError('a whole number of seconds, from 1 to 86400');
  return value;
}

async function run(command: () => Promise<unknown>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const { text, code } = explained(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = code;
  }
}

function say(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

void program.parseAsync();
