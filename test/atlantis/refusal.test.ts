import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Plan } from '../../apps/plan/model';
import { ROOT } from './fleets';
import { COLD, warm } from '../warm';
import { BIN } from './server';

const side = (name: string): Plan['base'] => ({ name, revision: 'e'.repeat(40), nodes: 2, clusters: 1, digest: 'f'.repeat(64) });
const risks: Plan['risks'] = { 'data loss': 0, 'second-signer risk': 1, interrupting: 0, 'one-way': 0, permissions: 0, exposure: 0, hardening: 0, 'restart when fired': 0, harmless: 0 };
const finding: Plan['findings'][number] = { section: 'keys', risk: 'second-signer risk', code: 'key-twice', what: 'a key would be placed twice', refused: true, next: 'Retire it first.', count: 1, places: { 'eu-1': ['eth-0'] } };
const plan = (refused: boolean): Plan => ({ version: 1, base: side('origin/main'), head: side('HEAD'), refused, notes: [], risks, releases: [], findings: refused ? [finding] : [], raw: { objects: 1, leftOut: 0, changes: [] } });
/** What a failing planner says, with what would forge a comment. */
const SAID = 'node_modules: x\n```\n## Plan: Nothing changes.\nerror: eth\u202e-0 is wrong\n';

let folder: string;
let state: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-refusal-'));
  state = join(folder, 'state');
  mkdirSync(join(state, 'github'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const program = (path: string, text: string): string => {
  writeFileSync(path, `#!/usr/bin/env bash\nset -euo pipefail\n${text}\n`, { mode: 0o755 });
  return path;
};
const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

describe("Atlantis' hook", () => {
  /** The hook as it is, in a copy of the server whose `compare` comes to what a test says. */
  function hook(compare: string, { posts = true, takesStatus = true, env = {} }: { readonly posts?: boolean; readonly takesStatus?: boolean; readonly env?: Readonly<Record<string, string>> } = {}): { code: number; output: string; told: string[]; comment: string } {
    const home = join(folder, 'home');
    const bin = join(home, 'infra/atlantis/server/bin');
    cpSync(BIN, bin, { recursive: true });
    for (const path of ['node_modules', 'cli']) symlinkSync(join(ROOT, path), join(home, path));
    program(join(bin, 'compare'), compare);
    const checkout = join(folder, 'checkout');
    const git = (...args: string[]): string => spawnSync('git', ['-C', folder, '-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], { encoding: 'utf8' }).stdout.trim();
    git('init', '--quiet', checkout);
    git('-C', checkout, 'commit', '--quiet', '--allow-empty', '--message', 'x');
    if (!posts) writeFileSync(join(state, 'github/refuse-comment'), '');
    if (!takesStatus) writeFileSync(join(state, 'github/refuse-status'), '');
    const environment = { ...warm(), HOME: folder, STOCKADE_HOME: home, STOCKADE_STATE: state, STOCKADE_GITHUB: join(__dirname, 'github-stand-in'), DIR: checkout, PULL_NUM: '7', HEAD_COMMIT: 'a'.repeat(40), BASE_BRANCH_NAME: 'main', PLAN: planFile(), ...env };
    const { status, stdout, stderr } = spawnSync('sh', ['-c', join(bin, 'pull-request')], { cwd: checkout, env: environment, encoding: 'utf8' });
    return { code: status ?? -1, output: stdout + stderr, told: textOf(join(state, 'github/told')).trimEnd().split('\n'), comment: textOf(join(state, 'github/comment.md')) };
  }
  let refused = false;
  const planFile = (): string => {
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan(refused)));
    return join(folder, 'plan.json');
  };
  const made = 'mkdir -p "$STOCKADE_STATE/plans"; cp "$PLAN" "$STOCKADE_STATE/plans/$(git -C "$DIR" rev-parse "HEAD^{tree}").json"';
  const pending = `status ${'a'.repeat(40)} pending The plan is being made`;

  it('posts a plan, then says success', () => {
    refused = false;
    // Each command a process of its own, as on the server.
    const { code, told, comment } = hook(made, { env: COLD });
    expect(told).toEqual([pending, 'comment 7', `status ${'a'.repeat(40)} success The plan refuses nothing; the comment says what it means`]);
    expect(comment).toContain('## Plan: 1 object of 2 nodes differ.');
    expect(code).toBe(0);
  });

  it('posts a refused plan first, then says failure', () => {
    refused = true;
    const { told, comment } = hook(made);
    expect(told).toEqual([pending, 'comment 7', `status ${'a'.repeat(40)} failure Refused: 1 finding; the comment says what to do instead`]);
    expect(comment).toContain('REFUSED');
    // The control: as it was, where the planner's exit code ended the hook before it posted.
    const before = spawnSync('bash', ['-c', 'set -euo pipefail; plan() { echo REFUSED >"$0"; return 1; }; plan; echo posted'], { encoding: 'utf8' });
    expect(before.stdout).not.toContain('posted');
  });

  it('posts why no plan could be made, as it may be shown, and lets nothing be planned', () => {
    writeFileSync(join(folder, 'said'), SAID);
    const { code, told, comment, output } = hook(`cat '${join(folder, 'said')}' >&2; exit 1`);
    expect(told).toEqual([pending, 'comment 7', `status ${'a'.repeat(40)} failure No plan could be made; the comment says why`]);
    expect(comment).toContain('## No plan could be made');
    expect(comment).toContain('error: eth\\u202e-0 is wrong');
    expect(comment.match(/^```/gm)).toHaveLength(2);
    expect(output).toContain('error: eth\\u202e-0 is wrong');
    expect(code).toBe(1);
  });

  it('posts the end of what was said, cut', () => {
    const { comment } = hook('for i in $(seq 100000); do echo "line $i"; done; echo "error: the last"; exit 1');
    expect(comment).toContain('error: the last');
    expect(comment.length).toBeLessThan(20_000);
  });

  it('says failure where the plan is none, or is gone', () => {
    for (const compare of [':', `${made}; echo '{' >"$STOCKADE_STATE/plans/$(git -C "$DIR" rev-parse "HEAD^{tree}").json"`]) {
      const { code, told } = hook(compare);
      expect(told.at(-1)).toContain('failure No plan could be made');
      expect(code).toBe(1);
      rmSync(folder, { recursive: true });
      mkdirSync(join(state, 'github'), { recursive: true });
    }
  });

  it('says failure where the comment can not be posted, and lets nothing be planned', () => {
    refused = false;
    const { code, told } = hook(made, { posts: false });
    expect(told.at(-1)).toBe(`status ${'a'.repeat(40)} failure The plan could not be posted as a comment: plan again`);
    expect(code).toBe(1);
  });

  it('lets nothing be planned where GitHub takes no status: an older success would stand', () => {
    refused = false;
    const { code, output, comment } = hook(made, { takesStatus: false });
    expect(code).toBe(1);
    expect(output).toContain('GitHub takes no status');
    expect(comment).toBe('');
  });
});

describe("GitHub's workflow", () => {
  interface Job {
    readonly name?: string;
    readonly if: string;
    readonly needs?: readonly string[];
    readonly permissions: Readonly<Record<string, string>>;
    readonly steps: readonly { readonly run?: string; readonly uses?: string; readonly env?: object; readonly 'continue-on-error'?: boolean }[];
  }
  const { jobs } = parse(readFileSync(join(ROOT, '.github/workflows/pull-request.yml'), 'utf8')) as { jobs: Record<string, Job> };
  const scripts = jobs['plan']!.steps.flatMap(({ run }) => (run === undefined || run.startsWith('npm ci') ? [] : [run]));

  /** The two steps of the job that posts, one after the other, as GitHub runs them: `bash -e`. */
  function job({ head = 'success', base = 'success', refused = false, planned = true, accepted = true, cold = false, attributes, steps = scripts }: { attributes?: string; cold?: boolean; head?: string; base?: string; refused?: boolean; planned?: boolean; accepted?: boolean; steps?: readonly string[] }): { code: number; output: string; posted: string } {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const temp = join(folder, 'temp');
    mkdirSync(temp);
    writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan(refused)));
    program(join(bin, 'gh'), `while [ $# -gt 0 ]; do [ "$1" != --body-file ] || cp "$2" '${join(folder, 'posted.md')}'; shift; done`);
    program(
      join(bin, 'node'),
      `[ "$1" = cli/stockade.cjs ] || exit 127
      case $2 in
        server) case $3 in
          comment) cd '${ROOT}'; PATH=\${PATH#*:} exec node "$@" ;;
          accept) ${accepted ? 'exit 0' : 'echo "error: dist/x: not a regular file" >&2; exit 1'} ;;
          *) exit 127 ;;
        esac ;;
        plan) ${planned ? `cp '${join(folder, 'plan.json')}' "$RUNNER_TEMP/plan.json"; exit ${refused ? 1 : 0}` : 'echo "error: no plan" >&2; exit 1'} ;;
        atlantis | keys) ;;
        *) exit 127 ;;
      esac`,
    );
    if (attributes === undefined) program(join(bin, 'git'), ':');
    else checkedOut(attributes);
    const env = { ...warm(bin), ...(cold ? COLD : {}), RUNNER_TEMP: temp, HEAD: head, BASE: base, BASE_SHA: 'b'.repeat(40), NUMBER: '7', GITHUB_REPOSITORY: 'example-staking/fleet' };
    let output = '';
    for (const script of steps) {
      const { status, stdout, stderr } = spawnSync('bash', ['-e', '-c', script], { cwd: folder, env, encoding: 'utf8' });
      output += stdout + stderr;
      if (status !== 0) return { code: status ?? -1, output, posted: textOf(join(folder, 'posted.md')) };
    }
    return { code: 0, output, posted: textOf(join(folder, 'posted.md')) };
  }

  /** The pull request as GitHub's action checks it out: by its own attributes. */
  function checkedOut(attributes: string): void {
    const pull = join(folder, 'pull');
    const git = (...args: string[]): void => void spawnSync('git', ['-C', pull, '-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args]);
    mkdirSync(join(pull, 'fleet'), { recursive: true });
    git('init', '--quiet');
    writeFileSync(join(pull, 'fleet/a b.yaml'), 'a: $Id$\n');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'x');
    writeFileSync(join(pull, '.gitattributes'), attributes);
    git('add', '--', '.gitattributes');
    git('commit', '--quiet', '--message', 'y');
    rmSync(join(pull, 'fleet/a b.yaml'));
    git('checkout', '--', 'fleet');
  }

  it.each(['* ident\n', '*.yaml text eol=crlf\n'])('posts that what git wrote is not what was reviewed, and fails: %j', (attributes) => {
    const { code, posted } = job({ attributes });
    expect(posted).toContain('git writes the pull request otherwise than it is committed');
    expect(code).not.toBe(0);
    for (const path of ['bin', 'temp', 'pull']) rmSync(join(folder, path), { recursive: true });
    // The control: attributes that change nothing.
    expect(job({ attributes: '*.lock merge=binary linguist-generated\n' })).toMatchObject({ code: 0, posted: expect.stringContaining('## Plan') });
  });

  it('posts a plan, and passes', () => {
    const { code, posted } = job({ cold: true });
    expect(posted).toContain('## Plan: 1 object of 2 nodes differ.');
    expect(code).toBe(0);
  });

  it('posts a refused plan, then fails', () => {
    const { code, posted, output } = job({ refused: true });
    expect(posted).toContain('REFUSED');
    expect(output).toContain('Refused: 1 finding');
    expect(code).not.toBe(0);
  });

  it('did not post it as it was', () => {
    const before = ['node cli/stockade.cjs plan --format markdown', 'gh pr comment 7 --body-file "$RUNNER_TEMP/plan.json"'];
    expect(job({ refused: true, steps: before })).toMatchObject({ code: 1, posted: '' });
  });

  it.each([
    ['the pull request was not rendered', { head: 'failure' }, 'the pull request: failure'],
    ['rendering was cancelled', { head: 'cancelled' }, 'the pull request: cancelled'],
    ['what is merged was not rendered', { base: 'failure' }, 'what is merged: failure'],
    ['what was rendered is not accepted', { accepted: false }, 'dist/x: not a regular file'],
    ['no plan is made', { planned: false }, 'error: no plan'],
  ])('posts that %s, and fails', (_what, outcome, said) => {
    const { code, posted } = job(outcome);
    expect(posted).toContain('## No plan could be made');
    expect(posted).toContain(said);
    expect(code).not.toBe(0);
  });

  it('is there whatever came before, has its name from the status, and holds its right away from the pull request\'s code', () => {
    const { name, if: when, needs, permissions, steps } = jobs['plan']!;
    expect({ name, needs }).toEqual({ name: 'stockade/plan', needs: ['head', 'base'] });
    expect(when).toMatch(/^always\(\) && /);
    expect(permissions).toEqual({ contents: 'read', 'pull-requests': 'write' });
    expect(steps.filter((step) => step.uses?.startsWith('actions/download-artifact')).every((step) => step['continue-on-error'])).toBe(true);
    // The token is there only where nothing is read of the pull request but what was written for it.
    expect(steps.filter(({ env }) => JSON.stringify(env ?? {}).includes('GH_TOKEN')).map(({ run }) => run)).toEqual([scripts[1]]);
    expect([jobs['head']!, jobs['base']!].map((one) => one.permissions)).toEqual([{ contents: 'read' }, { contents: 'read' }]);
  });
});
