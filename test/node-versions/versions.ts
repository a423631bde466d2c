import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { importsOf, reachedFrom } from '../layout/imports';
import { readTree, treeDifferences, type Tree } from '../golden/trees';

const ROOT = resolve(__dirname, '../..');
const CACHE = join(ROOT, '.cache', 'node-versions');

/** The oldest version that `engines` allows, and the one that images run. */
export const VERSIONS = ['oldest', 'image'] as const;
export type VersionName = (typeof VERSIONS)[number];

/** Versions that the lock file of this folder pins, by what they are for. */
export function pinned(): Readonly<Record<VersionName, string>> {
  const { packages } = JSON.parse(readFileSync(join(__dirname, 'package-lock.json'), 'utf8')) as { packages: Record<string, { version: string }> };
  const of = (name: VersionName): string => {
    const found = [...new Set(Object.entries(packages).filter(([path]) => path.startsWith(`node_modules/${name}-`)).map(([, { version }]) => version))];
    if (found.length !== 1) throw new Error(`test/node-versions/package-lock.json pins ${found.join(' and ') || 'nothing'} as "${name}". Give each platform the same version.`);
    return found[0]!;
  };
  return { oldest: of('oldest'), image: of('image') };
}

/**
 * Installs both, once for each change of the lock file, in a folder of their own: in the package's they would stand before the `node` of every npm script.
 * @returns the programs
 */
export function installVersions(): Readonly<Record<VersionName, string>> {
  const program = (name: VersionName): string => join(CACHE, 'node_modules', `${name}-${process.platform}-${process.arch}`, 'bin', 'node');
  const lock = (folder: string): string | undefined => (existsSync(join(folder, 'package-lock.json')) ? readFileSync(join(folder, 'package-lock.json'), 'utf8') : undefined);
  if (lock(CACHE) !== lock(__dirname) || !VERSIONS.every((name) => existsSync(program(name)))) {
    mkdirSync(CACHE, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(__dirname, file), join(CACHE, file));
    const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: CACHE, encoding: 'utf8' });
    if (status !== 0) throw new Error(`npm could not install the versions of Node.js:\n${stderr}`);
  }
  const wanted = pinned();
  for (const name of VERSIONS) {
    const { stdout, error } = spawnSync(program(name), ['--version'], { encoding: 'utf8' });
    if (stdout?.trim() !== `v${wanted[name]}`) throw new Error(`${program(name)} is not Node.js ${wanted[name]}: ${error?.message ?? stdout}. They are pinned for Linux on x64 and arm64 alone; run this there.`);
  }
  return { oldest: program('oldest'), image: program('image') };
}

/** What differs between two renderings, byte for byte. An empty one compares with nothing. */
export function differences(before: string, after: string): string[] {
  const [a, b] = [readTree(before), readTree(after)];
  const empty = ([[before, a], [after, b]] as [string, Tree][]).filter(([, tree]) => tree.size === 0).map(([folder]) => `${folder} is empty`);
  return [...empty, ...treeDifferences(a, b)];
}

/** Fast tests by whether they, or what they import of other tests, start processes: those take four fifths of the time, and run the same code. */
export function withoutProcesses(texts: ReadonlyMap<string, string>): string[] {
  const imports = importsOf(texts);
  const starts = (file: string): boolean => file.startsWith('test/') && /\b(from|require\() ?['"](node:)?child_process['"]/.test(texts.get(file)!);
  return [...texts.keys()].filter((file) => /^test\/.*(?<!\.deep)\.test\.ts$/.test(file) && ![...reachedFrom([file], imports, ['value', 'lazy'])].some(starts)).sort();
}
