import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlane } from '../cluster/control-plane';
import { isReady, until, type NodeObject } from '../cluster/machines';
import type { NodeBinaries } from './binaries';
import type { Images } from './images';
import { childOf, Namespaces } from './namespaces';
import type { Network } from './network';

export interface MachineOptions {
  readonly name: string;
  /** From 1: its place in the network. */
  readonly number: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
}

export interface Surroundings {
  readonly controlPlane: ControlPlane;
  readonly network: Network;
  /** Port of the API server at the network's address. */
  readonly apiPort: number;
  readonly binaries: NodeBinaries;
  readonly images: Images;
}

type MachineProgram = 'containerd' | 'kubelet';

/**
 * A machine of its own as far as Kubernetes can tell: namespaces for its network, processes and mounts, and in them containerd, runc and
 * a kubelet with its own certificate. The kernel, the clock and the disk are shared with everybody.
 */
export class Machine {
  private constructor(
    readonly options: MachineOptions,
    private readonly around: Surroundings,
    readonly namespaces: Namespaces,
    /** What it keeps: containers, volumes of pods, logs. */
    readonly folder: string,
  ) {}

  get name(): string {
    return this.options.name;
  }

  /** Starts one and waits until Kubernetes finds it ready. @param others machines that are there already */
  static async start(options: MachineOptions, around: Surroundings, others: readonly Machine[]): Promise<Machine> {
    const { controlPlane, network } = around;
    const folder = join(controlPlane.folder, 'machines', options.name);
    for (const name of FOLDERS) mkdirSync(join(folder, name), { recursive: true });
    const namespaces = await Namespaces.create(controlPlane, `machine-${options.name}`, ['net', 'mount', 'pid', 'ipc']);
    const machine = new Machine(options, around, namespaces, folder);
    network.plug(options.name, options.number, namespaces, others.map((other) => [other.options.number, other.namespaces]));
    machine.mountOwn();
    machine.makeCgroups();
    await machine.writeFiles();
    await machine.run('containerd');
    await machine.importImages();
    await machine.run('kubelet');
    const { admin } = controlPlane;
    await until(`machine ${options.name} is ready`, async () => {
      const reply = await admin.request('GET', `/api/v1/nodes/${options.name}`);
      return reply.status === 200 && isReady(reply.body as NodeObject);
    }, { describe: async () => readFileSync(join(controlPlane.folder, 'logs', `kubelet-${options.name}.log`), 'utf8').split('\n').slice(-15).join('\n') });
    return machine;
  }

  async run(program: MachineProgram): Promise<void> {
    const { controlPlane, binaries } = this.around;
    const command = program === 'containerd' ? [binaries.containerd, `--config=${this.file('containerd.toml')}`] : [binaries.kubelet, ...this.kubeletFlags()];
    const ready = async (): Promise<boolean> => {
      if (program === 'kubelet') return this.listens(HEALTH_PORT);
      return this.namespaces.runLong(binaries.ctr, 'version').then(() => true);
    };
    await controlPlane.runBesideUntil({ name: `${program}-${this.name}`, ...this.namespaces.enter(...command) }, ready);
  }

  /** Ends a program as a crash does. Containers go on: each has a shim of its own. */
  async crash(program: MachineProgram): Promise<void> {
    const name = `${program}-${this.name}`;
    const { controlPlane } = this.around;
    // What nsenter started is what has to end; it follows.
    const pid = childOf(controlPlane.pids()[name]!);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await controlPlane.halt(name, 'SIGKILL');
  }

  async restart(program: MachineProgram): Promise<void> {
    await this.crash(program);
    await this.run(program);
  }

  cut(): void {
    this.around.network.cut(this.name);
  }

  mend(): void {
    this.around.network.mend(this.name);
  }

  /** The power cut: everything on it ends at once. */
  async end(): Promise<void> {
    const { controlPlane } = this.around;
    await this.namespaces.end();
    for (const program of ['kubelet', 'containerd'] as const) await controlPlane.halt(`${program}-${this.name}`, 'SIGKILL');
    await this.removeCgroups();
  }

