import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A small fleet with nothing wrong: the one that every negative fixture changes in one point. */
export const BASE_FOLDER = join(__dirname, '../fixtures/fleet/base');

export type Files = Map<string, string>;

export const baseFiles = (): Files =>
  new Map(
    readdirSync(BASE_FOLDER, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(BASE_FOLDER.length + 1), readFileSync(path, 'utf8')] as const),
  );

/** Replaces a text that must be there, the first time it is. */
export function replaced(files: Files, file: string, from: string, to: string): Files {
  const text = files.get(file);
  if (text === undefined || !text.includes(from)) throw new Error(`${file} does not contain ${JSON.stringify(from)}`);
  return new Map(files).set(file, text.replace(from, () => to));
}

const MARKS = '①②③④';

/**
 * Takes the marks out of the files. A mark stands right before the character where a place is expected, and its number
 * is the place's; the answer is `file:line:column` for each, found without a YAML parser.
 */
export function unmarked(files: Files): { files: Files; places: string[] } {
  const places: string[] = [];
  const clean: Files = new Map();
  for (const [file, text] of files) {
    const lines = text.split('\n').map((line, index) => {
      let rest = line;
      for (let at = rest.search(/[①②③④]/); at !== -1; at = rest.search(/[①②③④]/)) {
        places[MARKS.indexOf(rest.charAt(at))] = `${file}:${index + 1}:${at + 1}`;
        rest = rest.slice(0, at) + rest.slice(at + 1);
      }
      return rest;
    });
    clean.set(file, lines.join('\n'));
  }
  return { files: clean, places };
}
