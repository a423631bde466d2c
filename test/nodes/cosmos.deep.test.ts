import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { keySecretPath, networkNamespace } from '../../naming';
import type { LiveObject } from '../cluster/api';
import { until } from '../cluster/machines';
import { podPath, type LivePod } from './cluster';
import { CometNode, signedBy, signedTwice } from './comet';
import { folderOf, type Claim } from './disks';
import { componentOf, COSMOS, nodeId, SENTRIES, validatorKey, VALIDATORS, type FleetVariant } from './fleet';
import { confinementOf } from './process';
import { describeNodes, useRealCluster } from './suite';

const NAMESPACE = networkNamespace(COSMOS);
const EVERYBODY = [...VALIDATORS, ...SENTRIES];

/** A chain of four validators behind two sentries, from what the fleet renders, on two real machines. */
describeNodes('a CometBFT chain on real nodes', () => {
  const cluster = useRealCluster({ clients: ['cometbft'], machines: ['a', 'b'] });
  let first: FleetVariant;
  let older: FleetVariant;
  let newer: FleetVariant;
  const pod = async (node: string): Promise<LivePod> => (await cluster().pod(COSMOS, node))!;
  const comet = async (node: string): Promise<CometNode> => new CometNode((await pod(node)).status!.podIP!);
  const grows = async (node: string, blocks: number): Promise<void> => {
    const client = await comet(node);
    const from = await client.height().catch(() => 0);
    await until(`${node} has ${blocks} more blocks than ${from}`, async () => (await client.height().catch(() => 0)) >= from + blocks, { describe: () => cluster().describe(COSMOS, node) });
  };
  const claim = (node: string, volume: string): Promise<Claim> => cluster().admin.get<Claim>(`/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/${node}-node-${volume}`);
  const diskOf = async (node: string, volume: string): Promise<string> => folderOf(cluster().disksFolder, await claim(node, volume));
  const machineOf = async (node: string) => cluster().machine((await pod(node)).spec.nodeName!);
  const stateOf = async (node: string): Promise<{ height: number }> => {
    const { height } = JSON.parse(readFileSync(join(await diskOf(node, 'signing-state'), 'priv_validator_state.json'), 'utf8')) as { height: string };
    return { height: Number(height) };
  };

  beforeAll(async () => {
    const { geth, cometbft } = cluster().images;
    first = { geth: geth.older, cometbft: cometbft.older, firstStart: true };
    older = { ...first, firstStart: false };
    newer = { ...older, cometbft: cometbft.newer };
    await cluster().applyPlatform(first);
  });

  describe('what is rendered', () => {
    it('starts, and a validator that has no peers yet is alive and not ready', async () => {
      await cluster().apply(first, 'val-0');
      await until('the kubelet asked and was refused', async () => {
        const events = await cluster().admin.list<LiveObject & { message: string }>(`/api/v1/namespaces/${NAMESPACE}/events`);
        return events.some(({ message }) => message.includes('Readiness probe failed') && message.includes('503'));
      }, { describe: () => cluster().describe(COSMOS, 'val-0') });
      expect(await (await comet('val-0')).status()).toMatchObject({ height: 0, catchingUp: true, version: older.cometbft.version });
      expect((await pod('val-0')).status!.containerStatuses![0]).toMatchObject({ started: true, ready: false, restartCount: 0 });
    });

    it('makes blocks once the others are there; sentries find the validator that started before them', async () => {
      await cluster().apply(first, ...EVERYBODY);
      for (const node of EVERYBODY) await cluster().ready(COSMOS, node);
      await grows('sentry-0', 3);
      for (const node of VALIDATORS) expect((await (await comet(node)).peers()).sort()).toEqual(SENTRIES.map(nodeId).sort());
      for (const node of EVERYBODY) expect((await pod(node)).status!.containerStatuses![0]!.restartCount, node).toBe(0);
      const sentry = await comet('sentry-0');
      const height = (await sentry.height()) - 1;
      for (const node of VALIDATORS) await until(`${node} signs`, async () => sentry.signed((await sentry.height()) - 1, node));
      expect(height).toBeGreaterThan(0);
    });

    it('runs as declared: unprivileged, on a read-only root, its key readable by itself alone and on no disk', async () => {
      const machine = await machineOf('val-0');
      const { containerID } = (await pod('val-0')).status!.containerStatuses![0] as unknown as { containerID: string };
      const pid = machine.pidOf(containerID);
      expect(confinementOf(machine, pid, '/secrets/validator-key/priv_validator_key.json')).toEqual({
        user: 10001,
        capabilities: 0,
        noNewPrivileges: true,
        seccomp: 'filter',
        rootReadOnly: true,
        secret: { mode: '400', owner: 10001, filesystem: 'tmpfs', writable: false },
      });
    });

    it('got its key by a token of its own pod, after the guard had looked at its disk', async () => {
      const { metadata, status } = await pod('val-0');
      const given = cluster().secrets.handedOut.filter(({ source }) => source === keySecretPath(COSMOS, validatorKey('val-0')));
      expect(given.map((one) => one.pod)).toEqual([metadata.uid]);
      expect(status!.initContainerStatuses!.map(({ name }) => name)).toEqual(['signing-state-guard', 'prepare', 'secret-agent']);
      expect(readdirSync(await diskOf('val-0', 'signing-state')).sort()).toEqual(['.stockade-node', 'priv_validator_state.json']);
    });

    it('shows its metrics at the declared port and path', async () => {
      const { metrics, ports } = componentOf((await cluster().fleet.render(first)).fleet, 'val-1');
      const { port } = ports.find(({ name }) => name === metrics!.port)!;
      expect(await (await comet('val-1')).metrics(port, metrics!.path)).toMatch(/^cometbft_consensus_height\{.*\} [1-9]/m);
    });
  });

  describe('a shutdown', () => {
    it('by SIGTERM ends the client by itself, and the signing state goes on from where it was', async () => {
      const before = await stateOf('val-1');
      const old = await pod('val-1');
      const started = Date.now();
      const codes = await cluster().exitCodes(COSMOS, 'val-1', () => cluster().admin.call('DELETE', podPath(COSMOS, 'val-1')));
      expect(Date.now() - started).toBeLessThan(60_000);
      expect(codes).toEqual([0]);
      await cluster().ready(COSMOS, 'val-1', { not: old.metadata.uid });
      const { height } = await stateOf('val-1');
      expect(height).toBeGreaterThanOrEqual(before.height);
      await until('it signs again', async () => (await stateOf('val-1')).height > height);
    });
  });

  describe('the guard', () => {
    it('lets a node go on whose first start is no longer approved', async () => {
      const old = await pod('val-2');
      await cluster().apply(older, ...EVERYBODY);
      expect((await pod('val-2')).metadata.uid).toBe(old.metadata.uid);
      await cluster().fire(COSMOS, 'val-2');
      await grows('val-2', 3);
    });

    it('stops one whose signing volume was replaced by an empty one: no key, no client, while the others go on', async () => {
      const disk = await diskOf('val-2', 'signing-state');
      await cluster().scale(COSMOS, 'val-2', 0);
      const path = `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims/val-2-node-signing-state`;
      const { uid } = (await claim('val-2', 'signing-state')).metadata;
      await cluster().admin.call('DELETE', path);
      await until('the claim is gone', async () => (await cluster().admin.request('GET', path)).status === 404);
      const given = cluster().secrets.handedOut.length;
      await cluster().apply(older, 'val-2');
      const guard = async () => (await cluster().pod(COSMOS, 'val-2'))?.status?.initContainerStatuses?.find(({ name }) => name === 'signing-state-guard');
      await until('the guard refused twice', async () => ((await guard())?.restartCount ?? 0) >= 2 && (await guard())?.lastState?.terminated?.exitCode === 3, { describe: () => cluster().describe(COSMOS, 'val-2') });
      expect((await claim('val-2', 'signing-state')).metadata.uid).not.toBe(uid);
      expect(cluster().logs(COSMOS, 'val-2', 'signing-state-guard')).toContain('the signing state is missing');
      expect(cluster().secrets.handedOut.length).toBe(given);
      expect((await pod('val-2')).status!.containerStatuses![0]).toMatchObject({ started: false, restartCount: 0 });
      await grows('sentry-0', 3);

      // The control: with what was on the right disk, it starts.
      execFileSync('cp', ['--archive', `${disk}/.`, await diskOf('val-2', 'signing-state')]);
      await cluster().ready(COSMOS, 'val-2');
      await grows('val-2', 3);
    });
  });

  describe('an upgrade and its rollback', () => {
    it('keep the chain and the signing state: same disks, the height only grows, peers come back, and the configuration is that of the revision', async () => {
      const seen: { version: string; height: number; signed: number; config: unknown }[] = [];
      const disks = [await diskOf('val-3', 'chain-data'), await diskOf('val-3', 'signing-state')];
      const note = async (): Promise<void> => {
        const client = await comet('val-3');
        await until('its peers are back', async () => (await client.peers()).length === SENTRIES.length);
        const { version, height } = await client.status();
        const volumes = (await pod('val-3')).spec.volumes as { name: string; configMap?: { name: string } }[];
        seen.push({ version, height, signed: (await stateOf('val-3')).height, config: volumes.find(({ name }) => name === 'agent-config')!.configMap!.name });
        await grows('val-3', 2);
      };
      // The pod still runs the revision of its first start.
      await note();
      await cluster().apply(newer, 'val-3');
      await cluster().fire(COSMOS, 'val-3');
      await note();
      const reverted = Date.now();
      await cluster().apply(first, 'val-3');
      await cluster().fire(COSMOS, 'val-3');
      process.stdout.write(`cometbft ${newer.cometbft.version} back to ${older.cometbft.version}: ready ${Date.now() - reverted} ms after the revert\n`);
      await note();
      expect(seen.map(({ version }) => version)).toEqual([older.cometbft.version, newer.cometbft.version, older.cometbft.version]);
      for (const what of ['height', 'signed'] as const) expect(seen.map((one) => one[what])).toEqual(seen.map((one) => one[what]).sort((a, b) => a - b));
      expect(seen[2]!.config).toBe(seen[0]!.config);
      expect(seen[1]!.config).not.toBe(seen[0]!.config);
      expect([await diskOf('val-3', 'chain-data'), await diskOf('val-3', 'signing-state')]).toEqual(disks);
      await cluster().apply(older, 'val-3');
      await cluster().fire(COSMOS, 'val-3');
    });

    it('R1: a version that ends at once is reverted, its pod replaced, and the old version signs on from the same disk', async () => {
      const before = (await pod('val-3')).metadata.uid;
      await cluster().apply({ ...older, cometbft: cluster().images.cometbft.broken }, 'val-3');
      await cluster().partition(COSMOS, 'val-3', 0);
      await until('the new version crashed more than once', async () => {
        const now = await cluster().pod(COSMOS, 'val-3');
        return now !== undefined && now.metadata.uid !== before && (now.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 2;
      }, { describe: () => cluster().describe(COSMOS, 'val-3') });
      const { height } = await stateOf('val-3');
      await grows('sentry-0', 3);
      const reverted = Date.now();
      await cluster().apply(older, 'val-3');
      await cluster().fire(COSMOS, 'val-3');
      process.stdout.write(`cometbft after a version that crashed: ready ${Date.now() - reverted} ms after the revert\n`);
      await until('it signs again', async () => (await stateOf('val-3')).height > height);
    });
  });

  describe('restarts of everything', () => {
    // Another order by the environment.
    const seed = Number(process.env['STOCKADE_SEED'] ?? 70_233);
    const acts: Record<string, () => Promise<void>> = {
      'kubelet of a': () => cluster().machine('a').restart('kubelet'),
      'kubelet of b': () => cluster().machine('b').restart('kubelet'),
      'containerd of a': () => cluster().machine('a').restart('containerd'),
      'containerd of b': () => cluster().machine('b').restart('containerd'),
      'network of a': () => offTheNetwork('a'),
      'network of b': () => offTheNetwork('b'),
      'API server': () => cluster().controlPlane.restart('kube-apiserver'),
      'controller manager': () => cluster().controlPlane.restart('kube-controller-manager'),
      scheduler: () => cluster().controlPlane.restart('kube-scheduler'),
      etcd: () => cluster().controlPlane.restart('etcd'),
    };
    /** A cut without end: some validators hear nothing of the others, until the chain stood still or went on for three blocks. */
    const offTheNetwork = async (name: string): Promise<void> => {
      const other = name === 'a' ? 'b' : 'a';
      const own = await Promise.all(VALIDATORS.map(async (node) => (await pod(node)).spec.nodeName === name));
      const left = own.filter((here) => !here).length;
      const watched = await someoneOn(other);
      cluster().machine(name).cut();
      try {
        // Two of four are no majority: a block or two may have been on the way, then none is made. Three are one, but an earlier cut may have left them with connections
        // that CometBFT takes for alive for a quarter of an hour, and this cut with no other.
        if (watched !== '') await (left >= 3 ? stands(watched, { seconds: 20, unless: 3 }) : stands(watched));
      } finally {
        cluster().machine(name).mend();
      }
    };
    const someoneOn = async (name: string): Promise<string> => {
      for (const node of EVERYBODY) if ((await pod(node)).spec.nodeName === name) return node;
      return '';
    };
    /** Until no block was made for some seconds, unless so many were. */
    const stands = async (node: string, { seconds = 5, unless = Infinity } = {}): Promise<void> => {
      const client = await comet(node);
      const from = await client.height();
      let last = from;
      let since = Date.now();
      await until(`${node} makes no block for ${seconds} seconds`, async () => {
        const now = await client.height();
        if (now !== last) [last, since] = [now, Date.now()];
        return now >= from + unless || Date.now() - since > seconds * 1000;
      });
    };

    it(`in any order: the chain goes on or resumes, and no pod is replaced (STOCKADE_SEED=${seed})`, async () => {
      const random = generator(seed);
      const order = Object.keys(acts).map((name) => [random(), name] as const).sort(([a], [b]) => a - b).map(([, name]) => name);
      process.stdout.write(`restarts, in the order of STOCKADE_SEED=${seed}: ${order.join(', ')}\n`);
      for (const node of EVERYBODY) await cluster().ready(COSMOS, node);
      const lives = async (): Promise<unknown> => Promise.all(EVERYBODY.map(async (node) => {
        const { metadata, status } = await pod(node);
        return [node, metadata.uid, status!.containerStatuses![0]!.restartCount];
      }));
      const before = await lives();
      for (const name of order) {
        await acts[name]!();
        await grows('sentry-0', 3);
      }
      for (const node of EVERYBODY) await cluster().ready(COSMOS, node);
      expect(await lives()).toEqual(before);
    });
  });

  describe('after all that', () => {
    it('no key signed twice for one height and round, and no block holds evidence that one did', async () => {
      for (const node of EVERYBODY) await cluster().ready(COSMOS, node);
      const sentry = await comet('sentry-0');
      expect(await sentry.evidence(1, await sentry.height())).toBe(0);
      for (const node of VALIDATORS) await cluster().scale(COSMOS, node, 0);
      for (const node of VALIDATORS) {
        const signed = await signedBy(inject('nodeBinaries').wal2json, await diskOf(node, 'chain-data'));
        expect(signed.length, node).toBeGreaterThan(50);
        expect(signedTwice([signed]), node).toEqual([]);
      }
    });
  });
});

/** mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
