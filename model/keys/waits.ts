import type { ChainCatalogue } from '../catalogue';
import { own } from '../lookup';
import type { Declarations } from './declarations';

/** How long a key waits before it is placed again, and what says so. */
export interface Wait {
  readonly minutes: number;
  readonly because: string;
}

/** What both revisions, and the chains themselves, demand. */
export interface Waits {
  /** The longest that anything demands of a network. One that nothing declares waits as long as the slowest chain. */
  of(network: string): Wait;
  /** Whether the revision that is judged has the network. */
  isDeclared(network: string): boolean;
}

/**
 * A wait that the change itself shortens, a network that it removes, renames or gives to another chain, change nothing for a key that was retired before:
 * what was merged counts as well, and below a chain's floor nothing does.
 */
export function waits(base: Declarations, head: Declarations, baseName: string, catalogue: ChainCatalogue): Waits {
  const slowest = Object.values(catalogue.chains)
    .map(({ name, keyMoveFloor }): Wait => ({ minutes: keyMoveFloor.longestMinutes, because: `the floor of ${name}, the slowest chain, since nothing says which chain it is of` }))
    .reduce((longest, floor) => (floor.minutes > longest.minutes ? floor : longest));
  const demands = ({ networks }: Declarations, where: string, network: string): Wait[] => {
    const declared = networks.get(network);
    if (declared === undefined) return [];
    const chain = own(catalogue.chains, declared.chain ?? '');
    const floor = chain === undefined ? slowest : { minutes: chain.keyMoveFloor.minutes(declared.options), because: `the floor of ${chain.name}: ${chain.keyMoveFloor.reason}` };
    return declared.waitMinutes === undefined ? [floor] : [{ minutes: declared.waitMinutes, because: `networks/${network}.yaml ${where}` }, floor];
  };
  return {
    of: (network) => {
      const all = [...demands(head, 'here', network), ...demands(base, `in ${baseName}`, network)];
      return all.length === 0 ? slowest : all.reduce((longest, wait) => (wait.minutes > longest.minutes ? wait : longest));
    },
    isDeclared: (network) => head.networks.has(network),
  };
}
