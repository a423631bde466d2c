import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ResourceLimits {
  readonly seconds: number;
  /** Processes and threads, of all together. */
  readonly tasks: number;
  /** Memory that is nobody else's, of all processes together; what lies in memory as files comes beside it, and has bounds of its own. */
  readonly bytes: number;
}

interface Task {
  readonly parent: number;
  readonly threads: number;
  readonly bytes: number;
}

/** How much is left of a machine's memory at which what is watched is ended, whoever took it: memory that no process shows (files without a name, buffers) ends here. */
const FLOOR = 256 * 2 ** 20;
const EVERY_MS = 50;

/**
 * Runs a command and ends it, with all that it started, where it goes over a bound: limits of the kernel hold for one process, or count nothing for root, and control groups
 * are not there for everybody. Everything that descends from it is counted: a process whose parent is gone goes to the first of its namespace, which descends from it too.
 *
 * @returns its exit code; 124 where a bound ended it, which is said
 */
export function watched(command: readonly [string, ...string[]], bounds: ResourceLimits, say: (line: string) => void): Promise<number> {
  return new Promise((settle, reject) => {
    const child = spawn(command[0], command.slice(1), { stdio: 'inherit' });
    const ends = Date.now() + bounds.seconds * 1000;
    let ended = false;
    const end = (why: string): void => {
      if (!ended) say(`error: what runs in the sandbox was ended: ${why}`);
      ended = true;
      // From the first on: with the first of its namespace the kernel ends the others.
      for (const pid of descendants(tasks(), child.pid!)) kill(pid);
    };
    const timer = setInterval(() => {
      if (Date.now() > ends) return end(`it ran for more than ${bounds.seconds} s`);
      if (available() < FLOOR) return end('the machine has no memory left');
      const all = tasks();
      const own = descendants(all, child.pid!).map((pid) => all.get(pid)!);
      const count = own.reduce((sum, { threads }) => sum + threads, 0);
      const bytes = own.reduce((sum, one) => sum + one.bytes, 0);
      if (count > bounds.tasks) return end(`it has more than ${bounds.tasks} processes and threads`);
      if (bytes > bounds.bytes) return end(`it has more than ${bounds.bytes} bytes of memory`);
    }, EVERY_MS);
    // Whoever ends this ends it all.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => end(`by ${signal}`));
    child.on('error', (error) => (clearInterval(timer), reject(error)));
    child.on('close', (code) => {
      clearInterval(timer);
      settle(ended ? 124 : (code ?? 1));
    });
  });
}

/** Of the kernel's own list; a process that goes meanwhile is left out. */
function tasks(): ReadonlyMap<number, Task> {
  const all = new Map<number, Task>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const status = readIfThere(`/proc/${name}/status`);
    if (status === undefined) continue;
    const of = (key: string): number => Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    all.set(Number(name), { parent: of('PPid'), threads: of('Threads'), bytes: (of('RssAnon') + of('RssShmem') + of('VmSwap')) * 1024 });
  }
  return all;
}

/** The process and all that descend from it, parents before children. */
function descendants(all: ReadonlyMap<number, Task>, root: number): number[] {
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of all) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const found = all.has(root) ? [root] : [];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

const available = (): number => Number(/^MemAvailable:\s*(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024;

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
