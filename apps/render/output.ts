import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Marks a folder as ours, so that a full run may replace it. */
export const OUTPUT_MARKER = '.stockade';

/** The output folder holds what is not ours to delete. */
export class OutputError extends Error {
  constructor(readonly folder: string) {
    super(`output folder ${JSON.stringify(folder)} is not empty and was not made by Stockade: a full run would delete what it holds. Choose another --out, or empty it.`);
    this.name = 'OutputError';
  }
}

/**
 * Writes beside the output folder and swaps at the end: whoever looks sees the old tree or the new one, and an error on the
 * way leaves the old one.
 */
export class Staging {
  /** Where to write. */
  readonly folder: string;

  /** @throws OutputError if the folder holds something else. */
  constructor(private readonly out: string) {
    if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(join(out, OUTPUT_MARKER))) throw new OutputError(out);
    this.folder = join(dirname(out), `.${basename(out)}-${process.pid}`);
    this.discard();
    mkdirSync(this.folder, { recursive: true });
  }

  /** Puts the new tree in the old one's place; what the new one lacks is gone. */
  replaceAll(): void {
    writeFileSync(join(this.folder, OUTPUT_MARKER), 'Rendered by Stockade. A full run replaces this folder.\n');
    const old = `${this.folder}-old`;
    if (existsSync(this.out)) renameSync(this.out, old);
    renameSync(this.folder, this.out);
    rmSync(old, { recursive: true, force: true });
  }

  /** Replaces only these folders (relative paths) and leaves the rest alone. */
  replace(folders: readonly string[]): void {
    for (const folder of folders) {
      const target = join(this.out, folder);
      const old = join(this.folder, `.old-${folder.replaceAll('/', '-')}`);
      if (existsSync(target)) renameSync(target, old);
      if (existsSync(join(this.folder, folder))) {
        mkdirSync(dirname(target), { recursive: true });
        renameSync(join(this.folder, folder), target);
      }
    }
    writeFileSync(join(this.out, OUTPUT_MARKER), 'Rendered by Stockade. A full run replaces this folder.\n');
    this.discard();
  }

  /** Forgets what was written. */
  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
