import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * What is wrong with a plain object, judged as the API server does with `fieldValidation: Strict`: its types, required
 * fields and enumerations by the schemas of npm's `kubernetes-models` (Kubernetes 1.34), and every field that they don't know. Empty: valid.
 *
 * Not judged: what lies outside the schemas (names, formats of quantities, what one field demands of another), and
 * custom resources, which are reported as unknown kinds.
 *
 * @example expect(validateObject({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } })).toEqual([]);
 */
export function validateObject(object: unknown): string[] {
  if (!isRecord(object) || typeof object['apiVersion'] !== 'string' || typeof object['kind'] !== 'string') {
    return ['not a Kubernetes object: apiVersion and kind must be strings'];
  }
  const { apiVersion, kind } = object as { apiVersion: string; kind: string };
  const validate = schemaOf(apiVersion, kind);
  if (validate === undefined) return [`no schema for ${apiVersion} ${kind}`];

  const reads: Reads = new Map();
  const problems = validate(recording(object, reads))
    ? []
    : (validate.errors ?? []).map(({ instancePath, keyword, params }) => `${instancePath || '/'}: ${keyword} ${JSON.stringify(params)}`);
  // A branch that already failed is left unread by some keywords, so unknown fields are only looked for in what passed.
  if (problems.length > 0) return problems;
  return unknownFields(object, reads, '').filter((problem) => !LOST_BY_THE_PACKAGE.has(`${kind}${problem}`));
}

/** Whoever made the package took every `description` for documentation, the field of that name included. */
const LOST_BY_THE_PACKAGE: ReadonlySet<string> = new Set(['PriorityClass/description: unknown field']);

interface Validate {
  (data: unknown): boolean;
  errors?: readonly { instancePath: string; keyword: string; params: unknown }[] | null;
}

const known = new Map<string, Validate | undefined>();

/** The package exports ES modules alone, which Node 20.19 and newer `require` by path. */
function schemaOf(apiVersion: string, kind: string): Validate | undefined {
  const key = `${apiVersion}/${kind}`;
  if (!known.has(key)) {
    const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['core', apiVersion];
    const name = ['IoK8sApi', group.split('.')[0]!, version, kind].map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
    const file = join(PACKAGE, '_schemas', `${name}.js`);
    known.set(key, existsSync(file) ? (load(file) as { validate: Validate }).validate : undefined);
  }
  return known.get(key);
}

const load = createRequire(__filename);
const PACKAGE = dirname(load.resolve('kubernetes-models/package.json'));

/** Fields of each object that a validator asked for. */
type Reads = Map<object, Set<string>>;

/**
 * The compiled validators allow unknown fields, but never read them: of an object with known fields they read each one by its name, of a
 * map every key. So what was left unread is unknown.
 */
function recording<T>(value: T, reads: Reads): T {
  if (typeof value !== 'object' || value === null) return value;
  const read = new Set<string>();
  reads.set(value, read);
  const children = new Map<string, unknown>();
  return new Proxy(value, {
    get(target, field) {
      if (typeof field !== 'string') return Reflect.get(target, field) as unknown;
      read.add(field);
      if (!children.has(field)) children.set(field, recording(Reflect.get(target, field) as unknown, reads));
      return children.get(field);
    },
  });
}

function unknownFields(value: unknown, reads: Reads, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, child]) =>
    reads.get(value)?.has(field) === true ? unknownFields(child, reads, `${path}/${field}`) : [`${path}/${field}: unknown field`],
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
