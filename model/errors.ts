import { clusterProblems } from './errors/clusters';
import { fileProblems } from './errors/files';
import { journalProblems } from './errors/journal';
import { networkProblems } from './errors/networks';
import { nodeProblems } from './errors/nodes';
import { referenceProblems } from './errors/references';

export { NAT_PORTS_OF_AN_ADDRESS } from './errors/clusters';
export { FleetError, formatProblem, formatProblems, isError, type Level, type Place, type Problem, problemsToJson, sortProblems } from './errors/problem';
export { nearest } from './errors/words';

/**
 * The catalogue of everything that can be wrong with a fleet: one factory for each kind of mistake, in a file for each subject. The first argument is where,
 * the second what is needed to word it.
 */
export const problems = {
  ...fileProblems,
  ...referenceProblems,
  ...networkProblems,
  ...nodeProblems,
  ...clusterProblems,
  ...journalProblems,
} as const;

export type ProblemCode = (typeof problems)[keyof typeof problems]['code'];

/** Every code that a fleet's problems can have. */
export const PROBLEM_CODES: readonly ProblemCode[] = Object.values(problems).map(({ code }) => code);
