import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformError } from '../../apps/platform';
import { renderFleet } from '../../apps/render/render-fleet';
import { PROGRAMS, programFiles } from '../../apps/system';
import { problemsOfProgram } from '../../apps/system/program';
import { catalogue } from '../../chains';
import { wrongInRendered } from '../../infra/atlantis/accept';
import { loadFleet } from '../../model/load';
import { LABELS, networkNamespace, PROGRAM_NAMESPACES } from '../../naming';
import { GOLDEN, readTree, type Tree } from '../golden/trees';
import { validateObject } from '../kubernetes-schema';
import { ATTACKS } from './attacks';
import { painter, painterObjects } from './painter';

const fleet = loadFleet(GOLDEN.fleet, catalogue).fleet!;
const cluster = fleet.clusters['gke-golden']!;
const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof PlatformError) return error.message;
    throw error;
  }
  return 'not refused';
};

describe('what a program may be', () => {
  it('holds every object of a legitimate one, which Kubernetes takes', () => {
    expect(painterObjects.flatMap((object) => problemsOfProgram(object, painterObjects))).toEqual([]);
    expect(painterObjects.flatMap((object) => validateObject(object))).toEqual([]);
  });

  it.each(ATTACKS)('refuses %s', (_, object, said) => {
    const all = [...painterObjects.filter(({ kind, metadata }) => kind !== object.kind || metadata.name !== object.metadata.name), object];
    expect(problemsOfProgram(object, all).join('\n')).toContain(said);
    expect(refusal(() => programFiles(fleet, cluster, [{ name: 'attack', objects: () => all }]))).toMatch(new RegExp(`^(error: )?gke-golden: program "attack": ${object.kind} "[^]*\\bMend apps/system/attack\\.ts`));
  });

  it('tells a program\'s own disk from another\'s by its namespace too', () => {
    const [deployment, easel] = ['Deployment', 'PersistentVolumeClaim'].map((kind) => painterObjects.find((one) => one.kind === kind)!) as [(typeof painterObjects)[number], (typeof painterObjects)[number]];
    expect(problemsOfProgram(deployment, [easel])).toEqual([]);
    expect(problemsOfProgram(deployment, [{ ...easel, metadata: { ...easel.metadata, namespace: 'stockade-monitoring' } }]).join()).toContain('which no program declares');
  });

  it.each(['', 'Painter', '../painter', 'a/b', 'painter.', '0-painter', 'p'.repeat(64)])('takes no name of a file that is none: %j', (name) => {
    expect(refusal(() => programFiles(fleet, cluster, [{ ...painter, name }]))).toContain('its name is no DNS label');
  });

  it('takes one program of a name', () => {
    expect(refusal(() => programFiles(fleet, cluster, [painter, { ...painter, objects: () => [] }]))).toContain('two programs have this name');
  });

  it('has namespaces that no network can have', () => {
    // Every network's begins with this, whatever the network is called.
    expect(networkNamespace('stockade-system')).toBe(`${networkNamespace('')}stockade-system`);
    expect(PROGRAM_NAMESPACES.filter((name) => name.startsWith(networkNamespace('')))).toEqual([]);
  });
});

describe('programs among what is rendered', () => {
  let folder: string;
  const trees: Record<string, Tree> = {};
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stockade-programs-'));
    for (const format of ['plain', 'helm'] as const) {
      const out = join(folder, format, 'dist');
      await renderFleet(fleet, catalogue, { out, format, version: '0.0.0', programs: [{ name: 'absent', objects: () => [] }, { ...painter, objects: (_, { name }) => (name === 'gke-golden' ? painter.objects(fleet, cluster) : []) }] });
      trees[format] = readTree(out);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const others = (tree: Tree): [string, string][] => [...tree].filter(([path]) => !path.includes('/system/'));

  it('are a file each below platform/system/, in the clusters that they run in', () => {
    expect([...trees['plain']!.keys()].filter((path) => path.includes('system/'))).toEqual(['gke-golden/platform/system/painter.yaml']);
    expect(trees['plain']!.get('gke-golden/platform/system/painter.yaml')).toMatch(/^# Rendered for cluster gke-golden: do not edit/);
  });

  it('change nothing else; and the product, which has none yet, renders none', () => {
    expect(others(trees['plain']!)).toEqual([...readTree(GOLDEN.dist)]);
    expect(PROGRAMS).toEqual([]);
  });

  it('are in the chart of the platform, with braces that Helm leaves alone', () => {
    expect([...trees['helm']!.keys()].filter((path) => path.includes('system/'))).toEqual(['gke-golden/platform/templates/system/painter.yaml']);
    expect(trees['helm']!.get('gke-golden/platform/templates/system/painter.yaml')).toContain(`--colour={{ "{{" }} .Values.colour }}`);
    expect(trees['helm']!.has('gke-golden/platform/Chart.yaml')).toBe(true);
  });

  it('get past what looks at a pull request\'s output, which knows the folders of the platform and no others', async () => {
    expect(wrongInRendered(join(folder, 'plain'))).toEqual([]);
    const out = join(folder, 'accepted', 'dist');
    await renderFleet(fleet, catalogue, { out, format: 'plain', version: '0.0.0', programs: [painter] });
    for (const path of ['platform/programs/painter.yaml', 'platform/system/more/painter.yaml', 'system/painter.yaml', 'gatekeeper-templates/system/painter.yaml']) {
      cpSync(join(out, 'gke-golden/platform/system/painter.yaml'), join(out, 'gke-golden', path), { recursive: true });
      expect(wrongInRendered(join(folder, 'accepted')).join('\n')).toContain(`dist/gke-golden/${path}: a file that synth never writes`);
    }
  });
});

describe('a program\'s labels', () => {
  it('control: without a look at pods\' labels, a signer in disguise would pass', () => {
    const [, disguised] = ATTACKS.find(([what]) => what === 'pods labelled as a signer\'s')!;
    expect(Object.keys(disguised.metadata.labels ?? {})).not.toContain(LABELS.signer);
    expect(problemsOfProgram(disguised, painterObjects)).toHaveLength(1);
  });
});
