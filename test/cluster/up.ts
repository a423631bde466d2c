import { mkdirSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { findBinaries } from './binaries';
import { ControlPlane } from './control-plane';
import { applyAll, manifestsOf, quotasKnown, renderExample } from './example';
import { upFolder } from './left-running';
import { describePods, isReady, joinMachines, machinesOf, until, type PodObject } from './machines';
import { stopLeftRunning } from './processes';

/** `npm run cluster:up`: one cluster of the example fleet on this machine, left running to play with. */
const program = new Command('cluster:up')
  .description('Start a control plane with simulated machines, and apply the manifests of one cluster of the example fleet.')
  .option('--cluster <name>', 'which one', 'gke-europe-west1')
  .allowExcessArguments(false);

async function up(name: string): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const example = await renderExample(name);
  const cluster = example.fleet.clusters[name];
  if (cluster === undefined) {
    example.remove();
    throw new Error(`there is no cluster "${name}" in fleet/clusters. There are: ${Object.keys(example.fleet.clusters).sort().join(', ')}.`);
  }
  const binaries = await findBinaries({ progress: say, without: ['helm', 'kube-apiserver-next'] });
  const folder = upFolder(name);
  if ((await stopLeftRunning(folder)).length > 0) say('Stopped the one that was running.');
  if (existsSync(folder)) rmSync(folder, { recursive: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });

  // Until it is whole it is not left behind.
  const abandon = (): void => {
    void stopLeftRunning(folder).then(() => process.exit(130));
  };
  process.once('SIGINT', abandon).once('SIGTERM', abandon);
  try {
    say('Starting etcd, API server, controller manager, scheduler and kwok.');
    const controlPlane = await ControlPlane.start(binaries, { serviceRange: cluster.ranges.services, folder, outlive: true });
    const { admin } = controlPlane;
    const machines = machinesOf(example.fleet, cluster);
    await joinMachines(admin, cluster, machines);
    controlPlane.runBeside({ name: 'machines', binary: process.execPath, args: ['--import', pathToFileURL(require.resolve('tsx')).href, join(__dirname, 'run-machines.ts'), folder, controlPlane.url, name] });

    const { platform, policies, nodes } = manifestsOf(example, name);
    const { access } = example.fleet.settings;
    say(`Applying ${platform.length + policies.length + nodes.length} objects.`);
    // With the policies in force nobody but the fleet's identities writes among staking nodes: this is the one that builds clusters.
    const builder = await controlPlane.as({ user: 'platform@example.com', groups: [...access.platform[cluster.cloud], 'system:masters'] });
    await applyAll(builder, [...platform, ...policies]);
    await quotasKnown(admin);
    await applyAll(builder, nodes);
    const pods = async (): Promise<PodObject[]> => (await admin.list<PodObject>('/api/v1/pods')).filter(({ metadata }) => metadata.namespace!.startsWith('staking-'));
    const wanted = nodes.reduce((sum, { kind, spec }) => sum + (kind === 'StatefulSet' ? (spec as { replicas: number }).replicas : 0), 0);
    await until(`${wanted} pods are ready`, async () => (await pods()).filter(isReady).length === wanted, { describe: async () => describePods(await pods()) });

    const roles = { viewer: access.viewers, operator: access.operators, deployer: access.deployers, 'break-glass': access.breakGlass, 'data-custodian': access.dataCustodians, planner: access.planners };
    for (const [role, groups] of Object.entries(roles)) {
      await controlPlane.kubeconfigFor(role, { user: `${role}@example.com`, groups: groups[cluster.cloud] });
    }
    process.stdout.write(
      [
        `${name} is up: ${wanted} pods on ${machines.length} simulated machines.`,
        '',
        `  export KUBECONFIG=${controlPlane.kubeconfig}`,
        '  kubectl get pods --all-namespaces --output wide',
        '',
        'The admission policies are in force, for cluster admin too. Try: kubectl -n staking-<network> scale statefulset <node>-<component> --replicas=2',
        `As somebody with a role: ${Object.keys(roles).map((role) => `${role}.kubeconfig`).join(', ')} in ${folder}`,
        'Stop it by `npm run cluster:down`.',
        '',
      ].join('\n'),
    );
  } catch (error) {
    await stopLeftRunning(folder);
    throw error;
  } finally {
    example.remove();
  }
}

program.parse();
up(program.opts<{ cluster: string }>().cluster).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
