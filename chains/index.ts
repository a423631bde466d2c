import type { ChainCatalogue } from '../model/catalogue';
import { AGENT_DEMAND, type ChainDefinition } from './component';
import { avalanche } from './avalanche';
import { cosmos } from './cosmos';
import { ethereum } from './ethereum';
import { polkadot } from './polkadot';
import { solana } from './solana';

export { defineNode, NodeDefinitionError, type DefinedNode, type NodeDefinition } from './standalone';

/** Every chain, by the name that a network file gives. A further chain is one definition, its tests and one line here. */
const known = {
  avalanche,
  cosmos,
  ethereum,
  polkadot,
  solana,
} satisfies Readonly<Record<string, ChainDefinition>>;

export const chains: typeof known & Readonly<Record<string, ChainDefinition>> = known;

/** The chains as the fleet's checks and the sizing of pools see them. */
export const catalogue = { chains, agentDemand: AGENT_DEMAND } satisfies ChainCatalogue;
