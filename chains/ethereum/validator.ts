import type { ChainNode } from '../../model/catalogue';
import type { HealthCheck, PrepareStep } from '../../contract/agent-config';
import type { ComponentSpec, ConfigFolder, Peer, SecretFile, TemporaryFolder } from '../component';
import { javaOptions, native } from './execution';
import { beaconApiUrls } from './links';
import { imageOf } from '../shared';
import { networkOptionsOf, optionsOf, relaysOf } from './options';
import { tcp } from './ports';
import { resources, SIGNING_STATE_PATH, signingState, type Appetite } from './sizes';

/**
 * The validator client: the one component that signs. Keys lie in memory below `/secrets`, the slashing database on the signing
 * volume, and nothing else of a key, not even an encrypted cache, on any disk. Key-manager APIs are off in every client: they
 * could add a key behind the back of the fleet and the claim. It talks to beacon nodes only.
 */
export function validator(node: ChainNode): ComponentSpec {
  const client = node.clients['validator']!.client;
  const { appetite, ephemeralMiB, metricsPort, secret, startupSeconds, ...part } = VALIDATOR_CLIENTS[client]!(node);
  const fallbacks = optionsOf(node).fallbackBeaconNodes;
  const talksTo: Peer[] = [
    { kind: 'component', component: 'consensus', ports: ['rpc'] },
    ...fallbacks.map((name): Peer => ({ kind: 'component', node: name, component: 'consensus', ports: ['rpc'] })),
  ];
  return {
    name: 'validator',
    client,
    image: imageOf(node, 'validator'),
    signs: true,
    hostNetwork: false,
    machineFeatures: [],
    ports: [tcp('metrics', metricsPort, 'metrics')],
    talksTo,
    egress: [],
    volumes: [signingState(node)],
    secrets: [secret],
    health: ALIVE,
    metrics: { port: 'metrics', path: '/metrics' },
    shutdown: { graceSeconds: 120 },
    // Keystores are slow to decrypt by design: about a second each.
    startupSeconds: startupSeconds ?? 300 + 2 * node.keys.length,
    resources: resources(node, 'validator', appetite, ephemeralMiB),
    ...part,
  };
}

interface ValidatorPart {
  readonly command?: readonly string[];
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly temporary?: readonly TemporaryFolder[];
  readonly config?: readonly ConfigFolder[];
  readonly prepare?: readonly PrepareStep[];
  readonly writableSecrets?: string;
  readonly health?: HealthCheck;
  readonly startupSeconds?: number;
  readonly unverified: readonly string[];
  readonly secret: SecretFile;
  readonly metricsPort: number;
  readonly appetite: Appetite;
  readonly ephemeralMiB: number;
}

export const VALIDATOR_CLIENTS: Readonly<Record<string, (node: ChainNode) => ValidatorPart>> = { lighthouse, prysm, teku, nimbus, lodestar };

/**
 * How many keys one node may hold where each is listed in a ConfigMap twice, once for the agent and once for the client:
 * a ConfigMap holds 1 MiB.
 */
export const MAX_LISTED_KEYS = 800;
export const LISTS_KEYS: readonly string[] = ['lighthouse', 'nimbus'];

/** None of the clients but Prysm has a health endpoint besides the key-manager API; metrics tell that the process works. */
const ALIVE: HealthCheck = { kind: 'http', port: 'metrics', path: '/metrics', readyStatus: [200] };

const NOT_RUN = 'not run here: nothing of this client can be built or pulled';
const keystore: SecretFile = {
  name: 'keys',
  kind: 'validatorKey',
  format: 'eip2335-keystore',
  path: '/secrets/keystores/{publicKey}.json',
  passwordPath: '/secrets/passwords/{publicKey}.txt',
};

