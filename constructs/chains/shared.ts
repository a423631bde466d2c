import type { ChainNode, ChainProblem } from '../../fleet/catalogue';
import type { ImageReference } from './component';

/** What one component takes in one size class. */
export interface Appetite {
  readonly cpus: number;
  readonly memoryGiB: number;
  /** GiB of each volume, by its name. */
  readonly volumesGiB: Readonly<Record<string, number>>;
}

/** A size class, with what the node declares differently laid over it. */
export function appetiteOf(node: ChainNode, component: string, size: Appetite): Appetite {
  const override = node.resources[component];
  if (!override) return size;
  return {
    cpus: override.cpus ?? size.cpus,
    memoryGiB: override.memoryGiB ?? size.memoryGiB,
    volumesGiB: { ...size.volumesGiB, ...override.volumesGiB },
  };
}

/** The image of the client that one component runs. */
export function imageOf(node: ChainNode, component: string): ImageReference {
  const { image, version, digest, dataSchema } = node.clients[component]!;
  return { repository: image, version, ...(digest === undefined ? {} : { digest }), dataSchema };
}

/** Overrides of components or volumes that the node does not have: without this they would be lost in silence. */
export function unknownResources(node: ChainNode, volumes: Readonly<Record<string, readonly string[]>>): ChainProblem[] {
  return Object.entries(node.resources).flatMap(([component, { volumesGiB = {} }]) => {
    const known = volumes[component];
    if (!known) {
      return [{ path: ['resources', component], problem: `this node has no component "${component}"`, next: `Name one of ${Object.keys(volumes).join(', ')}.` }];
    }
    return Object.keys(volumesGiB)
      .filter((volume) => !known.includes(volume))
      .map((volume) => ({
        path: ['resources', component, 'volumesGiB', volume],
        problem: `component "${component}" of this node has no volume "${volume}"`,
        next: `Name one of ${known.join(', ')}.`,
      }));
  });
}
