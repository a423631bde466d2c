import { createHash } from 'node:crypto';
import { loadAll } from 'js-yaml';
import { LABELS } from '../../naming';
import { refusal } from '../../errors/user-error';

/** A Kubernetes object as it was rendered, perhaps by a revision that knew other fields. */
export interface K8sObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Which object it is, wherever in the tree it stands. */
export interface ObjectId {
  readonly cluster: string;
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** One document of a file. */
export interface Document {
  readonly file: string;
  readonly text: string;
}

/** Files that say nothing of what runs. */
const IGNORED = new Set(['.stockade']);

/** The rendered manifests of one revision: path below the output folder, then text. Parsed only where somebody looks. */
export class RenderedTree {
  readonly paths: readonly string[];
  private readonly parsed = new Map<string, readonly K8sObject[]>();
  private byFolder: Map<string, string[]> | undefined;

  constructor(
    private readonly files: ReadonlyMap<string, string>,
    /** For messages. */
    readonly name: string,
  ) {
    this.paths = [...files.keys()].filter((path) => !IGNORED.has(path)).sort();
  }

  /** Undefined where there is no such file. */
  text(path: string): string | undefined {
    return this.files.get(path);
  }

  get clusters(): string[] {
    return [...new Set(this.paths.map(clusterOf))];
  }

  /** Folders of nodes: `<cluster>/<namespace>/<node>`. */
  get nodes(): string[] {
    return [...new Set(this.paths.filter((path) => path.split('/').length === 4 && !path.includes('/platform/')).map(folderOf))];
  }

  /** sha256 over paths and contents. */
  get digest(): string {
    const hash = createHash('sha256');
    for (const path of this.paths) hash.update(`${path}\0${sha256(this.files.get(path)!)}\n`);
    return hash.digest('hex');
  }

  documents(path: string): Document[] {
    const text = this.files.get(path);
    return text === undefined ? [] : splitDocuments(text).map((document) => ({ file: path, text: document }));
  }

  /** @throws UserError naming the file, where it is not YAML or holds something else than objects */
  parse({ file, text }: Document): K8sObject[] {
    const known = this.parsed.get(text);
    if (known) return [...known];
    const objects = parseObjects(text, `${file} of ${this.name}`);
    this.parsed.set(text, objects);
    return objects;
  }

  /** Objects of some kinds in a folder, its own files only. */
  objectsIn(folder: string, kinds: readonly string[]): K8sObject[] {
    this.byFolder ??= grouped(this.paths, folderOf);
    const wanted = (text: string): boolean => {
      const kind = /^kind: (\w+)[ \t]*$/m.exec(text)?.[1];
      return kind === undefined || kinds.includes(kind);
    };
    return (this.byFolder.get(folder) ?? [])
      .filter(isYaml)
      .flatMap((path) => this.documents(path).filter(({ text }) => wanted(text)).flatMap((document) => this.parse(document)))
      .filter(({ kind }) => kinds.includes(kind));
  }

  /** Objects of a cluster whose document holds one of these words; for looking up what unchanged objects say. */
  search(cluster: string, has: (text: string) => boolean): K8sObject[] {
    return this.paths
      .filter((path) => clusterOf(path) === cluster && isYaml(path) && has(this.files.get(path)!))
      .flatMap((path) => this.documents(path).filter(({ text }) => has(text)).flatMap((document) => this.parse(document)));
  }
}

export const isYaml = (path: string): boolean => /\.ya?ml$/.test(path);
export const clusterOf = (path: string): string => path.split('/')[0] ?? '';
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
export const groupOf = ({ apiVersion }: K8sObject): string => (apiVersion.includes('/') ? apiVersion.split('/')[0]! : '');

export function idOf(object: K8sObject, cluster: string): ObjectId {
  return { cluster, group: groupOf(object), kind: object.kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

export const keyOf = ({ cluster, group, kind, namespace, name }: ObjectId): string => `${cluster}\0${group}\0${kind}\0${namespace}\0${name}`;

export const label = (object: K8sObject | undefined, name: keyof typeof LABELS): string | undefined => object?.metadata.labels?.[LABELS[name]];
export const annotation = (object: K8sObject | undefined, name: string): string | undefined => object?.metadata.annotations?.[name];

/** `---` in the first column is always a document's end (YAML 1.2, 9.1.2), in whatever it stands. */
function splitDocuments(text: string): string[] {
  return text.split(/^---(?:[ \t].*)?\r?\n/m).filter((document) => document.trim() !== '');
}

function parseObjects(text: string, where: string): K8sObject[] {
  let values: unknown[];
  try {
    values = loadAll(text);
  } catch (error) {
    throw refusal(`${where} is not YAML: ${(error as Error).message.split('\n')[0]}`, 'Find out what rendered it; nothing was compared.');
  }
  return values
    .filter((value) => value !== null && value !== undefined)
    .map((value) => {
      const object = value as Partial<K8sObject>;
      if (typeof object !== 'object' || typeof object.kind !== 'string' || typeof object.apiVersion !== 'string' || typeof object.metadata?.name !== 'string') {
        throw refusal(`${where} holds something that is not a Kubernetes object`, 'Every document needs apiVersion, kind and metadata.name; find out what rendered it.');
      }
      return object as K8sObject;
    });
}

export function grouped<Item, Key>(items: Iterable<Item>, by: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = by(item);
    const known = groups.get(key);
    if (known) known.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
