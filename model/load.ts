import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { refusal } from '../errors/user-error';
import type { ChainCatalogue } from './catalogue';
import { checkFleet } from './checks';
import type { CheckedFleet, Unread } from './checks/context';
import { isError, nearest, type Place, type Problem, problems, sortProblems } from './errors';
import { own } from './lookup';
import type { Cluster, Fleet, FleetNode, Infrastructure, Network, Observed, Settings, Source } from './types';
import { clusterSchema } from './schema/cluster';
import { infrastructureSchema } from './schema/infrastructure';
import { networkSchema } from './schema/network';
import { nodeDefaultsSchema, nodeSchema, nodesFileSchema } from './schema/node';
import { observedSchema } from './schema/observed';
import { name as nameSchema } from './schema/primitives';
import { settingsSchema } from './schema/settings';
import { type Parsed, shapeProblems } from './shape';
import { Locator, type Path, readYaml } from './yaml';
import { walk } from '../workspace/walk';

/** Largest genesis that is rendered: a ConfigMap holds 1 MiB, and the API server's request as much again. */
export const MAX_GENESIS_BYTES = 512 * 1024;

export interface LoadedFleet {
  /** Absent when there is any error. */
  readonly fleet: Fleet | undefined;
  /** All errors and warnings of all files, in the order of their places. */
  readonly problems: readonly Problem[];
  /** Where something stands, for problems that are found later. */
  readonly locate: (source: Source) => Place;
}

/**
 * Reads and checks the fleet in a folder.
 *
 * @throws UserError where there is no such folder
 */
export function loadFleet(folder: string, catalogue: ChainCatalogue): LoadedFleet {
  const { files, problems: unreadable } = readFolder(folder);
  const loaded = parseFleet(files, catalogue);
  if (unreadable.length === 0) return loaded;
  return { ...loaded, fleet: undefined, problems: sortProblems([...unreadable, ...loaded.problems]) };
}

/**
 * The same, pure: the files of a fleet by their paths relative to its folder.
 *
 * A node is parsed with the defaults of its file merged in: maps key by key, lists and values replaced. The one
 * exception is `reach`: a node that names its own `via` takes nothing of the default's reach, whose other keys
 * belong to another way.
 */
export function parseFleet(files: ReadonlyMap<string, string>, catalogue: ChainCatalogue): LoadedFleet {
  const reader = new FleetReader(files, catalogue);
  reader.read();
  const { locator, unread } = reader;
  const fleet: CheckedFleet = {
    settings: reader.settings,
    ...(reader.infrastructure && { infrastructure: reader.infrastructure }),
    clusters: reader.clusters,
    networks: reader.networks,
    nodes: reader.nodes,
    observed: reader.observed,
  };
  const found = sortProblems([...reader.problems, ...checkFleet({ fleet, catalogue, locator, unread })]);
  const sound = !found.some(isError) && fleet.settings !== undefined;
  return {
    fleet: sound ? { ...fleet, settings: fleet.settings } : undefined,
    problems: found,
    locate: ({ file, path }) => locator.place(file, path),
  };
}

const DATA_FOLDERS = ['clusters', 'networks', 'nodes', 'observed'] as const;
/** Our own code and notes, which live beside the data. */
const IGNORED = /^(schema\/|checks\/|keys\/|[^/]+\.ts$|keys\.lock$|README\.md$|(clusters|networks|nodes|observed)\/(README\.md|\.gitkeep)$)/;
const FORMS = [
  'settings.yaml',
  'infrastructure.yaml',
  'clusters/<cluster>.yaml',
  'networks/<network>.yaml',
  'nodes/<cluster>/<network>.yaml',
  'observed/<cluster>.yaml',
  'a genesis file below networks/ that a network names',
];
/** What belongs to one node: a key, a port or an approval that is inherited would be had twice. */
const OWN_KEYS = ['name', 'keys', 'ports', 'firstStart'] as const;

type Raw = Record<string, unknown>;

class FleetReader {
  readonly problems: Problem[] = [];
  readonly locator: Locator;
  readonly unread: Unread = { clusters: new Set(), networks: new Set(), nodes: new Map(), nodesDropped: false };
  settings: Settings | undefined;
  infrastructure: Infrastructure | undefined;
  readonly clusters: Record<string, Cluster> = {};
  readonly networks: Record<string, Network> = {};
  readonly nodes: FleetNode[] = [];
  readonly observed: Record<string, Observed> = {};
  private readonly genesisFiles = new Set<string>();
  /** Options that come from defaults alone are the same object for many nodes: parsed once, and shared. */
  private readonly parsedOptions = new WeakMap<object, Raw>();

  constructor(
    private readonly files: ReadonlyMap<string, string>,
    private readonly catalogue: ChainCatalogue,
  ) {
    this.locator = new Locator(files);
  }

