import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { indexOf, startFakeRegistry, type FakeRegistry } from './fake-registry';
import { networkOf, runPin, scratchFleet } from './run-pin';

let registry: FakeRegistry;
beforeEach(async () => {
  registry = await startFakeRegistry();
});
afterEach(() => registry.close());
const agent = (): string => `${registry.host}/example/agent`;
const geth = (): string => `${registry.host}/ethereum/client-go`;

describe('npm run pin', { timeout: 30_000 }, () => {
  it('pins every release and the agent, once; a second run has nothing to do', async () => {
    const digests = ['v2', 'v1'].map((tag) => registry.publish('ethereum/client-go', tag, { ...indexOf('linux/amd64'), annotations: { tag } }));
    const agentDigest = registry.publish('example/agent', 'v1.0.0', indexOf('linux/amd64', 'linux/arm64'));
    const fleet = scratchFleet({ hoodi: networkOf(geth(), ['v2', 'v1']), sepolia: networkOf(geth(), ['v2']) }, agent());

    const ran = await runPin(fleet.folder, []);
    expect(ran.stderr).toBe('');
    expect(ran.stdout.split('\n')).toContain(`${fleet.folder}/networks/hoodi.yaml:12: ${geth()}:v2 ${digests[0]}`);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('4 pinned, 0 had a digest already, 0 left without one.') });
    expect(registry.requests.filter((request) => request.startsWith('HEAD'))).toHaveLength(3); // the shared tag once
    expect(fleet.read('networks/hoodi.yaml')).toContain(`- version: "v1"   # see the changelog\n          digest: ${digests[1]}\n`);
    expect(fleet.read('networks/sepolia.yaml')).toContain(`digest: ${digests[0]}\n`);
    expect(fleet.read('settings.yaml')).toContain(`  version: v1.0.0 # built by release.yml\n  digest: ${agentDigest}\n`);

    const before = registry.requests.length;
    expect((await runPin(fleet.folder, [])).stdout).toBe('0 pinned, 4 had a digest already, 0 left without one.\n');
    expect(registry.requests).toHaveLength(before);
    expect(await runPin(fleet.folder, ['--check'])).toMatchObject({ code: 0, stdout: '4 of 4 digests are what their tags stand for; 0 of 4 images have no digest.\n' });
  });

  it('leaves a file alone when one of its tags fails, and pins the others', async () => {
    registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    registry.publish('ethereum/client-go', 'arm', indexOf('linux/arm64'));
    registry.publish('example/agent', 'v1.0.0', indexOf('linux/amd64'));
    const fleet = scratchFleet({ broken: networkOf(geth(), ['v1', 'v9', 'arm']), whole: networkOf(geth(), ['v1']) }, agent());
    const before = fleet.read('networks/broken.yaml');

    const ran = await runPin(fleet.folder, []);
    expect(ran.code).toBe(1);
    expect(fleet.read('networks/broken.yaml')).toBe(before);
    expect(fleet.read('networks/whole.yaml')).toContain('digest: sha256:');
    expect(ran.stdout).toContain('2 pinned, 0 had a digest already, 3 left without one.');
    expect(ran.stderr).toContain(`${fleet.folder}/networks/broken.yaml:14:20: error: ${registry.host} knows no ${geth()}:v9 [pin-unknown-tag]`);
    expect(ran.stderr).toContain('next: Correct the image or the version, or push it first.');
    expect(ran.stderr).toContain('networks/broken.yaml:16:20');
    expect(ran.stderr).toContain('has no linux/amd64 image; it offers linux/arm64');
    expect(ran.stderr).toContain('2 errors, 0 warnings');
    expect(readdirSync(join(fleet.folder, 'networks'))).toEqual(['broken.yaml', 'whole.yaml']);
  });

  it('writes nothing on a dry run', async () => {
    registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    registry.publish('example/agent', 'v1.0.0', indexOf('linux/amd64'));
    const fleet = scratchFleet({ hoodi: networkOf(geth(), ['v1']) }, agent());
    const before = fleet.read('networks/hoodi.yaml');
    expect(await runPin(fleet.folder, ['--dry-run'])).toMatchObject({ code: 0, stdout: expect.stringContaining('2 would be pinned') });
    expect(fleet.read('networks/hoodi.yaml')).toBe(before);
  });

  it('--check names both digests of a tag that moved, and writes nothing', async () => {
    const old = registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    registry.publish('example/agent', 'v1.0.0', indexOf('linux/amd64'));
    const fleet = scratchFleet({ hoodi: networkOf(geth(), ['v1']) }, agent());
    await runPin(fleet.folder, ['--network', 'hoodi']);
    const pinned = fleet.read('networks/hoodi.yaml');
    const now = registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64', 'linux/riscv64'));

    const ran = await runPin(fleet.folder, ['--check']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(`networks/hoodi.yaml:13:19: error: The tag ${geth()}:v1 has moved: pinned is ${old}, the registry now says ${now} [pin-moved-tag]`);
    expect(ran.stdout).toBe('0 of 1 digests are what their tags stand for; 1 of 2 images have no digest.\n');
    expect(fleet.read('networks/hoodi.yaml')).toBe(pinned);
  });

  it('filters, and does not take a misspelt filter for "nothing to do"', async () => {
    registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    const fleet = scratchFleet({ hoodi: networkOf(geth(), ['v1']), sepolia: networkOf(geth(), ['v1']) }, agent());
    expect((await runPin(fleet.folder, ['--network', 'hoodi', '--client', 'geth'])).stdout).toContain('1 pinned, 0 had');
    expect(fleet.read('networks/sepolia.yaml')).not.toContain('digest');
    const misspelt = await runPin(fleet.folder, ['--network', 'hodi']);
    expect(misspelt).toMatchObject({ code: 1, stdout: '' });
    expect(misspelt.stderr).toContain('No image of network "hodi" is declared');
    expect(misspelt.stderr).toContain('did you mean "hoodi"?');
  });

  it('asks a mirror, and logs in without showing how', async () => {
    const digest = registry.publish('hub/library/geth', 'v1', indexOf('linux/amd64'));
    registry.misbehave((request, response) =>
      request.headers.authorization !== `Basic ${Buffer.from('robot:s3cret-token').toString('base64')}` &&
      (response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(), true));
    const fleet = scratchFleet({ hoodi: networkOf('docker.io/geth', ['v1']) }, agent());
    const args = ['--network', 'hoodi', '--mirror', `docker.io=${registry.host}/hub`];
    const login = (password: string) => ({ DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [registry.host]: { username: 'robot', password } } }) });

    const refused = await runPin(fleet.folder, args, login('wr0ng-token'));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('[pin-unauthorized]');
    expect(refused.stdout + refused.stderr).not.toContain('wr0ng-token');
    const ran = await runPin(fleet.folder, args, login('s3cret-token'));
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain(`docker.io/geth:v1 ${digest}`);
    expect(ran.stdout).not.toContain('s3cret-token');
  });

  it('names every broken file and asks nobody', async () => {
    const fleet = scratchFleet({ a: 'chain: [\n', b: 'chain: ethereum\n' }, agent());
    const ran = await runPin(fleet.folder, []);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('networks/a.yaml:');
    expect(ran.stderr).toContain('networks/b.yaml:1:1: error: ');
    expect(registry.requests).toEqual([]);
  });

  it('refuses what another run may be writing', async () => {
    registry.publish('ethereum/client-go', 'v1', indexOf('linux/amd64'));
    const fleet = scratchFleet({ hoodi: networkOf(geth(), ['v1']) }, agent());
    writeFileSync(join(fleet.folder, 'networks/.hoodi.yaml.new'), 'half');
    const ran = await runPin(fleet.folder, ['--network', 'hoodi']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('another run is writing hoodi.yaml, or one was killed while it did');
    expect(fleet.read('networks/hoodi.yaml')).not.toContain('digest');
  });

  it.each([
    ['--mirror', 'docker.io', '--mirror is host=host[/prefix]'],
    ['--timeout', '0', 'expected a whole number from 1 to 3600, got "0"'],
  ])('rejects %s %s', async (option, value, message) => {
    const fleet = scratchFleet({}, agent());
    const ran = await runPin(fleet.folder, [option, value]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(message);
  });
});
