import { distance } from 'fastest-levenshtein';
import { ExplainedError } from '../errors/user-error';

/**
 * The catalogue of everything that can be wrong with a fleet. A problem names every place that takes part in it, the
 * value, what is allowed, and the next step; it is plain data.
 */
export interface Problem<Code extends string = string> {
  readonly code: Code;
  readonly level: Level;
  readonly message: string;
  /** The place to look at first, then the others. Never empty. */
  readonly places: readonly Place[];
  readonly value?: string | number | boolean | null;
  /** The values that are allowed, or what they must look like. */
  readonly allowed?: readonly string[] | string;
  /** An allowed value that the given one is near to. */
  readonly suggestion?: string;
  readonly next: string;
}

export type Level = 'error' | 'warning';

/** A position in a file of the fleet; line and column count from 1. */
export interface Place {
  /** Relative to the fleet's folder, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What is there, where a problem has several places. */
  readonly label?: string;
}

/** Thrown by commands that can't go on; carries everything that was found, warnings included. */
export class FleetError extends ExplainedError {
  override readonly name = 'FleetError';
  constructor(
    readonly problems: readonly Problem[],
    folder = '',
  ) {
    super(formatProblems(problems, folder));
  }
}

export const isError = (problem: Problem): boolean => problem.level === 'error';

/** All problems as text for a terminal, with a closing count. `folder` is put before file names. */
export function formatProblems(problems: readonly Problem[], folder = ''): string {
  const errors = problems.filter(isError).length;
  const counts = `${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}`;
  return [...problems.map((problem) => formatProblem(problem, folder)), counts].join('\n\n');
}

/** One problem as text: `file:line:column: error: message [code]`, then what else is known of it. */
export function formatProblem(problem: Problem, folder = ''): string {
  const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
  const position = ({ file, line, column }: Place) => `${prefix}${file}:${line}:${column}`;
  const [first, ...others] = problem.places;
  const head = `${problem.level}: ${problem.message} [${problem.code}]`;
  const lines = [first ? `${position(first)}: ${head}` : head];
  if (first?.label && others.length > 0) lines.push(`  here: ${first.label}`);
  for (const place of others) lines.push(`  and ${position(place)}${place.label ? `: ${place.label}` : ''}`);
  if (problem.value !== undefined) lines.push(`  value: ${JSON.stringify(problem.value)}`);
  if (problem.allowed !== undefined) lines.push(`  allowed: ${allowedText(problem.allowed)}`);
  if (problem.suggestion !== undefined) lines.push(`  did you mean ${JSON.stringify(problem.suggestion)}?`);
  lines.push(`  next: ${problem.next}`);
  return lines.join('\n');
}

/** The form for other programs: the problems as they are, with counts. */
export function problemsToJson(problems: readonly Problem[]): {
  readonly errors: number;
  readonly warnings: number;
  readonly problems: readonly Problem[];
} {
  const errors = problems.filter(isError).length;
  return { errors, warnings: problems.length - errors, problems };
}

