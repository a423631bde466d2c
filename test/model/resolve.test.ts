import { describe, expect, it } from 'vitest';
import { parseFleet } from '../../model/load';
import type { Fleet, FleetNode } from '../../model/types';
import { FleetIndex } from '../../model/resolve';
import { baseFiles, replaced } from './base';
import { fakeCatalogue } from './fake-catalogue';

const base = parseFleet(baseFiles(), fakeCatalogue).fleet as Fleet;
const node = (fleet: Fleet, name: string, cluster = 'gke-a') => fleet.nodes.find((each) => each.name === name && each.cluster === cluster) as FleetNode;

describe('a resolved node', () => {
  const index = new FleetIndex(base, fakeCatalogue);

  it('has the releases of its ring', () => {
    expect(index.resolve(node(base, 'val-0')).clients).toEqual({
      engine: { client: 'oak', image: 'ghcr.io/example/oak', version: '1.0.0', dataSchema: 1 },
      signer: { client: 'seal', image: 'ghcr.io/example/seal', version: '2.0.0', dataSchema: 1 },
    });
    expect(index.resolve(node(base, 'val-2', 'eks-b')).clients['engine']?.version).toBe('1.1.0');
  });

  it('sees its peers, and is seen by them', () => {
    const sentry = index.resolve(node(base, 'sentry-0'));
    const validator = index.resolve(node(base, 'val-0'));

    expect(Object.keys(validator.peers)).toEqual(['sentry-0']);
    expect(validator.peers['sentry-0']).toMatchObject({ role: 'sentry', sameCluster: true, portBase: 30000, reach: { via: 'loadBalancer', addresses: { engine: '192.0.2.10' } } });
    expect(Object.keys(sentry.referrers)).toEqual(['val-0']);
    expect(sentry.referrers['val-0']).toMatchObject({ role: 'validator', sameCluster: true, portBase: 9000 });
    expect(index.resolve(node(base, 'val-2', 'eks-b')).peers['val-1']).toMatchObject({ sameCluster: false });
    expect(index.referrers(node(base, 'val-1')).map(({ name }) => name)).toEqual(['val-2']);
  });

  it('has its recorded addresses, none where none was recorded', () => {
    expect(index.resolve(node(base, 'sentry-0')).reach).toEqual({ via: 'loadBalancer', addresses: { engine: '192.0.2.10' } });
    expect(index.resolve(node(base, 'val-2', 'eks-b')).reach).toEqual({ via: 'loadBalancer', addresses: {} });
    expect(index.resolve(node(base, 'heron-0')).reach).toEqual({ via: 'hostNetwork', address: 'discovered' });
  });

  it('has the genesis and its content', () => {
    expect(index.resolve(node(base, 'heron-0'))).toMatchObject({ genesis: { file: 'genesis/heron-test.json' }, genesisContent: '{"chain":"heron-test"}\n' });
    expect(index.resolve(node(base, 'val-0'))).not.toHaveProperty('genesis');
  });

  it('is not referred to by retired nodes', () => {
    const file = 'nodes/gke-a/otter-main.yaml';
    const files = replaced(replaced(baseFiles(), file, '  - name: val-0\n', '  - name: val-0\n    state: retired\n'), file, '["0xAAAA0000"]', '[]');
    const fleet = parseFleet(files, fakeCatalogue).fleet as Fleet;

    expect(new FleetIndex(fleet, fakeCatalogue).referrers(node(fleet, 'sentry-0'))).toEqual([]);
  });

  it('wants its network declared', () => {
    expect(() => index.resolve({ ...node(base, 'val-0'), network: 'constructor' })).toThrow(new TypeError('node "val-0" is of network "constructor", which this fleet does not declare'));
  });
});
