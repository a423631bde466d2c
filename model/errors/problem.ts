import { ExplainedError } from '../../errors/user-error';
import { count, LONGEST_LIST } from './words';

/** One thing that is wrong with a fleet: every place that takes part in it, the value, what is allowed, and the next step. It is plain data. */
export interface Problem<Code extends string = string> {
  readonly code: Code;
  readonly level: Level;
  readonly message: string;
  /** The place to look at first, then the others. Never empty. */
  readonly places: readonly Place[];
  readonly value?: string | number | boolean | null;
  /** The values that are allowed, or what they must look like. */
  readonly allowed?: readonly string[] | string;
  /** An allowed value that the given one is near to. */
  readonly suggestion?: string;
  readonly next: string;
}

export type Level = 'error' | 'warning';

/** A position in a file of the fleet; line and column count from 1. */
export interface Place {
  /** Relative to the fleet's folder, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What is there, where a problem has several places. */
  readonly label?: string;
}

/** Thrown by commands that can't go on; carries everything that was found, warnings included. */
export class FleetError extends ExplainedError {
  override readonly name = 'FleetError';
  constructor(
    readonly problems: readonly Problem[],
    folder = '',
  ) {
    super(formatProblems(problems, folder));
  }
}

export const isError = (problem: Problem): boolean => problem.level === 'error';

/** All problems as text for a terminal, with a closing count. `folder` is put before file names. */
export function formatProblems(problems: readonly Problem[], folder = ''): string {
  const errors = problems.filter(isError).length;
  const counts = `${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}`;
  return [...problems.map((problem) => formatProblem(problem, folder)), counts].join('\n\n');
}

/** One problem as text: `file:line:column: error: message [code]`, then what else is known of it. */
export function formatProblem(problem: Problem, folder = ''): string {
  const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
  const position = ({ file, line, column }: Place) => `${prefix}${file}:${line}:${column}`;
  const [first, ...others] = problem.places;
  const head = `${problem.level}: ${problem.message} [${problem.code}]`;
  const lines = [first ? `${position(first)}: ${head}` : head];
  if (first?.label && others.length > 0) lines.push(`  here: ${first.label}`);
  for (const place of others) lines.push(`  and ${position(place)}${place.label ? `: ${place.label}` : ''}`);
  if (problem.value !== undefined) lines.push(`  value: ${JSON.stringify(problem.value)}`);
  if (problem.allowed !== undefined) lines.push(`  allowed: ${allowedText(problem.allowed)}`);
  if (problem.suggestion !== undefined) lines.push(`  did you mean ${JSON.stringify(problem.suggestion)}?`);
  lines.push(`  next: ${problem.next}`);
  return lines.join('\n');
}

/** The form for other programs: the problems as they are, with counts. */
export function problemsToJson(problems: readonly Problem[]): {
  readonly errors: number;
  readonly warnings: number;
  readonly problems: readonly Problem[];
} {
  const errors = problems.filter(isError).length;
  return { errors, warnings: problems.length - errors, problems };
}

/** Problems in the order of their first places, each reported once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map<string, Problem>();
  for (const problem of problems) {
    const key = JSON.stringify([problem.code, problem.message, problem.places, problem.value]);
    if (!unique.has(key)) unique.set(key, problem);
  }
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...unique.values()].sort((a, b) => {
    const [x, y] = [a.places[0], b.places[0]];
    if (!x || !y) return 0;
    return order(x.file, y.file) || x.line - y.line || x.column - y.column || order(a.code, b.code) || order(a.message, b.message);
  });
}

function allowedText(allowed: readonly string[] | string): string {
  if (typeof allowed === 'string') return allowed;
  const shown = allowed.slice(0, LONGEST_LIST);
  const rest = allowed.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
