import { z } from 'zod';
import { type Place, type Problem, problems } from './errors';
import type { Path } from './yaml';

/** What was parsed, and how to find its parts again. */
export interface Parsed {
  /** What was given to the schema. */
  readonly raw: unknown;
  readonly schema: z.core.$ZodType;
  /** What the root of `raw` is called in messages about a path: `settings.yaml`, `node "eth-0"`, `the defaults`. */
  name(path: Path): string;
  /** Where a path inside `raw` stands. */
  place(path: Path, target: 'key' | 'value'): Place;
  /** The text of a scalar as it was written. */
  written(path: Path): string | undefined;
}

type Issue = z.core.$ZodIssue;

/** Puts a schema's issues into our words: the value, what is allowed, and the next step. One problem for each unknown key. */
export const shapeProblems = (issues: readonly Issue[], parsed: Parsed): Problem[] =>
  issues.flatMap((issue) => explain(issue, issue.path as Path, parsed));

/** The keys that a map may have at a path, or none when it is not a map with fixed keys. */
export function allowedKeys(schema: z.core.$ZodType, raw: unknown, path: Path): readonly string[] {
  const shape = definition(schemaAt(schema, raw, path))?.shape;
  return shape ? Object.keys(shape) : [];
}

function explain(issue: Issue, path: Path, parsed: Parsed): Problem[] {
  const value = valueAt(parsed.raw, path);
  const schema = schemaAt(parsed.schema, parsed.raw, path);
  if (issue.code === 'unrecognized_keys') {
    const allowed = allowedKeys(parsed.schema, parsed.raw, path);
    return issue.keys.map((key) =>
      problems.unknownKey(parsed.place([...path, key], 'key'), { key, allowed, of: path.length === 0 ? parsed.name([key]) : JSON.stringify(dotted(path, parsed)) }),
    );
  }
  if (issue.code === 'invalid_key') {
    const key = String(path.at(-1));
    return [problems.wrongValue(parsed.place(path, 'key'), { path: dotted(path, parsed), value: key, allowed: issue.issues.map(allowedBy).join(', ') })];
  }
  if (value === undefined) {
    const parent = path.slice(0, -1);
    return [
      problems.missingKey(parsed.place(parent, 'value'), {
        key: String(path.at(-1) ?? ''),
        of: nameOf(parent, parsed),
        allowed: expectation(schema, issue),
      }),
    ];
  }
  if (issue.code === 'invalid_union') {
    const nested = closestBranch(issue.errors, value);
    if (nested) return nested.flatMap((inner) => explain(inner, [...path, ...(inner.path as Path)], parsed));
  }
  if (issue.code === 'invalid_type' && !bothNumbers(issue, value)) return [wrongType(expectation(schema, issue), value, path, parsed)];
  const expected = expectation(schema, issue);
  if (issue.code === 'invalid_value' && typeof value !== 'string' && kindOf(value) !== literalKind(issue.values)) {
    return [wrongType(typeof expected === 'string' ? expected : expected.join(' or '), value, path, parsed)];
  }
  return [problems.wrongValue(parsed.place(path, 'value'), { path: dotted(path, parsed), value: shown(value, parsed.written(path)), allowed: expected })];
}

function wrongType(expected: readonly string[] | string, value: unknown, path: Path, parsed: Parsed): Problem {
  return problems.wrongType(parsed.place(path, 'value'), {
    path: dotted(path, parsed),
    value: shown(value, parsed.written(path)),
    got: KINDS[kindOf(value)] ?? kindOf(value),
    allowed: typeof expected === 'string' ? expected : expected.join(' or '),
    quote: expected === TEXT && (typeof value === 'number' || typeof value === 'boolean'),
  });
}

/** Of a union, the branch that the value comes nearest to; none when it is of another kind than all of them. */
function closestBranch(branches: readonly (readonly Issue[])[], value: unknown): readonly Issue[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const inside = branches.filter((issues) => issues.length > 0 && !issues.some(({ code, path }) => path.length === 0 && code === 'invalid_type'));
  // An unknown key says that another branch was meant, so it weighs more than a missing one.
  const weight = (issues: readonly Issue[]) => issues.reduce((sum, { code }) => sum + (code === 'unrecognized_keys' ? 3 : 1), 0);
  return [...inside].sort((a, b) => weight(a) - weight(b))[0];
}

