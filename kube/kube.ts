import { answeredError, isKubeError, KubeError } from './errors';
import type { KubeObject, Live } from './objects';
import { NAMESPACES, pathTo, rootOf, type Resource } from './paths';
import { Unreached, type Request, type Response, type Transport } from './transport';
import { eventsOf, type WatchEvent } from './watch';

/** For every request. */
export interface Asking {
  /** Ends the request. @default - only its time-out ends it */
  readonly signal?: AbortSignal;
  /** @default - the time-out of the connection */
  readonly timeoutSeconds?: number;
}

export interface Selecting {
  /** `stockade.dev/node=eth-0`, or several with commas. */
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface Writing extends Asking {
  /** Who owns the fields that are written. */
  readonly fieldManager: string;
  /** Judged by all that judges writes, and not done. @default false */
  readonly dryRun?: boolean;
}

/** What has to be so at the moment of the write; else it ends as `conflict`, and nothing was done. */
export interface Preconditions {
  /** It is this life of the object. */
  readonly uid?: string;
  /** Nobody has written it since it was read. */
  readonly resourceVersion?: string;
}

export interface Listed<T> {
  readonly items: readonly T[];
  /** Where a watch begins that misses nothing. */
  readonly resourceVersion: string;
}

/**
 * An API server, as one identity. Paths come from {@link pathTo}; those of subresources too. No request is repeated: an error says by its reason whether
 * the caller may. Whether a write was done is unknown after `unreachable`, `timed-out` and `aborted`.
 *
 * Every method throws {@link KubeError}.
 */
export interface Kube {
  get<T = Live>(path: string, asking?: Asking): Promise<T>;
  /** Undefined where nothing is there. */
  find<T = Live>(path: string, asking?: Asking): Promise<T | undefined>;
  /** All of it, page by page; a part of a list is none. */
  list<T = Live>(path: string, selecting?: Selecting & Asking & { readonly pageSize?: number }): Promise<Listed<T>>;
  /** What changes after `resourceVersion`, until the signal, or until the server ends it: then list again. */
  watch<T = Live>(path: string, from: Selecting & { readonly resourceVersion: string; readonly signal: AbortSignal }): AsyncIterable<WatchEvent<T>>;
  /** Server-side apply with strict validation of fields. @param force takes fields over that another manager owns; default false */
  apply<T = Live>(object: KubeObject, writing: Writing & { readonly force?: boolean }): Promise<T>;
  /** JSON merge patch. */
  patch<T = Live>(path: string, body: { readonly metadata?: object; readonly [field: string]: unknown }, writing: Writing & Preconditions): Promise<T>;
  /** POST: a new object, or a subresource that is asked. */
  create<T = Live>(path: string, object: object, writing: Writing): Promise<T>;
  /** Asks for the end of an object; that it is gone has to be looked for. */
  delete(path: string, options?: Asking & Preconditions & { readonly gracePeriodSeconds?: number; readonly dryRun?: boolean }): Promise<void>;
  /** Ends a pod if its budgets allow it; `throttled` where they don't. */
  evict(pod: { readonly namespace: string; readonly name: string }, options?: Asking & Preconditions & { readonly dryRun?: boolean }): Promise<void>;
  /** What a kind is called in paths; undefined where the cluster doesn't serve it. Asked once for each group and version. */
  served(object: Pick<KubeObject, 'apiVersion' | 'kind'>): Promise<(Resource & { readonly namespaced: boolean }) | undefined>;
  /** The cluster's own name for itself: it lasts as long as the cluster, and no other has it. */
  clusterUid(asking?: Asking): Promise<string | undefined>;
  /** Closes what a connection holds. A request after that opens it again. */
  close(): void;
}

export interface KubeOptions {
  /** Of each request but a watch. @default 30 */
  readonly timeoutSeconds?: number;
}

/** The verbs, over any way to an API server. */
export const kubeOver = (transport: Transport, { timeoutSeconds = 30 }: KubeOptions = {}): Kube => new Verbs(transport, timeoutSeconds);

class Verbs implements Kube {
  private readonly known = new Map<string, Promise<ReadonlyMap<string, Resource & { readonly namespaced: boolean }>>>();

  constructor(
    private readonly transport: Transport,
    private readonly timeoutSeconds: number,
  ) {}

  get<T>(path: string, asking?: Asking): Promise<T> {
    return this.ask<T>({ method: 'GET', path }, asking);
  }

