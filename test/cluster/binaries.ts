import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export const TOOLS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok', 'gatekeeper', 'kubectl', 'kube-apiserver-next', 'helm'] as const;
export type Tool = (typeof TOOLS)[number];
export type Binaries = Readonly<Record<Tool, string>>;

/** Why there can be no cluster on this machine. Suites that meet it are skipped with its message. */
export class NoClusterHere extends Error {}

export interface BinariesOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Called with a line now and then while something is built. */
  readonly progress?: (line: string) => void;
  /** Programs that can be done without, and are neither looked for nor built. Their paths lead nowhere. */
  readonly without?: readonly Tool[];
}

/**
 * Finds the programs that a cluster is made of, and builds what is missing.
 *
 * 1. `KUBEBUILDER_ASSETS`, as controller-runtime's envtest has it: whatever of them lies in that folder is used.
 * 2. kubectl is taken from the `PATH`.
 * 3. The rest is built from Go modules at the versions that `go/<module>/go.mod` pins, once, into {@link cacheFolder}. Nothing
 *    but Go modules is fetched.
 *
 * Safe when two runs start at once.
 *
 * @throws NoClusterHere where that can't be done: no Go, another platform than Linux or macOS, an API server of a Kubernetes
 * version that the other programs can't serve.
 */
export async function findBinaries({ env = process.env, progress = () => undefined, without = [] }: BinariesOptions = {}): Promise<Binaries> {
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    throw new NoClusterHere(`a Kubernetes control plane runs on Linux and macOS; this is ${process.platform}`);
  }
  if (onPath('openssl', env) === undefined) throw new NoClusterHere('openssl is not on the PATH; it makes the certificates. Install it.');
  const found = new Map<Tool, string>(without.map((tool) => [tool, join('/nonexistent', tool)]));
  for (const tool of TOOLS.filter((one) => !without.includes(one))) {
    const path = inFolder(tool, env['KUBEBUILDER_ASSETS']) ?? (tool === 'kubectl' ? onPath(tool, env) : undefined);
    if (path !== undefined) found.set(tool, path);
  }
  const given = found.get('kube-apiserver');
  if (given !== undefined) await refuseSkew(given);
  for (const module of MODULES) {
    const missing = module.tools.filter((tool) => !found.has(tool));
    if (missing.length === 0) continue;
    const folder = await built(module, missing, env, progress);
    for (const tool of missing) found.set(tool, join(folder, tool));
  }
  return Object.fromEntries(found) as Binaries;
}

/** Where built programs are kept: outside the repository, since they are the same for every clone of it. */
export const cacheFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env['STOCKADE_CACHE'] ?? env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'stockade');

/** The version of a module that a `go.mod` requires. */
export function pinnedVersion(goMod: string, path: string): string {
  const version = new RegExp(`^(?:require )?\\s*${path.replaceAll('.', '\\.')} (v\\S+)`, 'm').exec(goMod)?.[1];
  if (version === undefined) throw new Error(`no version of ${path} is required in this go.mod`);
  return version;
}

export interface GoModule<Name extends string = string> {
  /** Its folder below `go/`. */
  readonly name: string;
  /** The Go module whose version it stands for; none where the folder holds a program of our own. */
  readonly path?: string;
  readonly tools: readonly Name[];
  /** The package of a tool. */
  readonly package: (tool: string) => string;
  /** What `go build` names a tool: after its package's folder. */
  readonly program: (tool: string) => string;
  readonly ldflags: (version: string) => readonly string[];
  /** A folder of the module that is kept beside its tools, by its last name. */
  readonly data?: string;
  /** Surroundings of the build, such as `CGO_ENABLED`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where its folder is. @default - `go/` beside this file */
  readonly below?: string;
}

