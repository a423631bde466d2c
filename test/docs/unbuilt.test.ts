import { describe, expect, it } from 'vitest';
import { describeFault, page, readPages } from './pages';
import { promises, unbuilt } from './unbuilt';

const pages = readPages();
const list = unbuilt(pages.find(({ path }) => path === 'docs/architecture.md')!);

describe('what is not built', () => {
  it('is listed, each with the words by which pages speak of it', () => {
    expect(list.map(({ thing }) => thing).length).toBeGreaterThan(4);
    for (const { words } of list) expect(words.length).toBeGreaterThan(0);
  });

  it('is promised by no page', () => {
    expect(promises(pages, list).map(describeFault)).toEqual([]);
  });
});

describe('control', () => {
  const bad = (text: string) => promises([page('docs/runbooks/bad.md', text)], list);

  // What lose-a-region.md told a tired person.
  it.each([
    ['While it is away no claim is renewed, so no new claim is given, and holders that cannot renew stop: the claim on a key is kept by the secret manager.', 2],
    ['Place the keys there. Chain data comes from the snapshot bucket: one is in each cloud.', 1],
    ['1. The rollout engine removes it.\n2. The rollout engine is not built.', 1],
  ])('a runbook that promises it is found: %s', (text, faults) => {
    expect(bad(text)).toHaveLength(faults);
  });

  it('one that says that it is not there passes', () => {
    expect(bad('Snapshots are not built: a new node syncs from the network.')).toEqual([]);
  });

  it('saying so once, elsewhere on the page, is not enough for a runbook, and is for a page of ideas', () => {
    const text = 'Snapshots are not built.\n\nStart it from a snapshot.';
    expect(bad(text)).toHaveLength(1);
    expect(promises([page('docs/costs.md', text)], list)).toEqual([]);
    expect(promises([page('docs/costs.md', 'Start it from a snapshot.')], list)).toHaveLength(1);
  });

  it('an entry of the list without words is refused', () => {
    expect(() => unbuilt(page('docs/architecture.md', '## Not built yet\n- **A thing**, somewhere.\n'))).toThrow(/docs\/architecture.md:2/);
    expect(() => unbuilt(page('docs/architecture.md', 'All is built.\n'))).toThrow(/no list/);
  });
});
