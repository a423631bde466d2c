import { hex } from '@scure/base';

/** Session keys that this definition knows, by the four characters that name their type: for what, and how long. */
export const SESSION_KEYS = {
  gran: { signs: 'finality (GRANDPA)', bytes: 32 },
  babe: { signs: 'blocks of the relay chain (BABE)', bytes: 32 },
  para: { signs: 'statements on parachain blocks', bytes: 32 },
  asgn: { signs: 'assignments to check parachain blocks', bytes: 32 },
  audi: { signs: 'its addresses (authority discovery)', bytes: 32 },
  beef: { signs: 'finality for bridges (BEEFY)', bytes: 33 },
  aura: { signs: 'blocks of a parachain (Aura)', bytes: 32 },
} as const;
export type SessionKeyType = keyof typeof SESSION_KEYS;

/** What a validator of the relay chain signs with, in the order of its runtime's `SessionKeys`, in which `author_rotateKeys` prints them as one. */
export const VALIDATOR_KEYS: readonly SessionKeyType[] = ['gran', 'babe', 'para', 'asgn', 'audi', 'beef'];
export const COLLATOR_KEYS: readonly SessionKeyType[] = ['aura'];

const TYPES = Object.keys(SESSION_KEYS) as SessionKeyType[];
const asFileName = (type: SessionKeyType): string => hex.encode(Buffer.from(type, 'ascii'));

/**
 * One session key. The canonical form is the name of its file in a Substrate keystore: the four characters of its type and the public key, all in
 * hexadecimal digits (sc-keystore, `key_file_path`). `gran:0x...` is understood too.
 *
 * A validator's keys are declared one by one, not as the one string that goes on chain: that two nodes share one of six would not show in it.
 */
export function parseKey(key: string): { readonly canonical: string } | { readonly problem: string; readonly next: string } {
  const trimmed = key.trim();
  if (/^([a-z]+\s+){11,}[a-z]+$/.test(trimmed)) {
    return { problem: 'is a secret phrase', next: `Treat it as leaked, and make new session keys. ${EXPECTED}` };
  }
  const typed = /^([a-z]{4}):(0x)?([0-9a-f]*)$/i.exec(trimmed);
  if (typed) return checked(typed[1]!.toLowerCase(), typed[3]!.toLowerCase());
  const digits = trimmed.toLowerCase().replace(/^0x/, '');
  if (!/^([0-9a-f]{2})+$/.test(digits)) return { problem: 'is not a session key', next: EXPECTED };
  const bytes = hex.decode(digits);
  if (bytes.length === 32 || bytes.length === 64) {
    return { problem: `is ${bytes.length} bytes without a type, as long as a secret seed or key`, next: `If it is one, treat it as leaked. ${EXPECTED}` };
  }
  if (bytes.length === lengthOf(VALIDATOR_KEYS)) {
    return { problem: 'is a validator\'s session keys in one, as `author_rotateKeys` prints them', next: `Declare each by itself: ${splitOf(bytes).join(', ')}.` };
  }
  const type = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  if (bytes.length < 36 || !/^[a-z]{4}$/.test(type)) return { problem: `is ${bytes.length} bytes in hexadecimal digits, and no file name of a keystore`, next: EXPECTED };
  return checked(type, digits.slice(8));
}

const EXPECTED = 'Give each public key with its type, such as "gran:0x" and 64 hexadecimal digits, or the name of its file in the keystore.';

function checked(type: string, digits: string): ReturnType<typeof parseKey> {
  if (!isKnown(type)) return { problem: `is of type "${type}", which no node here signs with`, next: `Choose one of ${TYPES.join(', ')}.` };
  const { bytes } = SESSION_KEYS[type];
  if (digits.length !== 2 * bytes) {
    return { problem: `is ${digits.length / 2} bytes; a public key of type "${type}" has ${bytes}`, next: EXPECTED };
  }
  // ECDSA on secp256k1: a compressed point says by its first byte which of two it is.
  if (bytes === 33 && !/^0[23]/.test(digits)) return { problem: `is not a compressed ECDSA public key, as one of type "${type}" is`, next: EXPECTED };
  return { canonical: `${asFileName(type)}${digits}` };
}

const isKnown = (type: string): type is SessionKeyType => Object.hasOwn(SESSION_KEYS, type);
const lengthOf = (types: readonly SessionKeyType[]): number => types.reduce((sum, type) => sum + SESSION_KEYS[type].bytes, 0);

/** The keys of `author_rotateKeys`, apart. */
function splitOf(bytes: Uint8Array): string[] {
  let at = 0;
  return VALIDATOR_KEYS.map((type) => `${type}:0x${hex.encode(bytes.subarray(at, (at += SESSION_KEYS[type].bytes)))}`);
}

/** The type of a key in its canonical form. */
export const typeOf = (canonical: string): SessionKeyType => Buffer.from(canonical.slice(0, 8), 'hex').toString('ascii') as SessionKeyType;
