import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest, type Agent, type RequestOptions } from 'node:https';

/** Two ways to one server: by connections that are kept, and by one of its own for a request. */
export interface Connections {
  readonly kept: Agent;
  readonly fresh: Agent;
}

const RETRIES = 2;

/**
 * One request, until its answer begins. A server may close a kept connection in the moment it is used again, and not read the
 * request: it goes out once more by a fresh one, whatever its method (nodejs.org/api/http.html, `request.reusedSocket`). Had it been
 * read after all, what it makes would be there twice by name, and the API server says so.
 * On a fresh connection the server may have acted before it broke, so only what changes nothing is asked again.
 *
 * @throws Error of the connection that broke
 */
export async function send(url: URL, options: Omit<RequestOptions, 'agent'>, payload: Buffer | undefined, { kept, fresh }: Connections): Promise<IncomingMessage> {
  for (let attempt = 0; ; attempt++) {
    let sent: ClientRequest | undefined;
    try {
      return await new Promise<IncomingMessage>((resolve, reject) => {
        sent = httpsRequest(url, { ...options, agent: attempt === 0 ? kept : fresh }, resolve);
        sent.on('error', reject);
        sent.end(payload);
      });
    } catch (error) {
      const asksOnly = options.method === 'GET' || options.method === 'HEAD';
      if (attempt === RETRIES || !isBroken(error) || !(sent?.reusedSocket || asksOnly)) throw error;
    }
  }
}

const isBroken = (error: unknown): boolean => ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
