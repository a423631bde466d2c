import { ExplainedError } from '../errors/user-error';

/** One mistake in the props of a StakingNode. */
export interface StakingNodeProblem {
  readonly code:
    | 'name-invalid'
    | 'name-too-long'
    | 'no-components'
    | 'duplicate-name'
    | 'no-placement'
    | 'no-taint'
    | 'unknown-peer'
    | 'unknown-port'
    | 'no-signing-keys'
    | 'path-conflict'
    | 'secret-path'
    | 'ephemeral-too-small'
    | 'no-grace'
    | 'exception-missing'
    | 'reach-mismatch'
    | 'image-latest'
    | 'no-signing-state'
    | 'signing-state-unused'
    | 'first-start-not-approved'
    | 'secret-in-plain'
    | 'api-exposed'
    | 'shell-entry-point'
    | 'agent-config';
  readonly message: string;
  readonly value: unknown;
  readonly next: string;
}

/** Everything that is wrong with the props of a StakingNode; thrown before any object is made. */
export class StakingNodeError extends ExplainedError {
  constructor(
    readonly nodeName: string,
    readonly problems: readonly StakingNodeProblem[],
  ) {
    super(
      `StakingNode ${JSON.stringify(nodeName)} can not be built:\n` +
      problems.map(({ message, value, next }) => `  - ${message}, got ${JSON.stringify(value)}. ${next}`).join('\n'),
    );
    this.name = 'StakingNodeError';
  }
}
