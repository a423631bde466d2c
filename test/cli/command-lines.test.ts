import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/stockade';
import { ROOT, stockade } from '../run';
import { ended, LINES, OUTPUTS, type Ended } from './command-lines';

const read = <T>(file: string): T => JSON.parse(readFileSync(join(__dirname, file), 'utf8')) as T;
/** As each ended before commands had a room of their own. */
const before = read<Record<string, Ended>>('before.json');
/** Those that end otherwise since, and why. */
const since = read<Record<string, Ended & { readonly why: string }>>('since.json');
const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-lines-'));
  writeFileSync(join(folder, 'outputs.json'), JSON.stringify(OUTPUTS));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const words = (line: string): string[] => line.replaceAll('<folder>', folder).split(' ');

describe('exit codes and last lines', () => {
  it.each(LINES)('%s', async (line) => {
    const { code, stdout, stderr } = await stockade(words(line));
    const { why, ...now } = since[line] ?? { ...before[line]!, why: '' };
    expect(ended(code, stdout, stderr, folder), why).toEqual(now);
  });

  it('are listed for every command, and nothing that changed is listed for nothing', () => {
    expect(Object.keys(before)).toEqual([...LINES]);
    const people = Object.keys(COMMANDS).filter((name) => !name.startsWith('server '));
    expect(people.filter((name) => !LINES.some((line) => line === name || line.startsWith(`${name.replace(' write', '')} `)))).toEqual([]);
    expect(Object.entries(since).filter(([line, { code, last }]) => before[line]?.code === code && before[line].last === last)).toEqual([]);
  });

  it('control: another code or line is seen', () => {
    expect(ended(1, '', 'error: x', folder)).not.toEqual(ended(2, '', 'error: x', folder));
    expect(ended(1, '', 'error: x\n  next: y', folder)).not.toEqual(ended(1, '', 'error: x\n  next: z', folder));
  });
});

describe('a process of its own, as npm scripts start it', () => {
  const names = [...new Set(Object.keys(COMMANDS).map((name) => name.split(' ')[0]!))].filter((name) => name !== 'server');

  it.each(names)('%s ends as it does in this one', async (name) => {
    expect(scripts[name]).toBe(`node cli/stockade.cjs ${name}`);
    const line = LINES.find((one) => one.split(' ')[0] === name && (since[one] ?? before[one])!.code === 2)!;
    const { code, stdout, stderr } = await stockade(words(line));
    const spawned = spawnSync(process.execPath, ['cli/stockade.cjs', ...words(line)], { cwd: ROOT, encoding: 'utf8' });
    expect({ code: spawned.status, stdout: spawned.stdout, stderr: spawned.stderr }).toEqual({ code, stdout, stderr });
  });
});
