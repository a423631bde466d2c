import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { git, nameOf, type Commit } from '../../workspace/base-revision';
import { refusal } from '../../errors/user-error';
import type { Revision } from './report';
import type { TerraformTree } from './terraform';
import { RenderedTree } from './tree';
import { walk } from '../../workspace/walk';

export interface RenderRequest {
  /** The package whose fleet it is: where `package.json` lies. */
  readonly root: string;
  /** Folder of the fleet, below the root. */
  readonly fleet: string;
  /** @default - the working tree */
  readonly commit?: Commit;
  /** Where to check out and to write; exists, and is removed by the caller. */
  readonly folder: string;
  /** Whether to synthesize Terraform, where the revision has a `cdktf.json`. */
  readonly terraform: boolean;
  readonly log: (line: string) => void;
}

export interface RenderedRevision extends Revision {
  /** The revision has no fleet: its tree is empty. */
  readonly noFleet: boolean;
}

/**
 * A revision's manifests, and its Terraform stacks where it has any, rendered by the code of that revision: it is checked out into a
 * folder of its own, with the installed dependencies if it locks the same ones, else with its own.
 *
 * @throws UserError where the revision can't be rendered, with what its code said
 */
export async function renderRevision(request: RenderRequest): Promise<RenderedRevision> {
  const { commit, folder, fleet, log } = request;
  const name = commit?.name ?? 'the working tree';
  const output = join(folder, 'output');
  mkdirSync(output, { recursive: true });
  const root = commit ? await checkOut(request, commit) : request.root;
  const full = commit ? nameOf(commit) : name;
  const noFleet = !existsSync(join(root, fleet));
  if (noFleet) return { name, revision: commit?.id, manifests: new RenderedTree(new Map(), full), noFleet };

  if (commit) await provideDependencies(root, request.root, full, log);
  const dist = join(output, 'dist');
  const stacks = request.terraform ? join(output, 'cdktf.out') : join(folder, 'not-compared');
  const script = scriptsOf(root, full)['synth'];
  if (script === undefined) throw refusal(`${full} has a fleet but no script "synth" in package.json, so it can't be rendered by its own code`, 'Compare with a later revision.');
  // Without the script's forerunner, which would install into the folder that several revisions share.
  await run('npm', ['run', '--silent', '--ignore-scripts', 'synth', '--', '--fleet', fleet, '--out', dist], root, full, { what: 'its manifests', env: { CDKTF_OUTDIR: stacks } });
  // Some revisions' script synthesizes Terraform too, where the environment says; never into the working tree.
  // Its app knows other folders than `fleet` since it reads them from the environment; of an older one it would be another fleet's.
  if (request.terraform && fleet === 'fleet' && existsSync(join(root, 'cdktf.json')) && !existsSync(stacks)) await synthesizeTerraform(root, stacks, full);
  return { ...readOutput(output, name, commit?.id), noFleet };
}

/** Reads what was rendered before: `dist/`, and `cdktf.out/` where there is one. */
export function readOutput(folder: string, name: string, revision?: string): Revision {
  const dist = join(folder, 'dist');
  if (!existsSync(dist)) throw refusal(`"${folder}" holds no dist/`, 'Name the folder in which dist/ (and cdktf.out/) were written.');
  const stacks = join(folder, 'cdktf.out', 'stacks');
  return { name, revision, manifests: new RenderedTree(readFolder(dist), revision ? nameOf({ name, id: revision }) : name), ...(existsSync(stacks) ? { terraform: readStacks(stacks) } : {}) };
}

/**
 * Every file as the commit holds it, byte by byte: git's own ways of writing a tree honour the attributes that the tree brings, which leave files out and change content. The
 * repository's index, working tree and list of worktrees stay as they are, however this ends.
 */
async function checkOut({ root, folder }: RenderRequest, commit: Commit): Promise<string> {
  const top = (await git(root, ['rev-parse', '--show-toplevel']))?.trim();
  if (!top) throw refusal(`"${root}" has no working tree, so nothing can be checked out of it`, 'Run the command in a clone that is not bare.');
  const target = join(folder, 'checkout');
  mkdirSync(target);
  const listed = await git(top, ['ls-tree', '-r', '-z', '--full-tree', commit.id]);
  const entries = (listed ?? '').split('\0').filter((line) => line !== '').map(entryOf);
  const written = entries.filter(({ mode }) => mode !== SUBMODULE);
  const contents = listed === undefined ? undefined : await blobs(top, written.map(({ id }) => id));
  if (contents === undefined) throw refusal(`${nameOf(commit)} can't be checked out`, 'Check the repository with `git fsck`; a partial clone has to fetch it first. Look for room on the disk, too.');
  for (const [index, { mode, path }] of written.entries()) {
    if (path.split('/').some((part) => ['', '.', '..', '.git'].includes(part.toLowerCase()))) throw refusal(`${nameOf(commit)} holds a file ${JSON.stringify(path)}, which no checkout can have`, 'Check the repository with `git fsck`.');
    const file = join(target, path);
    mkdirSync(dirname(file), { recursive: true });
    // A link comes before or after what lies in its folder of the same name only in a tree that git never makes: it is made last, so nothing is written through one.
    if (mode !== LINK) writeFileSync(file, contents[index]!, { mode: mode === '100755' ? 0o755 : 0o644 });
  }
  for (const [index, { mode, path }] of written.entries()) if (mode === LINK) symlinkSync(contents[index]!.toString('utf8'), join(target, path));
  return join(target, relative(realpathSync(top), realpathSync(root)));
}

