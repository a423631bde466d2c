import { join } from 'node:path';
import { RegistryClient } from '../apps/registry/client';
import { dockerCredentials } from '../apps/registry/credentials';
import { readDeclaredImages, type DeclaredImage } from '../apps/registry/declared-images';
import { checkPins, pinImages, type PinOutcome } from '../apps/registry/pin';
import { parseMirrors } from '../apps/registry/reference';
import { EXIT, UserError } from '../errors/user-error';
import { formatProblems, nearest, sortProblems, type Problem } from '../model/errors';
import { replaceFile } from '../workspace/replace-file';
import { command, fleetOption, type Io, misused, say } from './io';

interface Options {
  readonly fleet: string;
  readonly check?: true;
  readonly dryRun?: true;
  readonly network?: readonly string[];
  readonly client?: readonly string[];
  readonly mirror?: readonly string[];
  readonly plainHttp?: true;
  readonly timeout: number;
  readonly attempts: number;
}

export const pin = command<Options>({
  define: (one) =>
    one
      .option(...fleetOption)
      .option('--check', 'write nothing; report pinned digests that their tags no longer stand for')
      .option('--dry-run', 'ask the registries, write nothing')
      .option('--network <name...>', 'only these networks (the agent is left out)')
      .option('--client <name...>', 'only these clients (the agent is left out)')
      .option('--mirror <host=host...>', 'ask another host, with a path prefix if need be: docker.io=registry.example.com/hub')
      .option('--plain-http', 'no TLS towards registries on this machine')
      .option('--timeout <seconds>', 'for one attempt at one request', positive, 15)
      .option('--attempts <number>', 'at one request, while it fails for a reason that may pass', positive, 4)
      .addHelpText('after', '\nLogins come from DOCKER_AUTH_CONFIG, $DOCKER_CONFIG/config.json or ~/.docker/config.json, as `docker login` leaves them.'),
  body,
});

async function body(options: Options, io: Io): Promise<number> {
  const mirrors = readMirrors(options.mirror ?? []);
  const { images, problems: unreadable } = await readDeclaredImages(options.fleet);
  const misnamed = unknownFilters(images, options);
  // A name that only a broken file declares would look unknown.
  if (unreadable.length > 0 || misnamed.length > 0) return fail(io, unreadable.length > 0 ? unreadable : misnamed, options.fleet);

  const registry = new RegistryClient({
    credentials: dockerCredentials(io.env),
    mirrors,
    plainHttp: options.plainHttp === true,
    timeoutMs: options.timeout * 1000,
    attempts: options.attempts,
  });
  const selected = images.filter((image) => isSelected(image, options));
  const ask = { onProgress: progress(io) };

  if (options.check) {
    const { checked, problems } = await checkPins(registry, selected, ask);
    const unpinned = selected.length - checked;
    say(io, `${checked - problems.length} of ${checked} digests are what their tags stand for; ${unpinned} of ${selected.length} images have no digest.`);
    return problems.length > 0 ? fail(io, problems, options.fleet) : EXIT.done;
  }

  const outcome = await pinImages(registry, selected, ask);
  const problems = [...outcome.problems, ...(options.dryRun ? [] : await write(outcome, options.fleet))];
  const failed = new Set(problems.flatMap(({ places }) => places.map(({ file }) => file)));
  const done = outcome.pinned.filter(({ image }) => outcome.files.has(image.file.name) && !failed.has(image.file.name));
  for (const { image, digest } of done) say(io, `${options.fleet}/${image.place.file}:${image.place.line}: ${image.image}:${image.version} ${digest}`);
  const already = selected.filter(({ digest }) => digest !== undefined).length;
  say(io, `${done.length} ${options.dryRun ? 'would be pinned' : 'pinned'}, ${already} had a digest already, ${selected.length - already - done.length} left without one.`);
  return problems.length > 0 ? fail(io, problems, options.fleet) : EXIT.done;
}

/** Each file at once or not at all; one that can't be written doesn't keep the others from it. */
async function write({ files }: PinOutcome, folder: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [name, { before, after }] of files) {
    try {
      await replaceFile(join(folder, name), after, before);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push({ code: 'pin-write', level: 'error', message: error.failures[0]!.message, places: [{ file: name, line: 1, column: 1 }], next: error.failures[0]!.next });
    }
  }
  return problems;
}

function isSelected({ owner }: DeclaredImage, { network, client }: Options): boolean {
  if (owner.kind === 'agent') return network === undefined && client === undefined;
  return (network?.includes(owner.network) ?? true) && (client?.includes(owner.client) ?? true);
}

/** A misspelt filter selects nothing, and "0 pinned" would read as if all were well. */
function unknownFilters(images: readonly DeclaredImage[], options: Options): Problem[] {
  const declared = { network: new Set<string>(), client: new Set<string>() };
  for (const { owner } of images) {
    if (owner.kind === 'agent') continue;
    declared.network.add(owner.network);
    declared.client.add(owner.client);
  }
  return (['network', 'client'] as const).flatMap((filter) =>
    (options[filter] ?? [])
      .filter((name) => !declared[filter].has(name))
      .map((name): Problem => {
        const allowed = [...declared[filter]].sort();
        return {
          code: 'pin-unknown-filter',
          level: 'error',
          message: `No image of ${filter} "${name}" is declared`,
          places: [{ file: 'networks', line: 1, column: 1 }],
          value: name,
          allowed,
          suggestion: nearest(name, allowed),
          next: `Correct --${filter}.`,
        };
      }),
  );
}

function readMirrors(values: readonly string[]): ReturnType<typeof parseMirrors> {
  try {
    return parseMirrors(values);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return misused(error.message);
  }
}

function positive(value: string): number {
  const number = Number(value);
  if (!/^[0-9]+$/.test(value) || number < 1 || number > 3600) return misused(`expected a whole number from 1 to 3600, got "${value}"`);
  return number;
}

function fail({ stderr }: Io, problems: readonly Problem[], folder: string): number {
  stderr.write(`${formatProblems(sortProblems(problems), folder)}\n`);
  return EXIT.refused;
}

const progress =
  ({ stderr }: Io) =>
    (done: number, all: number): void => {
      if (stderr.isTTY) stderr.write(`\r${done} of ${all} tags asked for${done === all ? '\n' : ''}`);
    };
