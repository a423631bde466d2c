import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts, Processes, ProgramFailed, stopLeftRunning } from './processes';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-processes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const eventually = (holds: () => boolean): Promise<void> => expect.poll(holds, { timeout: 15_000 }).toBe(true);

/** A process of its own that starts a program of its own and says so, then waits. */
const owner = async (outlive: boolean): Promise<{ kill(signal: NodeJS.Signals): void; program: number }> => {
  const code = `
    const { Processes } = require(${JSON.stringify(join(__dirname, 'processes.ts'))});
    const processes = new Processes(${JSON.stringify(folder)}, ${String(outlive)});
    processes.start({ name: 'program', binary: '/bin/sh', args: ['-c', 'echo $$ > ${join(folder, 'pid')}; exec sleep 1000'] });
    setInterval(() => { try { console.log(require('node:fs').readFileSync(${JSON.stringify(join(folder, 'pid'))}, 'utf8').trim()); } catch {} }, 50);
  `;
  const child = spawn(process.execPath, ['--import', pathToFileURL(require.resolve('tsx')).href, '--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const program = await new Promise<number>((resolve) => createInterface({ input: child.stdout }).once('line', (line) => resolve(Number(line))));
  return { kill: (signal) => child.kill(signal), program };
};

describe('the programs of a cluster', () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('end with whoever started them, by %s, and their folder goes', async (signal) => {
    const { kill, program } = await owner(false);
    expect(isAlive(program)).toBe(true);
    kill(signal);
    await eventually(() => !isAlive(program) && !existsSync(folder));
  });

  it('outlive it if they are to, and are found by what was written down', async () => {
    const { kill, program } = await owner(true);
    kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(isAlive(program)).toBe(true);
    expect(await stopLeftRunning(folder)).toEqual(['program']);
    await eventually(() => !isAlive(program));
    expect(await stopLeftRunning(folder)).toEqual([]);
  });

  it('are named with the end of their log if they end before they are ready', async () => {
    const processes = new Processes(folder, false);
    processes.start({ name: 'broken', binary: '/bin/sh', args: ['-c', 'echo no such option; exit 3'] });
    const ready = processes.ready('broken', () => Promise.resolve(false));
    await expect(ready).rejects.toThrow(ProgramFailed);
    await expect(ready).rejects.toThrow(/^broken ended \(3\)\. The end of .*broken\.log:\nno such option$/);
    await processes.stopAll();
  });

  it('are stopped in the reverse order of their start', async () => {
    const processes = new Processes(folder, false);
    for (const name of ['first', 'second']) {
      processes.start({ name, binary: '/bin/sh', args: ['-c', `trap 'date +%s%N > ${join(folder, name)}; exit 0' TERM; echo up; while :; do sleep 0.05; done`] });
    }
    const { readFileSync, statSync } = await import('node:fs');
    await eventually(() => ['first', 'second'].every((name) => statSync(processes.logOf(name)).size > 0));
    await processes.stopAll();
    expect(Number(readFileSync(join(folder, 'second'), 'utf8'))).toBeLessThan(Number(readFileSync(join(folder, 'first'), 'utf8')));
  });
});

it('finds ports that are free and differ', async () => {
  expect(new Set(await freePorts(20)).size).toBe(20);
});
