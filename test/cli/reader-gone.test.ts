import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../run';

const ended = (child: ChildProcess): Promise<NodeJS.Signals | number | null> => new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));

describe('a reader that has gone', () => {
  it('ends nothing half-way, and changes no exit code', async () => {
    const codes = ['fleet', 'nowhere'].map(async (fleet) => {
      const child = spawn(process.execPath, ['cli/stockade.cjs', 'keys', 'status', '--fleet', fleet], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
      let stderr = '';
      child.stdout.destroy();
      child.stderr.on('data', (piece: Buffer) => (stderr += String(piece)));
      return { end: await ended(child), broke: stderr.includes('EPIPE') };
    });
    expect(await Promise.all(codes)).toEqual([{ end: 0, broke: false }, { end: 1, broke: false }]);
  });

  it.skipIf(!existsSync('/dev/full'))('control: what is lost for another reason is said, and is not done', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, ['cli/stockade.cjs', 'help'], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'error: what the command said can not be written (ENOSPC)\n  next: Make room where its output goes, and run it again.\n' });
  });
});
