import type { KubeObject, ManagedFields } from '../../kube/objects';

/**
 * Server-side apply on plain objects, as "Server-Side Apply" of Kubernetes' documentation has it. Lists whose items have a `name` are keyed by it; all others are
 * atomic (a real server knows each list's own kind from its schema).
 */
export type Plain = Record<string, unknown>;

/** A field, as its way from the root: `f:spec`, `k:{"name":"x"}`. */
type Path = string;
const SEPARATOR = '\n';
const NOT_OWNED: ReadonlySet<string> = new Set(['f:apiVersion', 'f:kind', 'f:metadata\nf:name', 'f:metadata\nf:namespace', 'f:metadata\nf:uid', 'f:metadata\nf:resourceVersion']);
const KEPT_BY_THE_SERVER: ReadonlySet<string> = new Set(['managedFields', 'generation', 'resourceVersion', 'creationTimestamp', 'uid', 'deletionTimestamp', 'deletionGracePeriodSeconds']);

export interface Conflict {
  readonly manager: string;
  readonly field: string;
}

/** @returns the object as it would be, or who owns what differs */
export function applied(live: KubeObject | undefined, config: KubeObject, manager: string, force: boolean): { readonly object: KubeObject } | { readonly conflicts: readonly Conflict[] } {
  const wanted = fieldsOf(config);
  if (live === undefined) return { object: withManagers(structuredClone(config), [entry(manager, 'Apply', wanted)]) };
  const others = managersOf(live).filter((one) => !(one.manager === manager && one.operation === 'Apply'));
  const differs = [...wanted].filter((path) => JSON.stringify(at(live, path)) !== JSON.stringify(at(config, path)));
  const conflicts = others.flatMap((one) => differs.filter((path) => owns(one, path)).map((path) => ({ manager: one.manager, field: told(path) })));
  if (conflicts.length > 0 && !force) return { conflicts };
  const before = managersOf(live).find((one) => one.manager === manager && one.operation === 'Apply');
  const dropped = [...pathsOf(before?.fieldsV1)].filter((path) => !wanted.has(path) && !others.some((one) => owns(one, path)));
  const object = merged(live, config) as KubeObject;
  for (const path of dropped) remove(object as unknown as Plain, path.split(SEPARATOR));
  const kept = others.map((one) => without(one, force ? differs : [])).filter(({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}).length > 0);
  return { object: withManagers(object, [...kept, entry(manager, 'Apply', wanted)]) };
}

/** What was changed is the manager's from now on, and nobody else's. */
export function updated(before: KubeObject, after: KubeObject, manager: string): KubeObject {
  const [was, is] = [fieldsOf(before), fieldsOf(after)];
  const changed = [...is].filter((path) => !was.has(path) || JSON.stringify(at(before, path)) !== JSON.stringify(at(after, path)));
  const gone = [...was].filter((path) => !is.has(path));
  if (changed.length + gone.length === 0) return after;
  const mine = managersOf(before).find((one) => one.manager === manager && one.operation === 'Update');
  const others = managersOf(before).filter((one) => one !== mine).map((one) => without(one, [...changed, ...gone]));
  const fields = new Set([...pathsOf(mine?.fieldsV1), ...changed].filter((path) => !gone.includes(path)));
  return withManagers(after, [...others, entry(manager, 'Update', fields)].filter(({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}).length > 0));
}

/** Objects merge field by field, keyed lists item by item; else the second one counts. */
function merged(a: unknown, b: unknown): unknown {
  if (isKeyed(a) && isKeyed(b)) return [...a.map((one) => merged(one, b.find(({ name }) => name === one.name) ?? one)), ...structuredClone(b.filter(({ name }) => !a.some((one) => one.name === name)))];
  if (!isPlain(a) || !isPlain(b)) return structuredClone(b);
  return { ...structuredClone(a), ...Object.fromEntries(Object.entries(b).map(([key, value]) => [key, key in a ? merged(a[key], value) : structuredClone(value)])) };
}

