import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments, type Pair, YAMLMap } from 'yaml';
import { type Place, type Problem, problems } from './errors';

/** A path of keys and indices inside one file. */
export type Path = readonly (string | number)[];

/**
 * Reads one YAML 1.2 document as plain data. What makes a declaration mean something other than what stands there
 * (anchors, merge keys, tags, further documents) is refused. `value` is absent when anything was.
 */
export function readYaml(file: string, text: string): { readonly value?: unknown; readonly problems: readonly Problem[] } {
  const reader = new Reader(file, text);
  const value = reader.read();
  return reader.problems.length > 0 ? { problems: reader.problems } : { value, problems: [] };
}

/**
 * Finds where things stand. Files are read a second time for it, and only those that have a problem: keeping the
 * positions of all files would cost more than all else that loading does.
 */
export class Locator {
  private readonly parsed = new Map<string, { root: Node | null; lines: LineStarts }>();

  constructor(private readonly files: ReadonlyMap<string, string>) {}

  /**
   * Where the value at a path stands, or its key. For a path that isn't there, the nearest enclosing thing that is.
   * A value that a node inherits is found in the `defaults` of its file.
   */
  place(file: string, path: Path, options: { readonly target?: 'key' | 'value'; readonly label?: string } = {}): Place {
    const { root, lines } = this.open(file);
    const found = find(root, path);
    const [first, second, ...rest] = path;
    if (found.depth < path.length && file.startsWith('nodes/') && first === 'nodes' && typeof second === 'number' && rest.length > 0) {
      const inherited = find(root, ['defaults', ...rest]);
      if (inherited.depth === rest.length + 1) return this.at(file, inherited, lines, options);
    }
    return this.at(file, found, lines, options);
  }

  /** The text of a scalar as it was written, where that differs from its value (`0x10`, `1.10`). */
  written(file: string, path: Path): string | undefined {
    const { root } = this.open(file);
    let { node, depth } = find(root, path);
    if (depth < path.length && file.startsWith('nodes/') && path[0] === 'nodes') {
      const inherited = find(root, ['defaults', ...path.slice(2)]);
      if (inherited.depth === path.length - 1) ({ node, depth } = { node: inherited.node, depth: path.length });
    }
    return depth === path.length && isScalar(node) ? node.source : undefined;
  }

  private at(file: string, found: Found, lines: LineStarts, { target = 'value', label }: { target?: 'key' | 'value'; label?: string }): Place {
    const { node, key } = found;
    const empty = !node || (isScalar(node) && node.value === null && !node.source);
    // A block map or list begins one line below the key that it belongs to.
    const useKey = key && (target === 'key' || empty || ((isMap(node) || isSeq(node)) && !node.flow));
    const offset = (useKey ? key : node)?.range?.[0] ?? 0;
    return { file, ...lines.position(offset), ...(label === undefined ? {} : { label }) };
  }

  private open(file: string): { root: Node | null; lines: LineStarts } {
    let entry = this.parsed.get(file);
    if (!entry) {
      const text = this.files.get(file) ?? '';
      entry = { root: file.endsWith('.yaml') ? (parse(text)[0]?.contents ?? null) : null, lines: new LineStarts(text) };
      this.parsed.set(file, entry);
    }
    return entry;
  }
}

interface Found {
  readonly node: Node | null;
  /** The key under which the node stands, when it is a value of a map. */
  readonly key?: Node;
  /** How many parts of the path were found. */
  readonly depth: number;
}

function find(root: Node | null, path: Path): Found {
  let found: Found = { node: root, depth: 0 };
  for (const part of path) {
    const { node, depth } = found;
    if (isMap(node)) {
      const pair = (node.items as Pair<Node, Node | null>[]).find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (!pair) return found;
      found = { node: pair.value, key: pair.key, depth: depth + 1 };
    } else if (isSeq(node) && typeof part === 'number') {
      const item = node.items[part] as Node | undefined;
      if (!item) return found;
      found = { node: item, depth: depth + 1 };
    } else return found;
  }
  return found;
}

/**
 * Keys are compared here and not by the parser, whose check of a map's keys is quadratic: a recorded cluster can have
 * thousands.
 */
const parse = (text: string): Document.Parsed[] => [
  ...parseAllDocuments(text, { version: '1.2', schema: 'core', merge: false, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' }),
];

class Reader {
  readonly problems: Problem[] = [];
  private lines: LineStarts | undefined;

  constructor(
    private readonly file: string,
    private readonly text: string,
  ) {}

  read(): unknown {
    let documents: Document.Parsed[];
    try {
      documents = parse(this.text);
    } catch (error) {
      // The parser recurses: text nested many thousand levels deep exhausts the stack.
      this.problems.push(problems.yamlSyntax(this.place(0), { message: error instanceof Error ? error.message : String(error) }));
      return undefined;
    }
    const [document, second] = documents;
    if (!document) return null;
    for (const { pos, message } of documents.flatMap(({ errors }) => errors)) {
      this.problems.push(problems.yamlSyntax(this.place(pos[0]), { message }));
    }
    if (this.problems.length > 0) return undefined;
    if (second) this.refuse(second.contents?.range?.[0] ?? second.range[0], 'a second YAML document', 'Keep one document in a file.');
    if (document.directives.yaml.explicit) this.refuse(0, 'a %YAML directive', 'Remove it: fleets are YAML 1.2.');
    return this.plain(document.contents);
  }

  private plain(node: Node | null): unknown {
    if (node === null) return null;
    const start = node.range?.[0] ?? 0;
    if (isAlias(node)) {
      this.refuse(start, `the alias "*${node.source}"`, 'Write the value out, or use the `defaults` of a nodes file.');
      return undefined;
    }
    if ('anchor' in node && node.anchor) this.refuse(start, `the anchor "&${node.anchor}"`, 'Remove it and write values out.');
    if (node.tag) this.refuse(start, `the tag "${node.tag}"`, 'Remove it; quote the value if it is text.');
    if (isScalar(node)) return node.value;
    if (isSeq(node)) return node.items.map((item) => this.plain(item as Node | null));
    return node instanceof YAMLMap ? this.map(node) : undefined;
  }

  private map(node: YAMLMap): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const starts = new Map<string, number>();
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      const start = key?.range?.[0] ?? node.range?.[0] ?? 0;
      if (!isScalar(key) || typeof key.value !== 'string' || key.anchor || key.tag) {
        this.refuse(start, 'a key that is not plain text', 'Put the key in quotes.');
        continue;
      }
      const name = key.value;
      if (name === '<<') {
        this.refuse(start, 'the merge key "<<"', 'Write the values out, or use the `defaults` of a nodes file.');
        continue;
      }
      if (name === '__proto__') {
        this.refuse(start, 'the key "__proto__"', 'Remove it: nothing in a fleet has this name.');
        continue;
      }
      const before = starts.get(name);
      if (before !== undefined) {
        this.problems.push(
          problems.yamlDuplicateKey([this.place(start, 'given again here'), this.place(before, 'given first here')], { key: name }),
        );
      }
      starts.set(name, start);
      result[name] = this.plain(value);
    }
    return result;
  }

  private refuse(offset: number, feature: string, next: string): void {
    this.problems.push(problems.yamlFeature(this.place(offset), { feature, next }));
  }

  private place(offset: number, label?: string): Place {
    this.lines ??= new LineStarts(this.text);
    return { file: this.file, ...this.lines.position(offset), ...(label === undefined ? {} : { label }) };
  }
}

class LineStarts {
  private readonly starts = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.starts.push(at + 1);
  }

  position(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.starts[low] ?? 0) + 1 };
  }
}
