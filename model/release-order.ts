/**
 * Which of two releases of one client is the newer, by the numbers in their names: `v1.16.7`, `multiarch-v26.7.0`, `stable2509-1`. Positive: the first.
 * Undefined where the names don't say it.
 */
export function compareReleases(first: string, second: string): number | undefined {
  const [a, b] = [parts(first), parts(second)];
  if (a === undefined || b === undefined || a.words !== b.words) return undefined;
  for (let index = 0; index < Math.max(a.numbers.length, b.numbers.length); index += 1) {
    // A release without its last number is the first of them: stable2509 comes before stable2509-1.
    const difference = (a.numbers[index] ?? -1) - (b.numbers[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Numbers, and what stands before them; names of pre-releases are told apart from releases by their words, and not ordered. */
function parts(release: string): { readonly words: string; readonly numbers: readonly number[] } | undefined {
  const [, words, numbers, rest] = /^([a-z-]*?v?)([0-9]+(?:[.-][0-9]+)*)(.*)$/i.exec(release) ?? [];
  if (words === undefined || numbers === undefined) return undefined;
  return { words: `${words.replace(/v$/i, '')} ${rest ?? ''}`, numbers: numbers.split(/[.-]/).map(Number) };
}

/** A ring that runs a newer release than one before it. */
export interface Ahead {
  readonly later: string;
  readonly newer: string;
  readonly earlier: string;
  readonly older: string;
}

/** Each ring that is ahead of an earlier one, with the one that it is furthest ahead of. */
export function ringsAhead(order: readonly string[], versionOf: (ring: string) => string | undefined): Ahead[] {
  const rings = [...new Set(order)];
  return rings.flatMap((later, index): Ahead[] => {
    const newer = versionOf(later);
    if (newer === undefined) return [];
    const [furthest] = rings
      .slice(0, index)
      .map((earlier) => ({ later, newer, earlier, older: versionOf(earlier) ?? newer }))
      .filter(({ older }) => (compareReleases(newer, older) ?? 0) > 0)
      .sort((a, b) => compareReleases(a.older, b.older) ?? 0);
    return furthest ? [furthest] : [];
  });
}
