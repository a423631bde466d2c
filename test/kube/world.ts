import { randomUUID } from 'node:crypto';
import type { KubeObject, Live } from '../../kube/objects';

export interface Event {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Live;
}

/** All that a cluster has, as plain data, so that it can be kept in a file. */
interface State {
  version: number;
  ticks: number;
  objects: Live[];
  /** Pod templates by revision. */
  templates: Record<string, unknown>;
  /** Ticks at which something was first seen. */
  seen: Record<string, number>;
}

/** The objects of a cluster, and what happened to them. Every write makes a version. */
export class World {
  readonly events: Event[] = [];
  /** Watches that begin before it are `gone`. */
  oldest = 0;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly state: State = { version: 1, ticks: 0, objects: [], templates: {}, seen: {} }) {}

  static from(text: string): World {
    return new World(JSON.parse(text) as State);
  }

  /** What is written into it happens to nobody. */
  copy(): World {
    return new World({ ...this.state, objects: [...this.state.objects] });
  }

  toJSON(): State {
    return this.state;
  }

  get version(): number {
    return this.state.version;
  }
  get ticks(): number {
    return this.state.ticks;
  }
  set ticks(ticks: number) {
    this.state.ticks = ticks;
  }
  get templates(): Record<string, unknown> {
    return this.state.templates;
  }
  get objects(): readonly Live[] {
    return this.state.objects;
  }

  of<T extends Live = Live>(kind: string): T[] {
    return this.state.objects.filter((one) => one.kind === kind) as T[];
  }

  find({ apiVersion, kind, metadata: { namespace, name } }: KubeObject): Live | undefined {
    return this.state.objects.find((one) => one.apiVersion === apiVersion && one.kind === kind && one.metadata.namespace === namespace && one.metadata.name === name);
  }

  /** Ticks since it was first asked for. */
  since(what: string): number {
    return this.ticks - (this.state.seen[what] ??= this.ticks);
  }

  /** The object as it is from now on; without a change there is no new version. */
  save(object: KubeObject): Live {
    const before = this.find(object);
    const metadata = { creationTimestamp: '2026-01-01T00:00:00Z', ...object.metadata, uid: before?.metadata.uid ?? (object as Live).metadata.uid ?? randomUUID(), resourceVersion: undefined } as Live['metadata'];
    const generation = before === undefined ? 1 : (before.metadata.generation ?? 1) + (JSON.stringify(wantedOf(before)) === JSON.stringify(wantedOf(object)) ? 0 : 1);
    const after = { ...object, metadata: { ...metadata, ...('spec' in object ? { generation } : {}) } } as Live;
    if (before !== undefined && sameBut(before, after)) return before;
    this.state.version += 1;
    const saved = { ...after, metadata: { ...after.metadata, resourceVersion: String(this.state.version) } };
    this.state.objects = [...this.state.objects.filter((one) => one !== before), structuredClone(saved)];
    this.happened(before === undefined ? 'ADDED' : 'MODIFIED', saved);
    return saved;
  }

  remove(object: Live): void {
    this.state.objects = this.state.objects.filter(({ metadata }) => metadata.uid !== object.metadata.uid);
    this.state.version += 1;
    this.happened('DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(this.state.version) } });
  }

  /** For tests: whatever is there, without a word to anybody. */
  replaceAll(objects: readonly Live[]): void {
    this.state.objects = [...objects];
  }

  onEvent(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private happened(type: Event['type'], object: Live): void {
    this.events.push({ version: this.state.version, type, object: structuredClone(object) });
    for (const listener of this.listeners) listener();
  }
}

const wantedOf = (object: KubeObject): unknown => (object as Live).spec;
const sameBut = (a: Live, b: Live): boolean => canonical(a) === canonical(b);
const canonical = (object: Live): string =>
  JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: undefined } }, (_key, value: unknown) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1))) : value));
