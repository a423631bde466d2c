import { readFileSync } from 'node:fs';
import { catalogue } from '../chains';
import { EXIT, ExplainedError } from '../errors/user-error';
import { checkFleetFolder } from '../model/check-folder';
import { ofPackage } from '../workspace/own-package';
import { formatProblems, isError, problemsToJson } from '../model/errors';
import type { LoadedFleet } from '../model/load';
import type { Fleet } from '../model/types';
import { renderFleet } from './render/render-fleet';
import { summarize, formatSummary } from './render/summary';
import { type Format, isSelected, mistakesInSelection, type Selection } from './render/selection';

export interface SynthOptions {
  readonly fleet: string;
  readonly out: string;
  readonly cluster?: string[];
  readonly network?: string[];
  readonly node?: string[];
  readonly format: Format;
  readonly json?: boolean;
}

interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/**
 * Validates and renders; the body of `npm run synth` and of the cdk8s app.
 *
 * @param load reads and checks the fleet
 * @returns the exit code: 0, or 1 where the fleet, the selection or the output folder is wrong, with nothing written.
 */
export async function runSynth(options: SynthOptions, streams: Streams, load: () => LoadedFleet = () => checkFleetFolder(options.fleet, catalogue)): Promise<number> {
  try {
    return await checkAndRender(options, streams, load);
  } catch (error) {
    if (!options.json || !(error instanceof ExplainedError)) throw error;
    // Programs read standard output; a fault of ours is none of what they expect there.
    streams.stdout.write(`${JSON.stringify({ ok: false, problems: [{ level: 'error', message: error.message }] }, null, 2)}\n`);
    return EXIT.refused;
  }
}

async function checkAndRender(options: SynthOptions, { stdout, stderr }: Streams, load: () => LoadedFleet): Promise<number> {
  const started = process.hrtime.bigint();
  const { fleet, problems } = load();
  if (!fleet) {
    if (options.json) stdout.write(`${JSON.stringify({ ok: false, ...problemsToJson(problems) }, null, 2)}\n`);
    else stderr.write(`${formatProblems(problems, options.fleet)}\n`);
    return EXIT.refused;
  }
  const warnings = problems.filter((problem) => !isError(problem));
  const selection: Selection = { clusters: options.cluster, networks: options.network, nodes: options.node };
  const wrong = mistakesInSelection(fleet, selection);
  if (wrong.length > 0) return fail(wrong.join('\n'));
  const report = await renderFleet(fleet, catalogue, {
    out: options.out,
    format: options.format,
    selection,
    version: stockadeVersion(),
    onProgress: progress(stderr, countSelected(fleet, selection)),
  });
  const summary = summarize(fleet, report, warnings, options, Number(process.hrtime.bigint() - started) / 1e6);
  stdout.write(options.json ? `${JSON.stringify(summary, null, 2)}\n` : formatSummary(summary));
  return EXIT.done;

  function fail(message: string): number {
    if (options.json) stdout.write(`${JSON.stringify({ ok: false, problems: [{ level: 'error', message }] }, null, 2)}\n`);
    else stderr.write(`${message}\n`);
    return EXIT.refused;
  }
}

/** One line that counts, rewritten in place on a terminal and written now and then to a log; silent on short work. */
function progress(stderr: Streams['stderr'], total: number): (done: number) => void {
  if (total < 400) return () => undefined;
  let next = 0;
  return (done) => {
    if (done < next) return;
    next = done + (stderr.isTTY ? 50 : total / 10);
    stderr.write(stderr.isTTY ? `\rRendering ${done} of ${total} nodes` : `Rendering ${done} of ${total} nodes\n`);
    if (stderr.isTTY && done >= total) stderr.write('\n');
  };
}

const countSelected = (fleet: Fleet, selection: Selection): number => fleet.nodes.filter((node) => isSelected(node, selection)).length;

function stockadeVersion(): string {
  return (JSON.parse(readFileSync(ofPackage('package.json'), 'utf8')) as { version: string }).version;
}
