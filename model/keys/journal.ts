import type { Problem } from '../errors/problem';

/**
 * `fleet/keys.lock`: where each validator key is placed, over time. The fleet's YAML says where keys are to be now;
 * one revision of it can't show that a key was somewhere else a minute ago and may still be signing there, since
 * clusters are applied one by one. This journal can.
 *
 * It only grows, and only by `npm run keys`. One JSON object per line; each line carries the sha256 of the line
 * before it, and a checksum of itself, so an edit by hand is found and named by its line. That guards against
 * accidents and hurried hands, not against somebody who computes the hashes anew: against those stand the review
 * of the change and {@link checkTransition}, which compares with what was merged.
 *
 * Two branches that both append **conflict in git, and that is wanted**: whoever merges second has to bring the
 * branch up to date and run the command again, which then judges the key's place after the first merge. Never
 * resolve such a conflict by keeping both sides, and never give this file a `union` merge driver.
 */
export const KEYS_LOCK_FILE = 'keys.lock';

/** One line of the journal. */
export interface LockEntry {
  /** Counts from 1. */
  readonly seq: number;
  readonly act: 'place' | 'retire';
  /** Canonical form, by the chain's own rules. */
  readonly key: string;
  readonly network: string;
  readonly cluster: string;
  readonly node: string;
  /** RFC 3339, UTC, whole minutes. */
  readonly at: string;
  /** Who ran the command. */
  readonly by?: string;
  /** Why the old signer is taken to have stopped: a person's words, and the machines that `keys retire` looked up. On every `retire`, and only there. */
  readonly proof?: string;
  /** Hex sha256 of the line before, its newline left out. */
  readonly prev: string;
}

/** An entry as read: with its place and its hash, which the next line's `prev` repeats. */
export interface ReadEntry extends LockEntry {
  readonly line: number;
  readonly hash: string;
}

export interface KeysLock {
  readonly text: string;
  readonly entries: readonly ReadEntry[];
  /** Anything here means that the entries can't be relied on. */
  readonly problems: readonly Problem[];
}

/** What a key's last entry says. */
export interface Placement {
  readonly status: 'placed' | 'retired';
  readonly network: string;
  readonly cluster: string;
  readonly node: string;
  readonly at: string;
  readonly line: number;
}

/** An entry still to be written; order, time and chain are {@link append}'s. */
export type DraftEntry = Pick<LockEntry, 'act' | 'key' | 'network' | 'cluster' | 'node' | 'by' | 'proof'>;

/** Enough of a public key to recognise it. */
export const shortened = (key: string): string => (key.length <= 24 ? key : `${key.slice(0, 14)}...${key.slice(-6)}`);
