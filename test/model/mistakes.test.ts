import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { formatProblem, PROBLEM_CODES, type Place } from '../../model/errors';
import { loadFleet, parseFleet } from '../../model/load';
import { JOURNAL_MISTAKES } from '../keys/mistakes';
import { baseFiles, type Files, replaced, unmarked } from './base';
import { fakeCatalogue } from './fake-catalogue';
import { type Mistake, MISTAKES } from './mistakes';

const position = ({ file, line, column }: Place) => `${file}:${line}:${column}`;

function edited({ edits }: Mistake): Files {
  return edits.reduce<Files>((files, [file, first, second]) => {
    if (first !== undefined && second !== undefined) return replaced(files, file, first, second);
    const copy = new Map(files);
    if (first === undefined) copy.delete(file);
    else copy.set(file, first);
    return copy;
  }, baseFiles());
}

describe('a mistake in a fleet', () => {
  it.each(MISTAKES.map((mistake) => [mistake.code, mistake.what, mistake] as const))('%s: %s', (_code, _what, mistake) => {
    const { files, places } = unmarked(edited(mistake));

    const { fleet, problems } = parseFleet(files, fakeCatalogue);

    expect(problems.map(({ code }) => code)).toEqual([mistake.code]);
    const [problem] = problems;
    if (!problem) throw new Error('no problem');
    expect(problem.places.map(position)).toEqual([...places, ...(mistake.places ?? [])]);
    expect(problem.level).toBe(mistake.level ?? (mistake.code === 'first-start-approved' ? 'warning' : 'error'));
    expect(fleet === undefined).toBe(problem.level === 'error');
    if (mistake.value !== undefined) expect(problem.value).toEqual(mistake.value);
    if (typeof mistake.allowed === 'string') expect(problem.allowed).toContain(mistake.allowed);
    else if (mistake.allowed) expect(problem.allowed).toEqual(mistake.allowed);
    if (mistake.message !== undefined) expect(problem.message).toContain(mistake.message);
    expect(problem.suggestion).toBe(mistake.suggestion);
    expect(problem.next).toContain(mistake.next ?? '.');
    expect(problem.next.length).toBeGreaterThan(10);
    // Every place, and whatever is known, is in what people read.
    const text = formatProblem(problem, 'fleet');
    expect(text.startsWith(`fleet/${places[0] ?? mistake.places?.[0]}: ${problem.level}: `)).toBe(true);
    for (const place of problem.places) expect(text).toContain(`fleet/${position(place)}`);
    expect(text).toContain(`next: ${problem.next}`);
    if (problem.suggestion) expect(text).toContain(`did you mean "${problem.suggestion}"?`);
  });
});

describe('a mistake on the disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of baseFiles()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  it('reads the base fleet, and leaves code and notes alone', () => {
    mkdirSync(join(folder, 'schema'));
    writeFileSync(join(folder, 'schema/settings.ts'), '');
    writeFileSync(join(folder, 'load.ts'), '');
    writeFileSync(join(folder, 'keys.lock'), '');
    writeFileSync(join(folder, 'nodes/README.md'), '');

    const { fleet, problems } = loadFleet(folder, fakeCatalogue);

    expect(problems).toEqual([]);
    expect(fleet?.nodes.map(({ name }) => name)).toEqual(['val-2', 'heron-0', 'val-0', 'val-1', 'sentry-0']);
  });

  it.each([
    ['a file that is not UTF-8', (path: string) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00])), 'it is not UTF-8 text'],
    ['a symbolic link', (path: string) => symlinkSync('/etc/hostname', path), 'it is not a regular file'],
    ['a file beyond 16 MiB', (path: string) => writeFileSync(path, Buffer.alloc(16 * 1024 * 1024 + 1, 32)), 'it is larger than 16 MiB'],
  ])('unreadable-file: %s', (_what, make, reason) => {
    const path = join(folder, 'clusters/new.yaml');
    make(path);

    const { fleet, problems } = loadFleet(folder, fakeCatalogue);
    rmSync(path);

    expect(fleet).toBeUndefined();
    expect(problems).toEqual([
      expect.objectContaining({ code: 'unreadable-file', places: [{ file: 'clusters/new.yaml', line: 1, column: 1 }], value: 'clusters/new.yaml' }),
    ]);
    expect(problems[0]?.message).toContain(reason);
  });
});

it('has a fixture for every code of the catalogue', () => {
  const shown = new Set<string>([...MISTAKES.map(({ code }) => code), 'unreadable-file', ...JOURNAL_MISTAKES.map(({ code }) => code)]);
  expect(PROBLEM_CODES.filter((code) => !shown.has(code))).toEqual([]);
  expect(new Set(PROBLEM_CODES).size).toBe(PROBLEM_CODES.length);
});
