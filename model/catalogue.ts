import type { z } from 'zod';
import type { Genesis, MachineFeature } from './types';

/**
 * What the fleet's checks, and the sizing of pools, need to know of chains. `chains` implements it;
 * the fleet itself knows no chain.
 */
export interface ChainCatalogue {
  readonly chains: Readonly<Record<string, ChainEntry>>;
  /** What the agent adds to every component's pod. */
  readonly agentDemand: { readonly cpuMillis: number; readonly memoryMiB: number; readonly ephemeralMiB: number };
}

export interface ChainEntry {
  readonly name: string;
  /** Strict schemas of `options` in a network file and of a node. Their output is what {@link ChainNode} carries. */
  readonly networkOptions: z.ZodType<Record<string, unknown>>;
  readonly nodeOptions: z.ZodType<Record<string, unknown>>;
  readonly roles: Readonly<Record<string, RoleEntry>>;
  /** Size classes, smallest first. */
  readonly sizes: readonly string[];
  /** Component, then the clients that the definition knows. `'declared'`: any client that the network declares. */
  readonly clients: Readonly<Record<string, readonly string[] | 'declared'>>;
  /** How many consecutive ports a node takes from its base. */
  readonly portSpan: number;
  /** Where it is remembered what was signed: on a volume of its own, or (with the reason) inside the chain data, or nowhere. */
  readonly signingState:
    | { readonly kind: 'volume' }
    | { readonly kind: 'none' | 'inChainData'; readonly reason: string };
  /** Ways of being reached that this chain can not work with, by way, with the reason. */
  readonly unsupportedReach: Readonly<Partial<Record<'outbound' | 'loadBalancer' | 'nodePort' | 'hostNetwork', string>>>;
  /** What a network must declare for this chain to run. `true`: a genesis is required. */
  readonly needsGenesis: boolean;
  /** How long a key must have been retired, whatever a network file says. */
  readonly keyMoveFloor: KeyMoveFloor;
  /** The canonical form of a public key, by which two spellings of one key are found equal. */
  parseKey(key: string): { readonly canonical: string } | { readonly problem: string; readonly next: string };
  /** Names of other nodes of the same network that the options refer to, with their path inside `options`. */
  peers(options: Record<string, unknown>): readonly PeerReference[];
  /** Mistakes that only this chain can see. Called on nodes whose schema, clients, keys and peers are right. */
  check(node: ChainNode): readonly ChainProblem[];
  /** What the node runs. Pure; throws nothing on a node that `check` found nothing wrong with. */
  components(node: ChainNode): readonly ComponentDemand[];
}

/** Shorter than this, what the old holder signed last can still meet what the new one signs first. */
export interface KeyMoveFloor {
  /** Of a network, by its options as they stand in its file, which nothing may have validated. */
  minutes(options: Readonly<Record<string, unknown>>): number;
  /** The longest of all networks of the chain. */
  readonly longestMinutes: number;
  /** One sentence. */
  readonly reason: string;
}

export interface RoleEntry {
  /** Components that a node of this role always runs. */
  readonly components: readonly string[];
  /** Components that it runs when its options ask for them. */
  optionalComponents?(options: Record<string, unknown>): readonly string[];
  /** Whether nodes of this role hold validator keys. */
  readonly signs: boolean;
  /** How many keys a node of this role holds: `[least, most]`. Only read where `signs`. */
  readonly keys?: readonly [number, number];
  /** Ways of being reached that this role can not work with, with the reason. */
  readonly unsupportedReach?: ChainEntry['unsupportedReach'];
}

export interface PeerReference {
  readonly node: string;
  readonly path: readonly (string | number)[];
  /** Roles that the other node may have. */
  readonly roles: readonly string[];
  /** Whether the other node must be in the same cluster. */
  readonly sameCluster: boolean;
}

