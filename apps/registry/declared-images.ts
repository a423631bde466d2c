import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import { problems, type Place, type Problem } from '../../model/errors';
import { networkSchema } from '../../model/schema/network';
import { settingsSchema } from '../../model/schema/settings';
import { shapeProblems } from '../../model/shape';
import { Locator, readYaml } from '../../model/yaml';

/**
 * Finds every image that the fleet's files declare, and writes digests next to their versions. It reads the files
 * by themselves, not the validated fleet: a fleet that requires digests has none yet when `pin` runs for the first time.
 */
export interface DeclaredImage {
  readonly file: FleetFile;
  /** A client's release, or the agent of the settings. */
  readonly owner: { readonly kind: 'client'; readonly network: string; readonly component: string; readonly client: string } | { readonly kind: 'agent' };
  /** Host and repository. */
  readonly image: string;
  /** The tag. */
  readonly version: string;
  readonly digest?: string;
  /** Of the version. */
  readonly place: Place;
  /** Of the digest, where there is one. */
  readonly digestPlace?: Place;
  /** Keys and indices of the release inside its file. */
  readonly path: readonly (string | number)[];
}

/** One file, as it was read. */
export interface FleetFile {
  /** Relative to the fleet's folder. */
  readonly name: string;
  readonly text: string;
}

/** Reads `settings.yaml` and `networks/*.yaml` of a fleet's folder. Files with problems contribute no images. */
export async function readDeclaredImages(folder: string): Promise<{ images: DeclaredImage[]; problems: Problem[] }> {
  const images: DeclaredImage[] = [];
  const found: Problem[] = [];
  for (const name of ['settings.yaml', ...(await networkFiles(folder))]) {
    let text: string;
    try {
      text = await readFile(join(folder, name), 'utf8');
    } catch (error) {
      found.push(unreadable(name, error));
      continue;
    }
    const declared = declaredImages({ name, text });
    images.push(...declared.images);
    found.push(...declared.problems);
  }
  return { images, problems: found };
}

/** The images of one file. */
export function declaredImages(file: FleetFile): { images: DeclaredImage[]; problems: readonly Problem[] } {
  const read = readYaml(file.name, file.text);
  if (read.problems.length > 0) return { images: [], problems: read.problems };
  const locator = new Locator(new Map([[file.name, file.text]]));
  const place = (path: readonly (string | number)[]): Place => locator.place(file.name, path);
  const describe = (owner: DeclaredImage['owner'], image: string, release: { version: string; digest?: string | undefined }, path: (string | number)[]): DeclaredImage => ({
    file,
    owner,
    image,
    version: release.version,
    place: place([...path, 'version']),
    ...(release.digest === undefined ? {} : { digest: release.digest, digestPlace: place([...path, 'digest']) }),
    path,
  });
  const parse = <T>(schema: z.ZodType<T>): { data?: T; problems: Problem[] } => {
    const parsed = schema.safeParse(read.value);
    if (parsed.success) return { data: parsed.data, problems: [] };
    const shape = shapeProblems(parsed.error.issues, {
      raw: read.value,
      schema,
      name: () => file.name,
      place: (path, target) => locator.place(file.name, path, { target }),
      written: (path) => locator.written(file.name, path),
    });
    return { problems: shape };
  };

  if (file.name === 'settings.yaml') {
    const settings = parse(settingsSchema);
    const agent = settings.data?.agent;
    return { images: agent ? [describe({ kind: 'agent' }, agent.image, agent, ['agent'])] : [], problems: settings.problems };
  }
  const declared = parse(networkSchema);
  const network = file.name.replace(/^networks\//, '').replace(/\.yaml$/, '');
  const images = Object.entries(declared.data?.clients ?? {}).flatMap(([component, clients]) =>
    Object.entries(clients).flatMap(([client, { image, releases }]) =>
      releases.map((release, index) =>
        describe({ kind: 'client', network, component, client }, image, release, ['clients', component, client, 'releases', index]),
      ),
    ),
  );
  return { images, problems: declared.problems };
}

/** A digest to be written next to the version at `path`. */
export interface DigestEdit {
  readonly path: readonly (string | number)[];
  readonly digest: string;
}

/** A file's layout doesn't allow the edit. Nothing was changed. */
export class LayoutError extends Error {
  override readonly name = 'LayoutError';
}

/**
 * The file with digests added and every other byte as it was, so that the diff shows the added lines only: the text
 * is spliced, not printed anew (which would reflow comments and quotes).
 * @throws LayoutError when the result would mean anything but the old content plus these digests
 */
export function withDigests(text: string, edits: readonly DigestEdit[]): string {
  const doc = parseDocument(text);
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const insertions = edits.map(({ path, digest }) => {
    const release = doc.getIn(path, true);
    if (!isMap(release)) throw new LayoutError(`${path.join('.')} is not a map`);
    return insertionInto(text, release, digest, newline, path);
  });
  let result = text;
  for (const { at, insert } of insertions.sort((a, b) => b.at - a.at)) {
    result = result.slice(0, at) + insert + result.slice(at);
  }

  const expected: unknown = doc.toJS();
  for (const { path, digest } of edits) (valueAt(expected, path) as Record<string, unknown>)['digest'] = digest;
  const after = parseDocument(result);
  if (after.errors.length > 0 || !isDeepStrictEqual(after.toJS(), expected)) {
    throw new LayoutError(`${edits.map(({ path }) => path.join('.')).join(', ')}: the layout around the version can't be extended`);
  }
  return result;
}

function insertionInto(text: string, release: YAMLMap, digest: string, newline: string, path: readonly (string | number)[]): { at: number; insert: string } {
  const pair = release.items.find(({ key }) => isScalar(key) && key.value === 'version');
  const key = isScalar(pair?.key) ? pair.key.range : undefined;
  const value = isScalar(pair?.value) ? pair.value.range : undefined;
  if (!key || !value) throw new LayoutError(`${path.join('.')} has no version written in it`);
  if (release.flow) return { at: value[1], insert: `, digest: ${digest}` };

  const lineStart = text.lastIndexOf('\n', key[0] - 1) + 1;
  const end = text.indexOf('\n', value[1]);
  const line = `${' '.repeat(key[0] - lineStart)}digest: ${digest}`;
  return end < 0 ? { at: text.length, insert: `${newline}${line}` } : { at: end + 1, insert: `${line}${newline}` };
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, step) => (inner as Record<string | number, unknown>)[step], value);
}

async function networkFiles(folder: string): Promise<string[]> {
  try {
    const names = await readdir(join(folder, 'networks'));
    return names.filter((name) => name.endsWith('.yaml')).sort().map((name) => `networks/${name}`);
  } catch (error) {
    if (NOT_THERE.has((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/** No such file, or one where a folder should be. */
const NOT_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

function unreadable(file: string, error: unknown): Problem {
  const place = { file, line: 1, column: 1 };
  const reason = (error as NodeJS.ErrnoException).code ?? String(error);
  return NOT_THERE.has(reason)
    ? problems.missingFile(place, { path: file, what: 'every fleet has one; give its folder with --fleet' })
    : problems.unreadableFile(place, { path: file, reason, next: 'Check its permissions.' });
}
