/** Something that was not done, with the reason and the next step. Nothing has been changed unless the message says so. */
export class DeployError extends Error {
  override readonly name = 'DeployError';

  constructor(
    readonly problems: readonly Problem[],
  ) {
    super(problems.map(({ message, next }) => `error: ${message}\n  next: ${next}`).join('\n'));
  }
}

export interface Problem {
  readonly message: string;
  readonly next: string;
}

export const refuse = (message: string, next: string): never => {
  throw new DeployError([{ message, next }]);
};
