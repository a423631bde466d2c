import { describe, expect, it } from 'vitest';
import type { KeyHistory } from '../../apps/plan/rules/keys';
import { readDeclarations, type Declarations } from '../../model/keys/declarations';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import type { DraftEntry } from '../../model/keys/journal';
import { key } from '../keys/scratch-repository';
import { codes, edited, GETH, golden, only, planOf, without, type Editable, type Files } from './trees';

const at = (minutes: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minutes));
const place = (node: string, digit = '1'): DraftEntry => ({ act: 'place', key: key(digit), network: 'hoodi', cluster: 'gke-golden', node });
const retire = (node: string, digit = '1'): DraftEntry => ({ ...place(node, digit), act: 'retire', proof: 'the pod is gone, ana looked' });
const lock = (...steps: (readonly [Date, ...DraftEntry[]])[]): string => steps.reduce((text, [time, ...drafts]) => append(parse(text), drafts, time), EMPTY_KEYS_LOCK);

/** What a revision declares: the node of the journal, stopped, and its network's wait. */
const declared = ({ wait = 30, state = 'stopped' } = {}): Declarations =>
  readDeclarations(new Map([['networks/hoodi.yaml', `chain: ethereum\nkeyMoveWaitMinutes: ${wait}\n`], ['nodes/gke-golden/hoodi.yaml', `nodes: [{ name: a, state: ${state}, keys: ["${key('1').toUpperCase().replace('0X', '')}"] }]\n`]]));

const history = (base: string, head: string, more: Partial<KeyHistory> = {}): { keys: KeyHistory } => ({
  keys: { base: parse(base), head: parse(head), declared: { base: declared(), head: declared() }, now: at(300), baseName: 'main (aaaaaaaaaa)', ...more },
});

/** Lets a component's agent claim these keys besides its own. */
const claiming = (files: Files, path: string, change: (claims: { claim?: string }[]) => { claim?: string }[]): Files =>
  edited(files, path, 'ConfigMap', (object: Editable) => {
    const agent = JSON.parse((object['data'] as Record<string, string>)['agent.json']!) as { secrets: { claim?: string }[] };
    agent.secrets = change(agent.secrets);
    (object['data'] as Record<string, string>)['agent.json'] = JSON.stringify(agent, null, 2);
    object.metadata.name = object.metadata.name.replace(/.{10}$/, '0123456789');
  });
/** The workload mounts the ConfigMap of the other name that {@link claiming} gave it. */
const remounted = (files: Files): Files => new Map(files).set(GKE, files.get(GKE)!.replaceAll(/name: eth-gke-0-validator-[0-9a-f]{10}$/gm, 'name: eth-gke-0-validator-0123456789'));
const GKE = `${GETH}/validator.yaml`;
const EKS = 'eks-golden/staking-hoodi/eth-eks-0/validator.yaml';
const claimsOf = (files: Files, path: string): { claim?: string }[] => {
  let found: { claim?: string }[] = [];
  claiming(files, path, (claims) => (found = claims));
  return found.filter(({ claim }) => claim !== undefined);
};

describe('the journals', () => {
  it('tell of first placements', () => {
    const plan = planOf(golden, golden, history(EMPTY_KEYS_LOCK, lock([at(0), place('a')])));
    expect(only(plan, 'key-placed')).toMatchObject({ risk: 'second-signer risk', section: 'keys', network: 'hoodi', refused: false, places: { 'gke-golden': ['a'] } });
    expect(only(plan, 'key-placed').what).toMatch(/is placed at a for the first time/);
    expect(plan.refused).toBe(false);
  });

  it('tell of a retirement, with its proof', () => {
    const merged = lock([at(0), place('a')]);
    const plan = planOf(golden, golden, history(merged, append(parse(merged), [retire('a')], at(10))));
    expect(only(plan, 'key-retired').what).toMatch(/retired from a; proof: the pod is gone/);
  });

  it('refuse a retirement of a node that runs in what was merged, whatever the change makes of it', () => {
    const merged = lock([at(0), place('a')]);
    for (const state of ['stopped', 'retired']) {
      const plan = planOf(golden, golden, history(merged, append(parse(merged), [retire('a')], at(10)), { declared: { base: declared({ state: 'running' }), head: declared({ state }) } }));
      expect(only(plan, 'keys-not-stopped')).toMatchObject({ refused: true, section: 'keys', risk: 'second-signer risk' });
      // Spelled as it is declared.
      expect(only(plan, 'keys-not-stopped').what).toContain(`Key ${key('1').slice(2, 16)}...`);
    }
  });

  it('let a key be placed again once its retirement was merged and the wait is over', () => {
    const merged = lock([at(0), place('a')], [at(10), retire('a')]);
    const plan = planOf(golden, golden, history(merged, append(parse(merged), [place('b')], at(290))));
    expect(only(plan, 'key-placed').what).toMatch(/placed at b, after its retirement/);
    expect(plan.refused).toBe(false);
  });

  it('refuse a move in one step', () => {
    const merged = lock([at(0), place('a')]);
    const plan = planOf(golden, golden, history(merged, append(parse(append(parse(merged), [retire('a')], at(10))), [place('b')], at(200))));
    const refused = plan.findings.filter((one) => one.refused);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ section: 'keys', risk: 'second-signer risk' });
    expect(refused[0]!.next).toMatch(/\w/);
  });

  it('refuse a wait that the same change shortens', () => {
    const merged = lock([at(0), place('a')], [at(280), retire('a')]);
    const head = append(parse(merged), [place('b')], at(290));
    const plan = planOf(golden, golden, history(merged, head, { declared: { base: declared(), head: declared({ wait: 0 }) } }));
    expect(plan.refused).toBe(true);
    expect(only(plan, 'key-wait-changed')).toMatchObject({ risk: 'second-signer risk', what: 'the wait before a key is placed again goes from 30 to 20 minutes; this change itself is judged by the longer one' });
  });

  it('refuse history that was rewritten or damaged', () => {
    const merged = lock([at(0), place('a')]);
    expect(planOf(golden, golden, history(merged, lock([at(0), place('b')]))).refused).toBe(true);
    expect(planOf(golden, golden, history(merged, merged.replace('"a"', '"b"'))).refused).toBe(true);
  });
});