/**
 * Flags by `lighthouse vc --help`; `--validators-dir` conflicts with `--datadir`, so the latter places
 * `validators/slashing_protection.sqlite`. Lighthouse alone refuses to start without its database, which stays so:
 * `--init-slashing-protection` is given on an approved first start only. A key added to a node later has no registration in the
 * database, and Lighthouse refuses it until one start is approved, or an interchange file imported.
 *
 * It writes all its decrypted keys, encrypted anew, to `validator_key_cache.json` beside the database, through a temporary file that it
 * renames (initialized_validators/src/key_cache.rs). There is no switch; a link in the temporary file's place, which the
 * writing follows and the renaming moves, leads the bytes to memory.
 */
function lighthouse(node: ChainNode): ValidatorPart {
  const { urls, feeRecipient, doppelganger, builder, graffiti } = facts(node);
  const folder = `${SIGNING_STATE_PATH}/validators`;
  return {
    command: ['lighthouse'],
    args: [
      'validator_client',
      `--network=${networkOptionsOf(node).network}`,
      `--datadir=${SIGNING_STATE_PATH}`,
      '--logfile-max-number=0',
      '--disable-auto-discover',
      ...(node.firstStart ? ['--init-slashing-protection'] : []),
      `--beacon-nodes=${urls.join(',')}`,
      `--suggested-fee-recipient=${feeRecipient}`,
      ...(doppelganger ? ['--enable-doppelganger-protection'] : []),
      ...(builder ? ['--builder-proposals'] : []),
      ...(graffiti === undefined ? [] : [`--graffiti=${graffiti}`]),
      '--metrics',
      '--metrics-address=0.0.0.0',
      '--metrics-port=5064',
    ],
    config: [{ name: 'definitions', mountPath: '/definitions', files: { 'validator_definitions.yml': definitions(node.keys) } }],
    temporary: [{ name: 'key-cache', mountPath: '/key-cache', sizeMiB: 8, medium: 'memory' }],
    prepare: [
      { kind: 'directory', path: folder },
      { kind: 'copy', from: '/definitions/validator_definitions.yml', to: `${folder}/validator_definitions.yml` },
      { kind: 'link', target: '/key-cache/validator_key_cache.json', path: `${folder}/.validator_key_cache.json.tmp` },
    ],
    secret: keystore,
    writableSecrets: 'Lighthouse makes a lock file beside each keystore',
    metricsPort: 5064,
    appetite: { small: [0.25, 1], standard: [0.5, 1], large: [1, 2] },
    ephemeralMiB: 256,
    unverified: [NOT_RUN, 'that the encrypted key cache follows the link into memory, as its source says'],
  };
}

/**
 * Flags by cmd/validator/flags and validator/node/node.go of OffchainLabs/prysm. The database is `validator.db` in a data folder of mode
 * 0700. A legacy database in the wallet would be taken instead; the wallet is in memory and has none at any start. The REST API
 * serves with every beacon node and takes fallbacks; gRPC serves with Prysm's own only, and is to be removed.
 */
function prysm(node: ChainNode): ValidatorPart {
  const { urls, feeRecipient, doppelganger, builder, graffiti } = facts(node);
  const folder = `${SIGNING_STATE_PATH}/prysm`;
  return {
    args: [
      '--accept-terms-of-use',
      `--${networkOptionsOf(node).network}`,
      `--datadir=${folder}`,
      '--wallet-dir=/secrets/wallet',
      '--wallet-password-file=/secrets/wallet-password/password.txt',
      '--enable-beacon-rest-api',
      `--beacon-rest-api-provider=${urls.join(',')}`,
      `--suggested-fee-recipient=${feeRecipient}`,
      ...(doppelganger ? ['--enable-doppelganger'] : []),
      ...(builder ? ['--enable-builder'] : []),
      ...(graffiti === undefined ? [] : [`--graffiti=${graffiti}`]),
      '--monitoring-host=0.0.0.0',
      '--monitoring-port=8081',
    ],
    prepare: [{ kind: 'directory', path: folder }],
    secret: {
      name: 'keys',
      kind: 'validatorKey',
      format: 'prysm-wallet',
      path: '/secrets/wallet/direct/accounts/all-accounts.keystore.json',
      passwordPath: '/secrets/wallet-password/password.txt',
    },
    health: { kind: 'http', port: 'metrics', path: '/healthz', readyStatus: [200] },
    metricsPort: 8081,
    appetite: { small: [0.25, 1], standard: [0.5, 2], large: [1, 4] },
    ephemeralMiB: 256,
    unverified: [NOT_RUN, 'that it opens a wallet that it can not write', 'failover over several REST endpoints, new in 2026'],
  };
}

