import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Option } from 'commander';
import { EXIT, refuse } from '../../errors/user-error';
import { describeCommand, kubeconfig } from '../../infra/atlantis/kubeconfig';
import { declaredCluster } from '../../infra/context/declared-cluster';
import { AUTOMATION_IDENTITIES, type AutomationIdentity } from '../../naming/clouds';
import { command, type Io } from '../io';
import { BIN } from './bin';

interface Options {
  readonly as: AutomationIdentity;
  readonly cluster: string;
  readonly fleet: string;
  readonly out: string;
}

/** A step of Atlantis' server (`infra/atlantis/server/bin/kubeconfig`): asks the cloud, as an identity, where a cluster is, and writes a kubeconfig without a secret. */
export const writeKubeconfig = command<Options>({
  define: (one) =>
    one
      .addOption(new Option('--as <identity>', 'who asks, and who the kubeconfig is of').choices(AUTOMATION_IDENTITIES).makeOptionMandatory())
      .requiredOption('--cluster <name>')
      .requiredOption('--fleet <folder>', 'where the cluster is declared')
      .requiredOption('--out <file>'),
  body: write,
});

function write({ as: identity, cluster, fleet, out }: Options, { env }: Io): number {
  const place = { name: cluster, ...declaredCluster(fleet, cluster) };
  const asked = describeCommand(place, { gcpProjects: (env['STOCKADE_GCP_PROJECTS'] ?? '').split(' '), awsAccount: env['STOCKADE_AWS_ACCOUNT'] ?? '' });
  const { status, stdout, stderr } = spawnSync(join(BIN, 'as'), [identity, '--', ...asked], { encoding: 'utf8' });
  if (status !== 0) refuse(`identity "${identity}" can't ask the cloud about cluster ${JSON.stringify(cluster)}`, 'Apply its stacks first: docs/runbooks/new-region.md. Else look at what the identity may do.', stderr.trim() || `exit code ${status}`);
  const text = kubeconfig(place, stdout, { identity, bin: BIN, ...(env['STOCKADE_EKS_PROXY'] ? { proxy: env['STOCKADE_EKS_PROXY'] } : {}) });
  writeFileSync(`${out}.new`, text, { mode: 0o600 });
  renameSync(`${out}.new`, out);
  return EXIT.done;
}
