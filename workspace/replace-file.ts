import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { refusal, UserError } from '../errors/user-error';

/**
 * Replaces a file's content at once: whoever reads sees the old content or the new, never a part. Of two runs at
 * the same time one fails, and so does a run whose reading is out of date.
 *
 * @param expected what the file held when the new content was computed; undefined: it didn't exist
 * @throws UserError
 */
export async function replaceFile(path: string, content: string, expected: string | undefined): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.new`);
  const handle = await open(temporary, 'wx', await modeOf(path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw unwritable(path, error);
    throw refusal(`${temporary} exists: another run is writing ${basename(path)}, or one was killed while it did`, 'When no other run is active, remove that file and run the command again.');
  });
  try {
    await handle.writeFile(content);
    await handle.sync();
    await handle.close();
    if ((await readIfThere(path)) !== expected) {
      throw refusal(`${path} was changed by something else meanwhile`, 'Nothing was written; run the command again.');
    }
    await rename(temporary, path);
  } catch (error) {
    await handle.close().catch(() => undefined); // closed already, unless the write itself failed
    await rm(temporary, { force: true });
    throw error instanceof UserError ? error : unwritable(path, error);
  }
}

/** @returns undefined when there is no such file */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function unwritable(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined
    ? error
    : refusal(`${path} can't be written (${code})`, 'Nothing was changed. Check the permissions of the file and its folder, and the room on the disk.');
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return 0o644;
  }
}
