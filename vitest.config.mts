import { defineConfig } from 'vitest/config';

/** Fast tests: no cluster, no registry, no network. Deeper suites end in `.deep.test.ts` and have commands of their own. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: process.env['STOCKADE_DEEP'] ? ['node_modules'] : ['node_modules', 'test/**/*.deep.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
