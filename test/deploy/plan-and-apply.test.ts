import { beforeEach, describe, expect, it } from 'vitest';
import { applyPlan } from '../../apps/deploy/apply';
import { describePlan, planManifests } from '../../apps/deploy/plan';
import type { PlanFile, Planned } from '../../apps/deploy/plan-file';
import type { Declared } from '../../apps/deploy/placements';
import { nameOf, type ReviewedObject } from '../../apps/deploy/rendered';
import { ANNOTATIONS } from '../../naming';
import { CLUSTER, goldenFleet, goldenRendered, journal, placement, refusalOf, SIGNER, signerKeys } from './stand-in';
import { FakeCluster, kindsOf } from '../kube/cluster';

const fleet = goldenFleet();
// One network's nodes: each kind in each namespace costs a request, and each request a process.
const rendered = goldenRendered().filter(({ by, manifest }) => (by === 'deployer' && manifest.metadata.namespace === SIGNER.namespace) || manifest.metadata.name === SIGNER.namespace);
const all = journal();
const [first, second] = signerKeys() as [string, string];
const others = all.filter(({ key }) => !signerKeys().includes(key)).map(({ key, network, cluster, node }) => placement(key, network, cluster, node));
/** One key of two is merged. */
const half = journal([...others, placement(first, SIGNER.network, CLUSTER, SIGNER.node)]);
const stoppedFleet = { ...fleet, nodes: fleet.nodes.map((node) => (node.name === SIGNER.node ? { ...node, state: 'stopped' as const } : node)) };

/** The rendered tree with other replicas of the signer. */
const stopped = (): ReviewedObject[] =>
  structuredClone(rendered).map((one) => {
    if (nameOf(one.manifest) === SIGNER.full) (one.manifest['spec'] as { replicas: number }).replicas = 0;
    return one;
  });

