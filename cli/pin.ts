import { join } from 'node:path';
import { Command } from 'commander';
import { UserError } from '../errors/user-error';
import { formatProblems, nearest, sortProblems, type Problem } from '../model/errors';
import { RegistryClient } from '../apps/registry/client';
import { dockerCredentials } from '../apps/registry/credentials';
import { readDeclaredImages, type DeclaredImage } from '../apps/registry/declared-images';
import { checkPins, pinImages, type PinOutcome } from '../apps/registry/pin';
import { parseMirrors } from '../apps/registry/reference';
import { replaceFile } from '../workspace/replace-file';

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

const program = new Command('pin')
  .description('Ask the registries what each declared image tag stands for, and write the digests next to the versions.')
  .option('--fleet <folder>', 'where the fleet is declared', 'fleet')
  .option('--check', 'write nothing; report pinned digests that their tags no longer stand for')
  .option('--dry-run', 'ask the registries, write nothing')
  .option('--network <name...>', 'only these networks (the agent is left out)')
  .option('--client <name...>', 'only these clients (the agent is left out)')
  .option('--mirror <host=host...>', 'ask another host, with a path prefix if need be: docker.io=registry.example.com/hub')
  .option('--plain-http', 'no TLS towards registries on this machine')
  .option('--timeout <seconds>', 'for one attempt at one request', positive, 15)
  .option('--attempts <number>', 'at one request, while it fails for a reason that may pass', positive, 4)
  .addHelpText('after', '\nLogins come from DOCKER_AUTH_CONFIG, $DOCKER_CONFIG/config.json or ~/.docker/config.json, as `docker login` leaves them.')
  .allowExcessArguments(false);

program.parse();
run(program.opts<Options>()).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${String(error instanceof Error ? (error.stack ?? error.message) : error)}\n`);
    process.exitCode = 70;
  },
);

async function run(options: Options): Promise<number> {
  const mirrors = readMirrors(options.mirror ?? []);
  const { images, problems: unreadable } = await readDeclaredImages(options.fleet);
  const misnamed = unknownFilters(images, options);
  // A name that only a broken file declares would look unknown.
  if (unreadable.length > 0 || misnamed.length > 0) return fail(unreadable.length > 0 ? unreadable : misnamed, options.fleet);

  const registry = new RegistryClient({
    credentials: dockerCredentials(),
    mirrors,
    plainHttp: options.plainHttp === true,
    timeoutMs: options.timeout * 1000,
    attempts: options.attempts,
  });
  const selected = images.filter((image) => isSelected(image, options));
  const ask = { onProgress };

  if (options.check) {
    const { checked, problems } = await checkPins(registry, selected, ask);
    const unpinned = selected.length - checked;
    say(`${checked - problems.length} of ${checked} digests are what their tags stand for; ${unpinned} of ${selected.length} images have no digest.`);
    return problems.length > 0 ? fail(problems, options.fleet) : 0;
  }

  const outcome = await pinImages(registry, selected, ask);
  const problems = [...outcome.problems, ...(options.dryRun ? [] : await write(outcome, options.fleet))];
  const failed = new Set(problems.flatMap(({ places }) => places.map(({ file }) => file)));
  const done = outcome.pinned.filter(({ image }) => outcome.files.has(image.file.name) && !failed.has(image.file.name));
  for (const { image, digest } of done) say(`${options.fleet}/${image.place.file}:${image.place.line}: ${image.image}:${image.version} ${digest}`);
  const already = selected.filter(({ digest }) => digest !== undefined).length;
  say(`${done.length} ${options.dryRun ? 'would be pinned' : 'pinned'}, ${already} had a digest already, ${selected.length - already - done.length} left without one.`);
  return problems.length > 0 ? fail(problems, options.fleet) : 0;
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
    return program.error(`error: ${error.message}`, { exitCode: 2 });
  }
}

function positive(value: string): number {
  const number = Number(value);
  if (!/^[0-9]+$/.test(value) || number < 1 || number > 3600) program.error(`error: expected a whole number from 1 to 3600, got "${value}"`, { exitCode: 2 });
  return number;
}

function fail(problems: readonly Problem[], folder: string): number {
  process.stderr.write(`${formatProblems(sortProblems(problems), folder)}\n`);
  return 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function onProgress(done: number, all: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${all} tags asked for${done === all ? '\n' : ''}`);
}
