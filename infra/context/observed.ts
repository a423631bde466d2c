import { Document, isMap, parseDocument, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import { type Failure, refusal, UserError } from '../../errors/user-error';
import { observedSchema, type Observed } from '../../model/schema/observed';
import { OUTPUTS, type OutputName } from './outputs';

/** What `terraform output -json` prints: every output of a state by its name. */
export type TerraformOutputs = Readonly<Record<string, { readonly value: unknown; readonly sensitive?: boolean }>>;

/** @throws UserError where it is no output of Terraform */
export function parseOutputs(text: string, source: string): TerraformOutputs {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refusal(`${source} is not JSON`, 'Write it with `terraform output -json`.');
  }
  const sound = isRecord(json) && Object.values(json).every((output) => isRecord(output) && 'value' in output);
  if (!sound) throw refusal(`${source} is not what \`terraform output -json\` prints: a map of names to {value, type, sensitive}`, 'Write it again, without naming one output.');
  return json as TerraformOutputs;
}

export interface Recorded {
  readonly text: string;
  /** One line for each key that was recorded. */
  readonly summary: readonly string[];
  readonly changed: boolean;
}

/**
 * The text of `fleet/observed/<cluster>.yaml` once outputs are recorded. Each key that they have is replaced as a whole, since the state knows all of it; others
 * stay, and so do comments.
 *
 * @param before the file's text, undefined where there is none
 * @throws UserError with everything that is wrong with the outputs
 */
export function recordOutputs(before: string | undefined, outputs: TerraformOutputs, cloud: 'gcp' | 'aws'): Recorded {
  const taken = Object.entries(KEYS).filter(([, { output }]) => output in outputs) as [keyof Observed, (typeof KEYS)[keyof Observed]][];
  if (taken.length === 0) {
    throw refusal(`none of the outputs is one to record: ${Object.keys(outputs).join(', ') || 'there are none'}`, "Apply the cluster's network and cluster stacks, and give the outputs of these.", { allowed: Object.values(OUTPUTS) });
  }
  const secret = taken.filter(([, { output }]) => outputs[output]!.sensitive === true).map(([, { output }]) => output);
  if (secret.length > 0) throw refusal(`${secret.join(' and ')} is marked sensitive; what is recorded is reviewed in the open`, 'Find out who marked it.');
  if (cloud === 'gcp' && OUTPUTS.p2pAllocations in outputs) throw refusal(`${OUTPUTS.p2pAllocations} is an output of EKS clusters, and this one is GKE`, "Give the outputs of this cluster's own stacks.");

  const values = Object.fromEntries(taken.map(([key, { output }]) => [key, sorted(outputs[output]!.value)]));
  const judged = observedSchema.safeParse(values);
  if (!judged.success) throw new UserError(judged.error.issues.map((issue) => failureOf(issue, values)));

  const document = before === undefined ? new Document({}) : parseDocument(before);
  if (document.errors.length > 0 || !isMap(document.contents)) throw refusal('the file that is there can not be read', 'Run `npm run synth`, which says what is wrong with it.');
  const map: YAMLMap = document.contents;
  map.flow = false;
  for (const [key] of taken) map.set(document.createNode(key), nodeOf(document, values[key]));
  const body = document.toString({ lineWidth: 0, flowCollectionPadding: true });
  const text = before === undefined ? `${HEAD}${body}` : body;
  return { text, summary: taken.map(([key, { count }]) => `${key}: ${count(values[key])}`), changed: text !== before };
}

const HEAD = '# yaml-language-server: $schema=../schema/json/observed.schema.json\n# Recorded after apply by `npm run record`.\n';

const many = (value: unknown): string => `${Array.isArray(value) ? value.length : Object.values(value as Record<string, object>).reduce((sum, of) => sum + Object.keys(of).length, 0)}`;

/** Keys of the file, in their order there, with the output that each is recorded from. */
const KEYS: Readonly<Record<keyof Observed, { readonly output: OutputName; readonly count: (value: unknown) => string }>> = {
  addresses: { output: OUTPUTS.p2pAddresses, count: many },
  allocations: { output: OUTPUTS.p2pAllocations, count: many },
  natAddresses: { output: OUTPUTS.natAddresses, count: many },
  oidcIssuer: { output: OUTPUTS.oidcIssuer, count: String },
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The order of a map is nobody's, so it is the alphabet's. */
function sorted(value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/** A node's components on one line, as people write them. */
function nodeOf(document: Document, value: unknown): unknown {
  const node = document.createNode(value);
  if (isMap(node)) for (const { value: inner } of node.items) if (isMap(inner)) inner.flow = true;
  return node;
}

function failureOf({ path, message }: z.core.$ZodIssue, values: Readonly<Record<string, unknown>>): Failure {
  const [key, ...rest] = path;
  const output = KEYS[key as keyof Observed].output;
  const value = path.reduce<unknown>((of, part) => (typeof of === 'object' && of !== null ? (of as Record<PropertyKey, unknown>)[part] : undefined), values);
  return { message: `output ${[output, ...rest.map(String)].join('.')}: ${message}, got ${JSON.stringify(value)}`, next: 'Apply the stack that makes it, then record again.' };
}
