import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { applyPlan } from '../deploy/apply';
import { DeployError } from '../deploy/errors';
import { fire, resume, stop, type NodeTarget } from '../deploy/operate';
import { describePlan, planManifests } from '../deploy/plan';
import { open, seal } from '../deploy/plan-file';
import { readRendered } from '../deploy/rendered';

const program = new Command('manifests')
  .description('What one cluster runs: compare it with what was rendered, apply what was reviewed, and fire, stop or resume one named node.')
  .addHelpText('after', '\nCredentials are kubeconfigs; without one, kubectl finds its own. Nothing here deletes anything.');

program
  .command('plan')
  .description('Compare rendered manifests with a cluster, by server-side dry runs, and write a plan file.')
  .requiredOption('--cluster <name>', 'the cluster')
  .requiredOption('--manifests <folder>', 'its rendered folder, such as dist/<cluster>')
  .requiredOption('--out <file>', 'where the plan is written')
  .option('--kubeconfig <file>', 'of the plan identity')
  .option('--base <commit>', 'recorded in the plan')
  .option('--head <commit>', 'recorded in the plan; apply can ask for it')
  .option('--without-gatekeeper', "leave Gatekeeper's objects out where it isn't installed")
  .allowExcessArguments(false)
  .action((options: { cluster: string; manifests: string; out: string; kubeconfig?: string; base?: string; head?: string; withoutGatekeeper?: true }) =>
    run(async () => {
      const { cluster, base, head, kubeconfig, withoutGatekeeper = false } = options;
      const plan = await planManifests({ kubeconfig }, readRendered(options.manifests), { cluster, base, head, withoutGatekeeper });
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
  .option('--head <commit>', 'refuse a plan of another commit')
  .option('--digest <digest>', 'refuse a plan of another digest than the one that was reviewed')
  .option('--timeout <seconds>', 'for each wait', seconds, 120)
  .allowExcessArguments(false)
  .action((options: { cluster: string; plan: string; platformKubeconfig?: string; deployerKubeconfig?: string; head?: string; digest?: string; timeout: number }) =>
    run(async () => {
      const { plan } = open(options.plan, { cluster: options.cluster, head: options.head, digest: options.digest });
      await applyPlan(plan, { platform: { kubeconfig: options.platformKubeconfig }, deployer: { kubeconfig: options.deployerKubeconfig }, say, timeoutSeconds: options.timeout });
    }),
  );

interface NodeOptions extends NodeTarget {
  readonly kubeconfig?: string;
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
    // An execution client may take eight minutes to end.
    .option('--timeout <seconds>', 'for each wait', seconds, 900)
    .allowExcessArguments(false);

nodeCommand('fire', 'Let one node take what was applied: its components one after the other, each armed again.').action((options: NodeOptions) =>
  run(() => fire(options, options, { say, timeoutSeconds: options.timeout, signal: interrupted() })),
);
nodeCommand('stop', 'Stop one node at once and hold it: its signer, or all of it.')
  .requiredOption('--why <text>', 'who stops it and why; everybody who meets the hold reads it')
  .option('--all', 'its other components too', false)
  .action((options: NodeOptions & { why: string; all: boolean }) => run(() => stop(options, options, { say, timeoutSeconds: options.timeout, why: options.why, all: options.all })));
nodeCommand('resume', 'Lift the hold of one node.')
  .option('--start', 'and start it', false)
  .action((options: NodeOptions & { start: boolean }) => run(() => resume(options, options, { say, timeoutSeconds: options.timeout, start: options.start })));

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

async function run(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const known = error instanceof DeployError;
    process.stderr.write(`${known ? error.message : String(error instanceof Error ? (error.stack ?? error.message) : error)}\n`);
    process.exitCode = known ? 1 : 70;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

void program.parseAsync();
