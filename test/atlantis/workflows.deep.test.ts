import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checkout } from './checkout';
import { ROOT } from './fleets';
import { COLD } from '../warm';
import { AtlantisServer, missingPrograms, planFile, type PullRequest } from './server';

const obstacle = missingPrograms(['bwrap', 'bubblewrap'], ['terraform', 'terraform'], ['openssl', 'openssl']);
const STACK = 'gcp-bootstrap';
/** Of a machine on Amazon, whose identity takes no call to be named. */
const SERVER_SETTINGS = { STOCKADE_CLOUD: 'aws', STOCKADE_GCP_PROJECT: 'example-staking-prod', STOCKADE_GCP_PROJECT_NUMBER: '123456789012', STOCKADE_AWS_ACCOUNT: '111122223333' };

/** Atlantis' steps as `repos.yaml` has them, on a scratch copy of this repository with a pull request. */
describe.skipIf(obstacle !== undefined)(`a pull request${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-atlantis-'));
  const state = join(folder, 'state');
  const checkout = join(folder, 'checkout');
  const secret = join(state, 'seal.key');
  const github = join(state, 'github');
  /** What GitHub was told since this was last asked, in order. */
  const told = (): string[] => {
    const lines = existsSync(join(github, 'told')) ? readFileSync(join(github, 'told'), 'utf8').trimEnd().split('\n') : [];
    rmSync(join(github, 'told'), { force: true });
    return lines;
  };
  const comment = (): string => readFileSync(join(github, 'comment.md'), 'utf8');
  const server = new AtlantisServer({ HOME: join(folder, 'home'), STOCKADE_HOME: ROOT, STOCKADE_STATE: state, AWS_SECRET_ACCESS_KEY: 'hunter2', ...SERVER_SETTINGS, ...COLD });
  const project = { name: STACK, dir: `infra/projects/${STACK}`, workflow: 'terraform' };
  const repository = new Checkout(checkout);
  const git = (...args: string[]): string => repository.git(...args);
  const write = (path: string, text: string): void => repository.write(path, text);
  const branch = (name: string, change: () => void): PullRequest => repository.branch(name, change);
  /** A stack that Terraform can plan and apply without asking anybody for a provider. */
  const stack = (input: string): string => `import type { Construct } from 'constructs';
import { LocalBackend, TerraformStack } from 'cdktf';
import type { StackContext } from '../stack';

export class GcpBootstrapStack extends TerraformStack {
  constructor(scope: Construct, id: string, _context: StackContext) {
    super(scope, id);
    new LocalBackend(this, { path: ${JSON.stringify(join(folder, 'terraform.tfstate'))} });
    this.addOverride('resource.terraform_data.made', { input: '${input}' });
  }
}
`;

  beforeAll(() => {
    mkdirSync(join(folder, 'home'));
    repository.init(() => write('infra/stacks/gcp/bootstrap.ts', stack('first')));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe('that changes a stack', () => {
    let change: PullRequest;
    const file = (): string => planFile(change, STACK, project.dir);

    it('is rendered by its own code, in the sandbox, before anything is planned', () => {
      change = branch('change', () => write('infra/stacks/gcp/bootstrap.ts', stack('second')));
      expect(server.project(change, 'plan', project)).toMatchObject({ code: 1, output: expect.stringContaining('stack gcp-bootstrap was not rendered') });
      told();
      const hooks = server.hooks(change, 'plan');
      expect(hooks).toMatchObject({ code: 0, output: expect.stringContaining('Terraform stacks in /out/cdktf.out/stacks') });
      const trees = [git('rev-parse', 'HEAD^{tree}'), git('rev-parse', 'main^{tree}')];
      expect(readdirSync(join(state, 'rendered')).sort()).toEqual([...trees].sort());
      expect(readdirSync(join(state, 'rendered', trees[0]!)).sort()).toEqual(['cdktf.out', 'dist']);
      expect(JSON.parse(readFileSync(join(state, 'plans', `${trees[0]}.json`), 'utf8'))).toMatchObject({ refused: false, base: { name: 'origin/main' } });
      expect(git('status', '--porcelain')).toBe('');
    });

    it('is told to people: a comment, then a status', () => {
      expect(told()).toEqual([`status ${change.head} pending The plan is being made`, 'comment 7', `status ${change.head} success The plan refuses nothing; the comment says what it means`]);
      expect(comment()).toContain('terraform\\_data changes input');
      expect(comment().length).toBeLessThan(65_536);
      // Atlantis would hide a comment of its own that names a command there.
      expect(comment().split('\n')[0]).not.toMatch(/plan|apply/i);
      expect(readdirSync(state).filter((entry) => /^(pull-request|compare|render|reviewed)\./.test(entry))).toEqual([]);
    });

    it('is rendered once, and compared again: what is merged may have moved on', () => {
      const { code, output } = server.hooks(change, 'plan');
      expect(code).toBe(0);
      expect(output.match(/Rendered before: /g)).toHaveLength(2);
      expect(told()).toHaveLength(3);
    });

    it('is planned: init, and a plan that is kept', () => {
      const { code, output } = server.project(change, 'plan', project);
      expect(output).toContain('Plan: 1 to add, 0 to change, 0 to destroy.');
      expect(code).toBe(0);
      expect(existsSync(file())).toBe(true);
    });

    it('is applied from exactly that plan: tampered with, exchanged or of another commit it is refused', () => {
      const [plan, seal] = [readFileSync(file()), readFileSync(`${file()}.seal`)];
      const refusal = (which = change, name = STACK): string => {
        const { code, output } = server.project(which, 'apply', { ...project, name, dir: `infra/projects/${name}` });
        expect(code).not.toBe(0);
        return output;
      };
      appendFileSync(file(), 'x');
      expect(refusal()).toContain('the plan file is not the one that was planned for gcp-bootstrap');
      writeFileSync(file(), plan);
      writeFileSync(`${file()}.seal`, 'f'.repeat(64));
      expect(refusal()).toContain('is not the one that was planned');
      rmSync(`${file()}.seal`);
      expect(refusal()).toContain('is not the one that was planned');
      writeFileSync(`${file()}.seal`, seal);
      expect(refusal({ ...change, head: 'e'.repeat(40) })).toContain('is not the one that was planned');
      const other = planFile(change, 'gcp-foundation', 'infra/projects/gcp-foundation');
      copyFileSync(file(), other);
      copyFileSync(`${file()}.seal`, `${other}.seal`);
      expect(refusal(change, 'gcp-foundation')).toContain('is not the one that was planned for gcp-foundation');
      rmSync(file());
      expect(refusal()).toContain('there is no plan');
      expect(existsSync(join(folder, 'terraform.tfstate'))).toBe(false);

      writeFileSync(file(), plan);
      const applied = server.project(change, 'apply', project);
      expect(applied).toMatchObject({ code: 0, output: expect.stringContaining('Apply complete! Resources: 1 added, 0 changed, 0 destroyed.') });
      expect(readFileSync(join(folder, 'terraform.tfstate'), 'utf8')).toContain('second');
    });

    it('is not applied twice, nor after the state has moved on', () => {
      change = branch('third', () => write('infra/stacks/gcp/bootstrap.ts', stack('third')));
      expect(server.hooks(change, 'plan').code).toBe(0);
      expect(server.project(change, 'plan', project).output).toContain('Plan: 0 to add, 1 to change, 0 to destroy.');
      const kept = [readFileSync(file()), readFileSync(`${file()}.seal`)] as const;
      const work = join(state, 'terraform', STACK, change.head);
      cpSync(work, `${work}.kept`, { recursive: true });
      expect(server.project(change, 'apply', project).code).toBe(0);
      expect(server.project(change, 'apply', project)).toMatchObject({ code: 1, output: expect.stringContaining('is not the one that was planned') });
      cpSync(`${work}.kept`, work, { recursive: true });
      writeFileSync(file(), kept[0]);
      writeFileSync(`${file()}.seal`, kept[1]);
      expect(server.project(change, 'apply', project)).toMatchObject({ code: 1, output: expect.stringContaining('Saved plan is stale') });
    });

    it('of a stack whose text would say that nothing changes: it is shown, and not believed', () => {
      const forged = JSON.stringify('No changes. Your infrastructure matches the configuration.\n```\nPlan: 0 to add, 0 to change, 0 to destroy.');
      change = branch('forged', () => write('infra/stacks/gcp/bootstrap.ts', stack('third').replace('    this.addOverride', `    this.addOverride('output.x', { value: ${forged} });\n    this.addOverride`)));
      expect(server.hooks(change, 'plan').code).toBe(0);
      const { code, output } = server.project(change, 'plan', project);
      expect(output).toContain('+ x = <<-EOT');
      // The control: Terraform prints it as it is.
      expect(execFileSync('terraform', [`-chdir=${join(state, 'terraform', STACK, change.head)}`, 'show', '-no-color', file()], { encoding: 'utf8' })).toContain('No changes. Your infrastructure');
      expect(output).not.toMatch(/No changes. (Infrastructure is up-to-date|Your infrastructure matches the configuration)/);
      expect(output).not.toMatch(/Plan: 0 to add|```/);
      expect(code).toBe(0);
      expect(server.project(change, 'apply', project).code).toBe(0);
      // And where nothing does, it says so.
      expect(server.project(change, 'plan', project)).toMatchObject({ code: 0, output: expect.stringMatching(/\nNo changes\. Your infrastructure matches the configuration\.\n$/) });
    });

    it('of a stack that is emptied, as a removed cluster\'s is: what it had is destroyed', () => {
      change = branch('emptied', () => write('infra/stacks/gcp/bootstrap.ts', stack('x').replace(/ *this\.addOverride.*\n/, '')));
      expect(server.hooks(change, 'plan').code).toBe(0);
      expect(server.project(change, 'plan', project).output).toContain('Plan: 0 to add, 0 to change, 1 to destroy.');
      expect(server.project(change, 'apply', project).output).toContain('Resources: 0 added, 0 changed, 1 destroyed.');
    });
  });

  describe('whose code is up to something', () => {
    /** Runs as part of what the pull request renders with. */
    const withCode = (name: string, code: string): PullRequest =>
      branch(name, () => write('cli/synth.ts', `${code}\n${readFileSync(join(ROOT, 'cli/synth.ts'), 'utf8')}`));
    const refused = (change: PullRequest): string => {
      const { code, output } = server.hooks(change, 'plan');
      expect(code).not.toBe(0);
      expect(existsSync(join(state, 'rendered', git('rev-parse', 'HEAD^{tree}')))).toBe(false);
      expect(readdirSync(state).filter((entry) => entry.startsWith('render.'))).toEqual([]);
      return output;
    };
    const SYNC = `import * as fs from 'node:fs';`;

    it('finds no credential: neither in the environment nor on the disk', () => {
      expect(existsSync(secret)).toBe(true);
      expect(refused(withCode('environment', `if (process.env['AWS_SECRET_ACCESS_KEY'] === undefined) throw new Error('nothing to take');`))).toContain('nothing to take');
      expect(refused(withCode('disk', `${SYNC} fs.readFileSync(${JSON.stringify(secret)});`))).toContain('ENOENT');
    });

    it('reaches nobody', () => {
      expect(refused(withCode('socket', `import { execFileSync } from 'node:child_process'; execFileSync(process.execPath, ['-e', "require('net').connect(80, '169.254.169.254').on('error', (e) => { console.error(e.code); process.exit(1) })"], { stdio: 'inherit' });`))).toMatch(/ENETUNREACH|EHOSTUNREACH/);
    });

    it('hands nothing on but what synth renders', () => {
      const at = (when: string): string => `${SYNC} process.on('exit', () => { ${when} });`;
      expect(refused(withCode('link', at(`fs.symlinkSync('/var/lib/stockade', '/out/dist/x')`)))).toContain('dist/x: not a regular file');
      expect(refused(withCode('more', at(`fs.writeFileSync('/out/cdktf.out/stacks/${STACK}/more.tf', 'x')`)))).toContain('more.tf: a file that synth never writes');
      expect(refused(withCode('program', at(`fs.writeFileSync('/out/cdktf.out/stacks/${STACK}/cdk.tf.json', JSON.stringify({ terraform: { backend: { local: {} } }, data: { external: { x: { program: ['env'] } } } }))`)))).toContain('data "external"');
    });

    it('takes no dependency from where nobody looks', () => {
      const change = branch('dependency', () => {
        const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as { packages: Record<string, object> };
        lock.packages['node_modules/evil'] = { resolved: 'http://169.254.169.254/latest/meta-data', integrity: 'sha512-x' };
        write('package-lock.json', JSON.stringify(lock));
      });
      expect(refused(change)).toContain('node_modules/evil: from "http://169.254.169.254/latest/meta-data"');
    });
  });
});
