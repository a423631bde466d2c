import { nodesAt, type Declarations } from '../../model/keys/declarations';
import type { MachineProof } from '../../model/keys/machine-proof';
import type { Obstacle, Retired } from './signers';

/** Where a node's machines are, as a revision declares it. */
export type MachinePlace = { readonly cluster: string; readonly region: string; readonly zone: string } & ({ readonly cloud: 'gcp'; readonly project: string } | { readonly cloud: 'aws'; readonly account: string });

/** Runs a cloud's command line; its standard output, or what it said instead. */
export type Ask = (command: readonly string[]) => Promise<{ readonly output: string } | { readonly failed: string }>;

/** A machine that the cloud calls final, or why it proves nothing. */
export type Verdict = { readonly proof: MachineProof } | { readonly obstacle: Obstacle };

/** Undefined where the revision doesn't say it in names that a cloud takes. */
export function placeOf(declared: Declarations, retired: Retired): MachinePlace | undefined {
  const { cloud, home, region } = declared.clusters.get(retired.cluster) ?? {};
  const zone = nodesAt(declared, retired)[0]?.zone;
  if (!isName(region) || !isName(zone) || !isName(retired.cluster)) return undefined;
  const common = { cluster: retired.cluster, region, zone };
  if (cloud === 'gcp' && isName(home)) return { cloud, project: home, ...common };
  return cloud === 'aws' && home !== undefined && /^[0-9]{12}$/.test(home) ? { cloud, account: home, ...common } : undefined;
}

const isName = (value: string | undefined): value is string => value !== undefined && /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/.test(value);

/**
 * Asks the cloud about one machine of a cluster that can't be asked itself. It proves the end of a signer only where its state is final, it was that
 * cluster's, in the zone that the node's disks are in, and no other machine of the cluster is left there that could have taken the pod.
 */
