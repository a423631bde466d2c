import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { networkNamespace, LABELS } from '../../naming';
import type { Manifest } from '../../constructs/manifest';
import { contractSchemas } from '../../contract/json-schema';
import type { Api, LiveObject } from '../cluster/api';
import { ControlPlane } from '../cluster/control-plane';
import { applyAll, quotasKnown } from '../cluster/example';
import { isReady, until, type PodObject } from '../cluster/machines';
import type { NodeBinaries } from './binaries';
import { provideDisks } from './disks';
import { COSMOS, genesis, NodesFleet, ofNodes, POOL, secretsOfFleet, TAINT, ZONE, type BuiltImage, type FleetVariant, type NetworkName } from './fleet';
import { buildImage, type ImageContent } from './images';
import { Machine } from './machine';
import { Network } from './network';
import { SECRET_MANAGER_HOST, ServedSecretManager } from './secret-manager';

/** A version of a client that starts and ends at once. */
export const BROKEN = 'v99.0.0';

export interface RealClusterOptions {
  readonly binaries: NodeBinaries;
  /** What is built into images and imported. */
  readonly clients: readonly ('geth' | 'cometbft')[];
  readonly machines: readonly string[];
}

export interface LivePod extends PodObject {
  readonly spec: PodObject['spec'] & { readonly containers: readonly { readonly image: string }[] };
  readonly status?: PodObject['status'] & {
    readonly podIP?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly started?: boolean;
  readonly ready: boolean;
  readonly imageID?: string;
  readonly state?: State;
  readonly lastState?: State;
}

interface State {
  readonly running?: object;
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly containerID?: string };
}

/**
 * A cluster whose machines are real: the control plane of test/cluster, machines with containerd and kubelet in namespaces of their own,
 * and stand-ins for what a cloud or a later part of Stockade brings: disks, cluster DNS, the secret manager and the agent.
 * Pods reach each other as a plain network has it: NetworkPolicies are not enforced.
 */
export class RealCluster {
  readonly machines = new Map<string, Machine>();
  private readonly stopping = new AbortController();
  private disks: Promise<void> | undefined;

  private constructor(
    readonly controlPlane: ControlPlane,
    readonly network: Network,
    readonly secrets: ServedSecretManager,
    readonly fleet: NodesFleet,
    /** Client, then its images: the older release, the newer one, and one that never runs. */
    readonly images: Readonly<Record<'geth' | 'cometbft', Releases>>,
    readonly disksFolder: string,
  ) {}

