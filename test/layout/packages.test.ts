import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, packageImports, sources } from './imports';
import { ROOMS } from '../rooms';
import { programs, wrongPackages, type Manifest } from './packages';

const product = sources('.', ROOMS);
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest & { readonly exports: Readonly<Record<string, { readonly 'stockade-source': string }>> };
const library = Object.values(manifest.exports).map((entry) => entry['stockade-source'].replace(/^\.\//, ''));

describe('package.json', () => {
  it('lists what the product imports, and nothing else; what Terraform alone needs is an optional peer that no program loads unasked', () => {
    expect(library).toEqual(['constructs/index.ts', 'chains/index.ts']);
    expect(programs(importsOf(product))).toEqual(expect.arrayContaining(['tools/synth.ts', 'cli/stockade.cjs', 'infra/main.ts', 'apps/main.ts']));
    expect(wrongPackages(manifest, product, library)).toEqual([]);
  });

  const made = { dependencies: { zod: '1.0.0' }, devDependencies: { cdktf: '1.0.0' }, peerDependencies: { cdktf: '1.0.0' }, peerDependenciesMeta: { cdktf: { optional: true } } };
  const files = {
    'lib.ts': `import { z } from 'zod';`,
    'main.ts': `import type * as stacks from './stacks';\nimport './lib';\nexport const run = (): unknown => require('./stacks') as typeof stacks;`,
    'stacks.ts': `import { App } from 'cdktf';\nimport type { Node } from 'typescript';`,
  };
  const wrong = (change: Partial<Manifest>, more: Readonly<Record<string, string>> = {}): string[] => wrongPackages({ ...made, ...change }, new Map(Object.entries({ ...files, ...more })), ['lib.ts']);

  it('control: a peer that is loaded when it is asked for passes, and so do types of a development dependency in what nobody exports', () => {
    expect(wrong({})).toEqual([]);
  });

  it.each<[string, Partial<Manifest>, Readonly<Record<string, string>>, string]>([
    ['a dependency that is missing', { dependencies: {} }, {}, 'lib.ts:1 imports zod, and is exported: only dependencies are there for whoever installs the package'],
    ['a peer in what is exported', {}, { 'lib.ts': `import 'zod'; import type { App } from 'cdktf';` }, 'lib.ts:1 imports cdktf, and is exported: only dependencies are there for whoever installs the package'],
    ['a type of nobody in what is exported', {}, { 'lib.ts': `import 'zod'; export type A = import('typescript').Node;` }, 'lib.ts:1 imports typescript, and is exported: only dependencies are there for whoever installs the package'],
    ['a development dependency in a command', {}, { 'main.ts': `import './lib'; require('./stacks'); import 'vitest/node';` }, 'main.ts:1 imports vitest, which package.json does not list for those who run it'],
    ['a peer that a program loads at once', {}, { 'main.ts': `import './lib';\nimport './stacks';` }, 'main.ts loads cdktf (stacks.ts:1) before anybody could say that it is missing: load it by withTerraform'],
    ['a dependency that nobody imports', { dependencies: { zod: '1.0.0', yaml: '1.0.0' } }, {}, 'yaml is imported by nobody'],
    ['a peer of a range', { peerDependencies: { cdktf: '^1.0.0' }, devDependencies: { cdktf: '^1.0.0' } }, {}, 'cdktf is a peer of "^1.0.0", no exact version'],
    ['a peer that is tried in another version', { devDependencies: { cdktf: '1.0.1' } }, {}, 'cdktf is a peer of 1.0.0 and tried here with 1.0.1'],
    ['a peer that is not optional', { peerDependenciesMeta: {} }, {}, 'cdktf is a peer that is not optional'],
    ['a peer that is a dependency, too', { dependencies: { zod: '1.0.0', cdktf: '1.0.0' } }, {}, 'cdktf is a peer and a dependency'],
  ])('control: %s is found', (_, change, more, message) => {
    expect(wrong(change, more)).toContain(message);
  });

  it('control: how a package is imported is told apart', () => {
    const text = `import a from 'a';\nimport type { B } from 'b';\nexport * from '@c/d/lib/e';\nexport type F = import('f').F;\nconst g = () => import('g/h');\nrequire('i');\nimport './own'; import 'node:fs';`;
    expect(packageImports(new Map([['x.ts', text]])).map(({ name, kind, line }) => [name, kind, line])).toEqual([['a', 'value', 1], ['b', 'type', 2], ['@c/d', 'value', 3], ['f', 'type', 4], ['g', 'lazy', 5], ['i', 'value', 6]]);
  });
});

/** Lines that install from the lock file, but leave development dependencies to the machine's settings: `NODE_ENV=production` would leave Terraform's packages out. */
const withoutPeers = (text: string): string[] => installs(text).filter((line) => !line.includes('--include=dev'));
const installs = (text: string): string[] => text.split('\n').filter((line) => /\bnpm ci\b|\[\s*'ci'/.test(line));

describe('places that install this repository', () => {
  const others = ['.github/workflows', 'infra/atlantis/server', 'infra/atlantis/server/bin'].flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.endsWith('.md')).map((entry) => readFileSync(join(folder, entry.name), 'utf8')),
  );
  const texts = [...product.values(), ...others];

  it('name the development dependencies, among which what Terraform needs is', () => {
    expect(texts.flatMap(installs).length).toBeGreaterThan(6);
    expect(texts.flatMap(withoutPeers)).toEqual([]);
  });

  it('control: one that does not is found', () => {
    expect(withoutPeers("RUN npm ci --omit=dev\nspawn(npm, ['ci', '--no-audit'])\n# another line\nnpm ci --include=dev")).toEqual(['RUN npm ci --omit=dev', "spawn(npm, ['ci', '--no-audit'])"]);
  });
});
