import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, inject, type SuiteFactory } from 'vitest';
import { cacheFolder } from '../cluster/binaries';
import { RealCluster, type RealClusterOptions } from './cluster';

/** A suite that needs real nodes: skipped where there can be none, with the reason in its name. */
export function describeNodes(name: string, factory: SuiteFactory): void {
  const binaries = inject('nodeBinaries');
  const reason = binaries ? undefined : (inject('obstacle') ?? 'run it by `npm run test:nodes`');
  describe.skipIf(reason !== undefined)(reason === undefined ? name : `${name} (skipped: ${reason})`, factory);
}

/** A cluster with real nodes for the tests of the surrounding suite. If one of them fails, its logs are kept and their place is printed. */
export function useRealCluster(options: Omit<RealClusterOptions, 'binaries'>): () => RealCluster {
  let cluster: RealCluster | undefined;
  let failed = false;
  beforeAll(async () => {
    cluster = await RealCluster.start({ ...options, binaries: inject('nodeBinaries') });
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => {
      failed = true;
    });
  });
  afterAll(async () => {
    if (cluster && failed) {
      const target = join(cacheFolder(), 'failed', basename(cluster.controlPlane.folder));
      cluster.keepLogs(target);
      process.stderr.write(`The logs of the cluster are in ${target}\n`);
    }
    await cluster?.stop();
  });
  return () => {
    if (cluster === undefined) throw new Error('the cluster is not there before the suite has begun');
    return cluster;
  };
}
