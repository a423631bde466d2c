import { isDeepStrictEqual } from 'node:util';
import { networkNamespace } from '../../naming';
import { clusterOf, idOf, isYaml, keyOf, label, type Document, type K8sObject, type ObjectId, type RenderedTree } from './tree';

/** An object that only one tree holds, or that both hold and that differs. */
export interface ObjectChange {
  readonly id: ObjectId;
  readonly before?: K8sObject;
  readonly after?: K8sObject;
  /** Where it stands, in the newer tree if it is there. */
  readonly file: string;
  readonly network?: string;
  readonly node?: string;
  readonly component?: string;
}

/** A file of another kind than manifests that differs. */
export interface FileChange {
  readonly file: string;
  readonly before?: string;
  readonly after?: string;
}

export interface TreeDifference {
  readonly objects: readonly ObjectChange[];
  readonly files: readonly FileChange[];
  /** Objects that one tree declares twice with different content: which one is in force depends on the order of applying. */
  readonly twice: readonly { readonly id: ObjectId; readonly files: readonly [string, string] }[];
}

/** What differs. Files of the same text, then documents of the same text, are never parsed. Pure; the order is that of the paths. */
export function diffTrees(base: RenderedTree, head: RenderedTree): TreeDifference {
  const before = new Map<string, Placed>();
  const after = new Map<string, Placed>();
  const files: FileChange[] = [];
  const twice: TreeDifference['twice'][number][] = [];
  const add = (to: Map<string, Placed>, tree: RenderedTree, documents: readonly Document[]): void => {
    for (const document of documents) {
      for (const object of tree.parse(document)) {
        const id = idOf(object, clusterOf(document.file));
        const known = to.get(keyOf(id));
        if (known && tree === head && !isDeepStrictEqual(known.object, object)) twice.push({ id, files: [known.file, document.file] });
        to.set(keyOf(id), { id, object, file: document.file });
      }
    }
  };
  for (const path of [...new Set([...base.paths, ...head.paths])].sort()) {
    const [old, young] = [base.text(path), head.text(path)];
    if (old === young) continue;
    if (!isYaml(path)) {
      files.push({ file: path, before: old, after: young });
      continue;
    }
    const [gone, come] = withoutCommon(base.documents(path), head.documents(path));
    add(before, base, gone);
    add(after, head, come);
  }
  const objects: ObjectChange[] = [];
  for (const [key, { id, object, file }] of after) {
    const old = before.get(key)?.object;
    if (!old || !isDeepStrictEqual(old, object)) objects.push(change(id, file, old, object));
  }
  for (const [key, { id, object, file }] of before) if (!after.has(key)) objects.push(change(id, file, object, undefined));
  return { objects: objects.sort((a, b) => order(a.file, b.file) || order(keyOf(a.id), keyOf(b.id))), files, twice };
}

/** One value that differs. Entries of lists are named by their `name` where all have one. */
export interface Difference {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

/** The smallest values that differ. A list of plain values is one value. */
export function differences(before: unknown, after: unknown, path: readonly string[] = []): Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  const [a, b] = [named(before), named(after)];
  if (!a || !b || Array.isArray(before) !== Array.isArray(after)) return [{ path, before, after }];
  const found = [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    key in a && key in b ? differences(a[key], b[key], [...path, key]) : [{ path: [...path, key], before: a[key], after: b[key] }],
  );
  // The same entries in another order: it matters for init containers.
  return found.length > 0 ? found : [{ path: [...path, 'order'], before: Object.keys(a), after: Object.keys(b) }];
}

/** What of the differences a rule explained; the rest is for the rule of last resort, so that nothing goes unsaid. */
export class Unexplained {
  constructor(private rest: readonly Difference[]) {}

  /** Takes what lies at or below a path; `*` stands for any one step. */
  take(...path: readonly string[]): Difference[] {
    const below = ({ path: at }: Difference): boolean => path.every((step, index) => step === '*' ? index < at.length : at[index] === step);
    const taken = this.rest.filter(below);
    this.rest = this.rest.filter((difference) => !below(difference));
    return taken;
  }

  get left(): readonly Difference[] {
    return this.rest;
  }
}

/** The network whose namespace it is. */
const networkOf = (namespace: string): string | undefined => (namespace.startsWith(networkNamespace('')) ? namespace.slice(networkNamespace('').length) : undefined);

interface Placed {
  readonly id: ObjectId;
  readonly object: K8sObject;
  readonly file: string;
}

function change(id: ObjectId, file: string, before: K8sObject | undefined, after: K8sObject | undefined): ObjectChange {
  const of = (name: 'network' | 'node' | 'component'): string | undefined => label(after, name) ?? label(before, name);
  const namespaced = networkOf(id.namespace);
  return { id, file, before, after, network: of('network') ?? namespaced, node: of('node'), component: of('component') };
}

/** Documents that the other file doesn't have, letter for letter. */
function withoutCommon(a: readonly Document[], b: readonly Document[]): [Document[], Document[]] {
  const without = (documents: readonly Document[], others: readonly Document[]): Document[] => {
    const texts = new Map<string, number>();
    for (const { text } of others) texts.set(text, (texts.get(text) ?? 0) + 1);
    return documents.filter(({ text }) => {
      const left = texts.get(text) ?? 0;
      if (left > 0) texts.set(text, left - 1);
      return left === 0;
    });
  };
  return [without(a, b), without(b, a)];
}

function named(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) return value as Record<string, unknown>;
  const names = value.map((entry: unknown) => (typeof entry === 'object' && entry !== null ? (entry as { name?: unknown }).name : undefined));
  if (value.length > 0 && names.every((name) => typeof name === 'string') && new Set(names).size === names.length) {
    return Object.fromEntries(value.map((entry, index) => [names[index] as string, entry]));
  }
  return undefined;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
