import type { Place } from '../errors';
import type { FleetNode } from '../types';
import { KEYS_LOCK_FILE, type ReadEntry, shortened } from './journal';

export const at = ({ cluster, node }: { readonly cluster: string; readonly node: string }): string => `${cluster}/${node}`;

export const placeOf = (node: FleetNode): { cluster: string; node: string } => ({ cluster: node.cluster, node: node.name });

export function describe(entry: ReadEntry | undefined): string {
  return entry ? `"${entry.act} ${shortened(entry.key)} at ${at(entry)}, ${entry.at}"` : 'nothing';
}

/** From the first to the second; negative when the second comes first. */
export const minutesBetween = (first: string, second: string): number => Math.floor((Date.parse(second) - Date.parse(first)) / 60_000);

export const minute = (time: Date, round: (minutes: number) => number): string =>
  new Date(round(time.getTime() / 60_000) * 60_000).toISOString().replace('.000Z', 'Z');

export const lockPlace = (line: number, label?: string): Place => ({ file: KEYS_LOCK_FILE, line, column: 1, ...(label === undefined ? {} : { label }) });
