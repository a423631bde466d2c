import { existsSync, readFileSync } from 'node:fs';
import { planSchema, type FindingGroup } from './model';

/** Why a step of Atlantis' server goes no further. */
export interface Refusal {
  readonly message: string;
  readonly next: string;
}

/**
 * What the readable plan of a change (`npm run plan -- --format json`, as the server's own copy made it) refuses of what concerns a step. Without such a plan
 * nobody knows what the change means, so that refuses too, and so does one that compares with something else than what is merged now.
 *
 * @param base the merged commit
 */
export function refusedByPlan(file: string, base: string | undefined, concerns: (finding: FindingGroup) => boolean): Refusal[] {
  const again = 'Comment: atlantis plan. What it prints first says why there is none.';
  const read = existsSync(file) ? planSchema.safeParse(contentOf(file)) : undefined;
  if (!read?.success) return [{ message: 'there is no readable plan of this tree', next: again }];
  if (read.data.base.revision !== base) return [{ message: `the readable plan compares with ${read.data.base.revision ?? 'nothing'}, and ${base ?? 'nothing'} is merged now`, next: again }];
  return read.data.findings
    .filter((finding) => finding.refused && concerns(finding))
    .map(({ what, next, places }) => ({ message: `the plan of this change refuses: ${what}${placesOf(places)}`, next: next ?? 'Read the plan in the comment of this pull request.' }));
}

function placesOf(places: FindingGroup['places']): string {
  const all = Object.entries(places).flatMap(([place, subjects]) => subjects.slice(0, 4).map((subject) => `${place}/${subject}`));
  return all.length === 0 ? '' : ` (${all.slice(0, 4).join(', ')})`;
}

function contentOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
