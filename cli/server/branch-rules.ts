import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { missingRules } from '../../infra/atlantis/branch-rules';
import { printable } from '../../naming/printable';

/** Run by Atlantis from its own copy of this repository, before anything is applied: GitHub's answer comes by standard input. */
const { branch } = new Command('branch-rules').description('Refuse where the rules of a branch do not keep what was approved and planned.').requiredOption('--branch <name>', 'that they hold for').parse().opts<{ branch: string }>();

function answer(): unknown {
  try {
    return JSON.parse(readFileSync(0, 'utf8'));
  } catch {
    return undefined;
  }
}

const missing = missingRules(answer());
if (missing.length > 0) {
  process.stderr.write(`error: the rules of branch ${printable(branch)} lack ${missing.join(', ')}\n  next: Set it in a ruleset of the repository (Settings, Rules, Rulesets) that is active for the branch, then apply again; docs/starting.md names all of them.\n`);
  process.exitCode = 1;
}
