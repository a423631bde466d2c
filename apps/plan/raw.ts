import { diffLines } from 'diff';
import { toYaml } from '../render/yaml';
import { generic } from './context';
import type { ObjectChange, TreeDifference } from './diff';
import type { RawDifference } from './model';
import { grouped, type K8sObject } from './tree';

/** Enough for a reader, and for a program that stores plans. */
const LIMIT = 2 * 1024 * 1024;

/**
 * The difference line by line, every distinct change once: the name of the node reads `<node>` and the digest in a ConfigMap's name `<digest>`, so
 * what a release changes on 400 nodes is one entry. Secrets are left out.
 */
export function rawDifference({ objects, files }: TreeDifference, limit = LIMIT): RawDifference {
  const entries = [
    ...paired(objects).map(({ change, before, after }) => ({ object: title(change), file: change.file, diff: lines(yaml(before, change.node), yaml(after, change.node)) })),
    ...files.map(({ file, before, after }) => ({ object: 'File', file, diff: lines(before ?? '', after ?? '') })),
  ].filter(({ diff }) => diff !== '');
  const distinct = [...grouped(entries, ({ object, diff }) => `${object}\0${diff}`).values()].map((same) => ({ object: same[0]!.object, times: same.length, first: same[0]!.file, diff: same[0]!.diff }));
  const shown: RawDifference['changes'] = [];
  let size = 0;
  for (const entry of distinct) {
    size += entry.diff.length;
    if (size > limit) break;
    shown.push(entry);
  }
  return { objects: objects.length + files.length, leftOut: distinct.length - shown.length, changes: shown };
}

interface Pair {
  readonly change: ObjectChange;
  readonly before?: K8sObject;
  readonly after?: K8sObject;
}

/** A ConfigMap is replaced by one of another name: what differs are its files. */
function paired(objects: readonly ObjectChange[]): Pair[] {
  const isReplaced = ({ id, component }: ObjectChange): boolean => id.kind === 'ConfigMap' && component !== undefined;
  const pairs: Pair[] = objects.filter((change) => !isReplaced(change)).map(own);
  for (const [, same] of grouped(objects.filter(isReplaced), ({ file }) => file)) {
    const [gone, come] = [same.filter(({ after }) => !after), same.filter(({ before }) => !before)];
    if (gone.length === 1 && come.length === 1) pairs.push({ change: come[0]!, before: gone[0]!.before, after: come[0]!.after }, ...same.filter(({ before, after }) => before && after).map(own));
    else pairs.push(...same.map(own));
  }
  return pairs.sort((a, b) => (a.change.file < b.change.file ? -1 : a.change.file > b.change.file ? 1 : 0));
}

const own = (change: ObjectChange): Pair => ({ change, before: change.before, after: change.after });

const title = ({ id: { kind, name }, node }: ObjectChange): string => `${kind} ${unhashed(generic(name, node))}`;
const unhashed = (text: string): string => text.replace(/-[0-9a-f]{10}(?![0-9a-z])/g, '-<digest>');

function yaml(object: K8sObject | undefined, node: string | undefined): string {
  if (!object) return '';
  const text = toYaml([object.kind === 'Secret' ? withoutSecrets(object) : object]);
  return unhashed(generic(text, node));
}

/** What a Secret holds must not get into a comment, whoever rendered it. */
function withoutSecrets(object: K8sObject): K8sObject {
  const hidden = (field: string): object => (object[field] === undefined ? {} : { [field]: Object.fromEntries(Object.keys(object[field] as object).map((key) => [key, '(left out)'])) });
  return { ...object, ...hidden('data'), ...hidden('stringData') };
}

/** Only the lines that differ, signed. */
function lines(before: string, after: string): string {
  if (before === after) return '';
  return diffLines(before, after)
    .filter(({ added, removed }) => added || removed)
    .flatMap(({ value, added }) => value.replace(/\n$/, '').split('\n').map((line) => `${added ? '+' : '-'} ${line}`))
    .join('\n');
}
