import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { atlantisFiles, differences, writeAtlantis } from '../../infra/atlantis/generate';
import { contextOf, exampleFiles, ROOT } from './fleets';
import { stockade } from '../run';
import { COLD, warm } from '../warm';
import { BIN } from './server';

/** What every step begins with, and what is read of a pull request, in a small repository: its fleet is the example's. */
const folder = mkdtempSync(join(tmpdir(), 'stockade-steps-'));
const checkout = join(folder, 'checkout');
const state = join(folder, 'state');
const git = (...args: string[]): string => execFileSync('git', ['-C', checkout, '-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const write = (path: string, content: string | Buffer): void => {
  mkdirSync(join(checkout, path, '..'), { recursive: true });
  writeFileSync(join(checkout, path), content);
};
const branch = (name: string, change: () => void): void => {
  git('checkout', '--quiet', '--force', '-B', name, 'main');
  git('clean', '--quiet', '-fdx');
  change();
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', name);
};

beforeAll(() => {
  mkdirSync(checkout, { recursive: true });
  git('init', '--quiet', '--initial-branch=main');
  git('remote', 'add', 'origin', '.');
  cpSync(join(ROOT, 'fleet'), join(checkout, 'fleet'), { recursive: true });
  writeAtlantis(checkout, atlantisFiles(contextOf(exampleFiles())));
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Main');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Asked {
  readonly name: string;
  readonly dir?: string;
  readonly workspace?: string;
}
const run = (script: string, env: Record<string, string> = {}, name = 'step'): { code: number; output: string } => {
  const program = join(folder, name);
  writeFileSync(program, `#!/usr/bin/env bash\n. ${join(BIN, 'common.sh')}\n${script}\n`, { mode: 0o755 });
  const { status, stdout, stderr } = spawnSync(program, [], { cwd: checkout, encoding: 'utf8', env: { ...warm(), HOME: folder, STOCKADE_HOME: ROOT, STOCKADE_STATE: state, STOCKADE_GITHUB: join(__dirname, 'github-stand-in'), DIR: checkout, BASE_BRANCH_NAME: 'main', ...env } });
  return { code: status ?? -1, output: stdout + stderr };
};
const begin = (workflow: string, { name, dir = `infra/projects/${name}`, workspace = 'default' }: Asked, program?: string, env: Record<string, string> = {}) =>
  run(`begin ${workflow}; echo "begun $(ls "$reviewed" | tr '\\n' ' ')"`, { PLANFILE: 'x', PROJECT_NAME: name, HEAD_COMMIT: git('rev-parse', 'HEAD'), REPO_REL_DIR: dir, WORKSPACE: workspace, ...env }, program);

describe('a step begins', () => {
  it('where the fleet comes to its project, with the reviewed tree', () => {
    branch('good', () => undefined);
    // Each command a process of its own, as on the server.
    expect(begin('terraform', { name: 'gcp-bootstrap' }, undefined, COLD)).toEqual({ code: 0, output: 'begun atlantis.yaml fleet infra \n' });
  });

  it('and refuses another, whatever atlantis.yaml lists (each kind: configuration.test.ts)', () => {
    branch('evil', () => write('atlantis.yaml', 'version: 3\nprojects:\n  - { name: keys, dir: infra/projects/keys, workflow: keys, workspace: mine }\n'));
    const { code, output } = begin('keys', { name: 'keys', workspace: 'mine' });
    expect(output).toContain('has the one workspace "default", not "mine"');
    expect(output).not.toContain('begun');
    expect(code).not.toBe(0);
    expect(begin('keys', { name: '../keys' })).toMatchObject({ code: 1, output: expect.stringContaining("can't be a name") });
  });

  it('and takes no folder of the pull request for a repository: its settings name programs', () => {
    const owned = join(folder, 'owned');
    const dir = join(checkout, 'infra/projects/keys');
    branch('bare', () => {
      for (const [at, settings] of [['infra/projects/keys', `[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = ${join(checkout, 'infra/projects')}\n`], ['infra/projects', `[remote "origin"]\n\turl = ${checkout}\n\tuploadpack = "touch ${owned}; git-upload-pack"\n`]] as const) {
        write(`${at}/HEAD`, 'ref: refs/heads/main\n');
        for (const path of ['objects', 'refs']) write(`${at}/${path}/.keep`, '');
        write(`${at}/config`, settings);
      }
    });
    expect(run('begin keys', { DIR: dir, PLANFILE: 'x', PROJECT_NAME: 'keys', HEAD_COMMIT: 'x', REPO_REL_DIR: 'infra/projects/keys', WORKSPACE: 'default' })).toMatchObject({ code: 128, output: expect.stringContaining('safe.bareRepository') });
    expect(existsSync(owned)).toBe(false);
    // The control: git without that setting runs what the folder names.
    run(`unset GIT_CONFIG_COUNT; merged_of "$(git -C "$DIR" rev-parse --show-toplevel)"`, { DIR: dir });
    expect(existsSync(owned)).toBe(true);
  });

  it('to apply only where the branch\'s rules keep what was approved', () => {
    branch('apply', () => undefined);
    const github = join(state, 'github');
    mkdirSync(github, { recursive: true });
    writeFileSync(join(github, 'rules.json'), '[]');
    const refused = begin('terraform', { name: 'gcp-bootstrap' }, 'terraform-apply');
    expect(refused.output).toContain('Dismiss stale pull request approvals');
    expect(refused.output).not.toContain('begun');
    expect(refused.code).toBe(1);
    // A plan needs none of them.
    expect(begin('terraform', { name: 'gcp-bootstrap' }, 'terraform-plan')).toMatchObject({ code: 0 });
    rmSync(join(github, 'rules.json'));
    expect(run('guarded_branch')).toEqual({ code: 0, output: '' });
    writeFileSync(join(github, 'refuse-rules'), '');
    expect(run('guarded_branch')).toMatchObject({ code: 1, output: expect.stringContaining('does not say which rules hold') });
    rmSync(join(github, 'refuse-rules'));
  });
});

describe('what is kept', () => {
  const room = join(folder, 'room');
  const bin = join(folder, 'bin');
  const entry = (path: string, hours: number): void => {
    mkdirSync(join(room, path), { recursive: true });
    const at = Date.now() / 1000 - hours * 3600;
    utimesSync(join(room, path), at, at);
  };
  /** With so much free, of which each rendering that goes gives some back. */
  const inRoom = (script: string, free: string) => {
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'df'), `#!/usr/bin/env bash\necho Avail; echo "$(( ${free} ))"\n`, { mode: 0o755 });
    return run(script, { ...warm(bin), STOCKADE_STATE: room });
  };
  const kept = (below = ''): string[] => readdirSync(join(room, below)).sort();
  beforeEach(() => rmSync(room, { recursive: true, force: true }));

  it('goes when nobody used it for a week, and what a killed step left behind after a day', () => {
    for (const path of ['rendered/old', 'plans/old.json', 'terraform/gcp-bootstrap/old']) entry(path, 200);
    for (const path of ['rendered/new', 'terraform/gcp-bootstrap/new', 'kubeconfigs']) entry(path, 100);
    entry('compare.aB3dEf', 30);
    entry('render.aB3dEf', 1);
    expect(inRoom('make_room', '50 << 20')).toEqual({ code: 0, output: '' });
    expect([kept(), kept('rendered'), kept('plans'), kept('terraform/gcp-bootstrap')]).toEqual([['kubeconfigs', 'plans', 'render.aB3dEf', 'rendered', 'terraform'], ['new'], [], ['new']]);
  });

  it('goes, the oldest first, where the disk is filled by push after push, but nothing that is in use', () => {
    for (let age = 0; age < 6; age += 1) entry(`rendered/${age}`, age);
    expect(inRoom('make_room', `(12 - $(ls ${room}/rendered | wc -l)) << 20`).code).toBe(0);
    expect(kept('rendered')).toEqual(['0', '1', '2', '3']);
    expect(inRoom('make_room', '1').code).toBe(0);
    expect(kept('rendered')).toEqual(['0']);
    expect(inRoom('enough_room', '1')).toMatchObject({ code: 1, output: expect.stringContaining('atlantis.diskGiB') });
    expect(inRoom('enough_room', '5 << 20')).toEqual({ code: 0, output: '' });
  });
});

