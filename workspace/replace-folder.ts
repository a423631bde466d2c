import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Makes an empty folder beside another one, on the same disk, to be {@link swapFolder swapped} with it. */
export function folderBeside(target: string): string {
  const path = resolve(target);
  mkdirSync(dirname(path), { recursive: true });
  return mkdtempSync(join(dirname(path), `.${basename(path)}-`));
}

/**
 * Puts a folder in another one's place. Whoever looks sees the old tree or the new one, never a part of either, and nothing for a moment; where the new one can't be put there, the old one
 * is put back.
 */
export function swapFolder(made: string, target: string): void {
  const old = `${made}-old`;
  const there = existsSync(target);
  if (there) renameSync(target, old);
  try {
    mkdirSync(dirname(target), { recursive: true });
    renameSync(made, target);
  } catch (error) {
    if (there) renameSync(old, target);
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}
