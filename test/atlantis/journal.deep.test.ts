import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../chains';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import { loadFleet } from '../../model/load';
import { key } from '../keys/scratch-repository';
import { Checkout } from './checkout';
import { declareKey, keepPlan, placeKeys } from './key-changes';
import { ROOT } from './fleets';
import { AtlantisServer, missingPrograms, type PullRequest, type Ran } from './server';

const obstacle = missingPrograms(['openssl', 'openssl']);
const NETWORK = 'ethereum-hoodi';
const [ONE, OTHER] = ['eks-eu-north-1', 'eks-ap-southeast-1'] as const;
const LOCK = 'fleet/keys.lock';

/** The journal in pull requests, through the steps of the project `keys`. */
describe.skipIf(obstacle !== undefined)(`pull requests about keys${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-journal-'));
  const state = join(folder, 'state');
  const repository = new Checkout(join(folder, 'checkout'));
  const server = new AtlantisServer({ HOME: folder, STOCKADE_HOME: ROOT, STOCKADE_STATE: state });
  const nodeOf = (cluster: string): string => loadFleet(join(ROOT, 'fleet'), catalogue).fleet!.nodes.find((node) => node.cluster === cluster && node.network === NETWORK && node.keys.length > 0)!.name;

  const declare = (cluster: string, which: string): void => declareKey(repository, cluster, NETWORK, which);
  const place = (cluster: string): void => placeKeys(repository, `${cluster}/${nodeOf(cluster)}`);
  const placing = (name: string, cluster: string, which: string): PullRequest => repository.branch(name, () => (declare(cluster, which), place(cluster)));
  const lock = (revision: string): string => `${repository.git('show', `${revision}:${LOCK}`)}\n`;
  const step = (act: 'plan' | 'apply', pull: PullRequest): Ran => {
    repository.git('checkout', '--quiet', '--force', '--detach', pull.head);
    if (act === 'plan') keepPlan(repository, state);
    return server.project(pull, act, { name: 'keys', dir: 'infra/projects/keys', workflow: 'keys' });
  };

  beforeAll(() => repository.init());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('two that place one key: the second is refused once the first is merged', () => {
    const [first, second] = [placing('first', ONE, key('7')), placing('second', OTHER, key('7'))];
    // Each alone is right.
    for (const one of [second, first]) expect(step('plan', one)).toMatchObject({ code: 0 });
    expect(step('apply', first)).toMatchObject({ code: 0, output: expect.stringContaining('fleet/keys.lock is as planned') });
    repository.git('branch', '--force', 'main', first.head);

    expect(step('plan', second)).toMatchObject({ code: 1, output: expect.stringContaining("doesn't begin with what main has") });
    // Put together by hand, both lines in the journal: the rules refuse it.
    const own = lock(second.head).trimEnd().split('\n').at(-1)!;
    const both = repository.branch('both', () => {
      repository.write(LOCK, `${lock('main')}${own}\n`);
      declare(OTHER, key('7'));
    });
    expect(step('plan', both)).toMatchObject({ code: 1, output: expect.stringMatching(/keys-lock-/) });
  });

  it('one that declares a key elsewhere without a word in the journal is refused', () => {
    const path = `fleet/nodes/${ONE}/${NETWORK}.yaml`;
    const move = repository.branch('move', () => {
      repository.write(path, readFileSync(join(repository.folder, path), 'utf8').replace(new RegExp(`.*${key('7')}.*\n`), ''));
      declare(OTHER, key('7'));
    });
    expect(step('plan', move)).toMatchObject({ code: 1, output: expect.stringContaining('[keys-lock-') });
  });

  it('a journal that was written anew, whole and in agreement with the fleet, is refused by the simplest of programs', () => {
    const anew = append(parse(EMPTY_KEYS_LOCK), parse(lock('main')).entries, new Date());
    const rewritten = repository.branch('anew', () => repository.write(LOCK, anew));
    expect(step('plan', rewritten)).toMatchObject({ code: 1, output: expect.stringContaining("doesn't begin with what main has") });
  });

  it.each([
    ['shortened', (text: string) => `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`],
    ['edited', (text: string) => text.replace(ONE, OTHER)],
    ['emptied', () => ''],
    ['taken away', () => undefined],
  ])('a journal that was %s is refused', (how, change) => {
    const text = change(lock('main'));
    const changed = repository.branch(how.replace(' ', '-'), () => (text === undefined ? rmSync(join(repository.folder, LOCK)) : repository.write(LOCK, text)));
    expect(step('plan', changed)).toMatchObject({ code: 1, output: expect.stringMatching(/\[keys-lock-|fleet\/keys\.lock is gone/) });
  });

  it('what is applied is what was planned', () => {
    const planned = placing('later', ONE, key('6'));
    expect(step('plan', planned).code).toBe(0);
    repository.write('docs/note.md', 'x\n');
    repository.git('add', '--all', 'docs');
    repository.git('commit', '--quiet', '--message', 'After the plan');
    expect(step('apply', { ...planned, head: repository.git('rev-parse', 'HEAD') })).toMatchObject({ code: 1, output: expect.stringContaining('is not the one that was planned') });
    // The control.
    expect(step('apply', planned)).toMatchObject({ code: 0 });
  });
});
