import { EXIT } from '../../errors/user-error';
import { missingRules } from '../../infra/atlantis/branch-rules';
import { printable } from '../../naming/printable';
import { command, readInput } from '../io';

/** Run before anything is applied: GitHub's answer comes by standard input. */
export const branchRules = command<{ readonly branch: string }>({
  define: (one) => one.requiredOption('--branch <name>', 'that they hold for'),
  body: async ({ branch }, io) => {
    const missing = missingRules(parsed(await readInput(io)));
    if (missing.length === 0) return EXIT.done;
    io.stderr.write(`error: the rules of branch ${printable(branch)} lack ${missing.join(', ')}\n  next: Set it in a ruleset of the repository (Settings, Rules, Rulesets) that is active for the branch, then apply again; docs/starting.md names all of them.\n`);
    return EXIT.refused;
  },
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
