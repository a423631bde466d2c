import { Resolver } from 'node:dns/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { networkNamespace, serviceHost } from '../../naming';
import type { LiveObject } from '../cluster/api';
import { isReady, until } from '../cluster/machines';
import { podPath, statefulSetPath, type LivePod } from './cluster';
import { EngineDriver } from './engine-driver';
import { componentOf, ETHEREUM, EXECUTION_NODE, seedOf, type FleetVariant } from './fleet';
import { confinementOf } from './process';
import { describeNodes, useRealCluster } from './suite';

const NAMESPACE = networkNamespace(ETHEREUM);

/** geth, with the arguments, volumes, secrets and probes that the fleet renders for an execution node, on one real machine. */
describeNodes('geth on a real node', () => {
  const cluster = useRealCluster({ clients: ['geth'], machines: ['a'] });
  let older: FleetVariant;
  let newer: FleetVariant;
  const pod = async (): Promise<LivePod> => (await cluster().pod(ETHEREUM, EXECUTION_NODE))!;
  const driverOf = ({ status }: LivePod): EngineDriver => new EngineDriver(status!.podIP!, seedOf('jwt'));
  /**
   * Deletes the pod and waits for the next one, whose client answers.
   *
   * @param frozen what happens while the client, stopped from before it was asked to end, can't run
   * @returns the next pod, and how the old one ended
   */
  const replace = async (grace?: number, frozen?: (pid: number) => Promise<void>): Promise<{ next: LivePod; endedInMs: number; codes: readonly number[] }> => {
    const before = await pod();
    const pid = gethPid();
    if (frozen) cluster().machine('a').namespaces.run('kill', '-STOP', String(pid));
    const started = Date.now();
    const codes = await cluster().exitCodes(ETHEREUM, EXECUTION_NODE, async () => {
      await cluster().admin.call('DELETE', podPath(ETHEREUM, EXECUTION_NODE), { apiVersion: 'v1', kind: 'DeleteOptions', ...(grace === undefined ? {} : { gracePeriodSeconds: grace }) });
      await frozen?.(pid);
    });
    const endedInMs = Date.now() - started;
    // geth answers before it knows what to do on SIGTERM, which then ends it like a kill: wait until it is ready.
    await cluster().ready(ETHEREUM, EXECUTION_NODE, { not: before.metadata.uid });
    return { next: await pod(), endedInMs, codes };
  };
  const gethPid = (): number => cluster().machine('a').processes('geth --hoodi')[0]!;
  const volumeOf = async (): Promise<unknown> => (await cluster().admin.get<LiveObject & { spec: { volumeName: string } }>(`/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/${EXECUTION_NODE}-execution-chain-data`)).spec.volumeName;

  beforeAll(async () => {
    const { geth, cometbft } = cluster().images;
    older = { geth: geth.older, cometbft: cometbft.older, firstStart: false };
    newer = { ...older, geth: geth.newer };
    await cluster().applyPlatform(older);
    await cluster().apply(older, EXECUTION_NODE);
  });

  describe('what is rendered', () => {
    it('starts: every argument is accepted, and the agent wrote the JWT before the client started', async () => {
      await until('the client is running and answers', async () => {
        const own = await cluster().pod(ETHEREUM, EXECUTION_NODE);
        return own?.status?.podIP !== undefined && (await driverOf(own).height().then(() => true, () => false));
      }, { describe: () => cluster().describe(ETHEREUM, EXECUTION_NODE) });
      expect((await pod()).status!.containerStatuses![0]!.restartCount).toBe(0);
      expect(await driverOf(await pod()).rpc<string>('web3_clientVersion')).toContain(older.geth.version);
    });

    it('runs as declared: unprivileged, on a read-only root, its secret readable by itself alone and on no disk', async () => {
      expect(confinementOf(cluster().machine('a'), gethPid(), '/secrets/jwt/jwt.hex')).toEqual({
        user: 10001,
        capabilities: 0,
        noNewPrivileges: true,
        seccomp: 'filter',
        rootReadOnly: true,
        secret: { mode: '400', owner: 10001, filesystem: 'tmpfs', writable: false },
      });
    });

    it('is alive and not ready before it has a block, though it answers everybody', async () => {
      await until('the kubelet asked and was refused', async () => {
        const events = await cluster().admin.list<LiveObject & { message: string }>(`/api/v1/namespaces/${NAMESPACE}/events`);
        return events.some(({ message }) => message.includes('Readiness probe failed') && message.includes('503'));
      });
      const driver = driverOf(await pod());
      // Also when a consensus client has called, and chose what is there.
      await driver.choose((await driver.block(0)).hash);
      expect(await driver.height()).toBe(0);
      expect(isReady(await pod())).toBe(false);
      expect((await pod()).status!.containerStatuses![0]!).toMatchObject({ started: true, ready: false });
    });

    it('is found by its consensus client before it is ready, and by RPC callers only then', async () => {
      const resolver = new Resolver();
      resolver.setServers([cluster().network.address]);
      const find = (service: string): Promise<string[]> => resolver.resolve4(serviceHost(service, NAMESPACE)).catch(() => []);
      const address = (await pod()).status!.podIP!;
      expect(await find(`${EXECUTION_NODE}-execution-engine`)).toEqual([address]);
      expect(await find(`${EXECUTION_NODE}-execution`)).toEqual([]);
      await driverOf(await pod()).advance(1);
      await cluster().ready(ETHEREUM, EXECUTION_NODE);
      await until('callers find it', async () => (await find(`${EXECUTION_NODE}-execution`)).includes(address));
    });

    it('obeys only who has the JWT', async () => {
      const driver = driverOf(await pod());
      expect((await driver.engine('engine_exchangeCapabilities', [[]], Buffer.alloc(32, 1))).status).toBe(401);
      expect((await driver.engine('engine_exchangeCapabilities', [[]])).status).toBe(200);
    });

    it('makes blocks, and its metrics are at the declared port and path', async () => {
      const driver = driverOf(await pod());
      const before = await driver.height();
      expect(await driver.advance(5)).toBe(before + 5);
      const { metrics, ports } = componentOf((await cluster().fleet.render(older)).fleet, EXECUTION_NODE);
      const { port } = ports.find(({ name }) => name === metrics!.port)!;
      const text = await (await fetch(`http://${(await pod()).status!.podIP!}:${port}${metrics!.path}`)).text();
      expect(text).toMatch(new RegExp(`^chain_head_block ${before + 5}$`, 'm'));
    });
  });

  describe('a shutdown', () => {
    it('by SIGTERM is clean and far within the declared grace: nothing is lost', async () => {
      const head = await driverOf(await pod()).advance(3);
      const { next, endedInMs, codes } = await replace();
      expect(codes).toEqual([0]);
      expect(await driverOf(next).height()).toBe(head);
      expect(endedInMs).toBeLessThan(60_000);
    });

    // A busy disk makes a client slow to end. Here its processor is taken away for a while, from before it is asked.
    it('that takes long is clean too, while the grace lasts', async () => {
      const head = await driverOf(await pod()).advance(3);
      const { next, codes } = await replace(undefined, async (pid) => {
        const { namespaces } = cluster().machine('a');
        await until('SIGTERM waits for the client', async () => isPending(namespaces.run('cat', `/proc/${pid}/status`)));
        namespaces.run('kill', '-CONT', String(pid));
      });
      expect(codes).toEqual([0]);
      expect(await driverOf(next).height()).toBe(head);
    });

    it('that takes longer than its grace costs the client what it had: the control, with a grace of 3 s', async () => {
      const driver = driverOf(await pod());
      const head = await driver.advance(3);
      const { next, codes } = await replace(3, async () => undefined);
      expect(codes).toEqual([137]);
      const left = await driverOf(next).height();
      process.stdout.write(`geth at ${head} was killed after too short a grace, and came back at ${left}\n`);
      // Its own mark of an unclean shutdown is lost with the rest: no line in its log tells of it.
      expect(left).toBeLessThan(head);
      // Its consensus client gives it again what it lost.
      expect(await driverOf(next).advance(head - left + 1)).toBe(head + 1);
    });
  });

  describe('an upgrade and its rollback', () => {
    const heights: number[] = [];
    const versions: string[] = [];
    const note = async (): Promise<void> => {
      const driver = driverOf(await pod());
      heights.push(await driver.height());
      versions.push((await driver.rpc<string>('web3_clientVersion')).split('/')[1]!.split('-')[0]!);
      await driver.advance(2);
      heights.push(await driver.height());
    };

    it('keep the chain: same disk, the height only grows', async () => {
      const volume = await volumeOf();
      await note();
      const before = (await pod()).metadata.uid;
      await cluster().apply(newer, EXECUTION_NODE);
      await until('the controller looked at it', async () => observed(await cluster().admin.get(statefulSetPath(ETHEREUM, EXECUTION_NODE))));
      expect((await pod()).metadata.uid).toBe(before);
      await cluster().fire(ETHEREUM, EXECUTION_NODE);
      await note();
      const reverted = Date.now();
      await cluster().apply(older, EXECUTION_NODE);
      await cluster().fire(ETHEREUM, EXECUTION_NODE);
      process.stdout.write(`geth ${newer.geth.version} back to ${older.geth.version}: ready ${Date.now() - reverted} ms after the revert\n`);
      await note();
      expect(versions).toEqual([older.geth.version, newer.geth.version, older.geth.version]);
      expect(heights).toEqual([...heights].sort((a, b) => a - b));
      expect(await volumeOf()).toBe(volume);
    });

    it('R1: a version that ends at once is reverted, its pod replaced, and the old version runs on the same disk', async () => {
      const head = await driverOf(await pod()).height();
      const volume = await volumeOf();
      await cluster().apply({ ...older, geth: cluster().images.geth.broken }, EXECUTION_NODE);
      const before = (await pod()).metadata.uid;
      await cluster().partition(ETHEREUM, EXECUTION_NODE, 0);
      await until('the new version crashed more than once', async () => {
        const now = await cluster().pod(ETHEREUM, EXECUTION_NODE);
        return now !== undefined && now.metadata.uid !== before && (now.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 2;
      }, { describe: () => cluster().describe(ETHEREUM, EXECUTION_NODE) });
      const reverted = Date.now();
      await cluster().apply(older, EXECUTION_NODE);
      // The control: the template alone does not help. The armed pod is left as it is.
      await until('the controller looked at it', async () => observed(await cluster().admin.get(statefulSetPath(ETHEREUM, EXECUTION_NODE))));
      expect((await pod()).spec.containers[0]!.image).toContain(cluster().images.geth.broken.digest);
      await cluster().fire(ETHEREUM, EXECUTION_NODE);
      process.stdout.write(`geth after a version that crashed: ready ${Date.now() - reverted} ms after the revert\n`);
      expect(await driverOf(await pod()).height()).toBe(head);
      expect(await volumeOf()).toBe(volume);
    });
  });
});

const observed = ({ metadata, status }: LiveObject & { status?: { observedGeneration?: number } }): boolean => status?.observedGeneration === metadata.generation;

/** proc(5): signal 15 in the mask of those that wait for the process. */
const isPending = (status: string): boolean => /^(Sig|Shd)Pnd:\s+[0-9a-f]*([4-7c-f])[0-9a-f]{3}$/m.test(status);
