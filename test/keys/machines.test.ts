import { describe, expect, it } from 'vitest';
import { askAboutMachine, placeOf, type Ask, type MachinePlace } from '../../apps/keys/machines';
import { judgeRetirement, retirementsOf, type RetiredByProof } from '../../apps/keys/retirements';
import { readDeclarations } from '../../model/keys/declarations';
import { quote, quoted } from '../../model/keys/machine-proof';
import { lockOf, place, retire } from './fixtures';

const NOW = new Date('2026-11-30T12:00:30.123Z');
const ID = 'i-0123456789abcdef0';
const ARN = 'arn:aws:sts::111122223333:assumed-role/ana/ana';
const AWS: MachinePlace = { cloud: 'aws', account: '111122223333', cluster: 'eks-a', region: 'eu-central-1', zone: 'eu-central-1a' };
const GCP: MachinePlace = { cloud: 'gcp', project: 'example-staking', cluster: 'gke-europe-west1', region: 'europe-west1', zone: 'europe-west1-b' };

interface Machine { id?: string; state?: string; zone?: string; tags?: { Key: string; Value: string }[] }
const instance = ({ id = ID, state = 'terminated', zone = 'eu-central-1a', tags = [{ Key: 'kubernetes.io/cluster/eks-a', Value: 'owned' }] }: Machine) => ({ InstanceId: id, State: { Name: state }, Placement: { AvailabilityZone: zone }, Tags: tags });
const reservations = (...machines: Machine[]): string => JSON.stringify({ Reservations: machines.map((machine) => ({ Instances: [instance(machine)] })) });

/** EC2 as it answers: one machine by its id, and those of the zone. */
const ec2 = ({ machine = {}, others = [], account = '111122223333', failed }: { machine?: Machine; others?: Machine[]; account?: string; failed?: string } = {}): Ask => async (command) => {
  if (command.includes('get-caller-identity')) return { output: JSON.stringify({ Account: account, Arn: ARN }) };
  expect(command).toContain('--region=eu-central-1');
  if (command.includes('--filters=Name=availability-zone,Values=eu-central-1a')) return { output: reservations(machine, ...others) };
  return failed === undefined ? { output: reservations(machine) } : { failed };
};

const DELETED = { operationType: 'delete', targetId: '4711471147114711471', status: 'DONE', targetLink: 'https://www.googleapis.com/compute/v1/projects/example-staking/zones/europe-west1-b/instances/gke-gke-europe-west1-ethereum-0a1b2c3d-x4z9' };
const gce = ({ machines = [], operations = [DELETED] }: { machines?: object[]; operations?: object[] } = {}): Ask => async (command) => {
  if (command.includes('config')) return { output: JSON.stringify({ core: { account: 'ana@example.com' } }) };
  expect(command).toEqual(expect.arrayContaining(['--project=example-staking', '--zones=europe-west1-b']));
  return { output: JSON.stringify(command.includes('operations') ? operations : machines) };
};

const verdict = async (where: MachinePlace, id: string, ask: Ask): Promise<string> => {
  const said = await askAboutMachine(where, id, ask, NOW);
  return 'proof' in said ? quote('ana:', [said.proof]) : `${said.obstacle.message} | ${said.obstacle.next}`;
};

