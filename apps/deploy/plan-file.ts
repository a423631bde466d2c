import { readFileSync } from 'node:fs';
import { type Failure, refuse, UserError } from '../../errors/user-error';
import { digestOf } from './canonical';
import { inspect, type ReviewedObject } from './rendered';

export type Action =
  | 'create'
  | 'update'
  | 'unchanged'
  /** An operator stopped it: it is left as it is until the hold is lifted. */
  | 'held'
  /** The merged journal does not place a key that it claims here: it is left as it is until that is merged. */
  | 'unmerged';

export interface Planned extends ReviewedObject {
  readonly action: Action;
  /** Digest of what the cluster had when the plan was made; absent where it had nothing. */
  readonly before?: string;
  /** Paths that change. */
  readonly changes: readonly string[];
  /** With action `unmerged`: the keys. */
  readonly unmerged?: readonly string[];
}

/** What was reviewed: all manifests of a cluster, what applying them does, and to which cluster, in which state. */
export interface PlanFile {
  readonly format: typeof FORMAT;
  readonly cluster: string;
  /** UID of the cluster's namespace `kube-system`. */
  readonly clusterUid: string;
  /** Commits that were compared and planned, where they are known. */
  readonly base?: string;
  readonly head?: string;
  readonly objects: readonly Planned[];
  readonly leftAlone: readonly string[];
  /** What the API server refused in a dry run, and may let through once the plan's own quotas and policies are there. */
  readonly untried: readonly string[];
}

export const FORMAT = 'stockade-manifests-plan/1';

/** The text of a plan file, with its digest, which is also shown to whoever reviews. */
export function seal(plan: PlanFile): { readonly text: string; readonly digest: string } {
  const digest = digestOf(plan);
  return { text: `${JSON.stringify({ digest, plan })}\n`, digest };
}

/** What a caller knows of the plan that was reviewed. Each is compared where it is given. */
export interface Expected {
  readonly cluster: string;
  readonly head?: string;
  readonly digest?: string;
}

/** @throws UserError where the file is not what a plan wrote, or is of something else */
export function open(file: string, expected: Expected): { readonly plan: PlanFile; readonly digest: string } {
  const again = 'Plan again, and have that reviewed.';
  let content: { digest?: unknown; plan?: PlanFile };
  try {
    content = JSON.parse(readFileSync(file, 'utf8')) as typeof content;
  } catch (error) {
    return refuse(`${file} is not a plan: ${(error as Error).message}`, again);
  }
  const { digest, plan } = content;
  if (typeof plan !== 'object' || plan === null || plan.format !== FORMAT) return refuse(`${file} is not of format ${FORMAT}`, again);
  const actual = digestOf(plan);
  const problems: Failure[] = [
    ...(digest === actual ? [] : [{ message: `${file} is not what was planned: its content has the digest ${actual}, and it says ${String(digest)}`, next: again }]),
    ...(expected.digest === undefined || expected.digest === actual ? [] : [{ message: `${file} has the digest ${actual}, and ${expected.digest} was reviewed`, next: again }]),
    ...(plan.cluster === expected.cluster ? [] : [{ message: `${file} is a plan for cluster "${plan.cluster}", not for "${expected.cluster}"`, next: 'Name the cluster that was planned.' }]),
    ...(expected.head === undefined || plan.head === expected.head ? [] : [{ message: `${file} was planned at commit ${plan.head ?? 'unknown'}, and ${expected.head} is to be applied`, next: again }]),
  ];
  if (problems.length > 0) throw new UserError(problems);
  inspect(plan.objects);
  return { plan, digest: actual };
}
