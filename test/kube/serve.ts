import { createServer as plainServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as secureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { Certificate } from '../cluster/pki';
import { Unreached, type Request } from '../../kube/transport';
import type { FakeCluster } from './cluster';

/** A fake cluster behind a wire: HTTPS on loopback, which asks for a token, or HTTP on a socket. */
export async function serveFake(cluster: FakeCluster, options: { readonly certificate: Certificate; readonly token: () => string } | { readonly socket: string }): Promise<{ readonly port: number; close(): Promise<void> }> {
  const listener: RequestListener = (incoming, outgoing) => {
    void (async () => {
      const gone = new AbortController();
      outgoing.on('close', () => gone.abort());
      if ('token' in options && incoming.headers.authorization !== `Bearer ${options.token()}`) {
        outgoing.writeHead(401, JSON_TYPE).end(JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'Unauthorized', message: 'Unauthorized', code: 401 }));
        return;
      }
      try {
        const { status, retryAfter, body } = await cluster.send({ method: incoming.method as Request['method'], path: incoming.url!, body: await bodyOf(incoming), contentType: incoming.headers['content-type'], signal: gone.signal });
        outgoing.writeHead(status, { ...JSON_TYPE, ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) });
        outgoing.flushHeaders();
        for await (const piece of body) outgoing.write(piece);
        outgoing.end();
      } catch (error) {
        // Whoever waits hears nothing more.
        if (error instanceof Unreached || gone.signal.aborted) outgoing.destroy();
        else outgoing.writeHead(500).end(String(error));
      }
    })();
  };
  const server: Server = 'socket' in options ? plainServer(listener) : secureServer({ cert: options.certificate.certificate, key: options.certificate.key }, listener);
  await new Promise<void>((done, failed) => {
    server.on('error', failed);
    if ('socket' in options) server.listen(options.socket, done);
    else server.listen(0, '127.0.0.1', done);
  });
  const { port = 0 } = (server.address() ?? {}) as Partial<AddressInfo>;
  return {
    port,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        (server as ReturnType<typeof plainServer>).closeAllConnections();
      }),
  };
}

/** As every API server does, and by what it is told apart from kubectl's own answers. */
const JSON_TYPE = { 'content-type': 'application/json', 'audit-id': 'fake' };

async function bodyOf(incoming: IncomingMessage): Promise<string | undefined> {
  let text = '';
  incoming.setEncoding('utf8');
  for await (const piece of incoming) text += piece as string;
  return text === '' ? undefined : text;
}
