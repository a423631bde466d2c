import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inPod } from '../../kube/in-pod';
import type { Kube } from '../../kube/kube';
import { fromKubeconfig } from '../../kube/kubeconfig';
import { pathTo, PODS } from '../../kube/paths';
import { Authority } from '../cluster/pki';
import { FakeCluster } from './cluster';
import { kubeConforms, refusal, statefulSetsConform } from './conformance';
import { serveFake } from './serve';

const folder = mkdtempSync(join(tmpdir(), 'stockade-kube-test-'));
const cluster = new FakeCluster();
const namespace = 'staking-test';
cluster.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
beforeEach(() => cluster.faults.clear());

const mounted = join(folder, 'mounted');
let token = 'first';
const servers: { close(): Promise<void> }[] = [];
let port = 0;

beforeAll(async () => {
  const authority = await Authority.create(join(folder, 'pki'));
  const certificate = await authority.server(['localhost']);
  const served = await serveFake(cluster, { certificate, token: () => token });
  servers.push(served, await serveFake(cluster, { socket: join(folder, 'api') }));
  port = served.port;
  mkdirSync(mounted);
  writeFileSync(join(mounted, 'token'), `${token}\n`);
  writeFileSync(join(mounted, 'ca.crt'), authority.certificate);
});
afterAll(async () => {
  for (const one of Object.values(ways)) one().close();
  for (const server of servers) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const made = new Map<string, Kube>();
const once = (name: string, make: () => Kube) => (): Kube => made.get(name) ?? made.set(name, make()).get(name)!;
const standIn = (name: string, script: string): string => {
  const program = join(folder, name);
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  return program;
};
const piped = (): string => standIn('kubectl', `exec "${process.execPath}" "${join(__dirname, 'pipe.cjs')}" "${join(folder, 'api')}" "$@"`);

/** The ways to a cluster, each of them with the same verbs. */
const ways = {
  'in memory': once('memory', () => cluster.kube()),
  'from inside a pod': once('pod', () => inPod({ folder: mounted, host: '127.0.0.1', port: String(port) })),
  'by a kubeconfig': once('kubeconfig', () => fromKubeconfig({ kubectl: piped() })),
};

describe.each(Object.entries(ways))('%s', (_way, kube) => {
  kubeConforms(() => ({ kube: kube(), namespace }));
  describe('stateful sets', () => statefulSetsConform(() => ({ kube: kube(), namespace, template: (labels, mark) => ({ metadata: { labels, annotations: { mark } }, spec: {} }) })));

  const pods = pathTo(PODS, { namespace });

  it('a server that hangs is given up after the time-out, or with the signal', async () => {
    cluster.faults.next(2, 'hang');
    expect(await refusal(kube().get(pods, { timeoutSeconds: 0.2 }))).toMatchObject({ reason: 'timed-out', message: expect.stringContaining('was not answered within 0.2 s'), transient: true });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    expect(await refusal(kube().get(pods, { signal: stop.signal }))).toMatchObject({ reason: 'aborted', transient: false });
    // The control: without a fault it answers.
    await kube().get(pods, { timeoutSeconds: 5 });
  });

  it('an answer that is lost is said as that, and the write is done; no request is repeated', async () => {
    const { length } = cluster.requests;
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `lost-${length}`, namespace } };
    await kube().served(object);
    const before = cluster.requests.length;
    cluster.faults.next(1, 'lose-answer');
    expect(await refusal(kube().apply(object, { fieldManager: 'mine' }))).toMatchObject({ reason: 'unreachable', transient: true });
    expect(cluster.requests.length).toBe(before + 1);
    expect(cluster.find('ConfigMap', object.metadata.name)).toBeDefined();
  });

  it.each([
    [403, 'Forbidden', 'forbidden', false],
    [409, 'Conflict', 'conflict', false],
    [410, 'Expired', 'gone', false],
    [422, 'Invalid', 'invalid', false],
    [429, 'TooManyRequests', 'throttled', true],
    [500, 'InternalError', 'failed', true],
    [503, 'ServiceUnavailable', 'failed', true],
  ] as const)('%i is told as what it is, in the server\'s words', async (answer, reason, expected, transient) => {
    cluster.faults.next(1, { answer, reason, message: 'these words', retryAfter: '7' });
    const error = await refusal(kube().get(pods));
    expect(error).toMatchObject({ reason: expected, status: answer, words: 'these words', transient, retryAfterSeconds: 7 });
    expect(error.message).toContain(`GET ${pods} failed\n    Error from server (${reason}): these words\n  next: `);
  });

  it('404 is the API server\'s word that there is nothing, and nobody else\'s; of a group that is not served it is plain text', async () => {
    const pod = pathTo(PODS, { namespace, name: 'nothing' });
    expect(await kube().find(pod)).toBeUndefined();
    cluster.faults.next(1, { answer: 404, text: '404 page not found' });
    expect(await refusal(kube().find(pod))).toMatchObject({ reason: 'not-understood', status: 404, transient: false });
    cluster.faults.next(1, { answer: 404, text: '404 page not found' });
    expect(await kube().served({ apiVersion: 'nobody.example.com/v1', kind: 'Nothing' })).toBeUndefined();
  });

  it('401 is told with how to get in, where somebody has to', async () => {
    cluster.faults.next(1, { answer: 401, reason: 'Unauthorized', message: 'these words' });
    const error = await refusal(kube().get(pods));
    expect(error).toMatchObject({ reason: 'unauthorized', status: 401, words: 'these words', transient: false });
    expect(error.message).toContain('    Error from server (Unauthorized): these words\n  next: ');
  });

  it('a watch that begins too early is gone', async () => {
    cluster.world.oldest = cluster.world.version;
    const watching = (async () => {
      for await (const event of kube().watch(pods, { resourceVersion: '1', signal: AbortSignal.timeout(5000) })) expect(event).toBeUndefined();
    })();
    expect(await refusal(watching)).toMatchObject({ reason: 'gone' });
    cluster.world.oldest = 0;
  });
});

