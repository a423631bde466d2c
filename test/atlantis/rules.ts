import { parse } from 'yaml';

/**
 * Atlantis' rules of what a command runs, written down from its source (github.com/runatlantis/atlantis at commit 078d0a8 of August 2026), since the program can't be had
 * here. Of a pull request it takes the worst: every listed project was modified, and every folder that looks like Terraform.
 */
export interface Server {
  /** Text of `--repo-config`. */
  readonly repos: string;
  /** `ATLANTIS_...`, by name. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface Command {
  readonly name: 'autoplan' | 'plan' | 'apply' | 'import' | 'state' | 'version' | 'approve_policies' | 'unlock';
  /** `-p`, `-d`, `-w` of the comment. */
  readonly project?: string;
  readonly dir?: string;
  readonly workspace?: string;
}

export interface Checkout {
  /** Undefined: the pull request deletes it. */
  readonly atlantisYaml?: string;
  /** Folders with a file of Terraform's. */
  readonly terraformFolders?: readonly string[];
}

/** One step, as the server would run it. */
export interface Run {
  readonly project: string;
  readonly dir: string;
  readonly workspace: string;
  /** Name of the workflow, as the server knows it. */
  readonly workflow: string;
  /** A program; or one of Atlantis' own steps, which run Terraform in the checkout; or that it fetches another Terraform. */
  readonly step: string;
  readonly requirements: readonly string[];
}

export interface Outcome {
  readonly refused?: string;
  readonly hooks: readonly string[];
  readonly runs: readonly Run[];
}

type Stage = 'plan' | 'apply' | 'policy_check' | 'import' | 'state_rm';
type Step = string | Readonly<Record<string, string>>;
interface Workflow {
  readonly name: string;
  readonly stages: Readonly<Record<Stage, readonly Step[]>>;
}
interface Repo {
  readonly id: string;
  readonly branch?: string;
  readonly repo_config_file?: string;
  readonly workflow?: string;
  readonly allowed_overrides?: readonly string[];
  readonly allowed_workflows?: readonly string[];
  readonly allow_custom_workflows?: boolean;
  readonly plan_requirements?: readonly string[];
  readonly apply_requirements?: readonly string[];
  readonly import_requirements?: readonly string[];
  readonly policy_check?: boolean;
  readonly autodiscover?: { readonly mode: string };
  readonly pre_workflow_hooks?: readonly { readonly run: string; readonly commands?: string }[];
}
interface Project {
  readonly name?: string;
  readonly dir: string;
  readonly workspace?: string;
  readonly workflow?: string;
  readonly terraform_version?: string;
  readonly terraform_distribution?: string;
  readonly autoplan?: { readonly enabled?: boolean };
  readonly [key: string]: unknown;
}
type RawWorkflow = Partial<Record<Stage, { readonly steps?: readonly Step[] }>>;

/** valid/global_cfg.go, DefaultPlanStage and those beside it. */
const OWN: Readonly<Record<Stage, readonly Step[]>> = { plan: ['init', 'plan'], apply: ['apply'], policy_check: ['show', 'policy_check'], import: ['init', 'import'], state_rm: ['init', 'state_rm'] };

/** raw/workflow.go, toValidStage: a stage that isn't defined, or has no steps, is Atlantis' own. */
function workflowOf(name: string, raw: RawWorkflow): Workflow {
  return { name, stages: Object.fromEntries((Object.keys(OWN) as Stage[]).map((stage) => [stage, raw[stage]?.steps ?? OWN[stage]])) as Workflow['stages'] };
}

/** raw/global_cfg.go, ToValid: `default` is always there; one that is defined takes its place. */
function workflowsOf(raw: Readonly<Record<string, RawWorkflow>> = {}): ReadonlyMap<string, Workflow> {
  return new Map([['default', workflowOf('default', {})], ...Object.entries(raw).map(([name, one]): [string, Workflow] => [name, workflowOf(name, one)])]);
}