const managersOf = ({ metadata }: KubeObject): readonly ManagedFields[] => (metadata as { managedFields?: readonly ManagedFields[] }).managedFields ?? [];
const withManagers = (object: KubeObject, managedFields: readonly ManagedFields[]): KubeObject => ({ ...object, metadata: { ...object.metadata, managedFields } as KubeObject['metadata'] });
const entry = (manager: string, operation: string, paths: ReadonlySet<Path>): ManagedFields => ({ manager, operation, fieldsV1: treeOf(paths) });
const owns = ({ fieldsV1 }: ManagedFields, path: Path): boolean => pathsOf(fieldsV1).has(path);
const without = (one: ManagedFields, paths: readonly Path[]): ManagedFields => ({ ...one, fieldsV1: treeOf(new Set([...pathsOf(one.fieldsV1)].filter((path) => !paths.includes(path)))) });

/** Leaves of an object. */
function fieldsOf(object: object): Set<Path> {
  const found = new Set<Path>();
  const visit = (value: unknown, way: readonly string[]): void => {
    const path = way.join(SEPARATOR);
    if (NOT_OWNED.has(path)) return;
    if (isKeyed(value)) for (const one of value) visit(one, [...way, `k:${JSON.stringify({ name: one.name })}`]);
    else if (isPlain(value) && Object.keys(value).length > 0) for (const [key, inner] of Object.entries(value)) {
      const isServers = path === 'f:metadata' ? KEPT_BY_THE_SERVER.has(key) : path === '' && key === 'status';
      if (!isServers) visit(inner, [...way, `f:${key}`]);
    }
    else if (way.length > 0) found.add(path);
  };
  visit(object, []);
  return found;
}

function at(object: object, path: Path): unknown {
  return path.split(SEPARATOR).reduce<unknown>((value, step) => {
    if (step.startsWith('f:')) return isPlain(value) ? value[step.slice(2)] : undefined;
    const { name } = JSON.parse(step.slice(2)) as { name: string };
    return isKeyed(value) ? value.find((one) => one.name === name) : undefined;
  }, object);
}

function remove(value: Plain, [step = '', ...rest]: readonly string[]): void {
  const key = step.slice(2);
  const list = value as unknown;
  if (step.startsWith('k:')) {
    const { name } = JSON.parse(key) as { name: string };
    const item = (list as { name: string }[]).find((one) => one.name === name);
    if (item !== undefined) remove(item, rest);
    // An item of which nothing but its key is left goes.
    if (item !== undefined && Object.keys(item).every((field) => field === 'name') && rest.at(-1) === 'f:name') (list as object[]).splice((list as object[]).indexOf(item), 1);
  } else if (rest.length === 0) delete value[key];
  else if (typeof value[key] === 'object' && value[key] !== null) {
    remove(value[key] as Plain, rest);
    if (isPlain(value[key]) && Object.keys(value[key]).length === 0) delete value[key];
  }
}

function treeOf(paths: ReadonlySet<Path>): Plain {
  const root: Plain = {};
  for (const path of paths) path.split(SEPARATOR).reduce<Plain>((tree, step) => (tree[step] ??= step.startsWith('k:') ? { '.': {} } : {}) as Plain, root);
  return root;
}

function pathsOf(fields: Readonly<Record<string, unknown>> | undefined): Set<Path> {
  const found = new Set<Path>();
  const visit = (tree: Readonly<Record<string, unknown>>, way: readonly string[]): void => {
    const below = Object.entries(tree).filter(([step]) => step !== '.');
    if (below.length === 0 && way.length > 0) found.add(way.join(SEPARATOR));
    for (const [step, inner] of below) visit(inner as Plain, [...way, step]);
  };
  visit(fields ?? {}, []);
  return found;
}

/** `.spec.replicas`, as a real server names it. */
const told = (path: Path): string => path.split(SEPARATOR).map((step) => (step.startsWith('f:') ? `.${step.slice(2)}` : `[name="${(JSON.parse(step.slice(2)) as { name: string }).name}"]`)).join('');

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);
const isKeyed = (value: unknown): value is (Plain & { name: string })[] => Array.isArray(value) && value.length > 0 && value.every((one) => isPlain(one) && typeof one['name'] === 'string');
