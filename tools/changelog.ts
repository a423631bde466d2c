import { readFileSync, rmSync } from 'node:fs';
import { Command } from 'commander';
import { explained } from '../errors/user-error';
import { replaceFile } from '../workspace/replace-file';
import { listOf, readEntries, released } from './changelog-entries';

/** `npm run changelog`: what changed since the last release, one file a change in `changelog.d/`. */
const program = new Command('changelog')
  .description('Print what changed since the last release, from changelog.d/.')
  .option('--release', "move it to CHANGELOG.md, as the section of package.json's version")
  .allowExcessArguments(false)
  .parse();

run(program.opts<{ release?: true }>()).catch((error: unknown) => {
  const { text, code } = explained(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = code;
});

async function run({ release }: { readonly release?: true }): Promise<void> {
  const entries = readEntries('changelog.d');
  if (!release) {
    process.stdout.write(listOf(entries));
    return;
  }
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const before = readFileSync('CHANGELOG.md', 'utf8');
  await replaceFile('CHANGELOG.md', released(before, entries, version, new Date().toISOString().slice(0, 10)), before);
  for (const { file } of entries) rmSync(file);
  process.stdout.write(`${entries.length} changes are in CHANGELOG.md as ${version}. Commit them with package.json, and tag that commit v${version}.\n`);
}
