import type { TestProject } from 'vitest/node';
import { findBinaries, NoClusterHere, type Binaries } from './binaries';

declare module 'vitest' {
  interface ProvidedContext {
    binaries: Binaries;
    /** Why there can be no cluster here. */
    obstacle: string;
  }
}

/** Finds the programs, or builds them, once and before any test. In CI a machine that can't run the suite fails it. */
export default async function setup(project: TestProject): Promise<void> {
  try {
    project.provide('binaries', await findBinaries({ progress: (line) => process.stderr.write(`${line}\n`) }));
  } catch (error) {
    if (!(error instanceof NoClusterHere) || process.env['CI']) throw error;
    process.stderr.write(`Skipped: ${error.message}\n`);
    project.provide('obstacle', error.message);
  }
}
