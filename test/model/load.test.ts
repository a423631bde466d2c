import { afterEach, describe, expect, it, vi } from 'vitest';
import { FleetError, formatProblems, problemsToJson } from '../../model/errors';
import { parseFleet } from '../../model/load';
import { Locator } from '../../model/yaml';
import { baseFiles, type Files, replaced } from './base';
import { fakeCatalogue } from './fake-catalogue';

const NODES = 'nodes/gke-a/otter-main.yaml';

const parsed = (files: Files) => {
  const { fleet, problems } = parseFleet(files, fakeCatalogue);
  if (!fleet) throw new Error(formatProblems(problems));
  return fleet;
};
const codes = (files: Files) => parseFleet(files, fakeCatalogue).problems.map(({ code, value }) => [code, value]);

afterEach(() => vi.restoreAllMocks());

describe('a fleet', () => {
  it('carries names from files, defaults merged in, parsed options and canonical keys', () => {
    const fleet = parsed(baseFiles());

    expect(Object.values(fleet.clusters).map(({ name }) => name)).toEqual(['eks-b', 'gke-a']);
    expect(fleet.networks['otter-main']).toMatchObject({ name: 'otter-main', options: { epoch: 6 } });
    expect(fleet.networks['heron-test']?.genesisContent).toBe('{"chain":"heron-test"}\n');
    expect(fleet.nodes.find(({ name }) => name === 'val-0')).toEqual({
      name: 'val-0',
      cluster: 'gke-a',
      network: 'otter-main',
      state: 'running',
      role: 'validator',
      zone: 'europe-west1-b',
      clients: { engine: 'oak', signer: 'seal' },
      size: 'small',
      ring: 'all',
      reach: { via: 'outbound' },
      pools: {},
      resources: {},
      consumers: [],
      firstStart: 'refused',
      keys: ['aaaa0000'],
      ports: { base: 9000 },
      options: { fee: 'fee-1', sentries: ['sentry-0'], relay: false },
      source: { file: NODES, path: ['nodes', 0] },
    });
    expect(fleet.observed['gke-a']?.addresses).toEqual({ 'sentry-0': { engine: '192.0.2.10' } });
    expect(structuredClone(fleet)).toEqual(fleet);
  });

  it('replaces lists of the defaults, and merges maps at every depth', () => {
    const files = replaced(baseFiles(), NODES, '  size: small\n', '  size: small\n  resources: {engine: {cpus: 1, volumesGiB: {data: 50}}, signer: {cpus: 2}}\n  consumers: [{namespace: a, podLabels: {x: y}, component: engine, ports: [rpc]}]\n');
    const own = replaced(files, NODES, '  - name: val-1\n', '  - name: val-1\n    resources: {engine: {volumesGiB: {data: 60}}}\n    consumers: []\n');
    const withoutSentrySigner = replaced(own, NODES, '  - name: sentry-0\n    role: sentry\n    keys: []\n    ports: {base: 30000}\n    reach: {via: loadBalancer}\n', '');
    const noReference = replaced(withoutSentrySigner, NODES, '    options:\n      sentries: [sentry-0]\n', '');
    const fleet = parsed(new Map([...noReference].filter(([path]) => path !== 'observed/gke-a.yaml')));

    const [val0, val1] = fleet.nodes.filter(({ cluster, network }) => cluster === 'gke-a' && network === 'otter-main');
    expect(val0?.consumers.map(({ namespace }) => namespace)).toEqual(['a']);
    expect(val1?.consumers).toEqual([]);
    expect(val1?.resources).toEqual({ engine: { cpus: 1, volumesGiB: { data: 60 } }, signer: { cpus: 2 } });
  });

  it('takes nothing of a default reach whose way is another', () => {
    const files = replaced(baseFiles(), NODES, '  reach: {via: outbound}', '  reach: {via: nodePort, address: 192.0.2.5}');
    const moved = replaced(replaced(files, NODES, 'base: 9000', 'base: 30100'), NODES, 'base: 9010', 'base: 30110');

    expect(parsed(moved).nodes.find(({ name }) => name === 'sentry-0')?.reach).toEqual({ via: 'loadBalancer' });
  });

  it('reads the same from Windows line endings, and finds the same places', () => {
    const windows = new Map([...baseFiles()].map(([path, text]) => [path, path.endsWith('.yaml') ? text.replaceAll('\n', '\r\n') : text]));
    expect(parsed(windows)).toEqual(parsed(baseFiles()));

    const mistake = (files: Files) => parseFleet(replaced(files, NODES, 'size: small', 'size: smal'), fakeCatalogue).problems;
    expect(mistake(windows)).toEqual(mistake(baseFiles()));
  });

  it('looks for no position while nothing is wrong: that would parse every file again', () => {
    const place = vi.spyOn(Locator.prototype, 'place');

    expect(parseFleet(baseFiles(), fakeCatalogue).problems).toEqual([]);

    expect(place).not.toHaveBeenCalled();
  });

  it('takes names that every object has', () => {
    const files = baseFiles();
    for (const file of ['clusters/constructor.yaml', 'networks/constructor.yaml', 'nodes/constructor/constructor.yaml']) {
      expect(codes(new Map(files).set(file, '1')).map(([code]) => code)).toContain('wrong-type');
    }
    const heron = files.get('nodes/gke-a/heron-test.yaml')?.replace('bbbb0000', 'bbbb0001') ?? '';
    expect(codes(new Map(files).set('nodes/constructor/heron-test.yaml', heron))).toEqual([['unknown-cluster', 'constructor']]);
    const chain = replaced(files, 'networks/heron-test.yaml', 'chain: heron', 'chain: constructor');
    expect(codes(chain)).toEqual([['unknown-chain', 'constructor']]);
  });
});

