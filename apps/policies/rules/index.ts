import type { Policy } from '../policy';
import type { PolicyFacts } from '../vocabulary';
import { singleReplica } from './single-replica';

/** Every rule, one a file. */
export function policies(_facts: PolicyFacts): readonly Policy[] {
  return [singleReplica];
}
