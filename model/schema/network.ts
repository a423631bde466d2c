import { z } from 'zod';
import { digest, httpsUrl, imageRepository, name, sha256, version } from './primitives';

const release = z.strictObject({
  version: version.describe('The image tag.'),
  digest: digest.optional().describe('Digest of the image; written by the `pin` command.'),
  dataSchema: z.number().int().min(1).describe('Version of the data format on disk. A release with a higher one can not be rolled back by image alone.'),
});

const client = z.strictObject({
  image: imageRepository,
  releases: z.array(release).min(1),
  rings: z.record(name, version).describe('The version that each ring runs. Every ring of the network must be named.'),
});

const genesis = z
  .union([
    z.strictObject({ url: httpsUrl, sha256 }),
    z.strictObject({ file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/), sha256 }),
  ])
  .describe('Where the genesis comes from: a URL, or for small ones a file beside the network; always with its checksum.');

/** `fleet/networks/<network>.yaml`: a blockchain network and the releases its nodes run. Its name is the file's. */
export const networkSchema = z.strictObject({
  chain: name.describe('The chain definition that knows its clients.'),
  kind: z.enum(['mainnet', 'testnet']),
  options: z.record(z.string(), z.unknown()).default({}).describe('What this chain needs to know of a network; the chain definition says.'),
  genesis: genesis.optional(),
  keyMoveWaitMinutes: z.number().int().min(1).describe('How long a key must be retired in one place before it may be placed in another.'),
  rings: z.array(name).min(1).describe('Steps of a rollout, in their order.'),
  clients: z.record(name, z.record(name, client)).describe('Component, then client: image, releases, and what each ring runs.'),
});
export type NetworkDeclaration = z.output<typeof networkSchema>;
export type Network = NetworkDeclaration & { name: string; genesisContent?: string };
export type ClientDeclaration = z.output<typeof client>;
export type Release = z.output<typeof release>;
export type Genesis = z.output<typeof genesis>;
