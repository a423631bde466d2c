import type { Place, Problem } from '../errors';
import type { FleetNode } from '../types';
import { KEYS_LOCK_FILE, type ReadEntry } from './journal';
import { shortened } from './retirement';

export const at = ({ cluster, node }: { readonly cluster: string; readonly node: string }): string => `${cluster}/${node}`;

export const placeOf = (node: FleetNode): { cluster: string; node: string } => ({ cluster: node.cluster, node: node.name });

export const short = (key: string): string => `Key ${shortened(key)}`;

export function listed(keys: readonly string[]): string {
  const [first = ''] = keys;
  return keys.length === 1 ? short(first) : `${short(first)} and ${keys.length - 1} more`;
}

export function describe(entry: ReadEntry | undefined): string {
  return entry ? `"${entry.act} ${short(entry.key).slice(4)} at ${at(entry)}, ${entry.at}"` : 'nothing';
}

/** From the first to the second; negative when the second comes first. */
export const minutesBetween = (first: string, second: string): number => Math.floor((Date.parse(second) - Date.parse(first)) / 60_000);

export const minute = (time: Date, round: (minutes: number) => number): string =>
  new Date(round(time.getTime() / 60_000) * 60_000).toISOString().replace('.000Z', 'Z');

export const lockPlace = (line: number, label?: string): Place => ({ file: KEYS_LOCK_FILE, line, column: 1, ...(label === undefined ? {} : { label }) });

export const lockProblem = (code: string, line: number, message: string, next: string, value?: string): Problem => ({
  code,
  level: 'error',
  message,
  places: [lockPlace(line)],
  ...(value === undefined ? {} : { value }),
  next,
});
