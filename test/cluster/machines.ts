import { catalogue } from '../../chains';
import { allocatable, machineOf } from '../../model/machines';
import type { Cluster, Fleet } from '../../model/types';
import { sizePools } from '../../model/sizing';
import { LABELS } from '../../naming';
import type { Api, Applied, LiveObject } from './api';
import { ApiError } from './api';

/** One simulated machine of a cluster. */
export interface Machine {
  readonly name: string;
  readonly zone: string;
  /** None: a machine for everything else that runs in a cluster. */
  readonly pool?: string;
  readonly instanceType: string;
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
  readonly cpuMillis: number;
  readonly memoryMiB: number;
  readonly ephemeralMiB: number;
  readonly volumes: number;
  readonly pods: number;
}

/**
 * The machines that `infra` is to provision for a cluster: as many for each pool and zone as the fleet's sizing says, with what pods
 * can ask of them; and in every zone one untainted machine, large enough to draw in whatever isn't held off it.
 */
export function machinesOf(fleet: Fleet, cluster: Cluster): Machine[] {
  const staking = (sizePools(fleet, catalogue)[cluster.name] ?? []).flatMap(({ pool: name, zone, machines }) => {
    const pool = cluster.pools.find((one) => one.name === name)!;
    const free = allocatable(cluster, machineOf(cluster.cloud, pool)!, pool.bootDiskGiB);
    return Array.from({ length: machines }, (_, index): Machine => ({
      name: `${name}-${zone}-${index}`,
      zone,
      pool: name,
      instanceType: pool.machineType,
      taints: pool.taints,
      ...free,
    }));
  });
  const general = cluster.zones.map((zone): Machine => ({
    name: `general-${zone}-0`,
    zone,
    instanceType: 'general',
    taints: [],
    cpuMillis: 128_000,
    memoryMiB: 1024 * 1024,
    ephemeralMiB: 1024 * 1024,
    volumes: 64,
    pods: 110,
  }));
  return [...staking, ...general];
}

/** Makes the machines known to a control plane, and waits until they are ready. */
export async function joinMachines(api: Api, cluster: Cluster, machines: readonly Machine[]): Promise<void> {
  const driver = DRIVERS[cluster.cloud];
  await api.apply({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIDriver',
    metadata: { name: driver.name },
    // There is nothing to attach to, and nobody who would.
    spec: { attachRequired: false, podInfoOnMount: false, fsGroupPolicy: 'File' },
  } as Applied);
  await addMachines(api, cluster, machines);
}

/** More machines of a cluster that has some. */
export async function addMachines(api: Api, cluster: Cluster, machines: readonly Machine[]): Promise<void> {
  const driver = DRIVERS[cluster.cloud];
  for (const machine of machines) {
    const { uid } = (await api.call('POST', '/api/v1/nodes', nodeOf(cluster, machine))).metadata;
    await api.call('POST', '/apis/storage.k8s.io/v1/csinodes', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: { name: machine.name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: machine.name, uid }] },
      spec: { drivers: [{ name: driver.name, nodeID: machine.name, topologyKeys: [driver.topologyKey], allocatable: { count: machine.volumes } }] },
    });
  }
  const nodes = (): Promise<NodeObject[]> => api.list<NodeObject>('/api/v1/nodes');
  await until(`${machines.length} machines are ready`, async () => {
    const now = await nodes();
    return now.length >= machines.length && now.every(isReady);
  }, { describe: async () => describeNodes((await nodes()).filter((node) => !isReady(node))) });
}

/**
 * What is left of a cloud and its machines: disks are made for PVCs whose pod was placed, in that pod's zone, as the CSI driver would;
 * a pod that was asked to end is gone at once, deleted by the kubelet of its machine; and a running pod that the control plane took for not
 * ready, since its machine was not heard of, is put right by that kubelet.
 *
 * @param kubelet the API as the kubelet of a machine sees it
 * @param cutOff machines that hear nothing of the API server any more, while what they run goes on; see {@link loseMachines}
 * @returns resolves after the signal
 */
export async function simulateMachines(api: Api, cluster: Cluster, kubelet: (machine: string) => Promise<Api>, signal: AbortSignal, cutOff: ReadonlySet<string> = new Set()): Promise<void> {
  const kubelets = new Map<string, Promise<Api>>();
  const disks = new Disks(api, DRIVERS[cluster.cloud]);
  await Promise.all([
    api.watch<ClaimObject>('/api/v1/persistentvolumeclaims', (claim) => ignoreRaces(disks.provision(claim)), signal),
    api.watch<PodObject>(
      '/api/v1/pods',
      (pod) => {
        const machine = pod.spec.nodeName;
        if (machine === undefined || cutOff.has(machine) || !needsItsKubelet(pod)) return;
        const own = kubelets.get(machine) ?? kubelet(machine);
        kubelets.set(machine, own);
        ignoreRaces(own.then((as) => attend(as, pod)));
      },
      signal,
    ),
  ]);
}