/** One `go.mod` each: they would fight over the versions of what they share. */
const MODULES: readonly GoModule<Tool>[] = [
  {
    name: 'etcd',
    path: 'go.etcd.io/etcd/server/v3',
    tools: ['etcd'],
    package: () => 'go.etcd.io/etcd/server/v3',
    program: () => 'server',
    ldflags: () => [],
  },
  kubernetesModule(['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl']),
  {
    // The next minor's API server; controllers one minor older may serve it.
    ...kubernetesModule(['kube-apiserver-next']),
    name: 'kubernetes-next',
    package: () => 'k8s.io/kubernetes/cmd/kube-apiserver',
    program: () => 'kube-apiserver',
  },
  {
    name: 'kwok',
    path: 'sigs.k8s.io/kwok',
    tools: ['kwok'],
    package: () => 'sigs.k8s.io/kwok/cmd/kwok',
    program: (tool) => tool,
    ldflags: () => [],
  },
  {
    name: 'gatekeeper',
    path: 'github.com/open-policy-agent/gatekeeper/v3',
    tools: ['gatekeeper'],
    package: () => 'github.com/open-policy-agent/gatekeeper/v3',
    program: (tool) => tool,
    ldflags: () => [],
    data: 'charts/gatekeeper/crds',
  },
  {
    name: 'helm',
    path: 'helm.sh/helm/v3',
    tools: ['helm'],
    package: () => 'helm.sh/helm/v3/cmd/helm',
    program: (tool) => tool,
    ldflags: (version) => [`-X helm.sh/helm/v3/internal/version.version=${version}`],
  },
];

/** Programs of Kubernetes itself. */
export function kubernetesModule<Name extends string>(tools: readonly Name[]): GoModule<Name> {
  return {
    name: 'kubernetes',
    path: 'k8s.io/kubernetes',
    tools,
    package: (tool) => `k8s.io/kubernetes/cmd/${tool}`,
    program: (tool) => tool,
    // What Kubernetes' own build stamps in; without it the server calls itself v0.0.0-master.
    ldflags: (version) => {
      const [major, minor] = version.slice(1).split('.');
      return Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor }).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
    },
  };
}

const GO_FOLDER = join(__dirname, 'go');

/** The version at which a program is built here. */
export function pinned(tool: Tool): string {
  const { name, path } = MODULES.find(({ tools }) => tools.includes(tool))!;
  if (path === undefined) throw new TypeError(`${tool} is a program of this repository: it has no version`);
  return pinnedVersion(readFileSync(join(GO_FOLDER, name, 'go.mod'), 'utf8'), path);
}

