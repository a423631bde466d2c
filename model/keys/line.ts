import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { LockEntry } from './journal';

const rfc3339Minute = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:00Z$/;

// One line of text: what git and a reviewer see is then what is there.
const isLine = (value: string, most = 500): boolean => value.trim().length > 0 && value.length <= most && !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(value);

export const isProof = (proof: string, most = 500): boolean => isLine(proof, most) && proof.length >= 10;

/** With the machines that it quotes. */
const MOST_OF_PROOF = 4000;

const named = z.string().min(1).max(253);

const common = {
  seq: z.number().int().min(1),
  key: z.string().min(1).max(512),
  network: named,
  cluster: named,
  node: named,
  at: z.string().regex(rfc3339Minute).refine((value) => !Number.isNaN(Date.parse(value))),
  by: z.string().refine((by) => isLine(by)).optional(),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  sum: z.string().regex(/^[0-9a-f]{16}$/),
};

const entrySchema = z.discriminatedUnion('act', [
  z.strictObject({ ...common, act: z.literal('place') }),
  z.strictObject({ ...common, act: z.literal('retire'), proof: z.string().refine((proof) => isProof(proof, MOST_OF_PROOF)) }),
]);

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Enough to notice a change; the chain carries the whole hash. */
const checksum = (body: string): string => sha256(body).slice(0, 16);

/** `sum` comes last: it is the checksum of all before it. Without it a change of the last line would go unseen, since no `prev` follows. */
export function writeLine(entry: LockEntry): string {
  const body = JSON.stringify(entry).slice(0, -1);
  return `${body},"sum":"${checksum(body)}"}`;
}

export function readLine(content: string): LockEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return undefined;
  }
  const parsed = entrySchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

const SUM_LENGTH = ',"sum":"0123456789abcdef"}'.length;

export function sumHolds(content: string): boolean {
  const body = content.slice(0, -SUM_LENGTH);
  return content.slice(-SUM_LENGTH) === `,"sum":"${checksum(body)}"}`;
}
