import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { warm } from '../warm';
import { ROOT } from './fleets';

export const SERVER = join(ROOT, 'infra/atlantis/server');
export const BIN = join(SERVER, 'bin');

export interface Ran {
  readonly code: number;
  readonly output: string;
}

export interface ServerConfiguration {
  readonly repos: readonly {
    readonly id: string;
    readonly branch: string;
    readonly allowed_overrides: readonly string[];
    readonly allowed_workflows?: readonly string[];
    readonly allow_custom_workflows: boolean;
    readonly workflow: string;
    readonly plan_requirements: readonly string[];
    readonly apply_requirements: readonly string[];
    readonly repo_locks?: { readonly mode: string };
    readonly pre_workflow_hooks?: readonly { readonly run: string; readonly commands: string }[];
  }[];
  readonly workflows: Readonly<Record<string, Readonly<Record<string, { readonly steps: readonly { readonly run: string }[] }>>>>;
}

export const configuration = (): ServerConfiguration => parse(readFileSync(join(SERVER, 'repos.yaml'), 'utf8')) as ServerConfiguration;

/** A pull request as Atlantis has it: a checkout, merged into its base, and what steps are told. */
export interface PullRequest {
  readonly checkout: string;
  readonly head: string;
  readonly number: number;
}

/** Atlantis' part: runs hooks and steps by `sh -c`, in the folder and with the environment that its documentation names, and stops at the first that fails. */
export class AtlantisServer {
  readonly repo = configuration().repos.find(({ pre_workflow_hooks }) => pre_workflow_hooks !== undefined)!;
  private readonly workflows = configuration().workflows;

  constructor(
    /** Set on the server, for every step. With `COLD` each command of a step is a process of its own, as on the server. */
    private readonly environment: Readonly<Record<string, string>>,
    /** Folders whose programs go before those of the machine. */
    private readonly programs: readonly string[] = [],
  ) {}

  /** What is run before a command's projects. */
  hooks(pull: PullRequest, command: 'plan' | 'apply'): Ran {
    const hooks = (this.repo.pre_workflow_hooks ?? []).filter(({ commands }) => commands.split(',').includes(command));
    return this.inOrder(hooks.map(({ run }) => run), pull.checkout, this.environmentOf(pull, pull.checkout));
  }

  /** One project's workflow, as `atlantis plan` or `atlantis apply` runs it. */
  project(pull: PullRequest, command: 'plan' | 'apply', { name, dir, workflow, workspace = 'default' }: { readonly name: string; readonly dir: string; readonly workflow: string; readonly workspace?: string }): Ran {
    const folder = join(pull.checkout, dir);
    const steps = this.workflows[workflow]![command]!.steps.map(({ run }) => run);
    return this.inOrder(steps, folder, { ...this.environmentOf(pull, folder), PROJECT_NAME: name, REPO_REL_DIR: dir, WORKSPACE: workspace, PLANFILE: planFile(pull, name, dir), SHOWFILE: `${planFile(pull, name, dir)}.json` });
  }

  private environmentOf({ head, number }: PullRequest, dir: string): Record<string, string> {
    return {
      ...warm(...this.programs),
      STOCKADE_GITHUB: join(__dirname, 'github-stand-in'),
      ...this.environment,
      DIR: dir,
      BASE_BRANCH_NAME: 'main',
      HEAD_BRANCH_NAME: 'change',
      HEAD_COMMIT: head,
      PULL_NUM: String(number),
      PULL_AUTHOR: 'ana',
      BASE_REPO_OWNER: 'example-staking',
      BASE_REPO_NAME: 'fleet',
      HEAD_REPO_OWNER: 'example-staking',
      HEAD_REPO_NAME: 'fleet',
      USER_NAME: 'ana',
    };
  }

  private inOrder(commands: readonly string[], cwd: string, env: Record<string, string>): Ran {
    let output = '';
    for (const command of commands) {
      // The image has this repository in /opt/stockade.
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command.replaceAll('/opt/stockade', ROOT)], { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
      output += stdout + stderr;
      if (status !== 0) return { code: status ?? 1, output };
    }
    return { code: 0, output };
  }
}

/** Where Atlantis keeps a plan: in the project's folder, by its name. */
export const planFile = ({ checkout }: PullRequest, name: string, dir: string): string => join(checkout, dir, `${name}-default.tfplan`);

/** What is missing on this machine, after an attempt to install it where that can be done. */
export function missingPrograms(...programs: readonly (readonly [program: string, debianPackage: string])[]): string | undefined {
  for (const [program, debianPackage] of programs) {
    const installed = (): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
    if (installed()) continue;
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    if (process.getuid?.() === 0) spawnSync('apt-get', ['install', '-y', '--no-install-recommends', debianPackage], { env, stdio: 'ignore' });
    if (!installed()) return `${program} is missing (Debian: ${debianPackage})`;
  }
  return undefined;
}
