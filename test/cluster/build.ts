import { findBinaries } from './binaries';

/** Builds what the live cluster runs, ahead of its suite: `.ci/run` does it while other suites run. */
void findBinaries({ progress: (line) => void process.stderr.write(`${line}\n`) });
