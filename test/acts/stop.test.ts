import { describe, expect, it, vi } from 'vitest';
import { dataSchemaOf } from '../../acts/data-schema';
import { deletePod } from '../../acts/delete-pod';
import { resume } from '../../acts/resume';
import { hold, stop } from '../../acts/stop';
import type { Live } from '../../kube/objects';
import { NodeWorld, OTHER, refusalOf, SIGNER, TARGET } from './world';

// Asked again twenty times as often: a fake cluster goes on with each request.
vi.mock('node:timers/promises', async (original) => {
  const timers = await original<{ setTimeout(milliseconds: number): Promise<void> }>();
  return { ...timers, setTimeout: (milliseconds: number) => timers.setTimeout(milliseconds / 20) };
});

const SOON = { timeoutSeconds: 5, why: 'ana: double vote suspected', all: false };
const AT_ONCE = { ...SOON, timeoutSeconds: 0.3 };
const ONE = { ...TARGET, component: 'validator' };

describe('stopping', () => {
  it('holds and stops the signer in one change, and says that its pod is gone once it is', async () => {
    const world = new NodeWorld();
    expect(await stop(world.kube, TARGET, SOON, world.on)).toEqual([{ namespace: 'staking-hoodi', name: SIGNER }]);
    expect(world.said).toEqual([`${SIGNER} is held and stops`, `pod ${SIGNER}-0 is gone`]);
    expect(world.written()).toEqual([`${SIGNER} ${JSON.stringify({ metadata: { annotations: { 'stockade.dev/hold': SOON.why } }, spec: { replicas: 0 } })}`]);
    expect([world.pod(), world.pod(OTHER)?.kind]).toEqual([undefined, 'Pod']);
  });

  it('the rest of the node only if asked, the signer first', async () => {
    const world = new NodeWorld();
    await stop(world.kube, TARGET, { ...SOON, all: true }, world.on);
    expect(world.said).toEqual([`${SIGNER} is held and stops`, `${OTHER} is held and stops`, `pod ${SIGNER}-0 is gone`, `pod ${OTHER}-0 is gone`]);
  });

  describe('[stop-waits] never says gone', () => {
    const STILL = `pod ${SIGNER}-0 is still there after 0.3 s: it may be signing`;
    it.each<[string, (world: NodeWorld) => void, string]>([
      ['while the pod ends and its machine does not answer', ({ cluster }) => void (cluster.pace.endsAfter = Infinity), STILL],
      [
        'while the pod is away, and a controller that has not seen the stop may make it again',
        ({ cluster }) => {
          cluster.world.remove(cluster.find('Pod', `${SIGNER}-0`)!);
          cluster.pace.lag = Infinity;
          cluster.pace.readyAfter = Infinity;
        },
        STILL,
      ],
      ['while nobody can be asked', ({ cluster }) => cluster.faults.next(99, 'unreachable', ({ method, path }) => method === 'GET' && path.endsWith('-0')), `whether pod ${SIGNER}-0 is gone is not known: it may be signing`],
      ['while something on the way answers that there is nothing', ({ cluster }) => cluster.faults.next(99, { answer: 404, text: '404 page not found' }, ({ method, path }) => method === 'GET' && /-(0|validator)$/.test(path)), `whether pod ${SIGNER}-0 is gone is not known: it may be signing`],
      ['when Ctrl-C ends the waiting', ({ cluster }) => void (cluster.pace.endsAfter = Infinity), STILL],
    ])('%s', async (what, arrange, message) => {
      const world = new NodeWorld();
      arrange(world);
      const signal = what.startsWith('when Ctrl-C') ? AbortSignal.abort() : undefined;
      expect(await refusalOf(stop(world.kube, TARGET, { ...AT_ONCE, signal }, world.on))).toContain(message);
      expect(world.said.join()).not.toContain('is gone');
      // It is held all the same.
      expect([world.hold(), world.set().spec.replicas]).toEqual([SOON.why, 0]);
    });

    it('the control: a set and a pod of which the API server itself says that they are gone', async () => {
      const world = new NodeWorld();
      const ours = ({ method, path }: { method: string; path: string }): boolean => method === 'GET' && /-(0|validator)$/.test(path);
      world.cluster.faults.next(99, { answer: 404, reason: 'NotFound' }, ours);
      await stop(world.kube, TARGET, SOON, world.on);
      expect(world.said.at(-1)).toBe(`pod ${SIGNER}-0 is gone`);
    });

    it('the control: a pod that takes its time, and a controller that lags, are waited for', async () => {
      const world = new NodeWorld();
      Object.assign(world.cluster.pace, { endsAfter: 6, lag: 3 });
      await stop(world.kube, TARGET, SOON, world.on);
      expect(world.said.at(-1)).toBe(`pod ${SIGNER}-0 is gone`);
      expect(world.pod()).toBeUndefined();
    });
  });
});

