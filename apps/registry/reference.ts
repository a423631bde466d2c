/**
 * Where an image lives, as the registry API wants it named. `docker.io` is a name people write, not a host that
 * serves manifests, and its official images live below `library/`.
 */
export interface RegistryLocation {
  /** Host and port that answer the API. */
  readonly host: string;
  /** The repository, as it goes into the URL. */
  readonly repository: string;
  /** Host whose credentials apply. */
  readonly credentialHost: string;
}

/** Registry host as images name it, then `host[:port][/prefix]` to ask instead. */
export type Mirrors = ReadonlyMap<string, string>;

const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_API = 'registry-1.docker.io';

/**
 * @param image a repository with its host and without a tag, such as `docker.io/ethereum/client-go`
 * @throws TypeError when `image` has no repository after its host
 */
export function locate(image: string, mirrors: Mirrors = new Map()): RegistryLocation {
  const slash = image.indexOf('/');
  if (slash < 1 || slash === image.length - 1) {
    throw new TypeError(`An image is a registry host and a repository, got "${image}"`);
  }
  const host = image.slice(0, slash);
  const path = image.slice(slash + 1);
  const repository = host === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;

  const mirror = mirrors.get(host);
  if (mirror !== undefined) {
    const [mirrorHost = '', ...prefix] = mirror.split('/');
    return { host: mirrorHost, repository: [...prefix, repository].join('/'), credentialHost: mirrorHost };
  }
  return { host: host === DOCKER_HUB ? DOCKER_HUB_API : host, repository, credentialHost: host };
}

/**
 * Reads `--mirror` values.
 * @throws TypeError that quotes the value it can't read
 */
export function parseMirrors(values: readonly string[]): Mirrors {
  const mirrors = new Map<string, string>();
  for (const value of values) {
    const match = /^([a-z0-9.-]+(?::[0-9]+)?)=((?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]+)?(?:\/[a-z0-9._-]+)*)$/.exec(value);
    if (!match?.[1] || !match[2]) {
      throw new TypeError(`--mirror is host=host[/prefix], such as "docker.io=registry.example.com/hub", got "${value}"`);
    }
    if (mirrors.has(match[1])) throw new TypeError(`--mirror names "${match[1]}" twice, got "${value}"`);
    mirrors.set(match[1], match[2]);
  }
  return mirrors;
}

/** Whether a host, with or without a port, is this machine and nothing else. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]+)?$/.test(host);
}