export async function askAboutMachine(place: MachinePlace, id: string, ask: Ask, now: Date): Promise<Verdict> {
  const asked = now.toISOString().replace(/\.[0-9]+Z$/, 'Z');
  try {
    return place.cloud === 'aws' ? await amazon(place, id, ask, asked) : await google(place, id, ask, asked);
  } catch (error) {
    // An answer of another form than the cloud's ends in one of the two others.
    if (!(error instanceof CloudError || error instanceof SyntaxError || error instanceof TypeError)) throw error;
    return no(id, `the cloud can not be asked about it: ${error instanceof CloudError ? error.message : `what answers is not the cloud's form (${error.message})`}`, `Log in to ${place.cloud === 'aws' ? `account ${place.account}` : `project ${place.project}`}, and run the command again.`);
  }
}

class CloudError extends Error {}

const no = (id: string, why: string, next: string): Verdict => ({ obstacle: { message: `machine ${JSON.stringify(id)} proves nothing: ${why}`, next } });
const NOT_FINAL = 'A machine that is stopped, stopping or suspended may come back with the key in its memory. Terminate it, wait for the cloud to say so, and run the command again.';
const OTHERS = 'Stop what makes new ones, terminate them, and run the command again: the pod may have gone to any of them.';
const LOOK = 'Look up in the cloud which machine the pod ran on.';

interface Instance {
  readonly InstanceId?: string;
  readonly State?: { readonly Name?: string };
  readonly Placement?: { readonly AvailabilityZone?: string };
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[];
}

async function amazon(place: Extract<MachinePlace, { cloud: 'aws' }>, id: string, ask: Ask, asked: string): Promise<Verdict> {
  if (!/^i-[0-9a-f]{8,17}$/.test(id)) return no(id, 'it is not the id of an EC2 instance', 'Give the id, such as i-0123456789abcdef0, not a name.');
  const who = await json<{ Account?: string; Arn?: string }>(ask, ['aws', 'sts', 'get-caller-identity', '--output=json']);
  if (who.Account !== place.account || who.Arn === undefined) return no(id, `the credentials are of account ${who.Account ?? 'none'}, and cluster ${place.cluster} is in ${place.account}`, `Log in to account ${place.account}, and run the command again.`);
  const describe = ['aws', 'ec2', 'describe-instances', `--region=${place.region}`, '--output=json'];
  const answer = await ask([...describe, `--instance-ids=${id}`]);
  if ('failed' in answer) {
    if (!/InvalidInstanceID/.test(answer.failed)) throw new CloudError(answer.failed.trim());
    return no(id, `EC2 does not know it in ${place.region}`, `EC2 forgets a machine about an hour after it was terminated, and an id that it does not know may be anything. Bring the control plane of ${place.cluster} back and let the cluster answer; the key stays placed until then.`);
  }
  const machine = instancesOf(answer.output).find(({ InstanceId }) => InstanceId === id);
  if (machine === undefined) return no(id, 'EC2 answered with another machine', LOOK);
  if (!isOf(machine, place.cluster)) return no(id, `its tags do not say that it was of cluster ${place.cluster}`, LOOK);
  if (machine.Placement?.AvailabilityZone !== place.zone) return no(id, `it is of zone ${machine.Placement?.AvailabilityZone ?? 'none'}, and the node's disks are in ${place.zone}`, LOOK);
  if (machine.State?.Name !== 'terminated') return no(id, `EC2 calls it ${machine.State?.Name ?? 'nothing'}, which is not final`, NOT_FINAL);
  const all = instancesOf(await output(ask, [...describe, `--filters=Name=availability-zone,Values=${place.zone}`]));
  // It is of that zone itself: an answer without it is a part of one, and may lack others.
  if (!all.some(({ InstanceId }) => InstanceId === id)) throw new CloudError(`EC2 lists the machines of ${place.zone} without it`);
  const alive = all.filter((other) => isOf(other, place.cluster) && other.State?.Name !== 'terminated');
  if (alive.length > 0) return no(id, `cluster ${place.cluster} has other machines in zone ${place.zone}: ${alive.map(({ InstanceId, State }) => `${InstanceId} (${State?.Name})`).join(', ')}`, OTHERS);
  return { proof: { cloud: 'aws', id, answer: 'terminated', asked, as: who.Arn } };
}

const instancesOf = (text: string): Instance[] => ((JSON.parse(text) as { Reservations?: { Instances?: Instance[] }[] }).Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);

/** As EKS tags the machines of its node groups. */
const isOf = ({ Tags = [] }: Instance, cluster: string): boolean => Tags.some(({ Key, Value }) => Key === `kubernetes.io/cluster/${cluster}` || ((Key === 'eks:cluster-name' || Key === 'aws:eks:cluster-name') && Value === cluster));

interface Vm {
  readonly id?: string;
  readonly name?: string;
  readonly status?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Operation {
  readonly operationType?: string;
  readonly targetId?: string;
  readonly targetLink?: string;
  readonly status?: string;
  readonly error?: unknown;
}

/**
 * Compute Engine keeps no state of a machine that is gone; of its end it keeps the operation, for some two weeks. So a machine is final where no machine has its
 * number any more **and** the operation that deleted it is there and done: a number that the project never had proves nothing.
 */
async function google(place: Extract<MachinePlace, { cloud: 'gcp' }>, id: string, ask: Ask, asked: string): Promise<Verdict> {
  if (!/^[0-9]{5,20}$/.test(id)) return no(id, 'it is not a numeric id of Compute Engine', 'Give the number that `gcloud compute instances describe` calls id, not the name: the next machine may bear the same name.');
  const { core, auth } = await json<{ core?: { account?: string }; auth?: { impersonate_service_account?: string } }>(ask, ['gcloud', 'config', 'list', '--format=json']);
  const as = auth?.impersonate_service_account ?? core?.account;
  if (as === undefined) throw new CloudError('gcloud has no account');
  const inZone = [`--project=${place.project}`, `--zones=${place.zone}`, '--format=json'];
  const machines = await json<Vm[]>(ask, ['gcloud', 'compute', 'instances', 'list', ...inZone]);
  const there = machines.find((machine) => machine.id === id);
  if (there) return no(id, `Compute Engine has it, as ${there.name} (${there.status}), which is not final: TERMINATED means stopped there`, NOT_FINAL.replace('Terminate', 'Delete'));
  const operations = await json<Operation[]>(ask, ['gcloud', 'compute', 'operations', 'list', `--filter=operationType=delete AND targetId=${id}`, ...inZone]);
  const deletion = operations.find(({ operationType, targetId, status, error }) => operationType === 'delete' && targetId === id && status === 'DONE' && error === undefined);
  const name = deletion?.targetLink?.match(/\/zones\/([^/]+)\/instances\/([^/]+)$/);
  if (!name) return no(id, `project ${place.project} has no finished deletion of it in zone ${place.zone}`, 'Compute Engine remembers a deletion for about two weeks, and a number that it does not know may be anything. Let the cluster answer; the key stays placed until then.');
  if (name[1] !== place.zone || !isNamedFor(name[2]!, place.cluster)) return no(id, `it was ${name[2]} in ${name[1]}, which is not a machine of cluster ${place.cluster} in zone ${place.zone}`, LOOK);
  const alive = machines.filter((machine) => machine.labels?.['goog-k8s-cluster-name'] === place.cluster || isNamedFor(machine.name ?? '', place.cluster));
  if (alive.length > 0) return no(id, `cluster ${place.cluster} has other machines in zone ${place.zone}: ${alive.map((machine) => `${machine.name} (${machine.status})`).join(', ')}`, OTHERS);
  return { proof: { cloud: 'gcp', id, answer: 'deleted', asked, as } };
}

/** GKE calls a machine `gke-<cluster>-<pool>-<hash>-<suffix>`, and shortens long names of clusters. */
const SHORTENED = 15;
const isNamedFor = (machine: string, cluster: string): boolean => machine.startsWith(cluster.length <= SHORTENED ? `gke-${cluster}-` : `gke-${cluster.slice(0, SHORTENED)}`);

const json = async <T>(ask: Ask, command: readonly string[]): Promise<T> => JSON.parse(await output(ask, command)) as T;

async function output(ask: Ask, command: readonly string[]): Promise<string> {
  const answer = await ask(command);
  if ('failed' in answer) throw new CloudError(answer.failed.trim().split('\n').slice(-2).join(' '));
  return answer.output;
}
