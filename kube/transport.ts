/** One request to an API server, by whatever way leads there. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Ends the request, its answer's body included. */
  readonly signal: AbortSignal;
}

export interface Response {
  readonly status: number;
  readonly retryAfter?: string;
  /** UTF-8, in any pieces. */
  readonly body: AsyncIterable<string>;
}

/**
 * A way to an API server. It gives what was answered, whatever that is, and retries nothing.
 *
 * @throws Unreached where nobody answered
 */
export interface Transport {
  send(request: Request): Promise<Response>;
  close(): void;
}

/** Nobody answered: why, in a person's words, what was said, and what to do. */
export class Unreached extends Error {
  override readonly name = 'Unreached';

  constructor(
    readonly why: string,
    readonly said: string,
    readonly next: string,
  ) {
    super(why);
  }
}
