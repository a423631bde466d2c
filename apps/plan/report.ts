import { Context } from './context';
import { diffTrees } from './diff';
import { RISK_ORDER, SECTIONS, type Finding, type FindingGroup, type Plan, type ReleaseGroup, type Risk, type Section, type Side, type TemplateChange } from './model';
import { rawDifference } from './raw';
import { judge } from './risk';
import type { KeyHistory } from './rules/keys';
import { compareTerraform, type TerraformTree } from './terraform';
import { grouped, type RenderedTree } from './tree';

export interface Revision {
  /** As it was asked for. */
  readonly name: string;
  /** The commit. @default - none: the working tree */
  readonly revision?: string;
  readonly manifests: RenderedTree;
  /** @default - nothing was synthesized */
  readonly terraform?: TerraformTree;
}

export interface PlanInput {
  readonly base: Revision;
  readonly head: Revision;
  /** @default - no journal to judge by */
  readonly keys?: KeyHistory;
  /** What limits the plan, for the reader. */
  readonly notes?: readonly string[];
}

/** Compares two rendered fleets and says what the change means. Pure: the same input gives the same plan. */
export function makePlan({ base, head, keys, notes = [] }: PlanInput): Plan {
  const difference = diffTrees(base.manifests, head.manifests);
  const { findings, templates } = judge(difference, new Context(base.manifests, head.manifests), keys);
  const compared = base.terraform && head.terraform ? compareTerraform(base.terraform, head.terraform) : [];
  const groups = groupFindings([...findings, ...compared]);
  const releases = groupReleases(templates, findings);
  return {
    version: 1,
    base: side(base),
    head: side(head),
    refused: groups.some(({ refused }) => refused),
    notes: [...notes, ...((base.terraform === undefined) !== (head.terraform === undefined) ? [`Only ${base.terraform ? base.name : head.name} has Terraform stacks: they were not compared.`] : [])],
    risks: countRisks(groups, releases),
    releases,
    findings: groups,
    raw: rawDifference(difference),
  };
}

const side = ({ name, revision, manifests }: Revision): Side => ({ name, ...(revision ? { revision } : {}), clusters: manifests.clusters.length, nodes: manifests.nodes.length, digest: manifests.digest });

/** The same of many places, once; the worst first in each section. */
function groupFindings(findings: readonly Finding[]): FindingGroup[] {
  const sections = Object.keys(SECTIONS) as Section[];
  return [...grouped(findings, ({ section, risk, code, network, what, refused, next }) => JSON.stringify([section, risk, code, network, what, refused, next])).values()]
    .map((same): FindingGroup => {
      const [{ section, risk, code, network, what, refused = false, next }] = same as [Finding, ...Finding[]];
      const places = placesOf(same.map(({ cluster, subject }) => [cluster, subject]));
      return { section, risk, code, ...(network === undefined ? {} : { network }), what, refused, ...(next === undefined ? {} : { next }), count: countOf(places), places };
    })
    .sort(
      (a, b) =>
        sections.indexOf(a.section) - sections.indexOf(b.section) ||
        Number(b.refused) - Number(a.refused) ||
        RISK_ORDER.indexOf(a.risk) - RISK_ORDER.indexOf(b.risk) ||
        order(a.network ?? '', b.network ?? '') ||
        order(a.code, b.code) ||
        order(a.what, b.what),
    );
}

/** Templates that differ in the same way, by network, component and release. */
function groupReleases(templates: readonly TemplateChange[], findings: readonly Finding[]): ReleaseGroup[] {
  const nodesWith = (section: Section): Set<string> => new Set(findings.filter((one) => one.section === section && one.risk !== 'harmless').map(({ cluster, network, subject }) => `${cluster}\0${network}\0${subject}`));
  const [volumes, permissions] = [nodesWith('volumes'), nodesWith('permissions')];
  return [...grouped(templates, ({ network, component, client, version, dataSchema, changes, risk }) => JSON.stringify([network, component, client, version, dataSchema, changes, risk])).values()]
    .map((same): ReleaseGroup => {
      const [{ network, component, client, version, dataSchema, changes, risk }] = same as [TemplateChange, ...TemplateChange[]];
      const places = placesOf(same.map(({ cluster, node }) => [cluster, node]));
      const touched = (of: ReadonlySet<string>): number => same.filter(({ cluster, node }) => of.has(`${cluster}\0${network}\0${node}`)).length;
      return {
        network,
        component,
        client,
        version,
        dataSchema,
        changes: [...changes],
        risk,
        nodes: countOf(places),
        restarts: same.filter(({ running }) => running).length,
        volumeChanges: touched(volumes),
        permissionChanges: touched(permissions),
        places,
      };
    })
    .sort((a, b) => order(a.network, b.network) || order(a.component, b.component) || order(a.client.to, b.client.to) || b.nodes - a.nodes || order(JSON.stringify(a), JSON.stringify(b)));
}

function placesOf(pairs: readonly (readonly [string, string])[]): Record<string, string[]> {
  const by = grouped(pairs, ([cluster]) => cluster);
  return Object.fromEntries([...by.keys()].sort(order).map((cluster) => [cluster, [...new Set(by.get(cluster)!.map(([, subject]) => subject))].sort(order)]));
}

const countOf = (places: Readonly<Record<string, readonly string[]>>): number => Object.values(places).reduce((sum, subjects) => sum + subjects.length, 0);

function countRisks(findings: readonly FindingGroup[], releases: readonly ReleaseGroup[]): Record<Risk, number> {
  const counts = Object.fromEntries(RISK_ORDER.map((risk) => [risk, 0])) as Record<Risk, number>;
  for (const { risk, count } of findings) counts[risk] += count;
  for (const { risk, nodes, restarts } of releases) {
    if (risk === 'restart when fired') counts[risk] += restarts;
    else {
      counts[risk] += nodes;
      counts['restart when fired'] += restarts;
    }
  }
  return counts;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
