import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyPlan } from '../../apps/deploy/apply';
import { planManifests } from '../../apps/deploy/plan';
import { readRendered, type ReviewedObject } from '../../apps/deploy/rendered';
import { renderFleet } from '../../apps/render/render-fleet';
import { catalogue } from '../../chains';
import { parse } from '../../model/keys/text';
import { loadFleet } from '../../model/load';
import { networkNamespace } from '../../naming';
import { StandInCluster } from '../kube/in-file';
import { key } from '../keys/scratch-repository';
import { Checkout } from './checkout';
import { declareKey, keepPlan, placeKeys } from './key-changes';
import { ROOT } from './fleets';
import { AtlantisServer, missingPrograms, planFile, type PullRequest, type Ran } from './server';

const obstacle = missingPrograms(['openssl', 'openssl']);
const NETWORK = 'ethereum-hoodi';
const KEY = key('7');
const [ONE, OTHER] = ['eks-eu-north-1', 'eks-ap-southeast-1'] as const;
type Cluster = typeof ONE | typeof OTHER;

/**
 * Two pull requests, nobody malicious, place one key in two clusters. Apply comes before merge, and a lock ends when a pull request is closed: so the first is applied and
 * closed, and the second's base does not know of it. Run by the steps' own scripts; stand-ins are the cloud's command line, the API servers, and what the hook rendered.
 */