describe('in a pod', () => {
  const pods = pathTo(PODS, { namespace });
  const at = (options: object = {}): Kube => inPod({ folder: mounted, host: '127.0.0.1', port: String(port), ...options });

  it('a token that kubelet has replaced is taken at once', async () => {
    const kube = ways['from inside a pod']();
    token = 'second';
    expect(await refusal(kube.get(pods))).toMatchObject({ reason: 'unauthorized' });
    writeFileSync(join(mounted, 'token'), token);
    await kube.get(pods);
  });

  it('another CA, no token, no server and no pod are told apart', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    expect((await refusal(at({ folder: other }).get(pods))).message).toContain(`${join(other, 'token')} can't be read`);
    writeFileSync(join(other, 'token'), token);
    writeFileSync(join(other, 'ca.crt'), (await Authority.create(join(folder, 'other-pki'))).certificate);
    expect((await refusal(at({ folder: other }).get(pods))).message).toContain('is not the one that the mounted CA trusts');
    expect((await refusal(at({ port: '1' }).get(pods))).message).toContain('the API server at 127.0.0.1:1 does not answer');
    expect((await refusal(inPod({ folder: mounted, host: undefined, port: undefined }).get(pods))).message).toContain('this process is in no pod');
  });
});

describe('kubectl', () => {
  const pods = pathTo(PODS, { namespace });
  const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('stockade-kube-') && existsSync(join(tmpdir(), name, 'api')));

  it('that is not there is said', async () => {
    expect((await refusal(fromKubeconfig({ kubectl: join(folder, 'nothing') }).get(pods))).message).toContain(`"${join(folder, 'nothing')}" is not there\n  next: Install kubectl`);
  });

  it('that ends is started again by the next request', async () => {
    const kube = fromKubeconfig({ kubectl: piped() });
    await kube.get(pods);
    kube.close();
    await kube.get(pods);
    kube.close();
  });

  it('leaves nothing behind when it is closed', async () => {
    const before = folders().length;
    const kube = fromKubeconfig({ kubectl: piped() });
    await kube.get(pods);
    expect(folders().length).toBe(before + 1);
    kube.close();
    await new Promise((done) => setImmediate(done));
    expect(folders().length).toBe(before);
  });

  it('goes on through a Ctrl-C that is meant for the command, and ends with it, however that ends', async () => {
    const before = new Set(folders());
    const program = join(folder, 'command.ts');
    writeFileSync(program, `
      import { fromKubeconfig } from '${join(__dirname, '../../kube/kubeconfig')}';
      const kube = fromKubeconfig({ kubectl: '${piped()}' });
      const ask = () => kube.get('${pods}').then(() => process.stdout.write('answered;'));
      void ask();
      process.on('SIGINT', () => void ask());
      setInterval(() => undefined, 1000);
    `);
    // A group of its own, as a terminal makes it, all of which gets the signal.
    const command = spawn(process.execPath, ['--require', require.resolve('tsx/cjs'), program], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    command.stdout.on('data', (piece: Buffer) => (said += String(piece)));
    const eventually = async (what: string, holds: () => boolean): Promise<void> => {
      for (let waited = 0; !holds(); waited += 20) {
        if (waited > 20_000) throw new Error(`${what}: not within 20 s (${said})`);
        await new Promise((done) => setTimeout(done, 20));
      }
    };
    try {
      await eventually('an answer', () => said === 'answered;');
      const mine = folders().filter((name) => !before.has(name));
      expect(mine.length).toBeGreaterThan(0);
      process.kill(-command.pid!, 'SIGINT');
      await eventually('an answer after Ctrl-C', () => said === 'answered;answered;');
      process.kill(command.pid!, 'SIGKILL');
      await eventually('kubectl has ended', () => !mine.some((name) => existsSync(join(tmpdir(), name))));
    } finally {
      if (command.exitCode === null && command.signalCode === null) process.kill(command.pid!, 'SIGKILL');
    }
  });
});
