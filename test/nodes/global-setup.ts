import type { TestProject } from 'vitest/node';
import { NoClusterHere } from '../cluster/binaries';
import { findNodeBinaries, type NodeBinaries } from './binaries';

declare module 'vitest' {
  interface ProvidedContext {
    nodeBinaries: NodeBinaries;
  }
}

/** Finds the programs, or builds them, once and before any test. In CI a machine that can't run the suite fails it. */
export default async function setup(project: TestProject): Promise<void> {
  try {
    project.provide('nodeBinaries', await findNodeBinaries({ progress: (line) => process.stderr.write(`${line}\n`) }));
  } catch (error) {
    if (!(error instanceof NoClusterHere) || process.env['CI']) throw error;
    process.stderr.write(`Skipped: ${error.message}\n`);
    project.provide('obstacle', error.message);
  }
}
