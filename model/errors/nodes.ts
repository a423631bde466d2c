import { kind } from './kind';
import type { Level, Problem } from './problem';
import { count, listOf, percent, q } from './words';

/** What a node declares: its keys, names and ports, how it is reached, whom it talks to. */
export const nodeProblems = {
  // Keys
  badKey: kind('bad-key', (input: { key: string; problem: string; next: string; node: string }) => ({
    message: `node ${q(input.node)} has an invalid key: ${input.problem}`,
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
