import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { hold } from '../../acts/stop';
import { applyPlan } from '../../apps/deploy/apply';
import { planManifests } from '../../apps/deploy/plan';
import { open, seal, type PlanFile } from '../../apps/deploy/plan-file';
import { inspect, nameOf, type ReviewedObject } from '../../apps/deploy/rendered';
import type { Manifest } from '../../constructs/manifest';
import { FakeCluster, kindsOf } from '../kube/cluster';
import { CLUSTER, goldenFleet, goldenRendered, journal, refusalOf, SIGNER } from './stand-in';

const declared = { journal: journal(), fleet: goldenFleet() };
const rendered = goldenRendered().filter(({ by, manifest }) => (by === 'deployer' && manifest.metadata.namespace === SIGNER.namespace) || manifest.metadata.name === SIGNER.namespace);
type Spec = { replicas?: unknown; updateStrategy?: { type?: string; rollingUpdate?: { partition?: unknown } }; template: { metadata: { annotations?: Record<string, string> } } };

/** What was rendered, with the signer changed. */
const changed = (change: (spec: Spec, manifest: Manifest) => void): ReviewedObject[] => {
  const copy = structuredClone(rendered);
  const { manifest } = copy.find((one) => nameOf(one.manifest) === SIGNER.full)!;
  change(manifest['spec'] as Spec, manifest);
  return copy;
};
const withMark = (mark: string): ReviewedObject[] => changed(({ template }) => (template.metadata.annotations = { ...template.metadata.annotations, mark }));

