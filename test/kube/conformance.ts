import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isKubeError, type KubeError } from '../../kube/errors';
import type { Kube } from '../../kube/kube';
import type { KubeObject, Live } from '../../kube/objects';
import { pathTo, PODS, STATEFUL_SETS } from '../../kube/paths';
import type { WatchEvent } from '../../kube/watch';
import type { Pod, StatefulSet } from './stateful-sets';

/** What is tried: one API server by one way, in a namespace that is there for it. */
export interface Subject {
  readonly kube: Kube;
  readonly namespace: string;
}

const CONFIG_MAPS = { apiVersion: 'v1', plural: 'configmaps' };
const BUDGETS = { apiVersion: 'policy/v1', plural: 'poddisruptionbudgets' };
const MINE = { fieldManager: 'mine' } as const;
const OTHERS = { fieldManager: 'others' } as const;
interface ConfigMap extends Live {
  readonly data?: Readonly<Record<string, string>>;
}

let names = 0;

/** What every way to every API server does, the fake one's too. Each test makes objects of its own. */
export function kubeConforms(subject: () => Subject): void {
  const named = (what = 'c'): string => `${what}-${process.pid}-${Date.now().toString(36)}-${(names += 1)}`;
  const path = (name?: string): string => pathTo(CONFIG_MAPS, { namespace: subject().namespace, name });
  const configMap = (name: string, data: Readonly<Record<string, string>>, labels?: Readonly<Record<string, string>>): KubeObject & { data: object } => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: subject().namespace, ...(labels === undefined ? {} : { labels }) }, data });

  describe('objects', () => {
    it('are created by an apply, read, and gone after a delete', async () => {
      const { kube } = subject();
      const name = named();
      const made = await kube.apply<ConfigMap>(configMap(name, { a: '1' }), MINE);
      expect(made).toMatchObject({ kind: 'ConfigMap', data: { a: '1' }, metadata: { uid: expect.any(String), resourceVersion: expect.any(String) } });
      expect(await kube.get<ConfigMap>(path(name))).toMatchObject({ metadata: { uid: made.metadata.uid, resourceVersion: made.metadata.resourceVersion } });
      await kube.delete(path(name));
      expect(await kube.find(path(name))).toBeUndefined();
      expect(await refusal(kube.get(path(name)))).toMatchObject({ reason: 'not-found', status: 404 });
    });

    it('are created once by a create', async () => {
      const { kube } = subject();
      const name = named();
      expect(await kube.create(path(), configMap(name, {}), { ...MINE, dryRun: true })).toMatchObject({ metadata: { name } });
      expect(await kube.find(path(name))).toBeUndefined();
      await kube.create(path(), configMap(name, {}), MINE);
      expect(await refusal(kube.create(path(), configMap(name, {}), MINE))).toMatchObject({ reason: 'already-exists' });
    });

    it('are not made in a namespace that is not there', async () => {
      const object = configMap(named(), {});
      expect(await refusal(subject().kube.apply({ ...object, metadata: { ...object.metadata, namespace: 'nowhere' } }, MINE))).toMatchObject({ reason: 'not-found', words: 'namespaces "nowhere" not found' });
    });

    it('of names that mean something in a path lead nowhere', async () => {
      for (const name of ['..', '.', 'a/../../pods', 'x?limit=1', '']) expect(isKubeError(await refusal(subject().kube.get(path(name)))), name).toBe(true);
    });
  });

  describe('a list', () => {
    it('is whole, page by page, by labels and by fields', async () => {
      const { kube } = subject();
      const set = named('set');
      const all = [named(), named(), named()];
      for (const name of all) await kube.apply(configMap(name, {}, { set }), MINE);
      const { items, resourceVersion } = await kube.list(path(), { labelSelector: `set=${set}`, pageSize: 1 });
      expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(all.sort());
      expect(Number(resourceVersion)).toBeGreaterThan(0);
      expect((await kube.list(path(), { fieldSelector: `metadata.name=${all[0]}` })).items).toHaveLength(1);
      // The control: the first page alone is less.
      expect((await kube.get<{ items: unknown[] }>(`${path()}?limit=1&labelSelector=set%3D${set}`)).items).toHaveLength(1);
    });

    it('in which nothing is is empty, and one of no kind is not found', async () => {
      const { kube, namespace } = subject();
      expect((await kube.list(path(), { labelSelector: 'set=none' })).items).toEqual([]);
      expect(await refusal(kube.list(pathTo({ apiVersion: 'v1', plural: 'nothings' }, { namespace })))).toMatchObject({ reason: 'not-found' });
    });
  });

  it('a kind that is served is known by its path, another is not', async () => {
    const { kube } = subject();
    expect(await kube.served({ apiVersion: 'apps/v1', kind: 'StatefulSet' })).toEqual({ ...STATEFUL_SETS, namespaced: true });
    expect(await kube.served({ apiVersion: 'v1', kind: 'Namespace' })).toMatchObject({ namespaced: false });
    expect(await kube.served({ apiVersion: 'apps/v1', kind: 'Nothing' })).toBeUndefined();
    expect(await kube.served({ apiVersion: 'nothing.example.com/v1', kind: 'Nothing' })).toBeUndefined();
    expect(await kube.clusterUid()).toMatch(/^[0-9a-f-]{36}$/);
  });

  describe('a watch', () => {
    it('misses nothing since a list, and ends with the signal', async () => {
      const { kube } = subject();
      const set = named('set');
      const name = named();
      const { resourceVersion } = await kube.list(path(), { labelSelector: `set=${set}` });
      await kube.apply(configMap(name, { a: '1' }, { set }), MINE);
      const stop = new AbortController();
      const seen: WatchEvent<ConfigMap>[] = [];
      const watching = (async () => {
        for await (const event of kube.watch<ConfigMap>(path(), { labelSelector: `set=${set}`, resourceVersion, signal: stop.signal })) {
          if (event.type === 'BOOKMARK') continue;
          seen.push(event);
          if (seen.length === 1) await kube.patch(path(name), { data: { a: '2' } }, MINE);
          if (seen.length === 2) await kube.delete(path(name));
          if (seen.length === 3) stop.abort();
        }
      })();
      expect(await refusal(watching)).toMatchObject({ reason: 'aborted' });
      expect(seen.map(({ type, object }) => [type, object.metadata.name, object.data?.['a']])).toEqual([['ADDED', name, '1'], ['MODIFIED', name, '2'], ['DELETED', name, '2']]);
    });
  });

  describe('server-side apply', () => {
    it('changes nothing in a dry run, and says what would be', async () => {
      const { kube } = subject();
      const name = named();
      expect(await kube.apply<ConfigMap>(configMap(name, { a: '1' }), { ...MINE, dryRun: true })).toMatchObject({ data: { a: '1' } });
      expect(await kube.find(path(name))).toBeUndefined();
      const before = await kube.apply<ConfigMap>(configMap(name, { a: '1' }), MINE);
      expect(await kube.apply<ConfigMap>(configMap(name, { a: '2' }), { ...MINE, dryRun: true })).toMatchObject({ data: { a: '2' } });
      expect(await kube.get(path(name))).toEqual(before);
    });

    it('twice makes no new version', async () => {
      const { kube } = subject();
      const object = configMap(named(), { a: '1' });
      const once = await kube.apply(object, MINE);
      expect((await kube.apply(object, MINE)).metadata.resourceVersion).toBe(once.metadata.resourceVersion);
    });

    it('is refused a field that another manager owns, unless it is set to the same, or forced', async () => {
      const { kube } = subject();
      const name = named();
      await kube.apply(configMap(name, { a: '1', b: '1' }), MINE);
      await kube.patch(path(name), { data: { a: '2' } }, OTHERS);
      const refused = await refusal(kube.apply(configMap(name, { a: '1', b: '1' }), MINE));
      expect(refused).toMatchObject({ reason: 'conflict' });
      expect(refused.words).toContain('Apply failed with 1 conflict: conflict with "others"');
      expect(refused.words).toContain('.data.a');
      // What is legitimate.
      await kube.apply(configMap(name, { a: '2', b: '3' }), MINE);
      expect(await kube.apply<ConfigMap>(configMap(name, { a: '1', b: '1' }), { ...MINE, force: true })).toMatchObject({ data: { a: '1', b: '1' } });
      // From now on it is nobody else's.
      expect(await kube.apply<ConfigMap>(configMap(name, { a: '4', b: '1' }), MINE)).toMatchObject({ data: { a: '4' } });
    });

    it('takes away what its manager no longer sets, and nothing of others', async () => {
      const { kube } = subject();
      const name = named();
      await kube.apply(configMap(name, { a: '1', b: '1' }), MINE);
      await kube.patch(path(name), { data: { c: '1' } }, OTHERS);
      const { data, metadata } = await kube.apply<ConfigMap>(configMap(name, { a: '1' }), MINE);
      expect(data).toEqual({ a: '1', c: '1' });
      expect(metadata.managedFields?.map(({ manager, operation, fieldsV1 }) => [manager, operation, fieldsV1?.['f:data']]).sort()).toEqual([['mine', 'Apply', expect.objectContaining({ 'f:a': {} })], ['others', 'Update', expect.objectContaining({ 'f:c': {} })]]);
      expect(JSON.stringify(metadata.managedFields)).not.toContain('f:b');
    });
  });

  describe('preconditions', () => {
    it.each(['uid', 'resourceVersion'] as const)('of a patch: another %s is a conflict, and nothing is done', async (which) => {
      const { kube } = subject();
      const name = named();
      const { metadata } = await kube.apply(configMap(name, { a: '1' }), MINE);
      const [good, bad] = which === 'uid' ? [metadata.uid, '00000000-0000-4000-8000-000000000000'] : [metadata.resourceVersion, String(Number(metadata.resourceVersion) - 1)];
      expect(await refusal(kube.patch(path(name), { data: { a: '2' } }, { ...MINE, [which]: bad }))).toMatchObject({ reason: 'conflict' });
      expect(await kube.get<ConfigMap>(path(name))).toMatchObject({ data: { a: '1' } });
      expect(await kube.patch<ConfigMap>(path(name), { data: { a: '2' } }, { ...MINE, [which]: good })).toMatchObject({ data: { a: '2' } });
    });

    it.each(['uid', 'resourceVersion'] as const)('of a delete: another %s is a conflict, and nothing is done', async (which) => {
      const { kube } = subject();
      const name = named();
      const { metadata } = await kube.apply(configMap(name, {}), MINE);
      const bad = which === 'uid' ? '00000000-0000-4000-8000-000000000000' : String(Number(metadata.resourceVersion) - 1);
      expect(await refusal(kube.delete(path(name), { [which]: bad }))).toMatchObject({ reason: 'conflict' });
      await kube.delete(path(name), { dryRun: true });
      expect(await kube.find(path(name))).toBeDefined();
      await kube.delete(path(name), { [which]: metadata[which] });
      expect(await kube.find(path(name))).toBeUndefined();
    });
  });

  it('a request ends with its signal', async () => {
    expect(await refusal(subject().kube.get(path(), { signal: AbortSignal.abort() }))).toMatchObject({ reason: 'aborted' });
  });
}

