import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Api } from './api';
import { Authority, type Certificate } from './pki';

/** A server that ends connections before it answers: those that are used again, or all. */
describe('a connection that its server closes before it answers', () => {
  let folder: string;
  let authority: Authority;
  let own: Certificate;
  let server: Server;
  let api: Api;
  let breaks: 'reused' | 'every' | 'first';
  let asked: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stockade-send-'));
    authority = await Authority.create(folder);
    own = await authority.server(['localhost']);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeEach(async () => {
    asked = [];
    breaks = 'reused';
    const seen = new WeakSet<Socket>();
    server = createServer({ cert: own.certificate, key: own.key }, ({ method, url, socket }, response) => {
      asked.push(`${method} ${url}`);
      if (breaks === 'every' || (breaks === 'first' && asked.length === 1) || (breaks === 'reused' && seen.has(socket))) return socket.destroy();
      seen.add(socket);
      response.setHeader('content-type', 'application/json').end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    api = new Api(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, authority.certificate, { token: 'none' });
  });
  afterEach(async () => {
    api.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each(['GET', 'PATCH', 'POST', 'DELETE'])('a %s by a kept one goes out again by a fresh one', async (method) => {
    await api.call('GET', '/first');
    await expect(api.call(method, '/second')).resolves.toEqual({});
    expect(asked).toEqual(['GET /first', `${method} /second`, `${method} /second`]);
  });

  it('the control: asked but once, it fails as the live suite did', async () => {
    const agent = new Agent({ keepAlive: true, ca: authority.certificate });
    const ask = (): Promise<void> => new Promise((resolve, reject) => request(new URL(api.url), { agent }, (response) => response.resume().on('end', () => setImmediate(resolve))).on('error', reject).end());
    await ask();
    await expect(ask()).rejects.toThrow('socket hang up');
    agent.destroy();
  });

  it('on a fresh one, what only asks goes out again', async () => {
    breaks = 'first';
    await expect(api.call('GET', '/')).resolves.toEqual({});
    expect(asked.length).toBe(2);
  });

  it.each(['POST', 'PATCH', 'PUT', 'DELETE'])('on a fresh one, a %s does not: the server may have acted on it', async (method) => {
    breaks = 'first';
    await expect(api.call(method, '/')).rejects.toThrow('socket hang up');
    expect(asked.length).toBe(1);
  });

  it('a server that never answers is given up after the third time', async () => {
    breaks = 'every';
    await expect(api.call('GET', '/')).rejects.toThrow('socket hang up');
    expect(asked.length).toBe(3);
  });
});