describe('many mistakes', () => {
  const files = [
    ['settings.yaml', 'requireDigest: false', 'requireDigest: "no"'],
    ['clusters/eks-b.yaml', 'region: eu-central-1', 'regin: eu-central-1'],
    ['networks/heron-test.yaml', 'kind: testnet', 'kind: tesnet'],
    [NODES, '  size: small', '  size: smal'],
    [NODES, 'clients: {signer: seal}', 'clients: {signer: saal}'],
    ['nodes/gke-a/heron-test.yaml', 'role: voter', 'rol: voter'],
    ['observed/gke-a.yaml', '192.0.2.10', '192.0.2.1000'],
  ].reduce<Files>((all, [file = '', from = '', to = '']) => replaced(all, file, from, to), baseFiles()).set('cluster/x.yaml', 'a: 1');

  it('are reported all at once, each once, and without consequences of one another', () => {
    const { fleet, problems } = parseFleet(files, fakeCatalogue);

    expect(fleet).toBeUndefined();
    expect(problems.map(({ code, value, places }) => `${places[0]?.file}:${places[0]?.line} ${code} ${value}`)).toEqual([
      'cluster/x.yaml:1 unknown-file cluster/x.yaml',
      'clusters/eks-b.yaml:1 missing-key undefined',
      'clusters/eks-b.yaml:3 unknown-key regin',
      'networks/heron-test.yaml:2 wrong-value tesnet',
      'nodes/gke-a/heron-test.yaml:2 missing-key undefined',
      'nodes/gke-a/heron-test.yaml:4 unknown-key rol',
      'nodes/gke-a/otter-main.yaml:6 unknown-size smal',
      'nodes/gke-a/otter-main.yaml:15 unknown-client saal',
      'observed/gke-a.yaml:3 wrong-value 192.0.2.1000',
      'settings.yaml:2 wrong-type no',
    ]);
  });

  it('print with place, value, what is allowed, a suggestion and the next step', () => {
    const { problems } = parseFleet(replaced(baseFiles(), NODES, 'clients: {signer: seal}', 'clients: {signer: saal}'), fakeCatalogue);

    expect(formatProblems(problems, 'fleet')).toBe(
      [
        'fleet/nodes/gke-a/otter-main.yaml:15:23: error: client "saal" is unknown in component "signer" of chain "otter" [unknown-client]',
        '  value: "saal"',
        '  allowed: seal, stamp, bare',
        '  did you mean "seal"?',
        '  next: Choose a client that the chain definition knows for this component.',
        '',
        '1 error, 0 warnings',
      ].join('\n'),
    );
    expect(problemsToJson(problems)).toEqual({ errors: 1, warnings: 0, problems });
    expect(JSON.parse(JSON.stringify(problems))).toEqual(problems);
    expect(new FleetError(problems, 'fleet')).toMatchObject({ name: 'FleetError', problems, message: formatProblems(problems, 'fleet') });
  });

  it('name the second place, with labels', () => {
    const { problems } = parseFleet(replaced(baseFiles(), 'nodes/eks-b/otter-main.yaml', '"0xaaaa0003"', '"AAAA0000"'), fakeCatalogue);

    expect(formatProblems(problems).split('\n').slice(0, 4)).toEqual([
      'nodes/eks-b/otter-main.yaml:10:12: error: one validator key is declared 2 times, for "eks-b/val-2", "gke-a/val-0": it would sign from more than one place [duplicate-validator-key]',
      '  here: node "val-2" of otter-main in eks-b',
      '  and nodes/gke-a/otter-main.yaml:13:12: node "val-0" of otter-main in gke-a',
      '  value: "aaaa0000"',
    ]);
  });
});

describe('warnings', () => {
  it('leave the fleet usable', () => {
    const files = replaced(baseFiles(), 'nodes/gke-a/heron-test.yaml', '    state: running', '    state: running\n    firstStart: approved');
    const { fleet, problems } = parseFleet(files, fakeCatalogue);

    expect(problems.map(({ level }) => level)).toEqual(['warning']);
    expect(fleet?.nodes.find(({ name }) => name === 'heron-0')?.firstStart).toBe('approved');
  });
});

describe('a retired node', () => {
  const retired = replaced(replaced(baseFiles(), 'nodes/gke-a/heron-test.yaml', 'state: running', 'state: retired'), 'nodes/gke-a/heron-test.yaml', '["bbbb0000"]', '[]');

  it('gives its ports back, and keeps what it ran declared, by which its disks are sized', () => {
    const samePorts = replaced(retired, 'nodes/gke-a/heron-test.yaml', 'base: 8000', 'base: 9000');
    expect(codes(replaced(samePorts, 'nodes/gke-a/heron-test.yaml', 'clients: {node: stork}', 'clients: {node: goose}'))).toEqual([['undeclared-client', 'goose']]);
  });

  it('keeps its name', () => {
    expect(codes(replaced(retired, 'nodes/gke-a/heron-test.yaml', 'name: heron-0', 'name: val-0'))).toEqual([['duplicate-node', 'val-0']]);
  });
});
