import { type Place, type Problem, problems } from '../errors';
import type { FleetNode } from '../types';
import type { ReadEntry } from './journal';
import { at, lockPlace, placeOf } from './words';

/** The first entry of every key that has any before its current placement: it may have signed there, and what it signed is on another disk. */
export function earlierEntries(entries: readonly ReadEntry[]): ReadonlyMap<string, ReadEntry> {
  const first = new Map<string, ReadEntry>();
  const moved = new Map<string, ReadEntry>();
  for (const entry of entries) {
    const before = first.get(entry.key);
    if (before === undefined) first.set(entry.key, entry);
    else moved.set(entry.key, before);
  }
  return moved;
}

/** An empty signing volume is not the right one for a key with a history, and nothing imports that yet. There is no override. */
export function firstStartAgain(key: string, node: FleetNode, approved: Place, earlier: ReadEntry): Problem {
  return problems.keysFirstStartAgain([{ ...approved, label: 'approved here' }, lockPlace(earlier.line, 'its first entry')], { key, at: at(placeOf(node)), earlier: at(earlier) });
}
