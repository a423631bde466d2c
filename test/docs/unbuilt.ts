import { ACTED_ON, words, type Fault, type Page } from './pages';

/** One thing of the list at the end of `docs/architecture.md`, and the words by which a page speaks of it. */
export interface Unbuilt {
  readonly thing: string;
  readonly words: readonly string[];
}

/** @throws Error where the list has an entry that no words tell of: then nothing would look for it */
export function unbuilt(architecture: Page): readonly Unbuilt[] {
  const from = architecture.blocks.findIndex(({ kind, text }) => kind === 'heading' && text === '## Not built yet');
  const items = architecture.blocks.slice(from + 1).filter(({ kind }) => kind === 'item');
  if (from < 0 || items.length === 0) throw new Error(`${architecture.path} has no list "Not built yet"`);
  return items.map(({ text, line }) => {
    const [, thing, list] = /^- \*\*([^*]+)\*\*[^]*\[([^\]]+)\]$/.exec(text) ?? [];
    if (thing === undefined || list === undefined) throw new Error(`${architecture.path}:${line}: an entry is "- **thing** ... [words, by which it is known]"`);
    return { thing, words: list.split(',').map((word) => word.trim()) };
  });
}

/** How a page says that something isn't there. */
const SAYS_SO = /\b(?:is|are|was)(?: not|n't) built|\bnot built\b|\bnot yet\b|\bnothing\b.* yet\b|\bisn't there\b|\bnobody\b.* yet\b|\bno [a-z ]+ yet\b|\bnot here yet\b/i;

/**
 * What pages promise that isn't built. On a page that somebody acts on, each paragraph, item or row that speaks of such a thing says that it isn't there:
 * who is tired reads one line. Another page says so once.
 */
export function promises(pages: readonly Page[], list: readonly Unbuilt[]): Fault[] {
  return pages.flatMap(({ path, text, blocks }): Fault[] =>
    list.flatMap(({ thing, words: known }): Fault[] => {
      const speaks = new RegExp(`\\b(?:${known.map((word) => word.replaceAll(/[^\w ]/g, '\\$&')).join('|')})(?!\\w)`, 'i');
      const found = blocks.filter((block) => block.kind !== 'code' && block.kind !== 'heading' && speaks.test(words(block)));
      const silent = ACTED_ON(path) ? found.filter((block) => !SAYS_SO.test(words(block))) : SAYS_SO.test(text) ? [] : found.slice(0, 1);
      return silent.map((block) => ({ page: path, line: block.line, problem: `speaks of "${speaks.exec(words(block))![0]}" (${thing}) and does not say that it is not built` }));
    }),
  );
}