/** valid/global_cfg.go, getMatchingCfg: the last entry that matches and says something about a key decides it; before all of them stands one of Atlantis' own. */
function settingsOf(repos: readonly Repo[], id: string): Repo {
  const first: Repo = { id: '/.*/', workflow: 'default', allowed_overrides: [], allowed_workflows: [], allow_custom_workflows: false, plan_requirements: [], apply_requirements: [], import_requirements: [], policy_check: false };
  const matching = repos.filter((repo) => (repo.id.startsWith('/') ? new RegExp(repo.id.slice(1, -1)).test(id) : repo.id === id));
  // raw/global_cfg.go, Repo.ToValid: requirements that are an empty list say nothing.
  const said = (repo: Repo): object => Object.fromEntries(Object.entries(repo).filter(([key, value]) => !(key.endsWith('_requirements') && Array.isArray(value) && value.length === 0)));
  return Object.assign({}, first, ...matching.map(said)) as Repo;
}

/** valid/global_cfg.go, ValidateRepoCfg, and raw/repo_cfg.go: what a repository's file may say. `terraform_version`, `terraform_distribution`, `autoplan` and the order are anybody's. */
const OVERRIDES = ['workflow', 'plan_requirements', 'apply_requirements', 'import_requirements', 'delete_source_branch_on_merge', 'repo_locking', 'repo_locks', 'custom_policy_check', 'silence_pr_comments'];
function whatIsWrong(file: RepoFile, settings: Repo, workflows: ReadonlyMap<string, Workflow>): string | undefined {
  if (file.version !== 2 && file.version !== 3) return 'only versions 2 and 3 are supported';
  const allowed = settings.allowed_overrides ?? [];
  for (const project of file.projects ?? []) {
    if (project.dir.includes('..')) return 'dir cannot contain ".."';
    for (const key of OVERRIDES) if (project[key] !== undefined && !allowed.includes(key)) return `repo config not allowed to set '${key}' key`;
  }
  if (Object.keys(file.workflows ?? {}).length > 0 && settings.allow_custom_workflows !== true) return 'repo config not allowed to define custom workflows';
  for (const { workflow } of file.projects ?? []) {
    if (workflow === undefined) continue;
    if (!workflows.has(workflow) && file.workflows?.[workflow] === undefined) return `workflow "${workflow}" is not defined anywhere`;
    const { allowed_workflows: names = [] } = settings;
    if (names.length > 0 && !(settings.allow_custom_workflows && file.workflows?.[workflow]) && !names.includes(workflow)) return `workflow '${workflow}' is not allowed for this repo`;
  }
  return undefined;
}
interface RepoFile {
  readonly version?: number;
  readonly projects?: readonly Project[];
  readonly workflows?: Readonly<Record<string, RawWorkflow>>;
  readonly autodiscover?: { readonly mode: string };
}

