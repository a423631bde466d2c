import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as plain } from 'node:http';
import { request as secure, type RequestOptions as SecureOptions } from 'node:https';
import type { Request } from './transport';

/** Idle connections are closed before a load balancer forgets them, which would fail the next request. */
export const IDLE_MILLISECONDS = 30_000;

/** One request over HTTP, with its headers. @throws what Node's sockets throw */
export function sendHttp({ method, path, body, contentType, signal }: Request, { secure: isSecure = false, ...options }: (RequestOptions | SecureOptions) & { readonly secure?: boolean }): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : Buffer.from(body);
  const headers = { accept: 'application/json', ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': payload.length }), ...options.headers };
  return new Promise((resolve, reject) => {
    const sent = (isSecure ? secure : plain)({ ...options, method, path, headers, signal }, resolve);
    sent.on('error', reject);
    sent.end(payload);
  });
}

/** A character may lie across two pieces. */
export async function* textOf(answer: IncomingMessage): AsyncIterable<string> {
  answer.setEncoding('utf8');
  for await (const piece of answer) yield piece as string;
}
