import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { swapFolder } from '../../workspace/replace-folder';
import { refuse } from '../../errors/user-error';

/** Marks a folder as ours, so that a full run may replace it. */
export const OUTPUT_MARKER = '.stockade';

/**
 * Writes beside the output folder and swaps at the end: whoever looks sees the old tree or the new one, and an error on the
 * way leaves the old one.
 */
export class Staging {
  /** Where to write. */
  readonly folder: string;

  /** @throws UserError if the folder holds something else, or, for a run that replaces a part, another format. */
  constructor(
    private readonly out: string,
    private readonly format: string,
    whole: boolean,
  ) {
    const marker = join(out, OUTPUT_MARKER);
    if (out === '') refuseFolder(out, 'has no name', 'Name a folder with --out.');
    if (existsSync(out) && !statSync(out).isDirectory()) refuseFolder(out, 'is not a folder', 'Choose another --out.');
    if (existsSync(out) && readdirSync(out).length > 0) {
      if (!existsSync(marker)) {
        refuseFolder(out, 'is not empty and was not made by Stockade: a full run would delete what it holds', 'Choose another --out, or empty it.');
      }
      if (!whole && readFileSync(marker, 'utf8') !== this.markerText()) {
        refuseFolder(out, `holds another format than ${format}: replacing a part of it would mix the two`, 'Render the whole fleet, or choose another --out.');
      }
    }
    this.folder = join(dirname(out), `.${basename(out)}-${process.pid}`);
    orRefused(out, 'made', () => {
      this.discard();
      mkdirSync(this.folder, { recursive: true });
    });
  }

  /** Puts the new tree in the old one's place; what the new one lacks is gone. */
  replaceAll(): void {
    writeFileSync(join(this.folder, OUTPUT_MARKER), this.markerText());
    orRefused(this.out, 'replaced', () => swapFolder(this.folder, this.out));
  }

  /** Replaces only these folders (relative paths) and leaves the rest alone. */
  replace(folders: readonly string[]): void {
    for (const folder of folders) {
      const target = join(this.out, folder);
      const made = join(this.folder, folder);
      if (existsSync(made)) swapFolder(made, target);
      else rmSync(target, { recursive: true, force: true });
    }
    mkdirSync(this.out, { recursive: true });
    writeFileSync(join(this.out, OUTPUT_MARKER), this.markerText());
    this.discard();
  }

  /** Forgets what was written. */
  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private markerText(): string {
    return `Rendered by Stockade, format ${this.format}. A full run replaces this folder.\n`;
  }
}

/** What the system refuses of a folder that somebody named is not a fault of ours: a file on its way, no permission, a mount, the folder that we stand in. */
function orRefused(out: string, what: 'made' | 'replaced', act: () => void): void {
  try {
    act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    refuseFolder(out, `can not be ${what} (${code})`, 'Choose another --out, or look at what is there and who may write it.');
  }
}

const refuseFolder = (folder: string, problem: string, next: string): never => refuse(`output folder ${JSON.stringify(folder)} ${problem}`, next);
