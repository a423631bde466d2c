import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file of Stockade itself, by its path in the package. Sources and what is built of them lie at different depths below the one package.json. */
export function ofPackage(path: string): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) || folder === dirname(folder)) return join(folder, path);
  }
}
