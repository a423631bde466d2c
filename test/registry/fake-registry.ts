import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request got; return true when it was answered, false to have it answered as a well-behaved registry would. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface FakeRegistry {
  /** Host and port. */
  readonly host: string;
  /** Method and URL of every request, in order. */
  readonly requests: string[];
  /** Publishes a manifest under `repository:tag`; gives its digest. */
  publish(repository: string, tag: string, manifest: object, mediaType?: string): string;
  misbehave(how: Misbehaviour): void;
  close(): Promise<void>;
}

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** An index as `docker buildx` pushes it. */
export const indexOf = (...platforms: string[]): object => ({
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: platforms.map((platform) => {
    const [os = '', architecture = ''] = platform.split('/');
    return { mediaType: OCI_MANIFEST, size: 2, digest: sha256('{}'), platform: { os, architecture } };
  }),
});

export const sha256 = (content: string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** A registry in this process, for faults that a real one can't be made to have. Port chosen by the system. */
export async function startFakeRegistry(): Promise<FakeRegistry> {
  const manifests = new Map<string, { body: string; mediaType: string }>();
  const requests: string[] = [];
  let misbehaviour: Misbehaviour = () => false;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (misbehaviour(request, response)) return;
    const path = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(request.url ?? '');
    const found = path && manifests.get(`${path[1]}:${path[2]}`);
    if (!found) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': found.mediaType, 'docker-content-digest': sha256(found.body) });
    response.end(request.method === 'HEAD' ? undefined : found.body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    publish(repository, tag, manifest, mediaType = OCI_INDEX) {
      const body = JSON.stringify(manifest);
      manifests.set(`${repository}:${tag}`, { body, mediaType });
      manifests.set(`${repository}:${sha256(body)}`, { body, mediaType });
      return sha256(body);
    },
    misbehave(how) {
      misbehaviour = how;
    },
    close: () =>
      new Promise((closed, failed) => {
        server.close((error) => (error ? failed(error) : closed()));
        server.closeAllConnections(); // hanging requests are among what is tested
      }),
  };
}
