import type { Manifest } from '../../constructs/manifest';

/**
 * What the API server would refuse of an object's names, kinds, labels and annotations. Asked before any of them is shown: a name with a line break in it
 * would otherwise write lines of its own into a plan.
 *
 * Sources: "Object Names and IDs", "Labels and Selectors" and "Annotations" of Kubernetes' documentation; `k8s.io/apimachinery/pkg/util/validation`. RBAC objects may
 * have other names too; none of ours has.
 */
export function nameProblems({ apiVersion, kind, metadata }: Manifest): string[] {
  if (typeof metadata !== 'object' || metadata === null) return ['has no metadata'];
  const { name, namespace, labels, annotations } = metadata;
  const problems: string[] = [];
  const judge = (what: string, value: unknown, fits: boolean): void => void (fits || problems.push(`has the ${what} ${shown(value)}, which no API server takes`));
  judge('apiVersion', apiVersion, is(apiVersion, /^(?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?v[a-z0-9]+$/, 253));
  judge('kind', kind, is(kind, /^[A-Za-z][A-Za-z0-9]*$/, 63));
  judge('name', name, is(name, SUBDOMAIN, 253));
  if (namespace !== undefined) judge('namespace', namespace, is(namespace, LABEL, 63));
  for (const [what, pairs] of [['label', labels], ['annotation', annotations]] as const) {
    if (pairs !== undefined && !(typeof pairs === 'object' && pairs !== null && !Array.isArray(pairs))) judge(`${what}s`, pairs, false);
    else {
      for (const [key, value] of Object.entries(pairs ?? {}) as [string, unknown][]) {
        judge(what, key, isQualified(key));
        judge(`value of ${what} "${key}"`, value, what === 'label' ? is(value, VALUE, 63) : typeof value === 'string');
      }
    }
  }
  return problems;
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

/** JavaScript's `$` ends at the text's end only, without the flag `m`. */
const is = (value: unknown, form: RegExp, longest: number): boolean => typeof value === 'string' && value.length <= longest && form.test(value);

function isQualified(key: string): boolean {
  const [name, prefix, ...more] = key.split('/').reverse();
  return more.length === 0 && name !== '' && is(name, VALUE, 63) && (prefix === undefined || is(prefix, SUBDOMAIN, 253));
}

const shown = (value: unknown): string => (value === undefined ? 'none' : JSON.stringify(value).slice(0, 120));