describe('a signer whose key the merged journal does not place', () => {
  const own = (path: string, files: Files = golden): DraftEntry[] => claimsOf(files, path).map(({ claim }) => ({ act: 'place', key: claim!, network: 'hoodi', cluster: 'gke-golden', node: 'eth-gke-0' }));
  const merged = lock([at(0), ...own(GKE)]);
  const scaled = (files: Files, replicas: number): Files => edited(files, GKE, 'StatefulSet', (object) => ((object['spec'] as { replicas: number }).replicas = replicas));
  const isNew = without(golden, `${GETH}/`);
  const more = claiming(golden, GKE, (claims) => [...claims, { ...claims[0], source: `networks/hoodi/keys/${key('1')}`, claim: key('1') }]);
  const both = append(parse(merged), [place('eth-gke-0')], at(10));

  it.each<[string, Files, Files, string]>([
    ['is new', isNew, golden, EMPTY_KEYS_LOCK],
    ['is started', scaled(golden, 0), golden, EMPTY_KEYS_LOCK],
    ['is new with one key of several', isNew, remounted(more), merged],
    ['has it placed elsewhere', isNew, golden, lock([at(0), ...own(GKE).map((entry) => ({ ...entry, node: 'eth-gke-1' }))])],
  ])('is refused where it %s and runs, whatever the change itself places', (_what, before, after, base) => {
    const found = only(planOf(before, after, history(base, base)), 'node-unmerged');
    expect(found).toMatchObject({ refused: true, risk: 'second-signer risk', section: 'keys', places: { 'gke-golden': ['eth-gke-0'] } });
    expect(found.next).toContain('Declare the node stopped in this change');
  });

  it('passes where it is merged, and where it is declared stopped', () => {
    expect(codes(planOf(isNew, golden, history(merged, merged)))).not.toContain('node-unmerged');
    const plan = planOf(isNew, scaled(golden, 0), history(EMPTY_KEYS_LOCK, merged));
    expect(only(plan, 'node-unmerged')).toMatchObject({ refused: false, what: expect.stringMatching(/^the StatefulSet of validator is left as it is until the journal is merged/) });
    expect(plan.findings.filter(({ refused, section }) => refused && section === 'keys')).toEqual([]);
  });

  it('goes on as it is where it runs and gets a key more', () => {
    expect(only(planOf(golden, remounted(more), history(merged, both)), 'node-unmerged').refused).toBe(false);
    expect(codes(planOf(golden, remounted(more), history(both, both)))).not.toContain('node-unmerged');
  });
});

describe('the rendered claims, whatever a journal says', () => {
  it('refuse a key that moves between clusters in one change', () => {
    const [moving] = claimsOf(golden, GKE);
    const less = claiming(golden, GKE, (claims) => claims.filter(({ claim }) => claim !== moving!.claim));
    const plan = planOf(golden, claiming(less, EKS, (claims) => [...claims, moving!]));
    expect(only(plan, 'key-moved')).toMatchObject({ refused: true, risk: 'second-signer risk', places: { 'eks-golden': ['eth-eks-0'] } });
    expect(only(plan, 'key-moved').what).toMatch(/from gke-golden\/eth-gke-0 in one change/);
  });

  it('refuse a key that two nodes claim, one of which did not change', () => {
    const [twice] = claimsOf(golden, GKE);
    const plan = planOf(golden, claiming(golden, EKS, (claims) => [...claims, twice!]));
    expect(only(plan, 'key-twice')).toMatchObject({ refused: true, places: { 'eks-golden': ['eth-eks-0'] } });
  });

  it('tell of keys that come and go, once for a node', () => {
    const plan = planOf(golden, claiming(golden, GKE, (claims) => [...claims.filter(({ claim }) => claim === undefined), { claim: 'new-1' }, { claim: 'new-2' }]));
    expect(only(plan, 'key-claimed')).toMatchObject({ refused: false, count: 1 });
    expect(only(plan, 'key-dropped').what).toMatch(/goes on signing until it is fired or stopped/);
  });

  it('tell of a first start that is approved', () => {
    const plan = planOf(golden, edited(golden, GKE, 'ConfigMap', (object) => {
      const data = object['data'] as Record<string, string>;
      const agent = JSON.parse(data['agent.json']!) as { guard: { firstStart: boolean } };
      agent.guard.firstStart = true;
      data['agent.json'] = JSON.stringify(agent, null, 2);
      object.metadata.name = object.metadata.name.replace(/.{10}$/, '0123456789');
    }));
    expect(only(plan, 'first-start')).toMatchObject({ risk: 'second-signer risk', section: 'keys' });
    expect(codes(plan)).not.toContain('key-claimed');
  });
});
