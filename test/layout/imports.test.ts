import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { circles, importsOf, roomOf, rowOf, sources, wrongArrows, type Rooms } from './imports';
import { ROOMS } from '../rooms';

const rooms = JSON.parse(readFileSync('rooms.json', 'utf8')) as Rooms;
const imports = importsOf(sources('.', [...ROOMS, 'test']));
const made = (files: Readonly<Record<string, string>>): ReturnType<typeof importsOf> => importsOf(new Map(Object.entries(files)));

function misordered(table: Rooms): string[] {
  const names = Object.keys(table);
  return Object.entries(table).flatMap(([room, allowed]) =>
    allowed.map((other) => other.replace(/^type /, '')).flatMap((other) => {
      const row = names.indexOf(names.includes(other) ? other : other.replace(/[^/]+$/, '*'));
      if (row === -1) return [`${room} may import ${other}, which is not a room`];
      return row > names.indexOf(room) || other === room ? [`${room} may import ${other}, which comes after it`] : [];
    }),
  );
}

/** Folders at the top level with programs in them that are of no room. */
const unknownFolders = (table: Rooms): string[] =>
  readdirSync('.', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !['node_modules', 'test', 'dist', 'lib', 'cdktf.out'].includes(entry.name))
    .map(({ name }) => name)
    .filter((name) => sources('.', [name]).size > 0 && !Object.keys(table).some((room) => room.split('/')[0] === name));

describe('imports between files', () => {
  it('make no circle, types included', () => {
    expect(imports.size).toBeGreaterThan(300);
    expect(circles(imports).map((way) => way.join(' -> '))).toEqual([]);
  });

  it.each([
    ['values', `import { b } from './b';`],
    ['types', `import type { B } from './b';`],
    ['re-exports', `export * from './b';`],
    ['types in place', `export type A = import('./b').B;`],
    ['import()', `export const later = () => import('./b');`],
    ['require', `require('./b');`],
  ])('control: a circle of %s is found', (_, text) => {
    expect(circles(made({ 'x/a.ts': text, 'x/b.ts': `import './c';`, 'x/c.ts': `import '../x/a';` }))).toEqual([['x/a.ts', 'x/b.ts', 'x/c.ts', 'x/a.ts']]);
  });

  it('control: a file that two others import is no circle', () => {
    expect(circles(made({ 'a.ts': `import './b'; import './c';`, 'b.ts': `import './c';`, 'c.ts': '' }))).toEqual([]);
  });

  it('control: a path that leads nowhere is said', () => {
    expect(() => made({ 'a.ts': `\nimport './b';` })).toThrow('a.ts:2 imports "./b", which is not a file of the repository');
  });
});

/** Folders at the top level that are rooms, or have some. */
const byFolder = Object.fromEntries(Object.keys(rooms).map((room) => [room.split('/')[0]!, true]));

describe('rooms', () => {
  it('import only what rooms.json lets them', () => {
    expect(wrongArrows(imports, rooms)).toEqual([]);
  });

  it('stand in an order in which each imports only what is above it', () => {
    expect(misordered(rooms)).toEqual([]);
  });

  it('control: a room that imports one below, one that nobody knows, or one that is there and has no row, is found', () => {
    expect(misordered({ low: [], high: ['low'], 'services/*': ['type low', 'services/common'] })).toEqual([]);
    expect(misordered({ low: ['type high'], high: ['hihg', 'docs'] })).toEqual(['low may import high, which comes after it', 'high may import hihg, which is not a room', 'high may import docs, which is not a room']);
  });

  it('hold every folder of the product that has a program in it', () => {
    expect(unknownFolders(rooms)).toEqual([]);
    expect(unknownFolders(Object.fromEntries(Object.entries(rooms).filter(([room]) => room !== 'naming')))).toEqual(['naming']);
  });

  it('import something of each room that they may import', () => {
    const used = new Map(Object.keys(rooms).filter((room) => !room.endsWith('/*')).map((room) => [room, new Set<string | undefined>()]));
    for (const [file, imported] of imports) for (const to of imported) used.get(roomOf(file, rooms) ?? '')?.add(roomOf(to.file, rooms));
    // What services are offered is a list for all of them.
    expect([...used].flatMap(([room, others]) => rowOf(room, rooms).filter((other) => !others.has(other)).map((other) => `${room} never imports ${other}`))).toEqual([]);
  });

  it('hold every file of the product', () => {
    expect([...imports.keys()].filter((file) => roomOf(file, rooms) === undefined && !file.startsWith('test/'))).toEqual([]);
  });

  it('stand in the table of docs/architecture.md, in this order', () => {
    const rows = [...readFileSync('docs/architecture.md', 'utf8').matchAll(/^\| `([^`]+)\/` \|/gm)].map(([, room]) => room!);
    expect(rows.filter((row) => row.split('/')[0]! in byFolder)).toEqual(Object.keys(rooms));
  });

  it.each([
    ['upwards', { 'low/a.ts': `import type { B } from '../high/b';`, 'high/b.ts': '' }, 'low/a.ts:1 imports high/b.ts: low may import no other room'],
    ['into a room inside an allowed one', { 'high/a.ts': `import '../low/inner/b';`, 'low/inner/b.ts': '' }, 'high/a.ts:1 imports low/inner/b.ts: high may import low'],
    ['to where no room is', { 'high/a.ts': `import '../test/b';`, 'test/b.ts': '' }, 'high/a.ts:1 imports test/b.ts: high may import low'],
  ])('control: an arrow %s is found', (_, files, message) => {
    expect(wrongArrows(made(files), { low: [], 'low/inner': [], high: ['low'] })).toEqual([message]);
  });
});
