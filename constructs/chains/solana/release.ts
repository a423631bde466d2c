/** What differs between releases of agave, by its CHANGELOG.md. */
export interface AgaveRelease {
  readonly major: number;
  readonly minor: number;
}

/** The releases whose flags this definition was read against: from the first, up to but not including the second. */
export const SUPPORTED = { from: { major: 3, minor: 1 }, before: { major: 4, minor: 3 } } as const;

/** Reads an image tag: `v3.1.8`, `4.0.2`, `v4.1.0-jito`. */
export function parseRelease(version: string): AgaveRelease | undefined {
  const match = /^v?([0-9]+)\.([0-9]+)\.[0-9]+/.exec(version);
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}

export const isSupported = (release: AgaveRelease): boolean => atLeast(release, SUPPORTED.from) && !atLeast(release, SUPPORTED.before);

/** From 4.2 on, XDP is on unless told otherwise, and wants CAP_NET_ADMIN and CAP_NET_RAW. */
export const hasXdpByDefault = (release: AgaveRelease): boolean => atLeast(release, { major: 4, minor: 2 });

const atLeast = (release: AgaveRelease, floor: AgaveRelease): boolean =>
  release.major > floor.major || (release.major === floor.major && release.minor >= floor.minor);