  read(): void {
    const paths = [...this.files.keys()].filter((path) => !IGNORED.test(path)).sort();
    const rest: string[] = [];
    if (!this.files.has('settings.yaml')) {
      this.problems.push(problems.missingFile(start('settings.yaml'), { path: 'settings.yaml', what: 'what holds for the whole fleet is declared there' }));
    }
    // Networks first: the options of nodes are judged by the chain of their network.
    for (const path of paths) {
      const cluster = /^clusters\/([^/]+)\.yaml$/.exec(path)?.[1];
      const network = /^networks\/([^/]+)\.yaml$/.exec(path)?.[1];
      const observed = /^observed\/([^/]+)\.yaml$/.exec(path)?.[1];
      const nodes = /^nodes\/([^/]+)\/([^/]+)\.yaml$/.exec(path);
      if (path === 'settings.yaml') this.settings = this.file(path, settingsSchema);
      else if (path === 'infrastructure.yaml') this.infrastructure = this.file(path, infrastructureSchema);
      else if (cluster !== undefined) this.readCluster(path, cluster);
      else if (network !== undefined) this.readNetwork(path, network);
      else if (observed !== undefined) this.readObserved(path, observed);
      else if (nodes) this.readNodes(path, nodes[1] ?? '', nodes[2] ?? '');
      else rest.push(path);
    }
    for (const path of rest) {
      const unfinished = /^(?:.*\/)?\.([^/]+)\.new$/.exec(path)?.[1];
      if (unfinished !== undefined) {
        this.problems.push(problems.unfinishedWrite(start(path), { temporary: path, file: unfinished }));
        continue;
      }
      // A file beside the networks may be the genesis of one that could not be read.
      const claimed = this.genesisFiles.has(path) || (this.unread.networks.size > 0 && /^networks\/.+(?<!\.ya?ml)$/.test(path));
      if (claimed) continue;
      this.problems.push(problems.unknownFile(start(path), { path, allowed: FORMS, suggestion: meantPath(path) }));
    }
  }

  private readCluster(path: string, name: string): void {
    const declared = this.named(path, name, 'cluster') ? this.file(path, clusterSchema) : undefined;
    if (declared) this.clusters[name] = { ...declared, name };
    else this.unread.clusters.add(name);
  }

  private readObserved(path: string, cluster: string): void {
    const declared = this.named(path, cluster, 'cluster') ? this.file(path, observedSchema) : undefined;
    if (declared) this.observed[cluster] = declared;
    else this.unread.clusters.add(cluster);
  }

  private readNetwork(path: string, name: string): void {
    const declared = this.named(path, name, 'network') ? this.file(path, networkSchema) : undefined;
    if (!declared) {
      this.unread.networks.add(name);
      return;
    }
    const chain = own(this.catalogue.chains, declared.chain);
    const options = chain ? this.options(chain.networkOptions, declared.options, path, [], () => `options of network "${name}"`) : declared.options;
    const genesis = declared.genesis && 'file' in declared.genesis ? this.genesis(path, declared.genesis) : undefined;
    if (!options) this.unread.networks.add(name);
    else this.networks[name] = { ...declared, name, options, ...(genesis === undefined ? {} : { genesisContent: genesis }) };
  }

  private genesis(path: string, { file, sha256 }: { readonly file: string; readonly sha256: string }): string | undefined {
    const at = (key: string) => this.locator.place(path, ['genesis', key]);
    if (file.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      this.problems.push(problems.genesisOutside(at('file'), { file }));
      return undefined;
    }
    const full = `networks/${file}`;
    const content = this.files.get(full);
    if (content === undefined) {
      const others = [...this.files.keys()].filter((other) => other.startsWith('networks/') && !/^networks\/[^/]+\.yaml$/.test(other) && !IGNORED.test(other));
      this.problems.push(problems.genesisFileMissing(at('file'), { file, allowed: others.map((other) => other.slice('networks/'.length)) }));
      return undefined;
    }
    this.genesisFiles.add(full);
    const bytes = Buffer.byteLength(content);
    if (bytes > MAX_GENESIS_BYTES) {
      this.problems.push(problems.genesisTooLarge([at('file'), start(full)], { file, bytes, limit: MAX_GENESIS_BYTES }));
      return undefined;
    }
    const actual = createHash('sha256').update(content).digest('hex');
    if (actual !== sha256) {
      this.problems.push(problems.genesisChecksum([at('sha256'), start(full)], { file, declared: sha256, actual }));
      return undefined;
    }
    return content;
  }

