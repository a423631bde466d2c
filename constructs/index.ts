export { StakingNode, StakingNodeError } from './staking-node';
export type { AgentImage, Caller, Consumer, NodeConsumer, Placement, RemoteCaller, StakingNodeProps } from './staking-node';
export type { StakingNodeProblem } from './staking-node-errors';
export type { AccessMode } from './storage';
