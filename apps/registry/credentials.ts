import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** Never printed, never part of an error. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface CredentialSource {
  /** What to present to a registry; undefined: ask anonymously. */
  find(host: string): Promise<Credentials | undefined>;
}

/** For tests and for registries that everybody may read. */
export const anonymous: CredentialSource = { find: () => Promise.resolve(undefined) };

/**
 * What `docker login` left behind, found in the order: `DOCKER_AUTH_CONFIG` (the JSON itself, as CI systems hand it
 * over), then `$DOCKER_CONFIG/config.json`, then `~/.docker/config.json`. Credential helpers are asked where one is
 * configured for the host.
 *
 * @throws CredentialError when a configuration can't be read; it names the place, never the content
 */
export function dockerCredentials(env: NodeJS.ProcessEnv = process.env): CredentialSource {
  let config: Promise<LoadedConfig> | undefined;
  return {
    async find(host) {
      config ??= loadConfig(env);
      const { content, place } = await config;
      const names = spellings(host);
      for (const name of names) {
        const helper = content.credHelpers?.[name];
        if (helper !== undefined) return askHelper(helper, name);
      }
      for (const name of names) {
        const entry = content.auths?.[name];
        const found = entry && decode(entry, name, place);
        if (found) return found;
      }
      const stored = names.find((name) => content.auths?.[name] !== undefined);
      return content.credsStore !== undefined && stored !== undefined ? askHelper(content.credsStore, stored) : undefined;
    },
  };
}

export class CredentialError extends Error {
  override readonly name = 'CredentialError';
}

const authEntry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});
const dockerConfig = z.object({
  auths: z.record(z.string(), authEntry).optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});

interface LoadedConfig {
  readonly content: z.output<typeof dockerConfig>;
  readonly place: string;
}

async function loadConfig(env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  const inline = env['DOCKER_AUTH_CONFIG'];
  const place = inline ? 'DOCKER_AUTH_CONFIG' : join(env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker'), 'config.json');
  let text = inline;
  if (!text) {
    try {
      text = await readFile(place, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { content: {}, place };
      throw new CredentialError(`${place} can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
    }
  }
  // Neither the JSON parser's message nor zod's is passed on: both may quote the secret.
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CredentialError(`${place} is not JSON`);
  }
  const parsed = dockerConfig.safeParse(value);
  if (!parsed.success) throw new CredentialError(`${place} is not a docker configuration`);
  return { content: parsed.data, place };
}

/** `docker login` writes Docker Hub under its version 1 URL, and other hosts with or without a scheme. */
function spellings(host: string): string[] {
  if (host === 'docker.io') {
    return ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io', 'https://docker.io'];
  }
  return [host, `https://${host}`, `https://${host}/`];
}

function decode(entry: z.output<typeof authEntry>, host: string, place: string): Credentials | undefined {
  if (entry.identitytoken) throw identityToken(host);
  if (entry.auth) {
    const decoded = Buffer.from(entry.auth, 'base64').toString('utf8');
    const colon = decoded.indexOf(':');
    if (colon < 1) throw new CredentialError(`The "auth" of "${host}" in ${place} is not base64 of user:password`);
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, '') };
  }
  if (entry.username && entry.password !== undefined) return { username: entry.username, password: entry.password };
  return undefined;
}

/** The OAuth2 refresh exchange that these need differs by registry; a robot account's password works everywhere. */
function identityToken(host: string): CredentialError {
  return new CredentialError(`The login of "${host}" is an identity token; log in with a user name and an access token instead`);
}

/** https://github.com/docker/docker-credential-helpers: the host on stdin, JSON on stdout. */
async function askHelper(helper: string, host: string): Promise<Credentials | undefined> {
  if (!/^[A-Za-z0-9._-]+$/.test(helper)) throw new CredentialError(`"${helper}" is not the name of a credential helper`);
  const program = `docker-credential-${helper}`;
  const output = await new Promise<string | undefined>((resolve, reject) => {
    const child = execFile(program, ['get'], { timeout: 10_000 }, (error, stdout) => {
      if (!error) resolve(stdout);
      else if (/credentials not found/i.test(stdout)) resolve(undefined);
      else reject(new CredentialError(`${program} gave no credentials for "${host}"`));
    });
    child.stdin?.on('error', () => undefined); // a helper that ends without reading is judged by its exit code
    child.stdin?.end(host);
  });
  if (output === undefined) return undefined;
  const answer = z.object({ Username: z.string(), Secret: z.string() });
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    throw new CredentialError(`${program} answered something that is not JSON for "${host}"`);
  }
  const parsed = answer.safeParse(value);
  if (!parsed.success) throw new CredentialError(`${program} answered without a user name and secret for "${host}"`);
  if (parsed.data.Username === '<token>') throw identityToken(host);
  return { username: parsed.data.Username, password: parsed.data.Secret };
}