describe.skipIf(obstacle !== undefined)(`two pull requests that place one key${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-two-changes-'));
  const [state, programs] = [join(folder, 'state'), join(folder, 'programs')];
  const repository = new Checkout(join(folder, 'checkout'));
  const fleetFolder = join(repository.folder, 'fleet');
  const server = new AtlantisServer(
    { HOME: join(folder, 'home'), STOCKADE_HOME: ROOT, STOCKADE_STATE: state, STOCKADE_GITHUB: join(ROOT, 'test/atlantis/github-stand-in'), STOCKADE_CLOUD: 'aws', STOCKADE_GCP_PROJECT: 'example-staking-prod', STOCKADE_GCP_PROJECT_NUMBER: '123456789012', STOCKADE_AWS_ACCOUNT: '111122223333', STOCKADE_MANIFESTS_OPTIONS: '--without-gatekeeper' },
    [programs],
  );
  const clusters = new Map<Cluster, StandInCluster>();
  const nodes = new Map<Cluster, string>();

  const project = (cluster: Cluster) => ({ name: `${cluster}-manifests`, dir: `infra/projects/${cluster}-manifests`, workflow: 'manifests' });
  const step = (act: 'plan' | 'apply', { pull, cluster }: { readonly pull: PullRequest; readonly cluster: Cluster }): Ran => {
    repository.git('checkout', '--quiet', '--force', '--detach', pull.head);
    // As the hook of every plan leaves it: a comparison with what is merged by then, which refuses nothing.
    if (act === 'plan') keepPlan(repository, state);
    return server.project(pull, act, project(cluster));
  };
  /** One node of a cluster, of what its folder has: each kind in each namespace costs a request. */
  const rendered = async (cluster: Cluster, out: string): Promise<ReviewedObject[]> => {
    await renderFleet(loadFleet(fleetFolder, catalogue).fleet!, catalogue, { out, format: 'plain', version: '0.0.0', selection: { clusters: [cluster] } });
    const kept = [join(networkNamespace(NETWORK), nodes.get(cluster)!), 'platform/00-namespaces.yaml'];
    for (const name of readdirSync(join(out, cluster), { recursive: true, withFileTypes: true })) {
      const path = join(name.parentPath, name.name).slice(join(out, cluster).length + 1);
      if (name.isFile() && !kept.some((one) => path.startsWith(one))) rmSync(join(out, cluster, path));
    }
    return readRendered(join(out, cluster));
  };
  /** A pull request that declares the key at a cluster's node, rendered. */
  const change = async (name: string, cluster: Cluster, edit: () => void): Promise<{ pull: PullRequest; cluster: Cluster }> => {
    const pull = repository.branch(name, edit);
    const tree = repository.git('rev-parse', 'HEAD^{tree}');
    await rendered(cluster, join(state, 'rendered', tree, 'dist'));
    return { pull, cluster };
  };
  const declare = (cluster: Cluster): void => declareKey(repository, cluster, NETWORK, KEY);
  const place = (cluster: Cluster): void => placeKeys(repository, `${cluster}/${nodes.get(cluster)}`);
  const placing = (name: string, cluster: Cluster) => change(name, cluster, () => (declare(cluster), place(cluster)));
  /** Whether the workload that signs was given the key. */
  const signsWithIt = (cluster: Cluster): boolean => {
    const { objects } = clusters.get(cluster)!;
    const workload = JSON.stringify(objects.filter(({ kind }) => kind === 'StatefulSet'));
    return objects.some((one) => one.kind === 'ConfigMap' && JSON.stringify((one as { data?: unknown }).data).includes(`"claim\\": \\"${KEY}`) && workload.includes(`"${one.metadata.name}"`));
  };

  beforeAll(async () => {
    for (const made of [join(folder, 'home'), programs]) mkdirSync(made);
    repository.init();
    const { fleet } = loadFleet(fleetFolder, catalogue);
    const declared = { journal: parse(readFileSync(join(fleetFolder, 'keys.lock'), 'utf8')).entries, fleet: fleet! };
    for (const cluster of [ONE, OTHER]) {
      nodes.set(cluster, fleet!.nodes.find((node) => node.cluster === cluster && node.network === NETWORK && node.keys.length > 0)!.name);
      const live = await rendered(cluster, join(folder, 'main', cluster));
      const standIn = new StandInCluster(live.map(({ manifest }) => manifest));
      clusters.set(cluster, standIn);
      const plan = await planManifests(standIn.kube, live, { cluster, declared, withoutGatekeeper: true });
      await applyPlan(plan, { platform: standIn.kube, deployer: standIn.kube, declared, say: () => undefined });
    }
    const described = JSON.stringify({ cluster: { endpoint: 'https://127.0.0.1:1', certificateAuthority: { data: 'eA==' } } });
    writeFileSync(join(programs, 'aws'), `#!/bin/sh\necho '${described}'\n`);
    writeFileSync(join(programs, 'kubectl'), `#!/bin/sh\ncase "$1" in ${[...clusters].map(([cluster, { program }]) => `*/${cluster}) exec ${program} "$@";;`).join(' ')} esac\nexit 1\n`);
    for (const program of ['aws', 'kubectl']) chmodSync(join(programs, program), 0o755);
  });
  afterAll(() => {
    for (const cluster of clusters.values()) cluster.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  let first: Awaited<ReturnType<typeof placing>>;
  let second: Awaited<ReturnType<typeof placing>>;
  /** The second's plan, with its seal. */
  let kept: readonly [string, string];
  const UNMERGED = `the placement of key ${KEY.slice(0, 14)}...${KEY.slice(-6)} is not merged: merge the journal first`;

  it('neither signs with it before it is merged, though each is applied', async () => {
    first = await placing('first', ONE);
    second = await placing('second', OTHER);
    for (const one of [first, second]) {
      const planned = step('plan', one);
      expect(planned.output).toContain(UNMERGED);
      expect(planned).toMatchObject({ code: 0 });
      const applied = step('apply', one);
      expect(applied.output).toContain(UNMERGED);
      expect(applied).toMatchObject({ code: 0 });
      expect(signsWithIt(one.cluster)).toBe(false);
    }
    const { name, dir } = project(OTHER);
    const file = planFile(second.pull, name, dir);
    kept = [readFileSync(file, 'utf8'), readFileSync(`${file}.seal`, 'utf8')];
  });

  it('one that declares it without placing it is refused by the step itself, whatever projects it lists', async () => {
    const unplaced = await change('unplaced', ONE, () => declare(ONE));
    expect(step('plan', unplaced)).toMatchObject({ code: 1, output: expect.stringContaining('[keys-lock-') });
  });

  it('once the first is merged, its next change lets it sign there, and the second is refused', async () => {
    const before = repository.git('rev-parse', 'main');
    repository.git('branch', '--force', 'main', first.pull.head);
    const next = await change('next', ONE, () => repository.write('docs/note.md', 'x\n'));
    const planned = step('plan', next);
    expect(planned).toMatchObject({ code: 0 });
    expect(planned.output).not.toContain('is not merged');
    // What is merged when it is applied counts, not what was when it was planned.
    repository.git('branch', '--force', 'main', before);
    expect(step('apply', next)).toMatchObject({ code: 1, output: expect.stringContaining('claims a key that is no longer placed here') });
    expect(signsWithIt(ONE)).toBe(false);
    repository.git('branch', '--force', 'main', first.pull.head);
    // The control.
    expect(step('apply', next)).toMatchObject({ code: 0 });
    expect(signsWithIt(ONE)).toBe(true);

    const { name, dir } = project(OTHER);
    const file = planFile(second.pull, name, dir);
    for (const [index, path] of [file, `${file}.seal`].entries()) writeFileSync(path, kept[index]!);
    for (const act of ['apply', 'plan'] as const) expect(step(act, second)).toMatchObject({ code: 1, output: expect.stringContaining('[keys-lock-') });
    expect(signsWithIt(OTHER)).toBe(false);
  });
});
