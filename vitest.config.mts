import { defineConfig } from 'vitest/config';

/** Fast tests: no cluster, no registry, no network. Deeper suites end in `.deep.test.ts` and have commands of their own. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: process.env['STOCKADE_DEEP'] ? ['node_modules'] : ['node_modules', 'test/**/*.deep.test.ts'],
    // Files of one process share the modules that they load, and what is synthesized once: cdktf and its providers alone cost seconds a file. So a test that changes
    // anything outside of itself (an environment variable, a spy) puts it back.
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
