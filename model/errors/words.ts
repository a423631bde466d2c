import { distance } from 'fastest-levenshtein';

/** The candidate that a misspelt value was probably meant to be. None where several are as near: which one is not ours to guess. */
export function nearest(value: string, candidates: readonly string[]): string | undefined {
  // Two swapped letters are two edits, and three edits in a short word make another word.
  const most = value.length <= 3 ? 1 : Math.max(2, Math.floor(value.length / 3));
  const near = [...new Set(candidates)]
    .filter((candidate) => Math.abs(candidate.length - value.length) <= most)
    .map((candidate) => ({ candidate, edits: distance(value.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits);
  const [best, second] = near;
  return best !== undefined && best.edits !== second?.edits ? best.candidate : undefined;
}

export const q = (text: string): string => JSON.stringify(text);
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
export const percent = (part: number, whole: number): number => Math.round((part / whole) * 1000) / 10;

/** Of a list that is shown: whoever has more mistakes than that reads the file. */
export const LONGEST_LIST = 24;

export function listOf(names: readonly string[]): string {
  const shown = names.slice(0, LONGEST_LIST).map(q);
  const rest = names.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
