import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from '../../naming/printable';

describe('printable', () => {
  it.each([
    ['a line break', 'a\nNo changes.', 'a\\nNo changes.'],
    ['a carriage return', 'REFUSED\rfine', 'REFUSED\\rfine'],
    ['a tab', 'a\tb', 'a\\tb'],
    ['a terminal\'s escape', '\u001b[2Jfine', '\\u001b[2Jfine'],
    ['a bidirectional override', 'a\u202etxt.exe', 'a\\u202etxt.exe'],
    ['a bidirectional isolate', '\u2066a\u2069', '\\u2066a\\u2069'],
    ['an Arabic letter mark', 'a\u061cb', 'a\\u061cb'],
    ['a width of zero', 'eth\u200b-0', 'eth\\u200b-0'],
    ['a mark of byte order', '\ufeffa', '\\ufeffa'],
    ['a soft hyphen', 'a\u00adb', 'a\\u00adb'],
    ['a separator of lines', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['next line of C1', 'a\u0085b', 'a\\u0085b'],
    ['a tag', 'a\u{e0041}b', 'a\\u{e0041}b'],
    ['a variation selector', 'a\ufe0fb', 'a\\ufe0fb'],
    ['a filler', 'a\u3164b', 'a\\u3164b'],
    ['a blank that looks like a space', 'a\u00a0b\u2003c\u2800d', 'a\\u00a0b\\u2003c\\u2800d'],
    ['half of a pair', 'a\ud800b', 'a\\ud800b'],
    ['a private character', 'a\ue000b', 'a\\ue000b'],
  ])('shows %s', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('leaves text that is seen as it is', () => {
    const text = 'fleet/nodes/eu/eth-0.yaml: 32 GiB, "Zürich", 東京, \\n, £ ~ `x`';
    expect(printable(text)).toBe(text);
  });

  it('gives one line whatever it is given, and nothing more to show the second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = printable(text);
        expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        expect(printable(shown)).toBe(shown);
      }),
      { numRuns: 500 },
    );
  });
});
