import { z } from 'zod';

/**
 * What a plan is: the difference of two rendered fleets, by meaning. The schemas below are the stable form that `--format json` prints;
 * `docs/plan.md` describes it, `apps/plan/plan.schema.json` is made of it. A field is added freely; one that changes its meaning raises `version`.
 */

/** Risk classes, the worst first, each with what it means to a reviewer. */
export const RISKS = {
  'data loss': 'A disk, a bucket, a database or a key of encryption is lost, replaced, shrunk, or left behind where nothing declares it.',
  'second-signer risk': 'Where a validator key may sign changes, or one of the layers that keep a second signer out.',
  interrupting: 'Takes effect on running pods, or on their surroundings, as soon as it is applied, although nodes are armed.',
  'one-way': 'Can not be undone on the same disk: another data schema, another client, a volume that grows.',
  permissions: 'Somebody may do what they could not, or no longer what they could.',
  exposure: 'A port, an address or a peer can be reached that could not.',
  hardening: 'A pod is held less tightly than before: a declared exception, or a weakening that nothing declares.',
  'restart when fired': 'Takes effect when the node is fired: its pod restarts then, and not before.',
  harmless: 'Nothing that runs notices.',
} as const;

export type Risk = keyof typeof RISKS;

export const RISK_ORDER = Object.keys(RISKS) as Risk[];

/** The parts of a plan, in the order in which it is read. */
export const SECTIONS = {
  keys: 'Key placements',
  exceptions: 'Exceptions and weakenings',
  permissions: 'Permissions',
  ports: 'Opened ports',
  interrupting: 'Interrupting changes',
  volumes: 'Volumes',
  nodes: 'Started, stopped, retired, deleted and new nodes',
  programs: 'Programs',
  policies: 'Guards: policies, namespaces, classes',
  terraform: 'Infrastructure (Terraform)',
  other: 'Other',
} as const;

export type Section = keyof typeof SECTIONS;

const risk = z.enum(RISK_ORDER as [Risk, ...Risk[]]);
const places = z.record(z.string(), z.array(z.string())).describe('Cluster (or Terraform stack), then the nodes, objects or addresses that it happens to.');

const findingSchema = z.strictObject({
  section: z.enum(Object.keys(SECTIONS) as [Section, ...Section[]]),
  risk,
  code: z.string().describe('What kind of finding this is; stable.'),
  network: z.string().optional(),
  what: z.string().describe('One sentence. Names of the nodes that it happens to are in `places`.'),
  refused: z.boolean().describe('The change must not be merged as it is.'),
  next: z.string().optional().describe('What to do instead.'),
  count: z.number().int(),
  places,
});

const releaseSchema = z.strictObject({
  network: z.string(),
  component: z.string(),
  client: z.strictObject({ from: z.string(), to: z.string() }),
  version: z.strictObject({ from: z.string(), to: z.string() }),
  dataSchema: z.strictObject({ from: z.string(), to: z.string() }),
  changes: z.array(z.string()).describe('What of the pod differs beside the version.'),
  risk,
  nodes: z.number().int(),
  restarts: z.number().int().describe('Pods that run now and take this up when they are fired.'),
  volumeChanges: z.number().int().describe('Nodes of this group whose volumes change too.'),
  permissionChanges: z.number().int(),
  places,
});

const rawSchema = z.strictObject({
  objects: z.number().int().describe('Objects that differ.'),
  leftOut: z.number().int().describe('Distinct changes that are not shown, to keep the plan small.'),
  changes: z.array(
    z.strictObject({
      object: z.string().describe('Kind and name, `<node>` for the node.'),
      times: z.number().int(),
      first: z.string().describe('The file in which it comes first.'),
      diff: z.string().describe('Lines with their sign; secrets left out.'),
    }),
  ),
});

const sideSchema = z.strictObject({
  name: z.string().describe('The revision as it was asked for.'),
  revision: z.string().optional().describe('Its commit; none for the working tree.'),
  clusters: z.number().int(),
  nodes: z.number().int(),
  digest: z.string().describe('sha256 over all rendered files.'),
});

export const planSchema = z.strictObject({
  version: z.literal(1),
  base: sideSchema,
  head: sideSchema,
  refused: z.boolean().describe('At least one finding is refused.'),
  notes: z.array(z.string()).describe('What limits this plan: a base without a fleet, no Terraform to compare.'),
  risks: z.record(risk, z.number().int()).describe('Places by risk class: nodes, objects and addresses.'),
  releases: z.array(releaseSchema),
  findings: z.array(findingSchema).describe('The worst first within a section.'),
  raw: rawSchema,
});

export type Plan = z.output<typeof planSchema>;
export type FindingGroup = z.output<typeof findingSchema>;
export type ReleaseGroup = z.output<typeof releaseSchema>;
export type RawDifference = z.output<typeof rawSchema>;
export type Side = z.output<typeof sideSchema>;

/** One thing that one object, node or key does; findings that say the same of many places are shown as one. */
export interface Finding {
  readonly section: Section;
  readonly risk: Risk;
  readonly code: string;
  /** Without the names of the place, so that the same of many places reads the same. */
  readonly what: string;
  readonly refused?: boolean;
  readonly next?: string;
  readonly network?: string;
  /** Cluster, or Terraform stack. */
  readonly cluster: string;
  /** Node, object or address. */
  readonly subject: string;
}

/** A template of a StatefulSet that differs. */
export interface TemplateChange {
  readonly cluster: string;
  readonly network: string;
  readonly node: string;
  readonly component: string;
  readonly client: { readonly from: string; readonly to: string };
  readonly version: { readonly from: string; readonly to: string };
  readonly dataSchema: { readonly from: string; readonly to: string };
  readonly changes: readonly string[];
  /** Whether a pod runs the old one. */
  readonly running: boolean;
  readonly risk: Risk;
}
