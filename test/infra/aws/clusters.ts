import type { AwsCluster } from '../../../infra/context';
import { exampleStacks, type Attributes, type SynthesizedStacks } from '../stacks';

export const stacks = exampleStacks();

export const eksOf = (of: SynthesizedStacks): readonly AwsCluster[] => Object.values(of.context.fleet.clusters).filter((cluster): cluster is AwsCluster => cluster.cloud === 'aws');
export const EKS = eksOf(stacks);
export const AWS_STACKS = stacks.stacks.filter(({ cloud }) => cloud === 'aws');

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export const list = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : typeof value === 'string' ? [value] : value);
/** Terraform's expressions have quotes of their own, which JSON can't read. */
export const statements = (text: string): readonly Statement[] => (JSON.parse(text.replace(/\$\{[^}]*\}/g, 'TOKEN')) as { Statement: readonly Statement[] }).Statement;

/** Every IAM, key and bucket policy of a stack, by the resource that it is in. */
export function policiesOf(of: SynthesizedStacks, id: string): readonly { readonly name: string; readonly type: string; readonly attribute: string; readonly statements: readonly Statement[] }[] {
  return of.all(id).flatMap(({ type, name, attributes }) =>
    ['policy', 'assume_role_policy'].flatMap((attribute) => {
      const text = (attributes as Readonly<Record<string, unknown>>)[attribute];
      return typeof text === 'string' && text.includes('"Statement"') ? [{ name, type, attribute, statements: statements(text) }] : [];
    }),
  );
}

/** The statements of the role that bears a name: what it may do, and who may take it. */
export function roleOf(of: SynthesizedStacks, id: string, name: string): { readonly allows: readonly Statement[]; readonly trust: readonly Statement[] } {
  const role = of.resources(id, 'aws_iam_role').find((one) => one['name'] === name);
  if (role === undefined) throw new Error(`stack "${id}" has no role "${name}"`);
  const policy = of.resources(id, 'aws_iam_role_policy').find((one) => one['name'] === name);
  return { allows: policy === undefined ? [] : statements(policy['policy'] as string), trust: statements(role['assume_role_policy'] as string) };
}

/** What a reference such as `${data.aws_subnet.x.id}` stands for: the attributes of the thing it names, in the same stack. */
export function referred(of: SynthesizedStacks, id: string, reference: string): Attributes {
  const [, path = ''] = /^\$\{(.+)\}$/.exec(reference) ?? [];
  const parts = path.split('.');
  const json = of.stack(id);
  const found = parts[0] === 'data' ? json.data?.[parts[1]!]?.[parts[2]!] : json.resource?.[parts[0]!]?.[parts[1]!];
  if (found === undefined) throw new Error(`${reference} of stack "${id}" names nothing`);
  return found;
}

/** The Name tag, or else the name, of what a reference stands for. */
export const nameOf = (of: SynthesizedStacks, id: string, reference: string): string => {
  const found = referred(of, id, reference);
  return (found['tags']?.Name ?? found['name']) as string;
};
