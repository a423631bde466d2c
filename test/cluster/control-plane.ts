import { closeSync, existsSync, fstatSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from './api';
import type { Binaries } from './binaries';
import { Authority, tokenKeys, type Subject } from './pki';
import { freePorts, Processes, type Program } from './processes';
import { STAGES } from './stages';

export interface ControlPlaneOptions {
  /** Addresses of Services. @default '10.96.0.0/16' */
  readonly serviceRange?: string;
  /** Where everything is kept. @default - a temporary folder, removed by `stop` */
  readonly folder?: string;
  /** Leaves the programs running when this process ends. @default false */
  readonly outlive?: boolean;
  /** Which API server: the pinned minor's, or the next one's. @default 'kube-apiserver' */
  readonly apiServer?: 'kube-apiserver' | 'kube-apiserver-next';
  /** Whether kwok stands in for kubelets. @default true */
  readonly simulated?: boolean;
}

export type ControlPlaneProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kwok';

/** One line of the API server's audit log. */
export interface AuditEntry {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string; readonly groups?: readonly string[] };
  readonly responseStatus?: { readonly code: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * A whole Kubernetes control plane on the loopback address: etcd, API server, controller manager and scheduler as they are
 * in production, and kwok in place of kubelets. Everything is real but the machines.
 */
export class ControlPlane {
  /** Cluster admin. */
  readonly admin: Api;
  /** Of {@link admin}, for kubectl. */
  readonly kubeconfig: string;
  private readonly clients: Api[] = [];
  private readonly audited = { bytes: 0, entries: [] as AuditEntry[] };

  private constructor(
    readonly folder: string,
    readonly url: string,
    readonly authority: Authority,
    admin: { readonly api: Api; readonly kubeconfig: string },
    private readonly processes: Processes,
    private readonly programs: Readonly<Record<ControlPlaneProgram, RunnableProgram>>,
  ) {
    this.admin = admin.api;
    this.kubeconfig = admin.kubeconfig;
  }

  /** Starts one and waits until it serves; about five seconds. @throws ProgramFailed */
  static async start(binaries: Binaries, { serviceRange = '10.96.0.0/16', folder, outlive = false, apiServer = 'kube-apiserver', simulated = true }: ControlPlaneOptions = {}): Promise<ControlPlane> {
    const root = folder ?? mkdtempSync(join(tmpdir(), 'stockade-cluster-'));
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const processes = new Processes(root, outlive);
    try {
      const [etcd, etcdPeer, secure, controllers, scheduler] = (await freePorts(5)) as [number, number, number, number, number];
      const url = `https://127.0.0.1:${secure}`;
      const authority = await Authority.create(join(root, 'pki'));
      const files = await writeFiles(root, url, authority);
      const admin = new Api(url, authority.certificate, files.adminCredentials);

      const programs: Record<ControlPlaneProgram, RunnableProgram> = {
        etcd: {
          name: 'etcd',
          binary: binaries.etcd,
          args: [
            `--data-dir=${join(root, 'etcd')}`,
            `--listen-client-urls=http://127.0.0.1:${etcd}`,
            `--advertise-client-urls=http://127.0.0.1:${etcd}`,
            `--listen-peer-urls=http://127.0.0.1:${etcdPeer}`,
            `--initial-advertise-peer-urls=http://127.0.0.1:${etcdPeer}`,
            `--initial-cluster=default=http://127.0.0.1:${etcdPeer}`,
            // A cluster that lives for minutes survives a crash of its programs, not one of the machine.
            '--unsafe-no-fsync',
            '--log-level=warn',
          ],
          ready: async () => (await fetch(`http://127.0.0.1:${etcd}/health`)).ok,
        },
        'kube-apiserver': {
          name: 'kube-apiserver',
          binary: binaries[apiServer],
          args: [
            `--etcd-servers=http://127.0.0.1:${etcd}`,
            '--bind-address=127.0.0.1',
            `--secure-port=${secure}`,
            '--advertise-address=127.0.0.1',
            // Its endpoint would be a loopback address, which no Endpoints may hold.
            '--endpoint-reconciler-type=none',
            `--cert-dir=${join(root, 'pki')}`,
            `--tls-cert-file=${files.serverCertificate}`,
            `--tls-private-key-file=${files.serverKey}`,
            `--client-ca-file=${authority.certificateFile}`,
            '--authorization-mode=Node,RBAC',
            '--enable-admission-plugins=NodeRestriction',
            // As GKE and EKS have it: what a pod may do is for Pod Security to say.
            '--allow-privileged=true',
            '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
            `--service-account-key-file=${files.tokenPublicKey}`,
            `--service-account-signing-key-file=${files.tokenPrivateKey}`,
            `--service-cluster-ip-range=${serviceRange}`,
            `--audit-policy-file=${files.auditPolicy}`,
            `--audit-log-path=${join(root, 'logs', 'audit.log')}`,
            '--profiling=false',
          ],
          ready: async () => (await admin.request('GET', '/readyz')).status === 200,
        },
        'kube-controller-manager': {
          name: 'kube-controller-manager',
          binary: binaries['kube-controller-manager'],
          args: [
            ...unattended(files.kubeconfigs['kube-controller-manager'], controllers),
            '--use-service-account-credentials=true',
            `--service-account-private-key-file=${files.tokenPrivateKey}`,
            `--root-ca-file=${authority.certificateFile}`,
          ],
          ready: () => healthy(controllers),
        },
        'kube-scheduler': {
          name: 'kube-scheduler',
          binary: binaries['kube-scheduler'],
          args: unattended(files.kubeconfigs['kube-scheduler'], scheduler),
          ready: () => healthy(scheduler),
        },
        kwok: {
          name: 'kwok',
          binary: binaries.kwok,
          args: [
            `--kubeconfig=${files.kubeconfigs.kwok}`,
            `--config=${files.stages}`,
            '--manage-all-nodes=true',
            // Without a lease that is renewed, a machine is taken for dead after 50 seconds.
            '--node-lease-duration-seconds=40',
            // Machines of the documentation's network: pods on the host's network have it for theirs.
            '--node-ip=192.0.2.1',
          ],
          // It serves nothing; whoever adds machines waits for them to be ready.
          ready: () => Promise.resolve(true),
        },
      };
      const controlPlane = new ControlPlane(root, url, authority, { api: admin, kubeconfig: files.kubeconfigs.admin }, processes, programs);
      await controlPlane.run('etcd');
      await controlPlane.run('kube-apiserver');
      await Promise.all((['kube-controller-manager', 'kube-scheduler', ...(simulated ? (['kwok'] as const) : [])] as const).map((name) => controlPlane.run(name)));
      return controlPlane;
    } catch (error) {
      await processes.stopAll();
      if (folder === undefined) rmSync(root, { recursive: true, force: true });
      throw error;
    }
  }

  /** Somebody, by a client certificate: a person of the fleet's groups, or a kubelet. Nobody impersonates. */
  async as(subject: Subject): Promise<Api> {
    const credentials = await this.authority.client(subject);
    return this.keep(this.admin.as(credentials));
  }

  /** The kubelet of a machine. */
  kubelet(machine: string): Promise<Api> {
    return this.as({ user: `system:node:${machine}`, groups: ['system:nodes'] });
  }

  /** One of Kubernetes' own controllers, which policies know by its name; with the rights of all of them. */
  controller(name: string): Promise<Api> {
    return this.as({ user: `system:serviceaccount:kube-system:${name}`, groups: ['system:masters'] });
  }

  /** A service account, by a token that is minted for it. */
  async asServiceAccount(namespace: string, name: string): Promise<Api> {
    const { status } = await this.admin.call<{ status: { token: string } }>('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3600 },
    });
    return this.keep(this.admin.as({ token: status.token }));
  }

  /** A kubeconfig for kubectl as somebody. */
  async kubeconfigFor(name: string, subject: Subject): Promise<string> {
    const file = join(this.folder, `${name}.kubeconfig`);
    writeKubeconfig(file, this.url, this.authority, await this.authority.client(subject));
    return file;
  }

  /** Every request so far, as the API server wrote it down. What was read before isn't read again: the log grows by thousands of lines a minute. */
  audit(): readonly AuditEntry[] {
    const log = join(this.folder, 'logs', 'audit.log');
    if (!existsSync(log)) return [];
    const file = openSync(log, 'r');
    try {
      const more = Buffer.alloc(Math.max(0, fstatSync(file).size - this.audited.bytes));
      const end = more.subarray(0, readSync(file, more, 0, more.length, this.audited.bytes)).lastIndexOf('\n') + 1;
      for (const line of more.subarray(0, end).toString('utf8').split('\n')) if (line !== '') this.audited.entries.push(JSON.parse(line) as AuditEntry);
      this.audited.bytes += end;
    } finally {
      closeSync(file);
    }
    return [...this.audited.entries];
  }

  /** Ends a program and starts it again, on the same port with the same data. */
  async restart(name: ControlPlaneProgram): Promise<void> {
    await this.halt(name);
    await this.run(name);
  }

  halt(name: string, signal?: NodeJS.Signals): Promise<void> {
    return this.processes.stop(name, signal);
  }

  /** Process ids of what runs. */
  pids(): Readonly<Record<string, number>> {
    return this.processes.pids();
  }

  /** Stops a program's clock (`SIGSTOP`) or lets it go on (`SIGCONT`): to everybody else it hangs. */
  signal(name: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.processes.signal(name, signal);
  }

  /** A certificate of a server on the loopback address, by the cluster's own authority. */
  async serverCertificate(names: readonly string[]): Promise<{ readonly certificate: string; readonly key: string; readonly authority: string }> {
    return { ...(await this.authority.server(names)), authority: this.authority.certificate };
  }

  async run(name: ControlPlaneProgram): Promise<void> {
    const program = this.programs[name];
    this.processes.start(program);
    await this.processes.ready(name, program.ready);
  }

  /** Starts something more, which ends with the rest. */
  runBeside(program: Program): void {
    this.processes.start(program);
  }

  /** The same, and waits until it serves. @throws ProgramFailed */
  async runBesideUntil(program: Program, ready: () => Promise<boolean>): Promise<void> {
    this.processes.start(program);
    await this.processes.ready(program.name, ready);
  }

  /** Ends everything that was started. The folder stays with `keep`. */
  async stop({ keep = false }: { keep?: boolean } = {}): Promise<void> {
    for (const client of this.clients) client.close();
    this.admin.close();
    await this.processes.stopAll();
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }

  private keep(api: Api): Api {
    this.clients.push(api);
    return api;
  }
}

interface RunnableProgram extends Program {
  readonly ready: () => Promise<boolean>;
}

const COMPONENTS = {
  admin: { user: 'stockade-test-admin', groups: ['system:masters'] },
  'kube-controller-manager': { user: 'system:kube-controller-manager', groups: [] },
  'kube-scheduler': { user: 'system:kube-scheduler', groups: [] },
  // It stands in for the kubelets of all machines, which no role of Kubernetes allows to one identity.
  kwok: { user: 'system:kwok', groups: ['system:masters'] },
} as const satisfies Record<string, Subject>;

interface Files {
  readonly adminCredentials: { readonly certificate: string; readonly key: string };
  readonly kubeconfigs: Readonly<Record<keyof typeof COMPONENTS, string>>;
  readonly serverCertificate: string;
  readonly serverKey: string;
  readonly tokenPublicKey: string;
  readonly tokenPrivateKey: string;
  readonly auditPolicy: string;
  readonly stages: string;
}

async function writeFiles(root: string, url: string, authority: Authority): Promise<Files> {
  const write = (name: string, text: string): string => {
    const file = join(root, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const names = Object.keys(COMPONENTS) as (keyof typeof COMPONENTS)[];
  const [server, ...clients] = await Promise.all([
    authority.server(['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc']),
    ...names.map((name) => authority.client(COMPONENTS[name])),
  ]);
  const kubeconfigs = Object.fromEntries(
    names.map((name, index) => {
      const file = join(root, name === 'admin' ? 'kubeconfig' : `${name}.kubeconfig`);
      writeKubeconfig(file, url, authority, clients[index]!);
      return [name, file];
    }),
  ) as Record<keyof typeof COMPONENTS, string>;
  const tokens = tokenKeys();
  return {
    adminCredentials: clients[names.indexOf('admin')]!,
    kubeconfigs,
    serverCertificate: write('pki/apiserver.crt', server.certificate),
    serverKey: write('pki/apiserver.key', server.key),
    tokenPublicKey: write('pki/tokens.pub', tokens.publicKey),
    tokenPrivateKey: write('pki/tokens.key', tokens.privateKey),
    auditPolicy: write('audit-policy.json', JSON.stringify(AUDIT_POLICY)),
    stages: write('stages.yaml', STAGES),
  };
}

/** What was asked by whom, and how it ended; leases, reads and questions would fill the disk. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'None', resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }] },
    { level: 'None', verbs: ['get', 'list', 'watch'] },
    { level: 'None', resources: [{ group: 'authorization.k8s.io' }] },
    { level: 'Metadata' },
  ],
};

function writeKubeconfig(file: string, server: string, authority: Authority, { certificate, key }: { certificate: string; key: string }): void {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'stockade-test', cluster: { server, 'certificate-authority-data': base64(authority.certificate) } }],
    users: [{ name: 'user', user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }],
    contexts: [{ name: 'stockade-test', context: { cluster: 'stockade-test', user: 'user' } }],
    'current-context': 'stockade-test',
  };
  writeFileSync(file, JSON.stringify(config, null, 2), { mode: 0o600 });
}

/** There is one of each, nothing else to lead; the client's own limits are for a shared API server. */
const unattended = (kubeconfig: string, port: number): string[] => [
  `--kubeconfig=${kubeconfig}`,
  `--authentication-kubeconfig=${kubeconfig}`,
  `--authorization-kubeconfig=${kubeconfig}`,
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
  '--leader-elect=false',
  '--kube-api-qps=500',
  '--kube-api-burst=1000',
];

/** Controller manager and scheduler sign their own certificates, so this asks without looking at them. */
function healthy(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', reject);
    sent.end();
  });
}
