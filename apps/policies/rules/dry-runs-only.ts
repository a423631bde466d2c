import { celList, say, type Rule } from '../policy';
import type { PolicyFacts } from '../vocabulary';

/** A server-side diff is a write that isn't carried out: who plans needs the verbs, and nothing of them. */
export const dryRunsOnly = ({ settings: { access }, cluster: { cloud } }: PolicyFacts): Rule => ({
  purpose: 'Whoever plans a pull request tries writes out in dry runs, and never writes.',
  scope: 'cluster',
  judges: 'request',
  nativeOnly: 'It judges every write of one identity, of whatever kind; a webhook would be asked about all writes of a cluster.',
  // Narrowed to one identity; questions about one's own rights are writes in form only.
  when:
    `has(request.userInfo.groups) && request.userInfo.groups.exists(group, group in ${celList(access.planners[cloud])}) && ` +
    `!(request.resource.group in ["authentication.k8s.io", "authorization.k8s.io"])`,
  resources: [{ group: '*', resources: ['*/*'], operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] }],
  validations: [
    {
      expression: `has(request.dryRun) && request.dryRun && request.operation != 'CONNECT'`,
      message: say('the plan identity writes in dry runs only (dryRun=All): what was planned is applied by the apply identity, after review.'),
    },
  ],
});
