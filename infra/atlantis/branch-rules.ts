import { z } from 'zod';

/** The status that `bin/pull-request` gives. */
export const PLAN_STATUS = 'stockade/plan';

/** What GitHub answers to `GET /repos/{owner}/{repo}/rules/branches/{branch}`, as far as it is asked here. Every rule that holds is listed, of whichever ruleset. */
const rulesSchema = z.array(
  z.object({
    type: z.string(),
    parameters: z
      .object({
        dismiss_stale_reviews_on_push: z.boolean().optional(),
        require_code_owner_review: z.boolean().optional(),
        require_last_push_approval: z.boolean().optional(),
        required_approving_review_count: z.number().optional(),
        strict_required_status_checks_policy: z.boolean().optional(),
        required_status_checks: z.array(z.object({ context: z.string() })).optional(),
      })
      .optional(),
  }),
);

/**
 * What the rules of a branch leave open, in the words of GitHub's settings; empty where an approval is of what is merged and a refused plan can't be. Rules add up: it is
 * enough that one of them demands a thing.
 *
 * @param answer as GitHub gave it, parsed
 */
export function missingRules(answer: unknown): string[] {
  const { success, data } = rulesSchema.safeParse(answer);
  if (!success) return ['an answer that is a list of rules'];
  const reviews = data.filter(({ type }) => type === 'pull_request').map(({ parameters }) => parameters ?? {});
  const checks = data.filter(({ type }) => type === 'required_status_checks').map(({ parameters }) => parameters ?? {});
  const demands: readonly (readonly [boolean, string])[] = [
    [reviews.length > 0, '"Require a pull request before merging"'],
    [reviews.some((one) => (one.required_approving_review_count ?? 0) >= 1), '"Required approvals": 1 or more'],
    [reviews.some((one) => one.dismiss_stale_reviews_on_push === true), '"Dismiss stale pull request approvals when new commits are pushed"'],
    // Else whoever pushes to a colleague's pull request approves what he pushed.
    [reviews.some((one) => one.require_last_push_approval === true), '"Require approval of the most recent reviewable push"'],
    [reviews.some((one) => one.require_code_owner_review === true), '"Require review from Code Owners"'],
    [checks.some((one) => one.required_status_checks?.some(({ context }) => context === PLAN_STATUS)), `"Require status checks to pass": ${PLAN_STATUS}`],
    // Else a success stands that was of an older main: two pull requests, each planned well alone, are merged into what no plan was of.
    [checks.some((one) => one.strict_required_status_checks_policy === true), '"Require branches to be up to date before merging"'],
  ];
  return demands.filter(([met]) => !met).map(([, text]) => text);
}
