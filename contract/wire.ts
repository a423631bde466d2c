import { z } from 'zod';
import { httpsUrl, sha256, source, type Deep } from './words';

/**
 * What an agent and the secret manager say to each other: HTTP over TLS, `POST`, a JSON body that is judged by a schema of this module. A version
 * is closed: a field, a request or a code more is a version more, with a path of its own, and a manager speaks the older ones as long as an agent
 * of theirs runs (ADR 20).
 */
export const WIRE_VERSION = 1;

/** What may be asked. `POST`, because no cache keeps an answer to it and no log of addresses names what was asked for. */
export const EXCHANGES = {
  /** A raw secret, for the workload that the token is of. */
  secret: { path: `/v${WIRE_VERSION}/secret`, request: 'secret-request', answer: 'secret-answer', token: true },
  /** A public file by its checksum, without a token. The answer is its bytes: whoever asked judges them by the checksum. */
  public: { path: `/v${WIRE_VERSION}/public`, request: 'public-request', answer: 'content', token: false },
} as const;
export type ExchangeName = keyof typeof EXCHANGES;

/** The token stands in `Authorization: Bearer <token>`, and in no body. */
export const secretRequest = z.strictObject({ source });
export type SecretRequest = Deep<z.infer<typeof secretRequest>>;

const base64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
export const secretAnswer = z.strictObject({ secret: z.string().min(4).max(1_048_576, { abort: true }).regex(base64, 'must be base64').describe('The raw secret, in base64.') });
export type SecretAnswer = Deep<z.infer<typeof secretAnswer>>;

export const publicRequest = z.strictObject({ url: httpsUrl, sha256 });
export type PublicRequest = Deep<z.infer<typeof publicRequest>>;

/** Why nothing is given, and with which status that is said. */
export const REFUSALS = {
  /** The request is not to the contract. Asking again does not help. */
  malformed: 400,
  /** No token, or none that the cluster says is good for this audience. */
  unauthenticated: 401,
  /** The token is good, and the secret is for somebody else. */
  forbidden: 403,
  /** There is no such secret, or no content of this checksum. */
  notFound: 404,
  /** No such path or method: perhaps the manager is of an older version. */
  unknownRequest: 404,
  /** The manager could not find out. Asking again may help. */
  failed: 500,
} as const;
export type RefusalCode = keyof typeof REFUSALS;

export const refusal = z.strictObject({
  error: z.strictObject({
    code: z.enum(Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]]),
    message: z.string().regex(/^[ -~]{1,500}$/, 'must be a line of 1 to 500 printable ASCII characters').describe('For a log. It never holds a secret or a token.'),
  }),
});
export type Refusal = Deep<z.infer<typeof refusal>>;