describe('main that moves on', () => {
  const compare = (head: string, before = ''): { code: number; output: string } => run(`${before}\nbase=$(merged_of "$DIR"); merge_again "$DIR" "$base"; echo "$(git -C "$DIR" rev-parse 'HEAD^2')"; ls "$DIR/docs"`, { HEAD_COMMIT: head });
  const keep = (text = ''): string => run(`top=$DIR; echo '${text}' >${folder}/plan; seal ${folder}/plan`, { PROJECT_NAME: 'keys', HEAD_COMMIT: 'x' }).output;
  const checked = (): { code: number; output: string } => run(`top=$DIR; check_seal ${folder}/plan; echo applied`, { PROJECT_NAME: 'keys', HEAD_COMMIT: 'x' });
  /** As Atlantis has it: the pull request merged into the main of then, on a branch of main's name. */
  const pullRequest = (path: string, text: string): string => {
    branch('change', () => write(path, text));
    const head = git('rev-parse', 'HEAD');
    git('checkout', '--quiet', '-B', 'merged', 'main');
    git('merge', '--quiet', '--no-ff', '-m', 'atlantis-merge', head);
    return head;
  };
  const moveMain = (path: string, text: string): void => {
    const merged = git('rev-parse', 'HEAD');
    git('checkout', '--quiet', 'main');
    write(path, text);
    git('add', '--all');
    git('commit', '--quiet', '--message', `More in ${path}`);
    git('checkout', '--quiet', '-B', 'merged', merged);
  };

  it('is merged into the checkout before it is compared: what others merged is not shown as taken away', () => {
    const head = pullRequest('docs/mine.md', 'x\n');
    moveMain('docs/theirs.md', 'x\n');
    expect(existsSync(join(checkout, 'docs/theirs.md'))).toBe(false);
    expect(compare(head)).toEqual({ code: 0, output: `${head}\nmine.md\ntheirs.md\n` });
    // Where nothing moved, the checkout stays as it is.
    const merged = git('rev-parse', 'HEAD');
    expect(compare(head).code).toBe(0);
    expect(git('rev-parse', 'HEAD')).toBe(merged);
  });

  it('makes a plan of before no plan of the pull request merged anew', () => {
    const head = pullRequest('docs/another.md', 'x\n');
    keep();
    expect(checked()).toEqual({ code: 0, output: 'applied\n' });
    moveMain('docs/more.md', 'x\n');
    expect(checked()).toEqual({ code: 0, output: 'applied\n' });
    compare(head);
    expect(checked()).toMatchObject({ code: 1, output: expect.stringContaining('atlantis plan -p keys') });
  });

  it('and can not be merged is said; Atlantis then begins anew', () => {
    const head = pullRequest('docs/mine.md', 'mine\n');
    moveMain('docs/mine.md', 'theirs\n');
    const { code, output } = compare(head);
    expect(code).toBe(1);
    expect(output).toContain("can't be merged into main as it is now");
    expect(git('status', '--porcelain')).toBe('');
    expect(git('rev-parse', 'HEAD')).toBe(git('rev-parse', 'main'));
  });
});