describe('what is planned and applied', () => {
  let cluster: FakeCluster;
  const said: string[] = [];
  beforeEach(() => {
    said.length = 0;
    cluster = new FakeCluster(kindsOf(rendered.map(({ manifest }) => manifest)));
  });

  const declaredBy = (entries: Declared['journal'], of = fleet): Declared => ({ journal: entries, fleet: of });
  const plan = (entries = all, from = rendered, of = fleet): Promise<PlanFile> => planManifests(cluster.kube(), from, { cluster: CLUSTER, declared: declaredBy(entries, of), withoutGatekeeper: true });
  const apply = (planned: PlanFile, entries = all, of = fleet): Promise<void> => applyPlan(planned, { platform: cluster.kube(), deployer: cluster.kube(), declared: declaredBy(entries, of), say: (line) => void said.push(line), timeoutSeconds: 5 });
  const signerOf = ({ objects }: PlanFile): Planned => objects.find(({ manifest }) => nameOf(manifest) === SIGNER.full)!;
  const replicas = (): unknown => (cluster.find('StatefulSet', SIGNER.name)?.['spec'] as { replicas?: number } | undefined)?.replicas;
  /** The cluster runs what was rendered. */
  const applied = async (): Promise<void> => apply(await plan());

  it('the control: where the merged journal places every key, everything is made, and planned again nothing changes', async () => {
    await applied();
    expect(replicas()).toBe(1);
    expect(describePlan(await plan(), 'sha256:x')).toMatch(/unchanged, 0 held\.\nNo changes\. Your infrastructure matches the configuration\.\nPlan sha256:x\n$/);
  });

  describe('a new signer whose key is placed by the same change', () => {
    it('is refused where it is to run', async () => {
      expect(await refusalOf(() => plan(half))).toBe(`error: ${SIGNER.full} would start, and the placement of key ${second.slice(0, 14)}...${second.slice(-6)} is not merged: another change may place it elsewhere\n  next: Merge the journal first: declare the node stopped in this change (state: stopped), have that applied and merged, then start it in a change of its own.`);
    });

    it('comes in two changes: stopped, with everything but its workload, then started', async () => {
      const first_ = await plan(half, stopped(), stoppedFleet);
      expect(signerOf(first_)).toMatchObject({ action: 'unmerged', changes: [], unmerged: [second] });
      const text = describePlan(first_, 'sha256:x');
      expect(text).toContain(`! ${SIGNER.full}: the placement of key ${second.slice(0, 14)}...${second.slice(-6)} is not merged: merge the journal first; the next change of this cluster applies it\n`);
      expect(text).toContain('1 unmerged.');
      await apply(first_, half, stoppedFleet);
      expect(replicas()).toBeUndefined();
      expect(cluster.find('PersistentVolumeClaim', `${SIGNER.name}-signing-state`)).toBeDefined();
      expect(said).toContain(`! ${SIGNER.full}: the placement of key ${second.slice(0, 14)}...${second.slice(-6)} is not merged: merge the journal first; the next change of this cluster applies it`);
      // Nothing is left to do, and that is not called a match.
      expect(describePlan(await plan(half, stopped(), stoppedFleet), 'sha256:x')).not.toContain('No changes.');
      // Merged.
      await apply(await plan(all));
      expect(replicas()).toBe(1);
    });
  });

  it('a stopped signer is not started with a key that is not merged, and is with one that is', async () => {
    await apply(await plan(all, stopped(), stoppedFleet), all, stoppedFleet);
    expect(replicas()).toBe(0);
    expect(await refusalOf(() => plan(half))).toContain('would start, and the placement of');
    await applied();
    expect(replicas()).toBe(1);
  });

  it('a running signer that gets a key more goes on as it is, and all else is applied', async () => {
    await applied();
    const changed = structuredClone(rendered);
    for (const { manifest } of changed) if (manifest.kind === 'StatefulSet') (manifest['spec'] as { template: { metadata: { labels: Record<string, string> } } }).template.metadata.labels['mark'] = 'yes';
    const planned = await plan(half, changed);
    expect(signerOf(planned).action).toBe('unmerged');
    expect(planned.objects.filter(({ action }) => action === 'update').length).toBe(2);
    await apply(planned, half);
    expect(JSON.stringify(cluster.find('StatefulSet', SIGNER.name))).not.toContain('"mark"');
    expect(JSON.stringify(cluster.find('StatefulSet', 'eth-gke-0-execution'))).toContain('"mark"');
    await apply(await plan(all, changed));
    expect(JSON.stringify(cluster.find('StatefulSet', SIGNER.name))).toContain('"mark"');
  });

  it('a stop is never refused for its keys, and says how to stop at once', async () => {
    await applied();
    const planned = await plan(half, stopped(), stoppedFleet);
    expect(describePlan(planned, 'sha256:x')).toContain('applies it. If it runs, stop it now: npm run manifests -- stop\n');
    // A retirement that was merged since does not refuse it either.
    await apply(await plan(all, stopped(), stoppedFleet), half, stoppedFleet);
    expect(said.join()).toContain('is not merged');
    cluster.change('StatefulSet', SIGNER.name, (one) => ((one.metadata.annotations as Record<string, string>)[ANNOTATIONS.hold] = 'ana: stopped'));
    expect(signerOf(await plan(half)).action).toBe('held');
  });

  it('a placement that was retired or moved between plan and apply refuses the apply, before anything is done', async () => {
    const planned = await plan();
    const before = cluster.world.objects.length;
    expect(await refusalOf(() => apply(planned, half))).toContain(`${SIGNER.full} claims a key that is no longer placed here: the placement of key ${second.slice(0, 14)}`);
    expect(cluster.world.objects.length).toBe(before);
    await apply(planned);
    expect(replicas()).toBe(1);
  });

  it('a tree that claims what the fleet does not declare is refused, at plan and at apply', async () => {
    const planned = await plan();
    const without = { ...fleet, nodes: fleet.nodes.filter(({ name }) => name !== SIGNER.node) };
    expect(await refusalOf(() => plan(all, rendered, without))).toContain('which the fleet does not declare');
    expect(await refusalOf(() => apply(planned, all, without))).toContain('which the fleet does not declare');
  });

  describe('a signer that nothing declares', () => {
    const undeclared = rendered.filter(({ manifest }) => manifest.metadata.labels?.['stockade.dev/node'] !== SIGNER.node);
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: `${SIGNER.name}-0`, namespace: SIGNER.namespace, labels: { 'stockade.dev/signer': 'true', 'stockade.dev/network': 'hoodi', 'stockade.dev/node': SIGNER.node } } };
    const scale = (to: number): void => cluster.change('StatefulSet', SIGNER.name, (one) => ((one['spec'] as { replicas: number }).replicas = to));
    beforeEach(applied);

    it('refuses the plan while it has a replica', async () => {
      expect(await refusalOf(() => plan(all, undeclared))).toContain(`${SIGNER.full} is a signer that still has a replica, and nothing that was rendered declares it\n  next: Declare its node again, or stop it first, see its pod end, and plan again: npm run manifests -- stop --network hoodi --node ${SIGNER.node}`);
    });

    it('refuses the plan while it has a pod', async () => {
      cluster.pace.endsAfter = Infinity;
      scale(0);
      cluster.put(pod);
      expect(await refusalOf(() => plan(all, undeclared))).toContain(`pod ${SIGNER.namespace}/${SIGNER.name}-0 is a signer's and still there`);
    });

    it('refuses the plan where its whole network is no longer rendered', async () => {
      const { network } = SIGNER;
      const without = goldenRendered().filter(({ manifest }) => manifest.kind === 'Namespace' && manifest.metadata.name !== SIGNER.namespace);
      expect(await refusalOf(() => plan(all, without))).toContain(`is a signer that still has a replica`);
      scale(0);
      expect((await plan(all, without)).leftAlone).toContain(`StatefulSet staking-${network}/${SIGNER.name}`);
    });

    it('is left alone once it is stopped, and told; a declared one with its pod is no danger', async () => {
      cluster.put(pod);
      expect(await refusalOf(() => plan())).toBe('not refused');
      for (const one of cluster.world.of('Pod')) cluster.world.remove(one);
      scale(0);
      const planned = await plan(all, undeclared);
      expect(planned.leftAlone).toContain(SIGNER.full);
      expect(describePlan(planned, 'sha256:x')).toContain('Left alone, since nothing is ever deleted here: ');
    });

    it('of a network that is none of ours is not looked for, and a component that does not sign is left alone', async () => {
      // Its pod says of itself whether it signs, too.
      cluster.change('StatefulSet', SIGNER.name, (one) => {
        const { template } = one.spec as { template: { metadata: { labels: Record<string, string> } } };
        for (const labels of [one.metadata.labels as Record<string, string>, template.metadata.labels]) delete labels['stockade.dev/signer'];
      });
      cluster.world.remove(cluster.find('Pod', `${SIGNER.name}-0`)!);
      cluster.change('StatefulSet', SIGNER.name, (one) => ((one.spec as { updateStrategy: object }).updateStrategy = { rollingUpdate: { partition: 0 } }));
      expect(await refusalOf(() => plan(all, undeclared))).toBe('not refused');
    });
  });
});
