import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sources } from '../layout/imports';
import { ROOMS } from '../rooms';
import { differences, pinned, withoutProcesses } from './versions';

const text = (file: string): string => readFileSync(file, 'utf8');
const majorOf = (version: string): string => version.split('.')[0]!;

describe('versions of Node.js', () => {
  it('tried as the oldest is the oldest that engines allows', () => {
    expect(pinned().oldest).toBe(`${/^>=(\d+\.\d+)$/.exec((JSON.parse(text('package.json')) as { engines: { node: string } }).engines.node)![1]}.0`);
  });

  const inWorkflow = (file: string): string[] => [...file.matchAll(/node-version: ([^\s}]+)/g)].map(([, version]) => version!);
  const inImage = (file: string): string[] => [...file.matchAll(/grep -q '\^v(\d+)\\\.'/g)].map(([, version]) => version!);

  it('run by workflows and by the Atlantis image are the one that is tried for images', () => {
    const workflows = readdirSync('.github/workflows').flatMap((file) => inWorkflow(text(join('.github/workflows', file))));
    expect(workflows.length).toBeGreaterThan(2);
    expect(new Set([...workflows, ...inImage(text('infra/atlantis/server/Dockerfile'))])).toEqual(new Set([majorOf(pinned().image)]));
    expect(inImage(text('infra/atlantis/server/Dockerfile'))).toHaveLength(1);
  });
});

describe('two renderings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-differences-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const made = (name: string, files: Readonly<Record<string, string>>): string => {
    mkdirSync(join(folder, name));
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, name, file), content);
    return join(folder, name);
  };

  it('that are the same pass; control: a byte, a missing file and an empty folder are told', () => {
    const one = made('one', { a: 'x\n', b: 'y\n' });
    expect(differences(one, made('same', { a: 'x\n', b: 'y\n' }))).toEqual([]);
    expect(differences(one, made('byte', { a: 'x\n', b: 'z\n' }))).toEqual([expect.stringContaining('different: b')]);
    expect(differences(one, made('less', { a: 'x\n' }))).toEqual(['missing: b']);
    const empty = made('empty', {});
    expect(differences(empty, empty)).toEqual([`${empty} is empty`, `${empty} is empty`]);
  });
});

describe('fast tests that start no process', () => {
  it('are told by what they import', () => {
    const files = {
      'test/a.test.ts': `import '../workspace/git';`,
      'test/b.test.ts': `import './run';`,
      'test/c.test.ts': `import { spawnSync } from 'node:child_process';`,
      'test/d.deep.test.ts': '',
      'test/run.ts': `import { spawn } from 'node:child_process';`,
      'workspace/git.ts': `import { execFile } from 'node:child_process';`,
    };
    expect(withoutProcesses(new Map(Object.entries(files)))).toEqual(['test/a.test.ts']);
  });

  it('are most of them', () => {
    const chosen = withoutProcesses(sources('.', [...ROOMS, 'test']));
    expect(chosen.length).toBeGreaterThan(60);
    expect(chosen).toEqual(expect.arrayContaining(['test/infra/every-stack.test.ts', 'test/chains/ethereum.test.ts']));
    expect(chosen).not.toContain('test/synth/cli.test.ts');
  });
});
