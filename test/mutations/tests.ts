import { journalProblems } from '../../model/errors/journal';
import { POLICY_CLAUSES } from '../policies/policy-clauses';
import { POLICY_POINTS } from '../policies/policy-points';
import { HARDENING_POINTS } from '../properties/hardening-points';

/** By test file, the points of it: a test that bears a point's name in brackets fails when the source is weakened there. Each has a weakening, at least. */
export const TESTS: Readonly<Record<string, readonly string[]>> = {
  'test/properties/hardening.test.ts': Object.keys(HARDENING_POINTS),
  'test/policies/weakened.test.ts': [...Object.keys(POLICY_POINTS), ...Object.keys(POLICY_CLAUSES)],
  'test/acts/fire.test.ts': ['armed-again'],
  'test/acts/stop.test.ts': ['stop-waits'],
  'test/deploy/promises.test.ts': ['inspect-armed', 'inspect-one-replica', 'inspect-kinds', 'inspect-namespaces', 'inspect-once', 'held-since', 'changed-since', 'half-an-apply', 'no-pod-replaced'],
  'test/keys/mistakes.test.ts': Object.values(journalProblems).map(({ code }) => code),
};
