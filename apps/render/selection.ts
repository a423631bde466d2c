import { nearest } from '../../fleet/errors';
import type { Fleet } from '../../fleet/model';
import type { Selection } from './render-fleet';

/** One line for each name of a selection that the fleet does not know. A filter that matches nothing must not look like success. */
export function unknownInSelection(fleet: Fleet, { clusters = [], networks = [], nodes = [] }: Selection): string[] {
  const nodeNames = fleet.nodes.flatMap(({ cluster, name }) => [name, `${cluster}/${name}`]);
  return [
    ...unknown('--cluster', clusters, Object.keys(fleet.clusters)),
    ...unknown('--network', networks, Object.keys(fleet.networks)),
    ...unknown('--node', nodes, nodeNames),
  ];
}

function unknown(option: string, wanted: readonly string[], known: readonly string[]): string[] {
  const set = new Set(known);
  return wanted
    .filter((name) => !set.has(name))
    .map((name) => {
      const near = nearest(name, known);
      const hint = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`;
      return `${option} ${JSON.stringify(name)} is not in the fleet.${hint}`;
    });
}
