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

export interface ZoneSubnets {
  readonly zone: string;
  readonly private: string;
  readonly public: string;
  /** Where the cluster declares a range of their own for pods. */
  readonly pods?: string;
}

/** EKS's zones are named by their region and one letter. */
const LETTERS = 'abcdef';

/**
 * The subnets of an EKS cluster's zones. A VPC is divided into eight: six for the private subnets of zones a to f, and the last into eight public ones. A zone's place
 * follows from its letter, so that a zone more, or another order, moves no subnet.
 *
 * @throws RangeError for a zone without such a letter
 */
export function clusterSubnets({ machines, pods }: { readonly machines: string; readonly pods?: string | undefined }, zones: readonly string[]): readonly ZoneSubnets[] {
  return zones.map((zone) => {
    const index = LETTERS.indexOf(zone.at(-1)!);
    if (index < 0) throw new RangeError(`zone "${zone}" does not end in one of ${[...LETTERS].join(', ')}`);
    return { zone, private: blockOf(machines, 8, index), public: blockOf(blockOf(machines, 8, 7), 8, index), ...(pods === undefined ? {} : { pods: blockOf(pods, 8, index) }) };
  });
}

/** The subnets of a database, by the letters of their zones. */
export const databaseSubnets = (range: string, zones: readonly string[]): readonly { readonly zone: string; readonly range: string }[] =>
  clusterSubnets({ machines: range }, zones).map(({ zone, private: of }) => ({ zone, range: of }));
