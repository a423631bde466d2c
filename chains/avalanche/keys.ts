import { sha256 } from '@noble/hashes/sha2';
import { base58, hex, utils } from '@scure/base';

/** What tells a validator's two keys apart in their canonical form: a NodeID, and the BLS key that is registered with it. */
export const NODE_ID_PREFIX = 'NodeID-';
export const BLS_PREFIX = '0x';

const NODE_ID_BYTES = 20;
const BLS_BYTES = 48;
const CHECKSUM_BYTES = 4;

/**
 * A NodeID (`NodeID-` and the CB58 of 20 bytes: the hash of staker.crt), or a BLS public key (48 bytes in hexadecimal digits), both as
 * `info.getNodeID` prints them. Of CB58 there is one spelling only (avalanchego, utils/cb58).
 */
export function parseKey(key: string): { readonly canonical: string } | { readonly problem: string; readonly next: string } {
  const trimmed = key.trim();
  if (/-----BEGIN/.test(trimmed)) {
    return { problem: 'is PEM: a certificate, or the private key of one', next: 'If it is the private key, treat it as leaked. Give the NodeID that `info.getNodeID` prints.' };
  }
  if (trimmed.startsWith('PrivateKey-')) {
    return { problem: 'is a private key of the P- or C-Chain', next: 'Treat it as leaked, and move what it holds. Give the NodeID and the BLS public key that `info.getNodeID` prints.' };
  }
  if (trimmed.startsWith(NODE_ID_PREFIX)) return parseNodeId(trimmed);
  if (/^0x/i.test(trimmed)) return parseBls(trimmed.slice(2).toLowerCase());
  return {
    problem: 'is neither a NodeID ("NodeID-...") nor a BLS public key ("0x...")',
    next: 'Give both, each as `info.getNodeID` prints it.',
  };
}

function parseNodeId(key: string): ReturnType<typeof parseKey> {
  const next = 'Copy the NodeID again, as `info.getNodeID` prints it.';
  const text = key.slice(NODE_ID_PREFIX.length);
  try {
    base58.decode(text);
  } catch {
    return { problem: 'is "NodeID-" and something that is not base58', next };
  }
  try {
    const { length } = cb58.decode(text);
    return length === NODE_ID_BYTES ? { canonical: key } : { problem: `is a NodeID of ${length} bytes; one has ${NODE_ID_BYTES}`, next };
  } catch {
    return { problem: 'is a NodeID with a wrong checksum', next };
  }
}

function parseBls(digits: string): ReturnType<typeof parseKey> {
  const next = 'Give the "publicKey" of `nodePOP` that `info.getNodeID` prints: 0x and 96 hexadecimal digits.';
  if (!/^[0-9a-f]*$/.test(digits)) return { problem: 'starts with 0x, but is not hexadecimal', next };
  if (digits.length === 64) {
    return { problem: 'is 32 bytes, as long as a BLS secret key', next: `If it is one, treat it as leaked. ${next}` };
  }
  if (digits.length !== 2 * BLS_BYTES) return { problem: `is ${digits.length / 2} bytes; a BLS public key has ${BLS_BYTES}`, next };
  // The two highest bits of a compressed G1 point: compressed, and not at infinity, which no key is.
  if (hex.decode(digits)[0]! >> 6 !== 0b10) return { problem: 'is not a BLS public key: 48 bytes, but not of a compressed point', next };
  return { canonical: `${BLS_PREFIX}${digits}` };
}

/** base58 of some bytes and of the last four bytes of their SHA-256. */
export const cb58 = utils.chain(
  utils.checksum(CHECKSUM_BYTES, (bytes) => sha256(bytes).subarray(-CHECKSUM_BYTES)),
  base58,
);
