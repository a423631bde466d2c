import type { Block, Page } from './pages';

/** A command as a page gives it, cut into words as a shell would. */
export interface DocumentedCommand {
  readonly page: string;
  readonly line: number;
  readonly text: string;
  readonly args: readonly string[];
  /** What says who runs it and how it ends, nearest first: its own block, the one before a fenced block, the beginnings of its section and its page. */
  readonly around: readonly string[];
}

const PROGRAMS = ['npm', 'npx', 'kubectl', 'gcloud', 'aws', 'terraform', 'atlantis'];

/** All commands of a page: lines of fenced blocks without a language, and what stands in backticks. */
export function commandsOf({ path, blocks }: Page): DocumentedCommand[] {
  return blocks.flatMap((block, index): DocumentedCommand[] => {
    const context = contextOf(blocks, index);
    const found = (text: string, line: number, own: string): DocumentedCommand[] =>
      texts(text).map((one) => ({ page: path, line, text: one, args: shellWords(one), around: [own, ...context] }));
    if (block.kind !== 'code') {
      return [...block.text.matchAll(/`([^`]+)`/g)].flatMap(({ 1: code, index: at }) => found(code!.replaceAll('\n', ' '), block.line, `${block.text.slice(0, at)}\u0000${block.text.slice(at + code!.length + 2)}`));
    }
    return block.language === '' ? block.text.split('\n').flatMap((line, offset) => found(line, block.line + 1 + offset, '')) : [];
  });
}

/** What precedes it and what its section and page begin with. */
function contextOf(blocks: readonly Block[], index: number): string[] {
  const before = blocks.slice(0, index).reverse();
  const lead = blocks[index]!.kind === 'code' ? before.slice(0, 1) : [];
  const heading = before.find(({ kind }) => kind === 'heading');
  const section = heading ? blocks.slice(blocks.indexOf(heading) + 1, index).slice(0, 1) : [];
  return [...lead, ...section, ...blocks.slice(1, 2)].map(({ text }) => text);
}

function texts(code: string): string[] {
  return code
    .split(/ && | \| /)
    .map((one) => one.replace(/\s#\s.*$/, '').trim())
    .filter((one) => PROGRAMS.some((program) => one.startsWith(`${program} `)));
}

/** Placeholders become a word; what may be left out is put in; quotes are a shell's. */
export function shellWords(text: string): string[] {
  const plain = text.replaceAll(/<[^<>]+>/g, 'x').replaceAll(/\[(--[^\]]+)\]/g, '$1');
  return [...plain.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''));
}
