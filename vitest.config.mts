import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const TEST = join(import.meta.dirname, 'test');

/** Files that put something in a module's place. */
const mocking = readdirSync(TEST, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts') && /\bvi\.(mock|doMock)\(/.test(readFileSync(join(TEST, path), 'utf8')))
  .map((path) => `test/${path}`);

const exclude = process.env['STOCKADE_DEEP'] ? ['node_modules'] : ['node_modules', 'test/**/*.deep.test.ts'];

/** Fast tests: no cluster, no registry, no network. Deeper suites end in `.deep.test.ts` and have commands of their own. */
export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      // Files of one process share the modules that they load, and what is synthesized once: cdktf and its providers alone cost seconds a file. So a test that changes
      // anything outside of itself (an environment variable, a spy) puts it back.
      { extends: true, test: { name: 'shared', isolate: false, include: ['test/**/*.test.ts'], exclude: [...exclude, ...mocking] } },
      // What was mocked once stays so in its process.
      ...(mocking.length > 0 ? [{ extends: true as const, test: { name: 'alone', include: mocking, exclude } }] : []),
    ],
  },
});
