import type { Command } from 'commander';
import { getIntoNode } from '../../apps/deploy/get-in';
import { fire, resume, stop } from '../../apps/deploy/operate';
import { EXIT } from '../../errors/user-error';
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

type Told = Pick<Parameters<typeof fire>[2], 'say' | 'timeoutSeconds'>;

const onNode = <More>(define: (one: Command) => unknown, act: (access: Parameters<typeof fire>[0], options: Options & More, told: Told) => Promise<unknown>): Definition<Options & More> =>
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
      const { kubeconfig, fleet, network, node, timeout } = options;
      await act({ kubeconfig, getIn: () => getIntoNode(fleet, network, node) }, options, { say: (line) => say(io, printable(line)), timeoutSeconds: timeout });
      return EXIT.done;
    },
  });

export const fireNode = onNode(
  () => undefined,
  (access, options, told) => untilInterrupted((signal) => fire(access, options, { ...told, signal })),
);

export const stopNode = onNode<{ readonly why: string; readonly all: boolean }>(
  (one) => one.requiredOption('--why <text>', 'who stops it and why; everybody who meets the hold reads it').option('--all', 'its other components too', false),
  (access, options, told) => stop(access, options, { ...told, why: options.why, all: options.all }),
);

export const resumeNode = onNode<{ readonly start: boolean }>(
  (one) => one.option('--start', 'and start it', false),
  (access, options, told) => resume(access, options, { ...told, start: options.start }),
);

/** Ctrl-C ends the waiting and no more: a node that was disarmed is armed again. */
async function untilInterrupted(act: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  process.once('SIGINT', abort).once('SIGTERM', abort);
  try {
    await act(controller.signal);
  } finally {
    process.removeListener('SIGINT', abort).removeListener('SIGTERM', abort);
  }
}
