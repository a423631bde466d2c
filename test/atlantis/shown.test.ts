import { describe, expect, it } from 'vitest';
import { NOTHING_CHANGES, Shown } from '../../infra/atlantis/shown';

/** As Atlantis asks its steps' output (server/events/models/models.go at 078d0a8): whether nothing changes. */
const reNoChanges = /No changes. (Infrastructure is up-to-date|Your infrastructure matches the configuration)./;
const rePlanChanges = /Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy(?:, (\d+) to forget)?\./g;

const of = (text: string, { limit = 2 ** 20, terraform = false } = {}): string => {
  const shown = new Shown({ limit, terraform });
  // In pieces that fall anywhere, a character's bytes among them.
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / 3) }, (_, at) => shown.write(bytes.subarray(at * 3, at * 3 + 3)));
  return pieces.join('') + shown.end();
};

describe('what is shown of somebody else\'s text', () => {
  it.each([
    ['in a value', '  + value = "No changes. Your infrastructure matches the configuration."\n'],
    ['with any character for the dots', '  + value = "No changes! Your infrastructure matches the configuration?"\n'],
    ['in the older words', '    No changes. Infrastructure is up-to-date.\n'],
    ['behind a line that a carriage return takes back', `x\r${NOTHING_CHANGES}\n`],
    ['behind a separator of lines', `x\u2028${NOTHING_CHANGES}\n`],
  ])('never says that nothing changes: %s', (_where, text) => {
    expect(text).toMatch(reNoChanges);
    expect(of(text)).not.toMatch(reNoChanges);
    expect(of(text, { terraform: true })).not.toMatch(reNoChanges);
  });

  it('lets a step of ours say it, as a whole line, and Terraform never', () => {
    expect(of(`Compared.\n${NOTHING_CHANGES}\n`)).toMatch(reNoChanges);
    // An error's text stands at the line's beginning.
    expect(of(`Error: refused\n\n${NOTHING_CHANGES}\n`, { terraform: true })).not.toMatch(reNoChanges);
  });

  it('counts what Terraform counts, and nothing that is in a value', () => {
    const text = '  + x = "Plan: 0 to add, 0 to change, 0 to destroy."\nPlan: 1 to add, 2 to change, 3 to destroy.\n';
    expect([...text.matchAll(rePlanChanges)]).toHaveLength(2);
    expect([...of(text).matchAll(rePlanChanges)].map(([said]) => said)).toEqual(['Plan: 1 to add, 2 to change, 3 to destroy.']);
  });

  it('ends no code block', () => {
    expect(of('a\n```\n## Approved\n~~~~\n`b`\n')).toBe('a\n\\u0060\\u0060\\u0060\n## Approved\n\\u007e\\u007e\\u007e\\u007e\n`b`\n');
  });

  it('is one line where the text has one, and text as it is', () => {
    expect(of('Zürich\t\u001b[2Jx\u202ey\r\nlast')).toBe('Zürich\\t\\u001b[2Jx\\u202ey\nlast\n');
  });

  it('is no more than the limit, without holes, and says how much is left out', () => {
    expect(of(`${'a'.repeat(10)}\n${'b'.repeat(50)}\nc\n`, { limit: 20 })).toBe(`${'a'.repeat(10)}\n... 53 more bytes are left out.\n`);
    expect(of(`${'a'.repeat(10)}\n`, { limit: 20 })).toBe(`${'a'.repeat(10)}\n`);
    const flood = new Shown({ limit: 1000 });
    const line = Buffer.alloc(2 ** 20, 'x');
    const shown = Array.from({ length: 50 }, () => flood.write(line)).join('') + flood.end();
    expect(shown.length).toBeLessThan(100);
  });
});