/** The folder that holds the tools, built if need be. Each tool is a build of its own, so that a later one can be added. */
export async function built(module: GoModule, tools: readonly string[], surroundings: NodeJS.ProcessEnv, progress: (line: string) => void): Promise<string> {
  const source = join(module.below ?? GO_FOLDER, module.name);
  const env = { ...surroundings, ...module.env };
  const goMod = readFileSync(join(source, 'go.mod'), 'utf8');
  const version = module.path === undefined ? 'own' : pinnedVersion(goMod, module.path);
  // Nobody debugs them: without DWARF, etcd took 94 s of CPU to build instead of 122.
  const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false', `-ldflags=${['-s', '-w', ...module.ldflags(version)].join(' ')}`];
  const key = createHash('sha256')
    .update(goMod)
    .update(readFileSync(join(source, 'go.sum')))
    .update(flags.join('\n'))
    .update(module.env === undefined ? '' : JSON.stringify(module.env))
    .update(module.path === undefined ? sourcesBelow(source) : '')
    .digest('hex');
  const folder = join(cacheFolder(env), 'bin', `${module.name}-${version}-${process.platform}-${process.arch}-${key.slice(0, 10)}`);
  const missing = (): string[] => tools.filter((tool) => !existsSync(join(folder, tool)));
  const data = module.data === undefined ? undefined : join(folder, basename(module.data));
  const complete = (): boolean => missing().length === 0 && (data === undefined || existsSync(data));
  if (complete()) return folder;
  const go = onPath('go', env);
  if (go === undefined) {
    throw new NoClusterHere(
      `${missing().join(', ')} not found: KUBEBUILDER_ASSETS is ${env['KUBEBUILDER_ASSETS'] ?? 'not set'}, and there is no Go on the PATH to build them. Install Go 1.25 or newer.`,
    );
  }
  await underLock(`${folder}.lock`, progress, complete, async () => {
    mkdirSync(folder, { recursive: true });
    const started = Date.now();
    const label = `${module.name} ${version} (${missing().join(', ')})`;
    const scratch = join(folder, `.building-${process.pid}-${randomBytes(4).toString('hex')}`);
    mkdirSync(scratch);
    try {
      const packages = missing().map(module.package);
      if (packages.length > 0) await build({ go, source, flags, packages, out: scratch, label, env, progress });
      if (data !== undefined) await copyData(go, source, module, join(scratch, 'data'), data, env);
      for (const tool of missing()) renameSync(join(scratch, module.program(tool)), join(folder, tool));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
    progress(`${label}: built in ${seconds(started)}`);
  });
  return folder;
}

/** Every Go file of a program of our own, with its name. */
function sourcesBelow(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.go'));
  return files.sort().map((file) => `${file}\n${readFileSync(join(folder, file), 'utf8')}`).join('\n');
}

/** A file of the module as Go fetched it; its files can't be written to, the copies can. */
async function copyData(go: string, source: string, module: GoModule, scratch: string, target: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { stdout } = await promisify(execFile)(go, ['list', '-mod=readonly', '-m', '-f', '{{.Dir}}', module.path!], { cwd: source, env: { ...env, GOFLAGS: '', GOWORK: 'off' } });
  const from = join(stdout.trim(), module.data!);
  mkdirSync(scratch);
  for (const file of readdirSync(from)) writeFileSync(join(scratch, file), readFileSync(join(from, file)));
  rmSync(target, { recursive: true, force: true });
  renameSync(scratch, target);
}

interface Build {
  readonly go: string;
  readonly source: string;
  readonly flags: readonly string[];
  readonly packages: readonly string[];
  readonly out: string;
  readonly label: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: (line: string) => void;
}

const PROGRESS_MS = 15_000;

async function build({ go, source, flags, packages, out, label, env, progress }: Build): Promise<void> {
  // What the surroundings set for other Go code (a workspace, vendoring) must not reach in here.
  const options = { cwd: source, env: { ...env, GOFLAGS: '', GOWORK: 'off' } };
  progress(`${label}: building from Go modules; this happens once`);
  const { stdout } = await promisify(execFile)(go, ['list', '-mod=readonly', '-deps', ...packages], { ...options, maxBuffer: 1 << 26 });
  const total = stdout.trim().split('\n').length;
  const started = Date.now();
  const child = spawn(go, ['build', '-v', ...flags, '-o', `${out}/`, ...packages], { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  const timer = setInterval(() => progress(`${label}: ${lines.length} of at most ${total} packages compiled, ${seconds(started)}`), PROGRESS_MS);
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    if (code !== 0) throw new Error(`go build of ${label} ended with ${code}:\n${lines.slice(-20).join('\n')}`);
  } finally {
    clearInterval(timer);
  }
}

/**
 * Runs `work` unless another process is at it already, whose end is then waited for. The lock is a file that names its
 * process; a dead one's is taken over. Should two take it over at once, both build, and the last rename wins: the same program.
 */
async function underLock(lock: string, progress: (line: string) => void, done: () => boolean, work: () => Promise<void>): Promise<void> {
  mkdirSync(join(lock, '..'), { recursive: true });
  let told = false;
  for (;;) {
    if (done()) return;
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(lock);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (!told) progress(`waiting for process ${holder ?? '?'}, which is building the same`);
    told = true;
    await sleep(500);
  }
  try {
    if (!done()) await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function readHolder(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Controllers and scheduler may be one minor older than the API server, never newer (kubernetes.io/releases/version-skew-policy). */
async function refuseSkew(apiserver: string): Promise<void> {
  const { stdout } = await promisify(execFile)(apiserver, ['--version']);
  const minor = Number(/v1\.(\d+)/.exec(stdout)?.[1]);
  const pinned = pinnedVersion(readFileSync(join(GO_FOLDER, 'kubernetes', 'go.mod'), 'utf8'), 'k8s.io/kubernetes');
  const own = Number(pinned.split('.')[1]);
  if (minor !== own && minor !== own + 1) {
    throw new NoClusterHere(`${apiserver} is ${stdout.trim()}, which controllers of ${pinned} can't serve. Set KUBEBUILDER_ASSETS to Kubernetes 1.${own}, or unset it.`);
  }
}

export const onPath = (program: string, env: NodeJS.ProcessEnv): string | undefined =>
  (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => inFolder(program, folder))
    .find((path) => path !== undefined);

function inFolder(program: string, folder: string | undefined): string | undefined {
  if (!folder) return undefined;
  const path = join(folder, program);
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}

const seconds = (since: number): string => `${Math.round((Date.now() - since) / 1000)} s`;
