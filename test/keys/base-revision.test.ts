import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveCommit } from '../../workspace/base-revision';
import { fleetAt } from '../../model/keys/at-commit';
import { fleetOnDisk } from '../../model/keys/on-disk';
import { key, ScratchRepository } from './scratch-repository';

let repository: ScratchRepository;
beforeEach(() => {
  repository = new ScratchRepository();
  repository.declare({ 'eu/eth-0': { keys: [key('a')] } }).commit('First').git('update-ref', 'refs/remotes/origin/main', 'HEAD');
});
afterEach(() => repository.remove());

/** Written so many days ago. */
function fetched(file: string, text: string, days: number): void {
  const path = join(repository.folder, '.git', file);
  writeFileSync(path, text);
  utimesSync(path, Date.now() / 1000 - days * 86_400, Date.now() / 1000 - days * 86_400);
}

describe('origin/main', () => {
  const stale = async (revision?: string): Promise<string | undefined> => (await resolveCommit(join(repository.folder, 'fleet'), revision))?.stale;
  const FETCH_HEAD = "0000000000000000000000000000000000000000\t\tbranch 'main' of github.com:example-staking/fleet\n";

  it('says how old it is, from a day on', async () => {
    repository.git('config', 'core.logAllRefUpdates', 'false');
    repository.git('update-ref', '-d', 'refs/remotes/origin/main');
    repository.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    fetched('FETCH_HEAD', FETCH_HEAD, 9.5);
    expect(await stale()).toBe('origin/main was last fetched 9 days ago, and what was merged since is not looked at; git fetch origin');
    expect(await stale('origin/main')).toContain('9 days ago');
    // Another branch says nothing of this one.
    fetched('FETCH_HEAD', FETCH_HEAD.replace("'main'", "'other'"), 0);
    expect(await stale()).toBeUndefined();
    fetched('FETCH_HEAD', FETCH_HEAD, 0.5);
    expect(await stale()).toBeUndefined();
    expect(await stale('main')).toBeUndefined();
  });

  it('warns whoever judges by it', async () => {
    repository.git('config', 'core.logAllRefUpdates', 'false');
    repository.git('update-ref', '-d', 'refs/remotes/origin/main');
    repository.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    fetched('FETCH_HEAD', FETCH_HEAD, 3);
    expect((await repository.keys('place', '--all-new')).stderr).toContain('warning: origin/main was last fetched 3 days ago');
  });
});

describe('a fleet at a commit', () => {
  it('is what git has, whatever lies on the disk, and links and code are no part of it', async () => {
    const folder = join(repository.folder, 'fleet');
    const before = fleetOnDisk(folder);
    repository.git('rm', '--quiet', '-r', 'fleet/nodes');
    repository.write('fleet/networks/hoodi.yaml', 'chain: other\n');
    const commit = (await resolveCommit(folder, 'main'))!;
    expect(await fleetAt(folder, commit)).toEqual(before);
    expect([...before.keys()].sort()).toEqual(['clusters/eu.yaml', 'clusters/us.yaml', 'networks/hoodi.yaml', 'nodes/eu/hoodi.yaml', 'nodes/us/hoodi.yaml', 'settings.yaml']);
    expect(fleetOnDisk(folder).get('networks/hoodi.yaml')).toBe('chain: other\n');
  });
});