/** A mistake in a node, as a chain sees it. */
export interface ChainProblem {
  /** Inside the node's declaration: `['options', 'feeRecipient']`. */
  readonly path: readonly (string | number)[];
  readonly problem: string;
  readonly next: string;
}

/** The client that one component runs, after its ring was looked up. */
export interface ClientRelease {
  readonly client: string;
  readonly image: string;
  readonly version: string;
  readonly digest?: string;
  readonly dataSchema: number;
}

/** How a node is reached, after recorded addresses were looked up. */
export type Reach =
  | { readonly via: 'outbound' }
  /** Component, then public address; absent until recorded, which only nodes that don't run may be. */
  | { readonly via: 'loadBalancer'; readonly addresses: Readonly<Record<string, string>> }
  | { readonly via: 'nodePort' | 'hostNetwork'; readonly address: string };

/** Another node of the same network that this one's options refer to. */
export interface PeerNode {
  readonly name: string;
  readonly role: string;
  readonly sameCluster: boolean;
  readonly portBase: number;
  readonly reach: Reach;
  readonly clients: Readonly<Record<string, ClientRelease>>;
  readonly options: Readonly<Record<string, unknown>>;
}

/** One node as a chain definition sees it: everything resolved, no Kubernetes in it. */
export interface ChainNode {
  readonly name: string;
  readonly network: string;
  readonly role: string;
  readonly size: string;
  readonly clients: Readonly<Record<string, ClientRelease>>;
  /** Canonical public keys. */
  readonly keys: readonly string[];
  readonly portBase: number;
  readonly reach: Reach;
  /** An empty signing volume is the right one. */
  readonly firstStart: boolean;
  readonly genesis?: Genesis;
  /** The genesis itself, where it is a small file of the fleet. */
  readonly genesisContent?: string;
  readonly networkOptions: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly resources: Readonly<Record<string, ResourceOverride>>;
  /** Every node that the options refer to, by name. */
  readonly peers: Readonly<Record<string, PeerNode>>;
  /** Nodes whose options refer to this one (a sentry's validators), by name. */
  readonly referrers: Readonly<Record<string, PeerNode>>;
}

export interface ResourceOverride {
  readonly cpus?: number;
  readonly memoryGiB?: number;
  readonly volumesGiB?: Readonly<Record<string, number>>;
}

/** What one component asks of a machine; the part of a component that packing needs. */
export interface ComponentDemand {
  readonly name: string;
  readonly client: string;
  /** Whether this component can sign with a validator key. */
  readonly signs: boolean;
  readonly resources: { readonly cpuMillis: number; readonly memoryMiB: number; readonly ephemeralMiB: number };
  readonly volumes: readonly { readonly name: string; readonly kind: VolumeKind; readonly sizeGiB: number }[];
  readonly hostNetwork: boolean;
  /** What must be set up on the machine beyond the default image. */
  readonly machineFeatures: readonly MachineFeature[];
  readonly ports: readonly { readonly port: number; readonly protocol: 'TCP' | 'UDP'; readonly purpose: string }[];
}

/**
 * `signing-chain` is chain data with the signing state inside: as fast and as large as the one, as irreplaceable as the other. `scratch` is
 * a disk too, for what can be lost and synced again; memory and temporary folders are no volumes here.
 */
export type VolumeKind = 'chain-data' | 'signing-state' | 'signing-chain' | 'scratch';

/** The kinds that remember what was signed: never copied, never restored, never snapshotted, and never empty but on an approved first start. */
export const SIGNING_VOLUMES: readonly VolumeKind[] = ['signing-state', 'signing-chain'];

/** Where each way of keeping signing state puts it. `none` demands no volume of the fleet; {@link SIGNING_VOLUMES} may be used all the same. */
export const SIGNING_VOLUME_OF: Readonly<Record<ChainEntry['signingState']['kind'], VolumeKind | undefined>> = {
  volume: 'signing-state',
  inChainData: 'signing-chain',
  none: undefined,
};
