import type { Act } from './act';
import { boundActs, diskActs } from './disks-and-bounds';
import { podActs } from './pods';
import { workloadActs } from './workloads';

export * from './act';

/** Every act: the table of who may do what to a running signer, cell by cell, and every way around it that we know. */
export const ACTS: readonly Act[] = [...workloadActs, ...podActs, ...diskActs, ...boundActs];
