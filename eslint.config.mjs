import stylistic from '@stylistic/eslint-plugin';
import tseslint from 'typescript-eslint';
import { importZones } from './build-tools/import-zones.ts';

export default tseslint.config(

  { ignores: ['**/node_modules/', '.tools/', 'lib/', 'dist/', 'src/runtime/dist/', 'local/lib/', 'cli/lib/', 'assets/', 'build/', 'coverage/', 'docs/', 'examples/java/', 'examples/python/', '**/cdk.out/', '**/*.d.ts', '**/*.mjs', '**/*.cjs', '**/*.js'] },
  ...tseslint.configs.strictTypeChecked,
  stylistic.configs.customize({ semi: true, braceStyle: '1tbs', arrowParens: true }),
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.dev.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@stylistic/max-len': ['error', { code: 160, ignoreTemplateLiterals: true, ignoreStrings: true, ignoreUrls: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-console': 'error',
    },
  },
  ...importZones,
  {
    files: ['test/**', 'local/test/**', 'cli/test/**'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  { files: ['bench/**', 'build-tools/**', 'examples/demo/**', 'local/src/cli.ts'], rules: { 'no-console': 'off' } },
);
