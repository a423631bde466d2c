import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = join(__dirname, '..', '..');

let folder: string;
let dev: ChildProcess;
let out = '';
const ended = (): Promise<unknown> => new Promise((resolve) => (dev.exitCode === null && dev.signalCode === null ? dev.once('close', resolve) : resolve(undefined)));
/** What it says from now on. */
const says = async (text: string, act: () => void): Promise<void> => {
  const from = out.length;
  act();
  await expect.poll(() => out.slice(from), { timeout: 100_000, interval: 200 }).toContain(text);
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-dev-'));
  cpSync(join(ROOT, 'fleet'), join(folder, 'fleet'), { recursive: true });
});
afterAll(async () => {
  dev.kill('SIGTERM');
  await ended();
  rmSync(folder, { recursive: true, force: true });
});

it('npm run dev renders, renders again after a change of the fleet, and says what is wrong with one', async () => {
  const file = join(folder, 'fleet', 'settings.yaml');
  const text = readFileSync(file, 'utf8');
  const args = ['--fleet', join(folder, 'fleet'), '--out', join(folder, 'dist'), '--no-terraform', '--no-types'];
  await says('objects', () => {
    dev = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'tools', 'dev.ts'), ...args], { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [dev.stdout!, dev.stderr!]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
  });
  await says('settings.yaml:', () => writeFileSync(file, `${text}\nunheardOf: true\n`));
  await says('objects', () => writeFileSync(file, text));
  dev.kill('SIGTERM');
  await ended();
});
