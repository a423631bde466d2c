import { afterAll, describe, expect, it, vi } from 'vitest';
import * as manifests from '../../constructs/manifest';
import { everySample } from '../chains/every-chain';
import { propsOf, yamlOf } from '../staking-nodes';

const compared = new Set<string>();
const { manifestOf } = manifests;
// A spy, not a mock of the module: other files of this process share the module, and get it back.
const spy = vi.spyOn(manifests, 'manifestOf').mockImplementation((kind, props) => {
  const manifest = manifestOf(kind, props);
  compared.add(manifest.kind);
  expect(JSON.parse(JSON.stringify(manifest))).toEqual(JSON.parse(JSON.stringify(kind.manifest(props))));
  return manifest;
});
afterAll(() => spy.mockRestore());

describe('manifestOf', () => {
  it('makes of every object of every sample what the typed L1 makes of it', () => {
    const samples = everySample().filter((_, index) => index % 61 === 0);
    for (const sample of samples) for (const cloud of ['gcp', 'aws'] as const) yamlOf(propsOf(sample, { cloud }));
    expect([...compared].sort()).toEqual(
      ['ConfigMap', 'NetworkPolicy', 'PersistentVolumeClaim', 'PodDisruptionBudget', 'Role', 'RoleBinding', 'Service', 'ServiceAccount', 'StatefulSet'],
    );
  });
});
