import { Command, CommanderError } from 'commander';
import { EXIT, explained } from '../errors/user-error';
import { type Definition, type Io, misused, MISUSED } from './io';

/* Each command is loaded when it is asked for: `keys status` takes no Terraform. A require, since `import()` goes by another loader than the rest of the program. */
/* eslint-disable @typescript-eslint/no-require-imports */

interface Listed {
  readonly line: string;
  readonly load: () => Definition;
  /** What its group does where none of its commands is named. */
  readonly byDefault?: true;
}

type Module = Readonly<Record<string, Definition>>;

/** Every command, by the words that call it. Its file is named as it is. */
export const COMMANDS: Readonly<Record<string, Listed>> = {
  synth: { line: 'Validate the fleet and render its manifests, one folder per cluster and node, and its Terraform, one folder per stack.', load: () => (require('./synth') as Module).synth! },
  plan: { line: 'Compare the rendered fleets of two revisions by meaning, each rendered by its own code.', load: () => (require('./plan') as Module).plan! },
  'keys status': { line: 'Where keys are placed, and where that differs from the fleet.', load: () => (require('./keys/status') as Module).status! },
  'keys place': { line: 'Place the keys that nodes declare and the journal lacks.', load: () => (require('./keys/place') as Module).place! },
  'keys retire': { line: 'Retire a key, or all keys of a node, once their signer has stopped for good.', load: () => (require('./keys/retire') as Module).retire! },
  'keys verify': { line: 'Whether the journal is intact, only adds to what was merged, and agrees with the fleet.', load: () => (require('./keys/verify') as Module).verify! },
  'manifests plan': { line: 'Compare rendered manifests with a cluster, by server-side dry runs, and write a plan file.', load: () => (require('./manifests/plan') as Module).plan! },
  'manifests apply': { line: 'Apply exactly what a plan file holds.', load: () => (require('./manifests/apply') as Module).apply! },
  'manifests fire': { line: 'Let one node take what was applied: its components one after the other, each armed again.', load: () => (require('./manifests/node') as Module).fireNode! },
  'manifests stop': { line: 'Stop one node at once and hold it: its signer, or all of it.', load: () => (require('./manifests/node') as Module).stopNode! },
  'manifests resume': { line: 'Lift the hold of one node.', load: () => (require('./manifests/node') as Module).resumeNode! },
  'atlantis write': { line: 'Write atlantis.yaml and infra/projects/ from the fleet.', load: () => (require('./atlantis') as Module).write!, byDefault: true },
  'atlantis known': { line: 'Whether the fleet comes to a project: asked by each step of Atlantis before it does anything, of the copy that is trusted.', load: () => (require('./atlantis') as Module).known! },
  pin: { line: 'Ask the registries what each declared image tag stands for, and write the digests next to the versions.', load: () => (require('./pin') as Module).pin! },
  record: { line: "Write what a cluster's stacks were assigned on apply (addresses, issuer) to fleet/observed/<cluster>.yaml, for review.", load: () => (require('./record') as Module).record! },
  schema: { line: 'Write the JSON Schemas of the fleet, for editors, and those of the contract between programs.', load: () => (require('./schema') as Module).schema! },
  'server accept rendered': { line: 'Refuse what a pull request rendered and no step with credentials may take.', load: () => (require('./server/accept') as Module).rendered! },
  'server accept lock': { line: "Refuse a lock file that doesn't install from the one registry.", load: () => (require('./server/accept') as Module).lock! },
  'server branch-rules': { line: 'Refuse where the rules of a branch do not keep what was approved and planned.', load: () => (require('./server/branch-rules') as Module).branchRules! },
  'server comment plan': { line: 'Write the comment on a pull request, of a plan that was made.', load: () => (require('./server/comment') as Module).ofPlan! },
  'server comment failure': { line: 'Write the comment on a pull request, of what was said where no plan could be made.', load: () => (require('./server/comment') as Module).ofFailure! },
  'server kubeconfig': { line: 'Ask the cloud, as an identity, where a cluster is, and write a kubeconfig without a secret.', load: () => (require('./server/kubeconfig') as Module).writeKubeconfig! },
  'server retirements': { line: 'Whether the plan refuses nothing about keys, and the signers that a change retires have ended.', load: () => (require('./server/retirements') as Module).retirements! },
  'server shown': { line: 'Copy standard input to standard output as it may be shown.', load: () => (require('./server/shown') as Module).shown! },
  'server watch': { line: 'Run a command within bounds on its time, its processes and its memory.', load: () => (require('./server/watch') as Module).watch! },
};
/* eslint-enable @typescript-eslint/no-require-imports */

/** The group of what nobody types. */
const SERVER = 'server';

/** First words that several commands share. */
const GROUPS: Readonly<Record<string, { readonly line: string; readonly after?: string }>> = {
  keys: {
    line: 'Where each validator key is placed, over time: the journal fleet/keys.lock.',
    after: `
A move is two merged changes: retire here, merge, wait (keyMoveWaitMinutes of the network), then place there.
What is merged is read from git: --base, or else origin/main, or else main. Fetch it first.`,
  },
  manifests: {
    line: 'What one cluster runs: compare it with what was rendered, apply what was reviewed, and fire, stop or resume one named node.',
    after: '\nCredentials are kubeconfigs; without one, kubectl finds its own. Nothing here deletes anything.',
  },
  atlantis: { line: 'Write atlantis.yaml and infra/projects/ from the fleet.' },
  [SERVER]: { line: 'Steps of the pull-request path, run from what is merged; nobody types them.' },
  'server accept': { line: "Refuse what a pull request's own code must not hand to a step that holds credentials." },
  'server comment': { line: 'Write the comment on a pull request.' },
};

