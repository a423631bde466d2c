import { Readable } from 'node:stream';
import { kubeOver, type Kube, type KubeOptions } from '../../kube/kube';
import type { KubeObject, Live } from '../../kube/objects';
import { rootOf } from '../../kube/paths';
import { Unreached, type Request, type Response } from '../../kube/transport';
import { Faults } from './faults';
import { applied, updated } from './managed-fields';
import { end, tick, type Pace, type Pod } from './stateful-sets';
import { World } from './world';

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** @param write what an admission policy would say to a write; undefined lets it pass */
export type Admission = (object: KubeObject, before: Live | undefined) => string | undefined;

/**
 * A cluster in memory: an API server as far as Stockade asks one, the StatefulSet controller, and machines that run pods. It is as good as `conformance.ts`, which a
 * real API server passes too. What it does not judge is what real ones judge by schemas, roles and policies; `admission` stands in for these.
 */
export class FakeCluster {
  readonly faults = new Faults();
  readonly pace: Pace = { lag: 0, readyAfter: 1, endsAfter: 1 };
  /** `PATCH /apis/...`, in their order, with what was sent. */
  readonly requests: { readonly method: string; readonly path: string; readonly body: unknown }[] = [];
  admission: Admission = () => undefined;
  /** Called with each request, before it is looked at: what others do meanwhile. */
  meanwhile: (request: { readonly method: string; readonly path: string; readonly body: unknown }) => void = () => undefined;

