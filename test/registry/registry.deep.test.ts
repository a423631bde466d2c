import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { networkOf, runPin, scratchFleet } from './run-pin';

/**
 * `pin` against a real registry: CNCF Distribution as Debian packages it (`docker-registry`), with storage of its
 * own, on a free port, and behind a login of its own.
 */
const BINARY = 'docker-registry';
const MEDIA = {
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;
/** The user `robot` with the password of {@link PASSWORD}; the registry takes bcrypt only. */
const PASSWORD = 'published-in-this-test';

const obstacle = makeAvailable();
if (obstacle !== undefined) console.warn(`Skipped: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('pin against a real registry', { timeout: 60_000 }, () => {
  let registry: RealRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  }, 60_000);
  afterAll(() => registry?.stop());

  it('pins an index and a single manifest, of OCI and docker, to what the registry stored', async () => {
    const amd64 = await registry.pushImage('ethereum/client-go', 'amd64', MEDIA.manifest);
    const arm64 = await registry.pushImage('ethereum/client-go', 'arm64', MEDIA.manifest);
    const index = await registry.pushIndex('ethereum/client-go', 'v2', MEDIA.index, [amd64, arm64]);
    const single = await registry.pushImage('ethereum/client-go', 'amd64', MEDIA.manifest, 'v1');
    const dockerImage = await registry.pushImage('example/agent', 'amd64', MEDIA.dockerManifest);
    const dockerList = await registry.pushIndex('example/agent', 'v1.0.0', MEDIA.dockerList, [dockerImage]);
    const fleet = scratchFleet({ hoodi: networkOf(`${registry.host}/ethereum/client-go`, ['v2', 'v1']) }, `${registry.host}/example/agent`);

    expect(await runPin(fleet.folder, [])).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('3 pinned') });
    expect(fleet.read('networks/hoodi.yaml')).toContain(`- version: "v2"   # see the changelog\n          digest: ${index.digest}\n`);
    expect(fleet.read('networks/hoodi.yaml')).toContain(`- version: "v1"   # see the changelog\n          digest: ${single.digest}\n`);
    expect(fleet.read('settings.yaml')).toContain(`digest: ${dockerList.digest}\n`);
    for (const { digest } of [index, single]) expect((await registry.fetch(`/v2/ethereum/client-go/manifests/${digest}`, { headers: { accept: `${MEDIA.index}, ${MEDIA.manifest}` } })).status).toBe(200);
    expect(await runPin(fleet.folder, ['--check'])).toMatchObject({ code: 0, stdout: expect.stringContaining('3 of 3 digests') });
  });

  it('notices a tag that was pushed again', async () => {
    const first = await registry.pushIndex('moved/client', 'v1', MEDIA.index, [await registry.pushImage('moved/client', 'amd64', MEDIA.manifest)]);
    const fleet = scratchFleet({ hoodi: networkOf(`${registry.host}/moved/client`, ['v1']) }, `${registry.host}/none/agent`);
    await runPin(fleet.folder, ['--network', 'hoodi']);
    const images = [await registry.pushImage('moved/client', 'amd64', MEDIA.manifest), await registry.pushImage('moved/client', 's390x', MEDIA.manifest)];
    const second = await registry.pushIndex('moved/client', 'v1', MEDIA.index, images);
    expect(second.digest).not.toBe(first.digest);

    const ran = await runPin(fleet.folder, ['--check', '--network', 'hoodi']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(`pinned is ${first.digest}, the registry now says ${second.digest} [pin-moved-tag]`);
  });

  it('refuses an index without linux/amd64, an unknown tag and an unknown repository', async () => {
    await registry.pushIndex('arm/client', 'v1', MEDIA.index, [await registry.pushImage('arm/client', 'arm64', MEDIA.manifest)]);
    const fleet = scratchFleet(
      { a: networkOf(`${registry.host}/arm/client`, ['v1', 'v9']), b: networkOf(`${registry.host}/nobody/nothing`, ['v1']) },
      `${registry.host}/none/agent`,
    );
    const before = [fleet.read('networks/a.yaml'), fleet.read('networks/b.yaml')];
    const ran = await runPin(fleet.folder, []);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/networks\/a\.yaml:12:20: error: .* has no linux\/amd64 image; it offers linux\/arm64 \[pin-wrong-platform\]/);
    expect(ran.stderr).toContain(`networks/a.yaml:14:20: error: ${registry.host} knows no ${registry.host}/arm/client:v9 [pin-unknown-tag]`);
    expect(ran.stderr).toContain(`networks/b.yaml:12:20: error: ${registry.host} knows no ${registry.host}/nobody/nothing:v1 [pin-unknown-tag]`);
    expect(ran.stderr).toContain('4 errors');
    expect([fleet.read('networks/a.yaml'), fleet.read('networks/b.yaml')]).toEqual(before);
  });

  it('stands in for Docker Hub as a mirror', async () => {
    const { digest } = await registry.pushIndex('library/geth', 'v1', MEDIA.index, [await registry.pushImage('library/geth', 'amd64', MEDIA.manifest)]);
    const fleet = scratchFleet({ hoodi: networkOf('docker.io/geth', ['v1']) }, `${registry.host}/none/agent`);
    expect((await runPin(fleet.folder, ['--network', 'hoodi', '--mirror', `docker.io=${registry.host}`])).stdout).toContain(`docker.io/geth:v1 ${digest}`);
  });

  it('logs in where the registry wants it', async (context) => {
    const hash = bcrypt(PASSWORD);
    if (hash === undefined) return context.skip('htpasswd (apache2-utils) is missing, and only root can install it');
    const closed = await startRegistry(`robot:${hash}`);
    try {
      const { digest } = await closed.pushIndex('a/b', 'v1', MEDIA.index, [await closed.pushImage('a/b', 'amd64', MEDIA.manifest)]);
      const fleet = scratchFleet({ hoodi: networkOf(`${closed.host}/a/b`, ['v1']) }, `${closed.host}/none/agent`);
      expect(await runPin(fleet.folder, ['--network', 'hoodi'])).toMatchObject({ code: 1, stderr: expect.stringContaining('[pin-unauthorized]') });
      const login = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [closed.host]: { username: 'robot', password: PASSWORD } } }) };
      const ran = await runPin(fleet.folder, ['--network', 'hoodi'], login);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(ran.stdout).toContain(digest);
    } finally {
      await closed.stop();
    }
  });
});

