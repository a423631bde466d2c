import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Real clients on real nodes: `npm run test:nodes`. */
const folder = dirname(fileURLToPath(import.meta.url));

export default defineConfig({
  root: folder,
  test: {
    include: ['*.deep.test.ts'],
    globalSetup: ['global-setup.ts'],
    // Each file starts a cluster of its own, and spends most of its time waiting for probes, leases and graces.
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
  },
});
