import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStacks, synthStacks } from '../../infra/synth';
import { stacksOf, type StackDescription } from '../../infra/stacks';
import type { StackContext } from '../../infra/context';
import { readTree, type Tree } from '../golden/trees';

/** What Terraform reads of one stack. */
export interface StackJson {
  readonly terraform: { readonly backend: Readonly<Record<string, Readonly<Record<string, unknown>>>>; readonly required_providers: Readonly<Record<string, { readonly version: string }>> };
  readonly provider: Readonly<Record<string, readonly Attributes[]>>;
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Attributes>>>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, Attributes>>>>;
  readonly output?: Readonly<Record<string, { readonly value: unknown; readonly sensitive?: boolean }>>;
}

/** A resource, data source or provider, as deep as it may be. Tests say what they expect of it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Attributes = Readonly<Record<string, any>>;

/** The Terraform of a fleet, synthesized once. */
export class SynthesizedStacks {
  private readonly json = new Map<string, StackJson>();

  constructor(
    readonly context: StackContext,
    /** Path below the output folder, then text. */
    readonly files: Tree,
  ) {}

  get stacks(): readonly StackDescription[] {
    return stacksOf(this.context.fleet);
  }

  /** @throws Error where there is no such stack */
  stack(id: string): StackJson {
    let json = this.json.get(id);
    if (json === undefined) {
      const text = this.files.get(`stacks/${id}/cdk.tf.json`);
      if (text === undefined) throw new Error(`there is no stack "${id}": ${this.stacks.map((stack) => stack.id).join(', ')}`);
      json = JSON.parse(text) as StackJson;
      this.json.set(id, json);
    }
    return json;
  }

  text(id: string): string {
    this.stack(id);
    return this.files.get(`stacks/${id}/cdk.tf.json`)!;
  }

  /** Every resource of a type in a stack. */
  resources(id: string, type: string): readonly Attributes[] {
    return Object.values(this.stack(id).resource?.[type] ?? {});
  }

  /** The one resource of a type in a stack. @throws Error where there is none, or more than one */
  resource(id: string, type: string): Attributes {
    const found = this.resources(id, type);
    if (found.length !== 1) throw new Error(`stack "${id}" has ${found.length} of ${type}, not one`);
    return found[0]!;
  }

  /** Every resource of a stack with its type. */
  all(id: string): readonly { readonly type: string; readonly name: string; readonly attributes: Attributes }[] {
    return Object.entries(this.stack(id).resource ?? {}).flatMap(([type, named]) => Object.entries(named).map(([name, attributes]) => ({ type, name, attributes })));
  }
}

export const EXAMPLE_FLEET = join(__dirname, '..', '..', 'fleet');

/** Synthesizes into a folder that is gone before this returns. `alter` changes what was loaded. */
export function synthesize(alter: (context: StackContext) => StackContext = (context) => context, folder = EXAMPLE_FLEET): SynthesizedStacks {
  const context = alter(loadStacks(folder));
  const temporary = mkdtempSync(join(tmpdir(), 'stockade-stacks-'));
  try {
    const out = join(temporary, 'out');
    synthStacks(context, out);
    return new SynthesizedStacks(context, readTree(out));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** The same fleet, at home on Amazon, with backups of its database in a second region. */
export const atHomeOnAmazon = (context: StackContext): StackContext => {
  const { infrastructure } = context.fleet;
  const { home, atlantis, aws } = infrastructure;
  return {
    ...context,
    fleet: {
      ...context.fleet,
      infrastructure: {
        ...infrastructure,
        home: { ...home, cloud: 'aws', region: 'eu-central-1', range: '10.251.16.0/24', database: { ...home.database, machine: 'db.m7g.large' } },
        atlantis: { ...atlantis, zone: 'eu-central-1b', machineType: 'm7i.xlarge', bootImage: 'ami-00000000' },
        aws: { ...aws, snapshotsRegion: 'eu-west-1' },
      },
    },
  };
};

let [example, onAmazon]: (SynthesizedStacks | undefined)[] = [];

/** The example fleet's Terraform, synthesized once for all test files of a process. */
export const exampleStacks = (): SynthesizedStacks => (example ??= synthesize());

/** The same at home on Amazon, once too. */
export const stacksAtHomeOnAmazon = (): SynthesizedStacks => (onAmazon ??= synthesize(atHomeOnAmazon));

/** A file of the repository. */
export const repositoryFile = (...path: string[]): string => readFileSync(join(__dirname, '..', '..', ...path), 'utf8');
