import { findNodeBinaries } from './binaries';

/** Builds what the real nodes run, ahead of their suite: `.ci/run` does it while other suites run. */
void findNodeBinaries({ progress: (line) => void process.stderr.write(`${line}\n`) });
