import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { BaseError, fileAtBase } from '../apps/cli/base-revision';
import { ATLANTIS_FILE, atlantisFiles, differences, listedProjects, lostProjects, writeAtlantis, type Lost } from '../infra/atlantis/generate';
import { InfraError, loadStacks } from '../infra/synth';

/**
 * `npm run atlantis`: writes `atlantis.yaml` and `infra/projects/`, which are committed. It drops no project that still has something to destroy,
 * whether the working tree or a merged revision lists it.
 */
const program = new Command('atlantis')
  .description('Write atlantis.yaml and infra/projects/ from the fleet.')
  .option('--check', 'write nothing; fail where what is committed is not current')
  .option('--base <revision>', 'what was merged: its projects may not be dropped either; default: origin/main, else main, where there is one')
  .allowExcessArguments(false);

async function run({ check, base }: { check?: true; base?: string }): Promise<number> {
  const context = loadStacks('fleet');
  const files = atlantisFiles(context);
  const lists: { readonly text: string | undefined; readonly name: string }[] = [
    { text: existsSync(ATLANTIS_FILE) ? readFileSync(ATLANTIS_FILE, 'utf8') : undefined, name: `${ATLANTIS_FILE} of the working tree` },
  ];
  const merged = await fileAtBase('.', ATLANTIS_FILE, base);
  lists.push({ text: merged.text, name: `${ATLANTIS_FILE} of ${merged.name}` });
  const lost = new Map<string, Lost>();
  for (const { text, name } of lists) {
    if (text === undefined) continue;
    for (const one of lostProjects(listedProjects(text), context, name)) lost.set(one.projects.join(), one);
  }
  if (lost.size > 0) {
    for (const { message, next } of lost.values()) process.stderr.write(`error: ${message}\n  next: ${next}\n`);
    return 1;
  }
  if (check) {
    const stale = differences('.', files);
    if (stale.length === 0) return said(`${ATLANTIS_FILE} is current: ${files.size - 1} projects.`);
    process.stderr.write(`error: not what the fleet comes to: ${stale.join(', ')}\n  next: Run npm run atlantis and commit what it writes.\n`);
    return 1;
  }
  const changed = writeAtlantis('.', files);
  return said(changed.length === 0 ? `${ATLANTIS_FILE} was current: ${files.size - 1} projects.` : `Wrote ${changed.join(', ')}`);
}

function said(line: string): number {
  process.stdout.write(`${line}\n`);
  return 0;
}

program.parse();
run(program.opts<{ check?: true; base?: string }>()).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    if (error instanceof BaseError) process.stderr.write(`error: ${error.message}\n  next: ${error.next}\n`);
    else if (error instanceof InfraError) process.stderr.write(`${error.message}\n`);
    else process.stderr.write(`${String(error instanceof Error ? (error.stack ?? error.message) : error)}\n`);
    process.exitCode = error instanceof BaseError || error instanceof InfraError ? 1 : 70;
  },
);
