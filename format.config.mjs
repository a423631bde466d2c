import stylistic from '@stylistic/eslint-plugin';
import tseslint from 'typescript-eslint';

/**
 * `npm run format`: spaces, quotes and commas, and nothing of where a line breaks. Lines are broken where they read best, expressions of policies most of all,
 * and `test/mutations/` finds its places by their text.
 */
const rules = {
  'arrow-parens': 'error',
  'arrow-spacing': 'error',
  'block-spacing': 'error',
  'brace-style': ['error', '1tbs', { allowSingleLine: true }],
  'comma-dangle': ['error', 'always-multiline'],
  'comma-spacing': 'error',
  'comma-style': 'error',
  'computed-property-spacing': 'error',
  'dot-location': ['error', 'property'],
  'eol-last': 'error',
  'function-call-spacing': 'error',
  indent: ['error', 2, { SwitchCase: 1, offsetTernaryExpressions: true }],
  'indent-binary-ops': ['error', 2],
  'key-spacing': 'error',
  'keyword-spacing': 'error',
  'linebreak-style': 'error',
  'member-delimiter-style': 'error',
  'new-parens': 'error',
  'no-extra-semi': 'error',
  'no-multi-spaces': 'error',
  'no-multiple-empty-lines': ['error', { max: 1, maxBOF: 0, maxEOF: 0 }],
  'no-tabs': 'error',
  'no-trailing-spaces': 'error',
  'no-whitespace-before-property': 'error',
  'operator-linebreak': ['error', 'after', { overrides: { '?': 'before', ':': 'before', '|': 'before' } }],
  'padded-blocks': ['error', 'never'],
  quotes: ['error', 'single', { avoidEscape: true, allowTemplateLiterals: 'always' }],
  'rest-spread-spacing': 'error',
  semi: 'error',
  'semi-spacing': 'error',
  'semi-style': 'error',
  'space-before-blocks': 'error',
  'space-before-function-paren': ['error', { anonymous: 'always', named: 'never', asyncArrow: 'always' }],
  'space-in-parens': 'error',
  'space-infix-ops': 'error',
  'space-unary-ops': 'error',
  'spaced-comment': 'error',
  'switch-colon-spacing': 'error',
  'template-curly-spacing': 'error',
  'type-annotation-spacing': 'error',
  'type-generic-spacing': 'error',
  'type-named-tuple-spacing': 'error',
};

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'lib', 'cdktf.out', '.cache', 'test/golden'] },
  {
    files: ['**/*.{ts,mts,mjs,cjs}'],
    // What a file says to the linter names rules that have to be known here; none of them is on.
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    languageOptions: { parser: tseslint.parser },
    plugins: { stylistic, '@typescript-eslint': tseslint.plugin },
    rules: {
      ...Object.fromEntries(Object.entries(rules).map(([name, rule]) => [`stylistic/${name}`, rule])),
      // ESLint's own: the plugin's heir of both, list-style, breaks lines.
      'array-bracket-spacing': 'error',
      'object-curly-spacing': ['error', 'always'],
    },
  },
);
