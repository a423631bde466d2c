import { DEFAULT_SCHEMA, dump, Type } from 'js-yaml';

/**
 * Objects as YAML documents of one file, keys in their given order, no anchors.
 *
 * What js-yaml would write, byte for byte (a test compares them), in less time: a fleet's manifests say the same few
 * hundred scalars again and again, so js-yaml is asked once for each and only the structure is written here.
 */
export function toYaml(objects: readonly unknown[], header?: string): string {
  const documents = objects.map((object) => (isCollection(object) ? block(object, '').slice(1) : scalar(object, '').slice(1)));
  return `${header ? `# ${header}\n` : ''}${documents.join('---\n')}`;
}

/** As js-yaml writes it, for the test that compares. */
export const byLibrary = (object: unknown): string => dump(object, OPTIONS);

/**
 * YAML 1.2 readers take a bare `0o17` for 15, and js-yaml would leave such a string bare: a string that an implicit type
 * claims gets quoted.
 */
const octal = new Type('tag:yaml.org,2002:int#octal', { kind: 'scalar', resolve: (text: unknown) => typeof text === 'string' && /^0o[0-7]+$/.test(text) });

const OPTIONS = { noRefs: true, lineWidth: -1, schema: DEFAULT_SCHEMA.extend({ implicit: [octal] }) } as const;

type Collection = readonly unknown[] | Readonly<Record<string, unknown>>;

const isCollection = (value: unknown): value is Collection => typeof value === 'object' && value !== null;

/** A collection, each entry on a line of its own after a line break and `indent`; ends in a line break. Starts with one too. */
function block(collection: Collection, indent: string): string {
  let text = '';
  if (Array.isArray(collection)) {
    if (collection.length === 0) return ' []\n';
    for (const entry of collection as readonly unknown[]) text += `${indent}-${inline(entry, `${indent}  `)}`;
  } else {
    let empty = true;
    for (const [key, value] of Object.entries(collection)) {
      if (value === undefined) continue;
      empty = false;
      text += `${indent}${memoized(key)}:${nested(value, indent)}`;
    }
    if (empty) return ' {}\n';
  }
  return `\n${text}`;
}

/** What comes after a key: on the same line, or below and further in. */
function nested(value: unknown, indent: string): string {
  return isCollection(value) ? block(value, `${indent}  `) : scalar(value, indent);
}

/** What comes after a dash: a collection's first entry stands on the same line. */
function inline(value: unknown, indent: string): string {
  if (!isCollection(value)) return scalar(value, indent.slice(2));
  const text = block(value, indent);
  return text.startsWith('\n') ? ` ${text.slice(1 + indent.length)}` : text;
}

/**
 * A scalar after a space, up to its line break. Text of several lines is a literal block, two further in than `indent`; text that begins
 * with white space is quoted as JSON instead, since js-yaml can't read all the blocks that it writes of such (`"\n"`).
 */
function scalar(value: unknown, indent: string): string {
  if (typeof value !== 'string' || !value.includes('\n')) return ` ${memoized(value)}\n`;
  if (/^\s/.test(value)) return ` ${JSON.stringify(value)}\n`;
  // Printable text that ends in one line break is the common case: it needs no look at each character.
  if (/^[\x20-\x7e\n]*[^\n]\n$/.test(value)) return ` |\n${value.replace(/^(?=.)/gm, `${indent}  `)}`;
  const [head = '', ...lines] = dump(value, OPTIONS).split('\n');
  return ` ${[head, ...lines.map((line) => (line === '' ? '' : `${indent}${line}`))].join('\n')}`;
}

const known = new Map<unknown, string>();

/** Plain in every YAML: too long for a reserved word, and begins like no number or date. */
const SURELY_PLAIN = /^[A-Za-z][A-Za-z0-9._/-]{5,}$/;

function memoized(value: unknown): string {
  if (typeof value === 'string' ? SURELY_PLAIN.test(value) : Number.isInteger(value) || typeof value === 'boolean') return String(value);
  let text = known.get(value);
  if (text === undefined) {
    text = dump(value, OPTIONS).slice(0, -1);
    // Names and keys come once each; the limit keeps a large fleet's from staying in memory.
    if (known.size > 50_000) known.clear();
    known.set(value, text);
  }
  return text;
}