/** What a value must be: the literals, or a description. */
function expectation(schema: z.core.$ZodType | undefined, issue: Issue): readonly string[] | string {
  const inner = unwrap(schema);
  const def = definition(inner);
  // The discriminator of a union: what it may be is known to the issue only.
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)) return issue.options.map(String);
  if (def?.type === 'union' && def.options) {
    const parts = def.options.map((option) => expectation(option, issue));
    if (parts.every((part) => part !== MAP)) return parts.flat().join(' or ');
    return def.options.map((option) => `{${allowedKeys(option, undefined, []).join(', ')}}`).join(' or ');
  }
  if (def?.type === 'enum' && def.entries) return Object.values(def.entries).map(String);
  if (def?.type === 'literal' && def.values) return def.values.map(String);
  if (issue.code === 'invalid_type') return TYPES[issue.expected] ?? typeOf(def) ?? issue.expected;
  if (issue.code !== 'invalid_union') return allowedBy(issue);
  return patternOf(inner) ?? typeOf(def) ?? 'another value';
}

/** What one issue says is allowed. Our schemas word theirs as "must be ...". */
function allowedBy(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'too_small':
    case 'too_big': {
      const limit = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
      const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : '';
      return issue.message.startsWith('must ') ? stripMust(issue.message) : `${limit}${unit}`;
    }
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return FORMATS[issue.format] ?? (issue.message.startsWith('Invalid') ? `text that matches ${issue.pattern}` : stripMust(issue.message));
    default:
      return stripMust(issue.message);
  }
}

const stripMust = (message: string): string => message.replace(/^must be /, '');

/** The message that our own pattern gives: it says what a value looks like better than a type does. */
function patternOf(schema: z.core.$ZodType | undefined): string | undefined {
  if (!schema) return undefined;
  const result = z.safeParse(schema, '\u0000');
  const issue = result.success ? undefined : result.error.issues.find(({ code }) => code === 'invalid_format');
  return issue && allowedBy(issue);
}

const TEXT = 'text';
const MAP = 'a map';
const TYPES: Record<string, string> = {
  string: TEXT,
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: MAP,
  record: MAP,
};
const FORMATS: Record<string, string> = { email: 'an e-mail address' };
const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  list: 'a list',
  map: 'a map',
  null: 'empty',
};

const typeOf = (def: Definition | undefined): string | undefined =>
  def && (TYPES[def.type] ?? (def.type === 'union' ? undefined : def.type));

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value === 'object' ? 'map' : typeof value;

const literalKind = (values: readonly unknown[]): string => (values.length > 0 ? typeof values[0] : 'string');

const bothNumbers = (issue: { readonly expected: string }, value: unknown): boolean =>
  typeof value === 'number' && (issue.expected === 'int' || issue.expected === 'number');

/** A value for the report: scalars as they were written, others by their kind. */
function shown(value: unknown, written: string | undefined): Problem['value'] {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return written !== undefined && written !== String(value) ? written : value;
  if (typeof value === 'string') return value;
  const text = JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

const nameOf = (path: Path, parsed: Parsed): string => (path.length === 0 ? parsed.name(path) : JSON.stringify(dotted(path, parsed)));

const dotted = (path: Path, parsed: Parsed): string =>
  path.length === 0 ? parsed.name(path) : path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${part}` : part), '');

function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** The parts of a zod schema's definition that are read here (https://zod.dev/packages/core, "Internals"). */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly values?: readonly unknown[];
}

const definition = (schema: z.core.$ZodType | undefined): Definition | undefined =>
  schema && (schema._zod.def);

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let current = schema;
  for (let def = definition(current); def; def = definition(current)) {
    const inner = def.innerType ?? (def.type === 'pipe' ? def.in : undefined);
    if (!inner) return current;
    current = inner;
  }
  return current;
}

/** The schema that judges a path; of a union, the option that the value chose by a literal or comes nearest to. */
function schemaAt(root: z.core.$ZodType, raw: unknown, path: Path): z.core.$ZodType | undefined {
  let schema = chooseOption(unwrap(root), raw, path.length > 0);
  let value = raw;
  for (const [index, part] of path.entries()) {
    const def = definition(schema);
    const next = def?.shape?.[part] ?? def?.valueType ?? def?.element;
    value = valueAt(value, [part]);
    schema = chooseOption(unwrap(next), value, index < path.length - 1 || typeof value === 'object');
  }
  return schema;
}

function chooseOption(schema: z.core.$ZodType | undefined, value: unknown, descend: boolean): z.core.$ZodType | undefined {
  const def = definition(schema);
  if (!descend || def?.type !== 'union' || !def.options || typeof value !== 'object' || value === null) return schema;
  const options = def.options.map((option) => unwrap(option)).filter((option) => definition(option)?.shape);
  const known = (option: z.core.$ZodType | undefined) => {
    const shape = definition(option)?.shape ?? {};
    return Object.entries(value).reduce((score, [key, given]) => {
      const literals = definition(unwrap(shape[key]))?.values;
      if (literals) return score + (literals.includes(given) ? 100 : -100);
      return score + (Object.hasOwn(shape, key) ? 1 : 0);
    }, 0);
  };
  return [...options].sort((a, b) => known(b) - known(a))[0] ?? schema;
}
