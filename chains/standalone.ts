import type { z } from 'zod';
import type { ChainNode, ChainProblem, ClientRelease, PeerNode, Reach, ResourceOverride } from '../model/catalogue';
import { ALL_PORTS, areWithin, clientsOf, componentsOf, isWithin, keyBounds, knowsClient, lastPort, mayBe, roleOf, unsupportedReach } from '../model/node-rules';
import type { Genesis } from '../model/types';
import type { ChainDefinition, ComponentSpec } from './component';

/** A node as it is declared without a fleet around it. */
export interface NodeDefinition {
  /** Name of the node. Every object's name starts with it; another name is another disk. */
  readonly name: string;
  /** The blockchain network, such as `ethereum-hoodi`; part of the namespace and of every label. */
  readonly network: string;
  /** What the chain needs to know of the network: `options` of a network file. */
  readonly networkOptions: Readonly<Record<string, unknown>>;
  /** One of the chain's roles. */
  readonly role: string;
  /** One of the chain's size classes. */
  readonly size: string;
  /** Component, then the client that it runs. */
  readonly clients: Readonly<Record<string, ClientRelease>>;
  /** Public keys that the node signs with, in any spelling that the chain knows. Empty for roles that don't sign. */
  readonly keys: readonly string[];
  /** First of the ports that the chain spans. */
  readonly portBase: number;
  /**
   * What the chain needs to know of the node: `options` of a node in a fleet.
   * @default - none
   */
  readonly options?: Readonly<Record<string, unknown>>;
  /** @default - nobody dials in */
  readonly reach?: Reach;
  /**
   * An empty signing volume is the right one. Take it back once the node has run.
   * @default false
   */
  readonly firstStart?: boolean;
  /** @default - none; some chains need one */
  readonly genesis?: Genesis;
  /**
   * The genesis itself, where `genesis` names a file.
   * @default - none
   */
  readonly genesisContent?: string;
  /**
   * Component, then what differs from its size class.
   * @default - none
   */
  readonly resources?: Readonly<Record<string, ResourceOverride>>;
  /**
   * Every node that the options refer to, by name.
   * @default - none
   */
  readonly peers?: Readonly<Record<string, PeerNode>>;
  /**
   * Nodes whose options refer to this one (a sentry's validators), by name.
   * @default - none
   */
  readonly referrers?: Readonly<Record<string, PeerNode>>;
}

/** The part of a StakingNode's props that follows from what the node runs. */
export interface DefinedNode {
  readonly name: string;
  readonly network: string;
  readonly chain: string;
  readonly role: string;
  readonly components: readonly ComponentSpec[];
  readonly keys: readonly string[];
  readonly reach: Reach['via'];
  readonly firstStart: boolean;
}

/** Everything that is wrong with a {@link NodeDefinition}. Paths are the definition's own. */
export class NodeDefinitionError extends Error {
  override readonly name = 'NodeDefinitionError';

  constructor(
    readonly nodeName: string,
    readonly problems: readonly ChainProblem[],
  ) {
    super(
      `Node ${JSON.stringify(nodeName)} can not be defined:\n` +
      problems.map(({ path, problem, next }) => `  - ${path.join('.') || 'definition'}: ${problem}. ${next}`).join('\n'),
    );
  }
}

/**
 * What a node of a chain runs, for use with `StakingNode` and without a fleet. Only what one node shows is judged: that no key is
 * declared twice, in this program or in another, is for the caller to see to.
 *
 * @throws NodeDefinitionError naming every mistake
 *
 * @example
 * new StakingNode(chart, 'node', { ...defineNode(chains.ethereum, definition), cluster, cloud, zone, placements, agent });
 */
export function defineNode(chain: ChainDefinition, definition: NodeDefinition): DefinedNode {
  const networkOptions = parse(chain.networkOptions, definition.networkOptions, ['networkOptions']);
  const options = parse(chain.nodeOptions, definition.options ?? {}, ['options']);
  const peers = parsePeers(chain, definition.peers ?? {}, 'peers');
  const referrers = parsePeers(chain, definition.referrers ?? {}, 'referrers');
  const keys = parseKeys(chain, definition.keys);
  const found = [...networkOptions.problems, ...options.problems, ...peers.problems, ...referrers.problems, ...keys.problems];
  found.push(...checkDefinition(chain, definition, options.value));
  // A chain's own check may rely on everything before it.
  if (found.length > 0) throw new NodeDefinitionError(definition.name, found);

  const node: ChainNode = {
    ...definition,
    networkOptions: networkOptions.value!,
    options: options.value!,
    keys: keys.value,
    reach: definition.reach ?? { via: 'outbound' },
    firstStart: definition.firstStart ?? false,
    resources: definition.resources ?? {},
    peers: peers.value,
    referrers: referrers.value,
  };
  const problems = chain.check(node);
  if (problems.length > 0) throw new NodeDefinitionError(definition.name, problems);
  return {
    name: node.name,
    network: node.network,
    chain: chain.name,
    role: node.role,
    components: chain.components(node),
    keys: node.keys,
    reach: node.reach.via,
    firstStart: node.firstStart,
  };
}

