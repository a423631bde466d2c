import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path/posix';
import ts from 'typescript';

/** Files by path, each with what it imports of them: types, `import()` and `require` included. */
export type Imports = ReadonlyMap<string, readonly Import[]>;

export interface Import {
  readonly line: number;
  readonly kind: Kind;
  readonly file: string;
}

/** Room, then the rooms that it may import beside itself; `type model` lets it take types alone. A `*` stands for one folder, which is a room by itself. */
export type Rooms = Readonly<Record<string, readonly string[]>>;

/**
 * @param texts by path from the root
 * @throws Error for a relative path that leads to none of them, which would otherwise be an arrow that nobody sees
 */
export function importsOf(texts: ReadonlyMap<string, string>): Imports {
  return new Map([...texts].map(([file, text]): [string, Import[]] => [file, specifiers(file, text).flatMap(({ specifier, line, kind }) => {
    if (!/^\.\.?(\/|$)/.test(specifier)) return [];
    const path = normalize(join(file, '..', specifier)).replace(/\/$/, '');
    const found = [path, ...ENDINGS.map((ending) => `${path}${ending}`)].find((one) => texts.has(one));
    if (found !== undefined) return [{ line, kind, file: found }];
    if (path.endsWith('.json')) return [];
    throw new Error(`${file}:${line} imports ${JSON.stringify(specifier)}, which is not a file of the repository. Correct the path, or add its kind of file to test/layout/imports.ts.`);
  })]));
}

/** What a file imports that is neither a file of the repository nor part of Node. */
export interface PackageImport {
  readonly file: string;
  readonly line: number;
  /** The package's name: of `yaml/util`, `yaml`. */
  readonly name: string;
  readonly kind: Kind;
}

export function packageImports(texts: ReadonlyMap<string, string>): PackageImport[] {
  return [...texts].flatMap(([file, text]) => specifiers(file, text).flatMap(({ specifier, line, kind }) => (/^(\.|node:)/.test(specifier) ? [] : [{ file, line, name: specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/'), kind }])));
}

/** When it is loaded: with the file, only where a function is run that asks for it, or never. */
export type Kind = 'value' | 'lazy' | 'type';

const ENDINGS = ['.ts', '.mts', '.cjs', '/index.ts'];

/** Circles of files, each once, as a way from its first file back to it. */
export function circles(imports: Imports): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) {
      found.push([...way.slice(at), file]);
      return;
    }
    if (done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next.file, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

/** Imports of rooms that the importing room may not import, a line each. */
export function wrongArrows(imports: Imports, rooms: Rooms): string[] {
  return [...imports].flatMap(([file, imported]) => {
    const room = roomOf(file, rooms);
    if (room === undefined) return [];
    return imported.flatMap((to) => {
      const other = roomOf(to.file, rooms);
      const allowed = rowOf(room, rooms);
      if (other === room || (other !== undefined && (allowed.includes(other) || (to.kind === 'type' && allowed.includes(`type ${other}`))))) return [];
      return [`${file}:${to.line} imports ${to.file}: ${room} may import ${allowed.join(', ') || 'no other room'}`];
    });
  });
}

/** The innermost room that a file is in. */
export function roomOf(file: string, rooms: Rooms): string | undefined {
  const path = file.split('/');
  return Object.keys(rooms)
    .map((room) => room.split('/'))
    .filter((room) => room.length < path.length && room.every((part, index) => part === '*' || part === path[index]))
    .map(({ length }) => path.slice(0, length).join('/'))
    .sort((a, b) => b.length - a.length)[0];
}

/** What a room may import: its own row, or that of the rooms of its folder. */
export const rowOf = (room: string, rooms: Rooms): readonly string[] => rooms[room] ?? rooms[room.replace(/[^/]+$/, '*')] ?? [];

/** Every room that is there, those of a `*` by their own names. */
export const roomsOnDisk = (rooms: Rooms): string[] =>
  Object.keys(rooms).flatMap((room) => {
    if (!room.endsWith('/*')) return [room];
    const folder = room.slice(0, -2);
    return existsSync(folder) ? readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => `${folder}/${name}`) : [];
  });

/** What is reached from some files, themselves included. */
export function reachedFrom(entries: readonly string[], imports: Imports, kinds: readonly Kind[] = ['value', 'lazy', 'type']): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const next of imports.get(file) ?? []) if (kinds.includes(next.kind)) visit(next.file);
  };
  entries.forEach(visit);
  return reached;
}

/** Every source file below some folders, by path from the root. */
export function sources(root: string, folders: readonly string[]): ReadonlyMap<string, string> {
  const files = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? files(path) : SOURCE.test(entry.name) ? [path] : [];
    });
  return new Map(folders.filter((folder) => existsSync(join(root, folder))).flatMap(files).map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

const SOURCE = /\.(ts|mts|cjs)$/;

interface Specifier {
  readonly specifier: string;
  readonly line: number;
  readonly kind: Kind;
}

/** By text: parsing is what a walk costs, and tests walk more than once. */
const parsed = new Map<string, readonly Specifier[]>();

function specifiers(file: string, text: string): readonly Specifier[] {
  const before = parsed.get(text);
  if (before !== undefined) return before;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Specifier[] = [];
  const visit = (node: ts.Node): void => {
    const kind = ts.isStringLiteralLike(node) ? kindOf(node) : undefined;
    if (kind !== undefined) found.push({ specifier: (node as ts.StringLiteralLike).text, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, kind });
    ts.forEachChild(node, visit);
  };
  visit(source);
  parsed.set(text, found);
  return found;
}

/** @returns undefined for text that imports nothing */
function kindOf(node: ts.StringLiteralLike): Kind | undefined {
  const { parent } = node;
  if (ts.isImportDeclaration(parent)) return isTypeOnly(parent.importClause) ? 'type' : 'value';
  if (ts.isExportDeclaration(parent)) return parent.isTypeOnly || areTypes(parent.exportClause) ? 'type' : 'value';
  if (ts.isExternalModuleReference(parent)) return 'value';
  if (ts.isLiteralTypeNode(parent)) return ts.isImportTypeNode(parent.parent) ? 'type' : undefined;
  if (!ts.isCallExpression(parent) || parent.arguments[0] !== node) return undefined;
  if (parent.expression.kind !== ts.SyntaxKind.ImportKeyword && !(ts.isIdentifier(parent.expression) && parent.expression.text === 'require')) return undefined;
  return ts.findAncestor(parent, ts.isFunctionLike) === undefined ? 'value' : 'lazy';
}

/** Every name is marked as a type: then nothing of the import is left, as if the whole were. */
const isTypeOnly = (clause: ts.ImportClause | undefined): boolean => clause !== undefined && (clause.isTypeOnly || (clause.name === undefined && areTypes(clause.namedBindings)));
const areTypes = (names: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean =>
  names !== undefined && (ts.isNamedImports(names) || ts.isNamedExports(names)) && names.elements.length > 0 && names.elements.every(({ isTypeOnly }) => isTypeOnly);
