import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isMap, parseDocument, type YAMLMap } from 'yaml';
import type { Plan } from '../../apps/plan/model';
import { catalogue } from '../../chains';
import { loadFleet } from '../../model/load';
import { Checkout } from './checkout';
import { keepPlan } from './key-changes';
import { ROOT } from './fleets';
import { stockade } from '../run';
import { COLD, warm } from '../warm';
import { BIN, type Ran } from './server';

const { fleet } = loadFleet(join(ROOT, 'fleet'), catalogue);
const signer = fleet!.nodes.find(({ cluster, network, keys }) => fleet!.clusters[cluster]!.cloud === 'gcp' && fleet!.networks[network]!.chain === 'cosmos' && keys.length === 1)!;
const { project, region } = fleet!.clusters[signer.cluster] as { project: string; region: string };
const [at, namespace] = [`${signer.cluster}/${signer.name}`, `staking-${signer.network}`];
const PROOF = 'its pod is gone, ana looked';

/** The steps as they are, in front of stand-ins for what only a cluster and a cloud have. */
const folder = mkdtempSync(join(tmpdir(), 'stockade-keys-steps-'));
const [state, programs] = [join(folder, 'state'), join(folder, 'programs')];
const checkout = new Checkout(join(folder, 'checkout'));
const planFile = join(folder, 'keys.tfplan');
const log = join(folder, 'asked.log');

function standIn(name: string, script: string): string {
  writeFileSync(join(programs, name), `#!/bin/bash\n${script}\n`);
  chmodSync(join(programs, name), 0o755);
  return join(programs, name);
}

/** What the cluster has, by path; undefined: nobody answers there. */
function clusterHas(lists: Readonly<Record<string, readonly object[]>> | undefined): void {
  const down = `echo 'Unable to connect to the server: dial tcp: i/o timeout' >&2; exit 1`;
  standIn('kubectl', `echo "kubectl $*" >>${log}\n${lists ? `exec '${process.execPath}' '${join(ROOT, 'test/kube/lists.cjs')}' '${JSON.stringify(lists)}' ${log} "$@"` : down}`);
}

/** What Compute Engine has: machines, and operations that ended. */
function cloudHas({ machines = [], operations = [] }: { machines?: readonly object[]; operations?: readonly object[] } = {}): void {
  standIn(
    'gcloud',
    `echo "gcloud $* as $(grep -o 'stockade-[a-z]*@' "\${GOOGLE_APPLICATION_CREDENTIALS:-/dev/null}" | head -n 1)" >>${log}
case "$*" in
  "container clusters describe"*) echo '{"controlPlaneEndpointsConfig":{"dnsEndpointConfig":{"endpoint":"x.gke.goog"}}}' ;;
  "config list"*) echo '{"core":{"account":"ana@example.com"}}' ;;
  "compute instances list"*) echo '${JSON.stringify(machines)}' ;;
  "compute operations list"*) echo '${JSON.stringify(operations)}' ;;
  *) exit 1 ;;
esac`,
  );
}

const environment = (): Record<string, string> => ({
  HOME: folder,
  ...warm(programs),
  STOCKADE_HOME: ROOT,
  STOCKADE_STATE: state,
  STOCKADE_CLOUD: 'aws',
  STOCKADE_GCP_PROJECT: project,
  STOCKADE_GCP_PROJECTS: project,
  STOCKADE_GCP_PROJECT_NUMBER: '123456789012',
  STOCKADE_AWS_ACCOUNT: '111122223333',
  AWS_REGION: 'eu-central-1',
  // The branch's rules, for whatever step asks the Git host for them.
  STOCKADE_GITHUB: join(programs, 'github'),
  DIR: join(checkout.folder, 'infra/projects/keys'),
  REPO_REL_DIR: 'infra/projects/keys',
  WORKSPACE: 'default',
  PLANFILE: planFile,
  PROJECT_NAME: 'keys',
  HEAD_COMMIT: checkout.git('rev-parse', 'HEAD'),
  BASE_BRANCH_NAME: 'main',
});

function step(name: 'keys-plan' | 'keys-apply', env: Readonly<Record<string, string>> = {}): Ran {
  const { status, stdout, stderr } = spawnSync(join(BIN, name), [], { cwd: checkout.folder, env: { ...environment(), ...env }, encoding: 'utf8' });
  return { code: status ?? 1, output: stdout + stderr };
}

