import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The manifests on a real control plane: `npm run test:cluster`. */
const folder = dirname(fileURLToPath(import.meta.url));

export default defineConfig({
  root: folder,
  test: {
    // The others are fast tests.
    include: ['*.deep.test.ts'],
    globalSetup: ['global-setup.ts'],
    // Each file starts control planes of its own, and spends much of its time waiting for what Kubernetes does in its own time.
    maxWorkers: 2,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 60_000,
  },
});
