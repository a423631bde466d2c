import type { ChainNode } from '../../model/catalogue';
import type { ComponentSpec, Volume } from '../component';
import { networkOptionsOf, type EthereumNetwork } from './options';

/** Smallest first. `small` is for testnets, `standard` for mainnet, `large` for many keys or many callers. */
export const SIZES = ['small', 'standard', 'large'] as const;
export type Size = (typeof SIZES)[number];

/** CPUs and GiB of memory by size class. Starting points, to be corrected by what a fleet's own metrics show. */
export type Appetite = Readonly<Record<Size, readonly [cpus: number, memoryGiB: number]>>;

/**
 * GiB of chain data by network. Mainnet's follow figures seen in public charts (execution 2.5 TB, consensus 250 to 300 GB);
 * the testnets' are rounded-up starting points. Grow a disk with `resources`; it can not shrink.
 */
export const CHAIN_DATA_GIB: Readonly<Record<'execution' | 'consensus', Readonly<Record<EthereumNetwork, number>>>> = {
  execution: { mainnet: 2500, hoodi: 500, sepolia: 1000 },
  consensus: { mainnet: 300, hoodi: 200, sepolia: 200 },
};

/** A slashing database of a thousand keys takes well under 1 GiB; persistent disks of Google Cloud begin at 10. */
export const SIGNING_STATE_GIB = 10;

export function resources(node: ChainNode, component: string, appetite: Appetite, ephemeralMiB: number): ComponentSpec['resources'] {
  const [cpus, memoryGiB] = appetite[node.size as Size];
  const override = node.resources[component];
  return {
    cpuMillis: Math.round((override?.cpus ?? cpus) * 1000),
    memoryMiB: Math.round((override?.memoryGiB ?? memoryGiB) * 1024),
    ephemeralMiB,
  };
}

export function chainData(node: ChainNode, component: 'execution' | 'consensus'): Volume {
  return {
    name: 'chain-data',
    kind: 'chain-data',
    mountPath: DATA_PATH,
    sizeGiB: node.resources[component]?.volumesGiB?.['chain-data'] ?? CHAIN_DATA_GIB[component][networkOptionsOf(node).network],
  };
}

export function signingState(node: ChainNode): Volume {
  return {
    name: 'signing-state',
    kind: 'signing-state',
    mountPath: SIGNING_STATE_PATH,
    sizeGiB: node.resources['validator']?.volumesGiB?.['signing-state'] ?? SIGNING_STATE_GIB,
  };
}

export const DATA_PATH = '/data';
/** Beside the chain data, never inside it: no snapshot of one may hold the other. */
export const SIGNING_STATE_PATH = '/signing-state';

/** Volumes that each component has, by name. */
export const VOLUMES: Readonly<Record<string, readonly string[]>> = {
  execution: ['chain-data'],
  consensus: ['chain-data'],
  validator: ['signing-state'],
  builder: [],
};