/** A node of the fleet, declared otherwise. */
function declare(change: (node: YAMLMap) => void): void {
  const path = join(checkout.folder, 'fleet', signer.source.file);
  const document = parseDocument(readFileSync(path, 'utf8'));
  const nodes = document.get('nodes') as { items: unknown[] };
  change(nodes.items.find((node): node is YAMLMap => isMap(node) && node.get('name') === signer.name)!);
  writeFileSync(path, document.toString({ lineWidth: 0 }));
}

const keys = (...args: string[]): Promise<unknown> => stockade(['keys', ...args], { env: environment() });

/** What the trusted copy says of the checkout, as the server keeps it. */
let plan0: string;
const planned = (findings: Plan['findings'] = [], base?: string): void => void (plan0 = keepPlan(checkout, state, findings, base));
const refusedIn = (section: 'keys' | 'volumes'): Plan['findings'][number] => ({ section, risk: 'second-signer risk', code: 'x', what: 'a key would be claimed twice', refused: true, next: 'Take it from one.', count: 1, places: {} });

const retires = async (...machine: string[]): Promise<void> => {
  checkout.git('checkout', '--quiet', '-B', 'retire', 'main');
  declare((node) => {
    node.set('state', 'retired');
    node.set('keys', []);
  });
  const said = await keys('retire', '--node', at, '--proof', PROOF, '--fleet', join(checkout.folder, 'fleet'), '--base', 'main', ...machine);
  expect(said).toMatchObject({ code: 0 });
  checkout.git('commit', '--quiet', '--all', '--message', 'Retire');
  planned();
};

const set = (replicas: number): object => ({
  metadata: { name: `${signer.name}-node`, generation: 1, labels: { 'stockade.dev/node': signer.name } },
  spec: { replicas, template: { spec: { volumes: [{ configMap: { name: 'c' } }] } } },
  status: { observedGeneration: 1, replicas, currentRevision: 'r', updateRevision: 'r' },
});
const revision = { metadata: { name: 'r' }, data: { spec: { template: { spec: { volumes: [{ configMap: { name: 'c' } }] } } } } };
const configMap = (...claims: string[]): object => ({ metadata: { name: 'c' }, data: { 'agent.json': JSON.stringify({ identity: { node: signer.name }, secrets: claims.map((claim) => ({ source: 'key', claim })) }) } });

