import type { ChainNode } from '../../model/catalogue';

/** The client's home: everything but keys and signing state. */
export const HOME = '/chain-data';
export const CONFIG_FOLDER = `${HOME}/config`;

/** CometBFT replaces its state file by rename (libs/tempfile), so its folder is the volume, never the file. */
export const SIGNING_STATE = '/signing-state';
export const STATE_FILE = 'priv_validator_state.json';

/** Where the state of a key that never signed lies, for the first start only. */
export const FIRST_START = '/first-start';

export const NODE_KEY_FILE = '/secrets/node-key/node_key.json';
export const VALIDATOR_KEY_FILE = '/secrets/validator-key/priv_validator_key.json';

/**
 * CometBFT can't run without a validator key: `LoadOrGenFilePV` makes one where none is. Nodes that don't sign get it made in
 * memory, new at every start of the pod, and in no validator set.
 */
export const UNUSED_KEY = '/unused-key';

/**
 * Relative to the home. Absolute would be read wrong: `DefaultBaseappOptions` joins home and `genesis_file` without looking
 * (cosmos-sdk v0.53.4, server/util.go), while CometBFT resolves a relative path the same way.
 */
export function genesisFile(node: ChainNode): string {
  return node.genesisContent === undefined ? `genesis/genesis-${node.genesis!.sha256.slice(0, 12)}.json` : 'config/genesis.json';
}
