/**
 * Who may import whom, by folder. ESLint enforces it while you type; test/import-arrows.test.ts enforces it on
 * what was written, including the arrows inside the runtime.
 */
const zone = (files: string[], patterns: string[] | RegExp, message: string) => ({
  files,
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      { patterns: [{ ...(patterns instanceof RegExp ? { regex: patterns.source } : { group: patterns }), message }] },
    ],
  },
});

export const importZones = [
  zone(
    ['src/contract/**'],
    /^(?!\.\/)/,
    'the contract imports nothing but itself: it is read at synth and at run time',
  ),
  zone(
    ['src/constructs/**'],
    ['**/runtime', '**/runtime/**', '**/handlers/**', '@aws-sdk/*', 'fileworks-runtime'],
    'constructs run at synth: neither runtime, nor handlers, nor the AWS SDK',
  ),
  zone(
    ['src/handlers/**'],
    ['**/constructs', '**/constructs/**', 'aws-cdk-lib', 'aws-cdk-lib/*', 'constructs'],
    'handlers run in Lambda: no constructs, no CDK',
  ),
  zone(
    ['src/runtime/**'],
    ['**/constructs', '**/constructs/**', '**/handlers/**', 'aws-cdk-lib', 'aws-cdk-lib/*', 'constructs'],
    'the runtime runs in containers: no constructs, no handlers, no CDK',
  ),
];
