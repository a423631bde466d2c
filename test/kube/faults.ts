/** What goes wrong with a request. */
export type Fault =
  /** It is answered with this status, and not done. */
  | { readonly answer: number; readonly reason?: string; readonly message?: string; readonly retryAfter?: string }
  /** It is answered by something on the way, with this text, and not done. */
  | { readonly answer: number; readonly text: string }
  /** Nobody answers, and it is not done. */
  | 'unreachable'
  /** It is not done, and there is no answer until the caller gives up. */
  | 'hang'
  /** It is done, and the answer is lost. */
  | 'lose-answer';

/** `PATCH /apis/...` as it is asked, without its query. */
export type Which = (request: { readonly method: string; readonly path: string; readonly body: unknown }) => boolean;

/** Faults to come: each hits the next requests that it is for. */
export class Faults {
  private readonly pending: { times: number; readonly which: Which; readonly fault: Fault }[] = [];

  next(times: number, fault: Fault, which: Which = () => true): void {
    this.pending.push({ times, which, fault });
  }

  clear(): void {
    this.pending.length = 0;
  }

  take(request: Parameters<Which>[0]): Fault | undefined {
    const found = this.pending.find(({ times, which }) => times > 0 && which(request));
    if (found !== undefined) found.times -= 1;
    return found?.fault;
  }
}
