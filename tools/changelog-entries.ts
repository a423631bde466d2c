import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal, UserError, type Failure } from '../errors/user-error';

/** A change that was not released yet. */
export interface Entry {
  readonly file: string;
  readonly text: string;
}

/**
 * What a folder of changes holds, by name.
 * @throws UserError with every file that would spoil the changelog
 */
export function readEntries(folder: string): Entry[] {
  const found = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'README.md').sort((a, b) => (a.name < b.name ? -1 : 1));
  const others = found.filter((one) => !one.isFile()).map(({ name }): Failure => ({ message: `${join(folder, name)} is not a file`, next: 'Take it out: one file is one change.' }));
  if (others.length > 0) throw new UserError(others);
  const entries = found.map(({ name }) => ({ file: join(folder, name), text: readFileSync(join(folder, name), 'utf8').trim() }));
  const wrong = entries.flatMap(wrongIn);
  if (wrong.length > 0) throw new UserError(wrong);
  return entries;
}

function wrongIn({ file, text }: Entry): Failure[] {
  const next = 'Say in plain sentences what was wrong, then what happens now; changelog.d/README.md tells how.';
  if (!/(^|\/)[a-z0-9]+(-[a-z0-9]+)*\.md$/.test(file)) return [{ message: `${file}: no name of a change`, allowed: 'words in small letters with dashes between, then .md', next: 'Rename it.' }];
  if (text === '') return [{ message: `${file} is empty`, next }];
  const mark = /^[ \t]*(#+|[-*+] |\d+\. )/m.exec(text)?.[0];
  if (mark !== undefined) return [{ message: `${file}: a line starts with "${mark.trim()}"; each file becomes one entry of a list`, next: 'Take headings and list marks out.' }];
  if (/\n\s*\n/.test(text)) return [{ message: `${file} has an empty line; each file becomes one entry of a list`, next: 'Make it one paragraph, or two files.' }];
  return /[.!?)`]$/.test(text) ? [] : [{ message: `${file} ends in the middle of a sentence: "${text.slice(-20)}"`, next }];
}

export const listOf = (entries: readonly Entry[]): string => entries.map(({ text }) => `- ${text.split('\n').map((line) => line.trim()).join('\n  ')}\n`).join('');

/**
 * The changelog with a new section of these entries.
 * @throws UserError where the version is in it, or nothing changed
 */
export function released(changelog: string, entries: readonly Entry[], version: string, date: string): string {
  const sections = [...changelog.matchAll(/^## (.*)$/gm)];
  if (sections.some(([, title]) => title!.split(' ')[0] === version)) throw refusal(`${version} is in the changelog already`, 'Raise it: npm version <version> --no-git-tag-version.');
  if (entries.length === 0) throw refusal(`nothing changed since ${sections[1]?.[1] ?? 'the beginning'}`, 'Release once changelog.d/ says what did.');
  if (sections[0]?.[1] !== 'Unreleased') throw refusal('the changelog does not begin with "## Unreleased"', 'Put that heading back.');
  const at = sections[1]?.index ?? changelog.length;
  return `${changelog.slice(0, at)}## ${version} (${date})\n\n${listOf(entries)}\n${changelog.slice(at)}`;
}
