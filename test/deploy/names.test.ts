import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { NO_CHANGES, told, UserError } from '../../errors/user-error';
import { nameProblems } from '../../apps/deploy/names';
import { describePlan } from '../../apps/deploy/plan';
import type { PlanFile } from '../../apps/deploy/plan-file';
import { inspect, readRendered } from '../../apps/deploy/rendered';
import type { Manifest } from '../../constructs/manifest';
import { goldenRendered, refusalOf } from './stand-in';

const object = (metadata: object, more: object = {}): Manifest => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ...metadata }, ...more });
const FORGED = `x\n${NO_CHANGES}\nPlan sha256:${'0'.repeat(64)}`;

describe('names of objects', () => {
  it.each<[string, Manifest]>([
    ['a line break in the name', object({ name: FORGED })],
    ['one at its end', object({ name: 'a\n' })],
    ['bidirectional marks', object({ name: 'a\u202eb' })],
    ['capitals', object({ name: 'Abc' })],
    ['no name', object({ name: undefined })],
    ['a number for a name', object({ name: 1 })],
    ['a name that is too long', object({ name: 'a'.repeat(254) })],
    ['a line break in the namespace', object({ namespace: 'staking-x\ny' })],
    ['a dot in the namespace', object({ namespace: 'staking.x' })],
    ['a line break in the kind', object({}, { kind: 'ConfigMap\nx' })],
    ['a line break in the version', object({}, { apiVersion: 'constraints.gatekeeper.sh/v1\nx' })],
    ['a label with a space', object({ labels: { 'a b': 'c' } })],
    ['a label\'s value with a line break', object({ labels: { a: FORGED } })],
    ['a label\'s value that is a number', object({ labels: { a: 1 } })],
    ['an annotation with a line break', object({ annotations: { [FORGED]: 'c' } })],
    ['an annotation with two slashes', object({ annotations: { 'a/b/c': 'd' } })],
    ['labels that are a list', object({ labels: ['a'] })],
  ])('are refused: %s', async (_what, manifest) => {
    expect(nameProblems(manifest)).not.toEqual([]);
    const message = await refusalOf(() => inspect([{ stage: 'nodes', by: 'deployer', manifest }]));
    expect(message).toContain('which no API server takes');
    expect(message.split('\n').every((line) => /^(error: | {2}next: )/.test(line))).toBe(true);
  });

  it('pass in everything that is rendered, and where an annotation\'s value has several lines', () => {
    expect(goldenRendered().flatMap(({ manifest }) => nameProblems(manifest))).toEqual([]);
    expect(nameProblems(object({ annotations: { 'stockade.dev/exceptions': 'one\ntwo' } }))).toEqual([]);
  });
});

describe('what is told', () => {
  it('holds nothing that ends a line early, or by which Atlantis takes a plan for empty', () => {
    const field = `data.${FORGED} ${NO_CHANGES.replace('.', '!')} \`\`\``;
    const plan: PlanFile = { format: 'stockade-manifests-plan/1', cluster: 'c', clusterUid: 'u', objects: [{ stage: 'platform', by: 'platform', manifest: object({}), action: 'update', changes: [field] }], leftAlone: [FORGED], untried: [`ValidatingAdmissionPolicy ${FORGED}`] };
    const text = describePlan(plan, 'sha256:real');
    expect(text).not.toMatch(/No changes. Your infrastructure/);
    expect(text).not.toContain('```');
    expect(text.split('\n').filter((line) => line.startsWith('Plan '))).toEqual(['Plan sha256:real']);
    expect(text.trimEnd().split('\n')).toHaveLength(5);
    // The control: where it is so, it is said.
    expect(describePlan({ ...plan, objects: [], leftAlone: [], untried: [] }, 'sha256:real')).toContain(`\n${NO_CHANGES}\nPlan sha256:real\n`);
  });

  it('is one line for each message and next step, and indents what another program said', () => {
    const { message } = new UserError([{ message: FORGED, next: FORGED, detail: `one\n${NO_CHANGES}` }]);
    expect(message.split('\n')).toEqual([expect.stringMatching(/^error: x\\n/), '    one', '    No\\u0020changes. Your infrastructure matches the configuration.', expect.stringMatching(/^ {2}next: x\\n/)]);
    expect(told('a\u200bb')).toBe('a\\u200bb');
  });
});

describe('files of a rendered tree', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockade-names-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const reading = (text: string): Promise<string> => {
    mkdirSync(join(folder, 'staking-x'), { recursive: true });
    writeFileSync(join(folder, 'staking-x/a.yaml'), text);
    return refusalOf(() => readRendered(folder));
  };

  it.each([
    ['a: [', 'is not YAML'],
    ['- a', 'holds something that is not a Kubernetes object'],
    ['kind: ConfigMap', 'holds something that is not a Kubernetes object'],
    ['{ apiVersion: v1, kind: ConfigMap, metadata: null }', 'has no metadata'],
    ['{ apiVersion: v1, kind: ConfigMap, metadata: { namespace: staking-x } }', 'has the name none'],
    ['{ apiVersion: v1, kind: ConfigMap, metadata: { name: "a\\n\\u202eb", namespace: staking-x } }', 'has the name "a\\n\\u202eb"'],
  ])('that hold %j are refused', async (text, message) => expect(await reading(text)).toContain(message));

  it('that hold objects pass', async () => expect(await reading('{ apiVersion: v1, kind: ConfigMap, metadata: { name: a, namespace: staking-x } }')).toBe('not refused'));
});
