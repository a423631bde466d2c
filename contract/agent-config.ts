import { z } from 'zod';
import { httpsUrl, name, path, port, publicKey, sha256, source, type Deep } from './words';

/** What the agent must know how to write; the secret manager stores the raw secret. */
export const secretFormat = z.enum([
  /** 32 random bytes as hex; made by the secret manager when first asked for. */
  'jwt-hex',
  /** EIP-2335 keystore (JSON), with its password in a file of its own. */
  'eip2335-keystore',
  /** All keys in one `direct/accounts/all-accounts.keystore.json`, as Prysm's imported wallets have it. */
  'prysm-wallet',
  /** CometBFT `priv_validator_key.json` and `node_key.json`. */
  'cometbft-validator-key',
  'cometbft-node-key',
  /** Solana JSON keypair: an array of 64 numbers. */
  'solana-keypair',
  /** A file of a Substrate keystore: the secret phrase or seed (`0x...`) of one session key, as a JSON string. */
  'substrate-session-key',
  /** The 32 bytes of an Ed25519 secret key, as 64 hexadecimal digits; made by the secret manager when first asked for. */
  'substrate-node-key',
  /** What a NodeID is the hash of: the certificate, in PEM, and its private key, in PKCS #8 PEM. One secret, written as two files. */
  'avalanche-staking-certificate',
  'avalanche-staking-key',
  /** The 32 bytes of a BLS12-381 secret key, as they are. */
  'avalanche-signer-key',
]);
export type SecretFormat = z.infer<typeof secretFormat>;

const step = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('directory'), path }).describe('Makes a folder, and sets its mode to 0700 if it is there already.'),
  z.strictObject({ kind: z.literal('copy'), from: path, to: path }).describe('Copies a file of a config folder to a place that the client may rewrite. Replaces what is there.'),
  z.strictObject({ kind: z.literal('seed'), from: path, to: path }).describe('Copies a file of a config folder to where nothing is yet. Leaves what is there alone, whatever it is.'),
  z.strictObject({ kind: z.literal('link'), target: path, path }).describe('Makes a symbolic link. Replaces a link that is there; leaves a file alone, so what a client wrote in its place stays.'),
  z.strictObject({ kind: z.literal('fetch'), url: httpsUrl, sha256, to: path }).describe('Fetches a public file by its checksum, once; refuses other content.'),
]);
/** Something the agent does on a volume before the client starts. Every step is idempotent. */
export type PrepareStep = Deep<z.infer<typeof step>>;

const asked = { port: name.max(15).describe("The port's name."), portNumber: port };
const health = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ethSyncing'), ...asked }).describe('JSON-RPC `eth_syncing` is false and `eth_blockNumber` is above zero.'),
  z
    .strictObject({
      kind: z.literal('http'),
      path: z.string().max(1024).regex(/^\/[!-~]*$/, 'must be the path of a URL'),
      readyStatus: z.array(z.int().min(100).max(599)).min(1),
      headers: z.record(z.string().regex(/^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/, 'must be the name of a header'), z.string().regex(/^[ -~]*$/, 'must be printable ASCII')).optional(),
      ...asked,
    })
    .describe('HTTP GET; ready on exactly these status codes. Alive while it answers at all.'),
  z.strictObject({ kind: z.literal('cometbftStatus'), ...asked }).describe('CometBFT `/status`: `catching_up` is false.'),
  z.strictObject({ kind: z.literal('solanaGetHealth'), ...asked }).describe('Solana JSON-RPC `getHealth` answers `ok`.'),
]);
type Health = Deep<z.infer<typeof health>>;
type WithoutNumber<T> = T extends unknown ? Omit<T, 'portNumber'> : never;
/** How the agent finds out whether the client is alive and ready, as a chain says it: by the port's name. */
export type HealthCheck = WithoutNumber<Health>;

const secret = z.strictObject({
  source,
  format: secretFormat,
  file: path,
  passwordFile: path.optional(),
  claim: publicKey.optional().describe('The key that is claimed with it. Absent for secrets that can not sign.'),
});
/** One secret: where the secret manager keeps it, and which file it becomes. */
export type AgentSecret = Deep<z.infer<typeof secret>>;

export const agentConfig = z
  .strictObject({
    version: z.literal(1),
    identity: z.strictObject({ cluster: name, network: name, node: name, component: name }),
    health,
    guard: z.strictObject({ folder: path, firstStart: z.boolean() }).optional().describe('Where there is signing state to guard.'),
    prepare: z.array(step),
    secrets: z.array(secret),
    secretMode: z.enum(['0400', '0600']).describe('0600 where the client locks its keystores by opening them for writing.'),
    secretManager: z.strictObject({ url: httpsUrl, tokenFile: path }).optional().describe('Where there are secrets or files to fetch, and only there.'),
    clientGraceSeconds: z.int().min(1).max(86_400).describe('Seconds that the client may take after SIGTERM.'),
  })
  // JSON Schema does not hold this one: every implementation does, and shows it by the fixtures.
  .refine(({ secrets, prepare, secretManager }) => (secretManager !== undefined) === (secrets.length > 0 || prepare.some(({ kind }) => kind === 'fetch')), {
    path: ['secretManager'],
    error: 'must be there exactly where there are secrets or files to fetch',
  });
/** What the agent reads at start: public, immutable, rendered into the component's ConfigMap. */
export type AgentConfig = Deep<z.infer<typeof agentConfig>>;
