import { printable } from '../naming/printable';

/** How a command ends; said here once, for all of them. */
export const EXIT = {
  done: 0,
  /** Something is wrong that whoever runs the command can mend; nothing was changed unless the message says so. */
  refused: 1,
  /** The command itself was given wrongly. */
  misused: 2,
  /** A fault of Stockade's own; the stack is printed. */
  broken: 70,
} as const;

/**
 * One thing that was not done, and why. Texts may quote what was rendered, or what another program answered: they are made printable when they become
 * a message.
 */
export interface Failure {
  readonly message: string;
  /** The values that are allowed, or what they must look like. */
  readonly allowed?: readonly string[] | string;
  /** An allowed value that was probably meant. */
  readonly suggestion?: string;
  /** Another program's own words, line by line. */
  readonly detail?: string;
  readonly next: string;
}

/**
 * An error that is no fault of ours: its message says what to mend, and is all that is printed of it. Errors of the library with a form of their own extend it;
 * what commands refuse is a {@link UserError}.
 */
export class ExplainedError extends Error {}

/** What the user of a command can mend: every failure at once, each with the next step. Its message is what is printed. */
export class UserError extends ExplainedError {
  override readonly name: string = 'UserError';

  constructor(readonly failures: readonly Failure[]) {
    super(failures.map(failureText).join('\n'));
  }
}

export const refusal = (message: string, next: string, rest: Pick<Failure, 'allowed' | 'suggestion' | 'detail'> = {}): UserError => new UserError([{ message, next, ...rest }]);

/** @throws UserError */
export const refuse = (message: string, next: string, detail?: string): never => {
  throw refusal(message, next, { detail });
};

function failureText({ message, allowed, suggestion, detail = '', next }: Failure): string {
  return [
    `error: ${printable(message)}`,
    ...(detail === '' ? [] : detail.split('\n').map((line) => `    ${told(line)}`)),
    ...(allowed === undefined ? [] : [`  allowed: ${printable(typeof allowed === 'string' ? allowed : allowed.join(', '))}`]),
    ...(suggestion === undefined ? [] : [`  did you mean ${JSON.stringify(printable(suggestion))}?`]),
    `  next: ${printable(next)}`,
  ].join('\n');
}

/** The words by which Atlantis knows, wherever they stand in a plan, that there is nothing to apply (server/events/models/models.go, reNoChanges). */
export const NO_CHANGES = 'No changes. Your infrastructure matches the configuration.';

/** A line that quotes what was rendered, or what is live: it can't end early, doesn't hold {@link NO_CHANGES}, and ends no comment's block. */
export const told = (line: string): string => printable(line).replaceAll('No changes', 'No\\u0020changes').replaceAll('```', '\\u0060``');

/** What is printed of an error, and with which exit code the command ends. What is no {@link ExplainedError} is ours, and keeps its stack. */
export function explained(error: unknown): { readonly text: string; readonly code: number } {
  if (error instanceof ExplainedError) return { text: error.message, code: EXIT.refused };
  return { text: String(error instanceof Error ? (error.stack ?? error.message) : error), code: EXIT.broken };
}
