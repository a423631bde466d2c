import { DEFAULT_SCHEMA, dump, Type } from 'js-yaml';

/** Objects as YAML documents of one file, keys in their given order, no anchors. */
export function toYaml(objects: readonly unknown[], header?: string): string {
  const documents = objects.map((object) => dump(object, OPTIONS));
  return `${header ? `# ${header}\n` : ''}${documents.join('---\n')}`;
}

/**
 * YAML 1.2 readers take a bare `0o17` for 15, and js-yaml would leave such a string bare: a string that an implicit type
 * claims gets quoted.
 */
const octal = new Type('tag:yaml.org,2002:int#octal', { kind: 'scalar', resolve: (text: unknown) => typeof text === 'string' && /^0o[0-7]+$/.test(text) });

const OPTIONS = { noRefs: true, lineWidth: -1, schema: DEFAULT_SCHEMA.extend({ implicit: [octal] }) } as const;
