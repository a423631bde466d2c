import type { Problem } from '../../model/errors';
import type { RegistryClient } from './client';
import { CredentialError } from './credentials';
import { LayoutError, withDigests, type DeclaredImage } from './declared-images';
import { RegistryError } from './errors';

/** One image whose digest is now known, and where it gets written. */
export interface Pinned {
  readonly image: DeclaredImage;
  readonly digest: string;
}

export interface PinOutcome {
  readonly pinned: readonly Pinned[];
  /** File name inside the fleet, then its old and new text. A file with any problem isn't in here: all of it or nothing. */
  readonly files: ReadonlyMap<string, { readonly before: string; readonly after: string }>;
  readonly problems: readonly Problem[];
}

export interface AskOptions {
  /** Called after each tag that was asked for. */
  readonly onProgress?: (done: number, all: number) => void;
  /** Tags asked for at the same time. @default 4 */
  readonly concurrency?: number;
}

/** Finds digests for the images that have none. Writes nothing. */
export async function pinImages(registry: RegistryClient, images: readonly DeclaredImage[], options: AskOptions = {}): Promise<PinOutcome> {
  const wanted = images.filter(({ digest }) => digest === undefined);
  const answers = await ask(wanted, options, async (image, version) => {
    const { digest } = await registry.resolve(image, version);
    await registry.verifyRunnable(image, digest);
    return digest;
  });

  const pinned: Pinned[] = [];
  const problems: Problem[] = [];
  for (const image of wanted) {
    const answer = answers.get(tagOf(image));
    if (answer?.digest !== undefined) pinned.push({ image, digest: answer.digest });
    else problems.push(askProblem(image, answer?.error));
  }

  const files = new Map<string, { before: string; after: string }>();
  const spoilt = new Set(problems.map(({ places }) => places[0]?.file));
  for (const name of new Set(pinned.map(({ image }) => image.file.name))) {
    if (spoilt.has(name)) continue;
    const here = pinned.filter(({ image }) => image.file.name === name);
    const [first] = here;
    if (!first) continue;
    const before = first.image.file.text;
    try {
      files.set(name, { before, after: withDigests(before, here.map(({ image, digest }) => ({ path: image.path, digest }))) });
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
      problems.push(layoutProblem(first, error));
    }
  }
  return { pinned, files, problems };
}

/** Compares the digests that are pinned with what their tags stand for now. */
export async function checkPins(registry: RegistryClient, images: readonly DeclaredImage[], options: AskOptions = {}): Promise<{ checked: number; problems: Problem[] }> {
  const wanted = images.filter(({ digest }) => digest !== undefined);
  const answers = await ask(wanted, options, async (image, version) => (await registry.resolve(image, version)).digest);
  const problems = wanted.flatMap((image): Problem[] => {
    const answer = answers.get(tagOf(image));
    if (answer?.digest === undefined) return [askProblem(image, answer?.error)];
    return answer.digest === image.digest ? [] : [movedTag(image, answer.digest)];
  });
  return { checked: wanted.length, problems };
}

interface TagAnswer {
  readonly digest?: string;
  readonly error?: RegistryError | CredentialError;
}

/** Asks once for each tag, however often it is declared. */
async function ask(
  images: readonly DeclaredImage[],
  { onProgress, concurrency = 4 }: AskOptions,
  resolve: (image: string, version: string) => Promise<string>,
): Promise<Map<string, TagAnswer>> {
  const tags = [...new Map(images.map((image) => [tagOf(image), image])).values()];
  const answers = new Map<string, TagAnswer>();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let tag = tags[next++]; tag !== undefined; tag = tags[next++]) {
      try {
        answers.set(tagOf(tag), { digest: await resolve(tag.image, tag.version) });
      } catch (error) {
        // Anything else is a bug of ours, and no answer of a registry.
        if (!(error instanceof RegistryError || error instanceof CredentialError)) throw error;
        answers.set(tagOf(tag), { error });
      }
      onProgress?.(answers.size, tags.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, tags.length) }, worker));
  return answers;
}

const tagOf = ({ image, version }: DeclaredImage): string => `${image}:${version}`;

function askProblem(image: DeclaredImage, error: TagAnswer['error']): Problem {
  const registryError = error instanceof RegistryError ? error : undefined;
  return {
    code: `pin-${registryError?.failure ?? 'credentials'}`,
    level: 'error',
    message: error?.message ?? `${tagOf(image)} was not asked for`,
    places: [image.place],
    value: tagOf(image),
    next: registryError?.next ?? 'Log in again with `docker login`, or correct the docker configuration.',
  };
}

function movedTag(image: DeclaredImage, now: string): Problem {
  return {
    code: 'pin-moved-tag',
    level: 'error',
    message: `The tag ${tagOf(image)} has moved: pinned is ${image.digest}, the registry now says ${now}`,
    places: [image.digestPlace ?? image.place],
    value: image.digest,
    allowed: now,
    next: 'Find out why it was published again. Nodes keep running what is pinned; to take the new image, remove the digest and run `npm run pin`.',
  };
}

function layoutProblem({ image, digest }: Pinned, error: LayoutError): Problem {
  return {
    code: 'pin-layout',
    level: 'error',
    message: `${image.file.name} can't be edited: ${error.message}`,
    places: [image.place],
    value: tagOf(image),
    next: `Write each release as a map of its own, one key a line, or add by hand: digest: ${digest}`,
  };
}
