import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import { ROOMS } from '../rooms';
import { importsOf, reachedFrom, roomOf, roomsOnDisk, sources, type Rooms } from './imports';

const json = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;
const rooms = json<Rooms>('rooms.json');
const texts = sources('.', ROOMS);
const imports = importsOf(texts);

/** A list that has to hold every room, or those of a part of the product, and what it lacks or has too much. */
const compared = (listed: readonly string[], needed: readonly string[]): string[] => [...needed.filter((one) => !listed.includes(one)).map((one) => `lacks ${one}`), ...listed.filter((one) => !needed.includes(one)).map((one) => `has ${one} for nothing`)];
const folderOf = (file: string): string => file.split('/')[0]!;

describe('tsconfig.json', () => {
  const { include } = json<{ include: readonly string[] }>('tsconfig.json');
  const faults = (listed: readonly string[]): string[] => compared(listed.filter((one) => !['test', '*.ts'].includes(one)), ROOMS);

  it('holds every room, and nothing that is none', () => expect(faults(include)).toEqual([]));

  it.each(ROOMS)('control: without %s it would be seen', (room) => expect(faults(include.filter((one) => one !== room))).toEqual([`lacks ${room}`]));
});

describe('the package', () => {
  const { exports, files } = json<{ exports: Readonly<Record<string, { readonly 'stockade-source': string; readonly default: string }>>; files: readonly string[] }>('package.json');
  const { include, compilerOptions } = json<{ include: readonly string[]; compilerOptions: { outDir: string } }>('tsconfig.build.json');
  const entries = Object.values(exports).map((one) => one['stockade-source'].slice(2));
  const reached = [...new Set([...reachedFrom(entries, imports)].map(folderOf))];
  const lacked = (listed: readonly string[]): string[] => reached.filter((one) => !listed.includes(one));

  it('is built of every room that its exports are made of', () => {
    expect(entries.filter((file) => !texts.has(file))).toEqual([]);
    expect(lacked(include)).toEqual([]);
    expect(include.filter((one) => !ROOMS.includes(one))).toEqual([]);
  });

  it('control: without one of them it would be seen', () => {
    expect(reached.length).toBeGreaterThan(3);
    for (const room of reached) expect(lacked(include.filter((one) => one !== room))).toEqual([room]);
  });

  it('holds the folder that it is built into, from which each export is taken', () => {
    const { outDir } = compilerOptions;
    expect(files).toContain(outDir);
    expect(Object.entries(exports).filter(([, one]) => one.default !== `./${outDir}/${one['stockade-source'].slice(2).replace(/\.ts$/, '.js')}`).map(([name]) => name)).toEqual([]);
  });
});

describe('the linter', () => {
  /** Rooms of which a file is not linted, or not held to the arrows. */
  const unheld = async (eslint: ESLint): Promise<string[]> => {
    const files = roomsOnDisk(rooms).map((room) => [...texts.keys()].find((file) => roomOf(file, rooms) === room && file.endsWith('.ts'))!);
    const found = await Promise.all(files.map(async (file) => {
      if (await eslint.isPathIgnored(file)) return file;
      const { rules } = (await eslint.calculateConfigForFile(file)) as { rules: Readonly<Record<string, readonly [number]>> };
      return rules['stockade/arrows']?.[0] === 2 && rules['@typescript-eslint/no-floating-promises']?.[0] === 2 ? [] : file;
    }));
    return found.flat();
  };

  it('holds every room to the arrows and to the house\'s rules', async () => expect(await unheld(new ESLint())).toEqual([]));

  it('control: a room that it passes over would be seen', async () => {
    expect(await unheld(new ESLint({ overrideConfig: { ignores: ['naming/**'] } }))).toEqual([expect.stringMatching(/^naming\//)]);
    expect(await unheld(new ESLint({ overrideConfig: { files: ['apps/keys/**'], rules: { 'stockade/arrows': 'off' } } }))).toEqual([expect.stringMatching(/^apps\/keys\//)]);
  });
});

describe('folders of test/', () => {
  /** Those that are no room's: what they try crosses rooms. */
  const SUITES: Readonly<Record<string, string>> = {
    bench: 'time and memory',
    ci: 'suites, their minutes and what a quick look takes',
    cluster: 'a live control plane',
    docs: 'pages held against the code',
    fixtures: 'the package as a stranger uses it',
    golden: 'what is rendered, byte for byte',
    layout: 'rooms and lists of them',
    mistakes: 'mistakes of other charts and of clients, tried here',
    mutations: 'weakenings that a test has to see',
    'node-versions': 'the oldest Node.js that is taken, and the one that images run',
    nodes: 'real clients',
    properties: 'what holds for every combination',
    synth: 'the app as a whole',
    warm: 'the process that commands of tests run in',
  };
  const stray = (folders: readonly string[]): string[] => folders.filter((name) => !(name in SUITES) && !Object.keys(rooms).some((room) => room.split('/').at(-1) === name));
  const folders = readdirSync('test', { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);

  it('are named after a room, or are a suite that is listed here', () => {
    expect(stray(folders)).toEqual([]);
    expect(Object.keys(SUITES).filter((name) => !existsSync(`test/${name}`))).toEqual([]);
  });

  it('control: one that is neither would be seen', () => expect(stray(['registry', 'golden', 'pin'])).toEqual(['pin']));
});
