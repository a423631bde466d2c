import { describe, expect, it } from 'vitest';
import { brokenLinks, unknownNames, unseen, withoutWayIn } from './links';
import { describeFault, page, readPages } from './pages';

const pages = readPages();

describe('what pages lead to', () => {
  it('every link of every page leads to a file and a heading that are there', () => {
    expect(brokenLinks(pages).map(describeFault)).toEqual([]);
  });

  it('every runbook leads to how one gets in', () => {
    expect(withoutWayIn(pages).map(describeFault)).toEqual([]);
  });

  it('every runbook is found by what somebody sees', () => {
    expect(unseen(pages).map(describeFault)).toEqual([]);
  });

  it('files, fields and policies in backticks are there', () => {
    expect(unknownNames(pages).map(describeFault)).toEqual([]);
  });
});

describe('control: a page that is wrong', () => {
  const bad = page('docs/runbooks/bad.md', 'See [gone](gone.md),\n[no heading](stop-a-node.md#nowhere)\nand [right](stop-a-node.md#at-once).\n\nIn `fleet/nodes/<cluster>/<network>.yaml` and `apps/nowhere.ts` set `neverDeclared`, `gcp.upgradesHeld.until` and `aws.madeUpField`; policies `hold` and `be-nice`.\n');

  it('a file and a heading that are not there are found, each at its line', () => {
    const found = brokenLinks([...pages, bad]).filter((fault) => fault.page === bad.path);
    expect(found.map(({ problem }) => problem.split(',')[0])).toEqual(['links to gone.md', 'links to stop-a-node.md#nowhere']);
  });

  it('a runbook without the way in is found', () => {
    expect(withoutWayIn([...pages, bad]).map(({ page: path }) => path)).toEqual([bad.path]);
  });

  it('a runbook that no symptom leads to is found', () => {
    expect(unseen([...pages, bad]).map(({ page: path }) => path)).toEqual([bad.path]);
  });

  it('a made-up file, field and policy are found, and the real ones beside them are not', () => {
    expect(unknownNames([bad]).map(({ problem }) => problem.replace(/(,| but| which).*/, ''))).toEqual([
      'names the file apps/nowhere.ts',
      'names neverDeclared',
      'names aws.madeUpField',
      'names the policy be-nice',
    ]);
  });
});
