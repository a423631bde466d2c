import { describe, expect, it, vi } from 'vitest';
import { arm } from '../../acts/arm';
import { fire } from '../../acts/fire';
import type { Pod } from '../kube/stateful-sets';
import { NodeWorld, OTHER, refusalOf, SIGNER, TARGET } from './world';

// Asked again twenty times as often: a fake cluster goes on with each request.
vi.mock('node:timers/promises', async (original) => {
  const timers = await original<{ setTimeout(milliseconds: number): Promise<void> }>();
  return { ...timers, setTimeout: (milliseconds: number) => timers.setTimeout(milliseconds / 20) };
});

const SOON = { timeoutSeconds: 5 };
const AT_ONCE = { timeoutSeconds: 0.3 };
const ONE = { ...TARGET, component: 'validator' };
const isPatch = (partition: number) => ({ method, body }: { method: string; body: unknown }): boolean => method === 'PATCH' && JSON.stringify(body).includes(`"partition":${partition}`);
/** A pod that never gets ready at this revision. */
const neverAt = (mark: string) => ({ metadata }: Pod): number => (metadata.annotations?.['mark'] === mark ? Infinity : 1);

describe('firing', () => {
  it('replaces the pod by what was applied, waits until it is ready, and arms again; signers last', async () => {
    const world = new NodeWorld();
    world.applied('2', SIGNER, OTHER);
    const outcome = await fire(world.kube, TARGET, SOON, world.on);
    expect([world.mark(), world.mark(OTHER), world.partition(), world.partition(OTHER)]).toEqual(['2', '2', 1, 1]);
    expect(outcome.map(({ component, replaced }) => [component.name, replaced])).toEqual([[OTHER, true], [SIGNER, true]]);
    const [execution, validator] = [world.set(OTHER), world.set()].map(({ status }) => status!.updateRevision);
    expect(world.said).toEqual([`firing ${OTHER}`, `${OTHER} runs ${execution}, and is armed`, `firing ${SIGNER}`, `${SIGNER} runs ${validator}, and is armed`]);
  });

  it('the control: what runs what was applied is left alone', async () => {
    const world = new NodeWorld();
    const life = world.pod()?.metadata.uid;
    expect(await fire(world.kube, ONE, SOON, world.on)).toMatchObject([{ replaced: false }]);
    expect(world.said).toEqual([`${SIGNER} runs what was applied`]);
    expect([world.pod()?.metadata.uid, world.written()]).toEqual([life, []]);
  });

  it('after a change that went wrong was taken back, replaces the pod that is still at it', async () => {
    const world = new NodeWorld();
    world.cluster.pace.readyAfter = neverAt('2');
    world.applied('2');
    await refusalOf(fire(world.kube, ONE, AT_ONCE, () => undefined));
    expect(world.mark()).toBe('2');
    world.applied('1');
    world.settle();
    // Both revisions of the set are the one before: only the pod tells.
    expect(world.set().status).toMatchObject({ currentRevision: world.set().status!.updateRevision });
    await fire(world.kube, ONE, SOON, world.on);
    expect([world.mark(), world.partition()]).toEqual(['1', 1]);
  });

  it('waits until the controller has seen what was just applied', async () => {
    const world = new NodeWorld();
    world.cluster.pace.lag = 4;
    world.applied('2');
    expect(await fire(world.kube, ONE, SOON, world.on)).toMatchObject([{ replaced: true }]);
    expect(world.mark()).toBe('2');
  });

  it('makes the pod that a rule lets come back no more at the revision that it had', async () => {
    const world = new NodeWorld();
    world.applied('2');
    world.cluster.world.remove(world.pod()!);
    expect(await fire(world.kube, ONE, SOON, world.on)).toMatchObject([{ replaced: true }]);
    expect(world.mark()).toBe('2');
  });

  it.each<[string, (world: NodeWorld) => void, string]>([
    ['held', (world) => world.change(SIGNER, ({ metadata }) => (metadata.annotations!['stockade.dev/hold'] = 'ana: key suspected stolen')), `${SIGNER} is held (ana: key suspected stolen): nothing starts it`],
    ['stopped', (world) => world.change(SIGNER, ({ spec }) => (spec.replicas = 0)), `${SIGNER} is stopped, so there is nothing to fire`],
  ])('refuses a node of which a component is %s, before anything is done', async (_what, change, message) => {
    const world = new NodeWorld();
    world.applied('2', SIGNER, OTHER);
    change(world);
    expect(await refusalOf(fire(world.kube, TARGET, AT_ONCE, world.on))).toContain(message);
    expect(world.written()).toEqual([]);
    // What is legitimate: the other component alone.
    await fire(world.kube, { ...TARGET, component: 'execution' }, SOON, world.on);
    expect(world.mark(OTHER)).toBe('2');
  });

  it('refuses a node and a component that are not there', async () => {
    const { kube, on } = new NodeWorld();
    expect(await refusalOf(fire(kube, { ...TARGET, node: 'nobody' }, AT_ONCE, on))).toContain('there is no node "nobody" of network "hoodi" in this cluster');
    expect(await refusalOf(fire(kube, { ...TARGET, component: 'sentry' }, AT_ONCE, on))).toContain('node "hoodi-0" has no component "sentry": execution, validator');
  });
});

