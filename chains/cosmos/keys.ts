import { base64 } from '@scure/base';

const PUBLIC_KEY_BYTES = 32;

/**
 * The ed25519 consensus key in base64, as `priv_validator_key.json` has it. What `comet show-validator` prints, JSON around the
 * same base64, is understood too.
 */
export function parseKey(key: string): { canonical: string } | { problem: string; next: string } {
  const trimmed = key.trim();
  const encoded = trimmed.startsWith('{') ? fromShowValidator(trimmed) : trimmed;
  if (encoded === undefined) {
    return {
      problem: 'is JSON, but not an ed25519 consensus key of the SDK ("@type": "/cosmos.crypto.ed25519.PubKey")',
      next: 'Paste what `comet show-validator` prints.',
    };
  }
  if (/^[a-z0-9]+valcons(pub)?1[a-z0-9]+$/.test(encoded)) {
    return { problem: 'is a bech32 address or key, of which there are several for one key', next: 'Give the base64 that `comet show-validator` prints.' };
  }
  try {
    const bytes = base64.decode(encoded);
    if (bytes.length === PUBLIC_KEY_BYTES) return { canonical: base64.encode(bytes) };
    return {
      problem: `is ${bytes.length} bytes of base64; an ed25519 public key has ${PUBLIC_KEY_BYTES}`,
      next: bytes.length === 64 ? 'This is as long as a private key. If it is one, treat it as leaked.' : 'Give the base64 that `comet show-validator` prints.',
    };
  } catch {
    return { problem: 'is not base64', next: 'Give the base64 that `comet show-validator` prints, 44 characters that end in "=".' };
  }
}

function fromShowValidator(json: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { '@type': type, key } = parsed as { '@type'?: unknown; key?: unknown };
    return type === '/cosmos.crypto.ed25519.PubKey' && typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}
