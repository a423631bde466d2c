import { rmSync } from 'node:fs';
import { Command } from 'commander';
import { leftRunning, upFolder } from './left-running';
import { stopLeftRunning } from './processes';

/** `npm run cluster:down`: ends what `cluster:up` left running, and removes its data. */
const program = new Command('cluster:down')
  .description('Stop the clusters that cluster:up started.')
  .option('--cluster <name>', 'only this one')
  .allowExcessArguments(false);

async function down(name: string | undefined): Promise<void> {
  const clusters = leftRunning().filter((one) => name === undefined || one === name);
  if (clusters.length === 0) process.stdout.write(name === undefined ? 'No cluster is up.\n' : `${name} is not up. Up: ${leftRunning().join(', ') || 'none'}.\n`);
  for (const cluster of clusters) {
    const stopped = await stopLeftRunning(upFolder(cluster));
    rmSync(upFolder(cluster), { recursive: true, force: true });
    process.stdout.write(`${cluster} is down; stopped ${stopped.join(', ') || 'nothing: it had ended'}.\n`);
  }
}

program.parse();
down(program.opts<{ cluster?: string }>().cluster).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
