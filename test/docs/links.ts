import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { RULE_NAMES } from '../../apps/policies';
import { codeSpans, type Fault, type Page, RUNBOOKS } from './pages';

/** Links that lead nowhere: to a file that isn't there, or to a heading that its page lacks. */
export function brokenLinks(pages: readonly Page[], root = '.'): Fault[] {
  const known = new Map(pages.map((one) => [one.path, anchorsOf(one)]));
  return pages.flatMap(({ path, blocks }) =>
    blocks.flatMap(({ kind, text, line }): Fault[] => {
      if (kind === 'code') return [];
      return [...text.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]): Fault[] => {
        if (/^[a-z]+:/.test(target!)) return [];
        const [file = '', anchor] = target!.split('#');
        const to = file === '' ? path : normalize(join(dirname(path), file));
        if (!existsSync(join(root, to)) && !known.has(to)) return [{ page: path, line, problem: `links to ${target}, which is not there` }];
        if (anchor === undefined || known.get(to)?.has(anchor)) return [];
        return [{ page: path, line, problem: `links to ${target}, but ${to} has no such heading: ${[...(known.get(to) ?? [])].join(', ')}` }];
      });
    }),
  );
}

/** As GitHub makes them of headings. */
const anchorsOf = ({ blocks }: Page): ReadonlySet<string> =>
  new Set(
    blocks
      .filter(({ kind }) => kind === 'heading')
      .map(({ text }) =>
        text
          .replace(/^#+ /, '')
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
          .replaceAll(' ', '-'),
      ),
  );

/** Runbooks that the page of symptoms leads nobody to. */
export function unseen(pages: readonly Page[]): Fault[] {
  const symptoms = `${RUNBOOKS}symptoms.md`;
  const { text } = pages.find(({ path }) => path === symptoms)!;
  return pages
    .filter(({ path }) => path.startsWith(RUNBOOKS) && path !== symptoms && !text.includes(`](${path.slice(RUNBOOKS.length)}`))
    .map(({ path }) => ({ page: path, line: 1, problem: `${symptoms} leads to it by no line` }));
}

/** Every runbook but the page itself leads to how one gets in. */
export const withoutWayIn = (pages: readonly Page[]): Fault[] =>
  pages
    .filter(({ path, text }) => path.startsWith('docs/runbooks/') && !path.endsWith('/get-in.md') && !text.includes('](get-in.md'))
    .map(({ path }) => ({ page: path, line: 1, problem: 'says nowhere how one gets in: link to get-in.md at its top' }));

const ROOMS = ['apps', 'chains', 'cli', 'constructs', 'contract', 'docs', 'fleet', 'infra', 'model', 'naming', 'test', 'tools', 'workspace'];

/** Files, fields and policies that stand in backticks and are not there. */
export function unknownNames(pages: readonly Page[], { root = '.', source = sourceOf(root) }: { readonly root?: string; readonly source?: ReadonlySet<string> } = {}): Fault[] {
  return pages.flatMap(({ path, blocks }) =>
    blocks.flatMap((block) => {
      const found = (problem: string): Fault => ({ page: path, line: block.line, problem });
      const names = codeSpans(block).flatMap((code): Fault[] => {
        if (isPath(code)) return isThere(code, path, root) ? [] : [found(`names the file ${code}, which is not there`)];
        if (!/^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*$/.test(code) || !/[A-Z.]/.test(code)) return [];
        const missing = code.split('.').filter((part) => !source.has(part));
        return missing.length === 0 ? [] : [found(`names ${code}, but nothing in the code is called ${missing.join(' or ')}`)];
      });
      const rules = [...block.text.replaceAll('\n', ' ').matchAll(/\b(?:policy|policies) ((?:`[a-z-]+`(?:, | and )?)+)/g)].flatMap(([, list]) =>
        [...list!.matchAll(/`([a-z-]+)`/g)].filter(([, rule]) => !RULE_NAMES.includes(rule!)).map(([, rule]) => found(`names the policy ${rule}, which is not one of: ${RULE_NAMES.join(', ')}`)),
      );
      return [...names, ...rules];
    }),
  );
}

const isPath = (code: string): boolean => /^[\w.<>*-]+(\/[\w.<>*-]*)+$/.test(code) && ROOMS.includes(code.split('/')[0]!);

function isThere(code: string, from: string, root: string): boolean {
  // Observed values are there once something was applied.
  const pattern = code.replace(/\/$/, '').replaceAll(/<[^<>]+>/g, '*');
  return [pattern, join(dirname(from), pattern)].some((one) => matches(root, normalize(one).split('/')));
}

function matches(folder: string, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return true;
  if (first === '**') return true;
  if (!first.includes('*')) return existsSync(join(folder, first)) && matches(join(folder, first), rest);
  const name = new RegExp(`^${first.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
  return existsSync(folder) && readdirSync(folder, { withFileTypes: true }).some((entry) => name.test(entry.name) && (rest.length === 0 || entry.isDirectory()) && matches(join(folder, entry.name), rest));
}

/** Every word of the code and the fleet; what a page names in camel case, or by a path of fields, has to be among them. */
function sourceOf(root: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (/\.(ts|yaml|sh)$/.test(entry.name) || folder.endsWith('/bin')) for (const [word] of readFileSync(join(root, path), 'utf8').matchAll(/[A-Za-z][A-Za-z0-9]*/g)) found.add(word);
    }
  };
  // Not the tests of pages themselves, whose made-up names would make themselves known.
  for (const room of ROOMS.filter((one) => one !== 'docs' && one !== 'test')) visit(room);
  for (const folder of readdirSync(join(root, 'test'), { withFileTypes: true })) if (folder.isDirectory() && folder.name !== 'docs') visit(`test/${folder.name}`);
  return found;
}
