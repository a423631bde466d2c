import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { COMMENT_LIMIT, formatMarkdown } from '../../apps/plan/format/markdown';
import { planSchema } from '../../apps/plan/model';
import { EXIT } from '../../errors/user-error';
import { Shown } from '../../infra/atlantis/shown';
import { command, type Io, say } from '../io';

/*
 * The words of the comment on a pull request. They print the state and the description of the commit's status, a line each. Atlantis hides earlier comments of its own whose
 * first line names a command (server/events/vcs/github/client.go at 078d0a8): this one's names none.
 */
const FIRST_LINE = '<!-- stockade -->\n';

const define = (one: Command): unknown => one.argument('<file>').requiredOption('--out <file>', 'where the comment is written');

/** Of JSON, as `npm run plan` writes it. */
export const ofPlan = command<{ readonly out: string }, [file: string]>({
  define,
  body: ({ out }, io, file) => {
    const plan = planSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    const { text, complete } = formatMarkdown(plan, COMMENT_LIMIT - FIRST_LINE.length);
    writeFileSync(out, FIRST_LINE + text);
    const refused = plan.findings.filter((one) => one.refused).length;
    if (plan.refused) return status(io, 'failure', `Refused: ${refused} ${refused === 1 ? 'finding' : 'findings'}; the comment says what to do instead`);
    if (!complete) return status(io, 'failure', 'The plan is larger than a comment: split the change');
    return status(io, 'success', 'The plan refuses nothing; the comment says what it means');
  },
});

/** Of what was said before a failure: its end. */
const SAID = 6000;

export const ofFailure = command<{ readonly out: string }, [file: string]>({
  define,
  body: ({ out }, io, file) => {
    const all = readFileSync(file);
    const shown = new Shown({ limit: 3 * SAID });
    const said = shown.write(all.subarray(-SAID)) + shown.end();
    const text = ['## No plan could be made', '', 'Nothing of this pull request is planned or applied. What was said, at its end:', '', '```text', said.trimEnd(), '```', ''].join('\n');
    writeFileSync(out, FIRST_LINE + text);
    return status(io, 'failure', 'No plan could be made; the comment says why');
  },
});

function status(io: Io, state: 'success' | 'failure', description: string): number {
  say(io, `${state}\n${description}`);
  return EXIT.done;
}