describe('a machine of EC2', () => {
  it('proves the end of its signer when it is terminated, and no other of the cluster is in the zone', async () => {
    expect(await verdict(AWS, ID, ec2())).toBe(`ana: [machine aws ${ID} terminated, asked 2026-11-30T12:00:30Z as ${ARN}]`);
    expect(await verdict(AWS, ID, ec2({ others: [{ id: 'i-1', state: 'terminated' }, { id: 'i-2', state: 'running', tags: [{ Key: 'kubernetes.io/cluster/eks-b', Value: 'owned' }] }] }))).toContain('terminated, asked');
  });

  it.each<[string, Ask, RegExp, string?]>([
    ['is running', ec2({ machine: { state: 'running' } }), /EC2 calls it running, which is not final \| .*Terminate it/],
    ['is stopped: its memory may be on its disk', ec2({ machine: { state: 'stopped' } }), /calls it stopped/],
    ['is only shutting down', ec2({ machine: { state: 'shutting-down' } }), /calls it shutting-down/],
    ['is of another cluster', ec2({ machine: { tags: [{ Key: 'kubernetes.io/cluster/eks-b', Value: 'owned' }] } }), /its tags do not say that it was of cluster eks-a/],
    ['has lost its tags', ec2({ machine: { tags: [] } }), /its tags do not say/],
    ['was in another zone', ec2({ machine: { zone: 'eu-central-1b' } }), /of zone eu-central-1b, and the node's disks are in eu-central-1a/],
    ['has a neighbour that could have taken the pod', ec2({ others: [{ id: 'i-9', state: 'running' }] }), /has other machines in zone eu-central-1a: i-9 \(running\)/],
    ['has a neighbour that is stopped', ec2({ others: [{ id: 'i-9', state: 'stopped' }] }), /i-9 \(stopped\)/],
    ['was forgotten, or never was', ec2({ failed: 'An error occurred (InvalidInstanceID.NotFound): The instance ID does not exist' }), /EC2 does not know it.*forgets a machine about an hour after.*let the cluster answer/],
    ['can not be asked about', ec2({ failed: 'Could not connect to the endpoint URL' }), /can not be asked about it: Could not connect/],
    ['is asked about in another account', ec2({ account: '999988887777' }), /credentials are of account 999988887777/],
    ['is not in the list of its own zone, which then lacks others too', async (command) => (command.some((word) => word.startsWith('--filters')) ? { output: '{}' } : ec2()(command)), /EC2 lists the machines of eu-central-1a without it/],
    ['is answered about in another form', async (command) => (command.includes('get-caller-identity') ? ec2()(command) : { output: 'null' }), /not the cloud's form/],
    ['is named by its name', ec2(), /not the id of an EC2 instance/, 'ip-10-0-0-1'],
    ['is named by an option', ec2(), /not the id of an EC2 instance/, '--profile=x'],
  ])('proves nothing when it %s', async (_, ask, message, id = ID) => expect(await verdict(AWS, id, ask)).toMatch(message));
});

describe('a machine of Compute Engine', () => {
  it('proves the end of its signer when nothing bears its number, and its deletion is done', async () => {
    expect(await verdict(GCP, DELETED.targetId, gce())).toBe(`ana: [machine gcp ${DELETED.targetId} deleted, asked 2026-11-30T12:00:30Z as ana@example.com]`);
  });

  it.each<[string, Ask, RegExp, string?]>([
    ['is TERMINATED, which there means stopped', gce({ machines: [{ id: DELETED.targetId, name: 'gke-x', status: 'TERMINATED' }] }), /has it, as gke-x \(TERMINATED\), which is not final/],
    ['is suspended', gce({ machines: [{ id: DELETED.targetId, name: 'gke-x', status: 'SUSPENDED' }] }), /SUSPENDED/],
    ['was never there', gce({ operations: [] }), /no finished deletion of it.*may be anything/],
    ['is still being deleted', gce({ operations: [{ ...DELETED, status: 'RUNNING' }] }), /no finished deletion/],
    ['could not be deleted', gce({ operations: [{ ...DELETED, error: { errors: [] } }] }), /no finished deletion/],
    ['was only stopped', gce({ operations: [{ ...DELETED, operationType: 'stop' }] }), /no finished deletion/],
    ['was another', gce({ operations: [{ ...DELETED, targetId: '1' }] }), /no finished deletion/],
    ['was of another cluster', gce({ operations: [{ ...DELETED, targetLink: DELETED.targetLink.replace('gke-gke-europe-west1', 'gke-other') }] }), /not a machine of cluster gke-europe-west1/],
    ['has a neighbour, which may bear its name', gce({ machines: [{ id: '5', name: 'gke-gke-europe-west1-ethereum-0a1b2c3d-x4z9', status: 'RUNNING' }] }), /has other machines in zone europe-west1-b/],
    ['has a neighbour by its label', gce({ machines: [{ id: '5', name: 'x', status: 'STOPPED', labels: { 'goog-k8s-cluster-name': 'gke-europe-west1' } }] }), /x \(STOPPED\)/],
    ['is answered about in another form', async (command) => (command.includes('config') ? gce()(command) : { output: '{}' }), /not the cloud's form/],
    ['is named by its name', gce(), /not a numeric id/, 'gke-gke-europe-west1-ethereum-0a1b2c3d-x4z9'],
  ])('proves nothing when it %s', async (_, ask, message, id = DELETED.targetId) => expect(await verdict(GCP, id, ask)).toMatch(message));
});

describe('a retirement', () => {
  const merged = readDeclarations(
    new Map([
      ['clusters/eks-a.yaml', 'cloud: aws\naccount: "111122223333"\nregion: eu-central-1\n'],
      ['nodes/eks-a/hoodi.yaml', 'defaults: { zone: eu-central-1a }\nnodes: [{ name: eth-0, state: stopped, keys: [] }]\n'],
    ]),
  );
  const words: RetiredByProof = { cluster: 'eks-a', network: 'hoodi', node: 'eth-0', keys: ['0xaa'], proof: 'the pod is gone, ana looked' };
  const machine = { ...words, proof: quote(words.proof, [{ cloud: 'aws', id: ID, answer: 'terminated', asked: 'x', as: 'y' }]) };
  const nobody: Ask = async () => ({ failed: 'nobody is to be asked' });
  const unreachable = { kind: 'unreachable', why: 'dial tcp: i/o timeout' } as const;
  const judge = async (...[retired, answer, ask]: [RetiredByProof, Parameters<typeof judgeRetirement>[1], Ask]) => (await judgeRetirement(retired, answer, merged, ask, NOW)).map(({ message, next }) => `${message} | ${next}`);

  it('is of each node and proof by itself', () => {
    const lock = lockOf(['2026-11-22T12:00:00Z', place('0xaa', 'eu/a'), place('0xbb', 'eu/a'), place('0xcc', 'eu/b')], ['2026-11-22T13:00:00Z', retire('0xaa', 'eu/a'), retire('0xbb', 'eu/a'), { ...retire('0xcc', 'eu/b'), proof: 'another proof' }]);
    expect(retirementsOf(lock.entries.slice(3))).toMatchObject([{ node: 'a', keys: ['0xaa', '0xbb'] }, { node: 'b', keys: ['0xcc'], proof: 'another proof' }]);
    expect(retirementsOf(lock.entries.slice(0, 3))).toEqual([]);
  });

  it('is decided by the cluster where that answers, whatever a proof says', async () => {
    const empty = { statefulSets: [], pods: [], revisions: [], configMaps: [] };
    expect(await judge(words, { kind: 'read', reading: empty }, nobody)).toEqual([]);
    const pod = { metadata: { name: 'eth-0-validator-0', labels: { 'stockade.dev/node': 'eth-0' } } };
    expect((await judge(machine, { kind: 'read', reading: { ...empty, pods: [pod] } }, ec2())).join()).toMatch(/eth-0-validator-0 is there/);
  });

  it('is refused where the cluster does not answer and words are all there is', async () => {
    expect((await judge(words, unreachable, nobody)).join()).toMatch(/cluster eks-a can not be asked about eth-0: dial tcp.*--machine <cloud id>/);
  });

  it('is refused where the cluster answers that we may not look, machines or not', async () => {
    expect(await judge(machine, { kind: 'refused', why: 'Forbidden' }, ec2())).toHaveLength(1);
  });

  it('of a cluster that does not answer passes by a machine that its cloud still calls terminated', async () => {
    expect(await judge(machine, unreachable, ec2())).toEqual([]);
    expect((await judge(machine, unreachable, ec2({ machine: { state: 'running' } }))).join()).toMatch(/EC2 calls it running/);
    expect((await judge(machine, unreachable, nobody)).join()).toMatch(/can not be asked about it: nobody/);
  });

  it('is refused by a machine of another cloud, and where what was merged does not say where the cluster was', async () => {
    const google = { ...words, proof: quote(words.proof, [{ cloud: 'gcp', id: '4711471147', answer: 'deleted', asked: 'x', as: 'y' }]) };
    expect((await judge(google, unreachable, ec2())).join()).toMatch(/is of gcp, and cluster eks-a is in aws/);
    expect((await judge({ ...machine, node: 'eth-9' }, unreachable, ec2())).join()).toMatch(/does not say in which cloud and zone/);
  });

  it('reads what it quotes, and nothing in words', () => {
    expect(quoted(machine.proof)).toEqual([{ cloud: 'aws', id: ID, answer: 'terminated', asked: 'x', as: 'y' }]);
    for (const text of ['machine i-0abc terminated', '[machine aws i-1 running, asked x as y]', '[machine azure 1 deleted, asked x as y]']) expect(quoted(text)).toEqual([]);
  });

  it('asks in no place whose names a command could take for something else', () => {
    const at = (cluster: string): ReturnType<typeof placeOf> => placeOf(readDeclarations(new Map([['clusters/eks-a.yaml', cluster], ['nodes/eks-a/hoodi.yaml', 'nodes: [{ name: eth-0, zone: eu-central-1a, keys: [] }]']])), words);
    expect(at('cloud: aws\naccount: "111122223333"\nregion: eu-central-1\n')).toBeDefined();
    for (const text of ['cloud: aws\naccount: "--x"\nregion: eu-central-1\n', 'cloud: aws\naccount: "111122223333"\nregion: "--endpoint-url=x"\n', 'cloud: gcp\nregion: eu-central-1\n', '[']) expect(at(text)).toBeUndefined();
  });
});
