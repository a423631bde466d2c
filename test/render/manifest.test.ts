import { describe, expect, it, vi } from 'vitest';
import type * as manifests from '../../constructs/manifest';
import { everySample } from '../chains/every-chain';
import { propsOf, yamlOf } from '../staking-nodes';

const compared = new Set<string>();
vi.mock('../../constructs/manifest', async (original) => {
  const actual = await original<typeof manifests>();
  return {
    ...actual,
    manifestOf: <Props>(kind: Parameters<typeof manifests.manifestOf<Props>>[0], props: Props) => {
      const manifest = actual.manifestOf(kind, props);
      compared.add(manifest.kind);
      expect(JSON.parse(JSON.stringify(manifest))).toEqual(JSON.parse(JSON.stringify(kind.manifest(props))));
      return manifest;
    },
  };
});

describe('manifestOf', () => {
  it('makes of every object of every sample what the typed L1 makes of it', () => {
    const samples = everySample().filter((_, index) => index % 61 === 0);
    for (const sample of samples) for (const cloud of ['gcp', 'aws'] as const) yamlOf(propsOf(sample, { cloud }));
    expect([...compared].sort()).toEqual(
      ['ConfigMap', 'NetworkPolicy', 'PersistentVolumeClaim', 'PodDisruptionBudget', 'Role', 'RoleBinding', 'Service', 'ServiceAccount', 'StatefulSet'],
    );
  });
});
