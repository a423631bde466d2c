import { z } from 'zod';

/*
 * What single values look like, in patterns that every implementation can run: ASCII, no lookahead (Go's regular expressions have none).
 */

/** A DNS label. */
export const name = z.string().max(63).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower case letters, digits and "-"');

/** Of a file or folder, from the root. Its parts begin with no dot, with one that is followed by another character, or with two that are. */
export const path = z
  .string()
  .max(1024)
  .regex(/^(\/([ -\-0-~][ -.0-~]*|\.[ -\-0-~][ -.0-~]*|\.\.[ -.0-~]+))+$/, 'must be an absolute path of printable ASCII, without "." and ".."');

export const httpsUrl = z.string().max(2048).regex(/^https:\/\/[!-~]+$/, 'must be an https:// URL');
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower case hexadecimal digits');
export const port = z.int().min(1).max(65535);

/** Where the secret manager keeps a secret: a validator key by its public key, percent-encoded, or a secret of one node. */
export const source = z
  .string()
  .max(1024)
  .regex(/^networks\/[-a-z0-9]+\/(keys\/[-A-Za-z0-9_~!*'()%][-A-Za-z0-9_~!*'()%.]*|nodes\/[-a-z0-9]+\/[-a-z0-9]+\/[a-z0-9][-a-z0-9]*)$/, 'must be networks/<network>/keys/<key> or networks/<network>/nodes/<cluster>/<node>/<secret>');

/** A validator's public key in its canonical form. */
export const publicKey = z.string().regex(/^[!-~]{1,512}$/, 'must be a public key: 1 to 512 visible ASCII characters');

/** As deep as it goes, as readers get it. */
export type Deep<T> = T extends readonly (infer Item)[] ? readonly Deep<Item>[] : T extends object ? { readonly [Key in keyof T]: Deep<T[Key]> } : T;
