import { join } from 'node:path';
import { clusterStackName, CLUSTER_STACKS } from '../../naming/clouds';
import type { Tree } from './trees';

/** The stacks of one cluster of the example fleet for each cloud, as committed: what a reviewer sees change. */
export const GOLDEN_STACKS = { aws: { cluster: 'eks-eu-central-1', folder: join(__dirname, 'infra', 'aws') } } as const;
export type GoldenCloud = keyof typeof GOLDEN_STACKS;

/** Out of all that was synthesized, what is golden for a cloud: `<stack>.tf.json`. */
export const goldenStacks = (cloud: GoldenCloud, synthesized: Tree): Tree =>
  new Map(CLUSTER_STACKS.map((kind) => clusterStackName(GOLDEN_STACKS[cloud].cluster, kind)).sort().map((id) => [`${id}.tf.json`, synthesized.get(`stacks/${id}/cdk.tf.json`) ?? '']));
