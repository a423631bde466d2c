import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { NO_CHANGES } from '../../errors/user-error';
import { checkFleetFolder } from '../../model/check-folder';
import { applyPlan } from '../../apps/deploy/apply';
import { digestOf } from '../../apps/deploy/canonical';
import { inWords, type ActEvent } from '../../acts/events';
import { fire } from '../../acts/fire';
import { resume } from '../../acts/resume';
import { stop } from '../../acts/stop';
import type { Kube } from '../../kube/kube';
import { fromKubeconfig } from '../../kube/kubeconfig';
import { describePlan, planManifests } from '../../apps/deploy/plan';
import { open, seal, type PlanFile } from '../../apps/deploy/plan-file';
import type { Declared } from '../../apps/deploy/placements';
import { nameOf, readRendered } from '../../apps/deploy/rendered';
import { catalogue } from '../../chains';
import { parse, state } from '../../model/keys/text';
import { ANNOTATIONS, LABELS } from '../../naming';
import type { Api, LiveObject } from './api';
import { renderExample, type Example } from './example';
import { isReady, until, type PodObject } from './machines';
import { describeCluster, useControlPlane, useMachines } from './suite';

const CLUSTER = 'eks-eu-north-1';
const { fleet } = checkFleetFolder(join(__dirname, '..', '..', 'fleet'), catalogue);
const cluster = fleet!.clusters[CLUSTER]!;
const merged: Declared = { journal: parse(readFileSync(join(__dirname, '..', '..', 'fleet', 'keys.lock'), 'utf8')).entries, fleet: fleet! };
const HEAD = 'f'.repeat(40);
const MARK = 'stockade.dev/test-revision';

interface StatefulSet extends LiveObject {
  readonly spec: { readonly replicas: number; readonly updateStrategy: { readonly rollingUpdate: { readonly partition: number } } };
  readonly status: { readonly observedGeneration: number; readonly readyReplicas?: number; readonly currentRevision: string; readonly updateRevision: string };
}

