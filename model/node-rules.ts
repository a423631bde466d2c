import type { ChainEntry, PeerReference, RoleEntry } from './catalogue';
import { own } from './lookup';
import type { ReachDeclaration } from './types';

/**
 * What a chain lets one node be, as plain answers: a fleet's checks and a node that is defined without a fleet word them in their own terms, and decide nothing of
 * their own.
 */
export const roleOf = (chain: Chain, role: string): RoleEntry | undefined => own(chain.roles, role);

/** The components of a role with these options, in the role's order. */
export const componentsOf = (role: RoleEntry, options: Readonly<Record<string, unknown>>): readonly string[] => [...new Set([...role.components, ...(role.optionalComponents?.(options) ?? [])])];

/** How many keys a node of a role holds: `[least, most]`. None where it doesn't sign. */
export const keyBounds = (role: RoleEntry): readonly [number, number] => (role.signs ? (role.keys ?? [1, Infinity]) : [0, 0]);

export const isWithin = (count: number, [least, most]: readonly [number, number]): boolean => count >= least && count <= most;

/** The clients that a chain knows for a component: `declared` where a network may name any, nothing where the chain has no such component. */
export const clientsOf = (chain: Chain, component: string): readonly string[] | 'declared' | undefined => own(chain.clients, component);

export function knowsClient(chain: Chain, component: string, client: string): boolean {
  const known = clientsOf(chain, component);
  return known === 'declared' || known?.includes(client) === true;
}

/** Why a node of a role can't be reached in a way, and whether that is so for the whole chain. */
export function unsupportedReach(chain: Chain, role: string, via: ReachDeclaration['via']): { readonly whole: boolean; readonly reason: string } | undefined {
  const ofChain = chain.unsupportedReach[via];
  if (ofChain !== undefined) return { whole: true, reason: ofChain };
  const ofRole = roleOf(chain, role)?.unsupportedReach?.[via];
  return ofRole === undefined ? undefined : { whole: false, reason: ofRole };
}

export const ALL_PORTS = { from: 1, to: 65535 } as const;

/** The last of the ports that a node takes from a base on. */
export const lastPort = (chain: Chain, base: number): number => base + chain.portSpan - 1;

export const areWithin = (base: number, last: number, { from, to }: { readonly from: number; readonly to: number }): boolean => Number.isInteger(base) && base >= from && last <= to;

/** Whether a node of a role may be what options refer to. */
export const mayBe = ({ roles }: PeerReference, role: string): boolean => roles.includes(role);

type Chain = Pick<ChainEntry, 'roles' | 'clients' | 'unsupportedReach' | 'portSpan'>;