describe('what is read of a pull request', () => {
  const review = (): { code: number; output: string } => run(`rm -rf ${folder}/reviewed; review ${checkout} ${folder}/reviewed`);

  it.each([
    ['export-ignore', '*.txt export-ignore\n', 'a\n'],
    ['export-subst', '*.txt export-subst\n', '$Format:%H$\n'],
    ['ident', '*.txt ident\n', '$Id$\n'],
    ['line endings', '*.txt text eol=crlf\n', 'a\nb\n'],
    ['another encoding', '*.txt text working-tree-encoding=UTF-16\n', 'a\n'],
    ['a macro', '[attr]mine text eol=crlf ident\n*.txt mine\n', 'a\n$Id$\n'],
  ])('is every file, byte by byte, whatever its attributes say: %s', (_what, attributes, content) => {
    branch('attributes', () => write('some/new.txt', content));
    // Added afterwards, so that what is committed is the content as it was reviewed; nested, too.
    write('.gitattributes', attributes);
    write('some/.gitattributes', attributes.startsWith('[attr]') ? '*.txt mine\n' : attributes);
    git('add', '--', '.gitattributes', 'some/.gitattributes');
    git('commit', '--quiet', '--message', 'attributes');
    // The control: git's own ways to write the tree, as it was done.
    const archived = spawnSync('bash', ['-c', `git -C ${checkout} archive HEAD | tar -x -O some/new.txt`], { encoding: 'utf8' }).stdout;
    rmSync(join(folder, 'index'), { recursive: true, force: true });
    execFileSync('bash', ['-c', `export GIT_INDEX_FILE=${folder}/index; git read-tree HEAD; git checkout-index --all --force --prefix=${folder}/index.out/`], { cwd: checkout });
    const checkedOut = existsSync(join(folder, 'index.out/some/new.txt')) ? readFileSync(join(folder, 'index.out/some/new.txt'), 'latin1') : '';
    rmSync(join(folder, 'index.out'), { recursive: true, force: true });
    expect([archived, checkedOut].filter((one) => one !== content)).not.toEqual([]);
    expect(review()).toEqual({ code: 0, output: '' });
    expect(readFileSync(join(folder, 'reviewed/some/new.txt'), 'utf8')).toBe(content);
  });

  it('is looked at once more: what git wrote otherwise is refused', () => {
    branch('filtered', () => write('some/new.txt', 'a\n'));
    const { code, output } = run(`ids_of_files() { echo 0; }; rm -rf ${folder}/reviewed; review ${checkout} ${folder}/reviewed`);
    expect(output).toContain('what git wrote is not what was reviewed');
    expect(code).toBe(1);
  });

  it('is no link, and its name is shown as it is', () => {
    branch('link', () => symlinkSync('/proc/self/environ', join(checkout, 'fleet/nodes/a\nNo changes.\u202e')));
    const { code, output } = review();
    expect(output).toMatch(/^error: the pull request holds a link[^\n]*\n {2}next: [^\n]*\n$/);
    expect(output).not.toContain('\u202e');
    expect(code).toBe(1);
  });
});

