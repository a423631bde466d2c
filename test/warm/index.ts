import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../run';

/**
 * The environment in which scripts of Atlantis' server have their commands of Stockade run by one process, which has loaded them before: each costs most of a second
 * otherwise, and a step runs five. The scripts are as they are. One test of each step leaves this out: there every command is a process of its own.
 *
 * @param programs further folders of programs, which go first
 */
export function warm(...programs: readonly string[]): Readonly<Record<'PATH' | 'STOCKADE_WARM' | 'STOCKADE_WARM_ROOT' | 'STOCKADE_WARM_NODE', string>> {
  started ??= start(start());
  return { PATH: [...programs, BIN, process.env['PATH']].join(':'), STOCKADE_WARM: started, STOCKADE_WARM_ROOT: ROOT, STOCKADE_WARM_NODE: process.execPath };
}
let started: string | undefined;

/** What puts a warm environment back: each command a process of its own. */
export const COLD = { STOCKADE_WARM: '' } as const;

/** The folder with the stand-in for node. */
const BIN = join(__dirname, 'bin');

/** @param another that runs what its commands call */
function start(...another: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-warm-'));
  const queue = join(folder, 'queue');
  execFileSync('mkfifo', [queue]);
  // Held open, and never closed: what serves it ends, and removes the folder, with this process, however that ends.
  openSync(queue, 'r+');
  spawn(process.execPath, [join(__dirname, 'serve.cjs'), folder, ...another], { stdio: ['ignore', 'ignore', 'inherit'], env: { PATH: process.env['PATH'] } }).unref();
  return folder;
}
