import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EXIT, refusal, UserError } from '../../errors/user-error';
import { nameOf, resolveCommit, type Commit } from '../../workspace/base-revision';
import { readIfThere, replaceFile } from '../../workspace/replace-file';
import { formatJson } from './format/json';
import { COMMENT_LIMIT, formatMarkdown } from './format/markdown';
import { formatText } from './format/text';
import { keyHistory } from './key-history';
import type { Plan } from './model';
import { makePlan, type Revision } from './report';
import { readOutput, renderRevision } from './revision';

export interface PlanOptions {
  readonly base?: string;
  readonly head?: string;
  readonly fleet: string;
  readonly format: 'text' | 'markdown' | 'json';
  readonly out?: string;
  readonly raw?: boolean;
  readonly limit?: number;
  readonly terraform: boolean;
  /** Folders with a `dist/`, and perhaps a `cdktf.out/`, that were rendered before: nothing is rendered, no code of a revision is run. */
  readonly baseOutput?: string;
  readonly headOutput?: string;
}

interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/**
 * The body of `npm run plan`, run in the package's folder.
 *
 * @returns the exit code: 0; 1 where it refuses something (the plan is written all the same), or where the comment can't hold it
 * @throws UserError where no plan could be made
 */
export async function runPlan(options: PlanOptions, { stdout, stderr }: Streams, root = process.cwd()): Promise<number> {
  const log = (line: string): void => void stderr.write(`${line}\n`);
  const plan = await planOf(options, root, log);
  const { text, complete } = format(plan, options);
  if (options.out === undefined) stdout.write(text);
  else await replaceFile(options.out, text, await readIfThere(options.out));
  if (!complete) log('error: the plan is larger than a comment, so the comment does not show all of its findings\n  next: read it as text, or split the change.');
  if (plan.refused) log(`error: ${plan.findings.filter(({ refused }) => refused).length} findings are refused; the plan says what to do instead`);
  return plan.refused || !complete ? EXIT.refused : EXIT.done;
}

function format(plan: Plan, { format: as, raw, limit = COMMENT_LIMIT }: PlanOptions): { text: string; complete: boolean } {
  if (as === 'markdown') return formatMarkdown(plan, limit);
  return { text: as === 'json' ? formatJson(plan) : formatText(plan, { raw }), complete: true };
}

async function planOf(options: PlanOptions, root: string, log: (line: string) => void): Promise<Plan> {
  const base = await resolveCommit(root, options.base);
  if (base === undefined) throw refusal('The repository has no commit yet, so there is nothing to compare with', 'Commit the fleet first.');
  const head = options.head === undefined ? undefined : await resolveCommit(root, options.head);
  const fleet = join(root, options.fleet);
  if (!head && !existsSync(fleet)) throw refusal(`There is no folder "${options.fleet}" in ${root}`, 'Run the command in the folder of package.json, or name the fleet with --fleet.');
  const { revisions, notes } = await bothRevisions(options, { base, head, root, terraform: options.terraform, log });
  const [before, after] = revisions;
  // Without a folder for git to stand in, as when the working tree has none, the names are taken from the root.
  const keys = await keyHistory(existsSync(fleet) ? fleet : root, base, head, new Date());
  const stale = base.stale === undefined ? [] : [`${base.stale}.`];
  return makePlan({ base: before, head: after, keys, notes: [...stale, ...notes] });
}

interface Sides {
  readonly base: Commit;
  readonly head: Commit | undefined;
  readonly root: string;
  readonly terraform: boolean;
  readonly log: (line: string) => void;
}

/** Both at the same time, and the mistakes of both. */
async function bothRevisions(options: PlanOptions, { base, head, root, terraform, log }: Sides): Promise<{ revisions: [Revision, Revision]; notes: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-plan-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const interrupted = (): void => {
    remove();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const notes: string[] = [];
    const one = async (name: 'base' | 'head', commit: Commit | undefined, output: string | undefined): Promise<Revision> => {
      if (output !== undefined) return readOutput(resolve(output), commit?.name ?? 'the working tree', commit?.id);
      const own = join(folder, name);
      mkdirSync(own);
      const rendered = await renderRevision({ root, fleet: options.fleet, commit, folder: own, terraform, log });
      if (rendered.noFleet) {
        if (name === 'head') throw refusal(`${commit ? nameOf(commit) : 'The working tree'} has no folder "${options.fleet}"`, 'Name the fleet with --fleet.');
        notes.push(`${nameOf(base)} has no folder "${options.fleet}": it is older than the fleet, so everything counts as new.`);
      }
      return rendered;
    };
    const [before, after] = await Promise.allSettled([one('base', base, options.baseOutput), one('head', head, options.headOutput)]);
    if (before.status === 'fulfilled' && after.status === 'fulfilled') return { revisions: [before.value, after.value], notes };
    const failed = [before, after].flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
    if (failed.every((error) => error instanceof UserError)) throw new UserError(failed.flatMap(({ failures }) => failures));
    throw failed.find((error) => !(error instanceof UserError))!;
  } finally {
    process.removeListener('SIGINT', interrupted).removeListener('SIGTERM', interrupted);
    remove();
  }
}
