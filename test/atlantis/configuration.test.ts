import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { atlantisFiles } from '../../infra/atlantis/generate';
import { projectsOf, whyUnknown } from '../../infra/atlantis/projects';
import { machineScript } from '../../infra/machines/atlantis';
import { contextOf, exampleFiles } from './fleets';
import { whatRuns, type Checkout, type Command, type Run, type Server } from './rules';
import { SERVER } from './server';

const context = contextOf(exampleFiles());
const projects = projectsOf(context);
const REPOSITORY = context.fleet.infrastructure.atlantis.repository;
/** `ENV` of the image, and what its machine sets over it. */
const settings = Object.fromEntries([...`${readFileSync(join(SERVER, 'Dockerfile'), 'utf8')}\n${machineScript(context)}`.matchAll(/\b(ATLANTIS_[A-Z_]+)=(\S+)/g)].map(([, name, value]): [string, string] => [name!, value!]));
const server: Server = { repos: readFileSync(join(SERVER, 'repos.yaml'), 'utf8'), settings };
/** As it was: no `default`, no stage but plan and apply, no command left out. */
const before: Server = { repos: readFileSync(join(__dirname, 'repos-before.yaml'), 'utf8'), settings: { ATLANTIS_ALLOW_FORK_PRS: 'false', ATLANTIS_CHECKOUT_STRATEGY: 'merge', ATLANTIS_FAIL_ON_PRE_WORKFLOW_HOOK_ERROR: 'true' } };

const generated = atlantisFiles(context).get('atlantis.yaml')!;
const file = (project: object, more: object = {}): string => stringify({ version: 3, ...more, projects: [project] });
const bootstrap = { name: 'gcp-bootstrap', dir: 'infra/projects/gcp-bootstrap', workflow: 'terraform' };

