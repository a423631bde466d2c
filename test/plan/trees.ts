import { loadAll } from 'js-yaml';
import type { FindingGroup, Plan } from '../../apps/plan/model';
import { makePlan, type PlanInput } from '../../apps/plan/report';
import { RenderedTree, type K8sObject } from '../../apps/plan/tree';
import { toYaml } from '../../apps/render/yaml';
import { GOLDEN, readTree } from '../golden/trees';

export type Files = ReadonlyMap<string, string>;

/** An object whose fields a test may change. */
export type Editable = Omit<K8sObject, 'metadata'> & {
  metadata: { name: string; namespace?: string; labels: Record<string, string>; annotations: Record<string, string> };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects of every kind, changed deep inside
  [field: string]: any;
};

/** What the golden fleet renders to, as committed. */
export const golden: Files = readTree(GOLDEN.dist);

export const GETH = 'gke-golden/staking-hoodi/eth-gke-0';

/** A copy in which one object is changed, or removed where `change` returns false. */
export function edited(files: Files, path: string, kind: string, change: (object: Editable) => unknown, name?: string): Files {
  const text = files.get(path);
  if (text === undefined) throw new Error(`there is no ${path}`);
  const objects = loadAll(text) as Editable[];
  const chosen = objects.filter((object) => object.kind === kind && (name === undefined || object.metadata.name === name));
  if (chosen.length !== 1) throw new Error(`${path} has ${chosen.length} objects of kind ${kind}`);
  const kept = change(chosen[0]!) !== false;
  const rest = kept ? objects : objects.filter((object) => object !== chosen[0]);
  return new Map(files).set(path, toYaml(rest));
}

export const without = (files: Files, below: string): Files => new Map([...files].filter(([path]) => !path.startsWith(below)));

export function planOf(before: Files, after: Files, more: Partial<PlanInput> = {}): Plan {
  return makePlan({
    base: { name: 'main', revision: 'a'.repeat(40), manifests: new RenderedTree(before, 'main') },
    head: { name: 'the working tree', manifests: new RenderedTree(after, 'the working tree') },
    ...more,
  });
}

export const codes = ({ findings }: Plan): string[] => findings.map(({ code }) => code);

/** The one finding of a code. */
export function only(plan: Plan, code: string): FindingGroup {
  const found = plan.findings.filter((one) => one.code === code);
  if (found.length !== 1) throw new Error(`${found.length} findings of code ${code} among ${JSON.stringify(plan.findings, null, 1)}`);
  return found[0]!;
}
