import { UserError, type Failure } from '../errors/user-error';

/** Why a request has no answer that one can go on with. */
export type Reason =
  | 'not-found'
  /** Somebody else changed it, owns the field, or it is not in the state that was demanded. */
  | 'conflict'
  | 'already-exists'
  /** The server knows who asks, and refuses: by its roles or by a policy, whose words are the detail. */
  | 'forbidden'
  /** The server does not know who asks. */
  | 'unauthorized'
  /** The object is not one that the server takes. */
  | 'invalid'
  /** A watch or a page begins where the server no longer remembers. */
  | 'gone'
  /** Too many requests; or an eviction that a budget does not allow now. */
  | 'throttled'
  /** The server answered with a fault of its own. */
  | 'failed'
  /** It answered, and not in the form of Kubernetes. */
  | 'not-understood'
  /** Nobody answered; whether a write was done is not known. */
  | 'unreachable'
  /** No answer in time; whether a write was done is not known. */
  | 'timed-out'
  /** The caller's signal ended it; whether a write was done is not known. */
  | 'aborted';

export interface Answered {
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** The server's own words. */
  readonly words?: string;
  /** When the server wants to be asked again. */
  readonly retryAfterSeconds?: number;
}

/** A request to an API server that came to nothing. Programs go by its reason, people read its message. */
export class KubeError extends UserError {
  readonly status?: number;
  readonly words: string;
  readonly retryAfterSeconds?: number;

  constructor(
    readonly reason: Reason,
    failure: Failure,
    { status, words = '', retryAfterSeconds }: Answered = {},
  ) {
    super([failure]);
    this.status = status;
    this.words = words;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether the same request may go through a little later. */
  get transient(): boolean {
    return TRANSIENT.has(this.reason);
  }
}

const TRANSIENT: ReadonlySet<Reason> = new Set<Reason>(['throttled', 'failed', 'unreachable', 'timed-out']);

export const isKubeError = (error: unknown, ...reasons: readonly Reason[]): error is KubeError => error instanceof KubeError && (reasons.length === 0 || reasons.includes(error.reason));

/** What the server answered instead of an object: a `Status` of Kubernetes, or whatever a proxy on the way writes. */
export function answeredError(request: string, status: number, body: string, retryAfter?: string): KubeError {
  const { isStatus, reason = '', message } = statusOf(body);
  const words = message ?? (body.trim().slice(0, 2000) || `HTTP status ${status}`);
  const why = reasonOf(status, reason, isStatus);
  const seconds = Number(retryAfter);
  return new KubeError(
    why,
    { message: `${request} failed`, detail: `Error from server (${reason === '' ? status : reason}): ${words}`, next: NEXT[why] ?? 'Do what the refusal says. If it is a policy of ours, its runbook is in docs/runbooks.' },
    { status, words, ...(retryAfter !== undefined && Number.isFinite(seconds) ? { retryAfterSeconds: seconds } : {}) },
  );
}

const NEXT: Partial<Record<Reason, string>> = {
  'not-found': 'Look whether it is there, and in this cluster.',
  'not-understood': 'Look who answers there: the kubeconfig may lead to something that is no API server.',
  conflict: 'Look at it as it is now, then decide again.',
  failed: 'Wait a moment and go on; if it lasts, look at the control plane.',
  throttled: 'Wait a moment and go on.',
};

function reasonOf(status: number, reason: string, isStatus: boolean): Reason {
  // Any server on the way says 404 of what it does not know. That an object is gone, the API server alone knows, and says it in its own form.
  if (status === 404 && !isStatus) return 'not-understood';
  if (status === 409) return reason === 'AlreadyExists' ? 'already-exists' : 'conflict';
  return BY_STATUS[status] ?? (status >= 500 ? 'failed' : 'invalid');
}

const BY_STATUS: Readonly<Record<number, Reason>> = { 401: 'unauthorized', 403: 'forbidden', 404: 'not-found', 410: 'gone', 429: 'throttled' };

function statusOf(body: string): { readonly isStatus: boolean; readonly reason?: string; readonly message?: string } {
  try {
    const { kind, reason, message } = JSON.parse(body) as { readonly kind?: unknown; readonly reason?: unknown; readonly message?: unknown };
    return kind === 'Status' ? { isStatus: true, ...(typeof reason === 'string' ? { reason } : {}), ...(typeof message === 'string' ? { message } : {}) } : { isStatus: false };
  } catch {
    return { isStatus: false };
  }
}
