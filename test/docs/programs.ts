import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { stockade } from '../run';
import type { DocumentedCommand } from './commands';
import type { Fault } from './pages';

const run = promisify(execFile);
/** An option that nothing has. A command that is right is refused for it alone, and so does nothing. */
const SENTINEL = '--an-option-that-nothing-has';

const scripts = (): Readonly<Record<string, string>> => (JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }).scripts;

/** What is wrong with `npm` and `npx` commands, asked of the very programs. */
export async function ownProgramFaults(commands: readonly DocumentedCommand[]): Promise<Fault[]> {
  const asked: { readonly command: DocumentedCommand; readonly line: readonly string[] }[] = [];
  const wrong = commands.map((command): readonly [DocumentedCommand, string | undefined] => {
    const [program, ...args] = command.args;
    const [problem, line] = program === 'npm' ? npm(args) : args[0] === 'stockade' ? stockadeLine(args) : [npxProblem(args), undefined];
    if (line !== undefined) asked.push({ command, line });
    return [command, problem];
  });
  const said = await commander(asked.map(({ line }) => line));
  const all = [...wrong, ...asked.map(({ command }, index) => [command, said[index]] as const)];
  return all.flatMap(([{ page, line, text }, problem]) => (problem === undefined ? [] : [{ page, line, problem: `\`${text}\`: ${problem}` }]));
}

/** Help takes whatever it is given. */
const stockadeLine = (args: readonly string[]): readonly [problem: undefined, line?: readonly string[]] => (args[1] === 'help' ? [undefined] : [undefined, args]);