  async find<T>(path: string, asking?: Asking): Promise<T | undefined> {
    try {
      return await this.get<T>(path, asking);
    } catch (error) {
      if (isKubeError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  async list<T>(path: string, { labelSelector, fieldSelector, pageSize = 500, ...asking }: Selecting & Asking & { readonly pageSize?: number } = {}): Promise<Listed<T>> {
    const items: T[] = [];
    let next: string | undefined;
    for (;;) {
      const page = await this.get<{ items?: unknown; metadata?: { continue?: string; resourceVersion?: string } } | null>(withQuery(path, { labelSelector, fieldSelector, limit: String(pageSize), continue: next }), asking);
      if (!Array.isArray(page?.items)) throw notUnderstood(`GET ${path}`, 'was not answered with a whole list of Kubernetes');
      items.push(...(page.items as T[]));
      const { continue: rest = '', resourceVersion = '' } = page.metadata ?? {};
      if (rest === '') return { items, resourceVersion };
      if (rest === next) throw notUnderstood(`GET ${path}`, 'was not answered with a whole list of Kubernetes: the next page is the same again');
      next = rest;
    }
  }

  async *watch<T>(path: string, { resourceVersion, labelSelector, fieldSelector, signal }: Selecting & { readonly resourceVersion: string; readonly signal: AbortSignal }): AsyncIterable<WatchEvent<T>> {
    const query = withQuery(path, { labelSelector, fieldSelector, resourceVersion, watch: '1', allowWatchBookmarks: 'true' });
    const request = `WATCH ${path}`;
    try {
      const response = await this.transport.send({ method: 'GET', path: query, signal });
      if (response.status >= 300) throw answeredError(request, response.status, await whole(response), response.retryAfter);
      yield* eventsOf<T>(request, response.body);
    } catch (error) {
      throw explained(request, error, signal);
    }
  }

  async apply<T>(object: KubeObject, { force = false, ...writing }: Writing & { readonly force?: boolean }): Promise<T> {
    const served = await this.served(object);
    const { name, namespace } = object.metadata;
    if (served === undefined) throw new KubeError('not-found', { message: `the cluster serves no ${object.kind} of ${object.apiVersion}`, next: 'Install what makes this kind first.' });
    return this.write<T>('PATCH', pathTo(served, { namespace, name }), object, 'application/apply-patch+yaml', writing, { fieldValidation: 'Strict', ...(force ? { force: 'true' } : {}) });
  }

  async patch<T>(path: string, body: { readonly metadata?: object }, { uid, resourceVersion, ...writing }: Writing & Preconditions): Promise<T> {
    const demanded = { ...body.metadata, ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    try {
      return await this.write<T>('PATCH', path, { ...body, ...(Object.keys(demanded).length === 0 ? {} : { metadata: demanded }) }, 'application/merge-patch+json', writing);
    } catch (error) {
      // An API server takes another life's UID for a change of the immutable one.
      if (uid !== undefined && isKubeError(error, 'invalid') && error.words.includes('metadata.uid: Invalid value')) throw new KubeError('conflict', error.failures[0]!, error);
      throw error;
    }
  }

  create<T>(path: string, object: object, writing: Writing): Promise<T> {
    return this.write<T>('POST', path, object, 'application/json', writing, { fieldValidation: 'Strict' });
  }

  async delete(path: string, { uid, resourceVersion, gracePeriodSeconds, dryRun = false, ...asking }: Asking & Preconditions & { readonly gracePeriodSeconds?: number; readonly dryRun?: boolean } = {}): Promise<void> {
    await this.ask({ method: 'DELETE', path, ...json(deleteOptions({ uid, resourceVersion, gracePeriodSeconds, dryRun })) }, asking);
  }

  async evict({ namespace, name }: { readonly namespace: string; readonly name: string }, { uid, resourceVersion, dryRun = false, ...asking }: Asking & Preconditions & { readonly dryRun?: boolean } = {}): Promise<void> {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions: deleteOptions({ uid, resourceVersion, dryRun }) };
    await this.ask({ method: 'POST', path: withQuery(pathTo({ apiVersion: 'v1', plural: 'pods' }, { namespace, name, subresource: 'eviction' }), { dryRun: dryRun ? 'All' : undefined }), ...json(eviction) }, asking);
  }

  async served({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): Promise<(Resource & { readonly namespaced: boolean }) | undefined> {
    const asked = this.known.get(apiVersion) ?? this.discover(apiVersion);
    this.known.set(apiVersion, asked);
    try {
      const found = (await asked).get(kind);
      // It may be served later.
      if (found === undefined) this.known.delete(apiVersion);
      return found;
    } catch (error) {
      this.known.delete(apiVersion);
      throw error;
    }
  }

  async clusterUid(asking?: Asking): Promise<string | undefined> {
    return (await this.find<Live>(pathTo(NAMESPACES, { name: 'kube-system' }), asking))?.metadata.uid;
  }

  close(): void {
    this.transport.close();
  }

  private async discover(apiVersion: string): Promise<ReadonlyMap<string, Resource & { readonly namespaced: boolean }>> {
    const found = await this.get<{ resources?: { name: string; kind: string; namespaced: boolean }[] }>(rootOf(apiVersion)).catch((error: unknown) => {
      // Of a group or version that it does not serve, an API server says so in plain text.
      if (isKubeError(error, 'not-found', 'not-understood') && error.status === 404) return undefined;
      throw error;
    });
    return new Map((found?.resources ?? []).filter(({ name }) => !name.includes('/')).map(({ name, kind, namespaced }) => [kind, { apiVersion, plural: name, namespaced }]));
  }

  private write<T>(method: 'PATCH' | 'POST', path: string, body: object, contentType: string, { fieldManager, dryRun = false, ...asking }: Writing, query: Readonly<Record<string, string>> = {}): Promise<T> {
    return this.ask<T>({ method, path: withQuery(path, { fieldManager, dryRun: dryRun ? 'All' : undefined, ...query }), ...json(body), contentType }, asking);
  }

  private async ask<T>(request: Omit<Request, 'signal'>, { signal, timeoutSeconds = this.timeoutSeconds }: Asking = {}): Promise<T> {
    const name = `${request.method} ${request.path.split('?')[0]}`;
    const late = AbortSignal.timeout(timeoutSeconds * 1000);
    let response: Response;
    let text: string;
    try {
      response = await this.transport.send({ ...request, signal: signal === undefined ? late : AbortSignal.any([late, signal]) });
      text = await whole(response);
    } catch (error) {
      throw explained(name, error, signal, late.aborted ? timeoutSeconds : undefined);
    }
    if (response.status < 200 || response.status >= 300) throw answeredError(name, response.status, text, response.retryAfter);
    try {
      return JSON.parse(text) as T;
    } catch {
      throw notUnderstood(name, 'was not answered in JSON');
    }
  }
}

const deleteOptions = ({ uid, resourceVersion, gracePeriodSeconds, dryRun }: Preconditions & { readonly gracePeriodSeconds?: number; readonly dryRun: boolean }): object => ({
  apiVersion: 'v1',
  kind: 'DeleteOptions',
  ...(uid === undefined && resourceVersion === undefined ? {} : { preconditions: { uid, resourceVersion } }),
  ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
  ...(dryRun ? { dryRun: ['All'] } : {}),
});

const json = (body: object): { readonly body: string; readonly contentType: string } => ({ body: JSON.stringify(body), contentType: 'application/json' });

const notUnderstood = (request: string, message: string): KubeError =>
  new KubeError('not-understood', { message: `${request} ${message}`, next: 'Look who answers there: the kubeconfig may lead to something that is no API server.' });

function explained(request: string, error: unknown, signal: AbortSignal | undefined, lateAfter?: number): unknown {
  if (error instanceof KubeError) return error;
  if (signal?.aborted) return new KubeError('aborted', { message: `${request} was interrupted`, next: 'Look at the cluster before you go on.' });
  if (lateAfter !== undefined) return new KubeError('timed-out', { message: `${request} was not answered within ${lateAfter} s`, next: 'Look at the cluster before you go on: a write may have been done.' });
  if (error instanceof Unreached) return new KubeError('unreachable', { message: error.why, detail: error.said, next: error.next }, { words: error.said });
  // The connection broke while the answer was read.
  return new KubeError('unreachable', { message: `the answer to ${request} broke off`, detail: (error as Error).message, next: 'Look at the cluster before you go on: a write may have been done.' }, { words: (error as Error).message });
}

function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((one): one is [string, string] => one[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

async function whole({ body }: Response): Promise<string> {
  let text = '';
  for await (const piece of body) text += piece;
  return text;
}
