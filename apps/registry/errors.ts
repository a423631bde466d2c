/** What went wrong between us and a registry, told apart because each has another way out. */
export type RegistryFailure =
  | 'unknown-tag'
  | 'unauthorized'
  | 'unreachable'
  | 'timeout'
  | 'rate-limited'
  | 'server-error'
  | 'bad-answer'
  | 'wrong-platform';

/** A registry that can't or won't say what a tag is. `next` is what the operator does about it. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';

  constructor(
    readonly failure: RegistryFailure,
    message: string,
    readonly next: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
