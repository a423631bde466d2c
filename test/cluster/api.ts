import { Agent } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { send, type Connections } from './send';

/** Who asks: a client certificate, or a token of a service account. */
export type Credentials = { readonly certificate: string; readonly key: string } | { readonly token: string };

/** A Kubernetes object as the API server gives it back. */
export interface LiveObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** What is needed of an object to apply it. */
export interface Applied {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** Texts of the `Warning` headers: what kubectl prints as `Warning: ...`. */
  readonly warnings: readonly string[];
}

/** A refusal by the API server, with its own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    readonly request: string,
    message: string,
  ) {
    super(`${request}: ${status} ${reason}: ${message}`);
  }
}

export interface ApplyOptions {
  /** @default 'stockade' */
  readonly fieldManager?: string;
  /** Takes over fields that another manager set. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** `status`, `scale`, ... with their verbs. */
  readonly subresources: readonly { readonly name: string; readonly verbs: readonly string[] }[];
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** The Kubernetes API as one identity sees it. */
export class Api {
  private readonly connections: Connections;
  private readonly headers: Record<string, string> = {};
  private discovered: Promise<readonly Resource[]> | undefined;

  constructor(
    readonly url: string,
    private readonly authority: string,
    credentials: Credentials,
  ) {
    const identity = 'token' in credentials ? {} : { cert: credentials.certificate, key: credentials.key };
    if ('token' in credentials) this.headers['authorization'] = `Bearer ${credentials.token}`;
    this.connections = { kept: new Agent({ keepAlive: true, maxSockets: 16, ca: authority, ...identity }), fresh: new Agent({ ca: authority, ...identity }) };
  }

  /** Another identity at the same API server. */
  as(credentials: Credentials): Api {
    return new Api(this.url, this.authority, credentials);
  }

  /** One request, whatever its outcome. */
  async request(method: string, path: string, { body, contentType = 'application/json', accept = 'application/json' }: { body?: unknown; contentType?: string; accept?: string } = {}): Promise<Reply> {
    const payload = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const response = await this.open(method, path, payload, { accept, ...(payload ? { 'content-type': contentType, 'content-length': String(payload.length) } : {}) });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const isJson = (response.headers['content-type'] ?? '').includes('json');
    return { status: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : text, warnings: warningsOf(response) };
  }

  /** One request that must succeed. @throws ApiError */
  async call<T = LiveObject>(method: string, path: string, body?: unknown, contentType?: string): Promise<T> {
    return demand<T>(await this.request(method, path, { body, contentType }), `${method} ${path}`);
  }

  get<T = LiveObject>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  /** The objects of a list, or none where the path isn't there. */
  async list<T = LiveObject>(path: string): Promise<T[]> {
    return (await this.get<{ items: T[] }>(path)).items;
  }

  /** JSON merge patch. @throws ApiError */
  patch<T = LiveObject>(path: string, body: unknown): Promise<T> {
    return this.call<T>('PATCH', path, body, 'application/merge-patch+json');
  }

  /** Server-side apply with strict validation of fields, as `kubectl apply --server-side --validate=strict` does it. @throws ApiError */
  async apply(object: Applied, options: ApplyOptions = {}): Promise<{ readonly object: LiveObject; readonly warnings: readonly string[]; readonly created: boolean }> {
    const { fieldManager = 'stockade', force = false, dryRun = false } = options;
    const query = new URLSearchParams({ fieldManager, fieldValidation: 'Strict', ...(force ? { force: 'true' } : {}), ...(dryRun ? { dryRun: 'All' } : {}) });
    const path = await this.pathOf(object);
    const reply = await this.request('PATCH', `${path}?${query.toString()}`, { body: object, contentType: 'application/apply-patch+yaml' });
    return { object: demand<LiveObject>(reply, `apply ${path}`), warnings: reply.warnings, created: reply.status === 201 };
  }

  /** The path of an object. */
  async pathOf(object: Applied): Promise<string> {
    const collection = await this.collection(object.apiVersion, object.kind, object.metadata.namespace);
    return `${collection}/${object.metadata.name}`;
  }