describe('a hold', () => {
  it('without a stop leaves what runs alone', async () => {
    const world = new NodeWorld();
    const life = world.pod()?.metadata.uid;
    await hold(world.kube, ONE, { why: 'ben: looks' }, world.on);
    expect([world.hold(), world.hold(OTHER), world.pod()?.metadata.uid]).toEqual(['ben: looks', undefined, life]);
    expect(world.said).toEqual([`${SIGNER} is held (ben: looks)`]);
  });

  it('is lifted in a change of its own, and only then the node is started', async () => {
    const world = new NodeWorld();
    await stop(world.kube, TARGET, SOON, () => undefined);
    expect(await resume(world.kube, TARGET, { start: false }, world.on)).toMatchObject([{ lifted: undefined, started: false }, { lifted: SOON.why, started: false }]);
    expect([world.hold(), world.set().spec.replicas]).toEqual([undefined, 0]);
    expect(await refusalOf(resume(world.kube, TARGET, { start: false }, world.on))).toContain('node "hoodi-0" is not held');
    await stop(world.kube, TARGET, SOON, () => undefined);
    world.cluster.requests.length = 0;
    await resume(world.kube, TARGET, { start: true }, world.on);
    expect(world.written().map((line) => line.replace(`${SIGNER} `, ''))).toEqual(['{"metadata":{"annotations":{"stockade.dev/hold":null}}}', '{"spec":{"replicas":1}}']);
    world.settle();
    expect(world.pod()?.kind).toBe('Pod');
  });
});

describe('deleting a pod', () => {
  it('ends the life that was meant, and its controller makes it again, at the revision that it had', async () => {
    const world = new NodeWorld();
    world.applied('2');
    const life = world.pod()!.metadata.uid;
    expect(await deletePod(world.kube, ONE, SOON, world.on)).toBe(life);
    world.settle();
    expect([world.pod()?.metadata.uid === life, world.mark()]).toEqual([false, '1']);
    expect(world.said).toEqual([`pod ${SIGNER}-0 ends`, `pod ${SIGNER}-0 is gone`]);
  });

  it('leaves another life than was meant alone', async () => {
    const world = new NodeWorld();
    const life = world.pod()!.metadata.uid;
    expect(await refusalOf(deletePod(world.kube, ONE, { ...SOON, uid: 'an-older-one' }, world.on))).toContain(`pod ${SIGNER}-0 is not the one that was meant (an-older-one): it was made anew`);
    expect([world.pod()?.metadata.uid, world.pod()?.metadata.deletionTimestamp]).toEqual([life, undefined]);
  });

  it('that does not end is said', async () => {
    const world = new NodeWorld();
    world.cluster.pace.endsAfter = Infinity;
    expect(await refusalOf(deletePod(world.kube, ONE, AT_ONCE, world.on))).toContain('gave up waiting until pod');
    expect(world.said).toEqual([`pod ${SIGNER}-0 ends`]);
  });
});

describe('the data schema of a component', () => {
  it('is read from its annotation; nothing else is a number', () => {
    const set = new NodeWorld().set();
    const saying = (text?: string): Live => ({ ...set, metadata: { ...set.metadata, annotations: (text === undefined ? {} : { 'stockade.dev/data-schema': text }) } });
    expect([dataSchemaOf(set), dataSchemaOf(saying('0')), dataSchemaOf(saying())]).toEqual([3, 0, undefined]);
    for (const text of ['', '-1', '1.5', '01', '1e3', 'three', ' 3']) expect(() => dataSchemaOf(saying(text))).toThrow(`has the annotation stockade.dev/data-schema: ${JSON.stringify(text)}, which is no number`);
  });
});
