import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { CredentialSource, Credentials } from './credentials';
import { RegistryError } from './errors';
import { isLoopback, locate, type Mirrors, type RegistryLocation } from './reference';

/** Manifests that a tag may stand for. Asking for fewer makes registries convert, and then the digest is another one. */
const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;
const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;
const ACCEPT = [...INDEX_TYPES, ...MANIFEST_TYPES].join(', ');

/** The most that a registry has to accept as a manifest, so the most we read of one (OCI distribution 1.1, "Pushing Manifests"). */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** The machines of every pool. */
const PLATFORM = { os: 'linux', architecture: 'amd64' } as const;

export interface RegistryClientOptions {
  readonly credentials: CredentialSource;
  /** @default none */
  readonly mirrors?: Mirrors;
  /** Speak plain HTTP to registries on this machine; every other one is still asked over TLS. @default false */
  readonly plainHttp?: boolean;
  /** For one attempt, its body included. @default 15000 */
  readonly timeoutMs?: number;
  /** Attempts at one request; only what may pass by itself is tried again: no connection, 429, 5xx. @default 4 */
  readonly attempts?: number;
  /** Wait before the second attempt, doubled before each further one. @default 500 */
  readonly backoffMs?: number;
  /** Longest that a registry's `Retry-After` is obeyed; beyond it the attempt counts as failed. @default 30000 */
  readonly maxRetryAfterMs?: number;
}

/** What a tag stands for right now. */
export interface ResolvedTag {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly mediaType: string;
}

/**
 * Reads what tags stand for, by the OCI distribution API (https://github.com/opencontainers/distribution-spec).
 *
 * @example
 * const registry = new RegistryClient({ credentials: dockerCredentials() });
 * const { digest } = await registry.resolve('docker.io/ethereum/client-go', 'v1.16.7');
 */
export class RegistryClient {
  private readonly authorizations = new Map<string, string>();

  constructor(private readonly options: RegistryClientOptions) {}

  /**
   * The digest of a tag. One HEAD, which Docker Hub doesn't count as a pull; a GET where the registry leaves the digest out.
   * @throws RegistryError
   * @throws CredentialError
   */
  async resolve(image: string, tag: string): Promise<ResolvedTag> {
    const location = this.locate(image);
    const head = await this.manifest('HEAD', location, image, tag);
    const headDigest = head.headers.get('docker-content-digest');
    if (head.status === 200 && headDigest !== null) {
      return { digest: checkedDigest(headDigest, image, tag), mediaType: mediaTypeOf(head.headers) };
    }
    // No digest, or no HEAD at all (405 in a few proxies): the digest is by definition that of the bytes.
    const get = await this.manifest('GET', location, image, tag);
    const digest = sha256(get.body);
    const claimed = get.headers.get('docker-content-digest');
    if (claimed !== null && checkedDigest(claimed, image, tag) !== digest) throw contentMismatch(image, tag, claimed, digest);
    return { digest, mediaType: mediaTypeOf(get.headers) };
  }

  /**
   * Fetches what the digest names, checks that it is what was asked for, and that it can run on our machines.
   * @throws RegistryError
   * @throws CredentialError
   */
  async verifyRunnable(image: string, digest: string): Promise<void> {
    const { body, headers } = await this.manifest('GET', this.locate(image), image, digest);
    const actual = sha256(body);
    if (actual !== digest) throw contentMismatch(image, digest, digest, actual);

    const manifest = parseManifest(body, image, digest);
    const mediaType = manifest.mediaType ?? mediaTypeOf(headers);
    if ((MANIFEST_TYPES as readonly string[]).includes(mediaType)) return;
    if (!(INDEX_TYPES as readonly string[]).includes(mediaType)) {
      throw new RegistryError(
        'bad-answer',
        `${image}@${digest} is "${mediaType}", which is not an image`,
        `Use a tag whose manifest is an image or an index of images (schema 1 manifests are refused: their digest isn't that of their bytes).`,
      );
    }
    const platforms = (manifest.manifests ?? []).map(({ platform }) => platform);
    if (!platforms.some((platform) => platform?.os === PLATFORM.os && platform.architecture === PLATFORM.architecture)) {
      const offered = platforms.map((platform) => (platform ? `${platform.os}/${platform.architecture}` : 'unnamed'));
      throw new RegistryError(
        'wrong-platform',
        `${image}@${digest} has no linux/amd64 image; it offers ${[...new Set(offered)].sort().join(', ') || 'nothing'}`,
        'Declare a version that is published for linux/amd64.',
      );
    }
  }