/** What the StatefulSet controller does with one replica; `template` makes pods that the cluster's machines run. */
export function statefulSetsConform(subject: () => Subject & { readonly template: (labels: Readonly<Record<string, string>>, mark: string) => object }): void {
  let name: string;
  beforeEach(() => {
    name = `s-${Date.now().toString(36)}-${(names += 1)}`;
  });
  afterEach(async () => {
    await subject().kube.delete(path());
    await eventually(async () => (await pod()) === undefined);
  });
  const path = (subresource?: string): string => pathTo(STATEFUL_SETS, { namespace: subject().namespace, name, subresource });
  const podPath = (): string => pathTo(PODS, { namespace: subject().namespace, name: `${name}-0` });
  const pod = (): Promise<Pod | undefined> => subject().kube.find<Pod>(podPath());
  const set = (): Promise<StatefulSet> => subject().kube.get<StatefulSet>(path());
  const patch = (spec: object): Promise<unknown> => subject().kube.patch(path(), { spec }, MINE);
  const partition = (to: number): Promise<unknown> => patch({ updateStrategy: { rollingUpdate: { partition: to } } });
  const mark = (to: string): Promise<unknown> => patch({ template: { metadata: { annotations: { mark: to } } } });
  const marked = async (): Promise<string | undefined> => (await pod())?.metadata.annotations?.['mark'];
  const seen = (): Promise<void> => eventually(async () => ((await set()).status?.observedGeneration ?? 0) === (await set()).metadata.generation);
  const ready = (): Promise<void> => eventually(async () => (await set()).status?.readyReplicas === 1 && (await pod())?.metadata.deletionTimestamp === undefined);
  const start = async (): Promise<void> => {
    const labels = { set: name };
    await subject().kube.apply({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name, namespace: subject().namespace }, spec: { replicas: 1, serviceName: name, selector: { matchLabels: labels }, podManagementPolicy: 'Parallel', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }, template: subject().template(labels, '1') } } as KubeObject, MINE);
    await ready();
  };

  it('an armed set leaves its pod alone, and brings it back at the revision that it had', async () => {
    await start();
    const life = (await pod())?.metadata.uid;
    await mark('2');
    await seen();
    expect(await pod()).toMatchObject({ metadata: { uid: life, annotations: { mark: '1' } } });
    const { status } = await set();
    expect(status?.updateRevision).not.toBe(status?.currentRevision);
    await subject().kube.delete(podPath(), { uid: life });
    await eventually(async () => ![undefined, life].includes((await pod())?.metadata.uid));
    expect(await marked()).toBe('1');
    await ready();
  });

  it('a disarmed set replaces its pod; armed again, the pod comes back at the new revision', async () => {
    await start();
    const life = (await pod())?.metadata.uid;
    await mark('2');
    await partition(0);
    await eventually(async () => (await marked()) === '2');
    await ready();
    await eventually(async () => (await set()).status?.currentRevision === (await set()).status?.updateRevision);
    const next = (await pod())?.metadata.uid;
    expect(next).not.toBe(life);
    await partition(1);
    await seen();
    expect((await pod())?.metadata.uid).toBe(next);
    await subject().kube.delete(podPath());
    await eventually(async () => ![undefined, next].includes((await pod())?.metadata.uid));
    expect(await marked()).toBe('2');
    await ready();
  });

  it('generation counts changes of the spec alone, and the controller says which it has seen', async () => {
    await start();
    const before = (await set()).metadata.generation!;
    await subject().kube.patch(path(), { metadata: { annotations: { x: 'y' } } }, MINE);
    expect((await set()).metadata.generation).toBe(before);
    await mark('2');
    expect((await set()).metadata.generation).toBe(before + 1);
    await seen();
  });

  it('a stopped set ends its pod, which is there until it ended, and takes what was applied when it is started', async () => {
    await start();
    await patch({ replicas: 0 });
    await eventually(async () => (await pod()) === undefined);
    await eventually(async () => (await set()).status?.replicas === 0);
    await mark('2');
    await seen();
    await eventually(async () => (await set()).status?.currentRevision === (await set()).status?.updateRevision);
    expect(await subject().kube.get<{ spec: { replicas?: number } }>(path('scale'))).toMatchObject({ kind: 'Scale' });
    await subject().kube.patch(path('scale'), { spec: { replicas: 1 } }, MINE);
    await ready();
    expect(await marked()).toBe('2');
  });

  it('an eviction ends the pod where no budget forbids it', async () => {
    await start();
    const { kube, namespace } = subject();
    const life = (await pod())!.metadata.uid;
    const budget: KubeObject & { spec: object } = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace }, spec: { maxUnavailable: 0, selector: { matchLabels: { set: name } } } };
    await kube.apply(budget, MINE);
    expect(await refusal(kube.evict({ namespace, name: `${name}-0` }))).toMatchObject({ reason: 'throttled', words: expect.stringContaining('disruption budget') });
    expect((await pod())?.metadata).toMatchObject({ uid: life });
    await kube.delete(pathTo(BUDGETS, { namespace, name }));
    expect(await refusal(kube.evict({ namespace, name: `${name}-0` }, { uid: '00000000-0000-4000-8000-000000000000' }))).toMatchObject({ reason: 'conflict' });
    await kube.evict({ namespace, name: `${name}-0` }, { uid: life });
    await eventually(async () => ![undefined, life].includes((await pod())?.metadata.uid));
    await ready();
  });
}

export async function refusal(work: Promise<unknown>): Promise<KubeError> {
  try {
    await work;
  } catch (error) {
    if (isKubeError(error)) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (let wait = 5; !(await holds()); wait = Math.min(wait * 2, 500)) {
    if (Date.now() > deadline) throw new Error(`not within a minute: ${String(holds)}`);
    await new Promise((done) => setTimeout(done, wait));
  }
}