  /** What the containers of a pod wrote to their logs, oldest first, whoever of them is asked: also those of pods that are gone. */
  logs(namespace: string, pod: string, container: string): string {
    const root = this.file('log-pods');
    const folders = readdirSync(root).filter((name) => name.startsWith(`${namespace}_${pod}_`));
    const files = folders.flatMap((folder) => {
      const path = join(root, folder, container);
      return existsSync(path) ? readdirSync(path).map((file) => join(path, file)) : [];
    });
    return files.sort().map((file) => readFileSync(file, 'utf8')).join('');
  }

  /** Process ids, as this machine numbers them, of the processes of a pod's container with this command line. */
  processes(command: string): number[] {
    const lines = this.namespaces.run('ps', '-e', '-o', 'pid=,args=').split('\n');
    return lines.filter((line) => line.includes(command)).map((line) => Number(line.trim().split(' ')[0]));
  }

  /** Process 1 of a container, as this machine numbers it. @param containerId as a pod's status has it */
  pidOf(containerId: string): number {
    const id = containerId.replace('containerd://', '');
    const line = this.namespaces.run(this.around.binaries.ctr, '--namespace=k8s.io', 'tasks', 'list').split('\n').find((one) => one.startsWith(id));
    if (line === undefined) throw new Error(`no container ${id} runs on ${this.name}`);
    return Number(line.trim().split(/\s+/)[1]);
  }

  /** Imports what the control plane's images are by now. */
  async importImages(): Promise<void> {
    const { binaries, images } = this.around;
    for (const archive of images.archives) {
      await this.namespaces.runLong(binaries.ctr, '--namespace=k8s.io', 'images', 'import', '--all-platforms', '--digests=false', archive);
    }
  }

  /** Whether something in its network waits for connections to a port (proc(5): local address and state, in hexadecimal). */
  private listens(port: number): boolean {
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    return new RegExp(`: [0-9A-F]+:${hex} [0-9A-F:]+ 0A `).test(readFileSync(`/proc/${this.namespaces.pid}/net/tcp`, 'utf8'));
  }

  private file(name: string): string {
    return join(this.folder, name);
  }

  /** Folders that programs can't be told to have elsewhere, and settings of the kernel that kubelet would change for everybody. */
  private mountOwn(): void {
    const { namespaces } = this;
    namespaces.run('mount', '-t', 'tmpfs', 'tmpfs', '/run');
    namespaces.run('mount', '-t', 'overlay', 'overlay', '-o', `lowerdir=/var,upperdir=${this.file('var')},workdir=${this.file('var-work')}`, '/var');
    for (const [name, path] of Object.entries(MOUNTED)) {
      namespaces.run('mkdir', '-p', path);
      namespaces.run('mount', '--bind', this.file(name), path);
    }
    for (const [setting, value] of Object.entries(KERNEL_SETTINGS)) {
      const file = this.file(`kernel/${setting.replaceAll('/', '.')}`);
      writeFileSync(file, `${value}\n`);
      namespaces.run('mount', '--bind', file, `/proc/sys/${setting}`);
    }
    namespaces.run('/bin/sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward');
  }

  private get cgroup(): string {
    return `stockade-${this.around.network.prefix.replace('.', '-')}-${this.name}`;
  }

  private makeCgroups(): void {
    for (const hierarchy of HIERARCHIES().filter((name) => name !== 'unified')) {
      const folder = join(CGROUPS, hierarchy, this.cgroup);
      mkdirSync(folder, { recursive: true });
      if (hierarchy !== 'cpuset') continue;
      // A new one has no processor and no memory until it is told which.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) writeFileSync(join(folder, file), readFileSync(join(CGROUPS, hierarchy, file), 'utf8').trim());
    }
  }

  /** Empty ones go, from the innermost: what was in them has ended, which the kernel takes a moment to notice. */
  private async removeCgroups(): Promise<void> {
    for (const hierarchy of HIERARCHIES()) {
      await until(`the cgroup of ${this.name} is gone`, async () => removeFolders(join(CGROUPS, hierarchy, this.cgroup)));
    }
  }

