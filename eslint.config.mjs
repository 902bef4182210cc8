import stylistic from '@stylistic/eslint-plugin';
import tseslint from 'typescript-eslint';
import { commentCase } from './build-tools/lint/comment-case.ts';
import { importZones } from './build-tools/lint/import-zones.ts';

export default tseslint.config(
  {
    ignores: [
      '**/node_modules/',
      '.tools/',
      'lib/',
      'dist/',
      'src/runtime/dist/',
      'local/lib/',
      'cli/lib/',
      'assets/',
      'build/',
      'coverage/',
      'docs/',
      'examples/java/',
      'examples/python/',
      '**/cdk.out/',
      '**/*.d.ts',
      '**/*.mjs',
      '**/*.cjs',
      '**/*.js',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.dev.json'], tsconfigRootDir: import.meta.dirname },
    },
    plugins: {
      '@stylistic': stylistic,
      fileworks: { rules: { 'comment-case': commentCase } },
    },
    rules: {
      // Prettier decides what a line looks like; this is for what it leaves as it is: comments
      '@stylistic/max-len': [
        'error',
        {
          code: 120,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
          ignoreUrls: true,
          ignorePattern: 'eslint-disable',
        },
      ],
      curly: ['error', 'all'],
      'fileworks/comment-case': 'error',
      '@typescript-eslint/explicit-member-accessibility': ['error', { accessibility: 'no-public' }],
      'no-restricted-syntax': [
        'error',
        {
          selector: ':matches(PropertyDefinition, MethodDefinition[kind!="constructor"])[accessibility="private"]',
          message: 'write `#name`: it is private at run time, too',
        },
      ],
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'variable',
          modifiers: ['const', 'global'],
          types: ['boolean', 'number', 'string', 'array'],
          format: ['camelCase', 'UPPER_CASE'],
        },
        { selector: 'variable', modifiers: ['const', 'global'], format: ['camelCase', 'UPPER_CASE'] },
        {
          selector: 'variable', // like an enum, a schema or a decorator
          modifiers: ['const', 'global', 'exported'],
          format: ['camelCase', 'UPPER_CASE', 'PascalCase'],
        },
        { selector: ['variable', 'function'], format: ['camelCase', 'UPPER_CASE', 'PascalCase'] },
        // What is destructured was named elsewhere
        { selector: 'variable', modifiers: ['destructured'], format: null },
        { selector: 'variable', modifiers: ['const', 'global', 'destructured'], format: null },
        {
          selector: 'variable',
          modifiers: ['const', 'global', 'destructured'],
          types: ['boolean', 'number', 'string', 'array'],
          format: null,
        },
        { selector: 'typeLike', format: ['PascalCase'] },
        { selector: 'enumMember', format: ['UPPER_CASE'] },
        {
          selector: ['classProperty', 'classMethod', 'accessor'],
          format: ['camelCase', 'UPPER_CASE'],
          leadingUnderscore: 'allow', // jsii: public for the compiler, @internal for the user
        },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-console': 'error',
    },
  },
  ...importZones,
  {
    files: ['test/**', 'local/test/**', 'cli/test/**'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['bench/**', 'build-tools/**', 'examples/demo/**', 'local/src/cli.ts'], rules: { 'no-console': 'off' } },
);
