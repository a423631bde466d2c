import { applyPlan } from '../../apps/deploy/apply';
import { open } from '../../apps/deploy/plan-file';
import { EXIT } from '../../errors/user-error';
import { printable } from '../../naming/printable';
import { command, fleetOption, say } from '../io';
import { baseOption, declaredIn, intoCluster, seconds } from './declared';

interface Options {
  readonly cluster: string;
  readonly plan: string;
  readonly platformKubeconfig?: string;
  readonly deployerKubeconfig?: string;
  readonly fleet: string;
  readonly base?: string;
  readonly head?: string;
  readonly digest?: string;
  readonly timeout: number;
}

export const apply = command<Options>({
  define: (one) =>
    one
      .requiredOption('--cluster <name>', 'the cluster that was planned')
      .requiredOption('--plan <file>', 'the plan file')
      .option('--platform-kubeconfig <file>', 'of the identity that builds clusters')
      .option('--deployer-kubeconfig <file>', 'of the identity that applies workloads')
      .option(...fleetOption)
      .option(...baseOption)
      .option('--head <commit>', 'refuse a plan of another commit')
      .option('--digest <digest>', 'refuse a plan of another digest than the one that was reviewed')
      .option('--timeout <seconds>', 'for each wait', seconds, 120),
  body: async ({ cluster, plan: file, platformKubeconfig, deployerKubeconfig, fleet, base, head, digest, timeout }, io) => {
    const { plan } = open(file, { cluster, head, digest });
    const { declared } = await declaredIn(fleet, base);
    await applyPlan(plan, {
      platform: intoCluster(fleet, cluster, platformKubeconfig),
      deployer: intoCluster(fleet, cluster, deployerKubeconfig),
      declared,
      say: (line) => say(io, printable(line)),
      timeoutSeconds: timeout,
    });
    return EXIT.done;
  },
});