  static async start({ binaries, clients, machines }: RealClusterOptions): Promise<RealCluster> {
    const controlPlane = await ControlPlane.start(binaries.controlPlane, { simulated: false });
    let cluster: RealCluster | undefined;
    try {
      const network = await Network.create(controlPlane);
      const apiPort = await network.forward(Number(new URL(controlPlane.url).port));
      const secrets = await ServedSecretManager.start(controlPlane, network.address);
      for (const [source, secret] of secretsOfFleet()) secrets.keep(source, secret);
      await network.answerNames(controlPlane.admin, { [SECRET_MANAGER_HOST]: network.address });

      const folder = join(controlPlane.folder, 'images');
      const archives: string[] = [];
      const build = async (content: ImageContent, imported = true): Promise<BuiltImage> => {
        const { archive, digest } = imported ? await buildImage(folder, content) : { archive: '', digest: `sha256:${'0'.repeat(64)}` };
        if (imported) archives.push(archive);
        return { repository: content.repository, version: content.version, digest };
      };
      const agent = await build({ repository: 'registry.example.com/stockade/secret-agent', version: '0.1.0', program: binaries.agent, as: 'agent', files: { 'etc/stockade/secret-manager-ca.crt': secrets.authority, ...contractFiles() } });
      const pause = await build({ repository: 'registry.example.com/stockade/pause', version: '1', program: binaries.pause, as: 'pause' });
      const releases = async (name: 'geth' | 'cometbft', repository: string): Promise<Releases> => {
        const wanted = clients.includes(name);
        const of = (client: keyof NodeBinaries['clients']): Promise<BuiltImage> => build({ repository, version: binaries.clients[client].version, program: binaries.clients[client].program, as: name }, wanted);
        // Another program under the client's name: it refuses the client's arguments and ends.
        return { older: await of(name), newer: await of(`${name}-newer`), broken: await build({ repository, version: BROKEN, program: binaries.agent, as: name }, wanted) };
      };
      const images = { geth: await releases('geth', 'docker.io/ethereum/client-go'), cometbft: await releases('cometbft', 'registry.example.com/stockade/cometbft') };
      const fleet = new NodesFleet(
        join(controlPlane.folder, 'rendered'),
        { agent, geth: Object.values(images.geth) as BuiltImage[], cometbft: Object.values(images.cometbft) as BuiltImage[] },
        network.prefix,
        secrets.publish(genesis(new Date())),
      );
      cluster = new RealCluster(controlPlane, network, secrets, fleet, images, join(controlPlane.folder, 'disks'));
      cluster.disks = provideDisks(controlPlane.admin, cluster.disksFolder, cluster.stopping.signal);
      for (const [index, name] of machines.entries()) {
        const machine = await Machine.start(
          { name, number: index + 1, labels: { 'topology.kubernetes.io/zone': ZONE, [LABELS.pool]: POOL }, taints: [TAINT] },
          { controlPlane, network, apiPort, binaries, images: { pause: `${pause.repository}:${pause.version}`, archives } },
          [...cluster.machines.values()],
        );
        cluster.machines.set(name, machine);
      }
      return cluster;
    } catch (error) {
      await (cluster?.stop() ?? controlPlane.stop());
      throw error;
    }
  }

  get admin(): Api {
    return this.controlPlane.admin;
  }

  machine(name: string): Machine {
    return this.machines.get(name)!;
  }

  /** Applies what the cluster needs once, as it is rendered. */
  async applyPlatform(variant: FleetVariant): Promise<void> {
    const { manifests } = await this.fleet.render(variant);
    await applyAll(this.admin, manifests.platform);
    await quotasKnown(this.admin);
  }

  /** Applies all that is rendered for some nodes. @returns it */
  async apply(variant: FleetVariant, ...nodes: readonly string[]): Promise<Manifest[]> {
    const { manifests } = await this.fleet.render(variant);
    const own = ofNodes(manifests.nodes, ...nodes);
    await applyAll(this.admin, own, { force: true });
    return own;
  }

  async pod(network: NetworkName, node: string): Promise<LivePod | undefined> {
    const reply = await this.admin.request('GET', `${podPath(network, node)}`);
    return reply.status === 200 ? (reply.body as LivePod) : undefined;
  }

  /** Waits for the pod of a node that isn't one of before, ready. @returns it */
  async ready(network: NetworkName, node: string, { not }: { not?: string } = {}): Promise<LivePod> {
    const fits = (pod: LivePod | undefined): pod is LivePod => pod !== undefined && pod.metadata.uid !== not && pod.metadata.deletionTimestamp === undefined && isReady(pod);
    await until(`a pod of ${node} is ready`, async () => fits(await this.pod(network, node)), { describe: () => this.describe(network, node) });
    return (await this.pod(network, node))!;
  }

  /** Fires an armed StatefulSet: its pod is replaced by one of its newest revision. Then arms it again. @returns the new pod, ready */
  async fire(network: NetworkName, node: string): Promise<LivePod> {
    const before = await this.pod(network, node);
    await this.partition(network, node, 0);
    const pod = await this.ready(network, node, { not: before?.metadata.uid });
    await this.partition(network, node, 1);
    return pod;
  }

  partition(network: NetworkName, node: string, partition: number): Promise<unknown> {
    return this.admin.patch(statefulSetPath(network, node), { spec: { updateStrategy: { rollingUpdate: { partition } } } });
  }