const folder = mkdtempSync(join(tmpdir(), 'stockade-promises-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('never applied, whoever reviewed it', () => {
  /** Where a tree of this code's own is read, and where a plan file is opened. */
  const refusals = async (objects: readonly ReviewedObject[]): Promise<string[]> => {
    const plan: PlanFile = { format: 'stockade-manifests-plan/1', cluster: CLUSTER, clusterUid: 'x', objects: objects.map((one) => ({ ...one, action: 'create', changes: [] })), leftAlone: [], untried: [] };
    const file = join(folder, 'plan.json');
    writeFileSync(file, seal(plan).text);
    return [await refusalOf(() => inspect(objects)), await refusalOf(() => open(file, { cluster: CLUSTER }))];
  };
  const foreign = (manifest: object): ReviewedObject[] => [...rendered, { stage: 'nodes', by: 'deployer', manifest: manifest as Manifest }];

  it.each<[string, ReviewedObject[], string]>([
    ['[inspect-armed] partition 0', changed((spec) => (spec.updateStrategy!.rollingUpdate!.partition = 0)), `${SIGNER.full} is not armed (partition 0)`],
    ['[inspect-armed] no partition', changed((spec) => delete spec.updateStrategy!.rollingUpdate), `${SIGNER.full} is not armed (partition undefined)`],
    ['[inspect-armed] a partition that only looks like 1', changed((spec) => (spec.updateStrategy!.rollingUpdate!.partition = '1')), `${SIGNER.full} is not armed (partition "1")`],
    ['[inspect-one-replica] two replicas', changed((spec) => (spec.replicas = 2)), `${SIGNER.full} has 2 replicas: one signer, or none`],
    ['[inspect-one-replica] none said, which is one of the server\'s choosing', changed((spec) => delete spec.replicas), `${SIGNER.full} has undefined replicas`],
    ['[inspect-kinds] a Deployment', foreign({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x', namespace: SIGNER.namespace } }), "runs pods that are no node's"],
    ['[inspect-kinds] a Secret', foreign({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x', namespace: SIGNER.namespace } }), 'is of a kind that synth never renders'],
    ['[inspect-kinds] a StatefulSet of another group', changed((_, manifest) => (manifest.apiVersion = 'apps.example.com/v1')), 'is of a kind that synth never renders'],
    ['[inspect-namespaces] another namespace', changed((_, manifest) => (manifest.metadata.namespace = 'default')), 'is in a namespace that is not ours'],
    ['[inspect-once] the same object twice', [...rendered, rendered.find(({ manifest }) => nameOf(manifest) === SIGNER.full)!], `${SIGNER.full} is there twice`],
  ])('%s', async (_what, objects, message) => {
    for (const refusal of await refusals(objects)) expect(refusal).toContain(message);
  });

  it('the control: what synth rendered passes, running and stopped', async () => {
    expect(await refusals(rendered)).toEqual(['not refused', 'not refused']);
    expect(await refusals(changed((spec) => (spec.replicas = 0)))).toEqual(['not refused', 'not refused']);
  });
});

describe('between plan and apply', () => {
  let cluster: FakeCluster;
  const said: string[] = [];
  const plan = (from: readonly ReviewedObject[]): Promise<PlanFile> => planManifests(cluster.kube(), from, { cluster: CLUSTER, declared, withoutGatekeeper: true });
  const apply = (planned: PlanFile): Promise<void> => applyPlan(planned, { platform: cluster.kube(), deployer: cluster.kube(), declared, say: (line) => void said.push(line), timeoutSeconds: 5 });
  const mark = (): string | undefined => (cluster.find('StatefulSet', SIGNER.name)?.spec as Spec).template.metadata.annotations?.['mark'];
  const written = (): string[] => cluster.requests.filter(({ method }) => method === 'PATCH').map(({ path }) => path.split('/').at(-1)!);

  beforeEach(async () => {
    cluster = new FakeCluster(kindsOf(rendered.map(({ manifest }) => manifest)));
    await apply(await plan(rendered));
    for (let ticks = 0; ticks < 8; ticks += 1) cluster.pass();
    said.length = 0;
  });

  it('the control: nothing happens, and the plan is applied; no pod is replaced', async () => {
    const planned = await plan(withMark('2'));
    const life = cluster.find('Pod', `${SIGNER.name}-0`)?.metadata.uid;
    await apply(planned);
    expect(mark()).toBe('2');
    expect(said).toEqual([`applied ${SIGNER.full}`, '1 applied. No running pod was replaced.']);
    expect(cluster.find('Pod', `${SIGNER.name}-0`)?.metadata.uid).toBe(life);
  });

  it('[held-since] a signer is held: it is left as it is, and that is said', async () => {
    const planned = await plan(withMark('2'));
    await hold(cluster.kube(), { network: SIGNER.network, node: SIGNER.node, component: 'validator' }, { why: 'ana: double vote suspected' }, () => undefined);
    await apply(planned);
    expect(mark()).toBeUndefined();
    expect(said).toContain(`! ${SIGNER.full} was held since it was planned: left as it is`);
    // Once it is no longer held, it is planned and applied as ever.
    cluster.change('StatefulSet', SIGNER.name, ({ metadata }) => delete (metadata.annotations as Record<string, string>)['stockade.dev/hold']);
    await apply(await plan(withMark('2')));
    expect(mark()).toBe('2');
  });

  it.each<[string, () => void, string]>([
    ['was changed', () => cluster.change('StatefulSet', SIGNER.name, (one) => ((one.metadata as { annotations: Record<string, string> }).annotations['by-hand'] = 'yes')), `${SIGNER.full} was changed since it was planned`],
    ['is gone', () => cluster.world.remove(cluster.find('StatefulSet', SIGNER.name)!), `${SIGNER.full} is gone since it was planned`],
    ['was deleted and made anew', () => {
      const object = cluster.find('StatefulSet', SIGNER.name)!;
      cluster.world.remove(object);
      cluster.put({ ...object, metadata: { ...object.metadata, uid: undefined } } as never);
    }, `${SIGNER.full} was changed since it was planned`],
  ])('[changed-since] what is to be applied %s: nothing at all is applied', async (_what, meanwhile, message) => {
    const planned = await plan(withMark('2'));
    meanwhile();
    cluster.requests.length = 0;
    expect(await refusalOf(() => apply(planned))).toContain(message);
    expect(written()).toEqual([]);
  });

  it('[changed-since] somebody else made what was to be created', async () => {
    const name = `${SIGNER.name}-signing-state`;
    cluster.world.remove(cluster.find('PersistentVolumeClaim', name)!);
    const planned = await plan(rendered);
    cluster.put({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: SIGNER.namespace } });
    expect(await refusalOf(() => apply(planned))).toContain(`PersistentVolumeClaim ${SIGNER.namespace}/${name} was made by somebody else since it was planned`);
  });

  it('[changed-since] a status that a controller writes is no change', async () => {
    const planned = await plan(withMark('2'));
    const set = cluster.find('StatefulSet', SIGNER.name)!;
    cluster.put({ ...set, status: { observedGeneration: 0 } } as never);
    await apply(planned);
    expect(mark()).toBe('2');
  });

  it('[no-pod-replaced] an apply under which a pod is replaced says so', async () => {
    const planned = await plan(withMark('2'));
    cluster.meanwhile = ({ method, path }) => {
      if (method === 'PATCH' && path.endsWith(SIGNER.name)) cluster.world.remove(cluster.find('Pod', `${SIGNER.name}-0`)!);
    };
    expect(await refusalOf(() => apply(planned))).toContain(`pods that ran before are gone or were replaced: ${SIGNER.namespace}/${SIGNER.name}-0`);
  });

  it('another cluster than was planned is refused', async () => {
    const planned = await plan(withMark('2'));
    cluster.requests.length = 0;
    expect(await refusalOf(() => apply({ ...planned, clusterUid: 'another' }))).toContain('leads to another cluster');
    expect(written()).toEqual([]);
  });

  describe('[half-an-apply] what is refused on the way', () => {
    /** Two workloads change; the first of them by name is refused, or nobody answers. */
    const both = (): ReviewedObject[] => structuredClone(rendered).map((one) => {
      if (one.manifest.kind === 'StatefulSet' && one.manifest.metadata.name.startsWith(SIGNER.node)) (one.manifest['spec'] as Spec).template.metadata.annotations = { mark: '2' };
      return one;
    });
    const refuses = (name: string): void => void (cluster.admission = ({ metadata }) => (metadata.name === name ? `StatefulSet "${metadata.name}" is forbidden: ValidatingAdmissionPolicy 'x' denied request: not now` : undefined));

    it('is counted and told in the server\'s words; what passed stays, and a new plan ends it', async () => {
      const planned = await plan(both());
      const total = planned.objects.filter(({ action }) => action === 'update').length;
      expect(total).toBeGreaterThan(1);
      refuses(SIGNER.name);
      const refusal = await refusalOf(() => apply(planned));
      expect(refusal).toContain(`stopped at workloads, since something was refused. ${total - 1} of ${total} objects were applied`);
      expect(refusal).toContain(`    ${SIGNER.full}: StatefulSet "${SIGNER.name}" is forbidden: ValidatingAdmissionPolicy 'x' denied request: not now`);
      expect(said.filter((line) => line.startsWith('applied ')).length).toBe(total - 1);
      cluster.admission = () => undefined;
      const again = await plan(both());
      expect(again.objects.filter(({ action }) => action === 'update').map(({ manifest }) => nameOf(manifest))).toEqual([SIGNER.full]);
      await apply(again);
      expect(mark()).toBe('2');
    });

    it('goes on to no later stage', async () => {
      const claim = `${SIGNER.name}-signing-state`;
      cluster.world.remove(cluster.find('PersistentVolumeClaim', claim)!);
      const planned = await plan(withMark('2'));
      refuses(claim);
      expect(await refusalOf(() => apply(planned))).toContain('stopped at nodes');
      expect(mark()).toBeUndefined();
    });

    it('where nobody answers any more, nobody is asked any more', async () => {
      const planned = await plan(both());
      cluster.requests.length = 0;
      cluster.faults.next(99, 'unreachable', ({ method }) => method === 'PATCH');
      expect(await refusalOf(() => apply(planned))).toContain('0 of');
      expect(written()).toHaveLength(1);
    });
  });
});
