import { describe, expect, it } from 'vitest';
import { missingRules, PLAN_STATUS } from '../../infra/atlantis/branch-rules';
import { stockade } from '../run';

const reviews = { required_approving_review_count: 1, dismiss_stale_reviews_on_push: true, require_code_owner_review: true, require_last_push_approval: true };
const pull = (parameters: object): object => ({ type: 'pull_request', ruleset_source_type: 'Repository', parameters });
const checks = (...contexts: string[]): object => ({ type: 'required_status_checks', parameters: { strict_required_status_checks_policy: true, required_status_checks: contexts.map((context) => ({ context })) } });
const good = [{ type: 'deletion' }, pull(reviews), checks('atlantis/apply', PLAN_STATUS)];

describe('the rules of the branch', () => {
  it('are enough where an approval is of what is merged and a refused plan is not', () => {
    expect(missingRules(good)).toEqual([]);
  });

  it('add up, of several rulesets', () => {
    expect(missingRules([pull({ required_approving_review_count: 0 }), pull(reviews), checks('other'), checks(PLAN_STATUS)])).toEqual([]);
  });

  it.each([
    ['a later push keeps approvals', [pull({ ...reviews, dismiss_stale_reviews_on_push: false }), checks(PLAN_STATUS)], ['"Dismiss stale pull request approvals when new commits are pushed"']],
    ['that is not said', [pull({ ...reviews, dismiss_stale_reviews_on_push: undefined }), checks(PLAN_STATUS)], ['"Dismiss stale pull request approvals when new commits are pushed"']],
    ['nobody has to approve', [pull({ ...reviews, required_approving_review_count: 0 }), checks(PLAN_STATUS)], ['"Required approvals": 1 or more']],
    ['no owner has to', [pull({ ...reviews, require_code_owner_review: false }), checks(PLAN_STATUS)], ['"Require review from Code Owners"']],
    ['whoever pushed last approves it himself', [pull({ ...reviews, require_last_push_approval: false }), checks(PLAN_STATUS)], ['"Require approval of the most recent reviewable push"']],
    ['a status of an older main stands', [pull(reviews), { type: 'required_status_checks', parameters: { strict_required_status_checks_policy: false, required_status_checks: [{ context: PLAN_STATUS }] } }], ['"Require branches to be up to date before merging"']],
    ['another status is required', [pull(reviews), checks('atlantis/plan', `${PLAN_STATUS}s`)], [`"Require status checks to pass": ${PLAN_STATUS}`]],
    ['the words stand in a rule of another kind', [{ type: 'creation', parameters: reviews }, pull(reviews), { type: 'workflows', parameters: { strict_required_status_checks_policy: true, required_status_checks: [{ context: PLAN_STATUS }] } }], [`"Require status checks to pass": ${PLAN_STATUS}`, '"Require branches to be up to date before merging"']],
    ['the answer is an error', { message: 'Not Found' }, ['an answer that is a list of rules']],
    ['the answer is nothing', undefined, ['an answer that is a list of rules']],
  ])('are not where %s', (_what, answer, lacking) => {
    expect(missingRules(answer)).toEqual(lacking);
  });

  it('are not where there is none', () => {
    expect(missingRules([])).toHaveLength(7);
  });

  const asked = (answer: string) => stockade(['server', 'branch-rules', '--branch', 'main'], { stdin: answer });
  it('are asked for by a program that says what to set', async () => {
    expect(await asked(JSON.stringify(good))).toMatchObject({ code: 0, stderr: '' });
    const refused = await asked('[]');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`"Require status checks to pass": ${PLAN_STATUS}`);
    expect(refused.stderr).toContain('Settings, Rules, Rulesets');
    expect((await asked('')).code).toBe(1);
  });
});
