import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contextOf, exampleFiles, ROOT } from './fleets';
import { BIN, configuration, SERVER } from './server';

const { repos, workflows } = configuration();
const ours = repos.find(({ pre_workflow_hooks }) => pre_workflow_hooks !== undefined)!;

describe('the server\'s configuration', () => {
  it('is for the one repository that the fleet names, and for no other', () => {
    expect(ours.id).toBe(contextOf(exampleFiles()).fleet.infrastructure.atlantis.repository);
    expect(repos.filter((repo) => repo !== ours).map(({ id, branch, allowed_overrides, allow_custom_workflows }) => ({ id, branch, allowed_overrides, allow_custom_workflows }))).toEqual([
      // No branch has an empty name.
      { id: '/.*/', branch: '/^$/', allowed_overrides: [], allow_custom_workflows: false },
    ]);
  });

  it('lets a pull request choose a workflow by name, and define nothing', () => {
    expect(ours).toMatchObject({ allowed_overrides: ['workflow'], allow_custom_workflows: false, allowed_workflows: ['terraform', 'manifests', 'keys'], branch: '/^main$/' });
    for (const { workflow } of repos) expect(workflow).toBe('default');
  });

  it('applies only what is approved, mergeable and not behind, and locks from plan to merge', () => {
    expect(ours.apply_requirements).toEqual(['approved', 'mergeable', 'undiverged']);
    expect(ours.plan_requirements).toEqual(['undiverged']);
    expect(ours.repo_locks).toEqual({ mode: 'on_plan' });
  });

  it('is started without forks, with the merge checkout, and with hooks that count', () => {
    const image = readFileSync(join(SERVER, 'Dockerfile'), 'utf8');
    for (const setting of ['ATLANTIS_ALLOW_FORK_PRS=false', 'ATLANTIS_CHECKOUT_STRATEGY=merge', 'ATLANTIS_FAIL_ON_PRE_WORKFLOW_HOOK_ERROR=true', 'ATLANTIS_REPO_CONFIG=/opt/stockade/infra/atlantis/server/repos.yaml']) expect(image).toContain(setting);
    expect(image).toMatch(/^ARG ATLANTIS_IMAGE$/m);
  });

  it('runs programs of the image alone, each of which is there and can be run', () => {
    const steps = Object.values(workflows).flatMap((stages) => Object.values(stages)).flatMap((stage) => stage.steps);
    const runs = [...steps, ...(ours.pre_workflow_hooks ?? [])].map(({ run }) => run);
    for (const run of runs) {
      expect(run).toMatch(/^\/opt\/stockade\/infra\/atlantis\/server\/bin\/[a-z-]+$/);
      accessSync(run.replace('/opt/stockade', ROOT), constants.X_OK);
    }
    expect(ours.pre_workflow_hooks!.every(({ commands }) => commands === 'plan')).toBe(true);
  });

  it('holds no credentials where a pull request\'s code runs: only steps that name an identity have one', () => {
    const withIdentity = readdirSync(BIN).filter((name) => /(server\/bin|"\$0"\)"\))\/(as|kubeconfig)"/.test(readFileSync(join(BIN, name), 'utf8')));
    expect(withIdentity.sort()).toEqual(['gateway', 'manifests-apply', 'manifests-plan', 'terraform-apply', 'terraform-plan']);
    const runsTheirs = readdirSync(BIN).filter((name) => /server\/bin\/sandbox"|\$bin\/sandbox"/.test(readFileSync(join(BIN, name), 'utf8')));
    expect(runsTheirs.sort()).toEqual(['render']);
  });
});
