/**
 * `npm run test:mutations [-- <point>...]`: weakens the source at one point after the other and expects the fast test that is named after the point to fail. A weakening that no
 * test sees is a failure; so is one whose source has moved on, and a point that nothing weakens.
 *
 * One Vitest lives for the whole run, and a weakened file is weakened only in what it hands to its tests: nothing on the disk changes, and what a weakening leaves
 * alone is compiled once. Each run has a worker of its own, so nothing of one weakening is left for the next.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestCase, TestRunResult } from 'vitest/node';
import { TESTS } from './tests';
import type { Weakening } from './weakening';
import { WEAKENINGS } from './weakenings';

const ROOT = resolve(__dirname, '..', '..');

/** All of them, or those that are named. */
const points = process.argv.slice(2);
const chosen = WEAKENINGS.filter(({ point }) => points.length === 0 || points.includes(point));

/** What a run hands to tests in a file's place. */
const weakened = new Map<string, string>();
let failed = 0;

async function main(): Promise<void> {
  process.env['STOCKADE_SAMPLES'] = 'few';
  const { createVitest } = await import('vitest/node');
  const vitest = await createVitest(
    'test',
    // No configuration: its projects would know nothing of the plugin, and share what they have loaded.
    { root: ROOT, config: false, include: Object.keys(TESTS), testTimeout: 120_000, hookTimeout: 120_000, watch: false, reporters: [{}], maxWorkers: 1, pool: 'threads' },
    { plugins: [{ name: 'weakenings', enforce: 'pre', load: (id) => weakened.get(id) }] },
  );
  try {
    const testFiles = new Map((await vitest.globTestSpecifications()).map((specification) => [specification.moduleId, specification]));
    const run = async (files: readonly string[], point?: string): Promise<TestRunResult> => {
      if (point === undefined) vitest.resetGlobalTestNamePattern();
      else vitest.setGlobalTestNamePattern(new RegExp(`\\[${point}\\]`));
      return vitest.runTestSpecifications(files.map((file) => testFiles.get(join(ROOT, file))!));
    };
    const judge = async ({ point, file, from, to }: Weakening): Promise<[boolean, string]> => {
      const path = join(ROOT, file);
      const original = readFileSync(path, 'utf8');
      if (original.split(from).length !== 2) return [false, `${file} does not hold this exactly once: ${from}`];
      weakened.set(path, original.replace(from, () => to));
      vitest.invalidateFile(path);
      try {
        const result = await run(testsOf(point), point);
        if (testsIn(result).some((test) => test.result().state === 'failed')) return [true, 'noticed'];
        const errors = errorsOf(result);
        return [false, errors === '' ? `${file}: "${to}" was not noticed` : `failed otherwise: ${errors}`];
      } finally {
        weakened.delete(path);
        vitest.invalidateFile(path);
      }
    };

    for (const point of Object.values(TESTS).flat().filter((name) => !WEAKENINGS.some((weakening) => weakening.point === name))) {
      report(false, point, 'no weakening shows that its test can fail');
    }
    const control = await run(Object.keys(TESTS));
    const broken = errorsOf(control);
    report(broken === '', 'control', broken === '' ? `all ${testsIn(control).length} tests pass before anything is weakened` : broken);
    if (broken === '') for (const weakening of chosen) report(...(await judge(weakening).then(([ok, text]) => [ok, weakening.point, text] as const)));
  } finally {
    await vitest.close();
  }
  process.stdout.write(`${chosen.length + 1 - failed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

const testsOf = (point: string): string[] => Object.keys(TESTS).filter((file) => TESTS[file]!.includes(point));

const testsIn = ({ testModules }: TestRunResult): TestCase[] => testModules.flatMap((module) => [...module.children.allTests()]);

/** Of tests and of the files that hold them: a file that can't be loaded has no tests that fail. */
function errorsOf({ testModules, unhandledErrors }: TestRunResult): string {
  const ofModules = testModules.flatMap((module) => module.errors().map(({ message }) => `${module.moduleId}: ${message}`));
  const ofTests = testModules.flatMap((module) => [...module.children.allTests('failed')].map((test) => `${test.fullName}: ${test.result().errors?.[0]?.message ?? ''}`));
  return [...unhandledErrors.map(String), ...ofModules, ...ofTests].join('\n').slice(0, 4000);
}

function report(ok: boolean, point: string, text: string): void {
  if (!ok) failed += 1;
  process.stdout.write(`${ok ? 'ok' : 'FAILED'} ${point}: ${text}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 70;
});
