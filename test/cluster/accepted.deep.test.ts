import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkFleetFolder } from '../../model/check-folder';
import { appliedBy } from '../../apps/platform';
import { catalogue } from '../../chains';
import type { Manifest } from '../../constructs/manifest';
import { ApiError, type Api, type LiveObject } from './api';
import { pinned } from './binaries';
import { applyAll, manifestsOf, quotasKnown, renderExample, type AppliedObject, type ClusterManifests, type Example } from './example';
import { until } from './machines';
import { installNative, policiesOf, removeNative } from './policies';
import { describeCluster, useControlPlane } from './suite';
import { changesOf } from './unchanged';

const { fleet } = checkFleetFolder(join(__dirname, '..', '..', 'fleet'), catalogue);
const CLUSTERS = Object.values(fleet?.clusters ?? {});
/** All clusters by the pinned minor's API server, and one of each cloud by the next one's. */
const RUNS = [
  ...CLUSTERS.map((cluster) => ({ title: cluster.name, cluster, apiServer: 'kube-apiserver' as const })),
  ...['gke-europe-west1', 'eks-eu-central-1'].map((name) => ({ title: `${name}, next minor`, cluster: fleet!.clusters[name]!, apiServer: 'kube-apiserver-next' as const })),
];

interface StatefulSet extends LiveObject {
  readonly spec: { readonly replicas: number; readonly template: { readonly metadata: { readonly labels: Record<string, string> }; readonly spec: Record<string, unknown> } };
  readonly status?: { readonly replicas?: number };
}

let example: Example;
beforeAll(async () => {
  example = await renderExample();
});
afterAll(() => example?.remove());

it('there are eight clusters to apply, four of each cloud', () => {
  expect(CLUSTERS.map(({ cloud }) => cloud).sort()).toEqual(['aws', 'aws', 'aws', 'aws', 'gcp', 'gcp', 'gcp', 'gcp']);
});