/**
 * Flags by `teku validator-client` (docs.teku.consensys.io). The database is `validator/slashprotection/`. Keystores are not locked:
 * the claim is what keeps a second holder out, and a lock left by a crash would keep the first one out.
 */
function teku(node: ChainNode): ValidatorPart {
  const { urls, feeRecipient, doppelganger, builder, graffiti } = facts(node);
  const appetite: Appetite = { small: [0.25, 2], standard: [0.5, 2], large: [1, 4] };
  return {
    args: [
      'validator-client',
      `--network=${networkOptionsOf(node).network}`,
      `--data-path=${SIGNING_STATE_PATH}`,
      `--data-validator-path=${SIGNING_STATE_PATH}/validator`,
      '--log-destination=CONSOLE',
      '--validator-keys=/secrets/keystores:/secrets/passwords',
      '--validators-keystore-locking-enabled=false',
      '--exit-when-no-validator-keys-enabled=true',
      '--shut-down-when-validator-slashed-enabled=true',
      `--beacon-node-api-endpoints=${urls.join(',')}`,
      `--validators-proposer-default-fee-recipient=${feeRecipient}`,
      `--doppelganger-detection-enabled=${doppelganger}`,
      ...(builder ? ['--validators-builder-registration-default-enabled=true'] : []),
      ...(graffiti === undefined ? [] : [`--validators-graffiti=${graffiti}`]),
      '--metrics-enabled=true',
      '--metrics-interface=0.0.0.0',
      '--metrics-port=8008',
      '--metrics-host-allowlist=*',
    ],
    env: { JAVA_OPTS: javaOptions(resources(node, 'validator', appetite, 0).memoryMiB) },
    temporary: [native],
    secret: keystore,
    metricsPort: 8008,
    appetite,
    ephemeralMiB: 1024,
    unverified: [NOT_RUN],
  };
}

/**
 * Flags by `ValidatorClientConf` in beacon_chain/conf.nim of status-im/nimbus-eth2. `slashing_protection.sqlite3` lies in the
 * validators folder (nimbus_validator_client.nim), with no option to part them. The folder is walked for real folders only: a link to
 * a folder is passed over in silence (`kind == pcDir`, keystore_management.nim). So each key gets a real folder on the signing volume,
 * in which `keystore.json` is a link into memory: if a link is lost, a key is missing, never the database. The other way about, with the
 * folder in memory and the database linked, a lost link would mean an empty database.
 *
 * It opens each keystore for reading and writing to lock it, and sets passwords to mode 0600 (filepath.nim).
 */