  private async writeFiles(): Promise<void> {
    const { controlPlane, network, apiPort, binaries, images } = this.around;
    const given = await controlPlane.kubeconfigFor(`kubelet-${this.name}`, { user: `system:node:${this.name}`, groups: ['system:nodes'] });
    const kubeconfig = JSON.parse(readFileSync(given, 'utf8')) as { clusters: { cluster: Record<string, string> }[] };
    Object.assign(kubeconfig.clusters[0]!.cluster, { server: `https://${network.address}:${apiPort}`, 'tls-server-name': 'localhost' });
    writeFileSync(this.file('kubeconfig'), JSON.stringify(kubeconfig), { mode: 0o600 });
    writeFileSync(this.file('resolv.conf'), `nameserver ${network.address}\n`);
    writeFileSync(
      this.file('cni/10-pods.conflist'),
      JSON.stringify({
        cniVersion: '0.4.0',
        name: 'pods',
        plugins: [
          {
            type: 'bridge',
            bridge: 'pods',
            isGateway: true,
            ipMasq: false,
            ipam: { type: 'host-local', ranges: [[{ subnet: network.podsOf(this.options.number) }]], routes: [{ dst: '0.0.0.0/0' }], dataDir: this.file('cni-addresses') },
          },
        ],
      }),
    );
    writeFileSync(this.file('containerd.toml'), containerdConfig(images.pause, this.file('cni'), binaries.networkPlugins));
    writeFileSync(this.file('kubelet.json'), JSON.stringify(kubeletConfiguration(network.address, this.cgroup, this.file('resolv.conf'), this.options.taints), null, 2));
  }

  private kubeletFlags(): string[] {
    const labels = Object.entries(this.options.labels).map(([name, value]) => `${name}=${value}`);
    return [
      `--config=${this.file('kubelet.json')}`,
      `--kubeconfig=${this.file('kubeconfig')}`,
      `--hostname-override=${this.name}`,
      `--node-ip=${this.around.network.addressOf(this.options.number)}`,
      `--node-labels=${labels.join(',')}`,
    ];
  }
}

/** A machine's folder, then where its programs look for it. */
const MOUNTED: Readonly<Record<string, string>> = {
  kubelet: '/var/lib/kubelet',
  containerd: '/var/lib/containerd',
  'log-pods': '/var/log/pods',
  'log-containers': '/var/log/containers',
};
const FOLDERS = [...Object.keys(MOUNTED), 'var', 'var-work', 'kernel', 'cni', 'cni-addresses'];

/** What kubelet sets where it finds something else (pkg/kubelet/cm `setupKernelTunables`): shown to it as set already. */
const KERNEL_SETTINGS: Readonly<Record<string, number>> = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
};

const HEALTH_PORT = 10248;

const CGROUPS = '/sys/fs/cgroup';
/** Those of version 1, and the one of version 2 beside them, where containerd makes its own. */
const HIERARCHIES = (): string[] => readdirSync(CGROUPS);

function removeFolders(folder: string): boolean {
  if (!existsSync(folder)) return true;
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) removeFolders(join(folder, entry.name));
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function containerdConfig(pause: string, networks: string, plugins: string): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${JSON.stringify(pause)}
  # Lowering a score wants CAP_SYS_RESOURCE, which containers and small virtual machines lack.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${JSON.stringify(plugins)}
    conf_dir = ${JSON.stringify(networks)}
`;
}

function kubeletConfiguration(dns: string, cgroup: string, resolvConf: string, taints: MachineOptions['taints']): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    clusterDNS: [dns],
    clusterDomain: 'cluster.local',
    resolvConf,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    // The disk is everybody's, and so is what is free of it.
    evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%' },
    imageGCHighThresholdPercent: 100,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    oomScoreAdj: 0,
    healthzBindAddress: '127.0.0.1',
    healthzPort: HEALTH_PORT,
    registerWithTaints: taints,
    // How soon Kubernetes sees what changes; the defaults are for clusters of thousands.
    nodeStatusUpdateFrequency: '2s',
    syncFrequency: '5s',
  };
}