/** What the server runs for a command on a pull request of a repository. */
export function whatRuns(server: Server, repository: string, command: Command, checkout: Checkout): Outcome {
  const none = { hooks: [], runs: [] };
  const setting = (name: string): string | undefined => server.settings[`ATLANTIS_${name}`];
  // cmd/server.go, DefaultAllowCommands; comment_parser.go refuses the others.
  const commands = (setting('ALLOW_COMMANDS') ?? 'version,plan,apply,unlock,approve_policies,cancel').split(',');
  if (command.name !== 'autoplan' && command.name !== 'unlock' && !commands.includes(command.name)) return { ...none, refused: `${command.name} is not an allowed command` };

  const { repos = [], workflows: rawWorkflows } = parse(server.repos) as { repos?: Repo[]; workflows?: Record<string, RawWorkflow> };
  const settings = settingsOf(repos, repository);
  const workflows = workflowsOf(rawWorkflows);
  // command/name.go, String: an autoplan is a plan. pre_workflow_hooks_command_runner.go: `commands` is looked for the command's name, as a text.
  const name = command.name === 'autoplan' ? 'plan' : command.name;
  const hooks = (settings.pre_workflow_hooks ?? []).filter((hook) => hook.commands === undefined || hook.commands.includes(name)).map(({ run }) => run);
  const outcome = { ...none, hooks };
  // project_command_builder.go: where unlock, version of nothing, and policies of nothing come to no step.
  if (name === 'unlock') return outcome;

  // parser_validator.go, HasRepoCfg: without the file there are no projects, and no error.
  const file = checkout.atlantisYaml === undefined ? undefined : (parse(checkout.atlantisYaml) as RepoFile);
  const wrong = file && whatIsWrong(file, settings, workflows);
  if (wrong !== undefined) return { ...outcome, refused: wrong };
  const listed = file?.projects ?? [];

  const runs: Run[] = [];
  const run = (project: Project | undefined, dir: string, workspace: string): void => {
    // valid/global_cfg.go, MergeProjectCfg, or DefaultProjCfg where no project is listed.
    const named = project?.workflow !== undefined && settings.allowed_overrides?.includes('workflow') ? project.workflow : undefined;
    const workflow = (named !== undefined && settings.allow_custom_workflows && file?.workflows?.[named] ? workflowOf(named, file.workflows[named]) : undefined) ?? workflows.get(named ?? settings.workflow!)!;
    const requirements = (name === 'plan' ? settings.plan_requirements : name === 'import' || name === 'state' ? settings.import_requirements : settings.apply_requirements) ?? [];
    const at = { project: project?.name ?? '', dir, workspace, workflow: workflow.name, requirements };
    // terraform_client.go, EnsureVersion: another Terraform, of any distribution, is fetched and started, unless downloads are off: then the step fails.
    if (project?.terraform_version !== undefined || project?.terraform_distribution !== undefined) {
      if (setting('TF_DOWNLOAD') === 'false') return;
      runs.push({ ...at, step: `fetch ${project.terraform_distribution ?? 'terraform'} ${project.terraform_version ?? ''}` });
    }
    // project_command_context_builder.go, BuildProjectContext: `version` is one step that no workflow changes; policies are checked after a plan.
    const stages: Stage[] = name === 'state' ? ['state_rm'] : name === 'approve_policies' ? [] : name === 'version' ? [] : [name];
    if (name === 'plan' && setting('ENABLE_POLICY_CHECKS') === 'true' && settings.policy_check !== false) stages.push('policy_check');
    const steps = name === 'version' ? ['version'] : stages.flatMap((stage) => workflow.stages[stage]);
    for (const step of steps) runs.push({ ...at, step: typeof step === 'string' ? step : (step['run'] ?? Object.keys(step)[0]!) });
  };
  const workspaceOf = (project: Project): string => project.workspace ?? 'default';

  if (command.project !== undefined) {
    // getCfg: by name, among those listed.
    const project = listed.find((one) => one.name === command.project);
    if (project === undefined) return { ...outcome, refused: `no project with name '${command.project}' is defined` };
    run(project, project.dir, workspaceOf(project));
  } else if (command.dir !== undefined || command.workspace !== undefined) {
    // getCfg, then buildProjectCommandCtxWithCfg: a folder and workspace that nothing lists are taken as they are; ValidateWorkspaceAllowed minds only listed folders.
    const dir = command.dir ?? '.';
    const workspace = command.workspace ?? 'default';
    const inFolder = listed.filter((one) => one.dir === dir);
    const project = inFolder.find((one) => workspaceOf(one) === workspace);
    if (project === undefined && inFolder.length > 0) return { ...outcome, refused: `workspace "${workspace}" is not configured for ${dir}` };
    run(project, dir, workspace);
  } else {
    // getMergedProjectCfgs; of `apply` and `version` every plan that lies there, which comes to the same projects.
    for (const project of listed) if (command.name !== 'autoplan' || project.autoplan?.enabled !== false) run(project, project.dir, workspaceOf(project));
    // autoDiscoverModeEnabled: the server's entry decides over the repository's file, that over the flag; `auto` finds projects where none is listed.
    const mode = settings.autodiscover?.mode ?? file?.autodiscover?.mode ?? setting('AUTODISCOVER_MODE') ?? 'auto';
    const discovered = mode === 'enabled' || (mode === 'auto' && listed.length === 0) ? (checkout.terraformFolders ?? []) : [];
    for (const dir of discovered) if (!listed.some((one) => one.dir === dir)) run(undefined, dir, 'default');
  }
  return { ...outcome, runs };
}