  private readNodes(path: string, cluster: string, network: string): void {
    // Both, so that both are reported.
    const fine = [this.named(path, cluster, 'cluster'), this.named(path, network, 'network')].every(Boolean);
    const raw = fine ? this.yaml(path) : undefined;
    const whole = raw === undefined ? undefined : this.envelope(path, raw);
    if (!whole) {
      this.dropNodes(network);
      return;
    }
    const defaults = this.defaults(path, whole.defaults);
    const chain = own(this.catalogue.chains, own(this.networks, network)?.chain ?? '');
    for (const [index, entry] of whole.nodes.entries()) {
      const source: Source = { file: path, path: ['nodes', index] };
      const merged = mergeNode(defaults, entry);
      const name = typeof merged['name'] === 'string' ? merged['name'] : undefined;
      const label = name === undefined ? `the node at index ${index}` : `node "${name}"`;
      // What is wrong in the defaults is wrong once, whichever node it was found in.
      const subject = (of: string) => (path: Path) => (has(entry, path) || !has(defaults, path) ? `${of}${label}` : `${of}the defaults`);
      const parsed = nodeSchema.safeParse(merged);
      if (!parsed.success) {
        this.problems.push(...shapeProblems(parsed.error.issues, this.parsed(path, source.path, merged, nodeSchema, subject(''))));
        this.dropNodes(network, name);
        continue;
      }
      const options = chain
        ? this.options(chain.nodeOptions, parsed.data.options, path, source.path, (at) => subject('options of ')(['options', ...at]), merged['options'])
        : parsed.data.options;
      if (!options) {
        this.dropNodes(network, name);
        continue;
      }
      const keys = chain ? this.keys(chain, parsed.data, source) : parsed.data.keys;
      this.nodes.push({ ...parsed.data, options, keys, cluster, network, source });
    }
    // Without a node that would merge them, defaults have to be judged by themselves.
    if (whole.nodes.length === 0) {
      const parsed = nodeDefaultsSchema.safeParse(defaults);
      const issues = (parsed.error?.issues ?? []).filter((issue) => issue.code === 'unrecognized_keys' || has(defaults, issue.path));
      this.problems.push(...shapeProblems(issues, this.parsed(path, ['defaults'], defaults, nodeDefaultsSchema, 'defaults')));
    }
  }

  /** The keys in canonical form. One that is none stays as it is, so that what else is wrong with the node is found too. */
  private keys(chain: ChainCatalogue['chains'][string], node: { readonly name: string; readonly keys: readonly string[] }, source: Source): string[] {
    return node.keys.map((key, index) => {
      const result = chain.parseKey(key);
      if ('canonical' in result) return result.canonical;
      const place = this.locator.place(source.file, [...source.path, 'keys', index]);
      this.problems.push(problems.badKey(place, { key, node: node.name, ...result }));
      return key;
    });
  }

  /** A nodes file down to its entries, which are judged only once the defaults are merged in. */
  private envelope(path: string, raw: unknown): { readonly defaults: Raw; readonly nodes: readonly Raw[] } | undefined {
    const parsed = this.parsed(path, [], raw, nodesFileSchema, path);
    const whole = nodesFileSchema.safeParse(isRaw(raw) ? { ...raw, defaults: undefined, nodes: Array.isArray(raw['nodes']) ? [] : raw['nodes'] } : raw);
    let issues = whole.error?.issues ?? [];
    const bad = (at: Path) => ({ code: 'invalid_type' as const, expected: 'object' as const, path: [...at], message: '' });
    if (isRaw(raw)) {
      if (raw['defaults'] !== undefined && !isRaw(raw['defaults'])) issues = [...issues, bad(['defaults'])];
      if (Array.isArray(raw['nodes'])) {
        const entries: readonly unknown[] = raw['nodes'];
        issues = [...issues, ...entries.flatMap((entry, index) => (isRaw(entry) ? [] : [bad(['nodes', index])]))];
      }
    }
    if (issues.length > 0) {
      this.problems.push(...shapeProblems(issues, parsed));
      return undefined;
    }
    const { defaults, nodes } = raw as { defaults?: Raw; nodes: Raw[] };
    return { defaults: defaults ?? {}, nodes };
  }

  /** The defaults without what may not be inherited. */
  private defaults(path: string, declared: Raw): Raw {
    const wrong = OWN_KEYS.filter((key) => Object.hasOwn(declared, key));
    if (wrong.length === 0) return declared;
    const allowed = Object.keys(nodeDefaultsSchema.shape);
    this.problems.push(
      ...wrong.map((key) => problems.notInDefaults(this.locator.place(path, ['defaults', key], { target: 'key' }), { key, allowed })),
    );
    return Object.fromEntries(Object.entries(declared).filter(([key]) => !wrong.some((refused) => refused === key)));
  }

