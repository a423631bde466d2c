export { StakingNode } from './staking-node';
export { StakingNodeError, type StakingNodeProblem } from './staking-node-error';
export type { AccessMode, AgentImage, Caller, Consumer, NodeConsumer, TargetPool, RemoteCaller, StakingNodeProps } from './staking-node-props';