function nimbus(node: ChainNode): ValidatorPart {
  const { urls, feeRecipient, doppelganger, builder, graffiti } = facts(node);
  const folder = `${SIGNING_STATE_PATH}/validators`;
  return {
    args: [
      `--data-dir=${SIGNING_STATE_PATH}/nimbus`,
      `--validators-dir=${folder}`,
      '--secrets-dir=/secrets/passwords',
      '--non-interactive',
      ...urls.map((url) => `--beacon-node=${url}`),
      `--suggested-fee-recipient=${feeRecipient}`,
      `--doppelganger-detection=${doppelganger}`,
      ...(builder ? ['--payload-builder=true'] : []),
      ...(graffiti === undefined ? [] : [`--graffiti=${graffiti}`]),
      '--metrics=true',
      '--metrics-address=0.0.0.0',
      '--metrics-port=8108',
    ],
    prepare: [
      { kind: 'directory', path: `${SIGNING_STATE_PATH}/nimbus` },
      { kind: 'directory', path: folder },
      ...node.keys.flatMap((key): PrepareStep[] => [
        { kind: 'directory', path: `${folder}/${key}` },
        { kind: 'link', target: `/secrets/keystores/${key}.json`, path: `${folder}/${key}/keystore.json` },
      ]),
    ],
    secret: { ...keystore, passwordPath: '/secrets/passwords/{publicKey}' },
    writableSecrets: 'Nimbus opens each keystore for reading and writing to lock it, and wants passwords at mode 0600',
    // It serves metrics only once it has asked a beacon node for the genesis, and that answers only when it is synced.
    startupSeconds: 21600,
    metricsPort: 8108,
    appetite: { small: [0.25, 1], standard: [0.5, 1], large: [1, 2] },
    ephemeralMiB: 256,
    unverified: [
      NOT_RUN,
      'that a keystore is opened through a link, as the source of its file functions says',
      'keystores of mode 0400 can not be opened for writing: the agent has to write them 0600',
    ],
  };
}

/**
 * Flags by packages/cli/src/cmds/validator/options.ts of ChainSafe/lodestar. `--force` passes over lock files, which a killed client leaves behind
 * and a read-only folder refuses; the claim keeps a second holder out. It stores all keys, encrypted anew, in `cache/` of its data
 * folder (keystoreCache.ts): a link leads that folder to memory.
 */
function lodestar(node: ChainNode): ValidatorPart {
  const { urls, feeRecipient, doppelganger, builder, graffiti } = facts(node);
  return {
    args: [
      'validator',
      `--network=${networkOptionsOf(node).network}`,
      `--dataDir=${SIGNING_STATE_PATH}`,
      `--validatorsDbDir=${SIGNING_STATE_PATH}/validator-db`,
      '--keystoresDir=/secrets/keystores',
      '--secretsDir=/secrets/passwords',
      '--logFile=none',
      '--force=true',
      `--beaconNodes=${urls.join(',')}`,
      `--suggestedFeeRecipient=${feeRecipient}`,
      `--doppelgangerProtection=${doppelganger}`,
      ...(builder ? ['--builder=true'] : []),
      ...(graffiti === undefined ? [] : [`--graffiti=${graffiti}`]),
      '--metrics=true',
      '--metrics.address=0.0.0.0',
      '--metrics.port=5064',
    ],
    temporary: [{ name: 'key-cache', mountPath: '/key-cache', sizeMiB: 8, medium: 'memory' }],
    prepare: [{ kind: 'link', target: '/key-cache', path: `${SIGNING_STATE_PATH}/cache` }],
    secret: { ...keystore, path: '/secrets/keystores/{publicKey}/voting-keystore.json', passwordPath: '/secrets/passwords/{publicKey}' },
    metricsPort: 5064,
    appetite: { small: [0.25, 1.5], standard: [0.5, 2], large: [1, 4] },
    ephemeralMiB: 256,
    unverified: [NOT_RUN, 'that the encrypted keystore cache follows the link into memory, as its source says'],
  };
}

/** Lighthouse's list of validators: public keys and where their keystores are, no secret. */
function definitions(keys: readonly string[]): string {
  return `---\n${keys
    .map(
      (key) =>
        `- enabled: true\n  voting_public_key: "${key}"\n  type: local_keystore\n` +
        `  voting_keystore_path: /secrets/keystores/${key}.json\n  voting_keystore_password_path: /secrets/passwords/${key}.txt\n`,
    )
    .join('')}`;
}

function facts(node: ChainNode) {
  const options = optionsOf(node);
  return {
    urls: beaconApiUrls(node, options.fallbackBeaconNodes),
    feeRecipient: options.feeRecipient!,
    doppelganger: options.doppelgangerProtection!,
    builder: relaysOf(node).length > 0,
    graffiti: options.graffiti,
  };
}