describe.each(RUNS)('$title', ({ cluster, apiServer }) => {
  describeCluster('accepted by the API server', () => {
    const controlPlane = useControlPlane({ serviceRange: cluster.ranges.services, apiServer });
    let manifests: ClusterManifests;
    let admin: Api;
    let platform: Api;
    let deployer: Api;
    beforeAll(async () => {
      manifests = manifestsOf(example, cluster.name);
      admin = controlPlane().admin;
      platform = await controlPlane().as({ user: 'platform@example.com', groups: [...example.fleet.settings.access.platform[cluster.cloud], 'system:masters'] });
      deployer = await controlPlane().as({ user: 'deployer@example.com', groups: example.fleet.settings.access.deployers[cluster.cloud] });
    });

    /** What bounds the nodes by who builds clusters, what they are made of by the deployer. */
    const applyEverything = async (): Promise<AppliedObject[]> => {
      const walls = await applyAll(platform, [...manifests.platform, ...manifests.policies]);
      await quotasKnown(admin);
      const rights = await applyAll(platform, manifests.nodes.filter((object) => appliedBy(object) === 'platform'));
      const workloads = await applyAll(deployer, manifests.nodes.filter((object) => appliedBy(object) === 'deployer'));
      return [...walls, ...rights, ...workloads];
    };

    /** Every object as the API server has it, by its path. */
    const liveObjects = async (): Promise<Record<string, LiveObject>> => {
      const paths = await Promise.all([...manifests.platform, ...manifests.policies, ...manifests.nodes].map((manifest) => admin.pathOf(manifest)));
      return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await admin.get(path)] as const)));
    };

    const statefulSets = (): Promise<StatefulSet[]> => admin.list<StatefulSet>('/apis/apps/v1/statefulsets');

    it('which is of the version that is pinned', async () => {
      expect(await admin.get('/version')).toMatchObject({ gitVersion: pinned(apiServer) });
    });

    it('takes every manifest under strict validation without a warning, the workloads from the deployer', async () => {
      const applied = await applyEverything();
      expect(applied.length).toBe(manifests.platform.length + manifests.policies.length + manifests.nodes.length);
      // From here on the policies judge what comes.
      await installNative(admin, policiesOf(example.fleet, cluster.name), platform);
      expect(applied.filter(({ warnings }) => warnings.length > 0).map(({ manifest, warnings }) => [manifest.kind, manifest.metadata.name, ...warnings])).toEqual([]);
    });

    it('admits the pod of every running component, at the Pod Security level of its namespace and within its quota', async () => {
      const wanted = (await statefulSets()).reduce((sum, { spec }) => sum + spec.replicas, 0);
      expect(wanted).toBeGreaterThan(0);
      await until(`${wanted} pods are there`, async () => (await admin.list('/api/v1/pods')).length === wanted, { describe: () => refusals(admin) });
      expect(await refusals(admin)).toBe('');
      const namespaces = await admin.list('/api/v1/namespaces');
      const staking = namespaces.filter(({ metadata }) => metadata.name.startsWith('staking-'));
      expect(staking.length).toBeGreaterThan(0);
      for (const { metadata } of staking) expect(metadata.labels?.['pod-security.kubernetes.io/enforce']).toMatch(/^(restricted|privileged)$/);
    });

    it('changes nothing when everything is applied again, whatever controllers write meanwhile', async () => {
      const before = await liveObjects();
      const applied = await applyEverything();
      expect(applied.flatMap(({ warnings }) => warnings)).toEqual([]);
      // As a busy controller may come to look at a policy only now.
      const path = await admin.pathOf(manifests.policies.find(({ kind }) => kind === 'ValidatingAdmissionPolicy')!);
      await admin.patch(`${path}/status`, { status: { conditions: [{ type: 'LookedAt', status: 'True', reason: 'Late', message: '', lastTransitionTime: '2026-11-30T12:00:00Z' }] } });
      const after = await liveObjects();
      expect(after[path]!.metadata.resourceVersion).not.toBe(before[path]!.metadata.resourceVersion);
      expect(changesOf(before, after)).toEqual([]);
    });

    it('and that would show: a manifest with another label, of every kind, and one that says something else', async () => {
      const label = (manifest: Manifest): Manifest => ({ ...manifest, metadata: { ...manifest.metadata, labels: { ...manifest.metadata.labels, altered: 'yes' } } });
      const kinds = new Map([...manifests.platform, ...manifests.policies, ...manifests.nodes].map((manifest) => [manifest.kind, manifest]));
      expect(kinds.size).toBeGreaterThan(10);
      for (const manifest of kinds.values()) {
        const path = await admin.pathOf(manifest);
        const before = { [path]: await admin.get(path) };
        const by = appliedBy(manifest) === 'platform' ? platform : deployer;
        const { object } = await by.apply(label(manifest), { dryRun: true });
        expect(changesOf(before, { [path]: object })).toEqual([`${path}: metadata.labels.altered`, `${path}: ownership`]);
      }
      const before = await liveObjects();
      const quota = manifests.platform.find(({ kind }) => kind === 'ResourceQuota') as Manifest & { spec: { hard: Record<string, string> } };
      await platform.apply({ ...quota, spec: { ...quota.spec, hard: { ...quota.spec.hard, pods: '1234' } } } as Manifest);
      expect(changesOf(before, await liveObjects())).toEqual([`${await admin.pathOf(quota)}: spec.hard.pods`]);
      await platform.apply(quota);
      await quotasKnown(admin);
      expect(changesOf(before, await liveObjects())).toEqual([]);
    });

    it('lets none of this in from somebody with broad rights, the policies being in force', async () => {
      const editor = await controlPlane().as({ user: 'editor@example.com', groups: ['system:masters'] });
      const statefulSet = manifests.nodes.find(({ kind }) => kind === 'StatefulSet')!;
      await expect(editor.apply(statefulSet, { dryRun: true, force: true })).rejects.toThrow(/ValidatingAdmissionPolicy 'stockade-/);
    });

    describe('without the policies', () => {
      beforeAll(() => removeNative(admin, policiesOf(example.fleet, cluster.name)));
      afterAll(() => installNative(admin, policiesOf(example.fleet, cluster.name), platform));

      it('the control: the same is let in', async () => {
        const editor = await controlPlane().as({ user: 'editor@example.com', groups: ['system:masters'] });
        const statefulSet = manifests.nodes.find(({ kind }) => kind === 'StatefulSet')!;
        await expect(editor.apply(statefulSet, { dryRun: true, force: true })).resolves.toBeDefined();
      });

      it('holds the quota to what is declared: one StatefulSet, one pod, one PVC more is refused, and taken once the quota is gone', async () => {
        const running = (await statefulSets()).filter(({ spec }) => spec.replicas === 1);
        for (const namespace of new Set(running.map(({ metadata }) => metadata.namespace!))) {
          const one = running.find(({ metadata }) => metadata.namespace === namespace)!;
          const claim = manifests.nodes.find(({ kind, metadata }) => kind === 'PersistentVolumeClaim' && metadata.namespace === namespace)!;
          const more = [
            ['/apis/apps/v1', 'statefulsets', manifests.nodes.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.namespace === namespace && metadata.name === one.metadata.name)!],
            ['/api/v1', 'pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', namespace, labels: one.spec.template.metadata.labels }, spec: one.spec.template.spec }],
            ['/api/v1', 'persistentvolumeclaims', claim],
          ] as const;
          const create = async (root: string, plural: string, object: Manifest): Promise<number | string> => {
            const another = { ...object, metadata: { ...object.metadata, name: 'one-more' } };
            // A dry run asks the quota, and takes nothing from it.
            const { status, body } = await admin.request('POST', `${root}/namespaces/${namespace}/${plural}?dryRun=All`, { body: another });
            return status === 201 ? status : (body as { message: string }).message;
          };
          for (const [root, plural, object] of more) {
            expect(await create(root, plural, object as Manifest)).toMatch(/is forbidden: exceeded quota: declared, requested: /);
          }
          const path = `/api/v1/namespaces/${namespace}/resourcequotas/declared`;
          const quota = await admin.get(path);
          await admin.call('DELETE', path);
          try {
            await until('the API server forgot the quota', async () => (await create('/api/v1', 'pods', more[1][2])) === 201);
            for (const [root, plural, object] of more) expect(await create(root, plural, object as Manifest)).toBe(201);
          } finally {
            const { apiVersion, kind, metadata, spec } = quota as LiveObject & { spec: object };
            await admin.call('POST', `/api/v1/namespaces/${namespace}/resourcequotas`, { apiVersion, kind, metadata: { name: metadata.name, namespace, labels: metadata.labels }, spec });
          }
        }
      });

      it('refuses a pod that its level forbids', async () => {
        for (const { metadata } of await admin.list('/api/v1/namespaces')) {
          if (metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted') continue;
          const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'loose', namespace: metadata.name }, spec: { hostPID: true, containers: [{ name: 'c', image: 'example.com/x:1' }] } };
          const { status, body } = await admin.request('POST', `/api/v1/namespaces/${metadata.name}/pods?dryRun=All`, { body: pod });
          expect([status, (body as { message: string }).message]).toEqual([403, expect.stringContaining('violates PodSecurity "restricted:')]);
        }
      });
    });
  });
});

