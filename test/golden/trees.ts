import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The golden fleet and what it has to render to, both committed. */
export const GOLDEN = { fleet: join(__dirname, 'fleet'), dist: join(__dirname, 'dist') } as const;

/** The clusters of the example fleet whose Terraform is committed, one for each cloud that has one: `<cloud>/<stack>.tf.json`. */
export const GOLDEN_STACKS = { folder: join(__dirname, 'infra'), clusters: ['gke-us-east4', 'eks-eu-central-1'] } as const;

/** The part of a Terraform output folder that is committed, by the path it is committed under. */
export function goldenStacks(files: Tree, stacks: readonly { readonly id: string; readonly cloud: string; readonly cluster?: string }[]): Tree {
  const chosen = stacks.filter(({ cluster }) => cluster !== undefined && (GOLDEN_STACKS.clusters as readonly string[]).includes(cluster));
  return new Map(chosen.map(({ id, cloud }): [string, string] => [`${cloud}/${id}.tf.json`, files.get(`stacks/${id}/cdk.tf.json`) ?? '']).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Path below a folder, with `/`, then content. */
export type Tree = ReadonlyMap<string, string>;

export function readTree(folder: string): Tree {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

/** One entry for each file that is missing, extra or different, the last with its first differing lines. Empty: the same, byte for byte. */
export function treeDifferences(expected: Tree, actual: Tree): string[] {
  const paths = [...new Set([...expected.keys(), ...actual.keys()])].sort();
  return paths.flatMap((path) => {
    const [before, after] = [expected.get(path), actual.get(path)];
    if (before === after) return [];
    if (after === undefined) return [`missing: ${path}`];
    if (before === undefined) return [`extra: ${path}`];
    return [`different: ${path}\n${lineDifference(before, after)}`];
  });
}

const SHOWN = 6;

/** What is left of both texts once what they share at both ends is taken off. */
function lineDifference(before: string, after: string): string {
  const [a, b] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const changed = (lines: readonly string[], sign: string): string[] => {
    const middle = lines.slice(start, lines.length - end).map((line) => `  ${sign} ${line}`);
    return middle.length > SHOWN ? [...middle.slice(0, SHOWN), `  ${sign} ... ${middle.length - SHOWN} more`] : middle;
  };
  return [`  from line ${start + 1}:`, ...changed(a, '-'), ...changed(b, '+')].join('\n');
}