  /** Stops a node or starts it, and waits until its pod is gone. */
  async scale(network: NetworkName, node: string, replicas: 0 | 1): Promise<void> {
    await this.admin.patch(statefulSetPath(network, node), { spec: { replicas } });
    if (replicas === 0) await until(`the pod of ${node} is gone`, async () => (await this.pod(network, node)) === undefined);
  }

  /** How the client's containers end, run by run, while something is done to their pod: by their exit codes. */
  async exitCodes(network: NetworkName, node: string, act: () => Promise<unknown>): Promise<number[]> {
    const old = (await this.pod(network, node))!;
    const ends = new Map<string, number>();
    const enough = new AbortController();
    const watching = this.admin.watch<LivePod>(`/api/v1/namespaces/${networkNamespace(network)}/pods?fieldSelector=metadata.name=${old.metadata.name}`, ({ metadata, status }) => {
      const client = status?.containerStatuses?.find(({ name }) => name === 'client');
      const end = client?.state?.terminated ?? client?.lastState?.terminated;
      if (metadata.uid === old.metadata.uid && end !== undefined) ends.set(end.containerID ?? '', end.exitCode);
    }, enough.signal);
    await act();
    await until(`the old pod of ${node} is gone`, async () => (await this.pod(network, node))?.metadata.uid !== old.metadata.uid);
    enough.abort();
    await watching;
    return [...ends.values()];
  }

  /** What a pod's containers wrote, on whichever machine it was. */
  logs(network: NetworkName, node: string, container = 'client'): string {
    return [...this.machines.values()].map((machine) => machine.logs(networkNamespace(network), podNameOf(network, node), container)).join('');
  }

  async describe(network: NetworkName, node: string): Promise<string> {
    const pod = await this.pod(network, node);
    const events = await this.admin.list<LiveObject & { message: string; involvedObject: { name: string } }>(`/api/v1/namespaces/${networkNamespace(network)}/events`);
    const own = events.filter(({ involvedObject }) => involvedObject.name.startsWith(node)).map(({ message }) => message).slice(-8);
    const statuses = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])].map(({ name, state, ready }) => ({ name, ready, state }));
    return JSON.stringify({ statuses, events: own, log: this.logs(network, node).split('\n').slice(-6), agent: this.logs(network, node, 'secret-agent').split('\n').slice(-3) }, null, 2);
  }

  /** Keeps what tells why a test failed. */
  keepLogs(target: string): void {
    mkdirSync(target, { recursive: true });
    cpSync(join(this.controlPlane.folder, 'logs'), join(target, 'programs'), { recursive: true });
    for (const { name, folder } of this.machines.values()) cpSync(join(folder, 'log-pods'), join(target, name), { recursive: true });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.disks;
    for (const machine of [...this.machines.values()].reverse()) await machine.end();
    await this.secrets.stop();
    await this.network.close();
    await this.controlPlane.stop();
  }
}

export interface Releases {
  readonly older: BuiltImage;
  readonly newer: BuiltImage;
  readonly broken: BuiltImage;
}

/** What the agent judges messages by, where its image carries it. */
const contractFiles = (): Record<string, string> => Object.fromEntries(Object.entries(contractSchemas()).map(([name, schema]) => [`etc/stockade/contract/${name}`, JSON.stringify(schema)]));
const component = (network: NetworkName): string => (network === COSMOS ? 'node' : 'execution');
const podNameOf = (network: NetworkName, node: string): string => `${node}-${component(network)}-0`;
export const podPath = (network: NetworkName, node: string): string => `/api/v1/namespaces/${networkNamespace(network)}/pods/${podNameOf(network, node)}`;
export const statefulSetPath = (network: NetworkName, node: string): string =>
  `/apis/apps/v1/namespaces/${networkNamespace(network)}/statefulsets/${node}-${component(network)}`;
