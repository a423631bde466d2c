import type { ChainNode, ChainProblem, KeyMoveFloor } from '../model/catalogue';
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

/** One floor for all networks of a chain. */
export const always = (minutes: number, reason: string): KeyMoveFloor => ({ minutes: () => minutes, longestMinutes: minutes, reason });

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

/** A release of a client, in as far as flags differ between releases. */
export interface ReleaseLine {
  readonly major: number;
  readonly minor: number;
}

/** Reads an image tag: `v3.1.8`, `4.0.2`, `v4.1.0-jito`. */
export function parseRelease(version: string): ReleaseLine | undefined {
  const match = /^v?([0-9]+)\.([0-9]+)\.[0-9]+/.exec(version);
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}

export const atLeast = (release: ReleaseLine, floor: ReleaseLine): boolean => release.major > floor.major || (release.major === floor.major && release.minor >= floor.minor);

/** The releases whose flags a definition was read against: from the first, up to but not including the second. */
export interface SupportedReleases {
  readonly client: string;
  readonly from: ReleaseLine;
  readonly before: ReleaseLine;
}

/** What is wrong with the release that a component runs, where the definition knows the flags of some releases only. */
export function checkRelease(node: ChainNode, component: string, { client, from, before }: SupportedReleases, next: { readonly unknown: string; readonly untagged: string }): ChainProblem[] {
  const { version } = node.clients[component]!;
  const release = parseRelease(version);
  if (release && atLeast(release, from) && !atLeast(release, before)) return [];
  return [
    {
      path: ['clients', component],
      problem: release
        ? `the flags of ${client} ${version} are not known here: ${from.major}.${from.minor} and newer are, up to before ${before.major}.${before.minor}`
        : `${client}'s flags differ between releases, and "${version}" does not say which it is`,
      next: release ? next.unknown : next.untagged,
    },
  ];
}