/** Problems in the order of their first places, each reported once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map<string, Problem>();
  for (const problem of problems) {
    const key = JSON.stringify([problem.code, problem.message, problem.places, problem.value]);
    if (!unique.has(key)) unique.set(key, problem);
  }
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...unique.values()].sort((a, b) => {
    const [x, y] = [a.places[0], b.places[0]];
    if (!x || !y) return 0;
    return order(x.file, y.file) || x.line - y.line || x.column - y.column || order(a.code, b.code) || order(a.message, b.message);
  });
}

/** The candidate that a misspelt value was probably meant to be. None where several are as near: which one is not ours to guess. */
export function nearest(value: string, candidates: readonly string[]): string | undefined {
  // Two swapped letters are two edits, and three edits in a short word make another word.
  const most = value.length <= 3 ? 1 : Math.max(2, Math.floor(value.length / 3));
  const near = [...new Set(candidates)]
    .filter((candidate) => Math.abs(candidate.length - value.length) <= most)
    .map((candidate) => ({ candidate, edits: distance(value.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits);
  const [best, second] = near;
  return best !== undefined && best.edits !== second?.edits ? best.candidate : undefined;
}

/** Ports that one address of Google's NAT has for machines, TCP and UDP each (https://cloud.google.com/nat/docs/ports-and-addresses). */
export const NAT_PORTS_OF_AN_ADDRESS = 64_512;

type Places = Place | readonly Place[];
type Details = Omit<Problem, 'code' | 'places' | 'level'> & { readonly level?: Level };

interface Factory<Code extends string, Input> {
  (places: Places, input: Input): Problem<Code>;
  readonly code: Code;
}

function kind<const Code extends string, Input>(code: Code, details: (input: Input) => Details): Factory<Code, Input> {
  const build = (places: Places, input: Input): Problem<Code> => {
    const { level = 'error', ...rest } = details(input);
    return { code, level, places: 'file' in places ? [places] : [...places], ...rest };
  };
  return Object.assign(build, { code });
}

/** Something is named that isn't declared. */
interface Unknown {
  readonly name: string;
  readonly allowed: readonly string[];
  /** Where it was looked for: `cluster "gke-a"`. */
  readonly of?: string;
  /** What is known beyond its absence. */
  readonly hint?: string;
}

/** For what no spelling tells: a disk is in one zone, and a release beside the one that is meant may be too old, or one that can't be gone back from. */
const neverSuggested = (): undefined => undefined;

const unknown = <const Code extends string>(code: Code, noun: string, next: string, suggest: typeof nearest = nearest): Factory<Code, Unknown> =>
  kind(code, ({ name, allowed, of, hint }: Unknown) => ({
    message: `${noun} ${q(name)} is unknown${of ? ` in ${of}` : ''}${hint ? `: ${hint}` : ''}`,
    value: name,
    allowed: allowed.length > 0 ? allowed : 'nothing is declared yet',
    suggestion: suggest(name, allowed),
    next,
  }));

/** One factory for each kind of mistake. The first argument is where, the second what is needed to word it. */
export const problems = {
  // Files
  unknownFile: kind('unknown-file', (input: { path: string; allowed: readonly string[]; suggestion?: string }) => ({
    message: `${q(input.path)} is no file of a fleet, so nothing would read it`,
    value: input.path,
    allowed: input.allowed,
    suggestion: input.suggestion,
    next: 'Rename it to one of the allowed forms, or move it out of the fleet folder.',
  })),
  unreadableFile: kind('unreadable-file', (input: { path: string; reason: string; next: string }) => ({
    message: `${q(input.path)} can not be read: ${input.reason}`,
    value: input.path,
    allowed: 'regular UTF-8 text files of at most 16 MiB',
    next: input.next,
  })),
  unfinishedWrite: kind('unfinished-write', (input: { temporary: string; file: string }) => ({
    message: `${input.temporary} exists: another run is writing ${input.file}, or one was killed while it did`,
    value: input.temporary,
    next: 'When no other run is active, remove that file and run the command again.',
  })),
  missingFile: kind('missing-file', (input: { path: string; what: string }) => ({
    message: `${q(input.path)} is missing: ${input.what}`,
    value: input.path,
    next: `Create ${input.path}.`,
  })),
  badFileName: kind('bad-file-name', (input: { name: string; what: string }) => ({
    message: `${q(input.name)} can not name a ${input.what}`,
    value: input.name,
    allowed: 'lower case letters, digits and "-", starting with a letter, ending with a letter or digit, at most 63',
    next: 'Rename the file or folder: its name is used in the clusters.',
  })),

  // YAML
  yamlSyntax: kind('yaml-syntax', (input: { message: string }) => ({
    message: `this is not valid YAML: ${input.message}`,
    next: 'Correct the YAML at this position; nothing else in this file was judged.',
  })),
  yamlDuplicateKey: kind('yaml-duplicate-key', (input: { key: string }) => ({
    message: `the key ${q(input.key)} is given twice in one map`,
    value: input.key,
    allowed: 'each key once',
    next: 'Remove one of the two.',
  })),
  yamlFeature: kind('yaml-feature', (input: { feature: string; next: string }) => ({
    message: `${input.feature} is not used in a fleet: what is declared must be readable where it stands`,
    allowed: 'plain maps, lists, text, numbers, true and false, in one YAML 1.2 document',
    next: input.next,
  })),

  // Shape
  unknownKey: kind('unknown-key', (input: { key: string; allowed: readonly string[]; of: string }) => ({
    message: `${q(input.key)} is no key of ${input.of}`,
    value: input.key,
    allowed: input.allowed.length > 0 ? input.allowed : 'no keys at all',
    suggestion: nearest(input.key, input.allowed),
    next: 'Correct its spelling, or remove it.',
  })),
  missingKey: kind('missing-key', (input: { key: string; of: string; allowed: readonly string[] | string }) => ({
    message: `${input.of} lacks ${q(input.key)}`,
    allowed: input.allowed,
    next: `Add "${input.key}:".`,
  })),
  wrongType: kind('wrong-type', (input: { path: string; value: Problem['value']; got: string; allowed: string; quote: boolean }) => ({
    message: `${q(input.path)} must be ${input.allowed}, but is ${input.got}`,
    value: input.value,
    allowed: input.allowed,
    next: input.quote ? `Put it in quotes: without them YAML reads ${input.got}.` : `Replace it by ${input.allowed}.`,
  })),
  wrongValue: kind('wrong-value', (input: { path: string; value: Problem['value']; allowed: readonly string[] | string; next?: string }) => ({
    message: `${q(input.path)} has a value that is not allowed`,
    value: input.value,
    allowed: input.allowed,
    suggestion: typeof input.value === 'string' && typeof input.allowed !== 'string' ? nearest(input.value, input.allowed) : undefined,
    next: input.next ?? 'Replace it by a value that is allowed.',
  })),
  notInDefaults: kind('not-in-defaults', (input: { key: string; allowed: readonly string[] }) => ({
    message: `${q(input.key)} belongs to one node and can not be a default`,
    value: input.key,
    allowed: input.allowed,
    next: `Write ${q(input.key)} on each node: what could be signed twice is never inherited.`,
  })),
  duplicateEntry: kind('duplicate-entry', (input: { what: string; name: string }) => ({
    message: `${input.what} ${q(input.name)} is listed twice`,
    value: input.name,
    allowed: 'each once',
    next: 'Remove or rename one of the two.',
  })),

  // Genesis
  genesisRequired: kind('genesis-required', (input: { network: string; chain: string }) => ({
    message: `network ${q(input.network)} declares no genesis, and chain ${q(input.chain)} needs one`,
    allowed: 'genesis: {url, sha256}, or {file, sha256} for at most 512 KiB',
    next: 'Add "genesis:" with its source and sha256.',
  })),
  genesisFileMissing: kind('genesis-file-missing', (input: { file: string; allowed: readonly string[] }) => ({
    message: `the genesis file ${q(input.file)} does not exist beside the networks`,
    value: input.file,
    allowed: input.allowed.length > 0 ? input.allowed : 'a file below networks/',
    suggestion: nearest(input.file, input.allowed),
    next: `Put the file at networks/${input.file}, or correct its path.`,
  })),
  genesisOutside: kind('genesis-outside', (input: { file: string }) => ({
    message: `the genesis path ${q(input.file)} could leave the fleet's folder`,
    value: input.file,
    allowed: 'a path below networks/, without "." or ".." parts',
    next: 'Put the file below networks/ and name it from there.',
  })),
  genesisTooLarge: kind('genesis-too-large', (input: { file: string; bytes: number; limit: number }) => ({
    message: `the genesis file ${q(input.file)} is too large to be rendered into a ConfigMap`,
    value: input.bytes,
    allowed: `at most ${input.limit} bytes`,
    next: 'Publish it and declare "url" with its sha256 instead.',
  })),
  genesisChecksum: kind('genesis-checksum', (input: { file: string; declared: string; actual: string }) => ({
    message: `the genesis file ${q(input.file)} has another sha256 than declared`,
    value: input.declared,
    allowed: input.actual,
    next: 'Check where the file came from; if it is the right one, declare the sha256 given as allowed.',
  })),

  // What is named but not declared
  unknownCluster: unknown('unknown-cluster', 'cluster', 'Create clusters/<cluster>.yaml, or correct the name.'),
  unknownNetwork: unknown('unknown-network', 'network', 'Create networks/<network>.yaml, or correct the name.'),
  unknownChain: unknown('unknown-chain', 'chain', 'Correct the name, or add a chain definition.'),
  unknownZone: unknown('unknown-zone', 'zone', "Choose a zone that the cluster's file lists. A node's disks are in one zone for good.", neverSuggested),
  unknownRole: unknown('unknown-role', 'role', 'Choose a role that the chain definition has.'),
  unknownSize: unknown('unknown-size', 'size', 'Choose a size class of the chain definition.'),
  unknownRing: unknown('unknown-ring', 'ring', "Choose a ring of the network's file, or add it there."),
  unknownComponent: unknown('unknown-component', 'component', 'Name a component that is there, or remove the entry.'),
  unknownClient: unknown('unknown-client', 'client', 'Choose a client that the chain definition knows for this component.'),
  unknownPool: unknown('unknown-pool', 'pool', "Choose a pool of the cluster's file, or add it there."),
  unknownVersion: unknown('unknown-version', 'version', 'Add the version to the releases of this client, or name one of them.', neverSuggested),
  unknownPeer: unknown('unknown-peer', 'node', 'Correct the name, or declare the node that is meant.'),
  unknownVolume: unknown('unknown-volume', 'volume', 'Name a volume that the component has, or remove the entry.'),
  unknownMachineType: unknown(
    'unknown-machine-type',
    'machine type',
    'Correct the name, or declare "machine:" with its vCPUs, memory and attachable volumes.',
  ),
  unknownNode: unknown('unknown-node', 'node', 'Record what the cloud has now, or remove the entry.'),

  // Clients and releases
  clientOfOtherChain: kind('client-of-other-chain', (input: { client: string; chain: string; owner: string; component: string; allowed: readonly string[] }) => ({
    message: `client ${q(input.client)} belongs to chain ${q(input.owner)}, not to ${q(input.chain)}`,
    value: input.client,
    allowed: input.allowed,
    next: `Choose a ${input.component} client of chain ${q(input.chain)}.`,
  })),
  missingClient: kind('missing-client', (input: { node: string; role: string; component: string; allowed: readonly string[] }) => ({
    message: `node ${q(input.node)} names no client for ${q(input.component)}, which role ${q(input.role)} runs`,
    allowed: input.allowed,
    next: `Add "${input.component}:" to its clients.`,
  })),
  superfluousClient: kind('superfluous-client', (input: { node: string; role: string; component: string; allowed: readonly string[] }) => ({
    message: `node ${q(input.node)} names a client for ${q(input.component)}, which role ${q(input.role)} does not run with these options`,
    value: input.component,
    allowed: input.allowed,
    next: `Remove "${input.component}" from its clients, or choose another role.`,
  })),
  undeclaredClient: kind('undeclared-client', (input: { client: string; component: string; network: string; allowed: readonly string[] }) => ({
    message: `network ${q(input.network)} declares no image for ${input.component} client ${q(input.client)}`,
    value: input.client,
    allowed: input.allowed,
    suggestion: nearest(input.client, input.allowed),
    next: `Add clients.${input.component}.${input.client} to networks/${input.network}.yaml, or choose a declared client.`,
  })),
  undeclaredRing: kind('undeclared-ring', (input: { ring: string; client: string; allowed: readonly string[] }) => ({
    message: `client ${q(input.client)} does not say what ring ${q(input.ring)} runs`,
    allowed: input.allowed,
    next: `Add "${input.ring}:" to its rings with one of its releases.`,
  })),
  ringOrder: kind('ring-order', (input: { network: string; client: string; earlier: string; later: string; newer: string; older: string }) => ({
    level: 'warning' as const,
    message: `ring ${q(input.later)} of network ${q(input.network)} runs ${input.client} ${input.newer}, newer than ${input.older} of ring ${q(input.earlier)}, which comes before it`,
    value: input.newer,
    allowed: `at most ${input.older}, until ring "${input.earlier}" runs a newer one`,
    next: 'Give the newer release to the earlier ring first, and see it run; or put the later ring back.',
  })),
  keyMoveWait: kind('key-move-wait', (input: { network: string; minutes: number; floor: number; chain: string; reason: string }) => ({
    message: `network ${q(input.network)} lets a key move after ${count(input.minutes, 'minute')}; chain ${q(input.chain)} needs ${input.floor}`,
    value: input.minutes,
    allowed: `at least ${input.floor} minutes: ${input.reason}`,
    next: `Raise keyMoveWaitMinutes to ${input.floor} or more.`,
  })),
  registryNotAllowed: kind('registry-not-allowed', (input: { image: string; allowed: readonly string[] }) => ({
    message: `image repository ${q(input.image)} is not among the registries of settings.yaml`,
    value: input.image,
    allowed: input.allowed,
    next: 'Use an image of an allowed registry, or have the registry added to settings.yaml by review.',
  })),
  missingDigest: kind('missing-digest', (input: { image: string; version: string }) => ({
    message: `image ${q(`${input.image}:${input.version}`)} has no digest, and settings.yaml requires one`,
    value: `${input.image}:${input.version}`,
    allowed: 'sha256:<64 hexadecimal digits>',
    next: 'Run `npm run pin` to look it up, and review the result.',
  })),

  // Keys
  badKey: kind('bad-key', (input: { key: string; problem: string; next: string; node: string }) => ({
    message: `node ${q(input.node)} has a key that is none: ${input.problem}`,
    value: input.key,
    next: input.next,
  })),
  duplicateValidatorKey: kind('duplicate-validator-key', (input: { key: string; nodes: readonly string[] }) => ({
    message: `one validator key is declared ${input.nodes.length} times, for ${listOf(input.nodes)}: it would sign from more than one place`,
    value: input.key,
    allowed: 'each key once in the whole fleet',
    next: 'Remove it from all places but the one where it is in use. To move a key, use `npm run keys` in two merged steps.',
  })),
  keysOnKeylessRole: kind('keys-on-keyless-role', (input: { node: string; role: string; count: number; allowed: readonly string[] }) => ({
    message: `node ${q(input.node)} declares ${count(input.count, 'key')}, but role ${q(input.role)} does not sign`,
    value: input.count,
    allowed: 'keys: []',
    next: `Remove the keys, or choose a role that signs (${input.allowed.join(', ') || 'none'}).`,
  })),
  keyCount: kind('key-count', (input: { node: string; role: string; count: number; least: number; most: number }) => ({
    message: `node ${q(input.node)} declares ${count(input.count, 'key')}, which role ${q(input.role)} can not hold`,
    value: input.count,
    allowed: input.least === input.most ? `exactly ${input.least}` : `${input.least} to ${input.most}`,
    next: input.count < input.least ? 'Add the public keys that this node signs with.' : 'Place the other keys on further nodes.',
  })),
  retiredWithKeys: kind('retired-with-keys', (input: { node: string; count: number }) => ({
    message: `node ${q(input.node)} is retired but still declares ${count(input.count, 'key')}`,
    value: input.count,
    allowed: 'keys: []',
    next: `Take them out here (\`keys: []\`), then run \`npm run keys -- retire --node <cluster>/${input.node} --proof "..."\` in the same change.`,
  })),
  missingSigningState: kind('missing-signing-state', (input: { node: string; component: string; chain: string; kind: string }) => ({
    message: `${input.component} of node ${q(input.node)} can sign, but has no ${input.kind} volume, which chain ${q(input.chain)} demands`,
    value: input.component,
    allowed: `one volume of kind ${q(input.kind)} for each component that signs`,
    next: 'Do not run it: choose another client, and correct the chain definition.',
  })),
  firstStartApproved: kind('first-start-approved', (input: { nodes: readonly string[] }) => ({
    level: 'warning' as const,
    message: `${listOf(input.nodes)} may start with an empty signing volume`,
    value: input.nodes.length,
    next: 'Once a node has run, remove "firstStart: approved": an empty volume would then be a lost signing state.',
  })),

  // Names, ports, ranges
  duplicateNode: kind('duplicate-node', (input: { node: string; cluster: string }) => ({
    message: `cluster ${q(input.cluster)} has two nodes named ${q(input.node)}`,
    value: input.node,
    allowed: 'each name once in a cluster, retired nodes included: their disks still bear it',
    next: 'Rename the newer one; a renamed node gets new disks.',
  })),
  collidingNames: kind('colliding-names', (input: { what: string; name: string; namespace: string; nodes: readonly string[] }) => ({
    message: `${listOf(input.nodes)} would both make the ${input.what} ${q(input.name)} in namespace ${q(input.namespace)}`,
    value: input.name,
    allowed: 'names that stay different once component and purpose are appended',
    next: 'Rename the newer node.',
  })),
  nameTooLong: kind('name-too-long', (input: { what: string; name: string; limit: number }) => ({
    message: `${input.what} would be ${q(input.name)}, ${input.name.length} characters long`,
    value: input.name,
    allowed: `at most ${input.limit} characters`,
    next: `Shorten the name by ${input.name.length - input.limit} or more characters.`,
  })),
  portRange: kind('port-range', (input: { node: string; base: number; last: number; from: number; to: number; why: string }) => ({
    message: `node ${q(input.node)} takes ports ${input.base}-${input.last}, beyond ${input.why}`,
    value: input.base,
    allowed: `ports.base from ${input.from} to ${input.to - (input.last - input.base)}`,
    next: 'Choose a base from which all its ports lie inside.',
  })),
  portOverlap: kind('port-overlap', (input: { cluster: string; a: string; b: string; aSpan: string; bSpan: string; free: number }) => ({
    message: `nodes ${q(input.a)} (${input.aSpan}) and ${q(input.b)} (${input.bSpan}) of cluster ${q(input.cluster)} share ports`,
    value: input.bSpan,
    allowed: 'spans that do not overlap in a cluster',
    next: `Change ports.base of the newer node, to ${input.free} or above for instance.`,
  })),
  wrongRange: kind('wrong-range', (input: { range: string; problem: string; allowed: string }) => ({
    message: `range ${q(input.range)} ${input.problem}`,
    value: input.range,
    allowed: input.allowed,
    next: 'Correct the range before anything is built in it.',
  })),
  rangeOverlap: kind('range-overlap', (input: { a: string; aRange: string; b: string; bRange: string }) => ({
    message: `${input.b} (${input.bRange}) overlaps ${input.a} (${input.aRange})`,
    value: input.bRange,
    allowed: 'ranges that overlap no other range of the fleet',
    next: 'Choose a free range for the newer one.',
  })),

  // Tombstones
  tombstoneStands: kind('tombstone-stands', (input: { cluster: string; destroyed: boolean }) => ({
    message: `cluster ${q(input.cluster)} is declared, and has a tombstone${input.destroyed ? ' of an earlier cluster of that name' : ''}`,
    value: input.cluster,
    allowed: 'a tombstone of a cluster whose file is gone',
    next: input.destroyed ? `Remove the tombstone: what it stood for is destroyed.` : `Remove the tombstone, or take clusters/${input.cluster}.yaml and the cluster's nodes out of the fleet. A name is free again once the tombstone says destroyed: true.`,
  })),
  duplicateTombstone: kind('duplicate-tombstone', (input: { cluster: string }) => ({
    message: `cluster ${q(input.cluster)} has two tombstones`,
    value: input.cluster,
    next: 'Remove one of them.',
  })),

  // Reach
  unsupportedReach: kind('unsupported-reach', (input: { node: string; via: string; who: string; reason: string; allowed: readonly string[] }) => ({
    message: `${input.who} can not work with reach ${q(input.via)}: ${input.reason}`,
    value: input.via,
    allowed: input.allowed,
    next: `Declare another way to reach node ${q(input.node)}.`,
  })),
  hostNetworkMismatch: kind('host-network-mismatch', (input: { node: string; via: string; components: readonly string[] }) => ({
    message:
      input.components.length > 0
        ? `${input.components.join(' and ')} of node ${q(input.node)} runs on the host network, but its reach is ${q(input.via)}`
        : `reach of node ${q(input.node)} is "hostNetwork", but none of its components runs on the host network`,
    value: input.via,
    allowed: input.components.length > 0 ? ['hostNetwork'] : ['outbound', 'loadBalancer', 'nodePort'],
    next: 'Declare the reach that its components have.',
  })),
  unrecordedAddress: kind('unrecorded-address', (input: { node: string; component: string; cluster: string; field: 'addresses' | 'allocations' }) => ({
    message: `node ${q(input.node)} runs behind a load balancer, but no ${input.field === 'addresses' ? 'address' : 'Elastic IP allocation'} of its ${input.component} is recorded`,
    value: input.component,
    allowed: `${input.field}.${input.node}.${input.component} in observed/${input.cluster}.yaml`,
    next: 'Apply the infrastructure with the node stopped, record what it was given, then start the node.',
  })),

  // Peers and consumers
  wrongPeer: kind('wrong-peer', (input: { node: string; peer: string; problem: string; allowed: readonly string[] | string }) => ({
    message: `node ${q(input.node)} can not refer to ${q(input.peer)}: ${input.problem}`,
    value: input.peer,
    allowed: input.allowed,
    next: 'Name a node that fits.',
  })),
  ambiguousPeer: kind('ambiguous-peer', (input: { node: string; peer: string; clusters: readonly string[] }) => ({
    message: `node ${q(input.node)} refers to ${q(input.peer)}, which exists in clusters ${input.clusters.join(' and ')}`,
    value: input.peer,
    allowed: 'a name that one node of the network bears',
    next: 'Rename one of the two nodes, before it has disks.',
  })),
  consumerNamespace: kind('consumer-namespace', (input: { namespace: string }) => ({
    message: `consumers in namespace ${q(input.namespace)} are not let in: it holds staking nodes`,
    value: input.namespace,
    allowed: 'a namespace that does not start with "staking-"',
    next: 'Run the consumer in a namespace of its own. Nodes reach each other through their options.',
  })),
  chainRule: kind('chain-rule', (input: { node: string; problem: string; next: string; value: Problem['value'] }) => ({
    message: `node ${q(input.node)}: ${input.problem}`,
    value: input.value,
    next: input.next,
  })),

  // Pools
  wrongTaint: kind('wrong-taint', (input: { pool: string; taint: string; problem: string }) => ({
    message: `taint ${q(input.taint)} of pool ${q(input.pool)} ${input.problem}`,
    value: input.taint,
    allowed: 'each key and effect once, outside kubernetes.io and k8s.io',
    next: 'Use a key of your own, such as "stockade.dev/staking".',
  })),
  zoneOutsideRegion: kind('zone-outside-region', (input: { zone: string; region: string }) => ({
    message: `zone ${q(input.zone)} is not one of region ${q(input.region)}`,
    value: input.zone,
    allowed: `zones whose names start with ${q(input.region)}`,
    next: 'Correct the zone or the region.',
  })),
  zonesUnfit: kind('zones-unfit', (input: { of: string; problem: string; value: string; allowed: string }) => ({
    message: `zones of ${input.of} ${input.problem}`,
    value: input.value,
    allowed: input.allowed,
    next: 'Correct the zones before anything is built in them.',
  })),
  foreignAccount: kind('foreign-account', (input: { cluster: string; account: string; shared: string }) => ({
    message: `cluster ${q(input.cluster)} is in an account of its own; its network is peered to the management network, its keys trust roles, within one account`,
    value: input.account,
    allowed: input.shared,
    next: 'Put it in the account of infrastructure.yaml, or keep a fleet for each account.',
  })),
  homeElsewhere: kind('home-elsewhere', (input: { region: string; management: string }) => ({
    message: 'the secret manager\'s database has its subnets in the management network, which is in another region',
    value: input.region,
    allowed: input.management,
    next: 'Give home.region and aws.management.region the same region.',
  })),
  wrongMachineVersion: kind('wrong-machine-version', (input: { of: string; version: string; problem: string; allowed: string }) => ({
    message: `machine version of ${input.of} ${input.problem}`,
    value: input.version,
    allowed: input.allowed,
    next: 'Upgrade the control plane first, then its machines: docs/runbooks/upgrade-pools.md.',
  })),
  wrongMachine: kind('wrong-machine', (input: { machineType: string; declared: string; known: string }) => ({
    message: `machine type ${q(input.machineType)} is declared with ${input.declared}, but is known to have ${input.known}`,
    value: input.declared,
    allowed: input.known,
    next: 'Remove "machine:", or declare only another number of attachable volumes.',
  })),
  noPool: kind('no-pool', (input: { node: string; component: string; cluster: string; zone: string; needs: string; tried: readonly string[] }) => ({
    message: `${input.component} of node ${q(input.node)} fits no pool of cluster ${q(input.cluster)} in zone ${q(input.zone)}`,
    value: input.needs,
    allowed: input.tried.length > 0 ? input.tried : 'the cluster has no pools',
    next: 'Choose another zone or size, or add a pool that fits to the cluster.',
  })),
  poolMismatch: kind('pool-mismatch', (input: { node: string; component: string; pool: string; reason: string; needs: string }) => ({
    message: `${input.component} of node ${q(input.node)} can not run on pool ${q(input.pool)}: ${input.reason}`,
    value: input.pool,
    allowed: `a pool with room for ${input.needs}`,
    next: 'Name another pool, or remove the entry to get the smallest that fits.',
  })),
  poolTooSmall: kind('pool-too-small', (input: { cluster: string; pool: string; zone: string; machines: number; headroom: number; limit: number; components: number }) => ({
    message: `pool ${q(input.pool)} of cluster ${q(input.cluster)} needs ${count(input.machines, 'machine')} in zone ${q(input.zone)} for ${count(input.components, 'component')}, ${input.headroom} of them headroom`,
    value: input.machines,
    allowed: `at most ${input.limit}, as its maxMachinesPerZone says`,
    next: 'Raise maxMachinesPerZone within the quota of the account, or place nodes elsewhere.',
  })),
  poolFragmented: kind('pool-fragmented', (input: { cluster: string; pool: string; zone: string; machines: number; filled: number }) => ({
    level: 'warning' as const,
    message: `pool ${q(input.pool)} of cluster ${q(input.cluster)} needs ${count(input.machines, 'machine')} in zone ${q(input.zone)} beside headroom, and ${input.filled} would hold what is placed there: its large and small components come in each other's way`,
    value: input.machines,
    next: 'Give the largest components a pool of their own, or larger machines, and name it under `pools` of their nodes. Kubernetes spreads pods over machines and keeps no room for large ones.',
  })),

  natTooSmall: kind('nat-too-small', (input: { cluster: string; machines: number; ports: number; addresses: number; fit: number }) => ({
    message: `the NAT of cluster ${q(input.cluster)} has ports for ${input.fit} machines at ${input.ports} each, but its private pools may have ${input.machines}`,
    value: input.addresses,
    allowed: `at least ${Math.ceil((input.machines * input.ports) / NAT_PORTS_OF_AN_ADDRESS)} addresses, or fewer ports for each machine`,
    next: 'Raise gcp.natAddresses: a machine without ports reaches nothing outside.',
  })),
  homeWithoutCluster: kind('home-without-cluster', (input: { region: string; allowed: readonly string[] }) => ({
    message: `the secret manager's database is in ${q(input.region)}, where no cluster of its cloud could run the secret manager`,
    value: input.region,
    allowed: input.allowed,
    next: 'Choose the region of a cluster as home.region, or add a cluster there.',
  })),

  // Limits
  concentration: kind(
    'concentration',
    (input: { level: Level; network: string; of: string; name: string; keys: number; total: number; maxPercent: number; biggest: readonly string[] }) => ({
      level: input.level,
      message: `${input.of} ${q(input.name)} holds ${input.keys} of ${input.total} validator keys of network ${q(input.network)} (${percent(input.keys, input.total)} %), most of them on ${listOf(input.biggest)}`,
      value: percent(input.keys, input.total),
      allowed: `at most ${input.maxPercent} %`,
      next: 'Place keys elsewhere, or have the limit in settings.yaml changed by review.',
    }),
  ),
} as const;

export type ProblemCode = (typeof problems)[keyof typeof problems]['code'];

/** Every code that a fleet's problems can have. */
export const PROBLEM_CODES: readonly ProblemCode[] = Object.values(problems).map(({ code }) => code);

const q = (text: string): string => JSON.stringify(text);
const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
const percent = (part: number, whole: number): number => Math.round((part / whole) * 1000) / 10;

const LONGEST_LIST = 24;

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, LONGEST_LIST).map(q);
  const rest = names.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function allowedText(allowed: readonly string[] | string): string {
  if (typeof allowed === 'string') return allowed;
  const shown = allowed.slice(0, LONGEST_LIST);
  const rest = allowed.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
