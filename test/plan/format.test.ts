import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { formatJson } from '../../apps/plan/format/json';
import { COMMENT_LIMIT, escapeMarkdown, formatMarkdown } from '../../apps/plan/format/markdown';
import { formatText } from '../../apps/plan/format/text';
import { planSchema, RISKS, SECTIONS, type FindingGroup, type Plan, type ReleaseGroup } from '../../apps/plan/model';
import { example } from './example';
import { GETH, golden, planOf } from './trees';

const ROOT = join(__dirname, '../..');
const EMPTY = planOf(golden, golden);

const finding = (more: Partial<FindingGroup> = {}): FindingGroup => ({ section: 'volumes', risk: 'data loss', code: 'x', network: 'hoodi', what: 'a disk goes', refused: false, count: 1, places: { a: ['n'] }, ...more });
const release = (more: Partial<ReleaseGroup> = {}): ReleaseGroup => ({
  network: 'hoodi', component: 'execution', client: { from: 'geth', to: 'geth' }, version: { from: 'v1', to: 'v2' }, dataSchema: { from: '1', to: '1' }, changes: [], risk: 'restart when fired',
  nodes: 400, restarts: 400, volumeChanges: 0, permissionChanges: 0, places: { a: Array.from({ length: 400 }, (_, index) => `n-${index}`) }, ...more,
});
const plan = (more: Partial<Plan> = {}): Plan => ({ ...EMPTY, raw: { objects: 1, leftOut: 0, changes: [{ object: 'StatefulSet <node>', times: 400, first: 'a/b/c.yaml', diff: '- v1\n+ v2' }] }, ...more });

describe('the text', () => {
  it('says of a release what the reader wants to know, in one line', () => {
    expect(formatText(plan({ releases: [release()] }))).toContain('geth v1 to v2 (execution) on 400 nodes: 400 restarts needed, no volume change, no permission change');
  });

  it('puts refusals first in a section and says what to do', () => {
    const text = formatText(plan({ refused: true, findings: [finding({ refused: true, next: 'keep it' })] }));
    expect(text).toContain('REFUSED, 1 finding: not to be merged as it is.');
    expect(text).toMatch(/REFUSED \[data loss\] hoodi: a disk goes\n {4}a\/n\n {4}next: keep it/);
  });

  it('puts the raw difference last, and all of it only when asked', () => {
    const long = plan({ findings: [finding()], raw: { objects: 1, leftOut: 0, changes: [{ object: 'X', times: 1, first: 'f', diff: Array.from({ length: 100 }, (_, line) => `+ ${line}`).join('\n') }] } });
    expect(formatText(long).split('\n').length).toBeLessThan(40);
    expect(formatText(long)).toMatch(/\.\.\. 85 more lines: --raw shows them\.\n$/);
    expect(formatText(long, { raw: true })).toMatch(/\+ 99\n$/);
    expect(formatText(long).indexOf('Raw difference')).toBeGreaterThan(formatText(long).indexOf('Volumes'));
  });

  it('lets no control character of a declaration through', () => {
    expect(formatText(plan({ findings: [finding({ what: 'a\u001b[2Jb\u202ec\nd' })] }))).toContain('a\\u001b[2Jb\\u202ec\\nd');
  });
});

