import tseslint from 'typescript-eslint';

/** What a room may not import: data flows one way (docs/architecture.md). */
const arrows = {
  naming: ['fleet', 'constructs', 'apps', 'infra', 'services', 'test'],
  fleet: ['constructs', 'apps', 'infra', 'services', 'test'],
  constructs: ['apps', 'infra', 'services', 'test'],
  apps: ['infra', 'services', 'test'],
  infra: ['apps', 'services', 'test'],
};

const forbidRooms = (room, rooms) => ({
  regex: `^(\\.\\./)+(${rooms.join('|')})(/|$)`,
  message: `${room}/ may not import ${rooms.join(', ')}: data flows fleet -> constructs -> apps, fleet -> infra.`,
});

const providerBarrels = {
  regex: '^(@cdktf/provider-[a-z]+|cdk8s-plus-27)$',
  message: 'Import the module, not the barrel: @cdktf/provider-aws alone costs 2.5 s and 567 MB.',
};

const restrict = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns: [providerBarrels, ...patterns] }] });

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'lib', 'cdktf.out', '.cache', '**/*.cjs', '**/*.mjs', '**/*.mts'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
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
  ...Object.entries(arrows).map(([room, rooms]) => ({
    files: [`${room}/**/*.ts`],
    rules: restrict(forbidRooms(room, rooms)),
  })),
  {
    // Chain definitions know no Kubernetes object, and nothing of the constructs around them: infra imports this folder.
    files: ['constructs/chains/**/*.ts'],
    rules: restrict(forbidRooms('constructs/chains', arrows.constructs), {
      regex: '^(cdk8s|cdk8s-plus-27|constructs|cdktf)(/|$)|^(\\.\\./)+(staking-node|stateful-set|hardening|manifest|services|storage|network-policy|node-role|secret-agent)$',
      message: 'A chain says what it runs; StakingNode decides how. No Kubernetes here.',
    }),
  },
  {
    // Attributes of Terraform's JSON are as deep as a provider makes them; tests say what they expect of each.
    files: ['test/infra/**/*.ts'],
    rules: Object.fromEntries(['member-access', 'return', 'call', 'argument'].map((rule) => [`@typescript-eslint/no-unsafe-${rule}`, 'off'])),
  },
  // infra takes the chains, to size its pools and open its ports, and nothing else of constructs/; infra/constructs/ is its own.
  ...[
    ['infra/*.ts', 1],
    ['infra/*/*.ts', 2],
    ['infra/*/*/*.ts', 3],
  ].map(([files, depth]) => ({
    files: [files],
    rules: restrict(forbidRooms('infra', arrows.infra), {
      regex: `^(\\.\\./){${depth}}constructs/(?!chains)`,
      message: 'infra/ may import constructs/chains only.',
    }),
  })),
);
