/**
 * Divides a range into equal blocks.
 *
 * @param range Such as `10.20.0.0/16`.
 * @param blocks How many; a power of two.
 * @returns The block at `index`, from 0: `blockOf('10.20.0.0/16', 8, 1)` is `10.20.32.0/19`.
 * @throws RangeError where the range is too small, or the index is none
 */
export function blockOf(range: string, blocks: number, index: number): string {
  const [address = '', mask = ''] = range.split('/');
  const bits = Number(mask) + Math.log2(blocks);
  if (!Number.isInteger(bits) || bits > 32 || index < 0 || index >= blocks) throw new RangeError(`block ${index} of ${blocks} is none of ${range}`);
  const first = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return `${dotted(first + index * 2 ** (32 - bits))}/${bits}`;
}

/** The address at a place in a range: `addressIn('172.20.0.0/24', 1)` is `172.20.0.1`. */
export function addressIn(range: string, offset: number): string {
  const first = range.split('/')[0]!.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return dotted(first + offset);
}

const dotted = (address: number): string => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