describe('[armed-again] a fire that does not come to an end leaves the set armed', () => {
  it.each<[string, (world: NodeWorld, stop: AbortController) => void, string]>([
    ['the pod never gets ready', ({ cluster }) => void (cluster.pace.readyAfter = neverAt('2')), 'gave up waiting until'],
    ['Ctrl-C', (world, stop) => void (world.cluster.meanwhile = (request) => isPatch(0)(request) && stop.abort()), 'interrupted while waiting until'],
    ['Ctrl-C before it has begun', (_, stop) => stop.abort(), 'interrupted while waiting until'],
    ['a read that fails', ({ cluster }) => void (cluster.meanwhile = (request) => isPatch(0)(request) && cluster.faults.next(1, { answer: 500 }, ({ method }) => method === 'GET')), 'failed'],
    ['an API server that hangs', ({ cluster }) => void (cluster.meanwhile = (request) => isPatch(0)(request) && cluster.faults.next(1, 'hang', ({ method }) => method === 'GET')), 'was not answered within 1 s'],
    ['a disarming of which the answer is lost', ({ cluster }) => cluster.faults.next(1, 'lose-answer', isPatch(0)), 'the API server does not answer'],
  ])('after: %s', async (_what, arrange, message) => {
    const world = new NodeWorld();
    world.applied('2');
    const stop = new AbortController();
    world.cluster.pace.readyAfter = 3;
    arrange(world, stop);
    expect(await refusalOf(fire(world.kube, ONE, { timeoutSeconds: 0.5, signal: stop.signal }, world.on))).toContain(message);
    expect(world.partition()).toBe(1);
    // It had been disarmed, or the wait would not have been for that.
    if (!stop.signal.aborted || world.written().length > 0) expect(world.written().map((line) => line.replace(/.*"partition":/, ''))).toEqual(['0}}}}', '1}}}}']);
  });

  it('the control: what nobody arms again stays disarmed, and `arm` arms it', async () => {
    const world = new NodeWorld();
    world.applied('2');
    world.cluster.faults.next(1, 'unreachable', isPatch(1));
    expect(await refusalOf(fire(world.kube, ONE, SOON, world.on))).toContain('the API server does not answer');
    expect(world.partition()).toBe(0);
    expect(await arm(world.kube, TARGET, world.on)).toMatchObject([{ name: SIGNER }]);
    expect(world.partition()).toBe(1);
    // Armed, there is nothing left to do.
    expect(await arm(world.kube, TARGET, world.on)).toEqual([]);
  });
});
