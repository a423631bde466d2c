import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, stockade } from '../run';

/** Folders that `synth` replaces as a whole, so never those that hold something else. */
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'stockade-output-'));
  cpSync(join(ROOT, 'fleet'), join(root, 'fleet'), { recursive: true });
  writeFileSync(join(root, 'file'), 'mine');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
const synth = (...args: string[]): ReturnType<typeof stockade> => stockade(['synth', ...args], { cwd: root });

describe('--terraform-out', () => {
  it.each(['fleet', 'file', '.', ''])('refuses what no such run made, before anything is written: "%s"', async (out) => {
    const before = readdirSync(root);
    expect(await synth('--out', 'dist', '--terraform-out', out)).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('holds something else than rendered Terraform: a run would delete it\n  next: Choose another --terraform-out, or empty it, or render') });
    expect(readdirSync(root)).toEqual(before);
    expect(existsSync(join(root, 'fleet/keys.lock'))).toBe(true);
  });

  it('takes an empty folder, and what an earlier run made', async () => {
    mkdirSync(join(root, 'tf'));
    for (const time of ['first', 'second']) expect({ time, code: (await synth('--out', 'dist', '--terraform-out', 'tf')).code }).toEqual({ time, code: 0 });
    expect(readdirSync(join(root, 'tf'))).toContain('stacks');
  });
});

describe('--out', () => {
  it.each([['file', 'is not a folder'], ['file/x', 'can not be made (ENOTDIR)'], ['', 'has no name'], ['fleet', 'is not empty and was not made by Stockade']])('"%s" %s', async (out, why) => {
    expect(await synth('--no-terraform', '--out', out)).toMatchObject({ code: 1, stderr: expect.stringContaining(`error: output folder ${JSON.stringify(out)} ${why}`) });
  });
});