describeCluster(`the manifests of ${CLUSTER}, planned and applied`, () => {
  const controlPlane = useControlPlane({ serviceRange: cluster.ranges.services });
  useMachines(controlPlane, fleet!, CLUSTER);
  const folder = mkdtempSync(join(tmpdir(), 'stockade-manifests-'));
  let example: Example;
  let admin: Api;
  let platform: Kube;
  let deployer: Kube;
  let planner: Kube;
  let operator: Kube;
  /** The signer that is changed, fired and stopped. */
  let signer: { readonly network: string; readonly node: string; readonly component: string; readonly namespace: string; readonly name: string };
  let rendered: string;
  const kubeconfigs: Record<string, string> = {};

  const options = { cluster: CLUSTER, declared: merged, head: HEAD, withoutGatekeeper: true } as const;
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const tell = (event: ActEvent): void => say(inWords(event));
  const plan = (from = rendered, kube = planner): Promise<PlanFile> => planManifests(kube, readRendered(from), options);
  const apply = (which: PlanFile): Promise<void> => applyPlan(which, { platform, deployer, declared: merged, say, timeoutSeconds: 240 });
  const statefulSets = (): Promise<StatefulSet[]> => admin.list<StatefulSet>('/apis/apps/v1/statefulsets');
  const one = (): Promise<StatefulSet> => admin.get<StatefulSet>(`/apis/apps/v1/namespaces/${signer.namespace}/statefulsets/${signer.name}`);
  const pod = (): Promise<PodObject | undefined> => admin.get<PodObject>(`/api/v1/namespaces/${signer.namespace}/pods/${signer.name}-0`).catch(() => undefined);
  const lives = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await admin.list<PodObject>(`/api/v1/pods?labelSelector=${LABELS.node}`)).map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.uid]));
  const settled = (): Promise<void> =>
    until('every StatefulSet was looked at and has its pods ready', async () => (await statefulSets()).every(({ metadata, spec, status }) => status.observedGeneration === metadata.generation && (status.readyReplicas ?? 0) === spec.replicas));
  const refusal = async (work: () => unknown): Promise<string> => {
    try {
      await work();
    } catch (error) {
      return String(error);
    }
    return 'not refused';
  };
  /** A copy of what was rendered, with the signer's file changed. */
  const changed = (name: string, change: (text: string) => string): string => {
    const copy = join(folder, name);
    cpSync(rendered, copy, { recursive: true });
    const file = join(copy, signer.namespace, signer.node, `${signer.component}.yaml`);
    const before = readFileSync(file, 'utf8');
    const after = change(before);
    expect(after).not.toBe(before);
    writeFileSync(file, after);
    return copy;
  };
  /** Another template, as a changed setting of a client would have it. */
  const withMark = (name: string, mark: string): string =>
    changed(name, (text) => text.replace(/(kind: StatefulSet[\s\S]*?\n  template:\n    metadata:\n[\s\S]*?\n      annotations:\n)/, `$1        ${MARK}: "${mark}"\n`));

  beforeAll(async () => {
    example = await renderExample(CLUSTER);
    rendered = join(example.folder, CLUSTER);
    admin = controlPlane().admin;
    const { access } = fleet!.settings;
    const as = async (name: string, groups: readonly string[]): Promise<Kube> => fromKubeconfig({ kubeconfig: (kubeconfigs[name] = await controlPlane().kubeconfigFor(name, { user: `${name}@example.com`, groups })), kubectl: inject('binaries').kubectl });
    platform = await as('platform', [...access.platform[cluster.cloud], 'system:masters']);
    deployer = await as('deployer', access.deployers[cluster.cloud]);
    planner = await as('planner', access.planners[cluster.cloud]);
    operator = await as('operator', access.operators[cluster.cloud]);
  });
  afterAll(() => {
    for (const kube of [platform, deployer, planner, operator]) kube?.close();
    example?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('a new cluster: everything is made, in its order, and everything runs', async () => {
    const first = await plan(rendered, platform);
    expect(new Set(first.objects.map(({ action }) => action))).toEqual(new Set(['create']));
    await apply(first);
    await settled();
    expect(said.at(-1)).toBe(`${first.objects.length} applied. No running pod was replaced.`);
    const found = (await statefulSets()).find(({ metadata, spec }) => metadata.labels?.[LABELS.signer] === 'true' && spec.replicas === 1)!;
    const { [LABELS.network]: network, [LABELS.node]: node, [LABELS.component]: component } = found.metadata.labels!;
    signer = { network: network!, node: node!, component: component!, namespace: found.metadata.namespace!, name: found.metadata.name };
  });

  it('planned again, by the plan identity, nothing changes', async () => {
    const again = await plan();
    expect(again.objects.filter(({ action }) => action !== 'unchanged').map(({ manifest, changes }) => [nameOf(manifest), changes])).toEqual([]);
    expect(describePlan(again, 'sha256:x')).toContain(NO_CHANGES);
  });

  it('the plan identity can try, and never do', async () => {
    const kubectl = (...args: string[]): Promise<string> =>
      new Promise((done) => execFile(inject('binaries').kubectl, [`--kubeconfig=${kubeconfigs['planner']}`, ...args], (error, stdout, stderr) => done(error ? stderr : `done ${stdout}`)));
    const label = ['--namespace', signer.namespace, 'patch', 'statefulset', signer.name, '--type=merge', '--patch={"metadata":{"labels":{"tried":"yes"}}}'];
    expect(await kubectl(...label, '--dry-run=server')).toMatch(/^done /);
    // Refused twice: it is no deployer but in dry runs, and it writes nothing, whatever the kind and the namespace.
    expect(await kubectl(...label)).toMatch(/stockade-(workload-writers|dry-runs-only)/);
    await admin.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'planner-is-admin' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'planner@example.com' }] });
    const anywhere = ['--namespace', 'default', 'create', 'configmap', 'tried'];
    await until('the planner has rights that it should not have', async () => /done|dry runs only/.test(await kubectl(...anywhere, '--dry-run=server')));
    expect(await kubectl(...anywhere, '--dry-run=server')).toMatch(/^done /);
    expect(await kubectl(...anywhere)).toContain('the plan identity writes in dry runs only');
    expect(await kubectl('--namespace', 'default', 'delete', 'configmap', 'kube-root-ca.crt')).toContain('the plan identity writes in dry runs only');
    await admin.call('DELETE', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/planner-is-admin');
    expect((await one()).metadata.labels).not.toHaveProperty('tried');
  });

  describe('a changed template', () => {
    let from: string;
    let reviewed: PlanFile;
    const file = (content: unknown): string => {
      const path = join(folder, 'plan.json');
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    };

    beforeAll(async () => {
      from = withMark('marked', '2');
      reviewed = await plan(from);
    });

    it('is what the plan shows, to be fired later', () => {
      const updates = reviewed.objects.filter(({ action }) => action !== 'unchanged');
      expect(updates.map(({ manifest, action }) => [action, nameOf(manifest)])).toEqual([['update', `StatefulSet ${signer.namespace}/${signer.name}`]]);
      expect(updates[0]!.changes.join()).toContain('spec.template.metadata.annotations');
      expect(describePlan(reviewed, 'sha256:x')).toContain(`To be fired, one node at a time: ${signer.namespace}/${signer.name}`);
    });

    it('is refused from a file that is not the one that was reviewed', async () => {
      const { text, digest } = seal(reviewed);
      const parsed = JSON.parse(text) as { digest: string; plan: PlanFile };
      const expected = { cluster: CLUSTER, head: HEAD, digest };
      const attempt = (content: unknown, with_: Partial<typeof expected> = {}): Promise<string> => refusal(() => open(file(content), { ...expected, ...with_ }));
      const edit = (change: (plan: PlanFile & { objects: { manifest: { spec: { replicas: number; updateStrategy: { rollingUpdate: { partition: number } } } } }[] }) => void): PlanFile => {
        const copy = structuredClone(parsed.plan);
        change(copy as never);
        return copy;
      };
      const target = (copy: PlanFile): number => copy.objects.findIndex(({ action }) => action === 'update');
      const other = edit((copy) => (copy.objects[target(copy)]!.manifest.metadata.labels = { x: 'y' }));
      // The control: the file itself.
      expect(await attempt(text)).toBe('not refused');
      expect(await attempt({ ...parsed, plan: other })).toContain('is not what was planned: its content has the digest sha256:');
      expect(await attempt({ plan: other, digest: digestOf(other) })).toContain(`${digest} was reviewed`);
      expect(await attempt(text.slice(0, -20))).toContain('is not a plan');
      expect(await attempt(text, { cluster: 'gke-europe-west1' })).toContain(`is a plan for cluster "${CLUSTER}", not for "gke-europe-west1"`);
      expect(await attempt(text, { head: 'e'.repeat(40) })).toContain('was planned at commit');
      const disarmed = edit((copy) => (copy.objects[target(copy)]!.manifest.spec.updateStrategy.rollingUpdate.partition = 0));
      expect(await attempt({ plan: disarmed, digest: digestOf(disarmed) }, { digest: digestOf(disarmed) })).toContain('is not armed (partition 0)');
      const doubled = edit((copy) => (copy.objects[target(copy)]!.manifest.spec.replicas = 2));
      expect(await attempt({ plan: doubled, digest: digestOf(doubled) }, { digest: digestOf(doubled) })).toContain('has 2 replicas');
    });

    it('is refused to another cluster, and to this one once it has changed', async () => {
      expect(await refusal(() => apply({ ...reviewed, clusterUid: '00000000-0000-0000-0000-000000000000' }))).toContain('leads to another cluster');
      const path = `/apis/apps/v1/namespaces/${signer.namespace}/statefulsets/${signer.name}`;
      const before = (await one()).status.updateRevision;
      await admin.patch(path, { metadata: { annotations: { 'example.com/touched': 'yes' } } }).catch(() => undefined);
      const asPlatform = await controlPlane().as({ user: 'platform', groups: [...fleet!.settings.access.platform[cluster.cloud], 'system:masters'] });
      await asPlatform.patch(path, { metadata: { annotations: { 'example.com/touched': 'yes' } } });
      expect(await refusal(() => apply(reviewed))).toContain(`StatefulSet ${signer.namespace}/${signer.name} was changed since it was planned`);
      await asPlatform.patch(path, { metadata: { annotations: { 'example.com/touched': null } } });
      expect((await one()).status.updateRevision).toBe(before);
    });

    it('is applied, and no pod is replaced', async () => {
      const before = await lives();
      await apply(reviewed);
      await settled();
      expect(await lives()).toEqual(before);
      expect((await one()).status.updateRevision).not.toBe((await one()).status.currentRevision);
    });

    it('is taken when the node is fired, by an operator, and the node is armed again', async () => {
      const before = await lives();
      await fire(operator, { network: signer.network, node: signer.node }, { timeoutSeconds: 120 }, tell);
      const { spec } = await one();
      expect(spec.updateStrategy.rollingUpdate.partition).toBe(1);
      const fired = await pod();
      expect(fired!.metadata.annotations?.[MARK]).toBe('2');
      const after = await lives();
      expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual([`${signer.namespace}/${signer.name}-0`]);
      expect((await plan(from)).objects.filter(({ action }) => action !== 'unchanged')).toEqual([]);
    });

    it('is armed again where firing does not come to an end', async () => {
      await apply(await plan(withMark('marked-3', '3')));
      expect(await refusal(() => fire(operator, { network: signer.network, node: signer.node }, { timeoutSeconds: 240, signal: AbortSignal.abort() }, tell))).toContain('interrupted while waiting');
      expect((await one()).spec.updateStrategy.rollingUpdate.partition).toBe(1);
      await settled();
    });
  });

  describe('a stopped node', () => {
    beforeAll(() => stop(operator, { network: signer.network, node: signer.node }, { timeoutSeconds: 120, why: 'ana: double vote suspected', all: false }, tell));

    it('is held, its pod is gone, and it is the signer alone', async () => {
      expect(await pod()).toBeUndefined();
      expect((await one()).metadata.annotations?.[ANNOTATIONS.hold]).toBe('ana: double vote suspected');
      const others = (await statefulSets()).filter(({ metadata }) => metadata.labels?.[LABELS.node] === signer.node && metadata.name !== signer.name && metadata.namespace === signer.namespace);
      expect(others.map(({ spec }) => spec.replicas)).toEqual(others.map(() => 1));
    });

    it('is left as it is by every apply, and by fire', async () => {
      const planned = await plan(withMark('marked-4', '4'));
      expect(planned.objects.filter(({ action }) => action === 'held').map(({ manifest }) => nameOf(manifest))).toEqual([`StatefulSet ${signer.namespace}/${signer.name}`]);
      await apply(planned);
      expect((await one()).spec.replicas).toBe(0);
      expect(await refusal(() => fire(operator, { network: signer.network, node: signer.node }, { timeoutSeconds: 5 }, tell))).toContain('is held (ana: double vote suspected)');
    });

    it('is resumed in two steps, and not by resuming another', async () => {
      expect(await refusal(() => resume(operator, { network: signer.network, node: 'nobody' }, { start: true }, tell))).toContain('there is no node "nobody"');
      await resume(operator, { network: signer.network, node: signer.node }, { start: false }, tell);
      expect(await one()).toMatchObject({ spec: { replicas: 0 } });
      expect((await one()).metadata.annotations).not.toHaveProperty(ANNOTATIONS.hold);
      expect(await refusal(() => resume(operator, { network: signer.network, node: signer.node }, { start: false }, tell))).toContain('is not held');
      await resume(operator, { network: signer.network, node: signer.node }, { start: true }, tell);
      await until('it runs again', async () => isReady((await pod()) ?? {}));
      await settled();
    });

    it('is skipped, and said so, where the hold was set between plan and apply', async () => {
      const planned = await plan(withMark('marked-5', '5'));
      await stop(operator, { network: signer.network, node: signer.node }, { timeoutSeconds: 120, why: 'ana: again', all: false }, tell);
      await apply(planned);
      expect(said).toContain(`! StatefulSet ${signer.namespace}/${signer.name} was held since it was planned: left as it is`);
      expect((await one()).spec.replicas).toBe(0);
      await resume(operator, { network: signer.network, node: signer.node }, { start: true }, tell);
      await settled();
    });
  });

  it('what is no longer rendered is listed, and stays, its disks above all', async () => {
    const copy = join(folder, 'retired');
    cpSync(rendered, copy, { recursive: true });
    rmSync(join(copy, signer.namespace, signer.node), { recursive: true });
    const claims = async (): Promise<string[]> => (await admin.list<LiveObject>(`/api/v1/namespaces/${signer.namespace}/persistentvolumeclaims`)).map(({ metadata }) => metadata.uid).sort();
    const before = await claims();
    // A signer that nobody looks after any more is stopped first.
    const running = await refusal(() => plan(copy));
    expect(running).toContain(`StatefulSet ${signer.namespace}/${signer.name} is a signer that still has a replica, and nothing that was rendered declares it`);
    expect(running).toContain(`pod ${signer.namespace}/${signer.name}-0 is a signer's and still there`);
    await stop(operator, { network: signer.network, node: signer.node }, { timeoutSeconds: 120, why: 'ana: it goes', all: false }, tell);
    const planned = await plan(copy);
    expect(planned.leftAlone).toEqual(expect.arrayContaining([`StatefulSet ${signer.namespace}/${signer.name}`]));
    expect(planned.leftAlone.filter((name) => name.startsWith('PersistentVolumeClaim ')).length).toBeGreaterThan(1);
    await apply(planned);
    expect(await claims()).toEqual(before);
    expect((await one()).spec.replicas).toBe(0);
    await resume(operator, { network: signer.network, node: signer.node }, { start: true }, tell);
    await settled();
  });

  describe('a key whose placement is not merged', () => {
    /** The journal as it was before this signer's keys were placed. */
    const before = (): Declared => ({ ...merged, journal: merged.journal.filter(({ node }) => node !== signer.node) });
    const unmerged = (): Promise<PlanFile> => planManifests(planner, readRendered(withMark(`unmerged-${Date.now()}`, '9')), { ...options, declared: before() });

    it('keeps a running signer as it is, at plan and at apply', async () => {
      expect([...state(merged.journal).values()].some(({ node }) => node === signer.node)).toBe(true);
      const planned = await unmerged();
      expect(planned.objects.filter(({ action }) => action !== 'unchanged').map(({ manifest, action }) => [action, nameOf(manifest)])).toEqual([['unmerged', `StatefulSet ${signer.namespace}/${signer.name}`]]);
      const [was, running] = [await one(), await lives()];
      await applyPlan(planned, { platform, deployer, declared: before(), say, timeoutSeconds: 240 });
      expect((await one()).metadata.generation).toBe(was.metadata.generation);
      expect(await lives()).toEqual(running);
      // The control: merged, the same tree is an update.
      expect((await plan(withMark('merged', '9'))).objects.filter(({ action }) => action === 'update').length).toBe(1);
    });

    it('starts no signer that is stopped, and is refused at apply where it was merged at plan', async () => {
      const planned = await plan(withMark('retired', '10'));
      expect(await refusal(() => applyPlan(planned, { platform, deployer, declared: before(), say, timeoutSeconds: 240 }))).toContain('claims a key that is no longer placed here');
      await stop(operator, { network: signer.network, node: signer.node }, { timeoutSeconds: 120, why: 'ana: looks', all: false }, tell);
      await resume(operator, { network: signer.network, node: signer.node }, { start: false }, tell);
      expect(await refusal(unmerged)).toContain('would start, and the placement of key');
      await resume(operator, { network: signer.network, node: signer.node }, { start: true }, tell);
      await settled();
    });
  });

  it('a dry run shows what policies would refuse, before anybody reviews it', async () => {
    const unsafe = changed('unsafe', (text) => text.replace('readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false'));
    expect(await refusal(() => plan(unsafe))).toContain('the API server would refuse it');
    expect(await refusal(() => plan(changed('disarmed', (text) => text.replace('partition: 1', 'partition: 0'))))).toContain('is not armed');
  });
});
