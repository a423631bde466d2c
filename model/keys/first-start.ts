import type { Problem, Place } from '../errors';
import { KEYS_LOCK_FILE, type ReadEntry } from './journal';
import type { FleetNode } from '../types';
import { shortened } from './retirement';

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
  return {
    code: 'keys-first-start-again',
    level: 'error',
    message: `Key ${shortened(key)} was placed at ${earlier.cluster}/${earlier.node} before, but ${node.cluster}/${node.name} approves a first start: it would sign with an empty signing volume`,
    places: [{ ...approved, label: 'approved here' }, { file: KEYS_LOCK_FILE, line: earlier.line, column: 1, label: 'its first entry' }],
    value: 'approved',
    allowed: 'firstStart: refused, for a key that the journal has known elsewhere or before',
    next: 'Set firstStart: refused. Nothing imports signing state onto a new volume yet: take a new key, or put this one back on its own disk (docs/runbooks/move-a-key.md).',
  };
}