describe('atlantis.yaml', () => {
  const check = async (): Promise<{ code: number; output: string }> => {
    const { code, stdout, stderr } = await stockade(['atlantis', '--check', '--root', checkout, '--base', 'main']);
    return { code, output: stdout + stderr };
  };
  const yaml = readFileSync(join(ROOT, 'atlantis.yaml'), 'utf8');

  const files = atlantisFiles(contextOf(exampleFiles()));

  it('is let through as generated', () => {
    branch('as-generated', () => write('docs/x.md', 'x'));
    expect(differences(checkout, files)).toEqual([]);
  });

  it.each([
    ['another workspace', () => write('atlantis.yaml', yaml.replace('    dir: infra/projects/keys\n', '    dir: infra/projects/keys\n    workspace: mine\n'))],
    ['a dropped dependency', () => write('atlantis.yaml', yaml.replace(/    depends_on:\n(      - .*\n)+/, ''))],
    ['another when_modified', () => write('atlantis.yaml', yaml.replace('        - ../../../fleet/keys.lock\n', ''))],
    ['a line more', () => write('atlantis.yaml', `${yaml}autodiscover: { mode: enabled }\n`)],
    ['a program beside a demand', () => write('infra/projects/keys/evil.tf', 'data "external" "x" {}')],
    ['another demand', () => write('infra/projects/keys/demand.json', '{}\n')],
  ])('is refused with %s', (_what, change) => {
    branch('tampered', change);
    expect(differences(checkout, files)).not.toEqual([]);
  });

  it('is left as merged by a change of what generates it, which is said; not beside a change of the fleet, nor of itself', async () => {
    // What is merged is older than this generator: the whole line of the header differs.
    const older = yaml.replace('# Written by', '# Made by');
    git('checkout', '--quiet', '--force', 'main');
    write('atlantis.yaml', older);
    git('commit', '--quiet', '--all', '--message', 'As an older generator made it');
    branch('neither', () => write('docs/x.md', 'x'));
    expect(await check()).toMatchObject({ code: 1, output: expect.stringContaining('build it anew') });
    branch('generator', () => write('infra/atlantis/generate.ts', 'export {};\n'));
    expect(await check()).toMatchObject({ code: 0, output: expect.stringContaining('in a change of its own') });
    branch('and-fleet', () => {
      write('infra/atlantis/generate.ts', 'export {};\n');
      write('fleet/settings.yaml', `${readFileSync(join(ROOT, 'fleet/settings.yaml'), 'utf8')}# More.\n`);
    });
    expect(await check()).toMatchObject({ code: 1, output: expect.stringContaining('Leave atlantis.yaml, infra/projects/ and the fleet as merged') });
    branch('and-itself', () => {
      write('infra/atlantis/generate.ts', 'export {};\n');
      write('atlantis.yaml', older.replace('parallel_plan: true', 'parallel_plan: false'));
    });
    expect(await check()).toMatchObject({ code: 1 });
    // The change of its own.
    branch('own', () => write('atlantis.yaml', yaml));
    expect(await check()).toMatchObject({ code: 0, output: expect.stringContaining('is current') });
  });
});
