import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../constructs/manifest';
import { toYaml } from '../../apps/render/yaml';
import { ATTACKS } from '../system/attacks';
import { painted, painterObjects } from '../system/painter';
import { golden, planOf, type Files } from './trees';

const FILE = 'gke-golden/platform/system/painter.yaml';
const withFile = (objects: readonly Manifest[], path = FILE, files: Files = golden): Files => new Map(files).set(path, toYaml(objects));
const others = (object: Manifest): Manifest[] => painterObjects.filter(({ kind, metadata }) => kind !== object.kind || metadata.name !== object.metadata.name);
const before = withFile(painterObjects);
const changed = (...objects: readonly Manifest[]): Files => withFile(objects.reduce((left, object) => [...left.filter(({ kind, metadata }) => kind !== object.kind || metadata.name !== object.metadata.name), object], [...painterObjects] as Manifest[]));
const containers = (spec: Record<string, unknown>): Record<string, unknown>[] => spec['containers'] as Record<string, unknown>[];
const ofPrograms = (files: Files): string[] => planOf(before, files).findings.filter(({ section }) => section === 'programs').map(({ risk, what }) => `${risk}: ${what}`);

describe('a plan of programs', () => {
  it('says that a new one runs at once, under a heading of its own, and refuses nothing of a legitimate one', () => {
    const plan = planOf(golden, before);
    expect(plan.refused).toBe(false);
    expect(plan.releases).toEqual([]);
    expect(plan.findings.filter(({ section }) => section === 'programs').map(({ risk, code, what, places }) => [risk, code, what, places['gke-golden']])).toEqual(
      ['CronJob "painter-daily"', 'DaemonSet "painter-walls"', 'Deployment "painter"', 'Job "painter-once"', 'ReplicaSet "painter-still"', 'StatefulSet "painter-store"'].map((name) => ['interrupting', 'program-added', `${name} is new: it runs as soon as it is applied`, [`stockade-system/${name.replace(' "', '/').replace('"', '')}`]]),
    );
    expect(plan.findings.filter(({ code }) => ['unknown-kind', 'component-added', 'more-than-one', 'disarmed', 'weakened'].includes(code))).toEqual([]);
    expect(plan.findings.filter(({ code }) => code === 'right-gained').map(({ what }) => what)).toEqual(['ServiceAccount stockade-system/painter gains get on configmaps in stockade-system']);
  });

  it('says what restarts, and of which container what changes', () => {
    expect(ofPrograms(changed(painted('Deployment', (_, { template }) => (containers(template.spec)[0]!['image'] = 'registry.example.com/painter:1.1.0'))))).toEqual(['interrupting: Deployment "painter" changes containers.painter.image: its pods are replaced as soon as it is applied']);
    expect(ofPrograms(changed(painted('CronJob', (_, { jobTemplate }) => (containers(jobTemplate.spec.template.spec)[0]!['args'] = []))))).toEqual(['interrupting: CronJob "painter-daily" changes containers.painter.args from its next run on']);
    expect(ofPrograms(changed(painted('CronJob', (_, spec) => (spec['schedule'] = '* * * * *'))))).toEqual(['interrupting: CronJob "painter-daily" changes schedule at once']);
    expect(ofPrograms(changed(painted('StatefulSet', (_, spec) => (spec['replicas'] = 1))))).toEqual(['interrupting: StatefulSet "painter-store" goes from 3 to 1 replicas at once']);
  });

  it('says that one that goes runs on', () => {
    const plan = planOf(before, withFile(others(painted('Deployment', () => undefined))));
    expect(plan.findings.filter(({ section }) => section === 'programs').map(({ what }) => what)).toEqual(['Deployment "painter" is no longer rendered: nothing removes it, and it runs on until somebody deletes it']);
  });

  it.each([
    ['Deployment', 'selector', 'matchLabels'],
    ['DaemonSet', 'selector', 'matchLabels'],
    ['StatefulSet', 'serviceName', undefined],
    ['Job', 'completionMode', undefined],
  ])('refuses what the API server keeps for good: of a %s its %s', (kind, field, inner) => {
    const plan = planOf(before, changed(painted(kind, (_, spec) => (spec[field] = inner === undefined ? 'other' : { [inner]: { other: 'yes' } }))));
    expect(plan.findings.filter(({ refused }) => refused).map(({ code, what }) => [code, what.includes(`${field} of ${kind}`)])).toEqual([['program-immutable', true]]);
  });

  it('refuses another template of a Job, and says how to have one', () => {
    const [finding] = planOf(before, changed(painted('Job', (_, { template }) => (containers(template.spec)[0]!['image'] = 'registry.example.com/painter:1.1.0')))).findings.filter(({ refused }) => refused);
    expect(finding).toMatchObject({ code: 'program-immutable', next: 'Give it another name; what has the old one is deleted by hand.' });
  });

  it('tells how a pod is held less tightly than before', () => {
    const plan = planOf(before, changed(painted('Deployment', (_, { template }) => ((template.spec['hostPID'] = true), (template.spec['volumes']).push({ name: 'x', hostPath: { path: '/var/lib/kubelet' } })))));
    expect(plan.findings.filter(({ code }) => code === 'weakened').map(({ section, risk, what }) => [section, risk, what])).toEqual([
      ['exceptions', 'hardening', 'Deployment "painter": host path /var/lib/kubelet is mounted'],
      ['exceptions', 'hardening', 'Deployment "painter": hostPID is on'],
    ]);
  });

  it.each(ATTACKS)('refuses %s', (_, object, said) => {
    const { findings, refused } = planOf(golden, withFile([...others(object), object]));
    expect(refused).toBe(true);
    expect(findings.filter(({ code, section, risk }) => code === 'program-refused' && section === 'programs' && risk === 'second-signer risk').map(({ what }) => what).join('\n')).toContain(said);
  });

  it.each([
    ['a CronJob in the folder of a node', 'gke-golden/staking-hoodi/eth-gke-0/daily.yaml', painted('CronJob', ({ metadata }) => (metadata.namespace = 'staking-hoodi'))],
    ['a Deployment of the system, beside the platform', 'gke-golden/platform/painter.yaml', painted('Deployment', ({ metadata }) => (metadata.namespace = 'kube-system'))],
    ['a bare pod among nodes', 'gke-golden/staking-hoodi/eth-gke-0/pod.yaml', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', namespace: 'staking-hoodi' }, spec: {} }],
  ])('refuses %s', (_, path, object) => {
    const plan = planOf(golden, withFile([object], path));
    expect(plan.findings.filter(({ refused }) => refused).map(({ code, what }) => [code, what.includes('outside platform/system/: it could start a second signer')])).toEqual([['program-refused', true]]);
  });

  it('control: a node\'s own StatefulSet and ConfigMaps are no program', () => {
    expect(planOf(new Map(), golden).findings.filter(({ section }) => section === 'programs')).toEqual([]);
  });
});