  private locate(image: string): RegistryLocation {
    return locate(image, this.options.mirrors);
  }

  private async manifest(method: 'HEAD' | 'GET', location: RegistryLocation, image: string, reference: string): Promise<Answer> {
    const scheme = this.options.plainHttp === true && isLoopback(location.host) ? 'http' : 'https';
    const url = `${scheme}://${location.host}/v2/${location.repository}/manifests/${reference}`;
    const scope = `${location.host}/${location.repository}`;

    const ask = (): Promise<Answer> => {
      const authorization = this.authorizations.get(scope);
      return this.request(method, url, image, { accept: ACCEPT, ...(authorization === undefined ? {} : { authorization }) });
    };
    let answer = await ask();
    if (answer.status === 401) {
      this.authorizations.delete(scope); // a token that has expired since
      this.authorizations.set(scope, await this.authorize(answer, location, image));
      answer = await ask();
    }

    if (answer.status === 200 || (method === 'HEAD' && answer.status === 405)) return answer;
    const name = reference.startsWith('sha256:') ? `${image}@${reference}` : `${image}:${reference}`;
    if (answer.status === 404) {
      throw new RegistryError('unknown-tag', `${location.host} knows no ${name}`, 'Correct the image or the version, or push it first.');
    }
    if (answer.status === 401 || answer.status === 403) {
      throw unauthorized(`${location.host} refused to show ${name} (HTTP ${answer.status})`, location);
    }
    throw new RegistryError(
      'bad-answer',
      `${location.host} answered HTTP ${answer.status} when asked for ${name}`,
      'Check that this host is a registry and the repository is right.',
    );
  }

  /** https://distribution.github.io/distribution/spec/auth/token/ */
  private async authorize(answer: Answer, location: RegistryLocation, image: string): Promise<string> {
    const challenge = parseChallenge(answer.headers.get('www-authenticate') ?? '');
    const credentials = await this.options.credentials.find(location.credentialHost);
    if (challenge?.scheme === 'basic') {
      if (!credentials) throw unauthorized(`${location.host} wants a login to show ${image}`, location);
      return basic(credentials);
    }
    const realm = challenge?.parameters.get('realm');
    if (challenge?.scheme !== 'bearer' || !realm || !URL.canParse(realm)) {
      throw new RegistryError(
        'bad-answer',
        `${location.host} refused ${image} without saying how to log in`,
        'Check that this host is a registry that speaks the distribution API, version 2.',
      );
    }
    const url = new URL(realm);
    // The realm comes from the network and credentials go there: never in the clear, except on this machine.
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && this.options.plainHttp === true && isLoopback(url.host))) {
      throw new RegistryError(
        'bad-answer',
        `${location.host} sends logins for ${image} to "${url.origin}", which is not https`,
        'Ask whoever runs this registry; no credentials were sent.',
      );
    }
    const service = challenge.parameters.get('service');
    if (service) url.searchParams.set('service', service);
    url.searchParams.set('scope', challenge.parameters.get('scope') ?? `repository:${location.repository}:pull`);

    const granted = await this.request('GET', url.href, image, credentials ? { authorization: basic(credentials) } : {});
    if (granted.status === 401 || granted.status === 403) {
      throw unauthorized(`${url.host} refused ${credentials ? 'the login' : 'an anonymous token'} for ${image} (HTTP ${granted.status})`, location);
    }
    const token = granted.status === 200 ? parseToken(granted.body) : undefined;
    if (token === undefined) {
      throw new RegistryError('bad-answer', `${url.host} gave no token for ${image} (HTTP ${granted.status})`, 'Try again; if it stays, ask whoever runs this registry.');
    }
    return `Bearer ${token}`;
  }

  /** One request, tried again while that may help. Every answer that isn't a passing fault is returned as it is. */
  private async request(method: 'HEAD' | 'GET', url: string, image: string, headers: Record<string, string>): Promise<Answer> {
    const { attempts = 4, backoffMs = 500, maxRetryAfterMs = 30_000 } = this.options;
    const host = new URL(url).host;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.attempt(method, url, image, headers);
      if (!(outcome instanceof PassingFault)) return outcome;
      const asked = outcome.retryAfterMs;
      if (attempt >= attempts || (asked !== undefined && asked > maxRetryAfterMs)) throw outcome.toError(host, image, attempt);
      // Spread over half the interval, or every client that a registry turned away comes back at once.
      await sleep(asked ?? backoffMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2));
    }
  }

  private async attempt(method: 'HEAD' | 'GET', url: string, image: string, headers: Record<string, string>): Promise<Answer | PassingFault> {
    const { timeoutMs = 15_000 } = this.options;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, { method, headers: { ...headers, 'user-agent': 'stockade-pin' }, signal });
      if (response.status === 429 || response.status >= 500) {
        await response.body?.cancel();
        return new PassingFault(response.status === 429 ? 'rate-limited' : 'server-error', `HTTP ${response.status}`, retryAfter(response.headers));
      }
      return { status: response.status, headers: response.headers, body: await readLimited(response, image) };
    } catch (error) {
      if (error instanceof RegistryError) throw error;
      if (signal.aborted) return new PassingFault('timeout', `no answer within ${timeoutMs / 1000} s`);
      return new PassingFault('unreachable', networkReason(error));
    }
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

