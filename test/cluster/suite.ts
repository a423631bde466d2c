import { cpSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, inject, type SuiteFactory } from 'vitest';
import type { Fleet } from '../../model/types';
import { cacheFolder } from './binaries';
import { ControlPlane, type ControlPlaneOptions } from './control-plane';
import { joinMachines, machinesOf, simulateMachines, type Machine } from './machines';

/** A suite that needs a control plane: skipped where there can be none, with the reason in its name. */
export function describeCluster(name: string, factory: SuiteFactory): void {
  const binaries = inject('binaries');
  const reason = binaries ? undefined : (inject('obstacle') ?? 'run it by `npm run test:cluster`');
  describe.skipIf(reason !== undefined)(reason === undefined ? name : `${name} (skipped: ${reason})`, factory);
}

/** A control plane for the tests of the surrounding suite. If one of them fails, its logs are kept and their place is printed. */
export function useControlPlane(options: ControlPlaneOptions = {}): () => ControlPlane {
  let controlPlane: ControlPlane | undefined;
  let failed = false;
  beforeAll(async () => {
    controlPlane = await ControlPlane.start(inject('binaries'), options);
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => {
      failed = true;
    });
  });
  afterAll(async () => {
    if (controlPlane && failed) keepLogs(controlPlane);
    await controlPlane?.stop();
  });
  return () => {
    if (controlPlane === undefined) throw new Error('the control plane is not there before the suite has begun');
    return controlPlane;
  };
}

/** The machines of one cluster of the fleet, simulated until the suite ends. */
export function useMachines(controlPlane: () => ControlPlane, fleet: Fleet, clusterName: string, cutOff: ReadonlySet<string> = new Set()): readonly Machine[] {
  const cluster = fleet.clusters[clusterName]!;
  const machines = machinesOf(fleet, cluster);
  const stop = new AbortController();
  let simulation: Promise<void> | undefined;
  beforeAll(async () => {
    const { admin } = controlPlane();
    await joinMachines(admin, cluster, machines);
    simulation = simulateMachines(await controlPlane().controller('csi-provisioner'), cluster, (machine) => controlPlane().kubelet(machine), stop.signal, cutOff);
  });
  afterAll(async () => {
    stop.abort();
    await simulation;
  });
  return machines;
}

function keepLogs({ folder }: ControlPlane): void {
  const target = join(cacheFolder(), 'failed', basename(folder));
  mkdirSync(target, { recursive: true });
  cpSync(join(folder, 'logs'), target, { recursive: true });
  process.stderr.write(`The logs of the control plane are in ${target}\n`);
}
