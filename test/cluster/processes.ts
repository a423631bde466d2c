import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Program {
  readonly name: string;
  readonly binary: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** A program that ended before it was asked to, or never became ready, with the end of its log. */
export class ProgramFailed extends Error {
  constructor(name: string, what: string, log: string) {
    super(`${name} ${what}. The end of ${log}:\n${tail(log)}`);
  }
}

/**
 * The programs of one cluster. They are stopped by their pids, in the reverse order of their start; and should this process
 * die first, however it dies, a watchdog notices that its pipe closed, stops them and removes their folder.
 *
 * Programs are in process groups of their own, so that Ctrl-C reaches them through us, in order.
 */
export class Processes {
  private readonly running = new Map<string, ChildProcess>();
  private readonly watchdog: ChildProcess | undefined;

  /** @param outlive leave the programs running when this process ends: somebody else stops them */
  constructor(
    readonly folder: string,
    private readonly outlive: boolean,
  ) {
    mkdirSync(join(folder, 'logs'), { recursive: true });
    if (outlive) return;
    this.watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.watchdog.stdin!.on('error', () => undefined);
    this.watchdog.unref();
  }

  logOf(name: string): string {
    return join(this.folder, 'logs', `${name}.log`);
  }

  start({ name, binary, args, env }: Program): void {
    const log = openSync(this.logOf(name), 'a');
    const child = spawn(binary, args, { detached: true, stdio: ['ignore', log, log], env: env ?? process.env });
    closeSync(log);
    child.on('error', () => undefined);
    if (child.pid !== undefined) this.watchdog?.stdin!.write(`${child.pid}\n`);
    if (this.outlive) {
      child.unref();
      if (child.pid !== undefined) appendFileSync(join(this.folder, PIDS), `${JSON.stringify({ name, pid: child.pid, started: startOf(child.pid) })}\n`);
    }
    this.running.set(name, child);
  }

  /** Waits until `ready` is true. @throws ProgramFailed if the program ends, or isn't ready in time. */
  async ready(name: string, ready: () => Promise<boolean>, timeoutMs = 240_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await ready().catch(() => false))) {
      const child = this.running.get(name)!;
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
        throw new ProgramFailed(name, `ended (${child.signalCode ?? child.exitCode ?? 'it could not be started'})`, this.logOf(name));
      }
      if (Date.now() > deadline) throw new ProgramFailed(name, `was not ready after ${timeoutMs / 1000} s`, this.logOf(name));
      await sleep(50);
    }
  }

  /** Ends one program: asked first, killed after ten seconds. */
  async stop(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.running.get(name);
    if (child === undefined) return;
    this.running.delete(name);
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }

  pids(): Record<string, number> {
    return Object.fromEntries([...this.running].flatMap(([name, { pid }]) => (pid === undefined ? [] : [[name, pid]])));
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.running.get(name)?.kill(signal);
  }

  async stopAll(): Promise<void> {
    for (const name of [...this.running.keys()].reverse()) await this.stop(name);
    // With its programs gone it would find nothing but, one day, somebody else's pids.
    this.watchdog?.kill('SIGKILL');
  }
}

/**
 * Ends what another process started in a folder and left running, by the pids that it wrote down. A pid that has since
 * been given to another program is left alone.
 *
 * @returns the names of the programs that were still running
 */
export async function stopLeftRunning(folder: string): Promise<string[]> {
  const file = join(folder, PIDS);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n').filter((line) => line !== '');
  const left = lines.map((line) => JSON.parse(line) as { name: string; pid: number; started: string }).filter(({ pid, started }) => startOf(pid) === started);
  for (const { pid, started } of left.reverse()) {
    process.kill(pid, 'SIGTERM');
    for (let waited = 0; startOf(pid) === started; waited += 100) {
      if (waited === 10_000) process.kill(pid, 'SIGKILL');
      await sleep(100);
    }
  }
  return left.map(({ name }) => name);
}

const PIDS = 'pids.jsonl';

/** When a process started, which tells it from a later one with its pid; undefined if there is none, or it is a zombie. */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // proc(5): the name in parentheses may hold spaces; state is the first field after it, starttime the twentieth.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()!.split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Ports on the loopback address that nobody listens on, below the range from which connections get theirs. Until a program listens on one it
 * is anybody's, so test files that run at once look in ranges of their own.
 */
export async function freePorts(count: number, worker = Number(process.env['VITEST_POOL_ID'] ?? 1)): Promise<number[]> {
  const first = 20_000 + ((worker - 1) % RANGES) * PORTS_OF_A_RANGE;
  const ports: number[] = [];
  for (let attempt = 0; ports.length < count; attempt++) {
    if (attempt > 200) throw new Error(`no free ports between ${first} and ${first + PORTS_OF_A_RANGE - 1} of 127.0.0.1`);
    const port = first + Math.floor(Math.random() * PORTS_OF_A_RANGE);
    if (!ports.includes(port) && (await isFree(port))) ports.push(port);
  }
  return ports;
}

const RANGES = 4;
const PORTS_OF_A_RANGE = 2500;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Reads pids until its input ends, which is when its parent did. */
const WATCHDOG = `
pids=
while read -r pid; do pids="$pid $pids"; done
for pid in $pids; do kill -TERM "$pid" 2>/dev/null; done
for _ in 1 2 3 4 5 6 7 8 9 10; do
  alive=
  for pid in $pids; do kill -0 "$pid" 2>/dev/null && alive=yes; done
  [ -z "$alive" ] && break
  sleep 1
done
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
rm -rf -- "$1"
`;

function tail(log: string): string {
  return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-25).join('\n') : '(nothing was written)';
}
