const HEX = /^[0-9a-f]*$/;

/** A BLS12-381 public key in the form that consensus clients print: `0x` and 96 lower case hexadecimal digits. */
export function parseKey(key: string): { readonly canonical: string } | { readonly problem: string; readonly next: string } {
  const lower = key.trim().toLowerCase();
  const digits = lower.startsWith('0x') ? lower.slice(2) : lower;
  if (!HEX.test(digits)) {
    return {
      problem: 'a validator public key is written in hexadecimal digits',
      next: 'Copy the "pubkey" of the keystore or of the deposit data.',
    };
  }
  if (digits.length === 64) {
    return {
      problem: 'a validator public key has 96 hexadecimal digits (48 bytes); one of 64 may be a private key',
      next: 'If it is a private key, treat it as published: exit its validator. Then give the "pubkey" of the keystore.',
    };
  }
  if (digits.length !== 96) {
    return {
      problem: `a validator public key has 96 hexadecimal digits (48 bytes), this one has ${digits.length}`,
      next: 'Copy the "pubkey" of the keystore or of the deposit data.',
    };
  }
  // Every compressed G1 point has its highest bit set (the encoding of ZCash that the consensus specification takes over).
  if (parseInt(digits[0]!, 16) < 8) {
    return {
      problem: 'this is not a compressed BLS12-381 point: the first digit must be 8 or higher',
      next: 'Copy the "pubkey" of the keystore or of the deposit data.',
    };
  }
  return { canonical: `0x${digits}` };
}