  constructor(
    private readonly kinds: readonly Kind[] = KINDS,
    public world = new World(),
  ) {
    if (world.objects.length === 0) this.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } });
  }

  /** Without a process or a socket. */
  kube(options?: KubeOptions): Kube {
    return kubeOver({ send: (request) => this.send(request), close: () => undefined }, options);
  }

  /** As somebody puts it there whom nothing judges. */
  put(...objects: readonly KubeObject[]): void {
    for (const object of objects) this.world.save(object);
  }

  find<T extends Live = Live>(kind: string, name: string): T | undefined {
    return this.world.of<T>(kind).find(({ metadata }) => metadata.name === name);
  }

  /** As somebody changes it by hand: the manager `somebody`. */
  change(kind: string, name: string, change: (object: Live & Record<string, never>) => void): void {
    const before = this.find(kind, name)!;
    const after = structuredClone(before);
    change(after as never);
    this.world.save(updated(before, after, 'somebody'));
  }

  /** Time goes by without a request. */
  pass(): void {
    tick(this.world, this.pace);
  }

  /** A request as it comes over whatever wire, with what is to go wrong. */
  async send(request: Request): Promise<Response> {
    const url = new URL(request.path, 'http://cluster');
    const asked = { method: request.method, path: url.pathname, body: request.body === undefined ? undefined : (JSON.parse(request.body) as unknown) };
    this.requests.push(asked);
    this.meanwhile(asked);
    const fault = this.faults.take(asked);
    if (request.signal.aborted) throw new Error('aborted');
    if (fault === 'hang') return new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(new Error('aborted'))));
    if (fault === 'unreachable') throw new Unreached('the API server does not answer', 'connection refused', 'Wait.');
    if (typeof fault === 'object' && 'text' in fault) return { status: fault.answer, body: Readable.from([fault.text]) };
    if (typeof fault === 'object') return { retryAfter: fault.retryAfter, ...said(fault.answer, { kind: 'Status', status: 'Failure', reason: fault.reason ?? '', message: fault.message ?? 'a fault of the test', code: fault.answer }) };
    const response = url.searchParams.get('watch') === null ? said(...this.answer(asked, url.searchParams, request.contentType)) : this.watch(url, request.signal);
    if (fault === 'lose-answer') throw new Unreached('the API server does not answer', 'connection reset', 'Wait.');
    return response;
  }

  private answer({ method, path, body }: { readonly method: string; readonly path: string; readonly body: unknown }, query: URLSearchParams, contentType = ''): [number, object] {
    tick(this.world, this.pace);
    try {
      const resources = this.kinds.filter(({ apiVersion }) => rootOf(apiVersion) === path);
      if (resources.length > 0) return [200, { kind: 'APIResourceList', resources: resources.map(({ kind, plural, namespaced }) => ({ kind, name: plural, namespaced })) }];
      const place = this.placeOf(path);
      if (method === 'GET') return [200, place.name === undefined ? this.list(place, query) : this.read(place)];
      if (method === 'POST' && place.subresource === 'eviction') return this.evict(place, body as { deleteOptions?: DeleteOptions }, query);
      if (method === 'DELETE') return [200, this.delete(place, (body ?? {}))];
      if (method === 'POST') return [201, this.create(place, body as KubeObject, query)];
      return contentType.startsWith('application/apply-patch') ? this.apply(place, body as KubeObject, query) : [200, this.patch(place, body as Live, query)];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return [error.status, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: error.reason, message: error.message, code: error.status }];
    }
  }

  private placeOf(path: string): Place {
    for (const kind of this.kinds) {
      const root = `${rootOf(kind.apiVersion)}/`;
      if (!path.startsWith(root)) continue;
      const segments = path.slice(root.length).split('/').map((segment) => decodeURIComponent(segment));
      const [namespace, rest] = kind.namespaced && segments[0] === 'namespaces' && segments.length > 2 ? [segments[1], segments.slice(2)] : [undefined, segments];
      if (rest[0] === kind.plural && (rest.length <= 2 || (rest.length === 3 && SUBRESOURCES.has(rest[2]!)))) return { kind, namespace, name: rest[1], subresource: rest[2] };
    }
    throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
  }

  private read({ kind, namespace, name, subresource }: Place): Live {
    const found = this.world.find({ ...kind, metadata: { namespace, name: name! } });
    if (found === undefined) throw new Refusal(404, 'NotFound', `${nounOf(kind)} "${name}" not found`);
    return subresource === 'scale' ? ({ apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: found.metadata, spec: { replicas: (found.spec as { replicas: number }).replicas } }) : found;
  }

  private list({ kind, namespace }: Place, query: URLSearchParams): object {
    const all = this.world.objects.filter((one) => isOf(one, kind, namespace) && isSelected(one, query)).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const [from, limit] = [Number(query.get('continue') ?? 0), Number(query.get('limit') ?? 0) || all.length];
    const rest = from + limit < all.length ? { continue: String(from + limit) } : {};
    // Items of a list carry neither their version nor their kind.
    const items = structuredClone(all.slice(from, from + limit)).map((one): unknown => ({ ...one, apiVersion: undefined, kind: undefined }));
    return { kind: `${kind.kind}List`, apiVersion: kind.apiVersion, metadata: { resourceVersion: String(this.world.version), ...rest }, items };
  }

  private watch(url: URL, signal: AbortSignal): Response {
    const { kind, namespace } = this.placeOf(url.pathname);
    const { world } = this;
    async function* lines(): AsyncIterable<string> {
      let version = Number(url.searchParams.get('resourceVersion'));
      if (version < world.oldest) {
        yield `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', reason: 'Expired', message: 'too old resource version', code: 410 } })}\n`;
        return;
      }
      for (;;) {
        const event = world.events.find((one) => one.version > version);
        if (event !== undefined) {
          version = event.version;
          if (isOf(event.object, kind, namespace) && isSelected(event.object, url.searchParams)) yield `${JSON.stringify({ type: event.type, object: event.object })}\n`;
          continue;
        }
        await new Promise<void>((resolve, reject) => {
          if (signal.aborted) return reject(new Error('aborted'));
          const stop = world.onEvent(() => (stop(), resolve()));
          signal.addEventListener('abort', () => (stop(), reject(new Error('aborted'))), { once: true });
        });
      }
    }
    return { status: 200, body: lines() };
  }

  private apply(place: Place, config: KubeObject, query: URLSearchParams): [number, Live] {
    const before = this.world.find({ ...place.kind, metadata: { namespace: place.namespace, name: place.name! } });
    if (before === undefined) this.demandNamespace(place);
    const result = applied(before, config, query.get('fieldManager') ?? '', query.get('force') === 'true');
    if ('conflicts' in result) {
      const { conflicts } = result;
      throw new Refusal(409, 'Conflict', `Apply failed with ${conflicts.length} conflict${conflicts.length === 1 ? '' : 's'}: ${conflicts.map(({ manager, field }) => `conflict with "${manager}": ${field}`).join(', ')}`);
    }
    return [before === undefined ? 201 : 200, this.write(result.object, before, query)];
  }

  private patch(place: Place, body: Live, query: URLSearchParams): Live {
    const object = this.read({ ...place, subresource: undefined });
    const { uid, resourceVersion, ...metadata } = body.metadata ?? {};
    const stale = resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion;
    if (stale) throw new Refusal(409, 'Conflict', `Operation cannot be fulfilled on ${nounOf(place.kind)} "${place.name}": the object has been modified; please apply your changes to the latest version and try again`);
    if (uid !== undefined && uid !== object.metadata.uid) throw new Refusal(422, 'Invalid', `${object.kind} "${place.name}" is invalid: metadata.uid: Invalid value: "${uid}": field is immutable`);
    const change = place.subresource === 'scale' ? { spec: { replicas: (body.spec as { replicas: number }).replicas } } : { ...body, ...(Object.keys(metadata).length === 0 ? { metadata: {} } : { metadata }) };
    const after = merge(object, change) as Live;
    const written = this.write(updated(object, after, query.get('fieldManager') ?? 'unknown'), object, query);
    return place.subresource === 'scale' ? ({ apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: written.metadata, spec: { replicas: (written.spec as { replicas: number }).replicas } }) : written;
  }

  private create(place: Place, object: KubeObject, query: URLSearchParams): Live {
    this.demandNamespace(place);
    if (this.world.find(object) !== undefined) throw new Refusal(409, 'AlreadyExists', `${nounOf(place.kind)} "${object.metadata.name}" already exists`);
    const bare = { ...object, metadata: { name: object.metadata.name, namespace: object.metadata.namespace } };
    return this.write(updated(bare, object, query.get('fieldManager') ?? 'unknown'), undefined, query);
  }

  private write(object: KubeObject, before: Live | undefined, query: URLSearchParams): Live {
    const refused = this.admission(object, before);
    if (refused !== undefined) throw new Refusal(403, 'Forbidden', refused);
    if (query.get('dryRun') !== 'All') return this.world.save(object);
    return this.world.copy().save(object);
  }

  private delete(place: Place, { preconditions, gracePeriodSeconds, dryRun }: DeleteOptions): Live {
    const object = this.read(place);
    for (const [field, wanted] of Object.entries(preconditions ?? {}) as ['uid' | 'resourceVersion', string | undefined][]) {
      if (wanted !== undefined && wanted !== object.metadata[field]) throw new Refusal(409, 'Conflict', `Operation cannot be fulfilled on ${nounOf(place.kind)} "${place.name}": the ${field} in the precondition (${wanted}) does not match the ${field} in record (${object.metadata[field]}).`);
    }
    if (dryRun !== undefined) return object;
    if (object.kind === 'Pod' && gracePeriodSeconds !== 0) end(this.world, object);
    else this.world.remove(object);
    return object;
  }

  private evict(place: Place, { deleteOptions = {} }: { deleteOptions?: DeleteOptions }, query: URLSearchParams): [number, object] {
    const pod = this.read({ ...place, subresource: undefined }) as Pod;
    const budgets = this.world.of<Live & { spec: { maxUnavailable?: number; selector: { matchLabels: Record<string, string> } } }>('PodDisruptionBudget').filter(({ metadata, spec }) => metadata.namespace === place.namespace && Object.entries(spec.selector.matchLabels).every(([key, value]) => pod.metadata.labels?.[key] === value));
    if (budgets.some(({ spec }) => spec.maxUnavailable === 0)) throw new Refusal(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.");
    this.delete({ ...place, subresource: undefined }, { ...deleteOptions, ...(query.get('dryRun') === null ? {} : { dryRun: ['All'] }) });
    return [201, { kind: 'Status', status: 'Success', code: 201 }];
  }

  private demandNamespace({ namespace }: Place): void {
    if (namespace !== undefined && !this.world.of('Namespace').some(({ metadata }) => metadata.name === namespace)) throw new Refusal(404, 'NotFound', `namespaces "${namespace}" not found`);
  }
}

