import { printable } from '../../naming/printable';

/** Something that was not done, with the reason and the next step. Nothing has been changed unless the message says so. */
export class DeployError extends Error {
  override readonly name = 'DeployError';

  constructor(
    readonly problems: readonly Failure[],
  ) {
    super(problems.map(({ message, detail = '', next }) => [`error: ${printable(message)}`, ...(detail === '' ? [] : detail.split('\n').map((line) => `    ${told(line)}`)), `  next: ${printable(next)}`].join('\n')).join('\n'));
  }
}

/** Texts may quote what was rendered, and what a program answered: they are made printable when they become a message. */
export interface Failure {
  readonly message: string;
  /** Another program's own words, line by line. */
  readonly detail?: string;
  readonly next: string;
}

export const refuse = (message: string, next: string, detail?: string): never => {
  throw new DeployError([{ message, detail, next }]);
};

/** The words by which Atlantis knows, wherever they stand in a plan, that there is nothing to apply (server/events/models/models.go, reNoChanges). */
export const NO_CHANGES = 'No changes. Your infrastructure matches the configuration.';

/** A line that quotes what was rendered, or what is live: it can't end early, doesn't hold {@link NO_CHANGES}, and ends no comment's block. */
export const told = (line: string): string => printable(line).replaceAll('No changes', 'No\\u0020changes').replaceAll('```', '\\u0060``');
