import { existsSync, renameSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { nativeName } from '../../apps/policies';
import type { AdmissionPolicies } from '../../apps/policies';
import type { Manifest } from '../../constructs/manifest';
import type { Fleet } from '../../model/types';
import { keySecretPath, networkNamespace, nodeSecretPath } from '../../naming';
import type { Api } from '../cluster/api';
import { applyAll } from '../cluster/example';
import { isReady, until, type NodeObject } from '../cluster/machines';
import { installNative, policiesOf, removeNative } from '../cluster/policies';
import { podPath, type LivePod } from './cluster';
import { CometNode, signedBy, signedTwice } from './comet';
import { folderOf, type Claim } from './disks';
import { CLUSTER, COSMOS, ofNodes, seedOf, SENTRIES, validatorKey, VALIDATORS, type FleetVariant } from './fleet';
import { describeNodes, useRealCluster } from './suite';

const NAMESPACE = networkNamespace(COSMOS);
const TARGET = 'val-3';
const OTHERS = [...VALIDATORS.filter((name) => name !== TARGET), ...SENTRIES];
const POD = `${TARGET}-node-0`;
const KEY = keySecretPath(COSMOS, validatorKey(TARGET));
/** Where a copied manifest runs. */
const COPY = 'copied';

/**
 * Ways to a second signer, with real processes that hold a real key: one validator of four runs on machine b, which is cut off; everything
 * else is on machine a. What stops each, and what happens without it.
 */
describeNodes('a second signer, attempted on real nodes', () => {
  const cluster = useRealCluster({ clients: ['cometbft'], machines: ['a', 'b'] });
  let variant: FleetVariant;
  let fleet: Fleet;
  let policies: AdmissionPolicies;
  let operator: Api;
  let breakGlass: Api;
  const pod = (): Promise<LivePod | undefined> => cluster().pod(COSMOS, TARGET);
  const uid = async (): Promise<string | undefined> => (await pod())?.metadata.uid;
  const sentry = async (): Promise<CometNode> => new CometNode((await cluster().pod(COSMOS, 'sentry-0'))!.status!.podIP!);
  const grows = async (blocks: number): Promise<void> => {
    const client = await sentry();
    const from = await client.height();
    await until(`the chain has ${blocks} more blocks than ${from}`, async () => (await client.height().catch(() => 0)) >= from + blocks);
  };
  /** Processes of the chain on a machine, as its own kernel counts them, whoever hears of it. */
  const clientsOn = (machine: string): number => cluster().machine(machine).processes('cometbft start').length;
  const cordon = (machine: string, unschedulable: boolean): Promise<unknown> => cluster().admin.patch(`/api/v1/nodes/${machine}`, { spec: { unschedulable } });
  const diskOf = async (volume: string, namespace = NAMESPACE): Promise<string> =>
    folderOf(cluster().disksFolder, await cluster().admin.get<Claim>(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${TARGET}-node-${volume}`));
  const signsAgain = async (): Promise<void> => {
    const client = await sentry();
    await until(`${TARGET} signs`, async () => client.signed((await client.height()) - 1, TARGET));
  };
  /**
   * New sentries, one after the other. The old ones take a cut-off connection for alive until the kernel gives it up after a quarter of an
   * hour (CometBFT waits in a write meanwhile, and never gets to its own timeout), and turn away who comes with the same node key.
   */
  const renewSentries = async (): Promise<void> => {
    for (const name of SENTRIES) {
      const old = (await cluster().pod(COSMOS, name))!.metadata.uid;
      await operator.call('DELETE', podPath(COSMOS, name));
      await cluster().ready(COSMOS, name, { not: old });
    }
    await grows(2);
  };
  /** What one of Kubernetes' controllers tried on the pod and was refused, as the API server wrote it down. */
  const refusals = (): number =>
    cluster()
      .controlPlane.audit()
      .filter(({ user, requestURI, responseStatus }) => user.username.endsWith(':pod-garbage-collector') && requestURI.startsWith(podPath(COSMOS, TARGET)) && responseStatus?.code === 403).length;
  const refusalOf = async (work: Promise<unknown>): Promise<string> => work.then(() => 'it was let through', String);
  /** Brings the target's pod to machine b, where it is alone. */
  const settleOnB = async (): Promise<void> => {
    await cordon('a', true);
    await cordon('b', false);
    const before = await uid();
    if (before !== undefined && (await pod())!.spec.nodeName !== 'b') {
      await cluster().admin.call('DELETE', podPath(COSMOS, TARGET));
      await cluster().ready(COSMOS, TARGET, { not: before });
    }
    await cluster().ready(COSMOS, TARGET);
    await cordon('a', false);
    expect((await pod())!.spec.nodeName).toBe('b');
    await signsAgain();
  };

  beforeAll(async () => {
    const { geth, cometbft } = cluster().images;
    variant = { geth: geth.older, cometbft: cometbft.older, firstStart: true };
    await cluster().applyPlatform(variant);
    fleet = (await cluster().fleet.render(variant)).fleet;
    policies = policiesOf(fleet, CLUSTER);
    operator = await cluster().controlPlane.as({ user: 'operator@example.com', groups: fleet.settings.access.operators.gcp });
    breakGlass = await cluster().controlPlane.as({ user: 'somebody@example.com', groups: fleet.settings.access.breakGlass.gcp });
    await cordon('b', true);
    await cluster().apply(variant, ...OTHERS);
    for (const node of OTHERS.filter((name) => name.startsWith('sentry'))) await cluster().ready(COSMOS, node);
    await cordon('a', true);
    await cordon('b', false);
    await cluster().apply(variant, TARGET);
    for (const node of [...OTHERS, TARGET]) await cluster().ready(COSMOS, node);
    await cordon('a', false);
    await signsAgain();
  });

  describe('with the admission policies in force', () => {
    beforeAll(() => installNative(cluster().admin, policies));
    afterAll(() => removeNative(cluster().admin, policies));

    it('real kubelets are not hindered: a pod that its operator deletes is ended, made again and signs', async () => {
      const before = (await uid())!;
      await cordonAs('a', true);
      await operator.call('DELETE', podPath(COSMOS, TARGET));
      await cluster().ready(COSMOS, TARGET, { not: before });
      await cordonAs('a', false);
      expect((await pod())!.spec.nodeName).toBe('b');
      await signsAgain();
    });

    describe('the machine is cut off, its pod running', () => {
      let before: string;
      beforeAll(async () => {
        before = (await uid())!;
        expect(clientsOn('b')).toBe(1);
        cluster().machine('b').cut();
      });
      const nothingChanged = async (): Promise<void> => {
        expect(await uid()).toBe(before);
        expect(clientsOn('b')).toBe(1);
        expect(clientsOn('a')).toBe(OTHERS.length);
        await grows(3);
      };

      it('force deletion of the pod is refused, to operators, break-glass and cluster admin', async () => {
        for (const api of [operator, breakGlass, cluster().admin]) {
          expect(await refusalOf(api.call('DELETE', podPath(COSMOS, TARGET), { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 }))).toContain(nativeName('pod-deletion'));
        }
        await nothingChanged();
      });

      it('so is an eviction with a grace of its own', async () => {
        const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: POD, namespace: NAMESPACE }, deleteOptions: { gracePeriodSeconds: 0 } };
        for (const api of [breakGlass, cluster().admin]) expect(await refusalOf(api.call('POST', `${podPath(COSMOS, TARGET)}/eviction`, eviction))).toContain(nativeName('pod-deletion'));
        await nothingChanged();
      });

      it('K3: out-of-service is refused to people; where the cloud sets it, the garbage collector is refused the pod', async () => {
        const taints = async (): Promise<object[]> => [
          ...((await cluster().admin.get<NodeObject>('/api/v1/nodes/b')).spec.taints ?? []),
          { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' },
        ];
        expect(await refusalOf(breakGlass.patch('/api/v1/nodes/b', { spec: { taints: await taints() } }))).toContain(nativeName('machines'));
        await until('Kubernetes knows that the machine is gone', async () => !isReady(await cluster().admin.get<NodeObject>('/api/v1/nodes/b')));
        const cloud = await cluster().controlPlane.controller('node-controller');
        await until('the taint is set', async () => (await refusalOf(cloud.patch('/api/v1/nodes/b', { spec: { taints: await taints() } }))) === 'it was let through');
        await until('the collector was refused', async () => refusals() > 0);
        await nothingChanged();
      });

      it('K2: the same when the Node object is deleted', async () => {
        expect(await refusalOf(cluster().admin.call('DELETE', '/api/v1/nodes/b'))).toContain(nativeName('machines'));
        const refused = refusals();
        await (await cluster().controlPlane.controller('node-controller')).call('DELETE', '/api/v1/nodes/b');
        await until('the collector was refused again', async () => refusals() > refused);
        await nothingChanged();
      });

      it('K1, K22: the machine comes back, ends its pod as it was asked, and only then the next one starts', async () => {
        const given = cluster().secrets.handedOut.filter(({ source }) => source === KEY).length;
        await renewSentries();
        cluster().machine('b').mend();
        await cluster().machine('b').restart('kubelet');
        await until('the machine is ready', async () => {
          const reply = await cluster().admin.request('GET', '/api/v1/nodes/b');
          return reply.status === 200 && isReady(reply.body as NodeObject);
        });
        await cluster().ready(COSMOS, TARGET, { not: before });
        expect(cluster().secrets.handedOut.filter(({ source }) => source === KEY).length).toBe(given + 1);
        expect(clientsOn('a') + clientsOn('b')).toBe(VALIDATORS.length + SENTRIES.length);
        await signsAgain();
      });

      it('a copy of the workload in its own namespace is refused to whoever applies workloads', async () => {
        const deployer = await cluster().controlPlane.as({ user: 'deployer@example.com', groups: fleet.settings.access.deployers.gcp });
        const original = await workload();
        const copy = { ...original, metadata: { ...original.metadata, name: `${TARGET}-copy` } };
        expect(await refusalOf(deployer.apply(copy, { dryRun: true }))).toContain(nativeName('workload-identity'));
      });
    });
  });

  it('all the while nothing was signed twice', async () => {
    const client = await sentry();
    expect(await client.evidence(1, await client.height())).toBe(0);
    await cluster().scale(COSMOS, TARGET, 0);
    const signed = await signedBy(inject('nodeBinaries').wal2json, await diskOf('chain-data'));
    expect(signed.length).toBeGreaterThan(20);
    expect(signedTwice([signed])).toEqual([]);
    await cluster().scale(COSMOS, TARGET, 1);
    await cluster().ready(COSMOS, TARGET);
  });

  describe('without the policies', () => {
    // To be turned around when keys are claimed (faults K1 to K3): the second pod then waits for a key, and no second process runs.
    it('OPEN until keys are claimed: cut off and force-deleted, a second process gets the key while the first one runs', async () => {
      await settleOnB();
      const before = (await uid())!;
      const first = cluster().secrets.handedOut.filter(({ source }) => source === KEY).at(-1)!;
      expect(first.pod).toBe(before);
      await cordon('b', true);
      cluster().machine('b').cut();
      // What a disk is that was detached by force, or restored from a copy: here as it was, and still where it was too.
      for (const volume of ['chain-data', 'signing-state']) copyDisk(await diskOf(volume));
      await renewSentries();
      await cluster().admin.call('DELETE', podPath(COSMOS, TARGET), { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 });
      await cluster().ready(COSMOS, TARGET, { not: before });
      expect((await pod())!.spec.nodeName).toBe('a');
      expect(cluster().secrets.handedOut.filter(({ source }) => source === KEY).at(-1)!.pod).toBe(await uid());
      expect([clientsOn('a'), clientsOn('b')]).toEqual([OTHERS.length + 1, 1]);

      // What ends it: the first machine hears that its pod is gone.
      cluster().machine('b').mend();
      await until('the first process ended', async () => clientsOn('b') === 0);
      await cordon('b', false);
    });
  });

  describe('a copied manifest, in another namespace with disks and a node key of its own', () => {
    let copied: Manifest[];
    beforeAll(async () => {
      const { manifests } = await cluster().fleet.render(variant);
      const ownKey = nodeSecretPath(COSMOS, 'another-cluster', TARGET, 'node-key');
      cluster().secrets.keep(ownKey, { raw: seedOf('copy'), account: `${COPY}:${TARGET}-node` });
      const text = JSON.stringify(ofNodes(manifests.nodes, TARGET).filter(({ kind }) => ['ServiceAccount', 'ConfigMap', 'PersistentVolumeClaim', 'StatefulSet'].includes(kind)));
      // The fleet declares that an empty signing volume is the right one: whoever copies a manifest copies that too.
      copied = (JSON.parse(text.replaceAll(nodeSecretPath(COSMOS, CLUSTER, TARGET, 'node-key'), ownKey)) as Manifest[]).map((manifest) => ({ ...manifest, metadata: { ...manifest.metadata, namespace: COPY } }));
      await cluster().admin.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: COPY, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } });
    });
    const copyPod = async (): Promise<LivePod | undefined> => {
      const reply = await cluster().admin.request('GET', `/api/v1/namespaces/${COPY}/pods/${POD}`);
      return reply.status === 200 ? (reply.body as LivePod) : undefined;
    };

    it('gets no key where the secret manager looks at who asks: its client never starts', async () => {
      await applyAll(cluster().admin, copied);
      await until('its agent asked and was refused', async () => cluster().secrets.refused.some(({ source, account }) => source === KEY && account === `${COPY}:${TARGET}-node`), {
        describe: async () => JSON.stringify((await copyPod())?.status),
      });
      const copy = (await copyPod())!;
      expect(copy.status!.containerStatuses![0]).toMatchObject({ started: false, restartCount: 0 });
      expect(copy.spec.nodeName).not.toBe((await pod())!.spec.nodeName);
    });

    it('the control, and OPEN until keys are claimed: with the key it signs what the first one signs', async () => {
      cluster().secrets.looksAtIdentity = false;
      await until('the copy is ready', async () => {
        const copy = await copyPod();
        return copy !== undefined && isReady(copy);
      }, { describe: async () => JSON.stringify((await copyPod())?.status?.containerStatuses) });
      await grows(12);
      // Both journals, once both have stopped.
      const disks = [await diskOf('chain-data'), await diskOf('chain-data', COPY)];
      await cluster().scale(COSMOS, TARGET, 0);
      await cluster().admin.patch(`/apis/apps/v1/namespaces/${COPY}/statefulsets/${TARGET}-node`, { spec: { replicas: 0 } });
      await until('the copy ended', async () => (await copyPod()) === undefined);
      const journals = await Promise.all(disks.map((disk) => signedBy(inject('nodeBinaries').wal2json, disk)));
      const twice = signedTwice(journals);
      process.stdout.write(`a copy with the key signed ${twice.length} times what the first one had signed otherwise, such as ${twice.slice(0, 3).join(', ')}\n`);
      expect(twice.length).toBeGreaterThan(0);
      // The control of the count: each alone never did.
      for (const journal of journals) expect(signedTwice([journal])).toEqual([]);
    });
  });

  /** As the policies have it: break-glass cordons. */
  async function cordonAs(machine: string, unschedulable: boolean): Promise<void> {
    await breakGlass.patch(`/api/v1/nodes/${machine}`, { spec: { unschedulable } });
  }

  const workload = async (): Promise<Manifest> => ofNodes((await cluster().fleet.render(variant)).manifests.nodes, TARGET).find(({ kind }) => kind === 'StatefulSet')!;
});

/** A folder's content under its name once more, and elsewhere for whoever has it open. */
function copyDisk(folder: string): void {
  const still = `${folder}.first`;
  if (existsSync(still)) throw new Error(`${still} is there already`);
  renameSync(folder, still);
  execFileSync('cp', ['--archive', still, folder]);
}