describe('the Markdown', () => {
  it.each([
    ['a [link](http://x) ![image](y)', 'a \\[link\\](http:<!-- -->//x) \\!\\[image\\](y)'],
    ['@ana and staking@example.com', '@<!-- -->ana and staking@<!-- -->example.com'],
    ['#12 GH-3', '\\#<!-- -->12 GH<!-- -->-3'],
    ['<script>&amp;', '&lt;script&gt;&amp;amp;'],
    ['a | b', 'a \\| b'],
    ['`code` *b* _i_ ~s~ $m$', '\\`code\\` \\*b\\* \\_i\\_ \\~s\\~ \\$m\\$'],
    ['two\n## lines', 'two\\\\n\\#\\# lines'],
    ['\u202eback\u200b', '\\\\u202eback\\\\u200b'],
    ['- item', '\\- item'],
    ['1. item', '\\1. item'],
    ['www.example.com', 'www<!-- -->.example.com'],
    ['back\\slash', 'back\\\\slash'],
  ])('shows %j as it is', (text, expected) => expect(escapeMarkdown(text)).toBe(expected));

  it('escapes what was declared wherever it stands', () => {
    const evil = '</details><b>@all</b> | `x` [y](z)';
    const { text } = formatMarkdown(plan({ notes: [evil], releases: [release({ network: evil, changes: [evil], version: { from: evil, to: 'v2' }, places: { [evil]: [evil] } })], findings: [finding({ what: evil, next: evil, network: evil, places: { [evil]: [evil] } })] }));
    const outsideOfFences = text.replace(/(`{3,})diff[\s\S]*?\1/g, '');
    expect(outsideOfFences).not.toContain('<b>');
    expect(outsideOfFences.match(/<\/details>/g)).toHaveLength(1);
    expect(outsideOfFences).not.toMatch(/@all|\[y\]\(z\)/);
  });

  it('fences the raw difference by more backticks than it holds', () => {
    const { text } = formatMarkdown(plan({ raw: { objects: 1, leftOut: 0, changes: [{ object: 'X', times: 1, first: 'f', diff: '+ ````\n+ </details>' }] } }));
    expect(text).toContain('\n`````diff\n');
    expect(text).toContain('<details><summary>Raw difference');
  });

  it('names every risk class that it counts, with its meaning', () => {
    const { text } = formatMarkdown(plan({ risks: { ...EMPTY.risks, 'data loss': 3 } }));
    expect(text).toContain(`| **data loss** | 3 | ${RISKS['data loss']} |`);
  });

  it('cuts the raw difference, says so, and never what is risky', () => {
    const findings = Array.from({ length: 200 }, (_, index) => finding({ what: `risky ${index}.` }));
    const changes = Array.from({ length: 2000 }, (_, index) => ({ object: `X ${index}`, times: 1, first: 'f', diff: `+ ${'x'.repeat(100)}` }));
    const { text, complete } = formatMarkdown(plan({ findings, raw: { objects: 2000, leftOut: 5, changes } }));
    expect(complete).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(COMMENT_LIMIT);
    expect(Buffer.byteLength(text)).toBeGreaterThan(COMMENT_LIMIT - 500);
    for (const { what } of findings) expect(text).toContain(what);
    const shown = text.match(/^# X \d+/gm)!.length;
    expect(text).toContain(`**The raw difference is cut: ${(2005 - shown).toLocaleString('en-US')} distinct changes of 2,005 distinct changes not shown.**`);
  });

  it('gives up names and harmless findings before anything risky', () => {
    const risky = Array.from({ length: 250 }, (_, index) => finding({ what: `risky ${index}. ${'y'.repeat(100)}`, places: { [`cluster-${index}`]: ['a'.repeat(30), 'b'.repeat(30)] } }));
    const harmless = Array.from({ length: 250 }, (_, index) => finding({ risk: 'harmless', what: `calm ${index}. ${'y'.repeat(100)}` }));
    const { text, complete } = formatMarkdown(plan({ findings: [...risky, ...harmless] }));
    expect(complete).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(COMMENT_LIMIT);
    for (const { what } of risky) expect(text).toContain(what);
    expect(text).toContain('- 250 harmless findings left out, to fit the comment.');
  });

  it('says that it is no plan to approve by where what is risky does not fit', () => {
    const findings = Array.from({ length: 2000 }, (_, index) => finding({ what: `risky ${index}. ${'y'.repeat(100)}`, refused: index === 0 }));
    const { text, complete } = formatMarkdown(plan({ refused: true, findings }));
    expect(complete).toBe(false);
    expect(text).toContain('REFUSED');
    expect(text).toContain("so don't approve by this comment");
    expect(Buffer.byteLength(text)).toBeLessThan(4096);
  });
});

describe('the JSON', () => {
  it('is of the committed schema', () => {
    const committed = JSON.parse(readFileSync(join(ROOT, 'apps/plan/plan.schema.json'), 'utf8')) as unknown;
    expect(JSON.parse(JSON.stringify(z.toJSONSchema(planSchema)))).toEqual(committed);
    expect(planSchema.parse(JSON.parse(formatJson(example())))).toEqual(example());
  });

  it('is refused where a field has no place in it', () => {
    expect(() => formatJson({ ...EMPTY, more: 1 } as Plan)).toThrow();
  });

  it('and every other format are the same, run after run', () => {
    for (const format of [formatJson, formatText, (one: Plan) => formatMarkdown(one).text]) expect(format(example())).toBe(format(example()));
  });

  it('holds nothing of a Secret', () => {
    const path = `${GETH}/secret.yaml`;
    const secret = (value: string): string => `apiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: staking-hoodi }\ndata: { key: ${value} }\nstringData: { other: ${value} }\n`;
    const [before, after] = ['aHVudGVyMg==', 'c3dvcmRmaXNo'];
    for (const one of [planOf(golden, new Map(golden).set(path, secret(after))), planOf(new Map(golden).set(path, secret(before)), new Map(golden).set(path, secret(after))), planOf(new Map(golden).set(path, secret(before)), golden)]) {
      const all = [formatJson(one), formatText(one, { raw: true }), formatMarkdown(one).text].join();
      expect(all).toContain('Secret');
      expect(all).not.toContain(before);
      expect(all).not.toContain(after);
    }
  });
});

describe('docs/plan.md', () => {
  const page = readFileSync(join(ROOT, 'docs/plan.md'), 'utf8');

  it('shows what is printed', () => {
    const [, shown] = /<!-- example:start -->\n```\n([\s\S]*?)```\n<!-- example:end -->/.exec(page)!;
    expect(shown).toBe(formatText(example()));
  });

  it('names every risk class with its meaning, and every section', () => {
    for (const [risk, meaning] of Object.entries(RISKS)) expect(page).toContain(`| \`${risk}\` | ${meaning} |`);
    for (const title of Object.values(SECTIONS)) expect(page).toContain(title);
  });
});
