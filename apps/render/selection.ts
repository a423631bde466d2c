import { nearest } from '../../model/errors';
import type { Fleet, FleetNode } from '../../model/types';

export type Format = 'plain' | 'helm';

/** What to render; an empty selection is the whole fleet. */
export interface Selection {
  readonly clusters?: readonly string[];
  readonly networks?: readonly string[];
  readonly nodes?: readonly string[];
}

/** Whether a node is part of a selection. A node is named `node` or `cluster/node`. */
export function isSelected(node: FleetNode, { clusters, networks, nodes }: Selection): boolean {
  return (
    (!clusters || clusters.includes(node.cluster)) &&
    (!networks || networks.includes(node.network)) &&
    (!nodes || nodes.includes(node.name) || nodes.includes(`${node.cluster}/${node.name}`))
  );
}

export const isFull = ({ clusters, networks, nodes }: Selection): boolean => !clusters && !networks && !nodes;

/** What is wrong with a selection, a line each: names that the fleet does not know, or names that no node has together. */
export function mistakesInSelection(fleet: Fleet, selection: Selection): string[] {
  const unknownNames = unknownInSelection(fleet, selection);
  if (unknownNames.length > 0 || (!selection.networks && !selection.nodes)) return unknownNames;
  return fleet.nodes.some((node) => isSelected(node, selection)) ? [] : ['no node matches all of --cluster, --network and --node: nothing would be rendered.'];
}

function unknownInSelection(fleet: Fleet, { clusters = [], networks = [], nodes = [] }: Selection): string[] {
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