const LINK = '120000';
const SUBMODULE = '160000';

/** `<mode> <type> <id>`, a tab, and the path, as `git ls-tree` lists them. */
function entryOf(line: string): { readonly mode: string; readonly id: string; readonly path: string } {
  const tab = line.indexOf('\t');
  const [mode = '', , id = ''] = line.slice(0, tab).split(' ');
  return { mode, id, path: line.slice(tab + 1) };
}

/** Contents by their ids, in order; undefined where git can't read one. */
function blobs(top: string, ids: readonly string[]): Promise<Buffer[] | undefined> {
  return new Promise((settle, reject) => {
    const child = spawn('git', ['--no-replace-objects', '-C', top, 'cat-file', '--batch'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => settle(code === 0 ? splitBatch(Buffer.concat(chunks), ids) : undefined));
    // Git may end before it has read all.
    child.stdin.on('error', () => undefined);
    child.stdin.end(ids.map((id) => `${id}\n`).join(''));
  });
}

/** `<id> blob <size>`, a line break, the content, a line break; once for each. */
function splitBatch(all: Buffer, ids: readonly string[]): Buffer[] | undefined {
  let at = 0;
  const contents: Buffer[] = [];
  for (const id of ids) {
    const end = all.indexOf('\n', at);
    const [name, type, size] = all.subarray(at, end < 0 ? at : end).toString('latin1').split(' ');
    if (name !== id || type !== 'blob') return undefined;
    contents.push(all.subarray(end + 1, end + 1 + Number(size)));
    at = end + 2 + Number(size);
  }
  return contents;
}

async function provideDependencies(root: string, installed: string, name: string, log: (line: string) => void): Promise<void> {
  const lock = (folder: string): string | undefined => (existsSync(join(folder, 'package-lock.json')) ? readFileSync(join(folder, 'package-lock.json'), 'utf8') : undefined);
  if (lock(root) === undefined) throw refusal(`${name} has no package-lock.json, so its dependencies can't be installed as they were`, 'Compare with a later revision.');
  const modules = join(installed, 'node_modules');
  if (lock(root) === lock(installed) && existsSync(modules)) {
    symlinkSync(realpathSync(modules), join(root, 'node_modules'), 'dir');
    return;
  }
  log(`${name} locks other dependencies: installing them, without their scripts ...`);
  await run('npm', ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], root, name, { what: 'its dependencies' });
}

function scriptsOf(root: string, name: string): Record<string, string> {
  try {
    return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts?: Record<string, string> }).scripts ?? {};
  } catch {
    throw refusal(`${name} has no package.json that can be read, so nothing says how it is rendered`, 'Compare with a later revision.');
  }
}

/** As the `cdktf` command does it: the app of `cdktf.json`, told by the environment where to write. */
async function synthesizeTerraform(root: string, out: string, name: string): Promise<void> {
  const { app } = JSON.parse(readFileSync(join(root, 'cdktf.json'), 'utf8')) as { app?: string };
  if (app === undefined) throw refusal(`cdktf.json of ${name} has no "app"`, 'Name the command that synthesizes, or pass --no-terraform.');
  await run(app, [], root, name, { what: 'its Terraform stacks', shell: true, env: { CDKTF_OUTDIR: out, CDKTF_CONTEXT_JSON: '{}' } });
}

interface Running {
  /** What fails if it fails. */
  readonly what: string;
  readonly shell?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

function run(command: string, args: readonly string[], cwd: string, name: string, { what, shell = false, env = {} }: Running): Promise<void> {
  // What a caller set for its own run must not reach the other revision's.
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([variable]) => variable !== 'CDK8S_OUTDIR' && variable !== 'CDKTF_OUTDIR'));
  return new Promise((settle, reject) => {
    const child = spawn(command, args, { cwd, shell, env: { ...inherited, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-64 * 1024)));
    child.on('error', (error) => reject(refusal(`${name} can't be rendered: ${command} does not start (${error.message})`, `Install ${command}.`)));
    child.on('close', (code, signal) => {
      if (code === 0) settle();
      else reject(refusal(`${name} can't be rendered by its own code: ${what} failed (${code === null ? String(signal) : `exit code ${code}`}), and it said:`, 'Mend that revision, or compare with another one. Nothing was compared.', { detail: lastLines(said) }));
    });
  });
}

function readStacks(folder: string): TerraformTree {
  return new Map(
    readdirSync(folder)
      .sort()
      .flatMap((stack) => {
        const file = join(folder, stack, 'cdk.tf.json');
        return existsSync(file) ? [[stack, readFileSync(file, 'utf8')] as const] : [];
      }),
  );
}

/** Path below the folder, with `/`, then text. */
export function readFolder(folder: string): Map<string, string> {
  return new Map([...walk(folder)].filter(({ kind }) => kind !== 'folder').map(({ path }) => [path, readFileSync(join(folder, path), 'utf8')]));
}

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-60).join('\n');