/** @returns what is wrong, or a command line of one of our programs that has to be asked about */
function npm(args: readonly string[]): readonly [problem: string | undefined, line?: readonly string[]] {
  const [verb, ...rest] = args.filter((one) => one !== '--silent');
  if (verb === undefined || ['test', 'ci', 'install', 'pack'].includes(verb)) return [undefined];
  if (verb !== 'run') return [`npm has no ${verb}`];
  const [name = '', dashes, ...given] = rest;
  const script = scripts()[name];
  if (script === undefined) return [`package.json has no script "${name}": ${Object.keys(scripts()).filter((one) => !/^(pre|post)/.test(one)).join(', ')}`];
  if (dashes === undefined) return [undefined];
  if (dashes !== '--') return [`what "${name}" is given comes after --`];
  const command = /^node cli\/stockade\.cjs (\w+)$/.exec(script)?.[1];
  if (command !== undefined) return [undefined, ['stockade', command, ...given]];
  const file = /^tsx ([\w/.-]+\.ts)$/.exec(script)?.[1];
  if (file !== undefined && /\bnew Command\(/.test(readFileSync(file, 'utf8'))) return [undefined, [file, ...given]];
  return [/^(STOCKADE_DEEP=1 )?vitest/.test(script) ? undefined : `"${name}" takes no options`];
}

/** What commander says of command lines, without running them: no such subcommand, a missing or unknown option, a value that it doesn't take. Of arguments it says nothing: it looks at options first. */
async function commander(lines: readonly (readonly string[])[]): Promise<readonly (string | undefined)[]> {
  const said: (string | undefined)[] = [];
  for (const [program = '', ...line] of lines) {
    const { stderr } = program === 'stockade' ? await stockade([...line, SENTINEL]) : await spawned(program, [...line, SENTINEL]);
    // A subcommand that is only named, as in "see npm run keys -- retire", is no command line.
    const named = line.length === 2 && /required option|missing required argument/.test(stderr);
    said.push(stderr.includes(`unknown option '${SENTINEL}'`) || named ? undefined : stderr.trim().split('\n')[0] || 'it takes whatever it is given');
  }
  return said;
}

/** What a program of the tests says, in a process of its own. */
const spawned = (file: string, args: readonly string[]): Promise<{ readonly stderr: string }> => run(process.execPath, ['--require', 'tsx/cjs', file, ...args], { timeout: 90_000 }).catch((error: unknown) => error as { readonly stderr: string });

function npxProblem([program = '', ...args]: readonly string[]): string | undefined {
  if (!existsSync(`node_modules/.bin/${program}`)) return `${program} is not installed here`;
  const missing = args.filter((one) => /^[\w-]+\/[\w./-]+$/.test(one) && !existsSync(one));
  return missing.length === 0 ? undefined : `${missing.join(', ')} is not there`;
}

/** What kubectl says of a command line before it asks any server. @returns undefined also where there is nothing to say */
export async function kubectlProblem(args: readonly string[]): Promise<string | undefined> {
  try {
    await run('kubectl', [...args, SENTINEL], { env: { ...process.env, KUBECONFIG: '/dev/null' }, timeout: 30_000 });
    return 'it takes whatever it is given';
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    return stderr.includes(`unknown flag: ${SENTINEL}`) ? undefined : (stderr.trim().split('\n')[0] ?? 'it fails');
  }
}

export async function hasKubectl(): Promise<boolean> {
  try {
    await run('kubectl', ['version', '--client'], { timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/**
 * Forms of the clouds' command lines, of Terraform and of Atlantis' comments that pages use, after their documentation: `gcloud` 528 and `aws` 1.45 (`... help`),
 * developer.hashicorp.com/terraform/cli/commands, runatlantis.io/docs/using-atlantis. A page that needs another adds it here, once it was looked up.
 */
export const FORMS: Readonly<Record<string, readonly string[]>> = {
  'gcloud auth list': [],
  'gcloud compute images list': ['--project'],
  'gcloud compute instances list': ['--project', '--filter', '--format'],
  'gcloud compute operations list': ['--project', '--zones', '--filter', '--format'],
  'gcloud compute start-iap-tunnel': ['--zone', '--local-host-port', '--project'],
  'gcloud container clusters get-credentials': ['--location', '--project', '--dns-endpoint', '--internal-ip'],
  'gcloud container operations list': ['--project', '--location'],
  'gcloud identity groups memberships add': ['--group-email', '--member-email', '--expiration'],
  'gcloud identity groups memberships delete': ['--group-email', '--member-email'],
  'gcloud secrets create': ['--project', '--replication-policy'],
  'gcloud secrets versions add': ['--data-file', '--project'],
  'gcloud services enable': ['--project'],
  'aws acm describe-certificate': ['--region', '--certificate-arn'],
  'aws ec2 describe-instances': ['--region', '--instance-ids', '--filters', '--query', '--output'],
  'aws eks describe-addon-versions': ['--kubernetes-version', '--addon-name', '--region'],
  'aws eks describe-nodegroup': ['--cluster-name', '--nodegroup-name', '--region'],
  'aws eks update-cluster-config': ['--name', '--region', '--no-deletion-protection'],
  'aws eks update-kubeconfig': ['--name', '--region', '--role-arn', '--kubeconfig'],
  'aws kms cancel-key-deletion': ['--key-id', '--region'],
  'aws kms enable-key': ['--key-id', '--region'],
  'aws ssm start-session': ['--region', '--target', '--document-name', '--parameters'],
  'aws sts assume-role': ['--role-arn', '--role-session-name'],
  'aws sts get-caller-identity': [],
  'terraform init': ['-migrate-state', '-chdir'],
  'terraform plan': ['-out', '-chdir'],
  'terraform apply': ['-chdir'],
  'terraform output': ['-json', '-chdir'],
  'atlantis apply': ['-p'],
  'atlantis plan': ['-p', '-d'],
};

/** What is wrong with a command of a cloud, Terraform or Atlantis. */
export function formFault({ page, line, text, args }: DocumentedCommand): Fault | undefined {
  const [options, plain] = [args.filter((one) => one.startsWith('-')).map((one) => one.split('=')[0]!), args.filter((one) => !one.startsWith('-'))];
  const form = Object.keys(FORMS).find((known) => known.split(' ').every((word, index) => plain[index] === word));
  if (form === undefined) return { page, line, problem: `\`${text}\` is no form that was looked up: add it to FORMS in test/docs/programs.ts once it was` };
  const unknown = options.filter((option) => !FORMS[form]!.includes(option));
  return unknown.length === 0 ? undefined : { page, line, problem: `\`${text}\`: ${form} is not known to take ${unknown.join(', ')}: it takes ${FORMS[form]!.join(', ')}` };
}
