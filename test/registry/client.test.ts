import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RegistryClient, type RegistryClientOptions } from '../../apps/registry/client';
import { anonymous, type CredentialSource } from '../../apps/registry/credentials';
import { RegistryError } from '../../apps/registry/errors';
import { indexOf, OCI_INDEX, OCI_MANIFEST, sha256, startFakeRegistry, type FakeRegistry } from './fake-registry';

/** How long the client waited between attempts: told, not slept. */
const waits = vi.hoisted((): number[] => []);
vi.mock('node:timers/promises', () => ({ setTimeout: async (ms: number) => void waits.push(ms) }));

let registry: FakeRegistry;
beforeEach(async () => {
  waits.length = 0;
  registry = await startFakeRegistry();
});
afterEach(() => registry.close());

const client = (options: Partial<RegistryClientOptions> = {}): RegistryClient =>
  new RegistryClient({ credentials: anonymous, plainHttp: true, backoffMs: 1, timeoutMs: 2000, ...options });
const image = (): string => `${registry.host}/ethereum/client-go`;

async function failure(asked: Promise<unknown>): Promise<RegistryError> {
  const error: unknown = await asked.then(() => undefined, (reason: unknown) => reason);
  if (!(error instanceof RegistryError)) throw new Error(`expected a RegistryError, got ${String(error)}`);
  return error;
}

describe('a tag', () => {
  it('is resolved with one HEAD', async () => {
    const digest = registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    expect(await client().resolve(image(), 'v1')).toEqual({ digest, mediaType: OCI_INDEX });
    expect(registry.requests).toEqual(['HEAD /v2/ethereum/client-go/manifests/v1']);
  });

  it('is asked for as index or manifest, of OCI and docker', async () => {
    let accept: string | undefined;
    registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    registry.misbehave((request) => ((accept = request.headers.accept), false));
    await client().resolve(image(), 'v1');
    expect(accept?.split(', ').sort()).toEqual([
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'application/vnd.docker.distribution.manifest.v2+json',
      OCI_INDEX,
      OCI_MANIFEST,
    ]);
  });

  it.each([
    ['no digest header', 200],
    ['no HEAD at all', 405],
  ])('is hashed from its bytes where a registry offers %s', async (_, status) => {
    const body = JSON.stringify(indexOf('linux/amd64'));
    registry.misbehave((request, response) => {
      response.writeHead(request.method === 'HEAD' ? status : 200, { 'content-type': OCI_INDEX });
      response.end(request.method === 'HEAD' ? undefined : body);
      return true;
    });
    expect((await client().resolve(image(), 'v1')).digest).toBe(sha256(body));
    expect(registry.requests.map((request) => request.split(' ')[0])).toEqual(['HEAD', 'GET']);
  });

  it('that nobody published is named, once, with its registry', async () => {
    const error = await failure(client().resolve(image(), 'v9'));
    expect(error).toMatchObject({ failure: 'unknown-tag', message: `${registry.host} knows no ${image()}:v9` });
    expect(registry.requests).toHaveLength(1);
  });

  it.each(['sha512:00', 'sha256:ABC', 'nonsense'])('with the digest "%s" is not believed', async (digest) => {
    registry.misbehave((_, response) => (response.writeHead(200, { 'docker-content-digest': digest }).end(), true));
    expect(await failure(client().resolve(image(), 'v1'))).toMatchObject({ failure: 'bad-answer', message: expect.stringContaining(`"${digest}"`) });
  });
});

