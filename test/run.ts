import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { run as Run } from '../cli/stockade';

export const ROOT = resolve(__dirname, '..');

const load = createRequire(__filename);
const { register } = load('tsx/cjs/api') as { readonly register: () => () => void };

/**
 * Has this process load TypeScript as a process of a command does, by tsx's hook, and takes the hook away again: it would stay for whatever else is loaded here, and
 * Node's own way to require ES modules of packages ends with it.
 */
async function hooked<T>(act: () => Promise<T>): Promise<T> {
  const unregister = register();
  try {
    return await act();
  } finally {
    unregister();
  }
}

/** One after the other, as the command does it: so the hook is taken away by whoever put it there. */
let last: Promise<unknown> = Promise.resolve();
function inTurn<T>(act: () => Promise<T>): Promise<T> {
  const turn = last.then(act);
  last = turn.catch(() => undefined);
  return turn;
}

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
  const io = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    stdin: (async function* () {
      yield stdin;
    })(),
    cwd,
    env,
  };
  const code = await inTurn(() => hooked(() => (load('../cli/stockade.ts') as { readonly run: typeof Run }).run(argv, io)));
  return { code, stdout, stderr };
}
