import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { formatJson } from '../../apps/plan/format/json';
import { refusedByPlan } from '../../apps/plan/trusted-plan';
import { golden, planOf } from './trees';

describe('the plan that people read, in front of a step', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-plan-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const BASE = 'b'.repeat(40);
  const CLUSTER = 'gke-golden';
  const empty = { ...planOf(golden, golden), base: { name: 'main', revision: BASE, nodes: 11, clusters: 2, digest: planOf(golden, golden).base.digest } };
  const finding = { section: 'volumes', risk: 'data loss', code: 'x', what: 'a disk goes', refused: true, next: 'keep it', count: 1, places: { [CLUSTER]: ['n'] } } as const;
  const file = join(folder, 'plan.json');
  const refused = (base: string | undefined = BASE): string[] => refusedByPlan(file, base, ({ section, places }) => section === 'keys' || Object.hasOwn(places, CLUSTER)).map(({ message, next }) => `${message} | ${next}`);
  const withFindings = (findings: readonly object[]): string[] => {
    writeFileSync(file, formatJson({ ...empty, refused: findings.length > 0, findings: findings as never }));
    return refused();
  };

  it('lets pass what it does not refuse, or refuses elsewhere', () => {
    expect(withFindings([])).toEqual([]);
    expect(withFindings([{ ...finding, places: { 'eks-golden': ['n'] } }])).toEqual([]);
    expect(withFindings([{ ...finding, refused: false }])).toEqual([]);
  });

  it('stops the step by what it refuses of what the step is about', () => {
    expect(withFindings([finding])).toEqual([`the plan of this change refuses: a disk goes (${CLUSTER}/n) | keep it`]);
    expect(withFindings([{ ...finding, section: 'keys', places: { 'keys.lock': ['line 2'] } }])).toHaveLength(1);
  });

  it('stops it where it is absent, cut, of another form, or compares with what is no longer merged', () => {
    withFindings([]);
    expect(refused('c'.repeat(40))).toEqual([expect.stringContaining(`compares with ${BASE}, and ${'c'.repeat(40)} is merged now`)]);
    writeFileSync(file, formatJson(empty).slice(0, -20));
    expect(refused()).toEqual([expect.stringContaining('there is no readable plan')]);
    writeFileSync(file, readFileSync(join(__dirname, '../../package.json')));
    expect(refused()).toEqual([expect.stringContaining('there is no readable plan')]);
    rmSync(file);
    expect(refused()).toEqual([expect.stringContaining('there is no readable plan')]);
  });
});