describe('passing faults', () => {
  it.each([429, 500, 502, 503])('HTTP %i is tried again', async (status) => {
    const digest = registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    registry.misbehave((_, response) => registry.requests.length < 3 && (response.writeHead(status).end(), true));
    expect((await client().resolve(image(), 'v1')).digest).toBe(digest);
    expect(registry.requests).toHaveLength(3);
  });

  it('a dropped connection is tried again', async () => {
    const digest = registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    registry.misbehave((request) => registry.requests.length < 2 && (request.socket.destroy(), true));
    expect((await client().resolve(image(), 'v1')).digest).toBe(digest);
  });

  it('end after the last attempt, with the count', async () => {
    registry.misbehave((_, response) => (response.writeHead(503).end(), true));
    const error = await failure(client({ attempts: 3 }).resolve(image(), 'v1'));
    expect(error.failure).toBe('server-error');
    expect(error.message).toBe(`${registry.host} can't be asked for ${image()}: HTTP 503 (3 attempts)`);
    expect(registry.requests).toHaveLength(3);
  });

  it('obey Retry-After, up to a bound', async () => {
    registry.misbehave((_, response) => (response.writeHead(429, { 'retry-after': '3600' }).end(), true));
    const error = await failure(client().resolve(image(), 'v1'));
    expect(error).toMatchObject({ failure: 'rate-limited', message: expect.stringContaining('it asks to wait 3600 s') });
    expect(registry.requests).toHaveLength(1);
    expect(waits).toEqual([]);

    const digest = registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    registry.misbehave((_, response) => registry.requests.length < 3 && (response.writeHead(429, { 'retry-after': '1' }).end(), true));
    expect((await client().resolve(image(), 'v1')).digest).toBe(digest);
    expect(waits[0]).toBe(1000);
  });

  it('a registry that never answers costs the timeout, not forever', async () => {
    registry.misbehave(() => true);
    const error = await failure(client({ timeoutMs: 100, attempts: 2 }).resolve(image(), 'v1'));
    expect(error).toMatchObject({ failure: 'timeout', message: expect.stringContaining('no answer within 0.1 s (2 attempts)') });
  });

  it('a body that never ends costs the timeout too', async () => {
    registry.misbehave((request, response) => {
      response.writeHead(200, { 'content-type': OCI_INDEX });
      if (request.method === 'HEAD') response.end();
      else response.write('{');
      return true;
    });
    expect((await failure(client({ timeoutMs: 200, attempts: 1 }).resolve(image(), 'v1'))).failure).toBe('timeout');
  });

  it('a closed port is unreachable', async () => {
    const gone = await startFakeRegistry();
    await gone.close();
    const error = await failure(client({ attempts: 2 }).resolve(`${gone.host}/a/b`, 'v1'));
    expect(error).toMatchObject({ failure: 'unreachable', message: `${gone.host} can't be asked for ${gone.host}/a/b: ECONNREFUSED (2 attempts)` });
  });
});

