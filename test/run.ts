import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { run as Run } from '../cli/stockade';

export const ROOT = resolve(__dirname, '..');

/** The command as a process has it, loaded as a process loads it, in this one. */
const { run } = createRequire(__filename)(join(ROOT, 'cli/stockade.cjs')) as { readonly run: typeof Run };

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunIn {
  /** @default - the repository */
  readonly cwd?: string;
  /** @default - this process' */
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
}

/** `stockade <argv>` in this process: a second is saved each time, and what it says is what a process says. */
export async function stockade(argv: readonly string[], { cwd = ROOT, env = process.env, stdin = '' }: RunIn = {}): Promise<Ran> {
  let [stdout, stderr] = ['', ''];
  const code = await run(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: (async function* () {
      yield stdin;
    })(),
    cwd,
    env,
  });
  return { code, stdout, stderr };
}