describeCluster('by kubectl', () => {
  const controlPlane = useControlPlane();
  const name = 'gke-europe-west1';

  it('applies the folders as they are, twice, without a word of warning', async () => {
    const { cloud } = example.fleet.clusters[name]!;
    const kubeconfig = await controlPlane().kubeconfigFor('platform', { user: 'platform@example.com', groups: [...example.fleet.settings.access.platform[cloud], 'system:masters'] });
    const kubectl = async (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
      promisify(execFile)(inject('binaries').kubectl, ['--kubeconfig', kubeconfig, ...args]);
    const apply = (...paths: string[]): Promise<{ stdout: string; stderr: string }> =>
      kubectl('apply', '--server-side', '--validate=strict', '--recursive', ...paths.flatMap((path) => ['--filename', join(example.folder, name, path)]));
    const networks = manifestsOf(example, name)
      .platform.filter(({ kind, metadata }) => kind === 'Namespace' && metadata.name.startsWith('staking-'))
      .map(({ metadata }) => metadata.name);
    for (let run = 0; run < 2; run++) {
      for (const paths of [['platform/00-namespaces.yaml'], ['platform'], networks]) {
        const { stdout, stderr } = await apply(...paths);
        expect(stderr).toBe('');
        expect(stdout.trim().split('\n').every((line) => line.endsWith(' serverside-applied'))).toBe(true);
        await quotasKnown(controlPlane().admin);
      }
    }
  });
});

describeCluster('strict validation', () => {
  const controlPlane = useControlPlane();

  it('would have refused an unknown field', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' }, dta: {} };
    await expect(controlPlane().admin.apply(object)).rejects.toThrow(ApiError);
    await expect(controlPlane().admin.apply(object)).rejects.toThrow('.dta: field not declared in schema');
  });
});

/** Why the StatefulSet controller could not make pods, in the API server's words. */
async function refusals(api: Api): Promise<string> {
  const events = await api.list<LiveObject & { reason: string; message: string }>('/api/v1/events');
  return events
    .filter(({ reason }) => reason === 'FailedCreate')
    .map(({ message }) => message)
    .join('\n');
}
