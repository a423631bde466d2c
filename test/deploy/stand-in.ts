import { join } from 'node:path';
import type { Declared } from '../../apps/deploy/placements';
import { readRendered, type ReviewedObject } from '../../apps/deploy/rendered';
import { catalogue } from '../../chains';
import type { Manifest } from '../../constructs/manifest';
import { declaredKeys } from '../../model/keys/agreement';
import { append, EMPTY_KEYS_LOCK, parse } from '../../model/keys/text';
import type { DraftEntry } from '../../model/keys/journal';
import { loadFleet } from '../../model/load';
import type { Fleet } from '../../model/types';
import { LABELS } from '../../naming';
import { GOLDEN } from '../golden/trees';

export const CLUSTER = 'gke-golden';
export const SIGNER = { network: 'hoodi', node: 'eth-gke-0', name: 'eth-gke-0-validator', namespace: 'staking-hoodi', full: 'StatefulSet staking-hoodi/eth-gke-0-validator' } as const;

export const goldenFleet = (): Fleet => loadFleet(GOLDEN.fleet, catalogue).fleet!;
export const goldenRendered = (): ReviewedObject[] => readRendered(join(GOLDEN.dist, CLUSTER));

/** A journal of placements; by default of all keys of the golden fleet. */
export function journal(...steps: readonly (readonly DraftEntry[])[]): Declared['journal'] {
  const all = steps.length > 0 ? steps : [[...declaredKeys(goldenFleet(), catalogue)].map(({ key, node }) => placement(key, node.network, node.cluster, node.name))];
  return parse(all.reduce((text, drafts, index) => append(parse(text), drafts, new Date(Date.UTC(2026, 0, 1 + index))), EMPTY_KEYS_LOCK)).entries;
}

export const placement = (key: string, network: string, cluster: string, node: string): DraftEntry => ({ act: 'place', key, network, cluster, node });

/** Keys of the golden signer. */
export const signerKeys = (): string[] => [...declaredKeys(goldenFleet(), catalogue)].filter(({ node }) => node.name === SIGNER.node).map(({ key }) => key);

/** The objects of the golden signer, and what it needs to be read: copies, to be changed. */
export function signerManifests(): { readonly workload: Manifest; readonly configMap: Manifest; readonly all: Manifest[] } {
  const all = structuredClone(goldenRendered().map(({ manifest }) => manifest));
  const mine = (kind: string): Manifest => all.find((one) => one.kind === kind && one.metadata.labels?.[LABELS.signer] === 'true' && one.metadata.labels[LABELS.node] === SIGNER.node)!;
  return { workload: mine('StatefulSet'), configMap: mine('ConfigMap'), all };
}

export const refusalOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'not refused';
};
