import { readFileSync } from 'node:fs';
import { planSchema } from '../plan/model';
import { DeployError, refuse, type Problem } from './errors';

/**
 * Looks whether the readable plan of a change (`npm run plan -- --format json`) lets a cluster's manifests be planned at all.
 *
 * @throws DeployError where there is none, or where it refuses something of this cluster, or of keys anywhere: a key is never one cluster's alone
 */
export function checkTrustedPlan(file: string, cluster: string): void {
  const judged = planSchema.safeParse(contentOf(file));
  if (!judged.success) return refuse(`${file} is no plan in the form of \`npm run plan -- --format json\``, 'Plan the whole pull request again.');
  const refused = judged.data.findings.filter(({ refused, section, places }) => refused && (section === 'keys' || Object.hasOwn(places, cluster)));
  const problems = refused.map(({ what, next, places }): Problem => ({ message: `the plan of this change refuses: ${what} (${Object.entries(places).flatMap(([place, subjects]) => subjects.slice(0, 4).map((subject) => `${place}/${subject}`)).slice(0, 4).join(', ')})`, next: next ?? 'Read the plan, and change the fleet.' }));
  if (problems.length > 0) throw new DeployError(problems);
}

function contentOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return refuse(`nothing says what this change means: its plan can't be read`, 'Plan the whole pull request, which makes it: atlantis plan', (error as Error).message);
  }
}
