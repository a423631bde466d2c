import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSynth } from '../../apps/synth';
import { ofKind, parseOne, parseYaml, type RenderedObject } from '../rendered';
import { GOLDEN, readTree, treeDifferences, type Tree } from './trees';

let folder: string;
let plain: Tree;
let helm: Tree;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stockade-golden-'));
  plain = await render('plain');
  helm = await render('helm');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function render(format: 'plain' | 'helm'): Promise<Tree> {
  const out = join(folder, format);
  let said = '';
  const stream = { write: (text: string) => (said += text) };
  const exitCode = await runSynth({ fleet: GOLDEN.fleet, out, format }, { stdout: stream, stderr: stream });
  expect(exitCode, said).toBe(0);
  return readTree(out);
}

describe('the golden fleet', () => {
  it('renders to the committed tree (`npm run golden` rewrites it)', () => {
    expect(treeDifferences(readTree(GOLDEN.dist), plain).join('\n')).toBe('');
  });

  it('says which file is missing, extra or different, and where', () => {
    const before = new Map([['same', 'x'], ['gone', 'x'], ['changed', 'a\nb\nc\n']]);
    const after = new Map([['same', 'x'], ['new', 'x'], ['changed', 'a\nB\nc\n']]);
    expect(treeDifferences(before, after)).toEqual(['different: changed\n  from line 2:\n  - b\n  + B', 'missing: gone', 'extra: new']);
  });

  it('notices a change of white space at the end of a file', () => {
    expect(treeDifferences(new Map([['a', 'x']]), new Map([['a', 'x\n']]))).toHaveLength(1);
  });
});

describe('the golden fleet as Helm charts', () => {
  const templatesOf = (chart: string): [string, string][] => [...helm].filter(([path]) => path.startsWith(`${chart}/templates/`));
  const charts = (): string[] => [...helm.keys()].filter((path) => path.endsWith('/Chart.yaml')).map((path) => path.slice(0, -'/Chart.yaml'.length));

  it('makes one chart for each cluster and namespace, and one for each platform', () => {
    const namespaces = [...plain.keys()].filter((path) => path.includes('/')).map((path) => path.split('/').slice(0, 2).join('/'));
    expect(charts().sort()).toEqual([...new Set(namespaces)].sort());
    for (const path of [...helm.keys()].filter((file) => file !== '.stockade')) {
      expect(charts().some((chart) => path === `${chart}/Chart.yaml` || path.startsWith(`${chart}/templates/`)), path).toBe(true);
    }
  });

  it('names each chart and gives it a version', () => {
    for (const chart of charts()) {
      const [cluster, name] = chart.split('/');
      expect(parseOne(helm.get(`${chart}/Chart.yaml`)!)).toEqual({
        apiVersion: 'v2',
        name,
        description: expect.stringContaining(`cluster ${cluster}`),
        type: 'application',
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      });
    }
  });

  it('keeps every PVC when its release goes', () => {
    const claims = ofKind(charts().flatMap((chart) => templatesOf(chart).flatMap(([, text]) => parseYaml(unescaped(text)))), 'PersistentVolumeClaim');
    expect(claims).toHaveLength(ofKind(objectsOf(plain), 'PersistentVolumeClaim').length);
    for (const { metadata } of claims) expect(metadata.annotations?.['helm.sh/resource-policy'], metadata.name).toBe('keep');
  });

  it('escapes what the template engine would take for its own', () => {
    const path = 'gke-golden/staking-hoodi/eth-gke-0/validator.yaml';
    expect(plain.get(path)).toContain('--graffiti=stockade {{ x }}');
    const template = helm.get('gke-golden/staking-hoodi/templates/eth-gke-0/validator.yaml')!;
    expect(template).toContain('--graffiti=stockade {{ "{{" }} x }}');
    expect(template.replaceAll(ESCAPED, '')).not.toContain('{{');
  });

  it('is the plain tree once Helm has read it, but for what a release adds to the quota', () => {
    const read = new Map([...helm].filter(([path]) => path.includes('/templates/')).map(([path, text]) => [path.replace('/templates/', '/'), unescaped(text)]));
    const expected = [...plain].filter(([path]) => path !== '.stockade');
    const quotas = expected.filter(([path]) => path.includes('/platform/networks/'));
    expect(quotas).toHaveLength(9);
    for (const [path] of quotas) expect(read.get(path), path).toContain("count/secrets: '10'");
    const withRoomForReleases = expected.map(([path, text]): [string, string] => [path, text.replace("count/secrets: '0'", "count/secrets: '10'")]);
    expect(treeDifferences(new Map(withRoomForReleases), read).join('\n')).toBe('');
  });

  const helmIsThere = spawnSync('helm', ['version', '--short'], { encoding: 'utf8' }).status === 0;
  it.skipIf(!helmIsThere)(`gives the plain objects through \`helm template\`${helmIsThere ? '' : ' (skipped: no helm on the PATH)'}`, () => {
    for (const chart of charts()) {
      const { status, stdout, stderr } = spawnSync('helm', ['template', 'release', join(folder, 'helm', chart)], { encoding: 'utf8', maxBuffer: 2 ** 28 });
      expect(status, stderr).toBe(0);
      const expected = templatesOf(chart).flatMap(([, text]) => parseYaml(unescaped(text)));
      expect(sorted(parseYaml(stdout)), chart).toEqual(sorted(expected));
    }
  });
});

const ESCAPED = '{{ "{{" }}';

/** What Go's template engine makes of the only action that is there: a text constant, printed. */
const unescaped = (template: string): string => template.replaceAll(ESCAPED, '{{');

const objectsOf = (tree: Tree): RenderedObject[] => [...tree].filter(([path]) => path.endsWith('.yaml')).flatMap(([, text]) => parseYaml(text));

const sorted = (objects: readonly RenderedObject[]): RenderedObject[] =>
  objects.filter((object) => object !== null).sort((a, b) => (identity(a) < identity(b) ? -1 : 1));

const identity = ({ kind, metadata }: RenderedObject): string => `${kind} ${metadata.namespace} ${metadata.name}`;
