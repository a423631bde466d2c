import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listOf, readEntries, released } from '../../tools/changelog-entries';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'stockade-changelog-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const write = (files: Readonly<Record<string, string>>): string => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};

describe('the changelog', () => {
  const changelog = readFileSync('CHANGELOG.md', 'utf8');

  it('has what is released, and says where the rest is: one sound file a change', () => {
    expect(changelog.slice(0, changelog.indexOf('## 0.1.0'))).toBe('# Changelog\n\n## Unreleased\n\nOne file a change: [changelog.d](changelog.d/README.md).\n\n');
    expect(() => readEntries('changelog.d')).not.toThrow();
  });

  it('is assembled by name, each file one entry', () => {
    const entries = readEntries(write({ 'b-second.md': 'One line.\nAnother one.\n', 'a-first.md': 'What was wrong. What is.', 'README.md': '# How' }));
    expect(listOf(entries)).toBe('- What was wrong. What is.\n- One line.\n  Another one.\n');
  });

  it('takes a release above the last one, and keeps every other line', () => {
    const entries = [{ file: 'a.md', text: 'New.' }];
    const after = released(changelog, entries, '0.2.0', '2027-01-31');
    expect(after.replace('## 0.2.0 (2027-01-31)\n\n- New.\n\n', '')).toBe(changelog);
    expect(after.indexOf('## Unreleased')).toBeLessThan(after.indexOf('## 0.2.0'));
    expect(after.indexOf('## 0.2.0')).toBeLessThan(after.indexOf('## 0.1.0'));
    expect(released('# Changelog\n\n## Unreleased\n\n', entries, '0.1.0', '2027-01-31')).toBe('# Changelog\n\n## Unreleased\n\n## 0.1.0 (2027-01-31)\n\n- New.\n\n');
  });

  it.each([
    ['a version that it has', () => released(changelog, [{ file: 'a.md', text: 'New.' }], '0.1.0', '2027-01-31'), '0.1.0 is in the changelog already'],
    ['a release without a change', () => released(changelog, [], '0.2.0', '2027-01-31'), 'nothing changed since 0.1.0 (2026-11-30)'],
    ['a changelog without its first heading', () => released('# Changelog\n', [{ file: 'a.md', text: 'New.' }], '0.2.0', '2027-01-31'), 'does not begin with "## Unreleased"'],
    ['an empty file', () => readEntries(write({ 'a.md': '\n' })), 'a.md is empty'],
    ['a list', () => readEntries(write({ 'a.md': '- New.' })), 'a line starts with "-"'],
    ['a heading', () => readEntries(write({ 'a.md': 'New.\n## More.' })), 'a line starts with "##"'],
    ['a heading behind spaces', () => readEntries(write({ 'a.md': 'New.\n  ## More.' })), 'a line starts with "##"'],
    ['a folder', () => (mkdirSync(join(folder, 'b')), readEntries(write({ 'a.md': 'New.' }))), 'b is not a file'],
    ['two paragraphs', () => readEntries(write({ 'a.md': 'New.\n\nMore.' })), 'a.md has an empty line'],
    ['half a sentence', () => readEntries(write({ 'a.md': 'It was wrong and' })), 'ends in the middle of a sentence: "It was wrong and"'],
    ['a name of another kind', () => readEntries(write({ 'My Change.txt': 'New.' })), 'My Change.txt: no name of a change'],
  ])('refuses %s', (_, act, message) => {
    expect(act).toThrow(message);
  });

  it('says all that is wrong at once', () => {
    expect(() => readEntries(write({ 'a.md': '', 'b.md': '# New.' }))).toThrow(/a\.md is empty[\s\S]*b\.md: a line starts with "#"/);
  });
});
