import fc from 'fast-check';
import { load } from 'js-yaml';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { byLibrary, toYaml } from '../../apps/render/yaml';
import { everySample } from '../chains/every-chain';
import { propsOf, yamlOf } from '../staking-nodes';
import { parseYaml } from '../rendered';

const SEED = 20261122;

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: fc.constantFrom('a', ' ', '\n', '-', ':', '#', '"', "'", '{', '0', 'x', 'o', '|', '>', '\t', 'é'), maxLength: 20 }),
  fc.constantFrom('', '0o17', '0x1f', 'yes', 'null', '~', '1e3', '2026-11-22', '- a', '? b', ' lead', 'trail ', 'a: b', '\n', 'a\n', 'a\n\n', '\n a', ' a\nb', '=', '<<', '.inf', '0777'),
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }).filter((key) => key !== '__proto__'), tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe('toYaml', () => {
  it(`is read back as what it was written from, by two readers (seed ${SEED})`, () => {
    fc.assert(
      fc.property(json, (value) => {
        const written = toYaml([value]);
        expect(load(written)).toEqual(value);
        expect(parse(written)).toEqual(value);
      }),
      { seed: SEED, numRuns: 600 },
    );
  });

  it('writes manifests exactly as js-yaml does', () => {
    for (const sample of everySample().filter((_, index) => index % 97 === 0)) {
      const written = yamlOf(propsOf(sample));
      expect(written).toBe(parseYaml(written).map(byLibrary).join('---\n'));
    }
  });

  it('quotes what YAML 1.2 would read as an octal number', () => {
    expect(toYaml([{ mode: '0o17' }])).toBe("mode: '0o17'\n");
  });

  it('separates documents and names its source', () => {
    expect(toYaml([{ a: 1 }, { b: [] }], 'Source.')).toBe('# Source.\na: 1\n---\nb: []\n');
  });
});
