import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ExplainedError } from '../../errors/user-error';
import type { Fleet, FleetNode } from '../../model/types';
import type { NodeReport } from './node-report';
import type { Format } from './selection';

/** What a worker is started with. */
export interface WorkerJob {
  readonly fleet: Fleet;
  /** Indices into the fleet's nodes. */
  readonly nodes: readonly number[];
  readonly folder: string;
  readonly format: Format;
}

/** What a worker sends: reports now and then, or what went wrong. */
export type WorkerMessage = { readonly reports: readonly NodeReport[] } | { readonly error: { readonly name: string; readonly message: string; readonly explained: boolean } };

/**
 * Renders nodes on several cores. Each worker takes every n-th node, so that expensive networks spread evenly; reports come back
 * in the order of the nodes.
 */
export async function inWorkers(
  fleet: Fleet,
  nodes: readonly FleetNode[],
  folder: string,
  format: Format,
  workers: number,
  onProgress?: (done: number, total: number) => void,
): Promise<NodeReport[]> {
  const place = new Map(fleet.nodes.map((node, index) => [node, index]));
  const indices = nodes.map((node) => place.get(node)!);
  let done = 0;
  const shares = await Promise.all(
    Array.from({ length: workers }, (_, share) => {
      const mine = indices.filter((_index, position) => position % workers === share);
      return runWorker({ fleet, nodes: mine, folder, format }, (count) => onProgress?.((done += count), nodes.length));
    }),
  );
  return nodes.map((_node, position) => shares[position % workers]![Math.floor(position / workers)]!);
}

function runWorker(job: WorkerJob, onReports: (count: number) => void): Promise<NodeReport[]> {
  return new Promise((resolve, reject) => {
    const reports: NodeReport[] = [];
    // Workers don't inherit tsx's hooks: of sources, a plain JavaScript file installs them first.
    const built = join(__dirname, 'worker.js');
    const worker = new Worker(existsSync(built) ? built : join(__dirname, 'worker-entry.cjs'), { workerData: job, execArgv: [] });
    worker.on('message', (message: WorkerMessage) => {
      if ('error' in message) {
        const { name, message: text, explained } = message.error;
        reject(Object.assign(explained ? new ExplainedError(text) : new Error(text), { name }));
        void worker.terminate();
        return;
      }
      reports.push(...message.reports);
      onReports(message.reports.length);
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      if (reports.length === job.nodes.length) resolve(reports);
      else reject(new Error(`a rendering worker ended after ${reports.length} of ${job.nodes.length} nodes`));
    });
  });
}
