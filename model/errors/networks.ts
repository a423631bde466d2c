import { kind } from './kind';
import { count, nearest, q } from './words';

/** What a network declares: clients, releases, rings, waits. */
export const networkProblems = {
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
} as const;
