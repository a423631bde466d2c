import { canonical, digestOf } from './canonical';
import type { Live } from '../../kube/objects';

/** Who owns the fields that reviewed manifests set. */
export const FIELD_MANAGER = 'stockade';

/** A live object without what the API server and controllers keep for themselves: what would have to be the same for a plan to hold. */
export function substance(live: Live): { readonly metadata: object } & Readonly<Record<string, unknown>> {
  const rest = Object.fromEntries(Object.entries(live).filter(([key]) => key !== 'status'));
  return { ...rest, metadata: Object.fromEntries(Object.entries(live.metadata).filter(([key]) => !KEPT_BY_THE_SERVER.has(key))) };
}

const KEPT_BY_THE_SERVER: ReadonlySet<string> = new Set(['managedFields', 'generation', 'resourceVersion', 'creationTimestamp', 'selfLink']);

export const substanceDigest = (live: Live): string => digestOf(substance(live));

/** Paths in which two live objects differ, such as `spec.template.spec.containers[0].image`. */
export function differencesBetween(before: Live, after: Live): string[] {
  const found: string[] = [];
  const visit = (a: unknown, b: unknown, path: string): void => {
    if (canonical(a ?? null) === canonical(b ?? null)) return;
    if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) a.forEach((one, index) => visit(one, b[index], `${path}[${index}]`));
    else if (isObject(a) && isObject(b)) for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()) visit(a[key], b[key], path === '' ? key : `${path}.${key}`);
    else found.push(path);
  };
  visit(substance(before), substance(after), '');
  return found;
}

/**
 * What an apply of a manifest would change, by reading alone: fields that have another value, and fields that we set earlier and no longer do.
 * For kinds that the plan identity may not write, not even in a dry run (Kubernetes lets nobody try out a Role that holds more than one's own).
 */
export function differencesByReading(live: Live, manifest: object): string[] {
  const found: string[] = [];
  const visit = (is: unknown, wanted: unknown, path: string): void => {
    if (isObject(wanted)) {
      if (is === undefined && Object.keys(wanted).length === 0) return;
      if (!isObject(is)) return void found.push(path);
      for (const [key, inner] of Object.entries(wanted)) visit(is[key], inner, path === '' ? key : `${path}.${key}`);
    } else if (Array.isArray(wanted)) {
      if (is === undefined && wanted.length === 0) return;
      if (!Array.isArray(is) || is.length !== wanted.length) return void found.push(path);
      wanted.forEach((inner, index) => visit(is[index], inner, `${path}[${index}]`));
    } else if (!sameScalar(is, wanted)) found.push(path);
  };
  visit(live, manifest, '');
  for (const { manager, operation, subresource, fieldsV1 } of live.metadata.managedFields ?? []) {
    if (manager === FIELD_MANAGER && operation === 'Apply' && subresource === undefined && fieldsV1 !== undefined) found.push(...dropped(fieldsV1, manifest, ''));
  }
  return [...new Set(found)];
}

/** Paths that were owned (in the form of `metadata.managedFields`) and that a manifest lacks. */
function dropped(owned: Readonly<Record<string, unknown>>, manifest: unknown, path: string): string[] {
  return Object.entries(owned).flatMap(([key, below]) => {
    if (key === '.') return [];
    const [kind, text] = [key.slice(0, 2), key.slice(2)];
    const at = kind === 'f:' ? (path === '' ? text : `${path}.${text}`) : `${path}[${text}]`;
    const inner =
      kind === 'f:'
        ? isObject(manifest) ? manifest[text] : undefined
        : Array.isArray(manifest)
          ? (manifest as unknown[]).find((item) => (kind === 'v:' ? canonical(item) === text : isObject(item) && Object.entries(JSON.parse(text) as object).every(([name, value]) => canonical(item[name] ?? null) === canonical(value) || item[name] === undefined)))
          : undefined;
    if (inner === undefined) return [at];
    return isObject(below) ? dropped(below, inner, at) : [];
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The API server writes quantities its own way (`"64000m"` comes back as `"64"`), and leaves out what is false anyway. */
function sameScalar(is: unknown, wanted: unknown): boolean {
  if (is === wanted || (is === undefined && (wanted === null || wanted === false))) return true;
  if (!['string', 'number'].includes(typeof is) || !['string', 'number'].includes(typeof wanted)) return false;
  const [a, b] = [quantity(String(is)), quantity(String(wanted))];
  return a !== undefined && a === b;
}

function quantity(text: string): number | undefined {
  const [, number, suffix = ''] = /^([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (SUFFIXES[suffix] ?? 1);
}

const SUFFIXES: Readonly<Record<string, number>> = { m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 };
