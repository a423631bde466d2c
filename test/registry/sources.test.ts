import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dockerCredentials } from '../../apps/registry/credentials';
import { isLoopback, locate, parseMirrors } from '../../apps/registry/reference';

describe('where an image is asked for', () => {
  it('Docker Hub has another host than name, and its official images a folder', () => {
    expect(locate('docker.io/ethereum/client-go')).toEqual({ host: 'registry-1.docker.io', repository: 'ethereum/client-go', credentialHost: 'docker.io' });
    expect(locate('docker.io/alpine')).toEqual({ host: 'registry-1.docker.io', repository: 'library/alpine', credentialHost: 'docker.io' });
    expect(locate('ghcr.io/paradigmxyz/reth')).toEqual({ host: 'ghcr.io', repository: 'paradigmxyz/reth', credentialHost: 'ghcr.io' });
  });

  it('a mirror takes over host, path and login', () => {
    const mirrors = parseMirrors(['docker.io=registry.example.com:5000/hub', 'ghcr.io=127.0.0.1:5001']);
    expect(locate('docker.io/alpine', mirrors)).toEqual({ host: 'registry.example.com:5000', repository: 'hub/library/alpine', credentialHost: 'registry.example.com:5000' });
    expect(locate('ghcr.io/a/b', mirrors)).toEqual({ host: '127.0.0.1:5001', repository: 'a/b', credentialHost: '127.0.0.1:5001' });
    expect(locate('quay.io/a/b', mirrors).host).toBe('quay.io');
  });

  it.each(['docker.io', 'docker.io=', '=a', 'docker.io=https://a', 'docker.io=a/../b?x', 'a=b=c'])('the mirror "%s" is refused', (value) => {
    expect(() => parseMirrors([value])).toThrow(`got "${value}"`);
  });

  it('one host has one mirror', () => {
    expect(() => parseMirrors(['docker.io=a', 'docker.io=b'])).toThrow('--mirror names "docker.io" twice');
  });

  it('only this machine is this machine', () => {
    expect(['localhost', 'localhost:5000', '127.0.0.1:5000', '[::1]:5000'].filter(isLoopback)).toHaveLength(4);
    expect(['localhost.example.com', '127.0.0.1.nip.io:80', '10.0.0.1', 'example.com:127'].filter(isLoopback)).toEqual([]);
  });
});

describe('docker logins', () => {
  const auth = (text: string): string => Buffer.from(text).toString('base64');
  const inline = (config: unknown) => dockerCredentials({ DOCKER_AUTH_CONFIG: JSON.stringify(config) });

  it('are found under every spelling of Docker Hub, and by host', async () => {
    for (const name of ['https://index.docker.io/v1/', 'docker.io', 'registry-1.docker.io']) {
      expect(await inline({ auths: { [name]: { auth: auth('ana:a:b') } } }).find('docker.io')).toEqual({ username: 'ana', password: 'a:b' });
    }
    const ghcr = inline({ auths: { 'https://ghcr.io': { username: 'ana', password: 'x' } } });
    expect(await ghcr.find('ghcr.io')).toEqual({ username: 'ana', password: 'x' });
    expect(await ghcr.find('ghcr.io.example.com')).toBeUndefined();
  });

  it('come from the environment before the file, and may be absent', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stockade-docker-'));
    expect(await dockerCredentials({ DOCKER_CONFIG: folder }).find('ghcr.io')).toBeUndefined();
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { 'ghcr.io': { auth: auth('file:f') } } }));
    expect(await dockerCredentials({ DOCKER_CONFIG: folder }).find('ghcr.io')).toEqual({ username: 'file', password: 'f' });
    const both = dockerCredentials({ DOCKER_CONFIG: folder, DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { 'ghcr.io': { auth: auth('env:e') } } }) });
    expect(await both.find('ghcr.io')).toEqual({ username: 'env', password: 'e' });
  });

  it('come from a credential helper, asked by name with the host on its input', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stockade-helper-'));
    const helper = join(folder, 'docker-credential-stockade-test');
    writeFileSync(helper, `#!/bin/sh\nread host\n[ "$1" = get ] && [ "$host" = ghcr.io ] || exit 1\necho '{"Username":"helped","Secret":"s"}'\n`);
    chmodSync(helper, 0o755);
    const path = process.env['PATH'];
    process.env['PATH'] = `${folder}:${path}`;
    try {
      expect(await inline({ credHelpers: { 'ghcr.io': 'stockade-test' } }).find('ghcr.io')).toEqual({ username: 'helped', password: 's' });
      await expect(inline({ credHelpers: { 'quay.io': 'stockade-test' } }).find('quay.io')).rejects.toThrow('docker-credential-stockade-test gave no credentials for "quay.io"');
    } finally {
      process.env['PATH'] = path;
    }
    await expect(inline({ credHelpers: { 'ghcr.io': '../../bin/sh' } }).find('ghcr.io')).rejects.toThrow('"../../bin/sh" is not the name of a credential helper');
  });

  it('that are broken are named by their place, without their content', async () => {
    const broken = dockerCredentials({ DOCKER_AUTH_CONFIG: '{"auths": {"ghcr.io": {"auth": "secret' });
    await expect(broken.find('ghcr.io')).rejects.toThrow(/^DOCKER_AUTH_CONFIG is not JSON$/);
    await expect(inline({ auths: { 'ghcr.io': { auth: auth('nocolon') } } }).find('ghcr.io')).rejects.toThrow('The "auth" of "ghcr.io" in DOCKER_AUTH_CONFIG is not base64 of user:password');
    await expect(inline({ auths: { 'ghcr.io': { identitytoken: 'jwt' } } }).find('ghcr.io')).rejects.toThrow('The login of "ghcr.io" is an identity token');
  });
});
