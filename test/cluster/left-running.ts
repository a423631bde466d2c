import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './binaries';

/** Where a cluster that was left running keeps its data, logs, kubeconfig and pids. */
export const upFolder = (cluster: string): string => join(cacheFolder(), 'up', cluster);

/** The clusters that were started by `cluster:up` and not yet taken down. */
export function leftRunning(): string[] {
  const folder = join(cacheFolder(), 'up');
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
