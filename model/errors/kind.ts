import type { Level, Place, Problem } from './problem';
import { nearest, q } from './words';

type Places = Place | readonly Place[];
type Details = Omit<Problem, 'code' | 'places' | 'level'> & { readonly level?: Level };

export interface Factory<Code extends string, Input> {
  (places: Places, input: Input): Problem<Code>;
  readonly code: Code;
}

/** A kind of mistake: the first argument of what it makes is where, the second what is needed to word it. */
export function kind<const Code extends string, Input = void>(code: Code, details: (input: Input) => Details): Factory<Code, Input> {
  const build = (places: Places, input: Input): Problem<Code> => {
    const { level = 'error', ...rest } = details(input);
    return { code, level, places: 'file' in places ? [places] : [...places], ...rest };
  };
  return Object.assign(build, { code });
}

/** Something is named that isn't declared. */
export interface Unknown {
  readonly name: string;
  readonly allowed: readonly string[];
  /** Where it was looked for: `cluster "gke-a"`. */
  readonly of?: string;
  /** What is known beyond its absence. */
  readonly hint?: string;
}

/** For what no spelling tells: a disk is in one zone, and a release beside the one that is meant may be too old, or one that can't be gone back from. */
export const neverSuggested = (): undefined => undefined;

export const unknown = <const Code extends string>(code: Code, noun: string, next: string, suggest: typeof nearest = nearest): Factory<Code, Unknown> =>
  kind(code, ({ name, allowed, of, hint }: Unknown) => ({
    message: `${noun} ${q(name)} is unknown${of ? ` in ${of}` : ''}${hint ? `: ${hint}` : ''}`,
    value: name,
    allowed: allowed.length > 0 ? allowed : 'nothing is declared yet',
    suggestion: suggest(name, allowed),
    next,
  }));