interface Place {
  readonly kind: Kind;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: readonly string[];
}

class Refusal extends Error {
  constructor(readonly status: number, readonly reason: string, message: string) {
    super(message);
  }
}

const kind = (apiVersion: string, name: string, plural: string, namespaced = true): Kind => ({ apiVersion, kind: name, plural, namespaced });
const KINDS: readonly Kind[] = [kind('v1', 'Namespace', 'namespaces', false), kind('v1', 'Pod', 'pods'), kind('v1', 'ConfigMap', 'configmaps'), kind('apps/v1', 'StatefulSet', 'statefulsets'), kind('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets')];

/** Kinds as they are served, of whatever objects; pods and namespaces always. */
export function kindsOf(objects: readonly KubeObject[]): readonly Kind[] {
  const found = new Map(KINDS.map((one) => [`${one.apiVersion} ${one.kind}`, one]));
  for (const { apiVersion, kind: name, metadata } of objects) {
    if (!found.has(`${apiVersion} ${name}`)) found.set(`${apiVersion} ${name}`, kind(apiVersion, name, `${name.toLowerCase().replace(/y$/, 'ie').replace(/s$/, 'se')}s`, metadata.namespace !== undefined));
  }
  return [...found.values()];
}

const SUBRESOURCES: ReadonlySet<string> = new Set(['scale', 'status', 'eviction']);

const nounOf = ({ apiVersion, plural }: Kind): string => (apiVersion.includes('/') ? `${plural}.${apiVersion.split('/')[0]}` : plural);
const keyOf = ({ metadata }: Live): string => `${metadata.namespace ?? ''}/${metadata.name}`;
const isOf = (object: Live, { apiVersion, kind: name }: Kind, namespace: string | undefined): boolean => object.apiVersion === apiVersion && object.kind === name && (namespace === undefined || object.metadata.namespace === namespace);

const isSelected = ({ metadata }: Live, query: URLSearchParams): boolean => {
  const fields = query.get('fieldSelector')?.split('=');
  return (query.get('labelSelector')?.split(',') ?? []).every((term) => (term.includes('=') ? metadata.labels?.[term.split('=')[0]!] === term.split('=')[1] : metadata.labels?.[term] !== undefined)) && (fields === undefined || metadata.name === fields[1]);
};

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return structuredClone(patch);
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? structuredClone(target as Record<string, unknown>) : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}

function said(status: number, body: object): Response {
  return { status, body: (async function* () { yield JSON.stringify(body); })() };
}
