import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path/posix';
import ts from 'typescript';

/** Files by path, each with what it imports of them: types, `import()` and `require` included. */
export type Imports = ReadonlyMap<string, readonly Import[]>;

export interface Import {
  readonly line: number;
  readonly file: string;
  /** Nothing of it is left when the program runs. */
  readonly type: boolean;
}

/** Room, then the rooms that it may import beside itself; `type model` lets it take types alone. A `*` stands for one folder, which is a room by itself. */
export type Rooms = Readonly<Record<string, readonly string[]>>;

/**
 * @param texts by path from the root
 * @throws Error for a relative path that leads to none of them, which would otherwise be an arrow that nobody sees
 */
export function importsOf(texts: ReadonlyMap<string, string>): Imports {
  return new Map([...texts].map(([file, text]): [string, Import[]] => [file, specifiers(file, text).flatMap(({ specifier, line, type }) => {
    if (!/^\.\.?(\/|$)/.test(specifier)) return [];
    const path = normalize(join(file, '..', specifier)).replace(/\/$/, '');
    const found = [path, ...ENDINGS.map((ending) => `${path}${ending}`)].find((one) => texts.has(one));
    if (found !== undefined) return [{ line, file: found, type }];
    if (path.endsWith('.json')) return [];
    throw new Error(`${file}:${line} imports ${JSON.stringify(specifier)}, which is no file of the repository. Correct the path, or add its kind of file to test/layout/imports.ts.`);
  })]));
}

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
      if (other === room || (other !== undefined && (allowed.includes(other) || (to.type && allowed.includes(`type ${other}`))))) return [];
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
export function reachedFrom(entries: readonly string[], imports: Imports): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const next of imports.get(file) ?? []) visit(next.file);
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
  readonly type: boolean;
}

function specifiers(file: string, text: string): Specifier[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Specifier[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && isSpecifier(node)) found.push({ specifier: node.text, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, type: isType(node.parent) });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isSpecifier(node: ts.StringLiteralLike): boolean {
  const { parent } = node;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isExternalModuleReference(parent)) return true;
  if (ts.isLiteralTypeNode(parent)) return ts.isImportTypeNode(parent.parent);
  return ts.isCallExpression(parent) && parent.arguments[0] === node && (parent.expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(parent.expression) && parent.expression.text === 'require'));
}

function isType(node: ts.Node): boolean {
  if (ts.isLiteralTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly || areTypes(node.exportClause);
  if (!ts.isImportDeclaration(node) || node.importClause === undefined) return false;
  return node.importClause.isTypeOnly || (node.importClause.name === undefined && areTypes(node.importClause.namedBindings));
}

const areTypes = (names: ts.NamedImportBindings | ts.NamedExportBindings | undefined): boolean =>
  names !== undefined && (ts.isNamedImports(names) || ts.isNamedExports(names)) && names.elements.length > 0 && names.elements.every(({ isTypeOnly }) => isTypeOnly);