describe('logging in', () => {
  const secret = 'hunter2-very-secret';
  const credentials = (hosts: string[] = []): CredentialSource => ({
    find: async (host) => (hosts.push(host), { username: 'robot', password: secret }),
  });
  /** Answers as Docker Hub does: a challenge, a token endpoint, then the manifest. */
  const tokens = (accept: (authorization: string | undefined) => boolean, realm = () => `http://${registry.host}/token`): void => {
    registry.misbehave((request, response) => {
      if (request.url?.startsWith('/token')) {
        if (!accept(request.headers.authorization)) response.writeHead(401).end();
        else response.end(JSON.stringify({ token: `granted-${registry.requests.length}` }));
        return true;
      }
      if (request.headers.authorization?.startsWith('Bearer granted-')) return false;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm()}",service="registry.example.com",scope="repository:ethereum/client-go:pull"` }).end();
      return true;
    });
  };

  it('fetches an anonymous token once for a repository', async () => {
    const digest = registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    registry.publish('ethereum/client-go', 'v2', indexOf('linux/amd64'));
    tokens((authorization) => authorization === undefined);
    const asked = client();
    expect((await asked.resolve(image(), 'v1')).digest).toBe(digest);
    await asked.resolve(image(), 'v2');
    expect(registry.requests).toEqual([
      'HEAD /v2/ethereum/client-go/manifests/v1',
      'GET /token?service=registry.example.com&scope=repository%3Aethereum%2Fclient-go%3Apull',
      'HEAD /v2/ethereum/client-go/manifests/v1',
      'HEAD /v2/ethereum/client-go/manifests/v2',
    ]);
  });

  it('presents credentials to the token endpoint only', async () => {
    registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    const seen: (string | undefined)[] = [];
    tokens((authorization) => (seen.push(authorization), true));
    const hosts: string[] = [];
    await client({ credentials: credentials(hosts) }).resolve(image(), 'v1');
    expect(seen).toEqual([`Basic ${Buffer.from(`robot:${secret}`).toString('base64')}`]);
    expect(hosts).toEqual([registry.host]);
  });

  it('presents credentials to a registry that wants them itself', async () => {
    const digest = registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    registry.misbehave((request, response) =>
      request.headers.authorization === undefined && (response.writeHead(401, { 'www-authenticate': 'Basic realm="private"' }).end(), true));
    expect((await client({ credentials: credentials() }).resolve(image(), 'v1')).digest).toBe(digest);
    expect((await failure(client().resolve(image(), 'v1'))).message).toBe(`${registry.host} wants a login to show ${image()}`);
  });

  it('renews a token that has expired', async () => {
    const digest = registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    let valid = 1;
    registry.misbehave((request, response) => {
      if (request.url === `/token?scope=${encodeURIComponent('repository:ethereum/client-go:pull')}`) response.end(JSON.stringify({ access_token: `t${valid}` }));
      else if (request.headers.authorization === `Bearer t${valid}`) return false;
      else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` }).end();
      return true;
    });
    const asked = client();
    await asked.resolve(image(), 'v1');
    valid = 2;
    expect((await asked.resolve(image(), 'v1')).digest).toBe(digest);
  });

  it('says what was refused, and never the secret', async () => {
    tokens(() => false);
    const error = await failure(client({ credentials: credentials() }).resolve(image(), 'v1'));
    expect(error).toMatchObject({ failure: 'unauthorized', message: `${registry.host} refused the login for ${image()} (HTTP 401)`, next: expect.stringContaining(`docker login ${registry.host}`) });
    expect(JSON.stringify([error.message, error.next, error.stack])).not.toMatch(new RegExp(`${secret}|${Buffer.from(`robot:${secret}`).toString('base64')}`));
  });

  it('sends no credentials in the clear to another machine', async () => {
    tokens(() => true, () => 'http://token.example.com/token');
    const error = await failure(client({ credentials: credentials() }).resolve(image(), 'v1'));
    expect(error).toMatchObject({ failure: 'bad-answer', message: expect.stringContaining('"http://token.example.com", which is not https') });
  });

  it('gives up on a refusal without a way in, and on one that stays', async () => {
    registry.misbehave((_, response) => (response.writeHead(401).end(), true));
    expect((await failure(client().resolve(image(), 'v1'))).message).toContain('without saying how to log in');
    registry.misbehave((_, response) => (response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(), true));
    const before = registry.requests.length;
    expect((await failure(client({ credentials: credentials() }).resolve(image(), 'v1'))).failure).toBe('unauthorized');
    expect(registry.requests.length - before).toBe(2);
  });
});

describe('what a digest names', () => {
  it('runs on linux/amd64, as an index or as one image', async () => {
    const index = registry.publish('ethereum/client-go', 'v1', indexOf('linux/arm64', 'linux/amd64'));
    const single = registry.publish('ethereum/client-go', 'v2', { schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] }, OCI_MANIFEST);
    await expect(client().verifyRunnable(image(), index)).resolves.toBeUndefined();
    await expect(client().verifyRunnable(image(), single)).resolves.toBeUndefined();
  });

  it('is refused without linux/amd64, saying what there is', async () => {
    const digest = registry.publish('ethereum/client-go', 'v1', indexOf('linux/arm64', 'windows/amd64', 'linux/arm64'));
    expect(await failure(client().verifyRunnable(image(), digest))).toMatchObject({
      failure: 'wrong-platform',
      message: `${image()}@${digest} has no linux/amd64 image; it offers linux/arm64, windows/amd64`,
    });
  });

  it('is refused when the bytes are others', async () => {
    const digest = registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    registry.misbehave((_, response) => (response.writeHead(200, { 'content-type': OCI_INDEX }).end('{"schemaVersion":2}'), true));
    expect((await failure(client().verifyRunnable(image(), digest))).message).toContain(`is ${sha256('{"schemaVersion":2}')}, not ${digest} as it says`);
  });

  it('is refused when it is no image, or too long to be one', async () => {
    const digest = registry.publish('ethereum/client-go', 'v1', { schemaVersion: 1 }, 'application/vnd.docker.distribution.manifest.v1+prettyjws');
    expect((await failure(client().verifyRunnable(image(), digest))).message).toContain('"application/vnd.docker.distribution.manifest.v1+prettyjws", which is not an image');
    registry.misbehave((_, response) => (response.end(Buffer.alloc(5 * 1024 * 1024)), true));
    expect((await failure(client().verifyRunnable(image(), digest))).message).toContain('longer than 4194304 bytes');
  });
});