/** What of a pull request would be run, or read by Terraform: any step but the image's own programs, and of these any for what the fleet doesn't come to. */
function unreviewed(runs: readonly Run[]): string[] {
  return runs.flatMap(({ step, project, dir, workspace }) => {
    const [, program] = /^\/opt\/stockade\/infra\/atlantis\/server\/bin\/([a-z-]+)$/.exec(step) ?? [];
    if (program === undefined) return [step];
    if (program === 'refuse') return [];
    return whyUnknown(projects, { name: project, dir, workspace, workflow: program.split('-')[0]! }) === undefined ? [] : ['for what is unknown'];
  });
}
/** Steps that are started at all, whatever they say then. */
const started = (runs: readonly Run[]): string[] => [...new Set(runs.map(({ step }) => step.replace(/^.*\//, '')))];

describe('Atlantis, by its rules', () => {
  const attacks: readonly (readonly [what: string, command: Command, checkout: Checkout, ran: string])[] = [
    ['a folder of its own', { name: 'plan', dir: 'evil' }, { atlantisYaml: generated, terraformFolders: ['evil'] }, 'init'],
    ['the root', { name: 'plan', dir: '.' }, { atlantisYaml: generated }, 'init'],
    ['another workspace of a folder of its own', { name: 'plan', dir: 'evil', workspace: 'evil' }, { atlantisYaml: generated }, 'init'],
    ['a workspace alone', { name: 'plan', workspace: 'evil' }, { atlantisYaml: generated }, 'init'],
    ['an empty list of projects', { name: 'autoplan' }, { atlantisYaml: 'version: 3\nprojects: []\n', terraformFolders: ['evil'] }, 'init'],
    ['no list of projects, and discovery asked for', { name: 'autoplan' }, { atlantisYaml: 'version: 3\nautodiscover: { mode: enabled }\n', terraformFolders: ['evil'] }, 'init'],
    ['discovery asked for beside the projects', { name: 'plan' }, { atlantisYaml: `${generated}autodiscover: { mode: enabled }\n`, terraformFolders: ['evil'] }, 'init'],
    ['a deleted atlantis.yaml', { name: 'autoplan' }, { terraformFolders: ['evil'] }, 'init'],
    ['a deleted atlantis.yaml, by hand', { name: 'plan' }, { terraformFolders: ['evil'] }, 'init'],
    ['a project without a workflow', { name: 'autoplan' }, { atlantisYaml: file({ name: 'evil', dir: 'evil' }) }, 'init'],
    ['a project that is known, without its workflow', { name: 'autoplan' }, { atlantisYaml: file({ ...bootstrap, workflow: undefined }) }, 'init'],
    ['a project that nobody generated, of a workflow', { name: 'autoplan' }, { atlantisYaml: file({ name: 'evil', dir: 'evil', workflow: 'terraform' }) }, 'terraform-plan'],
    ['a project of another workflow', { name: 'autoplan' }, { atlantisYaml: file({ ...bootstrap, workflow: 'manifests' }) }, 'manifests-plan'],
    ['a project in another folder', { name: 'autoplan' }, { atlantisYaml: file({ ...bootstrap, dir: 'evil' }) }, 'terraform-plan'],
    ['a project in another workspace, with a lock of its own', { name: 'autoplan' }, { atlantisYaml: file({ name: 'keys', dir: 'infra/projects/keys', workflow: 'keys', workspace: 'mine' }) }, 'keys-plan'],
    ['a Terraform of its own', { name: 'autoplan' }, { atlantisYaml: file({ ...bootstrap, terraform_version: '0.12.0' }) }, 'fetch terraform 0.12.0'],
    ['another distribution', { name: 'autoplan' }, { atlantisYaml: file({ ...bootstrap, terraform_distribution: 'opentofu' }) }, 'fetch opentofu '],
    ['an import', { name: 'import', project: 'gcp-bootstrap' }, { atlantisYaml: generated }, 'import'],
    ['an import in a folder', { name: 'import', dir: 'evil' }, { atlantisYaml: generated }, 'import'],
    ['a removal from a state', { name: 'state', project: 'gcp-bootstrap' }, { atlantisYaml: generated }, 'state_rm'],
    ['a question for the version', { name: 'version', dir: 'evil' }, { atlantisYaml: generated }, 'version'],
    ['an apply in a folder', { name: 'apply', dir: 'evil' }, { atlantisYaml: generated }, 'apply'],
  ];
  // Import and removal were off only because no setting turned them on.
  const control: Server = { ...before, settings: { ...before.settings, ATLANTIS_ALLOW_COMMANDS: 'version,plan,apply,unlock,import,state' } };

  it.each(attacks)('runs nothing of a pull request with %s', (_what, command, checkout, ran) => {
    const was = whatRuns(control, REPOSITORY, command, checkout);
    expect(was.refused).toBeUndefined();
    expect(started(was.runs)).toContain(ran);
    expect(unreviewed(was.runs)).not.toEqual([]);
    const { runs } = whatRuns(server, REPOSITORY, command, checkout);
    // What is started of the image's own programs refuses by itself: `begin` (steps.test.ts), or `refuse`.
    expect(runs.filter(({ step }) => !step.startsWith('/opt/stockade/infra/atlantis/server/bin/'))).toEqual([]);
    expect(unreviewed(runs).filter((one) => one !== 'for what is unknown')).toEqual([]);
  });

  it.each([
    ['a workflow of its own', file({ ...bootstrap, workflow: 'mine' }, { workflows: { mine: { plan: { steps: [{ run: 'env' }] } } } }), 'define custom workflows'],
    ['its own default', file(bootstrap, { workflows: { default: { plan: { steps: [{ run: 'env' }] } } } }), 'define custom workflows'],
    ['the default by its name', file({ ...bootstrap, workflow: 'default' }), "'default' is not allowed"],
    ['a workflow that is nowhere', file({ ...bootstrap, workflow: 'mine' }), 'not defined anywhere'],
    ['no lock', file({ ...bootstrap, repo_locks: { mode: 'disabled' } }), 'repo_locks'],
    ['no lock, by the older name', file({ ...bootstrap, repo_locking: false }), 'repo_locking'],
    ['fewer requirements of an apply', file({ ...bootstrap, apply_requirements: [] }), 'apply_requirements'],
    ['fewer requirements of a plan', file({ ...bootstrap, plan_requirements: [] }), 'plan_requirements'],
    ['fewer requirements of an import', file({ ...bootstrap, import_requirements: [] }), 'import_requirements'],
    ['a policy tool of its own', file({ ...bootstrap, custom_policy_check: true }), 'custom_policy_check'],
    ['comments that are left out', file({ ...bootstrap, silence_pr_comments: ['plan'] }), 'silence_pr_comments'],
    ['branches that are deleted', file({ ...bootstrap, delete_source_branch_on_merge: true }), 'delete_source_branch_on_merge'],
    ['a folder above', file({ ...bootstrap, dir: '../x' }), 'cannot contain'],
    ['no version', 'projects: []\n', 'versions 2 and 3'],
  ])('refuses an atlantis.yaml with %s', (_what, atlantisYaml, said) => {
    expect(whatRuns(server, REPOSITORY, { name: 'autoplan' }, { atlantisYaml })).toMatchObject({ refused: expect.stringContaining(said), runs: [] });
    // Where the server lets a pull request say these, it is let through.
    const open: Server = { settings, repos: server.repos.replace('allowed_overrides: [workflow]', 'allowed_overrides: [workflow, plan_requirements, apply_requirements, import_requirements, repo_locks, repo_locking, custom_policy_check, silence_pr_comments, delete_source_branch_on_merge]').replace('allowed_workflows: [terraform, manifests, keys]\n    allow_custom_workflows: false', 'allow_custom_workflows: true') };
    const lenient = whatRuns(open, REPOSITORY, { name: 'autoplan' }, { atlantisYaml });
    if (!/cannot|anywhere|versions/.test(said)) expect(lenient.refused).toBeUndefined();
  });

  it('plans and applies every project that the fleet comes to, each by its own program, and nothing else', () => {
    for (const name of ['autoplan', 'plan', 'apply'] as const) {
      const { runs, refused } = whatRuns(server, REPOSITORY, { name }, { atlantisYaml: generated, terraformFolders: ['evil'] });
      expect(refused).toBeUndefined();
      expect(unreviewed(runs)).toEqual([]);
      expect(runs.map(({ project, step }) => [project, step.replace(/^.*\//, '')])).toEqual(projects.map((one) => [one.name, `${one.workflow}-${name === 'apply' ? 'apply' : 'plan'}`]));
      expect(new Set(runs.flatMap(({ requirements }) => requirements))).toEqual(new Set(name === 'apply' ? ['approved', 'mergeable', 'undiverged'] : ['undiverged']));
    }
    expect(whatRuns(server, REPOSITORY, { name: 'plan', project: 'keys' }, { atlantisYaml: generated }).runs.map(({ step }) => step)).toEqual(['/opt/stockade/infra/atlantis/server/bin/keys-plan']);
  });

  it('renders before every plan, by hand or not', () => {
    for (const name of ['autoplan', 'plan'] as const) expect(whatRuns(server, REPOSITORY, { name }, { atlantisYaml: generated }).hooks).toEqual(['/opt/stockade/infra/atlantis/server/bin/pull-request']);
  });

  it('takes no command but plan, apply and unlock', () => {
    for (const name of ['import', 'state', 'version', 'approve_policies'] as const) expect(whatRuns(server, REPOSITORY, { name }, { atlantisYaml: generated })).toMatchObject({ refused: `${name} is not an allowed command` });
    // Where one were turned on, its steps refuse: but `version`, which no workflow changes.
    const open: Server = { ...server, settings: { ...settings, ATLANTIS_ALLOW_COMMANDS: 'plan,apply,import,state', ATLANTIS_ENABLE_POLICY_CHECKS: 'true' } };
    for (const name of ['import', 'state'] as const) expect(started(whatRuns(open, REPOSITORY, { name, project: 'keys' }, { atlantisYaml: generated }).runs)).toEqual(['refuse']);
    expect(started(whatRuns({ ...open, repos: server.repos.replace('policy_check: false', 'policy_check: true') }, REPOSITORY, { name: 'plan', project: 'keys' }, { atlantisYaml: generated }).runs)).toEqual(['keys-plan', 'refuse']);
  });

  it('needs each of its settings: without one, something of a pull request is run', () => {
    const without = (from: string, to: string, more: Record<string, string> = {}): Server => {
      expect(server.repos).toContain(from);
      return { repos: server.repos.replaceAll(from, to), settings: { ...settings, ...more } };
    };
    const runsOf = (one: Server, command: Command, checkout: Checkout): string[] => started(whatRuns(one, REPOSITORY, command, checkout).runs);
    // The stage of default is what keeps a folder from Terraform.
    expect(runsOf(without('plan: { steps: [{ run: /opt/stockade/infra/atlantis/server/bin/refuse }] }', ''), { name: 'plan', dir: 'evil' }, { atlantisYaml: generated })).toEqual(['init', 'plan']);
    // Discovery that is on starts steps of folders; they refuse.
    const discovering = without('autodiscover: { mode: disabled }', 'autodiscover: { mode: enabled }');
    expect(runsOf(discovering, { name: 'autoplan' }, { atlantisYaml: 'version: 3\n', terraformFolders: ['evil'] })).toEqual(['refuse']);
    expect(runsOf(server, { name: 'autoplan' }, { atlantisYaml: 'version: 3\n', terraformFolders: ['evil'] })).toEqual([]);
    // A Terraform is fetched where downloads are on.
    expect(runsOf({ ...server, settings: { ...settings, ATLANTIS_TF_DOWNLOAD: 'true' } }, { name: 'autoplan' }, { atlantisYaml: file({ ...bootstrap, terraform_version: '0.12.0' }) })).toContain('fetch terraform 0.12.0');
  });
});