beforeAll(() => {
  for (const path of [state, programs]) mkdirSync(path, { recursive: true });
  standIn('github', `echo '${JSON.stringify([{ type: 'pull_request', parameters: { required_approving_review_count: 1, dismiss_stale_reviews_on_push: true, require_code_owner_review: true, require_last_push_approval: true } }, { type: 'required_status_checks', parameters: { strict_required_status_checks_policy: true, required_status_checks: [{ context: 'stockade/plan' }] } }])}'`);
  checkout.init(() => declare((node) => node.set('state', 'stopped')), ['fleet', 'atlantis.yaml', 'infra/projects']);
  if (!checkout.git('remote').includes('origin')) checkout.git('remote', 'add', 'origin', '.');
}, 120_000);
beforeEach(() => {
  rmSync(log, { force: true });
  clusterHas({});
  cloudHas();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a change that retires the key of a node that was stopped before', { timeout: 120_000 }, () => {
  it('is planned and applied where the cluster has nothing left that signs or could', async () => {
    await retires();
    // Each command a process of its own, as on the server.
    expect(step('keys-plan', COLD)).toMatchObject({ code: 0, output: expect.stringContaining(`${at}: its signer has ended, and nothing can start it.`) });
    expect(step('keys-apply', COLD)).toMatchObject({ code: 0, output: expect.stringContaining('fleet/keys.lock is as planned') });
    // By the plan identity.
    expect(readFileSync(log, 'utf8')).toMatch(new RegExp(`gcloud container clusters describe ${signer.cluster} .* as stockade-plan@`));
    expect(readFileSync(log, 'utf8')).toContain(`/kubeconfigs/plan/${signer.cluster} proxy --unix-socket=`);
    expect(readFileSync(log, 'utf8')).toContain(`GET /api/v1/namespaces/${namespace}/pods\n`);
  });

  it('is not applied where a pod came up after the plan', async () => {
    await retires();
    expect(step('keys-plan').code).toBe(0);
    clusterHas({ pods: [{ metadata: { name: `${signer.name}-node-0`, labels: { 'stockade.dev/node': signer.name } } }] });
    expect(step('keys-apply')).toMatchObject({ code: 1, output: expect.stringContaining(`pod ${namespace}/${signer.name}-node-0 is there`) });
  });

  it('is not planned while a replica is left, or the revision that would start has the key, and passes once that is gone', async () => {
    await retires();
    clusterHas({ statefulsets: [set(1)], controllerrevisions: [revision], configmaps: [configMap(signer.keys[0]!)] });
    expect(step('keys-plan')).toMatchObject({ code: 1, output: expect.stringContaining('is to have 1 replicas') });
    clusterHas({ statefulsets: [set(0)], controllerrevisions: [revision], configmaps: [configMap(signer.keys[0]!)] });
    expect(step('keys-plan')).toMatchObject({ code: 1, output: expect.stringContaining(`kubectl --namespace ${namespace} delete statefulset ${signer.name}-node`) });
    expect(existsSync(planFile) && readFileSync(planFile, 'utf8') === '').toBe(false);
    clusterHas({ statefulsets: [set(0)], controllerrevisions: [revision], configmaps: [configMap()] });
    expect(step('keys-plan').code).toBe(0);
  });

  it('is asked about where the cluster was merged, and not at all where the same change moves a cluster that keys are placed in', async () => {
    await retires();
    const file = join(checkout.folder, 'fleet/clusters', `${signer.cluster}.yaml`);
    writeFileSync(file, readFileSync(file, 'utf8').replace(`project: ${project}`, 'project: somebody-elses'));
    checkout.git('commit', '--quiet', '--all', '--message', 'And the cluster is elsewhere');
    planned();
    clusterHas({ statefulsets: [set(1)] });
    expect(step('keys-plan')).toMatchObject({ code: 1, output: expect.stringContaining('[keys-cluster-moved]') });
    expect(existsSync(log)).toBe(false);
    // By the step that asks, alone.
    const base = checkout.git('rev-parse', 'main');
    const { stderr } = await stockade(['server', 'retirements', '--fleet', join(checkout.folder, 'fleet'), '--base', base, '--plan', plan0], { env: environment() });
    expect(readFileSync(log, 'utf8')).toContain(`describe ${signer.cluster} --location=${region} --project=${project} `);
    expect(readFileSync(log, 'utf8')).not.toContain('somebody-elses');
    expect(stderr).toContain('is to have 1 replicas');
  });

  it('of a cluster that does not answer takes a machine that its cloud has deleted, and no words', async () => {
    const deleted = { operationType: 'delete', targetId: '4711471147', status: 'DONE', targetLink: `https://x/projects/${project}/zones/${signer.zone}/instances/gke-${signer.cluster.slice(0, 15)}-x` };
    await retires();
    clusterHas(undefined);
    expect(step('keys-plan')).toMatchObject({ code: 1, output: expect.stringMatching(/can not be asked about .*: the API server does not answer [^]*--machine <cloud id>/) });
    cloudHas({ operations: [deleted] });
    await retires('--machine', deleted.targetId);
    expect(readFileSync(join(checkout.folder, 'fleet/keys.lock'), 'utf8')).toMatch(new RegExp(`"proof":"${PROOF} \\[machine gcp 4711471147 deleted, asked [0-9TZ:-]+ as ana@example.com\\]"`));
    expect(step('keys-plan')).toMatchObject({ code: 0, output: expect.stringContaining('its signer has ended') });
    expect(readFileSync(log, 'utf8')).toMatch(/gcloud compute operations list .* as stockade-plan@/);
    // The quotation is no proof by itself: the cloud is asked again.
    cloudHas({ machines: [{ id: deleted.targetId, name: 'gke-x', status: 'RUNNING' }] });
    expect(step('keys-plan')).toMatchObject({ code: 1, output: expect.stringContaining('Compute Engine has it, as gke-x (RUNNING)') });
  });

  it('is not planned without the readable plan of this tree and this main, nor where that refuses something about keys', async () => {
    await retires();
    planned([refusedIn('keys')]);
    expect(step('keys-plan')).toMatchObject({ code: 1, output: expect.stringContaining('refuses: a key would be claimed twice\n  next: Take it from one.') });
    planned([], 'a'.repeat(40));
    expect(step('keys-plan')).toMatchObject({ code: 1, output: expect.stringContaining('the readable plan compares with aaaaaaaaaa') });
    writeFileSync(plan0, '{}');
    expect(step('keys-plan')).toMatchObject({ code: 1, output: expect.stringContaining('there is no readable plan of this tree') });
    rmSync(plan0);
    expect(step('keys-plan')).toMatchObject({ code: 1, output: expect.stringContaining('there is no readable plan of this tree') });
    // What it refuses of something else, other projects refuse.
    planned([refusedIn('volumes')]);
    expect(step('keys-plan').code).toBe(0);
  });
});
