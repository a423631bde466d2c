import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatProblem, isError } from '../../model/errors';
import { journalProblems } from '../../model/errors/journal';
import { JOURNAL_MISTAKES } from './mistakes';

/** What people read, mistake by mistake, each below a line with its code and what it is. */
const TEXTS = new Map(
  readFileSync(join(__dirname, 'mistakes.txt'), 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section.slice(section.indexOf('\n') + 1).trimEnd()]),
);
const title = ({ code, what }: { code: string; what: string }): string => `${code}: ${what}`;

/** That each of these can fail is shown by `npm run test:mutations`. */
describe('a mistake in the journal', () => {
  for (const mistake of JOURNAL_MISTAKES) {
    it(`[${mistake.code}] ${mistake.what}`, () => {
      const problems = mistake.wrong();

      expect(problems.map(({ code }) => code)).toEqual([mistake.code]);
      expect(problems.every(isError)).toBe(true);
      expect(problems.map((problem) => formatProblem(problem, 'fleet')).join('\n')).toBe(TEXTS.get(title(mistake)));
      expect(mistake.right()).toEqual([]);
    });
  }

  it('is there for every code of the journal, and each text is of one that is there', () => {
    const shown = new Set<string>(JOURNAL_MISTAKES.map(({ code }) => code));
    expect(Object.values(journalProblems).map(({ code }) => code).filter((code) => !shown.has(code))).toEqual([]);
    expect([...TEXTS.keys()]).toEqual(JOURNAL_MISTAKES.map(title));
  });
});
