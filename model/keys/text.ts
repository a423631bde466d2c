import { type Problem, problems as known } from '../errors';
import { type DraftEntry, KEYS_LOCK_FILE, type KeysLock, type LockEntry, type Placement, type ReadEntry } from './journal';
import { readLine, sha256, sumHolds, writeLine } from './line';
import { at, lockPlace, minute } from './words';

/** First line of the file. Part of the chain. */
export const KEYS_LOCK_HEADER =
  '# Stockade keys.lock, version 1: where each validator key is placed, over time. Changed by `npm run keys` only; append-only, hash chained.';

/** A lock that no key was ever placed in. */
export const EMPTY_KEYS_LOCK = `${KEYS_LOCK_HEADER}\n`;

/** Reads a lock and checks what it can by itself: form, chain, order of times, and that nothing is placed twice. */
export function parse(text: string): KeysLock {
  const whole = wholeFileProblem(text);
  if (whole) return { text, entries: [], problems: [whole] };

  const lines = text.split('\n');
  const truncated = lines.at(-1) !== '';
  if (!truncated) lines.pop();
  const problems: Problem[] = [];
  const entries: ReadEntry[] = [];
  let before = { hash: sha256(lines[0] ?? ''), seq: 0, at: '', text: lines[0] ?? '', broken: false };
  for (let index = 1; index < lines.length; index += 1) {
    const content = lines[index] ?? '';
    const line = index + 1;
    const hash = sha256(content);
    const cut = truncated && index === lines.length - 1;
    const entry = cut ? undefined : readLine(content);
    const fault = cut ? known.keysLockTruncated(lockPlace(line), { line }) : lineFault(content, entry, line, before);
    if (fault) problems.push(fault);
    if (entry) entries.push({ ...entry, line, hash });
    before = {
      hash,
      seq: entry?.seq ?? before.seq + 1,
      at: entry && entry.at > before.at ? entry.at : before.at,
      text: content,
      broken: fault !== undefined,
    };
  }
  // Judged only on an intact journal: behind a damaged line every later one would look wrong.
  return { text, entries, problems: problems.length > 0 ? problems : orderProblems(entries) };
}

/** Where every key is, or last was. */
export function state(entries: readonly ReadEntry[]): Map<string, Placement> {
  const placements = new Map<string, Placement>();
  for (const { act, key, network, cluster, node, at, line } of entries) {
    placements.set(key, { status: act === 'place' ? 'placed' : 'retired', network, cluster, node, at, line });
  }
  return placements;
}

/**
 * The lock with further entries at its end.
 *
 * A retirement's minute is rounded up and a placement's down, so what lies between them is never less than it looks.
 * Time in the journal doesn't run backwards: an entry is at least as late as the one before.
 *
 * @throws TypeError when the lock has problems: what is broken isn't built on
 */
export function append(lock: KeysLock, drafts: readonly DraftEntry[], now: Date): string {
  if (lock.problems.length > 0) throw new TypeError(`${KEYS_LOCK_FILE} has ${lock.problems.length} problems; nothing can be added to it`);
  const last = lock.entries.at(-1);
  let prev = last?.hash ?? sha256(KEYS_LOCK_HEADER);
  let seq = last?.seq ?? 0;
  let at = last?.at ?? '';
  let text = lock.text;
  for (const draft of drafts) {
    const own = draft.act === 'retire' ? minute(now, Math.ceil) : minute(now, Math.floor);
    at = own > at ? own : at;
    seq += 1;
    const line = writeLine({ seq, act: draft.act, key: draft.key, network: draft.network, cluster: draft.cluster, node: draft.node, at, by: draft.by, proof: draft.proof, prev });
    prev = sha256(line);
    text += `${line}\n`;
  }
  return text;
}

function wholeFileProblem(text: string): Problem | undefined {
  if (text.includes('\r')) return known.keysLockLineEndings(lockPlace(1));
  const conflict = /^(<{7}|={7}|>{7})( |$)/m.exec(text);
  if (conflict) return known.keysLockConflict(lockPlace(text.slice(0, conflict.index).split('\n').length));
  const end = text.indexOf('\n');
  if (end < 0 || text.slice(0, end) !== KEYS_LOCK_HEADER) return known.keysLockHeader(lockPlace(1), { text });
  return undefined;
}

function lineFault(
  content: string,
  entry: LockEntry | undefined,
  line: number,
  before: { hash: string; seq: number; at: string; text: string; broken: boolean },
): Problem | undefined {
  const place = lockPlace(line);
  if (content === before.text) return known.keysLockDuplicate(place, { line });
  if (!entry) return known.keysLockEntry(place, { line, text: content });
  const { key, seq, at: time } = entry;
  if (!sumHolds(content)) return known.keysLockEdited(place, { line, key });
  // After a line that was found broken the chain is bound to break too; one edit is one problem.
  if (before.broken) return undefined;
  if (seq !== before.seq + 1) return known.keysLockChain(place, { line, key, seq: { is: seq, before: before.seq } });
  if (entry.prev !== before.hash) return known.keysLockChain(lockPlace(line - 1), { line, key });
  if (time < before.at) return known.keysLockClock(place, { line, time, earlier: before.at });
  return undefined;
}

/** Every placement needs a free key, and every retirement the place that the key is at. */
function orderProblems(entries: readonly ReadEntry[]): Problem[] {
  const problems: Problem[] = [];
  const last = new Map<string, ReadEntry>();
  for (const entry of entries) {
    const { act, line, key } = entry;
    const earlier = last.get(key);
    last.set(key, entry);
    if (act === 'place' && earlier?.act === 'place') {
      const places = [lockPlace(line, 'placed again'), lockPlace(earlier.line, 'placed first')];
      problems.push(known.keysLockOrder(places, { line, key, at: at(entry), placed: { line: earlier.line, at: at(earlier) } }));
    }
    if (act === 'retire' && (earlier?.act !== 'place' || at(earlier) !== at(entry) || earlier.network !== entry.network)) {
      const before = earlier ? [lockPlace(earlier.line, `last ${earlier.act === 'place' ? 'placed' : 'retired'}: ${at(earlier)}`)] : [];
      problems.push(known.keysLockOrder([lockPlace(line, 'retired'), ...before], { line, key, at: at(entry) }));
    }
  }
  return problems;
}
