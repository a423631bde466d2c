import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { built, findBinaries, kubernetesModule, NoClusterHere, onPath, type Binaries, type BinariesOptions, type GoModule } from '../cluster/binaries';

/** The clients that are run, each in two real versions, so that one can be upgraded and rolled back. */
export const CLIENTS = ['geth', 'geth-newer', 'cometbft', 'cometbft-newer'] as const;
export type Client = (typeof CLIENTS)[number];

/** What real nodes are made of, beside the control plane. */
export interface NodeBinaries {
  readonly controlPlane: Binaries;
  readonly kubelet: string;
  readonly containerd: string;
  readonly ctr: string;
  /** Folder of the reference network plugins. */
  readonly networkPlugins: string;
  readonly agent: string;
  /** CometBFT's own reader of the journal of what a node signed. */
  readonly wal2json: string;
  readonly pause: string;
  readonly clients: Readonly<Record<Client, { readonly program: string; readonly version: string }>>;
}

/**
 * Finds or builds what real nodes need: kubelet, clients and stand-ins from Go modules, into the cache of the control plane's programs;
 * containerd, runc and the network plugins from Debian's packages, installed where that can be done.
 *
 * @throws NoClusterHere where there can be no nodes: not Linux, not root, cgroup v2, no containerd and no apt
 */
export async function findNodeBinaries({ env = process.env, progress = () => undefined }: BinariesOptions = {}): Promise<NodeBinaries> {
  if (process.platform !== 'linux') throw new NoClusterHere(`kubelet and containerd run on Linux; this is ${process.platform}`);
  if (process.getuid?.() !== 0) throw new NoClusterHere('kubelet, containerd and network namespaces want root');
  for (const program of ['ip', 'nsenter', 'unshare', 'mount']) {
    if (onPath(program, withSbin(env)) === undefined) throw new NoClusterHere(`${program} is not on the PATH; install iproute2 and util-linux`);
  }
  // The layout of cgroups that containerd and kubelet are set up for in `machine.ts`.
  if (!existsSync('/sys/fs/cgroup/memory')) throw new NoClusterHere('/sys/fs/cgroup has no cgroup v1 hierarchies; the machines of this suite are made for them');
  const packages = await debianPackages(env, progress);
  // Nothing here is simulated, judged by Gatekeeper, rendered by helm or of the next minor.
  const controlPlane = await findBinaries({ env, progress, without: ['kwok', 'gatekeeper', 'helm', 'kube-apiserver-next'] });
  const kubernetes = await built(kubernetesModule(['kubelet']), ['kubelet'], env, progress);
  const standIns = await built(STAND_INS, STAND_INS.tools, env, progress);
  let wal2json = '';
  const clients = {} as Record<Client, { program: string; version: string }>;
  for (const [name, module] of Object.entries(CLIENT_MODULES) as [Client, GoModule][]) {
    const folder = await built(module, module.tools, env, progress);
    const program = join(folder, module.tools[0]!);
    if (module.tools.includes('wal2json')) wal2json = join(folder, 'wal2json');
    clients[name] = { program, version: await versionOf(program) };
  }
  return { controlPlane, kubelet: join(kubernetes, 'kubelet'), agent: join(standIns, 'agent'), pause: join(standIns, 'pause'), clients, wal2json, ...packages };
}

/** Without C, so that a program and nothing else makes an image. */
const STATIC = { CGO_ENABLED: '0' };

const STAND_INS: GoModule = {
  name: 'agent-stand-in',
  below: join(__dirname, 'go'),
  tools: ['agent', 'pause'],
  package: (tool) => `./${tool}`,
  program: (tool) => tool,
  ldflags: () => [],
  env: STATIC,
};

const client = (name: Client, path: string, program: string): GoModule => ({
  name,
  path,
  tools: [program],
  package: () => `${path}/cmd/${program}`,
  program: () => program,
  ldflags: () => [],
  env: STATIC,
});

const CLIENT_MODULES: Readonly<Record<Client, GoModule>> = {
  geth: client('geth', 'github.com/ethereum/go-ethereum', 'geth'),
  'geth-newer': client('geth-newer', 'github.com/ethereum/go-ethereum', 'geth'),
  cometbft: {
    ...client('cometbft', 'github.com/cometbft/cometbft', 'cometbft'),
    tools: ['cometbft', 'wal2json'],
    package: (tool) => `github.com/cometbft/cometbft/${tool === 'cometbft' ? 'cmd' : 'scripts'}/${tool}`,
    program: (tool) => tool,
  },
  'cometbft-newer': client('cometbft-newer', 'github.com/cometbft/cometbft', 'cometbft'),
};

/** Both print theirs, geth among other lines. */
async function versionOf(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['version']);
  const version = /(?:^|Version: )(\d+\.\d+\.\d+)/m.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`${program} version does not print one:\n${stdout}`);
  return `v${version}`;
}

const PLUGINS = '/usr/lib/cni';

async function debianPackages(env: NodeJS.ProcessEnv, progress: (line: string) => void): Promise<Pick<NodeBinaries, 'containerd' | 'ctr' | 'networkPlugins'>> {
  const find = (): { containerd?: string; ctr?: string; runc?: string; plugins: boolean } => ({
    containerd: onPath('containerd', withSbin(env)),
    ctr: onPath('ctr', withSbin(env)),
    runc: onPath('runc', withSbin(env)),
    plugins: ['bridge', 'host-local', 'loopback'].every((plugin) => existsSync(join(PLUGINS, plugin))),
  });
  const whole = ({ containerd, ctr, runc, plugins }: ReturnType<typeof find>): boolean => containerd !== undefined && ctr !== undefined && runc !== undefined && plugins;
  if (!whole(find())) {
    if (onPath('apt-get', env) === undefined) throw new NoClusterHere('containerd, runc or the network plugins are missing, and there is no apt-get to install them');
    progress('installing containerd, runc and containernetworking-plugins from Debian');
    await promisify(execFile)('apt-get', ['install', '--yes', '--no-install-recommends', 'containerd', 'runc', 'containernetworking-plugins'], {
      // Installed, not started: each machine of a suite runs its own.
      env: { ...env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      timeout: 300_000,
    }).catch((error: unknown) => {
      throw new NoClusterHere(`containerd, runc and containernetworking-plugins could not be installed: ${String(error)}`);
    });
  }
  const found = find();
  if (!whole(found)) throw new NoClusterHere(`containerd, runc or the network plugins are not where Debian puts them: ${JSON.stringify(found)}`);
  return { containerd: found.containerd!, ctr: found.ctr!, networkPlugins: PLUGINS };
}

/** Debian keeps runc and ip there, which is not on everybody's path. */
export const withSbin = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ ...env, PATH: `${env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin` });
