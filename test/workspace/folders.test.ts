import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderBeside, swapFolder } from '../../workspace/replace-folder';
import { filesBelow, walk } from '../../workspace/walk';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stockade-folders-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (path: string, text = path): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
};

describe('a walk', () => {
  it('gives a folder before what it holds, by name, and follows no link', () => {
    for (const path of ['b/2', 'b/1', 'a', 'b.txt']) write(path);
    symlinkSync(join(root, 'b'), join(root, 'c'));
    expect([...walk(root)]).toEqual([
      { path: 'a', kind: 'file' },
      { path: 'b', kind: 'folder' },
      { path: 'b/1', kind: 'file' },
      { path: 'b/2', kind: 'file' },
      { path: 'b.txt', kind: 'file' },
      { path: 'c', kind: 'other' },
    ]);
  });

  it('enters what it may, and still names the rest', () => {
    for (const path of ['in/1', 'out/1']) write(path);
    expect([...walk(root, (path) => path !== 'out')].map(({ path }) => path)).toEqual(['in', 'in/1', 'out']);
  });

  it('of a folder that is not there gives no file; of one that can not be read it throws', () => {
    write('file');
    expect(filesBelow(join(root, 'gone'))).toEqual([]);
    expect(filesBelow(join(root, 'file'))).toEqual([]);
    expect(() => [...walk(join(root, 'gone'))]).toThrow('ENOENT');
  });
});

describe('a folder that is swapped', () => {
  it('is the new one as a whole: what only the old one had is gone', () => {
    write('out/old');
    const made = folderBeside(join(root, 'out'));
    writeFileSync(join(made, 'new'), 'new');
    swapFolder(made, join(root, 'out'));
    expect(readdirSync(join(root, 'out'))).toEqual(['new']);
    expect(readdirSync(root)).toEqual(['out']);
  });

  it('is made where there was none, with the folders above it', () => {
    const made = folderBeside(join(root, 'deep/er/out'));
    swapFolder(made, join(root, 'deep/er/out'));
    expect(readdirSync(join(root, 'deep/er'))).toEqual(['out']);
  });

  it('is the old one still where the new one is not there to be put in its place', () => {
    write('out/old', 'kept');
    expect(() => swapFolder(join(root, 'never-made'), join(root, 'out'))).toThrow('ENOENT');
    expect(readFileSync(join(root, 'out/old'), 'utf8')).toBe('kept');
    expect(existsSync(join(root, 'never-made-old'))).toBe(false);
  });
});