  private options(schema: z.ZodType<Raw>, declared: Raw, path: string, base: Path, name: Parsed['name'], shared: unknown = declared): Raw | undefined {
    const cached = isRaw(shared) ? this.parsedOptions.get(shared) : undefined;
    if (cached) return cached;
    const parsed = schema.safeParse(declared);
    if (!parsed.success) {
      this.problems.push(...shapeProblems(parsed.error.issues, this.parsed(path, [...base, 'options'], declared, schema, name)));
      return undefined;
    }
    if (isRaw(shared)) this.parsedOptions.set(shared, parsed.data);
    return parsed.data;
  }

  private file<T>(path: string, schema: z.ZodType<T>): T | undefined {
    const raw = this.yaml(path);
    if (raw === undefined) return undefined;
    const parsed = schema.safeParse(raw);
    if (parsed.success) return parsed.data;
    this.problems.push(...shapeProblems(parsed.error.issues, this.parsed(path, [], raw, schema, path)));
    return undefined;
  }

  private yaml(path: string): unknown {
    const { value, problems: found } = readYaml(path, this.files.get(path) ?? '');
    this.problems.push(...found);
    return value;
  }

  private named(path: string, name: string, what: string): boolean {
    if (nameSchema.safeParse(name).success) return true;
    this.problems.push(problems.badFileName(start(path), { name, what }));
    return false;
  }

  private parsed(file: string, base: Path, raw: unknown, schema: z.core.$ZodType, name: string | Parsed['name']): Parsed {
    return {
      raw,
      schema,
      name: typeof name === 'string' ? () => name : name,
      place: (path, target) => this.locator.place(file, [...base, ...path], { target }),
      written: (path) => this.locator.written(file, [...base, ...path]),
    };
  }

  private dropNodes(network: string, name?: string): void {
    this.unread.nodesDropped = true;
    const names = this.unread.nodes.get(network) ?? { all: false, names: new Set<string>() };
    if (name === undefined) names.all = true;
    else names.names.add(name);
    this.unread.nodes.set(network, names);
  }
}

/** A node with its file's defaults below it. What comes from the defaults alone keeps its identity. */
function mergeNode(defaults: Raw, node: Raw): Raw {
  const reach = node['reach'];
  const ownReach = isRaw(reach) && Object.hasOwn(reach, 'via');
  const merged = merge(defaults, node);
  return ownReach ? { ...merged, reach } : merged;
}

function merge(base: Raw, over: Raw): Raw {
  const result: Raw = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = Object.hasOwn(base, key) ? base[key] : undefined;
    result[key] = isRaw(below) && isRaw(value) ? merge(below, value) : value;
  }
  return result;
}

const isRaw = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value);

const start = (file: string): Place => ({ file, line: 1, column: 1 });

function has(raw: Raw, path: readonly PropertyKey[]): boolean {
  let value: unknown = raw;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return false;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return true;
}

/** What a misplaced or misspelt path probably should be. */
function meantPath(path: string): string | undefined {
  if (path.endsWith('.yml')) return path.replace(/\.yml$/, '.yaml');
  const [folder = '', ...rest] = path.split('/');
  if (rest.length === 0) return nearest(path, ['settings.yaml', 'infrastructure.yaml']);
  const meant = nearest(folder, DATA_FOLDERS);
  return meant && meant !== folder ? [meant, ...rest].join('/') : undefined;
}

/** No file that people write for a fleet comes near this; it keeps a wrong path from being read into memory. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** @throws UserError where there is no folder: nothing is there, or a file */
export function checkFolder(folder: string): void {
  // False, too, for a path through a file, and for a circle of links.
  if (existsSync(folder) && statSync(folder).isDirectory()) return;
  throw refusal(`there is no folder ${JSON.stringify(folder)}, so no fleet`, 'Name the folder of the fleet with --fleet, or run the command beside it.');
}

function readFolder(folder: string): { files: Map<string, string>; problems: Problem[] } {
  const files = new Map<string, string>();
  const found: Problem[] = [];
  const refuse = (path: string, reason: string, next: string) =>
    found.push(problems.unreadableFile(start(path), { path, reason, next }));
  checkFolder(folder);
  for (const { path, kind } of walk(folder, (inner) => !IGNORED.test(`${inner}/`))) {
    if (kind === 'folder' || IGNORED.test(path)) continue;
    const full = join(folder, path);
    if (kind === 'other') {
      refuse(path, 'it is not a regular file', 'Replace the link by the file itself: a fleet is reviewed as it stands.');
    } else if (statSync(full).size > MAX_FILE_BYTES) {
      refuse(path, 'it is larger than 16 MiB', 'Split the file, or move it out of the fleet folder.');
    } else {
      try {
        files.set(path, new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(full)));
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        refuse(path, 'it is not UTF-8 text', 'Save it as UTF-8.');
      }
    }
  }
  return { files, problems: found };
}