/**
 * Cuts machines off: nobody renews their leases, their kubelets hear nothing, and what they run goes on. All other machines, and kwok, are left
 * alone: kwok keeps its hands off a machine whose lease somebody else holds.
 *
 * @param cutOff the set that their simulation was given
 * @returns how to bring them back: resolves when they are ready again and their kubelets have caught up with what they missed
 */
export async function loseMachines(api: Api, names: readonly string[], cutOff: Set<string>, kubelet: (machine: string) => Promise<Api>): Promise<() => Promise<void>> {
  const hold = (spec: object): Promise<unknown> => Promise.all(names.map((name) => api.patch(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`, { spec })));
  for (const name of names) cutOff.add(name);
  // The time of renewal stays, so that this is not taken for a sign of life.
  await hold({ holderIdentity: 'nobody', leaseDurationSeconds: 3600 });
  return async () => {
    await hold({ holderIdentity: null });
    const away = async (): Promise<NodeObject[]> => (await api.list<NodeObject>('/api/v1/nodes')).filter((node) => names.includes(node.metadata.name) && !isReady(node));
    await until('the lost machines are ready again', async () => (await away()).length === 0, { describe: async () => describeNodes(await away()) });
    for (const name of names) cutOff.delete(name);
    for (const name of names) {
      const missed = (await api.list<PodObject>(`/api/v1/pods?fieldSelector=spec.nodeName=${name}`)).filter(needsItsKubelet);
      if (missed.length === 0) continue;
      const own = await kubelet(name);
      await Promise.all(missed.map((pod) => attend(own, pod).catch(unlessGone)));
    }
  };
}

export interface PodObject extends LiveObject {
  readonly metadata: LiveObject['metadata'] & { readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[] };
  readonly spec: { readonly nodeName?: string; readonly nodeSelector?: Readonly<Record<string, string>>; readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[] };
  readonly status?: { readonly phase?: string; readonly podIP?: string; readonly conditions?: readonly Condition[] };
}

export interface NodeObject extends LiveObject {
  readonly spec: { readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]; readonly unschedulable?: boolean };
  readonly status: { readonly conditions?: readonly Condition[]; readonly allocatable: Readonly<Record<string, string>> };
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export const isReady = (object: { readonly status?: { readonly conditions?: readonly Condition[] } }): boolean =>
  object.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** Polls until something holds. How long it waits is no claim: on a busy machine all takes several times as long as on an idle one. Throws with what was waited for, and with what `describe` says of the state then. */
export async function until(what: string, holds: () => Promise<boolean>, { timeoutMs = 240_000, everyMs = 100, describe }: { timeoutMs?: number; everyMs?: number; describe?: () => Promise<string> } = {}): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not after ${timeoutMs / 1000} s: ${what}${describe ? `\n${await describe()}` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Of pods: where each one is, and what keeps it from being ready, for whoever waited in vain. */
export function describePods(pods: readonly PodObject[]): string {
  const waiting = pods.filter((pod) => !isReady(pod));
  const lines = waiting.map(({ metadata, spec, status }) => {
    const failing = (status?.conditions ?? []).filter(({ status: holds }) => holds !== 'True').map(({ type, status: holds, reason, message }) => [`${type}=${holds}`, reason, message].filter(Boolean).join(' '));
    return [
      `${metadata.namespace}/${metadata.name} on ${spec.nodeName ?? 'no machine'}: ${status?.phase ?? 'no phase'}`,
      ...(metadata.deletionTimestamp === undefined ? [] : [`ending since ${metadata.deletionTimestamp}`]),
      ...(status?.podIP === undefined ? ['never started'] : []),
      ...failing,
    ].join('; ');
  });
  return [`${pods.length} pods, ${waiting.length} not ready`, ...lines].join('\n');
}

/** Of machines: what each says of itself, and what holds pods off it. */
export const describeNodes = (nodes: readonly NodeObject[]): string =>
  nodes
    .map(({ metadata, spec, status }) => {
      const ready = status.conditions?.find(({ type }) => type === 'Ready');
      const taints = (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).join(', ');
      return `${metadata.name}: Ready=${ready?.status ?? 'never'} ${ready?.reason ?? ''}; taints ${taints || 'none'}`;
    })
    .join('\n');

interface ClaimObject extends LiveObject {
  readonly spec: { readonly storageClassName?: string; readonly volumeName?: string; readonly accessModes: readonly string[]; readonly resources: { readonly requests: { readonly storage: string } } };
}

/** The CSI drivers of both clouds, with the label by which they tell zones apart. */
const DRIVERS = {
  gcp: { name: 'pd.csi.storage.gke.io', topologyKey: 'topology.gke.io/zone' },
  aws: { name: 'ebs.csi.aws.com', topologyKey: 'topology.ebs.csi.aws.com/zone' },
} as const;

function nodeOf(cluster: Cluster, machine: Machine): object {
  const resources = {
    cpu: `${machine.cpuMillis}m`,
    memory: `${machine.memoryMiB}Mi`,
    'ephemeral-storage': `${machine.ephemeralMiB}Mi`,
    pods: String(machine.pods),
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: machine.name,
      labels: {
        'kubernetes.io/hostname': machine.name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'node.kubernetes.io/instance-type': machine.instanceType,
        'topology.kubernetes.io/region': cluster.region,
        'topology.kubernetes.io/zone': machine.zone,
        [DRIVERS[cluster.cloud].topologyKey]: machine.zone,
        ...(machine.pool === undefined ? {} : { [LABELS.pool]: machine.pool }),
      },
    },
    spec: { taints: machine.taints },
    status: { capacity: resources, allocatable: resources },
  };
}

/** Makes disks. A PVC is heard of many times; machines and StorageClasses, of which it asks what it needs to know, don't change. */
class Disks {
  private readonly made = new Set<string>();
  private readonly zones = new Map<string, Promise<string | undefined>>();
  private readonly storageClasses = new Map<string, Promise<LiveObject & { readonly reclaimPolicy: string; readonly provisioner: string }>>();

  constructor(
    private readonly api: Api,
    private readonly driver: (typeof DRIVERS)[keyof typeof DRIVERS],
  ) {}

  /** Binds late, as the StorageClasses ask: only once the scheduler wrote down which machine the pod goes to. */
  async provision({ metadata, spec }: ClaimObject): Promise<void> {
    const machine = metadata.annotations?.['volume.kubernetes.io/selected-node'];
    const { uid } = metadata;
    if (spec.volumeName !== undefined || machine === undefined || this.made.has(uid)) return;
    this.made.add(uid);
    try {
      await this.makeFor(metadata, spec, machine);
    } catch (error) {
      this.made.delete(uid);
      throw error;
    }
  }

  private async makeFor({ uid, namespace, name: claim }: ClaimObject['metadata'], { storageClassName, accessModes, resources }: ClaimObject['spec'], machine: string): Promise<void> {
    const storageClass = await known(this.storageClasses, storageClassName ?? '', () => this.api.get(`/apis/storage.k8s.io/v1/storageclasses/${storageClassName}`));
    if (storageClass.provisioner !== this.driver.name) return;
    const zone = await known(this.zones, machine, async () => (await this.api.get(`/api/v1/nodes/${machine}`)).metadata.labels?.[this.driver.topologyKey]);
    const name = `pvc-${uid}`;
    await this.api.call('POST', '/api/v1/persistentvolumes', {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': this.driver.name } },
      spec: {
        accessModes,
        capacity: { storage: resources.requests.storage },
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: claim, uid },
        csi: { driver: this.driver.name, volumeHandle: name },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: this.driver.topologyKey, operator: 'In', values: [zone] }] }] } },
        persistentVolumeReclaimPolicy: storageClass.reclaimPolicy,
        storageClassName,
        volumeMode: 'Filesystem',
      },
    });
  }
}

/** What was asked for once is not asked for again, unless the answer failed to come. */
function known<T>(answers: Map<string, Promise<T>>, name: string, ask: () => Promise<T>): Promise<T> {
  let answer = answers.get(name);
  if (answer === undefined) {
    answer = ask();
    answers.set(name, answer);
    answer.catch(() => answers.delete(name));
  }
  return answer;
}

/** A pod that is to end, or that runs and is said not to be ready: kwok sees to a pod's start, and to nothing after it. */
const needsItsKubelet = ({ metadata, status }: PodObject): boolean =>
  metadata.deletionTimestamp !== undefined || (status?.podIP !== undefined && (status.conditions ?? []).some(({ type, status: holds }) => type === 'Ready' && holds === 'False'));

const attend = (kubelet: Api, pod: PodObject): Promise<void> => (pod.metadata.deletionTimestamp === undefined ? putRight(kubelet, pod) : finish(kubelet, pod));

/** When a machine isn't heard of, the node controller writes `Ready: False` into its pods; the kubelet, heard again, writes what is so. */
async function putRight(kubelet: Api, { metadata }: PodObject): Promise<void> {
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }];
  const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`;
  await kubelet.call('PATCH', path, { metadata: { uid: metadata.uid }, status: { conditions } }, 'application/strategic-merge-patch+json');
}

/** A kubelet's last act for a pod: its containers ended, now the object goes, at grace 0. */
async function finish(kubelet: Api, { metadata }: PodObject): Promise<void> {
  await kubelet.call('DELETE', `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`, {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    gracePeriodSeconds: 0,
    preconditions: { uid: metadata.uid },
  });
}

/** Events come twice, and find things made or gone; anything else must show. */
function ignoreRaces(work: Promise<void>): void {
  work.catch(unlessGone).catch((error: unknown) => process.stderr.write(`simulated machines: ${String(error)}\n`));
}

function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError && (error.status === 404 || error.status === 409))) throw error;
}
