import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EKS, stacks } from '../infra/aws/clusters';
import { codeSpans, page, readPages, RUNBOOKS, type Page } from './pages';

const runbooks = readPages().filter(({ path }) => path.startsWith(RUNBOOKS));
const controlPlane = runbooks.find(({ path }) => path.endsWith('/upgrade-control-plane.md'))!;
const { addOns } = stacks.context.fleet.infrastructure.aws;

/** Which stack applies a version, as the page's table says: `[version, stack]`. */
const rowsOf = ({ blocks }: Page): (readonly [string, string])[] =>
  blocks
    .filter(({ kind }) => kind === 'row')
    .map((block) => codeSpans(block))
    .flatMap(([list, ...names]) => (list === 'aws.addOns' ? names.filter((name) => name in addOns).map((name) => [name, names.find((one) => one.startsWith('<cluster>-'))!] as const) : []));

/** Which stacks of an EKS cluster ask Amazon for an add-on at this version. */
const appliedBy = (name: string): string[] =>
  ['<cluster>-cluster', '<cluster>-add-ons'].filter((stack) => stacks.resources(stack.replace('<cluster>', EKS[0]!.name), 'aws_eks_addon').some((one) => one['addon_version'] === addOns[name as keyof typeof addOns]));

describe('what the upgrade runbooks say is what the stacks do', () => {
  it('every add-on is in the table, at the stack that applies it', () => {
    const rows = rowsOf(controlPlane);
    expect(rows.map(([name]) => name).sort()).toEqual(Object.keys(addOns).sort());
    for (const [name, stack] of rows) expect([name, appliedBy(name)]).toEqual([name, [stack]]);
  });

  it('charts are applied by the add-ons stack', () => {
    const row = controlPlane.blocks.find(({ kind, text }) => kind === 'row' && text.startsWith('| `charts`'))!;
    expect(codeSpans(row)).toContain('<cluster>-add-ons');
    expect(stacks.resources(`${EKS[0]!.name}-add-ons`, 'helm_release').length).toBeGreaterThan(0);
    expect(stacks.resources(`${EKS[0]!.name}-cluster`, 'helm_release')).toEqual([]);
  });

  it('both pages and the checks know one skew of machines', () => {
    expect(readFileSync('model/checks/google.ts', 'utf8')).toMatch(/behind >= 0 && behind <= 2\b/);
    expect(readFileSync('model/checks/amazon.ts', 'utf8')).toMatch(/const SKEW = 3;/);
    for (const name of ['upgrade-control-plane', 'upgrade-pools']) {
      expect(runbooks.find(({ path }) => path.endsWith(`/${name}.md`))!.text.replaceAll('\n', ' ')).toMatch(/two minors (ahead of its machines|older) on GKE, three on EKS/);
    }
  });

  it('no runbook has anybody use -target: the steps pass nothing of a comment on', () => {
    expect(readFileSync('infra/atlantis/server/bin/terraform-plan', 'utf8')).not.toMatch(/COMMENT_ARGS/);
    expect(targets(runbooks)).toEqual([]);
  });
});

const targets = (pages: readonly Page[]): string[] => pages.flatMap(({ path, blocks }) => blocks.filter((block) => /(^|[\s`])-target\b/.test(block.text) && !block.text.includes('take no `-target`')).map(({ line }) => `${path}:${line}`));

describe('control', () => {
  it('a row at the wrong stack, and a -target, are found', () => {
    const wrong = page('docs/runbooks/bad.md', '| `aws.addOns`: `coreDns` | each `<cluster>-cluster` | |\n\n2. Apply one zone with `-target` first.');
    const [[name, stack]] = rowsOf(wrong) as [readonly [string, string]];
    expect(appliedBy(name)).not.toEqual([stack]);
    expect(targets([wrong])).toEqual(['docs/runbooks/bad.md:3']);
  });
});
