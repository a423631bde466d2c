import type { Command } from 'commander';
import { getIntoNode } from '../../apps/deploy/get-in';
import { type ActEvent, inWords } from '../../acts/events';
import { fire } from '../../acts/fire';
import { resume } from '../../acts/resume';
import { stop } from '../../acts/stop';
import { EXIT } from '../../errors/user-error';
import type { Kube } from '../../kube/kube';
import { fromKubeconfig } from '../../kube/kubeconfig';
import { printable } from '../../naming/printable';
import { command, type Definition, fleetOption, say } from '../io';
import { seconds } from './declared';

/* `fire`, `stop` and `resume`: acts on one named node. */

interface Options {
  readonly network: string;
  readonly node: string;
  readonly component?: string;
  readonly kubeconfig?: string;
  readonly fleet: string;
  readonly timeout: number;
}

type Tell = (event: ActEvent) => void;

const onNode = <More>(define: (one: Command) => unknown, act: (kube: Kube, options: Options & More, tell: Tell) => Promise<unknown>): Definition<Options & More> =>
  command<Options & More>({
    define: (one) =>
      define(
        one
          .requiredOption('--network <name>', 'its network')
          .requiredOption('--node <name>', 'the node')
          .option('--component <name>', 'this component alone')
          .option('--kubeconfig <file>', 'of an operator, for the cluster that the node is in')
          .option('--fleet <folder>', 'for messages: says which cluster the node is in', fleetOption[2])
          // An execution client may take eight minutes to end.
          .option('--timeout <seconds>', 'for each wait', seconds, 900),
      ),
    body: async (options, io) => {
      const { kubeconfig, fleet, network, node } = options;
      const kube = fromKubeconfig({ kubeconfig, getIn: () => getIntoNode(fleet, network, node) });
      try {
        await act(kube, options, (event) => say(io, printable(inWords(event))));
      } finally {
        kube.close();
      }
      return EXIT.done;
    },
  });

export const fireNode = onNode(
  () => undefined,
  (kube, options, tell) => untilInterrupted((signal) => fire(kube, options, { timeoutSeconds: options.timeout, signal }, tell)),
);

export const stopNode = onNode<{ readonly why: string; readonly all: boolean }>(
  (one) => one.requiredOption('--why <text>', 'who stops it and why; everybody who meets the hold reads it').option('--all', 'its other components too', false),
  (kube, options, tell) => stop(kube, options, { timeoutSeconds: options.timeout, why: options.why, all: options.all }, tell),
);

export const resumeNode = onNode<{ readonly start: boolean }>(
  (one) => one.option('--start', 'and start it', false),
  (kube, options, tell) => resume(kube, options, { start: options.start }, tell),
);

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ctrl-C, however often, and a closed terminal end the waiting and no more: a node that was disarmed is armed again. */
async function untilInterrupted(act: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const signal of SIGNALS) process.on(signal, abort);
  try {
    await act(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, abort);
  }
}
