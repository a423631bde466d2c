import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { arm } from '../../acts/arm';
import { fire } from '../../acts/fire';
import { fromKubeconfig } from '../../kube/kubeconfig';
import { serveFake } from '../kube/serve';
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

  it.each([['held', "ben: don't", `${SIGNER} is held (ben: don't)`, '1'], ['the control: looked at', undefined, 'not refused', '2']])('asks each component again before it is disarmed: %s while the one before is fired', async (_what, why, message, mark) => {
    const world = new NodeWorld();
    world.applied('2', SIGNER, OTHER);
    world.cluster.meanwhile = ({ method, path }) => {
      if (method === 'PATCH' && path.endsWith(OTHER) && why !== undefined) world.change(SIGNER, ({ metadata }) => (metadata.annotations!['stockade.dev/hold'] = why));
    };
    expect(await refusalOf(fire(world.kube, TARGET, SOON, world.on))).toContain(message);
    expect([world.mark(OTHER), world.mark(), world.partition(), world.partition(OTHER)]).toEqual(['2', mark, 1, 1]);
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

  it('after an arming that fails at first is tried again', async () => {
    const world = new NodeWorld();
    world.applied('2');
    world.cluster.faults.next(3, 'unreachable', isPatch(1));
    expect(await fire(world.kube, ONE, SOON, world.on)).toMatchObject([{ replaced: true }]);
    expect(world.partition()).toBe(1);
  });

  it('after kubectl proxy has died', async () => {
    const world = new NodeWorld();
    world.applied('2');
    world.cluster.pace.readyAfter = 5;
    const folder = mkdtempSync(join(tmpdir(), 'stockade-fire-test-'));
    const server = await serveFake(world.cluster, { socket: join(folder, 'api') });
    const kubectl = join(folder, 'kubectl');
    writeFileSync(kubectl, `#!/bin/sh\necho $$ >> "${folder}/pids"\nexec "${process.execPath}" "${join(__dirname, '../kube/pipe.cjs')}" "${join(folder, 'api')}" "$@"\n`, { mode: 0o755 });
    const kube = fromKubeconfig({ kubectl });
    const started = (): number[] => readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n').map(Number);
    let kills = 1;
    world.cluster.meanwhile = ({ method }) => void (method === 'GET' && world.partition() === 0 && kills-- > 0 && process.kill(started()[0]!, 'SIGKILL'));
    try {
      expect(await refusalOf(fire(kube, ONE, SOON, world.on))).toContain('the API server does not answer');
      // The control: it had died while the set was disarmed, and another had to be started.
      expect([kills, started().length]).toEqual([0, 2]);
      expect(world.partition()).toBe(1);
    } finally {
      kube.close();
      await server.close();
      rmSync(folder, { recursive: true });
    }
  });

  it.each([['nobody answers', 'unreachable' as const], ['the server does not know who asks', { answer: 401, reason: 'Unauthorized' }]])('the control: what can not be armed, since %s, is said to be disarmed, and `arm` and the next fire arm it', async (_what, fault) => {
    for (const again of [(world: NodeWorld) => arm(world.kube, TARGET, world.on), (world: NodeWorld) => fire(world.kube, ONE, SOON, world.on)]) {
      const world = new NodeWorld();
      world.applied('2');
      world.cluster.faults.next(99, fault, isPatch(1));
      expect(await refusalOf(fire(world.kube, ONE, SOON, world.on))).toContain(`${SIGNER} may be disarmed`);
      expect(world.partition()).toBe(0);
      world.cluster.faults.clear();
      world.settle();
      await again(world);
      expect([world.partition(), world.said.includes(`${SIGNER} is armed`)]).toEqual([1, true]);
      // Armed, there is nothing left to do.
      expect(await arm(world.kube, TARGET, world.on)).toEqual([]);
    }
  });
});
