import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A page in Markdown, by its path from the repository's root. */
export interface Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** What is read as one: a paragraph, an item of a list, a row of a table, a heading, or a fenced block. */
export interface Block {
  readonly kind: 'text' | 'item' | 'row' | 'heading' | 'code';
  readonly line: number;
  readonly text: string;
  /** Of a fenced block. */
  readonly language?: string;
}

/** Something that is wrong with a page. */
export interface Fault {
  readonly page: string;
  readonly line: number;
  readonly problem: string;
}

export const describeFault = ({ page, line, problem }: Fault): string => `${page}:${line}: ${problem}`;

export const RUNBOOKS = 'docs/runbooks/';
/** What somebody acts on, in the order of how much it costs to be wrong. */
export const ACTED_ON = (path: string): boolean =>
  path.startsWith(RUNBOOKS) || ['README.md', 'docs/starting.md', 'docs/pull-requests.md', 'docs/threat-model.md', 'infra/atlantis/server/README.md'].includes(path);

/** Every page of the repository, but the history of what was. */
export function readPages(root = '.'): readonly Page[] {
  const below = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return below(path);
      return entry.name.endsWith('.md') ? [path] : [];
    });
  return ['README.md', 'CONTRIBUTING.md', ...below('docs'), 'fleet/README.md', 'infra/atlantis/server/README.md']
    .filter((path) => existsSync(join(root, path)))
    .map((path) => page(path, readFileSync(join(root, path), 'utf8')));
}

export const page = (path: string, text: string): Page => ({ path, text, blocks: blocksOf(text) });

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { kind: Block['kind']; line: number; lines: string[]; language?: string } | undefined;
  const close = (): void => {
    if (open) blocks.push({ kind: open.kind, line: open.line, text: open.lines.join('\n'), ...(open.language === undefined ? {} : { language: open.language }) });
    open = undefined;
  };
  text.split('\n').forEach((line, index) => {
    const fence = /^\s*```(\w*)/.exec(line);
    if (open?.kind === 'code') {
      if (fence) close();
      else open.lines.push(line.trim());
      return;
    }
    const begin = (kind: Block['kind'], language?: string): void => {
      close();
      open = { kind, line: index + 1, lines: kind === 'code' ? [] : [line.trim()], ...(language === undefined ? {} : { language }) };
    };
    if (fence) begin('code', fence[1]);
    else if (line.trim() === '') close();
    else if (line.startsWith('#')) {
      begin('heading');
      close();
    } else if (line.startsWith('|')) {
      begin('row');
      close();
    } else if (/^\s*(-|[0-9]+\.) /.test(line)) begin('item');
    else if (open) open.lines.push(line.trim());
    else begin('text');
  });
  close();
  return blocks;
}

/** What stands in backticks; a line break within is a space. */
export const codeSpans = ({ kind, text }: Block): string[] => (kind === 'code' ? [] : [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!.replaceAll('\n', ' ')));

/** The words of a block, without its code and the addresses of its links. */
export const words = ({ text }: Block): string => text.replaceAll(/`[^`]*`/g, ' ').replaceAll(/\]\([^)]*\)/g, ']').replaceAll('\n', ' ');
