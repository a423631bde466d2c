import { stringify } from 'smol-toml';
import type { ChainNode } from '../../model/catalogue';
import { networkOptionsOf, optionsOf } from './options';
import { genesisFile, HOME, NODE_KEY_FILE, SIGNING_STATE, STATE_FILE, UNUSED_KEY, VALIDATOR_KEY_FILE } from './paths';
import type { Topology } from './topology';

export const RPC_PORT = 26657;
export const METRICS_PORT = 26660;
export const API_PORT = 1317;
export const GRPC_PORT = 9090;

/**
 * The three files that the client reads from its config folder. All three, because the SDK writes the one that it misses, and
 * the folder is read-only (cosmos-sdk v0.53.4: server/util.go `interceptConfigs`, client/config `ReadFromClientConfig`).
 * What a file leaves out has the client's own default.
 */
export function configFiles(node: ChainNode, topology: Topology, signs: boolean): Record<string, string> {
  return {
    'config.toml': stringify(configToml(node, topology, signs)),
    'app.toml': stringify(appToml(node)),
    'client.toml': stringify({
      'chain-id': networkOptionsOf(node).chainId,
      // Nobody signs transactions here, and a keyring on disk would be a secret out of place.
      'keyring-backend': 'memory',
      output: 'text',
      node: `tcp://localhost:${RPC_PORT}`,
      'broadcast-mode': 'sync',
    }),
    ...(node.genesisContent === undefined ? {} : { 'genesis.json': node.genesisContent }),
  };
}

function configToml(node: ChainNode, topology: Topology, signs: boolean) {
  const { timeoutCommit, configToml: extra } = networkOptionsOf(node);
  const options = optionsOf(node);
  return {
    moniker: node.name,
    ...(extra.db_backend === undefined ? {} : { db_backend: extra.db_backend }),
    log_level: 'info',
    log_format: 'json',
    genesis_file: genesisFile(node),
    priv_validator_key_file: signs ? VALIDATOR_KEY_FILE : `${UNUSED_KEY}/priv_validator_key.json`,
    priv_validator_state_file: signs ? `${SIGNING_STATE}/${STATE_FILE}` : `${UNUSED_KEY}/${STATE_FILE}`,
    priv_validator_laddr: '',
    node_key_file: NODE_KEY_FILE,
    rpc: {
      laddr: `tcp://0.0.0.0:${RPC_PORT}`,
      cors_allowed_origins: [],
      unsafe: false,
      grpc_laddr: '',
      pprof_laddr: '',
    },
    p2p: {
      ...extra.p2p,
      laddr: `tcp://0.0.0.0:${node.portBase}`,
      external_address: topology.externalAddress,
      seeds: topology.seeds.join(','),
      persistent_peers: topology.persistentPeers.join(','),
      unconditional_peer_ids: topology.unconditionalPeerIds.join(','),
      private_peer_ids: topology.privatePeerIds.join(','),
      addr_book_file: `${HOME}/data/addrbook.json`,
      // A sentried validator knows its sentries by addresses of its own cluster, which a strict book refuses.
      addr_book_strict: !topology.sentried,
      pex: !topology.sentried,
      seed_mode: false,
      allow_duplicate_ip: topology.allowDuplicateIp,
    },
    ...(extra.mempool === undefined ? {} : { mempool: extra.mempool }),
    statesync: { enable: false },
    consensus: {
      ...extra.consensus,
      timeout_commit: timeoutCommit,
      ...(signs ? { double_sign_check_height: options.doubleSignCheckHeight } : {}),
    },
    ...(extra.storage === undefined ? {} : { storage: extra.storage }),
    tx_index: { indexer: options.indexer ?? (node.role === 'full' ? 'kv' : 'null') },
    instrumentation: { prometheus: true, prometheus_listen_addr: `:${METRICS_PORT}` },
  };
}

function appToml(node: ChainNode) {
  const { chainId, appToml: extra } = networkOptionsOf(node);
  const options = optionsOf(node);
  return {
    // Read before the genesis is. Chains with their own `newApp` (osmosis) would look for config/genesis.json otherwise.
    'chain-id': chainId,
    'minimum-gas-prices': options.minimumGasPrices,
    ...pruning(options.pruning),
    'min-retain-blocks': options.minRetainBlocks,
    ...extra,
    api: { enable: options.api, swagger: false, address: `tcp://0.0.0.0:${API_PORT}`, 'enabled-unsafe-cors': false },
    grpc: { enable: options.grpc, address: `0.0.0.0:${GRPC_PORT}` },
    'grpc-web': { enable: false },
    'state-sync': { 'snapshot-interval': options.snapshotInterval, 'snapshot-keep-recent': options.snapshotKeepRecent },
    telemetry: { enabled: false },
  };
}

function pruning(strategy: ReturnType<typeof optionsOf>['pruning']): Record<string, string> {
  if (typeof strategy === 'string') return { pruning: strategy };
  return { pruning: 'custom', 'pruning-keep-recent': String(strategy.keepRecent), 'pruning-interval': String(strategy.interval) };
}
