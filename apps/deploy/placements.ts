import type { Failure } from '../../errors/user-error';
import { catalogue } from '../../chains';
import type { Manifest } from '../../constructs/manifest';
import { declaredKeys } from '../../model/keys/agreement';
import { state } from '../../model/keys/text';
import type { ReadEntry } from '../../model/keys/journal';
import type { Fleet } from '../../model/types';
import { shortened } from '../../model/keys/journal';
import { claimsOf } from '../../constructs/claims';
import { nameOf } from './rendered';

/** By what it is judged where a key may sign. */
export interface Declared {
  /** `keys.lock` as it is merged at this moment, never as a change would have it. */
  readonly journal: readonly ReadEntry[];
  /** As the reviewed tree declares it, read by this code: rendered manifests are made by the change's own. */
  readonly fleet: Fleet;
}

export interface PlacementJudgement {
  /** StatefulSets that are not applied until the journal is merged, with the keys that it does not place there. */
  readonly unmerged: ReadonlyMap<string, readonly string[]>;
  /** What no journal makes right. */
  readonly problems: readonly Failure[];
}

/**
 * Whether every key that a cluster's workloads claim is placed there by the merged journal. Two changes may place one key, each right by itself, and
 * be applied before either is merged: so only what is merged lets a key sign.
 */
export function judgePlacements(manifests: readonly Manifest[], cluster: string, { journal, fleet }: Declared): PlacementJudgement {
  const placed = state(journal);
  const declared = new Set([...declaredKeys(fleet, catalogue)].map(({ key, node }) => idOf(node.network, node.cluster, node.name, key)));
  const configMaps = manifests.filter(({ kind }) => kind === 'ConfigMap');
  const claimedBy = new Map<string, string>();
  const unmerged = new Map<string, readonly string[]>();
  const problems: Failure[] = [];
  for (const workload of manifests.filter(({ kind }) => kind === 'StatefulSet')) {
    const name = nameOf(workload);
    const wrong = (message: string, next = 'Render the fleet again, by reviewed code, and read what it renders.'): void => void problems.push({ message: `${name} ${message}`, next });
    const { network, node, signer, keys, problems: unknown } = claimsOf(workload, { cluster, configMaps });
    unknown.forEach((message) => wrong(message));
    for (const key of keys) {
      const twin = claimedBy.get(key);
      if (twin !== undefined) wrong(`claims key ${shortened(key)}, which ${twin} claims too`, 'A key has one place: take it from one of the two.');
      claimedBy.set(key, name);
      if (!declared.has(idOf(network, cluster, node, key))) wrong(`claims key ${shortened(key)}, which the fleet does not declare for node "${node}" of network "${network}" in ${cluster}`);
    }
    const declaration = fleet.nodes.find((one) => one.cluster === cluster && one.network === network && one.name === node);
    if (signer && replicasOf(workload) !== 0 && declaration !== undefined && declaration.state !== 'running') wrong(`would run, and the fleet declares its node ${declaration.state}`);
    const missing = keys.filter((key) => {
      const at = placed.get(key);
      return at === undefined || at.status !== 'placed' || idOf(at.network, at.cluster, at.node, key) !== idOf(network, cluster, node, key);
    });
    if (missing.length > 0) unmerged.set(name, missing);
  }
  return { unmerged, problems };
}

/** `the placement of key 0x8f..., and of 2 more` */
export const placementsOf = ([first = '', ...more]: readonly string[]): string => `the placement of key ${shortened(first)}${more.length === 0 ? '' : `, and of ${more.length} more,`}`;

/** Of a StatefulSet, rendered or live: what is left out counts as one. */
export const replicasOf = (workload: object): number => (workload as { spec?: { replicas?: number } }).spec?.replicas ?? 1;

const idOf = (network: string, cluster: string, node: string, key: string): string => JSON.stringify([network, cluster, node, key]);
