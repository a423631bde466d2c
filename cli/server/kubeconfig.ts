import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { describeCommand, kubeconfig } from '../../infra/atlantis/kubeconfig';
import { declaredCluster, DeclarationError } from '../../infra/context/declared-cluster';
import { AUTOMATION_IDENTITIES, type AutomationIdentity } from '../../naming/clouds';

/** A step of Atlantis' server (`infra/atlantis/server/bin/kubeconfig`): asks the cloud, as an identity, where a cluster is, and writes a kubeconfig without a secret. */
const program = new Command('kubeconfig')
  .addOption(new Option('--as <identity>', 'who asks, and who the kubeconfig is of').choices(AUTOMATION_IDENTITIES).makeOptionMandatory())
  .requiredOption('--cluster <name>')
  .requiredOption('--fleet <folder>', 'where the cluster is declared')
  .requiredOption('--out <file>')
  .allowExcessArguments(false)
  .parse();

const BIN = resolve(__dirname, '../../infra/atlantis/server/bin');

try {
  write(program.opts<{ as: AutomationIdentity; cluster: string; fleet: string; out: string }>());
} catch (error) {
  if (!(error instanceof DeclarationError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
}

function write({ as: identity, cluster, fleet, out }: { readonly as: AutomationIdentity; readonly cluster: string; readonly fleet: string; readonly out: string }): void {
  const place = { name: cluster, ...declaredCluster(fleet, cluster) };
  const command = describeCommand(place, { gcpProjects: (process.env['STOCKADE_GCP_PROJECTS'] ?? '').split(' '), awsAccount: process.env['STOCKADE_AWS_ACCOUNT'] ?? '' });
  const { status, stdout, stderr } = spawnSync(join(BIN, 'as'), [identity, '--', ...command], { encoding: 'utf8' });
  if (status !== 0) throw new DeclarationError(`identity "${identity}" can't ask the cloud about cluster ${JSON.stringify(cluster)}: ${stderr.trim() || `exit code ${status}`}\n  next: Apply its stacks first: docs/runbooks/new-region.md. Else look at what the identity may do.`);
  const text = kubeconfig(place, stdout, { identity, bin: BIN, ...(process.env['STOCKADE_EKS_PROXY'] ? { proxy: process.env['STOCKADE_EKS_PROXY'] } : {}) });
  writeFileSync(`${out}.new`, text, { mode: 0o600 });
  renameSync(`${out}.new`, out);
}
