import type { ChainNode } from '../../model/catalogue';
import { COLLATOR_KEYS, VALIDATOR_KEYS, type SessionKeyType } from './keys';

export const RELAY = 'relay';
export const PARACHAIN = 'parachain';

/** A parachain's node has the relay chain's within it, with ports of its own. */
export const PORT_SPAN = 2;
export const RPC_PORT = 9944;
export const METRICS_PORT = 9615;
export const RELAY_RPC_PORT = 9945;
export const RELAY_METRICS_PORT = 9616;

export const onParachain = ({ role }: Pick<ChainNode, 'role'>): boolean => role === 'collator' || role === 'parachain-rpc';
export const componentOf = (node: Pick<ChainNode, 'role'>): string => (onParachain(node) ? PARACHAIN : RELAY);

/** Types of the keys that a node of this role signs with. */
export const keysOf = ({ role }: Pick<ChainNode, 'role'>): readonly SessionKeyType[] => (role === 'validator' ? VALIDATOR_KEYS : role === 'collator' ? COLLATOR_KEYS : []);
export const signs = (node: Pick<ChainNode, 'role'>): boolean => keysOf(node).length > 0;
