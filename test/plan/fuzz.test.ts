import fc from 'fast-check';
import { loadAll } from 'js-yaml';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { formatMarkdown } from '../../apps/plan/format/markdown';
import { formatText } from '../../apps/plan/format/text';
import { planSchema } from '../../apps/plan/model';
import { toYaml } from '../../apps/render/yaml';
import { golden, planOf, type Editable } from './trees';

const paths = [...golden.keys()].filter((path) => path.endsWith('.yaml'));

type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

/** Every place in an object, its identity left out: another name is another object, which has a case of its own. */
function places(value: Value, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  const inner = Array.isArray(value) ? value.map((entry, index) => [index, entry] as const) : Object.entries(value);
  return [...(at.length > 0 ? [at] : []), ...inner.flatMap(([key, entry]) => places(entry, [...at, key]))].filter(
    (place) => !['apiVersion', 'kind'].includes(String(place[0])) && !(place[0] === 'metadata' && (place.length === 1 || ['name', 'namespace'].includes(String(place[1])))),
  );
}

function changeAt(object: Editable, place: readonly (string | number)[], how: 'other' | 'gone' | 'more'): void {
  const parent = place.slice(0, -1).reduce((value: Record<string | number, unknown>, step) => value[step] as Record<string | number, unknown>, object as Record<string | number, unknown>);
  const last = place.at(-1)!;
  const value = parent[last];
  if (how === 'gone') {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  } else if (how === 'more' && typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) value.push('fuzzed');
    else (value as Record<string, unknown>)['fuzzed'] = 'fuzzed';
  } else parent[last] = typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${typeof value === 'string' ? value : ''}fuzzed`;
}

describe('any fleet', () => {
  it('compared with itself has an empty plan', () => {
    const plan = planOf(golden, golden);
    expect(plan).toMatchObject({ refused: false, releases: [], findings: [], raw: { objects: 0, changes: [] } });
    expect(formatText(plan)).toContain('Nothing changes.');
  });

  it('compared with the same objects, written otherwise, has an empty plan', () => {
    const rewritten = new Map([...golden].map(([path, text]) => [path, path.endsWith('.yaml') ? `# another header\n---\n${toYaml((loadAll(text) as object[]).reverse())}` : text]));
    const plan = planOf(golden, rewritten);
    expect(plan).toMatchObject({ releases: [], findings: [], raw: { objects: 0, changes: [] } });
  });

  it('has every single change reported, at its place, in a form that all formats can print', () => {
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.nat(), fc.nat(), fc.constantFrom('other' as const, 'gone' as const, 'more' as const), (path, document, position, how) => {
        const objects = loadAll(golden.get(path)!) as Editable[];
        const object = objects[document % objects.length]!;
        const original = structuredClone(object);
        const all = places(object);
        changeAt(object, all[position % all.length]!, how);
        fc.pre(!isDeepStrictEqual(original, object));
        const plan = planSchema.parse(planOf(golden, new Map(golden).set(path, toYaml(objects))));
        expect(plan.raw.objects).toBe(1);
        const told = [...plan.findings, ...plan.releases].flatMap(({ places: where }) => Object.entries(where));
        expect(told.map(([cluster]) => cluster)).toContain(path.split('/')[0]);
        expect(plan.raw.changes.length).toBe(1);
        expect(formatText(plan).length).toBeGreaterThan(0);
        expect(formatMarkdown(plan).complete).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('has every object that goes or comes reported', () => {
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.nat(), fc.boolean(), (path, document, comes) => {
        const objects = loadAll(golden.get(path)!) as Editable[];
        objects.splice(document % objects.length, 1);
        const lacking = new Map(golden).set(path, toYaml(objects));
        const plan = comes ? planOf(lacking, golden) : planOf(golden, lacking);
        expect(plan.raw.objects).toBe(1);
        expect([...plan.findings, ...plan.releases].length).toBeGreaterThan(0);
      }),
      { numRuns: 150 },
    );
  });

  it('gives the same plan whatever the order of its files', () => {
    const change = (files: ReadonlyMap<string, string>): ReadonlyMap<string, string> => new Map([...files].map(([path, text]) => [path, text.replaceAll('v1.16.5', 'v1.16.7').replaceAll('30308', '30508')]));
    const reversed = new Map([...golden].reverse());
    const plan = planOf(golden, change(golden));
    expect(planOf(reversed, change(reversed))).toEqual(plan);
    expect(plan.findings.length).toBeGreaterThan(0);
    expect(plan.releases.length).toBeGreaterThan(0);
  });
});
