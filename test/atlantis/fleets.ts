import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogue } from '../../chains';
import { formatProblems } from '../../model/errors';
import { parseFleet } from '../../model/load';
import { stackContext, synthStacks } from '../../infra/synth';
import type { StackContext } from '../../infra/context';

export const ROOT = join(__dirname, '../..');

export type Files = ReadonlyMap<string, string>;

/** The declarations of the example fleet, by path below `fleet/`. */
export function exampleFiles(): Files {
  const files = new Map<string, string>();
  const visit = (folder: string): void => {
    for (const name of readdirSync(join(ROOT, 'fleet', folder))) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (statSync(join(ROOT, 'fleet', path)).isDirectory()) {
        if (!['schema', 'checks'].includes(path)) visit(path);
      } else if (/\.(yaml|json|lock)$/.test(path)) files.set(path, readFileSync(join(ROOT, 'fleet', path), 'utf8'));
    }
  };
  visit('');
  return files;
}

/** One or more texts replaced, each of which must be there; without a new text the file goes. */
export function edited(files: Files, ...edits: readonly (readonly [file: string, from: string | RegExp, to: string] | readonly [file: string])[]): Files {
  const copy = new Map(files);
  for (const [file, from, to] of edits) {
    const text = copy.get(file);
    if (text === undefined) throw new Error(`there is no ${file}`);
    if (from === undefined) {
      copy.delete(file);
      continue;
    }
    const next = text.replace(from, to!);
    if (next === text) throw new Error(`${file} does not contain ${String(from)}`);
    copy.set(file, next);
  }
  return copy;
}

export function contextOf(files: Files): StackContext {
  const { fleet, problems } = parseFleet(new Map(files), catalogue);
  if (!fleet) throw new Error(formatProblems(problems, 'fleet'));
  return stackContext(fleet, 'fleet');
}

/** `cdk.tf.json` of every stack, by its id. */
export function terraformOf(context: StackContext): ReadonlyMap<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-stacks-'));
  try {
    synthStacks(context, join(folder, 'out'));
    const stacks = join(folder, 'out', 'stacks');
    return new Map(readdirSync(stacks).map((id) => [id, readFileSync(join(stacks, id, 'cdk.tf.json'), 'utf8')]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Whether Atlantis would plan a project for changed files (paths from the root): patterns are joined to the project's folder and read like
 * those of a `.dockerignore`, the last that matches decides.
 */
export function isTouched({ dir, whenModified }: { readonly dir: string; readonly whenModified: readonly string[] }, changed: readonly string[]): boolean {
  const patterns = whenModified.map((pattern) => ({ out: pattern.startsWith('!'), matches: glob(join(dir, pattern.replace(/^!/, ''))) }));
  return changed.some((file) => patterns.reduce((touched, { out, matches }) => (matches.test(file) ? !out : touched), false));
}

function glob(pattern: string): RegExp {
  const source = pattern
    .split('/')
    .map((part) => (part === '**' ? '**' : part.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')))
    .join('/')
    .replaceAll('/**/', '/(?:.*/)?')
    .replace(/\/\*\*$/, '/.*');
  return new RegExp(`^${source}$`);
}