class PassingFault {
  constructor(
    readonly failure: 'rate-limited' | 'server-error' | 'timeout' | 'unreachable',
    readonly reason: string,
    readonly retryAfterMs?: number,
  ) {}

  toError(host: string, image: string, attempts: number): RegistryError {
    const next = {
      'rate-limited': 'Log in with `docker login`, wait, or ask a mirror with `--mirror`.',
      'server-error': 'Try again later, or ask a mirror with `--mirror`.',
      timeout: 'Check the network and proxy to this host, or raise `--timeout`.',
      unreachable: 'Check the host name, DNS, firewall and proxy, or ask a mirror with `--mirror`.',
    }[this.failure];
    const asked = this.retryAfterMs === undefined ? '' : `, it asks to wait ${Math.ceil(this.retryAfterMs / 1000)} s`;
    return new RegistryError(
      this.failure,
      `${host} can't be asked for ${image}: ${this.reason} (${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${asked})`,
      next,
    );
  }
}

const sha256 = (body: Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;

const basic = ({ username, password }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;

const mediaTypeOf = (headers: Headers): string => (headers.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase();

function unauthorized(message: string, location: RegistryLocation): RegistryError {
  return new RegistryError(
    'unauthorized',
    message,
    `Check the name (many registries answer so for a repository that doesn't exist), then \`docker login ${location.credentialHost}\`, or hand over a configuration in DOCKER_AUTH_CONFIG.`,
  );
}

function checkedDigest(digest: string, image: string, tag: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  throw new RegistryError('bad-answer', `The registry gave "${digest}" as the digest of ${image}:${tag}`, 'Only sha256 digests can be pinned; ask whoever runs this registry.');
}

function contentMismatch(image: string, reference: string, claimed: string, actual: string): RegistryError {
  return new RegistryError(
    'bad-answer',
    `What the registry sent for ${image} (${reference}) is ${actual}, not ${claimed} as it says`,
    'Do not use this image. Something between here and the registry changes content, or the registry is broken.',
  );
}

/** RFC 9110, 11.6.1: a scheme, then `name="value"` pairs. Several challenges may share a header; Bearer is preferred. */
function parseChallenge(header: string): { scheme: string; parameters: ReadonlyMap<string, string> } | undefined {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const token = /([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z][A-Za-z0-9_-]*)(?=\s|$)/g;
  for (const [, key, quoted, plain, scheme] of header.matchAll(token)) {
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else if (key !== undefined) challenges.at(-1)?.parameters.set(key.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return challenges.find(({ scheme }) => scheme === 'bearer') ?? challenges.find(({ scheme }) => scheme === 'basic');
}

const tokenAnswer = z.object({ token: z.string().min(1).optional(), access_token: z.string().min(1).optional() });

function parseToken(body: Buffer): string | undefined {
  const parsed = tokenAnswer.safeParse(parseJson(body));
  return parsed.success ? (parsed.data.token ?? parsed.data.access_token) : undefined;
}

const manifestAnswer = z.object({
  mediaType: z.string().optional(),
  manifests: z.array(z.object({ platform: z.object({ os: z.string(), architecture: z.string() }).optional() })).optional(),
});

function parseManifest(body: Buffer, image: string, digest: string): z.output<typeof manifestAnswer> {
  const parsed = manifestAnswer.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  throw new RegistryError('bad-answer', `${image}@${digest} is not an image manifest`, 'Check the image and version.');
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

async function readLimited(response: Response, image: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Not response.arrayBuffer(): a broken host could send without end.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_MANIFEST_BYTES) {
      throw new RegistryError('bad-answer', `The answer for ${image} is longer than ${MAX_MANIFEST_BYTES} bytes`, 'Check that this host is a registry.');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** RFC 9110, 10.2.3: seconds or a date. */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  if (/^[0-9]+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** fetch says only "fetch failed"; the reason is in its cause. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof AggregateError) return networkReason(cause.errors[0]);
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause);
}
