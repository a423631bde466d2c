import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { COMMENT_LIMIT } from '../apps/plan/format/markdown';
import { planSchema } from '../apps/plan/model';
import { runPlan, type PlanOptions } from '../apps/plan/run';

/** `npm run plan`: what a change of the fleet means, before it is merged. */
const program = new Command('plan')
  .description('Compare the rendered fleets of two revisions by meaning, each rendered by its own code.')
  .option('--base <revision>', 'what was merged; default: origin/main, else main')
  .option('--head <revision>', 'what is proposed; default: the working tree')
  .option('--fleet <folder>', 'where the fleet is declared', 'fleet')
  .addOption(new Option('--format <format>', 'for a terminal, for a comment on a pull request, or for programs').choices(['text', 'markdown', 'json']).default('text'))
  .option('--out <file>', 'write it there instead of printing it')
  .option('--raw', 'with text: all of the raw difference')
  .option('--limit <bytes>', 'with markdown: the size of the comment', limitOf, COMMENT_LIMIT)
  .option('--no-terraform', 'leave out the Terraform stacks')
  .option('--base-output <folder>', 'take the base from dist/ (and cdktf.out/) in this folder instead of rendering it')
  .option('--head-output <folder>', 'take the head from there')
  .option('--root <folder>', 'the package whose fleet it is', '.')
  .option('--schema', 'print the JSON Schema of --format json, and make no plan')
  .allowExcessArguments(false)
  .addHelpText('after', `
Exit codes: 0 a plan was made; 1 it refuses something (it is printed all the same), or none could be made. docs/plan.md names the risk classes.`);

function limitOf(value: string): number {
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 4096) throw new InvalidArgumentError('give whole bytes, from 4096 on.');
  return limit;
}

program.parse();
const printSchema = (): number => {
  process.stdout.write(`${JSON.stringify(z.toJSONSchema(planSchema), null, 2)}\n`);
  return 0;
};
const options = program.opts<PlanOptions & { readonly root: string; readonly schema?: true }>();
(options.schema ? Promise.resolve(printSchema()) : runPlan(options, process, resolve(options.root))).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${String(error instanceof Error ? (error.stack ?? error.message) : error)}\n`);
    process.exitCode = 70;
  },
);