interface Pushed {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  readonly architecture: string;
}

interface RealRegistry {
  readonly host: string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  pushImage(repository: string, architecture: string, mediaType: string, tag?: string): Promise<Pushed>;
  pushIndex(repository: string, tag: string, mediaType: string, images: readonly Pushed[]): Promise<Pushed>;
  stop(): Promise<void>;
}

/** @param htpasswd a line of a password file; without it everybody may push and pull */
async function startRegistry(htpasswd?: string): Promise<RealRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const auth = htpasswd === undefined ? '' : `auth:\n  htpasswd:\n    realm: test\n    path: ${folder}/htpasswd\n`;
  if (htpasswd !== undefined) writeFileSync(join(folder, 'htpasswd'), `${htpasswd}\n`);
  writeFileSync(
    join(folder, 'config.yml'),
    `version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: ${folder}/storage\nhttp:\n  addr: ${host}\n${auth}`,
  );
  const child = spawn(BINARY, ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  const authorization: Record<string, string> = htpasswd === undefined ? {} : { authorization: `Basic ${Buffer.from(`robot:${PASSWORD}`).toString('base64')}` };
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(path.startsWith('http') ? path : `http://${host}${path}`, { ...init, headers: { ...authorization, ...init.headers } });
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };

  for (let attempt = 0; ; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${BINARY} ended with ${child.exitCode}`);
    if (await ask('/v2/').then(({ ok }) => ok, () => false)) break;
    if (attempt > 100) {
      await stop();
      throw new Error(`${BINARY} doesn't answer on ${host}`);
    }
    await sleep(100);
  }

  const put = async (path: string, body: string, contentType: string): Promise<void> => {
    const response = await ask(path, { method: 'PUT', body, headers: { 'content-type': contentType } });
    if (response.status !== 201) throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`);
  };
  const pushBlob = async (repository: string, content: string): Promise<{ digest: string; size: number }> => {
    const started = await ask(`/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(started.headers.get('location') ?? '', `http://${host}`);
    location.searchParams.set('digest', sha256(content));
    await put(location.href, content, 'application/octet-stream');
    return { digest: sha256(content), size: Buffer.byteLength(content) };
  };
  return {
    host,
    fetch: ask,
    stop,
    async pushImage(repository, architecture, mediaType, tag) {
      const config = await pushBlob(repository, JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [] } }));
      const layer = await pushBlob(repository, `layer of ${architecture}`);
      const body = JSON.stringify({
        schemaVersion: 2,
        mediaType,
        config: { mediaType: mediaType === MEDIA.dockerManifest ? 'application/vnd.docker.container.image.v1+json' : MEDIA.config, ...config },
        layers: [{ mediaType: mediaType === MEDIA.dockerManifest ? 'application/vnd.docker.image.rootfs.diff.tar.gzip' : MEDIA.layer, ...layer }],
      });
      await put(`/v2/${repository}/manifests/${tag ?? sha256(body)}`, body, mediaType);
      return { digest: sha256(body), size: Buffer.byteLength(body), mediaType, architecture };
    },
    async pushIndex(repository, tag, mediaType, images) {
      const manifests = images.map(({ architecture, ...rest }) => ({ ...rest, platform: { os: 'linux', architecture } }));
      const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
      await put(`/v2/${repository}/manifests/${tag}`, body, mediaType);
      return { digest: sha256(body), size: Buffer.byteLength(body), mediaType, architecture: 'index' };
    },
  };
}

/** Only the process that was started here, by its id. */
function end(child: ChildProcess): Promise<void> {
  return new Promise((ended) => {
    if (child.exitCode !== null || child.signalCode !== null) return ended();
    child.once('exit', () => ended());
    child.kill('SIGTERM');
  });
}

function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => found(port));
    });
  });
}

/** Installs the registry where that is possible. @returns why it isn't there, if it isn't */
function makeAvailable(): string | undefined {
  if (installed(BINARY)) return undefined;
  if (process.getuid?.() !== 0) return `${BINARY} is missing, and only root can install it: apt-get install docker-registry`;
  return install('docker-registry') && installed(BINARY) ? undefined : 'apt-get could not install docker-registry';
}

function installed(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

function install(debianPackage: string): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return (
    spawnSync('apt-get', ['update'], { env, stdio: 'ignore' }).status === 0 &&
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', debianPackage], { env, stdio: 'ignore' }).status === 0
  );
}

function bcrypt(password: string): string | undefined {
  if (!installed('htpasswd') && !(process.getuid?.() === 0 && install('apache2-utils'))) return undefined;
  const made = spawnSync('htpasswd', ['-nbB', 'robot', password], { encoding: 'utf8' });
  return made.status === 0 ? made.stdout.trim().split(':')[1] : undefined;
}

const sha256 = (content: string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
