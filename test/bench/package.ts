import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { terraformPackages } from '../../infra/terraform-packages';
import { install, installed, pack, type Installed } from '../fixtures/standalone/packed';

/**
 * `npm run bench:package`: what the packed package takes in an empty project, without the packages that Terraform needs and with them. npm counts and
 * unpacks it, so it takes the registry, or npm's cache. docs/benchmarks.md has what it found.
 */
const LIMIT_MB = 100;

const program = new Command('bench:package')
  .description('Measure the installed package, with and without the packages that Terraform needs.')
  .option('--enforce', 'end with exit code 1 when the limit is not met')
  .allowExcessArguments(false)
  .parse();

const folder = mkdtempSync(join(tmpdir(), 'stockade-package-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const archive = pack(folder);
const measured = (name: string, ...more: string[]): Installed => {
  const project = join(folder, name);
  install(project, archive, ...more);
  return installed(project);
};
const without = measured('without');
const whole = measured('with', ...Object.entries(terraformPackages()).map(([name, version]) => `${name}@${version}`));

const row = (name: string, { packages, megabytes }: Installed): string => `| ${name} | ${packages} | ${megabytes.toFixed(0)} |`;
const met = without.megabytes <= LIMIT_MB;
process.stdout.write(
  [
    '| installed | packages | MB |',
    '| --- | ---: | ---: |',
    row('the package', without),
    row("with Terraform's packages", whole),
    '',
    `without them at most ${LIMIT_MB} MB: ${without.megabytes.toFixed(0)} MB, ${met ? 'met' : 'NOT met'}`,
    '',
  ].join('\n'),
);
process.exitCode = program.opts<{ enforce?: true }>().enforce && !met ? 1 : 0;
