import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Something below a folder. */
export interface Found {
  /** Below the folder, with `/`. */
  readonly path: string;
  /** `other`: a link (it is not followed), a device, a socket. */
  readonly kind: 'file' | 'folder' | 'other';
}

/**
 * All that a folder holds, each folder before what is in it, names in the order of their code units.
 *
 * @param enter whether to look into a folder
 */
export function* walk(folder: string, enter: (path: string) => boolean = () => true, below = ''): Generator<Found> {
  const entries = readdirSync(join(folder, below), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    yield { path, kind: entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : 'other' };
    if (entry.isDirectory() && enter(path)) yield* walk(folder, enter, path);
  }
}

/** The paths of all files below a folder; none where it is not there. */
export function filesBelow(folder: string): string[] {
  try {
    return [...walk(folder)].filter(({ kind }) => kind === 'file').map(({ path }) => path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
