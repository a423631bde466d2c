import { z } from 'zod';
import type { ChainCatalogue, ChainEntry, ChainNode, ComponentDemand, PeerReference } from '../../model/catalogue';

/**
 * Invented chains that between them have every feature a check reads. `otter`: an execution and a validator
 * component, signing state on a volume, sentries as peers. `heron`: one component on the host network, a genesis,
 * any client that its networks declare. `crab` is only there to own a client.
 */
export const fakeCatalogue: ChainCatalogue = {
  chains: { otter: otter(), heron: heron(), crab: { ...heron(), name: 'crab', clients: { node: ['kelp'] } } },
  agentDemand: { cpuMillis: 50, memoryMiB: 96, ephemeralMiB: 64 },
};

function hexKey(key: string): ReturnType<ChainEntry['parseKey']> {
  const canonical = key.toLowerCase().replace(/^0x/, '');
  return /^[0-9a-f]{8}$/.test(canonical) ? { canonical } : { problem: 'it is not 8 hexadecimal digits', next: 'Copy the public key again.' };
}

interface OtterOptions {
  fee?: string;
  sentries: string[];
  mirror?: string;
  relay: boolean;
}

function otter(): ChainEntry {
  return {
    name: 'otter',
    networkOptions: z.strictObject({ epoch: z.number().int().default(12) }),
    nodeOptions: z.strictObject({
      fee: z.string().regex(/^fee-[0-9]+$/, 'must be "fee-" and a number').optional(),
      sentries: z.array(z.string()).default([]),
      mirror: z.string().optional().describe('A node in any cluster.'),
      relay: z.boolean().default(false),
    }),
    roles: {
      validator: {
        components: ['engine', 'signer'],
        optionalComponents: (options) => ((options as unknown as OtterOptions).relay ? ['relay'] : []),
        signs: true,
        keys: [1, 3],
      },
      tower: { components: ['engine-p2p'], signs: false },
      bridge: { components: ['p2p'], signs: false },
      sentry: { components: ['engine'], signs: false, unsupportedReach: { outbound: 'a sentry has to be dialled' } },
    },
    sizes: ['small', 'huge'],
    clients: { engine: ['oak', 'pine', 'quirk'], signer: ['seal', 'stamp', 'bare'], relay: ['rill'], p2p: ['span'], 'engine-p2p': ['span'] },
    portSpan: 10,
    signingState: { kind: 'volume' },
    unsupportedReach: {},
    needsGenesis: false,
    keyMoveFloor: { minutes: () => 30, longestMinutes: 30, reason: 'an otter takes half an hour to turn around' },
    parseKey: hexKey,
    peers(options) {
      const { sentries, mirror } = options as unknown as OtterOptions;
      return [
        ...sentries.map((node, index): PeerReference => ({ node, path: ['sentries', index], roles: ['sentry'], sameCluster: true })),
        ...(mirror === undefined ? [] : [{ node: mirror, path: ['mirror'], roles: ['sentry', 'validator'], sameCluster: false }]),
      ];
    },
    check: ({ options, role }) =>
      role === 'validator' && (options as unknown as OtterOptions).fee === undefined
        ? [{ path: ['options', 'fee'], problem: 'a validator names who gets the fee', next: 'Add options.fee.' }]
        : [],
    components(node) {
      return Object.keys(node.clients).map((name) =>
        component(node, name, {
          signs: name === 'signer',
          hostNetwork: node.clients[name]?.client === 'quirk',
          volumes:
            name === 'signer'
              ? [...(node.clients[name]?.client === 'bare' ? [] : [{ name: 'state', kind: 'signing-state' as const, sizeGiB: 1 }])]
              : [{ name: 'data', kind: 'chain-data', sizeGiB: 100 }],
          ports: name === 'engine' ? [{ port: node.portBase, protocol: 'TCP', purpose: 'p2p' }] : [],
        }),
      );
    },
  };
}

function heron(): ChainEntry {
  return {
    name: 'heron',
    networkOptions: z.strictObject({}),
    nodeOptions: z.strictObject({}),
    roles: { voter: { components: ['node'], signs: true } },
    sizes: ['small'],
    clients: { node: 'declared' },
    portSpan: 30,
    signingState: { kind: 'none', reason: 'it has none' },
    unsupportedReach: { nodePort: 'its ports can not be node ports' },
    needsGenesis: true,
    keyMoveFloor: { minutes: () => 1, longestMinutes: 1, reason: 'herons are quick' },
    parseKey: hexKey,
    peers: () => [],
    check: () => [],
    components: (node) => [
      component(node, 'node', {
        signs: true,
        hostNetwork: true,
        machineFeatures: ['memlock-2g'],
        volumes: [{ name: 'ledger', kind: 'chain-data', sizeGiB: 100 }],
        ports: [{ port: node.portBase, protocol: 'UDP', purpose: 'p2p' }],
      }),
    ],
  };
}

const SIZES: Record<string, { cpuMillis: number; memoryMiB: number; ephemeralMiB: number }> = {
  small: { cpuMillis: 1000, memoryMiB: 2048, ephemeralMiB: 512 },
  huge: { cpuMillis: 200_000, memoryMiB: 2048, ephemeralMiB: 512 },
};

const component = (node: ChainNode, name: string, rest: Partial<ComponentDemand>): ComponentDemand => ({
  name,
  client: node.clients[name]?.client ?? '',
  signs: false,
  resources: {
    ...SIZES[node.size]!,
    ...(node.resources[name]?.cpus === undefined ? {} : { cpuMillis: node.resources[name].cpus * 1000 }),
  },
  volumes: [],
  hostNetwork: false,
  machineFeatures: [],
  ports: [],
  ...rest,
});
