/** A kind as paths name it. */
export interface Resource {
  /** `v1` or `apps/v1`. */
  readonly apiVersion: string;
  readonly plural: string;
}

export const NAMESPACES: Resource = { apiVersion: 'v1', plural: 'namespaces' };
export const PODS: Resource = { apiVersion: 'v1', plural: 'pods' };
export const STATEFUL_SETS: Resource = { apiVersion: 'apps/v1', plural: 'statefulsets' };

/** Where the kinds of a group and version are. */
export const rootOf = (apiVersion: string): string => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

/**
 * The path of a kind's objects, in one namespace or in all; with a name, of one object; with a subresource, such as `scale`, of that.
 * Names are escaped: none leads elsewhere.
 */
export function pathTo({ apiVersion, plural }: Resource, { namespace, name, subresource }: { readonly namespace?: string; readonly name?: string; readonly subresource?: string } = {}): string {
  const segments = [...(namespace === undefined ? [] : ['namespaces', namespace]), plural, ...(name === undefined ? [] : [name]), ...(subresource === undefined ? [] : [subresource])];
  return `${rootOf(apiVersion)}/${segments.map(escaped).join('/')}`;
}

/** `.` and `..` are no names of objects, and mean something in paths. */
const escaped = (segment: string): string => (/^\.{0,2}$/.test(segment) ? `%00${segment}` : encodeURIComponent(segment));