/**
 * Runs one command.
 *
 * A process stands in one folder and hands its environment on to what it starts: where `io` names others than the process has, it stands in them meanwhile,
 * and several runs in one process come one after the other.
 *
 * @param argv the words after `stockade`
 * @returns the exit code
 */
export function run(argv: readonly string[], io: Io): Promise<number> {
  const turn = last.then(() => standing(io, () => perform(argv, io)));
  last = turn.catch(() => undefined);
  return turn;
}
let last: Promise<unknown> = Promise.resolve();

async function perform(argv: readonly string[], io: Io): Promise<number> {
  let code: number = EXIT.done;
  try {
    // Commander's own help takes one word alone.
    const words = argv[0] === 'help' && argv.length > 2 ? [...argv.slice(1), '--help'] : argv;
    await program(words, io, (exitCode) => (code = exitCode)).parseAsync([...words], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      const { text, code: exitCode } = explained(error);
      io.stderr.write(`${text}\n`);
      return exitCode;
    }
    if (error.code === MISUSED) io.stderr.write(`${error.message}\n`);
    // Commander ends with 1 whatever it refuses, and with 0 where it was asked for help.
    return error.exitCode === EXIT.done ? EXIT.done : EXIT.misused;
  }
}

/** The whole tree of commands by name and line; only the one that is asked for has options, and something to do. */
function program(argv: readonly string[], io: Io, ended: (code: number) => void): Command {
  const root = new Command('stockade')
    .description('Infrastructure as code for staking nodes on Kubernetes: no validator key ever signs from two places.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => void io.stdout.write(text), writeErr: (text) => void io.stderr.write(text) })
    .addHelpText('after', '\nExit codes: 0 done; 1 refused, the message says what to mend; 2 the command was given wrongly; 70 a fault of Stockade.');
  const groups = new Map([['', root]]);
  const groupOf = (words: readonly string[]): Command => {
    const name = words.join(' ');
    const known = groups.get(name);
    if (known) return known;
    const group = groupOf(words.slice(0, -1)).command(words.at(-1)!, { hidden: name === SERVER }).description(GROUPS[name]!.line).enablePositionalOptions();
    if (GROUPS[name]!.after) group.addHelpText('after', GROUPS[name]!.after);
    groups.set(name, group);
    return group;
  };
  const asked = askedFor(argv);
  for (const [name, { line, load, byDefault }] of Object.entries(COMMANDS)) {
    const words = name.split(' ');
    const one = groupOf(words.slice(0, -1)).command(words.at(-1)!, { isDefault: byDefault }).description(line).allowExcessArguments(false);
    if (name !== asked) {
      // Commander may read a line otherwise than askedFor does ("keys -- status"): nothing done must never end as done.
      one.action(() => misused(`give "${name}" first, and what it takes after it`));
      continue;
    }
    const { define, body } = load();
    define(one, io);
    one.action(async () => ended(await body(one.opts<never>(), io, ...(one.processedArgs as never[]))));
  }
  // One list of all that people call, whatever group it is in.
  const leaves = [...groups.values()].flatMap(({ commands }) => commands).filter((one) => one.commands.length === 0);
  root.configureHelp({ visibleCommands: (of) => (of === root ? leaves.filter((one) => !pathOf(one).startsWith(SERVER)) : of.createHelp().visibleCommands(of)), subcommandTerm: (one) => (one.commands.length === 0 ? pathOf(one) : one.name()) });
  return root;
}

/** The words of a command after the program's name. */
const pathOf = (one: Command): string => (one.parent === null ? '' : `${pathOf(one.parent)} ${one.name()}`.trim());

/** The command that a line names, or asks for help about. */
function askedFor(argv: readonly string[]): string | undefined {
  const options = argv.findIndex((word) => word.startsWith('-'));
  const words = (options < 0 ? argv : argv.slice(0, options)).filter((word, index) => word !== 'help' || index > 1).slice(0, DEPTH);
  for (let count = words.length; count > 0; count -= 1) {
    const name = words.slice(0, count).join(' ');
    if (name in COMMANDS) return name;
    if (name in GROUPS) return Object.keys(COMMANDS).find((one) => one.startsWith(`${name} `) && COMMANDS[one]!.byDefault);
  }
  return undefined;
}

const DEPTH = Math.max(...Object.keys(COMMANDS).map((name) => name.split(' ').length));

async function standing<T>({ cwd, env }: Io, act: () => Promise<T>): Promise<T> {
  const before = { cwd: process.cwd(), env: process.env };
  if (cwd !== before.cwd) process.chdir(cwd);
  process.env = env;
  try {
    return await act();
  } finally {
    process.env = before.env;
    if (cwd !== before.cwd) process.chdir(before.cwd);
  }
}