type Options = Readonly<Record<string, unknown>>;

function* checkDefinition(chain: ChainDefinition, definition: NodeDefinition, options: Options | undefined): Generator<ChainProblem> {
  const role = roleOf(chain, definition.role);
  if (!role) yield unknownOf(['role'], `chain "${chain.name}" has no role`, definition.role, Object.keys(chain.roles));
  if (!chain.sizes.includes(definition.size)) yield unknownOf(['size'], `chain "${chain.name}" has no size`, definition.size, chain.sizes);
  if (chain.needsGenesis && !definition.genesis) {
    yield { path: ['genesis'], problem: `a node of chain "${chain.name}" starts from a genesis`, next: 'Give its URL and sha256.' };
  }
  const last = lastPort(chain, definition.portBase);
  if (!areWithin(definition.portBase, last, ALL_PORTS)) {
    yield { path: ['portBase'], problem: `the ports ${definition.portBase} to ${last} must lie in ${ALL_PORTS.from} to ${ALL_PORTS.to}`, next: 'Choose another base.' };
  }
  const via = definition.reach?.via ?? 'outbound';
  const unsupported = unsupportedReach(chain, definition.role, via);
  if (unsupported) yield { path: ['reach'], problem: `"${via}" does not work here: ${unsupported.reason}`, next: 'Choose another way to be reached.' };
  if (!role) return;

  const bounds = keyBounds(role);
  if (!isWithin(definition.keys.length, bounds)) {
    const [least, most] = bounds;
    yield {
      path: ['keys'],
      problem: `a node of role "${definition.role}" holds ${least === most ? least : `${least} to ${most}`} keys, this one has ${definition.keys.length}`,
      next: 'Correct the keys, or choose another role.',
    };
  }
  if (!options) return;
  const components = componentsOf(role, options);
  for (const component of components.filter((name) => !definition.clients[name])) {
    yield { path: ['clients', component], problem: `nothing says what the component "${component}" runs`, next: 'Name its client and release.' };
  }
  for (const [component, { client }] of Object.entries(definition.clients)) {
    if (!components.includes(component)) yield unknownOf(['clients', component], 'this node has no component', component, components);
    else if (!knowsClient(chain, component, client)) yield unknownOf(['clients', component], `component "${component}" has no client`, client, [clientsOf(chain, component) ?? []].flat());
  }
  for (const reference of chain.peers(options)) {
    const { node, path, roles, sameCluster } = reference;
    const peer = definition.peers?.[node];
    if (!peer) yield { path: ['options', ...path], problem: `nothing says what node "${node}" is`, next: 'Add it to `peers`.' };
    else if (!mayBe(reference, peer.role)) {
      yield { path: ['peers', node, 'role'], problem: `the options refer to "${node}", which is of role "${peer.role}"`, next: `Name a node of role ${roles.join(' or ')}.` };
    } else if (sameCluster && !peer.sameCluster) yield { path: ['peers', node], problem: `"${node}" must be in the same cluster`, next: 'Name a node of this cluster.' };
  }
}

interface Parsed<T> {
  readonly value: T;
  readonly problems: readonly ChainProblem[];
}

function parse(schema: z.ZodType<Record<string, unknown>>, value: unknown, path: readonly string[]): Parsed<Options | undefined> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return { value: data, problems: [] };
  const problems = error.issues.map((issue) => ({
    path: [...path, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))],
    problem: issue.message,
    next: 'Correct it; the chain definition describes each option.',
  }));
  return { value: undefined, problems };
}

function parsePeers(chain: ChainDefinition, declared: Readonly<Record<string, PeerNode>>, field: string): Parsed<Record<string, PeerNode>> {
  const problems: ChainProblem[] = [];
  const value: Record<string, PeerNode> = {};
  for (const [name, peer] of Object.entries(declared)) {
    const options = parse(chain.nodeOptions, peer.options, [field, name, 'options']);
    problems.push(...options.problems);
    value[name] = { ...peer, options: options.value ?? {} };
  }
  return { value, problems };
}

function parseKeys(chain: ChainDefinition, keys: readonly string[]): Parsed<readonly string[]> {
  const value: string[] = [];
  const problems: ChainProblem[] = [];
  for (const [index, key] of keys.entries()) {
    const parsed = chain.parseKey(key);
    if ('problem' in parsed) problems.push({ path: ['keys', index], ...parsed });
    else if (value.includes(parsed.canonical)) {
      problems.push({ path: ['keys', index], problem: `${parsed.canonical} is named twice`, next: 'Name each key once.' });
    } else value.push(parsed.canonical);
  }
  return { value, problems };
}

const unknownOf = (path: ChainProblem['path'], problem: string, name: string, allowed: readonly string[]): ChainProblem => ({
  path,
  problem: `${problem} "${name}"`,
  next: `Choose one of ${allowed.join(', ')}.`,
});
