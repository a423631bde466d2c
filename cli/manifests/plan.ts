import { writeFileSync } from 'node:fs';
import { describePlan, planManifests } from '../../apps/deploy/plan';
import { seal } from '../../apps/deploy/plan-file';
import { readRendered } from '../../apps/deploy/rendered';
import { refusedByPlan } from '../../apps/plan/trusted-plan';
import { EXIT, UserError } from '../../errors/user-error';
import { command, fleetOption } from '../io';
import { baseOption, declaredIn, intoCluster } from './declared';

interface Options {
  readonly cluster: string;
  readonly manifests: string;
  readonly out: string;
  readonly kubeconfig?: string;
  readonly fleet: string;
  readonly base?: string;
  readonly head?: string;
  readonly trustedPlan?: string;
  readonly withoutGatekeeper?: true;
}

export const plan = command<Options>({
  define: (one) =>
    one
      .requiredOption('--cluster <name>', 'the cluster')
      .requiredOption('--manifests <folder>', 'its rendered folder, such as dist/<cluster>')
      .requiredOption('--out <file>', 'where the plan is written')
      .option('--kubeconfig <file>', 'of the plan identity')
      .option(...fleetOption)
      .option(...baseOption)
      .option('--head <commit>', 'recorded in the plan; apply can ask for it')
      .option('--trusted-plan <file>', 'what `npm run plan -- --format json` says of the change: what it refuses is not planned')
      .option('--without-gatekeeper', "leave Gatekeeper's objects out where it isn't installed"),
  body: async ({ cluster, manifests, out, kubeconfig, fleet, base: revision, head, trustedPlan, withoutGatekeeper = false }, io) => {
    const { declared, base } = await declaredIn(fleet, revision);
    // A key is never one cluster's alone.
    const refusals = trustedPlan === undefined ? [] : refusedByPlan(trustedPlan, base, ({ section, places }) => section === 'keys' || Object.hasOwn(places, cluster));
    if (refusals.length > 0) throw new UserError(refusals);
    const made = await planManifests(intoCluster(fleet, cluster, kubeconfig), readRendered(manifests), { cluster, declared, base, head, withoutGatekeeper });
    const { text, digest } = seal(made);
    writeFileSync(out, text, { mode: 0o600 });
    io.stdout.write(describePlan(made, digest));
    return EXIT.done;
  },
});
