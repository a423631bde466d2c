import { parentPort, workerData } from 'node:worker_threads';
import { catalogue } from '../../chains';
import { ExplainedError } from '../../errors/user-error';
import { FleetContext } from './fleet-context';
import type { NodeReport } from './node-report';
import type { WorkerJob, WorkerMessage } from './pool';
import { writeNode } from './write-node';

const BATCH = 100;

const job = workerData as WorkerJob;
const send = (message: WorkerMessage): void => parentPort!.postMessage(message);
try {
  const context = new FleetContext(job.fleet, catalogue);
  for (let start = 0; start < job.nodes.length; start += BATCH) {
    const reports: NodeReport[] = job.nodes
      .slice(start, start + BATCH)
      .map((index) => writeNode(context, job.fleet.nodes[index]!, job.folder, job.format));
    send({ reports });
  }
} catch (error) {
  send({ error: { name: (error as Error).name, message: (error as Error).message, explained: error instanceof ExplainedError } });
}