  /** The path of the objects of a kind: in one namespace, or in all of them. */
  async collection(apiVersion: string, kind: string, namespace?: string): Promise<string> {
    const find = async (): Promise<Resource | undefined> => (await this.resources()).find((one) => one.kind === kind && groupVersion(one) === apiVersion);
    let resource = await find();
    if (resource === undefined) {
      // A kind may have been added since: Gatekeeper makes its own.
      this.discovered = undefined;
      resource = await find();
    }
    if (resource === undefined) throw new Error(`the API server at ${this.url} serves no ${kind} of ${apiVersion}`);
    if (!resource.namespaced && namespace !== undefined) throw new Error(`${kind} of ${apiVersion} is in no namespace, yet this one names ${namespace}`);
    const root = resource.group === '' ? '/api/v1' : `/apis/${apiVersion}`;
    return `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${resource.plural}`;
  }

  /** All that the API server serves, in its preferred and other versions. */
  resources(): Promise<readonly Resource[]> {
    this.discovered ??= this.discover();
    return this.discovered;
  }

  /** Watches a collection, from what is there now, until the signal; what ends early is taken up again. */
  async watch<T = LiveObject>(path: string, onObject: (object: T) => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { items, metadata } = await this.get<{ items: T[]; metadata: { resourceVersion: string } }>(path);
        for (const item of items) onObject(item);
        const separator = path.includes('?') ? '&' : '?';
        const response = await this.open('GET', `${path}${separator}watch=1&resourceVersion=${metadata.resourceVersion}`, undefined, { accept: 'application/json' }, signal);
        let rest = '';
        for await (const chunk of response) {
          const lines = (rest + (chunk as Buffer).toString('utf8')).split('\n');
          rest = lines.pop()!;
          for (const line of lines) {
            const event = JSON.parse(line) as { type: string; object: T };
            // 410 Gone, most of all: list again.
            if (event.type === 'ERROR') throw new Error(line);
            if (event.type !== 'DELETED') onObject(event.object);
          }
        }
      } catch {
        if (signal.aborted) return;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.connections.kept.destroy();
    this.connections.fresh.destroy();
  }

  private open(method: string, path: string, payload: Buffer | undefined, headers: Record<string, string>, signal?: AbortSignal): Promise<IncomingMessage> {
    return send(new URL(path, this.url), { method, headers: { ...this.headers, ...headers }, signal }, payload, this.connections);
  }

  private async discover(): Promise<Resource[]> {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const lists = await Promise.all(['/api', '/apis'].map(async (root) => demand<Discovery>(await this.request('GET', root, { accept }), `GET ${root}`)));
    return lists.flatMap(({ items }) =>
      items.flatMap(({ metadata, versions }) =>
        versions.flatMap(({ version, resources }) =>
          resources.map(({ resource, responseKind, scope, verbs, subresources = [] }) => ({
            group: metadata.name ?? '',
            version,
            plural: resource,
            kind: responseKind.kind,
            namespaced: scope === 'Namespaced',
            verbs,
            subresources: subresources.map((sub) => ({ name: sub.subresource, verbs: sub.verbs })),
          })),
        ),
      ),
    );
  }
}

/** `apps/v1`, or `v1` alone. */
export const groupVersion = ({ group, version }: Pick<Resource, 'group' | 'version'>): string => (group === '' ? version : `${group}/${version}`);

interface Discovery {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources: readonly {
        readonly resource: string;
        readonly responseKind: { readonly kind: string };
        readonly scope: 'Namespaced' | 'Cluster';
        readonly verbs: readonly string[];
        readonly subresources?: readonly { readonly subresource: string; readonly verbs: readonly string[] }[];
      }[];
    }[];
  }[];
}

function demand<T>({ status, body }: Reply, request: string): T {
  if (status < 300) return body as T;
  const { reason = 'Unknown', message = JSON.stringify(body) } = (typeof body === 'object' && body !== null ? body : {}) as { reason?: string; message?: string };
  throw new ApiError(status, reason, request, message);
}

/** `299 - "text"`, RFC 7234; Node joins several with a comma. */
function warningsOf(response: IncomingMessage): string[] {
  const values = response.rawHeaders.filter((_, index) => index % 2 === 1 && response.rawHeaders[index - 1]!.toLowerCase() === 'warning');
  return values.map((value) => /^\d{3} \S+ "((?:[^"\\]|\\.)*)"/.exec(value)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? value);
}
