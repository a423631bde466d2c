import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import tseslint from 'typescript-eslint';

/** What each room may import beside itself (docs/architecture.md). `test/layout/` holds the same table, and that there is no circle. */
const rooms = JSON.parse(readFileSync(new URL('rooms.json', import.meta.url), 'utf8'));

const roomOf = (path) => {
  const parts = path.split('/');
  return Object.keys(rooms)
    .map((room) => room.split('/'))
    .filter((room) => room.length <= parts.length && room.every((part, index) => part === '*' || part === parts[index]))
    .map(({ length }) => parts.slice(0, length).join('/'))
    .sort((a, b) => b.length - a.length)[0];
};
const rowOf = (room) => rooms[room] ?? rooms[room.replace(/[^/]+$/, '*')];

/** Whether nothing of an import is left when the program runs. */
const isType = ({ type, importKind, exportKind, specifiers = [] }) =>
  type === 'TSImportType' || importKind === 'type' || exportKind === 'type' || (specifiers.length > 0 && specifiers.every((one) => one.importKind === 'type' || one.exportKind === 'type'));

const arrows = {
  create(context) {
    const file = relative(import.meta.dirname, context.filename);
    const room = roomOf(file);
    const check = (node) => {
      const { source } = node;
      if (room === undefined || typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
      const other = roomOf(join(dirname(file), source.value));
      const allowed = rowOf(room);
      if (other === room || allowed.includes(other) || (isType(node) && allowed.includes(`type ${other}`))) return;
      context.report({ node: source, message: `${room}/ may import ${allowed.join(', ') || 'no other room'}: what it needs of another belongs into one of these, or the arrow into rooms.json.` });
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check, TSImportType: check };
  },
};

const providerBarrels = {
  regex: '^(@cdktf/provider-[a-z]+|cdk8s-plus-27)$',
  message: 'Import the module, not the barrel: @cdktf/provider-aws alone costs 2.5 s and 567 MB.',
};

const restrict = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns: [providerBarrels, ...patterns] }] });

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'lib', 'cdktf.out', '.cache', '**/*.cjs', '**/*.mjs', '**/*.mts'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    plugins: { stockade: { rules: { arrows } } },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'stockade/arrows': 'error',
      ...restrict(),
    },
  },
  {
    // Vitest's asymmetric matchers are `any`; stand-ins implement asynchronous interfaces.
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/require-await': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
  {
    // Acts weaken copies of live objects of many kinds, deep inside; typing each would say what is attacked twice.
    files: ['test/cluster/acts/*.ts', 'test/cluster/attacked.deep.test.ts', 'test/plan/risks.test.ts'],
    rules: Object.fromEntries(['explicit-any', 'unsafe-member-access', 'unsafe-call', 'unsafe-return', 'unsafe-argument'].map((rule) => [`@typescript-eslint/no-${rule}`, 'off'])),
  },
  {
    // Chain definitions know no Kubernetes object: infra imports this folder.
    files: ['chains/**/*.ts'],
    rules: restrict({ regex: '^(cdk8s|cdk8s-plus-27|constructs|cdktf)(/|$)', message: 'A chain says what it runs; StakingNode decides how. No Kubernetes here.' }),
  },
  {
    // Attributes of Terraform's JSON are as deep as a provider makes them; tests say what they expect of each.
    files: ['test/infra/**/*.ts'],
    rules: Object.fromEntries(['member-access', 'return', 'call', 'argument'].map((rule) => [`@typescript-eslint/no-unsafe-${rule}`, 'off'])),
  },
);
