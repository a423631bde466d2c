import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyPlan } from '../../apps/deploy/apply';
import { describePlan, planManifests } from '../../apps/deploy/plan';
import { open, seal, type PlanFile } from '../../apps/deploy/plan-file';
import { inspect, nameOf, readRendered, type ReviewedObject } from '../../apps/deploy/rendered';
import { toYaml } from '../../apps/render/yaml';
import type { Manifest } from '../../constructs/manifest';
import { GOLDEN } from '../golden/trees';
import { ATTACKS } from '../system/attacks';
import { painted, painterObjects } from '../system/painter';
import type { Kube } from '../../kube/kube';
import { FakeCluster, kindsOf } from '../kube/cluster';
import { CLUSTER, goldenFleet, journal, refusalOf, SIGNER } from './stand-in';

const fleet = goldenFleet();
const declared = { journal: journal(), fleet };
const PROGRAM_FILE = 'platform/system/painter.yaml';

describe('programs, planned and applied', () => {
  let folder: string;
  let cluster: FakeCluster;
  const writes: { readonly by: string; readonly name: string }[] = [];
  const said: string[] = [];

  /** The golden cluster's folder, of one network, with files of the test's own in it. */
  const rendered = (files: Readonly<Record<string, readonly Manifest[]>> = { [PROGRAM_FILE]: painterObjects }): ReviewedObject[] => {
    const out = mkdtempSync(join(folder, 'rendered-'));
    for (const part of ['platform/00-namespaces.yaml', 'platform/networks/hoodi.yaml', SIGNER.namespace]) cpSync(join(GOLDEN.dist, CLUSTER, part), join(out, part), { recursive: true });
    for (const [path, objects] of Object.entries(files)) {
      mkdirSync(dirname(join(out, path)), { recursive: true });
      writeFileSync(join(out, path), toYaml(objects));
    }
    return readRendered(out);
  };
  const as = (by: string): Kube => {
    const kube = cluster.kube();
    const apply: Kube['apply'] = (object, writing) => {
      writes.push({ by: writing.dryRun ? `${by}, in a dry run` : by, name: nameOf(object as Manifest) });
      return kube.apply(object, writing);
    };
    return Object.assign(Object.create(kube) as Kube, { apply });
  };
  const plan = (from = rendered()): Promise<PlanFile> => planManifests(as('planner'), from, { cluster: CLUSTER, declared, withoutGatekeeper: true });
  const apply = (planned: PlanFile): Promise<void> => applyPlan(planned, { platform: as('platform'), deployer: as('deployer'), declared, say: (line) => void said.push(line), timeoutSeconds: 5 });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stockade-programs-'));
    cluster = new FakeCluster(kindsOf(rendered().map(({ manifest }) => manifest)));
    said.length = writes.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are a stage of their own: after what bounds them, before any node, by the platform identity alone', async () => {
    await apply(await plan());
    const applied = writes.filter(({ by }) => !by.endsWith('dry run'));
    const ours = painterObjects.map(nameOf).sort();
    expect(applied.filter(({ name }) => ours.includes(name))).toEqual(ours.map((name) => ({ by: 'platform', name })));
    const stage = (what: string): number => applied.findIndex(({ name }) => name === what);
    expect(stage('Namespace stockade-system')).toBeLessThan(stage('Deployment stockade-system/painter'));
    expect(stage('Deployment stockade-system/painter')).toBeLessThan(stage(SIGNER.full));
    expect(applied.filter(({ by, name }) => by === 'deployer' && name.includes('stockade-'))).toEqual([]);
    expect(said.at(-1)).toMatch(/applied\. No running pod of a node was replaced\.$/);
  });

  it('are planned by reading alone, like all that the platform applies; planned again, nothing changes', async () => {
    const first = await plan();
    expect(describePlan(first, 'sha256:x')).toContain('+ Deployment stockade-system/painter (platform)\n');
    await apply(first);
    writes.length = 0;
    expect(describePlan(await plan(), 'sha256:x')).toContain('No changes.');
    expect(writes.filter(({ name }) => name.includes('stockade-system'))).toEqual([]);
    said.length = 0;
    await apply(await plan());
    expect(said).toEqual(['Nothing to apply.']);
  });

  it('restart when they are changed, which the plan says; nodes do not', async () => {
    await apply(await plan());
    const newer = painted('Deployment', (_, { template }) => ((template.spec['containers'] as { image: string }[])[0]!.image = 'registry.example.com/painter:1.1.0'));
    const text = describePlan(await plan(rendered({ [PROGRAM_FILE]: [...painterObjects.filter(({ kind }) => kind !== 'Deployment'), newer] })), 'sha256:x');
    expect(text).toContain('~ Deployment stockade-system/painter (platform): spec.template.spec.containers[0].image\n');
    expect(text).toContain('Restarts as soon as it is applied, being no node: Deployment stockade-system/painter\n');
    expect(text).not.toContain('To be fired');
  });

  it('control: without programs the last line is the one of old', async () => {
    await apply(await plan(rendered({})));
    expect(said.at(-1)).toMatch(/applied\. No running pod was replaced\.$/);
  });

  it('that somebody changed since the plan refuse the apply', async () => {
    await apply(await plan());
    const again = await plan(rendered({ [PROGRAM_FILE]: painterObjects.map((one) => ({ ...one, metadata: { ...one.metadata, labels: { ...one.metadata.labels, mark: 'yes' } } })) }));
    cluster.change('Deployment', 'painter', (one) => ((one.spec as { replicas: number }).replicas = 7));
    expect(await refusalOf(() => apply(again))).toContain('Deployment stockade-system/painter was changed since it was planned');
  });

  it.each(ATTACKS)('refuse %s, when rendered and in a plan file', async (_, object, what) => {
    const objects = [...painterObjects.filter(({ kind, metadata }) => kind !== object.kind || metadata.name !== object.metadata.name), object];
    expect(await refusalOf(() => rendered({ [PROGRAM_FILE]: objects }))).toContain(what);
    // The same by hand, past what was rendered.
    const honest = await plan();
    const forged = { ...honest, objects: [...honest.objects.filter(({ manifest }) => nameOf(manifest) !== nameOf(object)), { stage: 'programs' as const, by: 'platform' as const, manifest: object, action: 'create' as const, changes: [] }] };
    writeFileSync(join(folder, 'plan'), seal(forged).text);
    expect(await refusalOf(() => open(join(folder, 'plan'), { cluster: CLUSTER }))).toContain(what);
  });

  const elsewhere: readonly (readonly [string, string, Manifest])[] = [
    ['a CronJob in the folder of a node', `${SIGNER.namespace}/${SIGNER.node}/daily.yaml`, painted('CronJob', ({ metadata }) => (metadata.namespace = SIGNER.namespace))],
    ['a CronJob of ours in the folder of a node', `${SIGNER.namespace}/${SIGNER.node}/daily.yaml`, painted('CronJob', () => undefined)],
    ['a Deployment beside the platform\'s own', 'platform/painter.yaml', painted('Deployment', () => undefined)],
    ['a Job among policies', 'platform/policies/painter.yaml', painted('Job', () => undefined)],
    ['a DaemonSet in a folder that nobody writes', 'system/painter.yaml', painted('DaemonSet', () => undefined)],
    ['a StatefulSet of ours from a node\'s folder', `${SIGNER.namespace}/${SIGNER.node}/store.yaml`, painted('StatefulSet', (_, spec) => Object.assign(spec, { replicas: 1, updateStrategy: { rollingUpdate: { partition: 1 } } }))],
  ];
  it.each(elsewhere)('refuse %s', async (_, path, manifest) => {
    expect(await refusalOf(() => rendered({ [path]: [manifest] }))).toContain(`${nameOf(manifest)} runs pods that are no node's, outside platform/system/`);
  });

  it.each([
    ['a namespace of its own', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'stockade-evil' } }],
    ['a Service of a namespace that is only called like ours', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x', namespace: 'stockade-evil' } }],
    ['a ConfigMap of a program from a node\'s folder', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'stockade-system' } }],
  ])('refuse %s, in a node\'s folder', async (_, manifest) => {
    expect(await refusalOf(() => rendered({ [`${SIGNER.namespace}/${SIGNER.node}/x.yaml`]: [manifest] }))).toContain('is in a namespace that is not ours');
  });

  it('refuse a program that the deployer would apply', async () => {
    const mine = rendered();
    expect(await refusalOf(() => inspect(mine))).toBe('not refused');
    expect(await refusalOf(() => inspect(mine.map((one) => (one.stage === 'programs' ? { ...one, by: 'deployer' as const } : one))))).toContain('is a program, which the platform applies');
  });
});
