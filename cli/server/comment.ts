import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { COMMENT_LIMIT, formatMarkdown } from '../../apps/plan/format/markdown';
import { planSchema } from '../../apps/plan/model';
import { Shown } from '../../infra/atlantis/shown';

/**
 * Run by Atlantis, or by GitHub's workflow from what is merged: the words of the comment on a pull request. It prints the state and the description of the commit's status,
 * a line each. Atlantis hides earlier comments of its own whose first line names a command (server/events/vcs/github/client.go at 078d0a8): this one's names none.
 */
const FIRST_LINE = '<!-- stockade -->\n';
const program = new Command('comment').description('Write the comment on a pull request.');

program
  .command('plan <file>')
  .description('of a plan that was made: JSON, as npm run plan writes it')
  .requiredOption('--out <file>', 'where the comment is written')
  .action((file: string, { out }: { out: string }) => {
    const plan = planSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    const { text, complete } = formatMarkdown(plan, COMMENT_LIMIT - FIRST_LINE.length);
    writeFileSync(out, FIRST_LINE + text);
    const refused = plan.findings.filter((one) => one.refused).length;
    if (plan.refused) status('failure', `Refused: ${refused} ${refused === 1 ? 'finding' : 'findings'}; the comment says what to do instead`);
    else if (!complete) status('failure', 'The plan is larger than a comment: split the change');
    else status('success', 'The plan refuses nothing; the comment says what it means');
  });

/** Of what was said before a failure: its end. */
const SAID = 6000;

program
  .command('failure <file>')
  .description('of what was said where no plan could be made')
  .requiredOption('--out <file>', 'where the comment is written')
  .action((file: string, { out }: { out: string }) => {
    const all = readFileSync(file);
    const shown = new Shown({ limit: 3 * SAID });
    const said = shown.write(all.subarray(-SAID)) + shown.end();
    const text = ['## No plan could be made', '', 'Nothing of this pull request is planned or applied. What was said, at its end:', '', '```text', said.trimEnd(), '```', ''].join('\n');
    writeFileSync(out, FIRST_LINE + text);
    status('failure', 'No plan could be made; the comment says why');
  });

function status(state: 'success' | 'failure', description: string): void {
  process.stdout.write(`${state}\n${description}\n`);
}

program.parse();
