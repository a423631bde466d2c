import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { COMMENT_LIMIT } from '../apps/plan/format/markdown';
import { planSchema } from '../apps/plan/model';
import { runPlan, type PlanOptions } from '../apps/plan/run';
import { EXIT } from '../errors/user-error';
import { command, fleetOption, say } from './io';

/** `npm run plan`: what a change of the fleet means, before it is merged. */
export const plan = command<PlanOptions & { readonly root: string; readonly schema?: true }>({
  define: (one) =>
    one
      .option('--base <revision>', 'what was merged; default: origin/main, else main')
      .option('--head <revision>', 'what is proposed; default: the working tree')
      .option(...fleetOption)
      .addOption(new Option('--format <format>', 'for a terminal, for a comment on a pull request, or for programs').choices(['text', 'markdown', 'json']).default('text'))
      .option('--out <file>', 'write it there instead of printing it')
      .option('--raw', 'with text: all of the raw difference')
      .option('--limit <bytes>', 'with markdown: the size of the comment', limitOf, COMMENT_LIMIT)
      .option('--no-terraform', 'leave out the Terraform stacks')
      .option('--base-output <folder>', 'take the base from dist/ (and cdktf.out/) in this folder instead of rendering it')
      .option('--head-output <folder>', 'take the head from there')
      .option('--root <folder>', 'the package whose fleet it is', '.')
      .option('--schema', 'print the JSON Schema of --format json, and make no plan')
      .addHelpText('after', `
Exit codes: 0 a plan was made; 1 it refuses something (it is printed all the same), or none could be made. docs/plan.md names the risk classes.`),
  body: async (options, io) => {
    if (!options.schema) return runPlan(options, io, resolve(options.root));
    say(io, JSON.stringify(z.toJSONSchema(planSchema), null, 2));
    return EXIT.done;
  },
});

function limitOf(value: string): number {
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 4096) throw new InvalidArgumentError('give whole bytes, from 4096 on.');
  return limit;
}
